"""lm-eval in a process of its own, kept open for all tests of a module."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

ASKING = Path(__file__).with_name("asking.py")


class LmEval:
    """Asks ``asking.py``; ``folder`` is for its caches and its messages."""

    def __init__(self, folder: Path) -> None:
        self._errors = (folder / "errors").open("w+")
        environment = os.environ | {
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_OFFLINE": "1",
            "HF_HOME": str(folder / "hf"),
            "OMP_NUM_THREADS": "1",
            "TQDM_DISABLE": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, str(ASKING)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env=environment,
        )

    def __enter__(self) -> LmEval:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def ask(self, **asked: Any) -> dict[str, Any]:
        """``{"answer": ...}`` or ``{"failed": "Kind: words"}``."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line[0] == "\x1e":
                said: dict[str, Any] = json.loads(line[1:])
                return said
        self._errors.seek(0)
        raise AssertionError(self._errors.read()[-3000:])
