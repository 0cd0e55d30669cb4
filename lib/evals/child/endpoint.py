"""OpenAI-compatible endpoints: refusals end at once with the server's own words, patience is what the server asks for.

lm-eval tries every failure again in the same way (a wrong key too), ignores ``Retry-After``, and turns answers without
content into empty ones with a score of 0. It has two ways to ask: ``requests`` one by one, ``aiohttp`` for several at
once. Both pass through here, as does every answer before it is scored.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from .events import Masked
from .failures import MOST_WORDS, Failure
from .meter import Meter, NullAnswer
from .tokens import count_usage

LONGEST_WAIT_S = 60.0
TELL_WAITS_FROM_S = 2.0
FREE_FAILURES = 8
"""So many failures in a row are tried again without our own waiting on top of lm-eval's."""
LONGER_BY_S = 0.5
"""Each failure in a row beyond those makes our own waiting so much longer."""
NOT_FOR_YOU = (401, 403)
AGAIN = (408, 409, 425, 429)


def guard(lm: Any, meter: Meter, send: Callable[..., None], masked: Masked) -> None:
    """Put it around a model of lm-eval's ``TemplateAPI``."""
    from lm_eval.models import api_models

    pace = Pace(send)
    _guard_single(api_models, pace)
    _guard_several(api_models, pace, meter)
    generations, logprobs = lm.parse_generations, lm.parse_logprobs
    is_chat = hasattr(lm, "think_end_token")

    def parse_generations(outputs: Any, **kwargs: Any) -> list[str]:
        with meter.ending():
            for answer in _answers(outputs):
                _check_generation(answer, is_chat)
                count_usage(answer, meter)
            found = generations(outputs=outputs, **kwargs)
            n_asked = len(kwargs.get("contexts") or found)
            if len(found) != n_asked:
                raise malformed(f"of {len(found)} choices for {n_asked} prompts", outputs)
        return [NullAnswer() if text is None else masked(text) for text in found]

    def parse_logprobs(outputs: Any, tokens: Any = None, ctxlens: Any = None, **kwargs: Any) -> Any:
        contexts = iter(ctxlens or [])
        sent = iter(tokens or [])
        with meter.ending():
            for answer in _answers(outputs):
                for choice in sorted(_choices(answer), key=_index):
                    n_sent = len(next(sent, ())) if lm.tokenized_requests else None
                    _check_logprobs(choice, next(contexts, 0), n_sent)
                count_usage(answer, meter)
        return logprobs(outputs=outputs, tokens=tokens, ctxlens=ctxlens, **kwargs)

    lm.parse_generations, lm.parse_logprobs = parse_generations, parse_logprobs


def refusal(status: int, text: str) -> Failure | None:
    """What a status means when trying again would not help; None for those that may pass."""
    if status < 400 or status in AGAIN or status >= 500:
        return None
    words = words_of(text)
    if status in NOT_FOR_YOU:
        return Failure("key", f"The server refuses the key or the account (HTTP {status}). It says: {words}")
    return Failure("refused", f"The server refuses the request (HTTP {status}). It says: {words}")


def lasting(status: int, text: str) -> Failure:
    """What a status means when it has stayed after every try."""
    words = words_of(text)
    if status == 429:
        return Failure(
            "rate limit", f"Too many requests for the server (HTTP 429). It says: {words}", is_retryable=True
        )
    return Failure("server", f"The server fails (HTTP {status}). It says: {words}", is_retryable=True)


