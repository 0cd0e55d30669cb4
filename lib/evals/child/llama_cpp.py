"""A llama.cpp server: lm-eval's client has no time limit, tries a refusal three times and scores answers without content."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from .endpoint import Pace, lasting, malformed, parsed
from .events import Masked
from .failures import Failure, explained
from .meter import Meter
from .tokens import count_usage

TIMEOUT_S = 300.0
TRIES = 8


def guard(lm: Any, meter: Meter, send: Callable[..., None], masked: Masked) -> None:
    """Put it around lm-eval's ``GGUFLM``, whose one way to ask is ``requests.post`` of its module."""
    import requests
    from lm_eval.models import gguf

    pace = Pace(send)

    def post(address: str, json: dict[str, Any]) -> Any:
        wait = 1.0
        for attempt in range(1, TRIES + 1):
            try:
                answer = requests.post(address, json=json, timeout=TIMEOUT_S, allow_redirects=False)
            except requests.RequestException as error:
                if attempt == TRIES:
                    raise explained(error) from error
            else:
                asked = pace.judge(answer.status_code, answer.headers, answer.text)
                if asked is None:
                    return _taken(parsed(answer.text), json, meter, masked)
                if attempt == TRIES:
                    raise lasting(answer.status_code, answer.text)
                wait = max(wait, asked)
            time.sleep(wait)
            wait = min(2 * wait, 10.0)
        raise AssertionError("the last try returns or raises")

    gguf.requests = SimpleNamespace(post=post)


def _taken(document: Any, asked: Mapping[str, Any], meter: Meter, masked: Masked) -> Any:
    """The answer, checked for what lm-eval reads of it, and its tokens counted."""
    choices = document.get("choices") if isinstance(document, Mapping) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise malformed("without `choices`", document)
    if asked.get("echo"):
        _check_logprobs(choices[0].get("logprobs"))
    elif not isinstance(choices[0].get("text"), str):
        raise malformed("without `text`", document)
    else:
        choices[0]["text"] = masked(choices[0]["text"])
    count_usage(document, meter)
    return SimpleNamespace(raise_for_status=lambda: None, json=lambda: document)


def _check_logprobs(found: Any) -> None:
    names = ("tokens", "token_logprobs", "top_logprobs", "text_offset")
    lists = [found.get(name) if isinstance(found, Mapping) else None for name in names]
    lengths = {len(one) if isinstance(one, list) else -1 for one in lists}
    if len(lengths) != 1 or lengths & {-1, 0, 1}:
        raise Failure(
            "no log-probabilities",
            "The server does not give log-probabilities of the prompt's tokens with their places (`echo`, `logprobs`, "
            "`text_offset`), which multiple choice needs. Tasks that ask for a written answer can be run.",
        )
