"""Answers of the task at hand, on disk as they come, so that none is asked for (or paid for) twice after a kill.

lm-eval's own cache (``use_cache``) holds pickles, commits each answer in a thread of its own (0.6 to 0.9 ms of CPU per
answer; the last ones may be lost), misses vLLM's generations and never keeps sampled answers. A line of JSON per answer, in
the file before the next is asked for, costs about 12 microseconds. Keys are lm-eval's own (``hash_args``); the file is of one
task of one job, so neither model nor seed need be in them.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MISSING = object()


class Kept:
    """One file. ``before`` is what earlier attempts at the task took in all; ``n`` how many answers they left.

    Args:
        path: Made if it is missing; a last line that was cut off by a kill is dropped.
    """

    def __init__(self, path: Path) -> None:
        self._answers: dict[str, list[Any]] = defaultdict(list)
        self.before: dict[str, Any] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._read(path)
        self.n = sum(map(len, self._answers.values()))
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        os.ftruncate(self._file, whole)
        os.lseek(self._file, whole, os.SEEK_SET)

    def take(self, kind: str, requests: Sequence[Any]) -> list[Any]:
        """The kept answer of each request, or ``MISSING``. Each answer is handed out once: sampled ones differ."""
        if not self._answers:
            return [MISSING] * len(requests)
        return [self._pop(key_of(kind, request.args)) for request in requests]

    def add(self, key: str, answer: Any, spent: dict[str, Any]) -> None:
        """Keep an answer (a text, a number, or a pair of number and flag), and what the task took up to it."""
        self._write({"k": key, "a": answer, "spent": spent})

    def spent(self, spent: dict[str, Any]) -> None:
        """What the task took so far, earlier attempts included."""
        self._write({"spent": spent})

    def close(self) -> None:
        os.close(self._file)

    def _pop(self, key: str) -> Any:
        answers = self._answers.get(key)
        if not answers:
            return MISSING
        answer = answers.pop(0)
        return tuple(answer) if isinstance(answer, list) else answer

    def _read(self, path: Path) -> int:
        """Take in what is there; returns the length of its whole lines in bytes."""
        if not path.exists():
            return 0
        length = 0
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                length += len(line)
                told = json.loads(line)
                if "k" in told:
                    self._answers[told["k"]].append(told["a"])
                self.before = told["spent"]
        return length

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._file, json.dumps(line, default=_plain).encode() + b"\n")


def key_of(kind: str, arguments: Sequence[Any]) -> str:
    """lm-eval's key of a request."""
    from lm_eval.api.model import hash_args

    return hash_args(kind, arguments)


def _plain(value: Any) -> Any:
    """NumPy's and PyTorch's numbers as Python's."""
    return value.item()
