"""The run that a results file describes: model names, configuration, date. Everything but the scores."""

from __future__ import annotations

import datetime
import hashlib
import re
from typing import Any

from lib.schema.records import Run
from lib.sources.checkpoints import read_checkpoint
from lib.sources.lm_eval_generations import Generation
from lib.sources.lm_eval_model_args import name_in_cache_path, name_in_folder, names_in, split_model_args
from lib.sources.readers import finite, text, whole

_BACKENDS_NAMES = """
    hf hf-auto hf-causal hf-causal-experimental hf-seq2seq hf-multimodal huggingface gpt2 gpt3 vllm vllm-vlm
    sglang sglang-generate neox mamba_ssm openai openai-completions openai-chat-completions local-completions
    local-chat-completions anthropic anthropic-chat anthropic-chat-completions anthropic-completions gguf ggml
    llama.cpp textsynth dummy nemo_lm neuronx openvino optimum-causal deepsparse sparseml goose watsonx_llm steered
    ipex winml litellm
"""
BACKENDS = frozenset(_BACKENDS_NAMES.split())
"""Values of ``config.model`` that name a backend. Forks put the model's own name there."""

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?")
_OTHER_STAMPS = (
    re.compile(r"(?<![\d-])(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?:[-T_]\d\d[-:]?\d\d|$|\D)"),
    re.compile(r"(?<![\d-])(?P<m>\d\d)-(?P<d>\d\d)-(?P<y>20\d\d)-\d\d-\d\d-\d\d"),
)
_SEEDS = (("random", "random_seed"), ("numpy", "numpy_seed"), ("torch", "torch_seed"), ("fewshot", "fewshot_seed"))
_DTYPES = {"half": "float16", "fp16": "float16", "bf16": "bfloat16", "fp32": "float32", "float": "float32"}
_QUANTISED = re.compile(r"(?:^|[-_./])(awq|gptq|gguf|nf4|exl2|bnb-4bit)(?:$|[-_./])", re.IGNORECASE)
_QUANTISED_FOLDER = re.compile(r"(?:^|[-_])(nf4|fp4|int[48]|[48]bit|gptq|awq|gguf)(?:$|[-_])", re.IGNORECASE)


def read_run(document: dict[str, Any], generation: Generation, path: str) -> Run:
    """The run without results.

    Args:
        document: The whole results file.
        generation: What wrote it.
        path: Of the file in its folder or zip: dates and names may stand there, and nowhere else.
    """
    config = _object(document.get("config"))
    arguments = split_model_args(config.get("model_args"))
    names = model_names(document, config, arguments, path)
    revision = text(arguments.get("revision")) or text(config.get("model_revision"))
    state = read_checkpoint(names, revision)
    parameters = whole(config.get("model_num_parameters"), at_most=2**62)
    backend = text(config.get("model"), at_most=100)
    return Run(
        spellings=names,
        evaluator=generation.family,
        evaluator_version=generation.version,
        harness_commit=text(document.get("git_hash"), at_most=64),
        backend=backend if backend in BACKENDS or backend not in names else None,
        revision=state.revision,
        training_tokens=state.training_tokens,
        is_checkpoint=state.is_checkpoint,
        dtype=_dtype(config, arguments),
        quantisation=_quantisation(arguments, backend, names, path),
        limit=read_limit(config.get("limit")),
        seeds=_seeds(config),
        chat_template=_text_or_none(document, "chat_template"),
        system_instruction=_text_or_none(document, "system_instruction"),
        is_multiturn=_flag(document.get("fewshot_as_multiturn")),
        start_token=_start_token(arguments),
        evaluated_on=_date(document.get("date")) or date_in_path(path),
        total_seconds=_seconds(document),
        params_reported=parameters or None,
        model_args=arguments,
        config=_rest(document, config, generation),
        stamp=stamp_of(path),
    )


def model_names(
    document: dict[str, Any], config: dict[str, Any], arguments: dict[str, Any], path: str
) -> tuple[str, ...]:
    """Spellings, best first: arguments, ``model_name``, a fork's ``config.model``, folder, and at last the path."""
    names = names_in(arguments)
    if arguments.get("peft") in (None, "") and arguments.get("delta") in (None, ""):
        names += [name_in_cache_path(name) or "" for name in list(names)]
    is_named = bool(names)
    names.append(text(document.get("model_name")) or "")
    backend = text(config.get("model"), at_most=300)
    if not any(names) and backend and backend not in BACKENDS:
        names.append(backend)
    if not is_named:
        folders = path.replace("\\", "/").split("/")[:-1]
        names += [name_in_folder(folder) or "" for folder in reversed(folders[-2:])]
    if not any(names) or names_look_made_up(names):
        names.append(path)
    return tuple(dict.fromkeys(name[:300] for name in names if name)) or (path[:300] or "unnamed",)


def names_look_made_up(names: list[str]) -> bool:
    """lm-eval 0.4.10 gives a run without a name eight random letters and digits."""
    given = [name for name in names if name]
    return all(re.fullmatch(r"[A-Za-z0-9]{8}", name) for name in given)