def words_of(text: str) -> str:
    """A server's own words: the message of its JSON, else the beginning of what it sent."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, Mapping):
        error = document.get("error", document)
        message = error.get("message") if isinstance(error, Mapping) else error
        if isinstance(message, str) and message.strip():
            text = message
    return " ".join(text.split())[:MOST_WORDS] or "nothing"


def patience(headers: Mapping[str, str]) -> float:
    """Seconds that ``Retry-After`` asks for, at most a minute; 0 where it is missing or a date."""
    try:
        return max(0.0, min(float(headers.get("Retry-After", 0)), LONGEST_WAIT_S))
    except ValueError:
        return 0.0


def redirected(location: str) -> Failure:
    """An endpoint that sends its callers elsewhere: a key and prompts are not for that place."""
    return Failure(
        "address", f"The server sends its callers on to {location[:200]}. Give the address that answers itself."
    )


class _Later(OSError):
    """A status that may pass. An ``Exception``, so that lm-eval tries again; the last one is what is told."""

    def __init__(self, status: int, text: str) -> None:
        self.failure = lasting(status, text)
        super().__init__(self.failure.message)


class Pace:
    """How long to wait before the next try: what the server asks for, else longer with every failure in a row.

    Whoever waits keeps its place among those that ask at once, so a server in trouble is asked less and less.
    """

    def __init__(self, send: Callable[..., None]) -> None:
        self._send = send
        self._n_failed = 0

    def judge(self, status: int, headers: Mapping[str, str], text: str) -> float | None:
        """What an HTTP status means: None for an answer to be read; seconds to wait before the next try.

        Raises:
            Failure: If trying again would not help.
        """
        if status < 300:
            self._n_failed = 0
            return None
        if status < 400:
            raise redirected(headers.get("Location", "another address"))
        failure = refusal(status, text)
        if failure is not None:
            raise failure
        self._n_failed += 1
        wait = max(patience(headers), min(max(0, self._n_failed - FREE_FAILURES) * LONGER_BY_S, 10.0))
        if wait >= TELL_WAITS_FROM_S:
            self._send("waits", seconds=wait, reason=words_of(text))
        return wait


def _guard_single(api_models: Any, pace: Pace) -> None:
    import requests

    def post(address: str, **kwargs: Any) -> Any:
        answer = requests.post(address, **{**kwargs, "allow_redirects": False})
        wait = pace.judge(answer.status_code, answer.headers, answer.text)
        if wait is not None:
            time.sleep(wait)
            raise _Later(answer.status_code, answer.text)
        document = parsed(answer.text)
        return SimpleNamespace(ok=True, raise_for_status=lambda: None, json=lambda: document)

    api_models.requests = SimpleNamespace(post=post)


def _guard_several(api_models: Any, pace: Pace, meter: Meter) -> None:
    import aiohttp

    class Session:
        """What lm-eval uses of a ``ClientSession``."""

        def __init__(self, **kwargs: Any) -> None:
            self._session = aiohttp.ClientSession(**kwargs)

        async def __aenter__(self) -> Session:
            return self

        async def __aexit__(self, *_: object) -> None:
            await self._session.close()

        def post(self, address: str, **kwargs: Any) -> _Posted:
            return _Posted(self._session, address, kwargs, pace, meter)

    api_models.ClientSession = Session


class _Posted:
    """An answer in the making, for ``async with``. Once one ended the task, those that wait for their turn are not asked."""

    ok = True

    def __init__(self, session: Any, address: str, kwargs: dict[str, Any], pace: Pace, meter: Meter) -> None:
        self._session, self._address, self._kwargs, self._pace, self._meter = session, address, kwargs, pace, meter
        self._document: Any = None

    async def __aenter__(self) -> _Posted:
        if self._meter.ended is not None:
            raise self._meter.ended
        with self._meter.ending():
            await self._ask()
        return self

    async def _ask(self) -> None:
        async with self._session.post(self._address, **{**self._kwargs, "allow_redirects": False}) as answer:
            text = await answer.text()
        wait = self._pace.judge(answer.status, answer.headers, text)
        if wait is not None:
            await asyncio.sleep(wait)
            raise _Later(answer.status, text)
        self._document = parsed(text)

    async def __aexit__(self, *_: object) -> None:
        """Read whole already."""

    def raise_for_status(self) -> None:
        """Judged already."""

    async def json(self) -> Any:
        return self._document


def parsed(text: str) -> Any:
    """An answer's JSON; anything else is a failure."""
    try:
        return json.loads(text)
    except ValueError:
        raise malformed("not JSON", text) from None


def malformed(what: str, found: Any) -> Failure:
    """An answer that is not what was asked for, with the beginning of it."""
    shown = " ".join((found if isinstance(found, str) else json.dumps(found, default=str)).split())
    return Failure("malformed answer", f"The server's answer is {what}: {shown[:300] or 'nothing at all'}")


def _answers(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list) else [outputs]


def _choices(answer: Any) -> Sequence[Any]:
    choices = answer.get("choices") if isinstance(answer, Mapping) else None
    if not isinstance(choices, list) or not choices or not all(isinstance(one, Mapping) for one in choices):
        raise malformed("without `choices`", answer)
    if sorted(map(_index, choices)) != list(range(len(choices))):
        raise malformed("of choices that are not numbered", answer)
    return choices


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else -1


def _check_generation(answer: Any, is_chat: bool) -> None:
    for choice in _choices(answer):
        place: Any = choice.get("message") if is_chat else choice
        name = "content" if is_chat else "text"
        if not isinstance(place, Mapping) or name not in place:
            raise malformed(f"without `{name}`", answer)
        if place[name] is not None and not isinstance(place[name], str):
            raise malformed(f"of a `{name}` that is no text", answer)


def _check_logprobs(choice: Mapping[str, Any], n_context: int, n_sent: int | None) -> None:
    """A server that ignores ``echo`` answers with one number, which lm-eval would add up to a score of 0."""
    found = choice.get("logprobs")
    values, tops = (found.get(n) if isinstance(found, Mapping) else None for n in ("token_logprobs", "top_logprobs"))
    if isinstance(values, list) and isinstance(tops, list) and len(values) == len(tops):
        scored = values[n_context:-1]
        is_whole = n_sent is None or len(values) == n_sent + 1
        if is_whole and scored and all(isinstance(value, (int, float)) for value in scored):
            return
    raise Failure(
        "no log-probabilities",
        "The server does not give log-probabilities of the prompt's tokens, which multiple choice needs. "
        "Tasks that ask for a written answer can be run.",
    )
