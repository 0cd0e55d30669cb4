"""Weights on this machine through transformers: from the Hub or from a folder, on a processor or a GPU."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lib.evals.backends.contract import Argument, Backend, Problem, Situation
from lib.evals.spec import JobSpec

INSTALL = "make local-models"
CODE = "Code and pickles of models are off; an admin can set P4P_ALLOW_REMOTE_CODE=1."
_MORE = (
    "subfolder tokenizer max_length add_bos_token prefix_token_id delta parallelize max_memory_per_gpu "
    "max_cpu_memory softmax_dtype mixed_precision_dtype gptqmodel autogptq gguf_file think_end_token enable_thinking "
    "truncation logits_cache backend use_fast_tokenizer attn_implementation use_safetensors trust_remote_code use_kernels "
    "low_cpu_mem_usage tp_plan"
)


def code_and_pickles(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    """What would let a model run code of its own here."""
    given = spec.model_args
    if situation.allows_remote_code:
        return
    if _is_on(given.get("trust_remote_code")):
        yield Problem("model_args.trust_remote_code", "it would run code that comes with the model", CODE)
    if "use_safetensors" in given and not _is_on(given["use_safetensors"]):
        yield Problem("model_args.use_safetensors", "it would read weights that are pickles", CODE)
    if _is_on(given.get("use_kernels")) or "/" in str(given.get("attn_implementation") or ""):
        yield Problem("model_args.attn_implementation", "it would fetch code for the GPU from the Hub and run it", CODE)
    for name in ("pretrained", "peft", "delta"):
        folder = Path(str(given.get(name) or "")).expanduser()
        if given.get(name) and folder.is_dir() and _has_only_pickles(folder):
            yield Problem(f"model_args.{name}", "the folder holds weights as pickles only, no safetensors", CODE)


def _is_on(value: object) -> bool:
    return str(value).strip().lower() in ("true", "1", "yes")


def _has_only_pickles(folder: Path) -> bool:
    names = {path.suffix for path in folder.iterdir()}
    return ".safetensors" not in names and bool(names & {".bin", ".pt", ".pth", ".ckpt"})


BACKEND = Backend(
    name="hf",
    label="Weights on this machine (transformers)",
    what="Loads a model from the Hub or a folder with transformers and runs it here.",
    arguments=(
        Argument("pretrained", "Model", "model", required=True, help="Name on the Hub (org/name), or a folder."),
        Argument(
            "dtype",
            "Number format",
            "choice",
            help="auto: as the weights are stored.",
            choices=("auto", "bfloat16", "float16", "float32"),
        ),
        Argument("revision", "Revision", help="Branch, tag or commit on the Hub."),
        Argument("peft", "Adapter (LoRA)", "model", help="Laid over the model."),
    ),
    more_arguments=frozenset(_MORE.split()),
    needs_packages=("lm_eval", "torch", "transformers", "accelerate"),
    install=INSTALL,
    devices=("cpu", "cuda", "mps"),
    child_setup="torch",
    rules=code_and_pickles,
    verified="On a processor with float32, against bare lm-eval to the last digit: multiple choice, generation, rolling "
    "log-likelihood, chat template; resumed after kills.",
    unverified="CUDA and MPS; weights quantised beforehand (GPTQ, AWQ, bitsandbytes, GGUF files), adapters, several GPUs. "
    "Quantising while loading (load_in_4bit, load_in_8bit) cannot work: lm-eval 0.4.13 passes it on, and "
    "transformers 5 no longer takes it.",
)
