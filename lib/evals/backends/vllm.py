"""Weights on this machine through vLLM, for GPUs. It needs an interpreter of its own."""

from __future__ import annotations

from collections.abc import Iterable

from lib.evals.backends.contract import Argument, Backend, Problem, Situation
from lib.evals.backends.hf import CODE, code_and_pickles
from lib.evals.spec import JobSpec

_MORE = (
    "revision tokenizer tokenizer_mode tokenizer_revision add_bos_token prefix_token_id "
    "pipeline_parallel_size max_gen_toks max_length seed data_parallel_size lora_local_path "
    "max_lora_rank enable_thinking think_end_token truncation_side max_num_seqs "
    "max_num_batched_tokens enforce_eager enable_prefix_caching kv_cache_dtype load_format trust_remote_code "
    "enable_expert_parallel"
)
SAFE_FORMATS = ("auto", "safetensors", "gguf", "bitsandbytes", "dummy", "mistral")


def rules(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    """The same as of transformers, and vLLM's own way to name a format."""
    yield from code_and_pickles(spec, situation)
    form = spec.model_args.get("load_format")
    if form is not None and form not in SAFE_FORMATS and not situation.allows_remote_code:
        yield Problem("model_args.load_format", f"{form} may read weights that are pickles", CODE)


BACKEND = Backend(
    name="vllm",
    label="Weights on this machine (vLLM)",
    what="Runs a model on this machine's GPUs with vLLM, much faster than transformers where many questions wait.",
    arguments=(
        Argument("pretrained", "Model", "model", required=True, help="Name on the Hub (org/name), or a folder."),
        Argument("dtype", "Number format", "choice", choices=("auto", "bfloat16", "float16", "float32")),
        Argument("tensor_parallel_size", "GPUs", "whole", help="The model is cut into so many parts."),
        Argument("gpu_memory_utilization", "Share of GPU memory", "number", help="0 to 1; vLLM takes 0.9."),
        Argument("max_model_len", "Longest prompt and answer", "whole", help="In tokens; less needs less memory."),
        Argument("quantization", "Quantisation", help="As vLLM names it (awq, gptq, fp8)."),
    ),
    more_arguments=frozenset(_MORE.split()),
    needs_packages=("lm_eval", "vllm"),
    install="python -m pip install 'lm-eval[vllm]' in an environment of its own, and P4P_EVAL_PYTHON=<its python>",
    devices=("cuda",),
    child_setup="vllm",
    rules=rules,
    verified="The counting, keeping and resuming around lm-eval's own vLLM class, with a stand-in for the engine.",
    unverified="Everything that needs vLLM itself: it was never installed here.",
)