def read_limit(value: Any) -> str | None:
    """``--limit`` as text, ``100.0`` as ``100``; None for a full run. Anything that is not null marks a partial run."""
    if value is None:
        return None
    number = finite(value)
    return f"{number:g}" if number is not None and abs(number) < 1e6 else str(value)[:60]


def stamp_of(path: str) -> str | None:
    """The time stamp in a file's name that joins results to samples, with ``:`` as ``-``."""
    found = STAMP.findall(path.rsplit("/", 1)[-1])
    return found[-1].replace(":", "-") if found else None


def date_in_path(path: str) -> str | None:
    """ISO date of a time stamp in the file's name, else None."""
    for pattern in _OTHER_STAMPS:
        match = pattern.search(path.rsplit("/", 1)[-1])
        if match:
            try:
                return datetime.date(int(match["y"]), int(match["m"]), int(match["d"])).isoformat()
            except ValueError:
                continue
    return None


def _date(value: Any) -> str | None:
    """ISO date (UTC) of Unix seconds; None outside 2019 to 2099, where it cannot be the time of a run."""
    seconds = finite(value)
    if seconds is None or not 1.55e9 < seconds < 4.1e9:
        return None
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).date().isoformat()


def _seconds(document: dict[str, Any]) -> float | None:
    for key in ("total_evaluation_time_seconds", "duration"):
        value = document.get(key)
        if isinstance(value, str):
            try:
                value = float(value[:40])
            except ValueError:
                continue
        seconds = finite(value)
        if seconds is not None and seconds > 0:
            return seconds
    return None


def _dtype(config: dict[str, Any], arguments: dict[str, Any]) -> str | None:
    """Number type of the loaded weights, else of the argument (``auto`` included); None if neither is there."""
    for value in (config.get("model_dtype"), arguments.get("dtype"), arguments.get("torch_dtype")):
        name = (text(value, at_most=40) or "").removeprefix("torch.").lower()
        if name:
            return _DTYPES.get(name, name)
    return None


def _quantisation(arguments: dict[str, Any], backend: str | None, names: tuple[str, ...], path: str) -> str | None:
    """How the weights were quantised, by arguments, backend, the name or at last the folder; None: nothing says so."""
    if _is_true(arguments.get("load_in_4bit")):
        kind = text(arguments.get("bnb_4bit_quant_type"), at_most=20)
        return f"4bit {kind}" if kind else "4bit"
    if _is_true(arguments.get("load_in_8bit")):
        return "8bit"
    if any(arguments.get(key) not in (None, "", False, "False", "false") for key in ("autogptq", "gptqmodel")):
        return "gptq"
    if backend in ("gguf", "ggml") or text(arguments.get("gguf_file")):
        return "gguf"
    stated = text(arguments.get("quantization"), at_most=40)
    if stated and stated.lower() != "none":
        return stated.lower()
    match = _QUANTISED.search(names[0])
    if match:
        return match[1].lower()
    folder = path.rpartition("/")[0].rpartition("/")[2]
    return folder.lower() if len(folder) <= 60 and _QUANTISED_FOLDER.search(folder) else None


def _seeds(config: dict[str, Any]) -> str | None:
    given = [(name, config.get(key)) for name, key in _SEEDS if config.get(key) is not None]
    return ", ".join(f"{name} {str(value)[:40]}" for name, value in given) or None


def _text_or_none(document: dict[str, Any], key: str) -> str | None:
    """``none`` when the file says that it was not used, 12 hex digits of its digest, None when the file is silent.

    An empty text is used by chat APIs, which apply a template that nobody sees: it has a digest of its own.
    """
    if key not in document:
        return None
    value = document[key]
    if value is None:
        return "none"
    sha = text(document.get(f"{key}_sha"), at_most=64)
    if sha and re.fullmatch(r"[0-9a-f]{12,64}", sha):
        return sha[:12]
    written = value if isinstance(value, str) else repr(value)
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def _start_token(arguments: dict[str, Any]) -> str | None:
    value = arguments.get("add_bos_token")
    return None if value in (None, "") else ("yes" if _is_true(value) else "no")


def _rest(document: dict[str, Any], config: dict[str, Any], generation: Generation) -> dict[str, Any]:
    """What else is worth keeping; never task definitions, devices, host details or file paths."""
    rest: dict[str, Any] = {"generation": generation.name}
    for key in ("batch_size", "bootstrap_iters", "model_sha", "peft_sha", "delta_sha"):
        value = config.get(key)
        if isinstance(value, str) and value:
            rest[key] = value[:100]
        elif finite(value) is not None:
            rest[key] = value
    generation_arguments = config.get("gen_kwargs")
    if isinstance(generation_arguments, str | dict) and generation_arguments:
        rest["gen_kwargs"] = str(generation_arguments)[:300]
    for key in ("transformers_version", "max_length"):
        value = document.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value not in ("", "N/A"):
            rest[key] = str(value)[:60]
    return rest


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _is_true(value: Any) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "1", "yes"))
