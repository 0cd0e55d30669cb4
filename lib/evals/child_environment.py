"""What of the worker's environment the child is given: no secrets but the one key that belongs to the job's address."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil

from lib.evals.addresses import key_variable
from lib.evals.backends.contract import Backend
from lib.evals.backends.rules import situation
from lib.evals.spec import JobSpec
from lib.settings import Settings

KEY = "OPENAI_API_KEY"
"""Where lm-eval's OpenAI-compatible backends look for a key, whoever's it is."""
PASSED = frozenset(
    (
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "PYTHONPATH"),
        *(
            "VIRTUAL_ENV",
            "CONDA_PREFIX",
            "LD_LIBRARY_PATH",
            "DYLD_LIBRARY_PATH",
            "CUDA_HOME",
            "SYSTEMROOT",
            "XDG_CACHE_HOME",
        ),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HF_TOKEN_PATH"),
    )
)
PASSED_BEGINNINGS = (
    "LC_",
    "CUDA_",
    "NVIDIA_",
    "NCCL_",
    "HF_",
    "HUGGINGFACE_",
    "TRANSFORMERS_",
    "TORCH",
    "PYTORCH_",
    "VLLM_",
    "OMP_",
    "MKL_",
    "OPENBLAS_",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
SECRETS = frozenset(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "VLLM_API_KEY"))
"""They begin like something harmless."""


def environment(spec: JobSpec, backend: Backend, settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """The child's whole environment.

    Args:
        spec: With its address, which decides about the key.
        backend: Local ones get the Hub's token, for gated repositories.
        settings: Which key may go where; whether the installation is shared.
        env: The worker's.
    """
    found = {
        name: value
        for name, value in env.items()
        if (name in PASSED or name.startswith(PASSED_BEGINNINGS)) and name not in SECRETS
    }
    # Through a proxy a shared installation would reach what it must not: the proxy connects, unseen.
    if not (settings.is_shared and backend.is_remote):
        found |= {name: value for name, value in env.items() if name.upper() in PROXIES}
    if not backend.is_remote:
        found |= {name: env[name] for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN") if name in env}
    elif backend.sends_key:
        variable = key_variable(str(spec.model_args.get("base_url") or ""), situation(settings, env).key_hosts)
        if variable and env.get(variable):
            found[KEY] = env[variable]
    found.setdefault("OMP_NUM_THREADS", str(threads()))
    return found | {
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_MININTERVAL": "10",  # a line of the log now and then, as a sign of life
        "PYTHONUNBUFFERED": "1",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_NO_USAGE_STATS": "1",
    }


def threads() -> int:
    """Processor threads for a model: all cores but one, which the dashboard keeps. More than there are make each other wait."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, psutil.cpu_count(logical=False) or usable) - 1)


def is_offline_enough(spec: JobSpec, lines: Iterable[Mapping[str, Any]]) -> bool:
    """Whether nothing of the job can be on the Hub, so that it need not be asked: own tasks, and a folder or a server."""
    named = [spec.model_args.get(name) for name in ("pretrained", "tokenizer", "peft", "delta")]
    is_model_here = all(Path(str(name)).expanduser().is_dir() for name in named if name)
    return is_model_here and all(line["config"] for line in lines)
