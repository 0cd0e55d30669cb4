"""The interpreter that lm-eval runs in: which packages it has, asked once, without importing any of them."""

from __future__ import annotations

import json
import subprocess
from functools import lru_cache
from pathlib import Path

from lib.errors import Unavailable

PACKAGES = [
    "lm_eval",
    "torch",
    "transformers",
    "accelerate",
    "vllm",
    "aiohttp",
    "tenacity",
    "requests",
    "scikit-learn",
    "xgboost",
    "xgboost-cpu",
    "peft",
    "bitsandbytes",
    "gptqmodel",
    "gguf",
    "tokenizers",
]
_ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {"python": sys.version.split()[0]}
for name in json.loads(sys.argv[1]):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        found[name] = None
print(json.dumps(found))
"""
ANSWER_S = 60.0


def versions(python: str) -> dict[str, str | None]:
    """Distribution -> version, None where it is missing; ``python`` is its own version.

    Raises:
        Unavailable: If the interpreter cannot be run.
    """
    return dict(_asked(python, _changed(python)))


@lru_cache(maxsize=8)
def _asked(python: str, changed: float) -> dict[str, str | None]:
    remedy = "Check P4P_EVAL_PYTHON: it names a Python 3.10 or newer that has lm-eval."
    try:
        answer = subprocess.run(
            [python, "-c", _ASK, json.dumps(PACKAGES)],
            capture_output=True,
            timeout=ANSWER_S,
            check=True,
            text=True,
        )
        found: dict[str, str | None] = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unavailable(f"{python} does not answer ({type(error).__name__})", remedy=remedy) from error
    return found


def _changed(python: str) -> float:
    """When packages were last put in or taken out beside it, so that an installation is seen without a restart."""
    folder = Path(python).parent.parent
    times = [path.stat().st_mtime for path in folder.glob("lib/python3*/site-packages")]
    return max(times, default=0.0)
