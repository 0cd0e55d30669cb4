"""What the program tells its worker, as JSON lines; and the log, without keys.

started   versions of Python, lm_eval, torch, transformers, vllm (those that are there)
loaded    seconds, model (what lm-eval says about it), model_bytes
task      task, position
progress  n_done, n_requests, request_type, tokens_in, tokens_out, n_empty, cost_usd, device_memory_bytes (null: unknown)
waits     seconds, reason: an endpoint asked for patience
finished  task, seconds, measured
kept      task: it was finished before
failed    task, kind, message, is_retryable: the program ends
bye       all tasks are through
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

MASK = "[key]"
SHORTEST_SECRET = 6
"""Shorter values are words that would be cut out of every text."""
SECRET_VARIABLES = ("OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")


class Masked:
    """Replaces keys in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def __bool__(self) -> bool:
        return bool(self._secrets)


def secrets_of_environment() -> Masked:
    """The keys that this process was given."""
    return Masked(os.environ.get(name, "") for name in SECRET_VARIABLES)


class Wire:
    """The way to the worker. When nobody reads any more, the program has no business left and ends."""

    def __init__(self, descriptor: int, masked: Masked) -> None:
        self._descriptor = descriptor
        self._masked = masked

    def send(self, event: str, **fields: Any) -> None:
        """One event; keys in its texts are masked."""
        told = {name: self._masked(value) if isinstance(value, str) else value for name, value in fields.items()}
        line = json.dumps({"event": event, "at": time.time(), **told}, default=str) + "\n"
        data = line.encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            os._exit(3)


class MaskedStream:
    """A text stream that masks keys on the way."""

    def __init__(self, inner: TextIO, masked: Masked) -> None:
        self._inner = inner
        self._masked = masked

    def write(self, text: str) -> int:
        self._inner.write(self._masked(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def mask_log(masked: Masked) -> None:
    """From here on, no key enters standard output or error."""
    if masked:
        sys.stdout = MaskedStream(sys.stdout, masked)
        sys.stderr = MaskedStream(sys.stderr, masked)
