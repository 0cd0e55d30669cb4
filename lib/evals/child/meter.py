"""Counts what a model is asked and answers while lm-eval runs, and puts kept answers in place of asking again.

lm-eval has no hook for progress. But every backend reports each answer to its cache hook, as it comes, whether a cache is
used or not; the meter sits there. Backends that do not (gguf, the dummy, our own) are handed their requests in slices,
which is safe because they treat requests one by one. Others are never sliced: that would change batches, hence digits.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .failures import Failure
from .kept import MISSING, Kept, key_of

REQUEST_TYPES = ("loglikelihood", "loglikelihood_rolling", "generate_until")
EVERY_S = 0.5
MOST_NULL = 0.05
"""More answers without any content than this share of the requests are not a result."""


class NullAnswer(str):
    """What stands for an answer that the server left out (``content: null``)."""


class Meter:
    """The counts of one task, and of the attempts at it before.

    Args:
        lm: lm-eval's model; its methods are wrapped.
        send: Told of progress, at most twice a second.
        slice_size: Requests to hand over at a time; None: all at once (the model reports by itself).
        usd_per_million: Prices of tokens in and out; None: unknown.
        device_memory: Bytes of the device in use, None where it cannot be told.

    Attributes:
        tokens_in, tokens_out: None: the model does not tell. For log-likelihoods of local models: the tokens scored.
    """

    def __init__(
        self,
        lm: Any,
        send: Callable[..., None],
        *,
        slice_size: int | None = None,
        usd_per_million: tuple[float, float] | None = None,
        device_memory: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._send = send
        self._slice_size = slice_size
        self._usd_per_million = usd_per_million
        self._device_memory = device_memory
        self._kept: Kept | None = None
        self.reset(None)
        lm.set_cache_hook(self)
        for kind in REQUEST_TYPES:
            if hasattr(lm, kind):
                setattr(lm, kind, self._asking(kind, getattr(lm, kind)))

    dbdict = None
    """lm-eval looks for it in a cache hook."""

    def reset(self, kept: Kept | None) -> None:
        """Begin a task; ``kept`` is where its answers are kept."""
        if self._kept is not None:
            self._kept.close()
        self._kept = kept
        before = kept.before if kept is not None else {}
        self.n_done = self.n_requests = self.n_null = 0
        self.n_empty: int = before.get("n_empty") or 0
        self.tokens_in: int | None = before.get("tokens_in")
        self.tokens_out: int | None = before.get("tokens_out")
        self.are_tokens_known = not before or self.tokens_in is not None
        self.request_type: str | None = None
        self.is_resumed = False
        self.ended: Failure | None = None
        self._contexts: dict[str, str] = {}
        self._seconds: float = before.get("seconds") or 0.0
        self._asked_at: float | None = None
        self._told = time.monotonic()

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Remember a failure on its way out, so that callers who wait for their turn need not ask any more."""
        try:
            yield
        except Failure as failure:
            self.ended = failure
            raise

    @property
    def seconds(self) -> float:
        """Spent in the model, attempts before included."""
        return self._seconds + (0.0 if self._asked_at is None else time.monotonic() - self._asked_at)

    def add_tokens(self, n_in: int, n_out: int) -> None:
        """More tokens."""
        self.tokens_in = (self.tokens_in or 0) + n_in
        self.tokens_out = (self.tokens_out or 0) + n_out

    def no_tokens(self) -> None:
        """An answer came without its tokens: their sum is unknown from here on."""
        self.are_tokens_known = False

    def add_partial(self, kind: str, request: Sequence[Any] | None, answer: Any) -> None:
        """An answer, as lm-eval reports it to its cache hook."""
        if (
            request is None
        ):  # a window of a longer text, from several callers at once; the text itself is reported later
            return
        self.n_done += 1
        if kind == "generate_until":
            self.n_empty += not str(answer).strip()
            if isinstance(answer, NullAnswer):
                with self.ending():
                    self._count_null()
            elif self._kept is not None:
                self._kept.add(self._key(kind, request), answer, self._spent())
        elif self._kept is not None:
            self._kept.add(key_of(kind, request), answer, self._spent())
        if time.monotonic() - self._told > EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Send progress now, and keep what was spent."""
        self._told = time.monotonic()
        if self._kept is not None:
            self._kept.spent(self._spent())
        self._send(
            "progress",
            n_done=self.n_done,
            n_requests=self.n_requests,
            request_type=self.request_type,
            n_empty=self.n_empty,
            cost_usd=self.cost_usd(),
            device_memory_bytes=self._device_memory(),
            **self.tokens(),
        )

    def tokens(self) -> dict[str, int | None]:
        """Tokens in and out, None where they are not known."""
        known = self.are_tokens_known
        return {"tokens_in": self.tokens_in if known else None, "tokens_out": self.tokens_out if known else None}

    def cost_usd(self) -> float | None:
        """Dollars so far; None without a price or without counts."""
        if self._usd_per_million is None or self.tokens_in is None or not self.are_tokens_known:
            return None
        price_in, price_out = self._usd_per_million
        return (self.tokens_in * price_in + (self.tokens_out or 0) * price_out) / 1e6

    def _spent(self) -> dict[str, Any]:
        return {"seconds": self.seconds, "n_empty": self.n_empty, **self.tokens()}

    def _asking(self, kind: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        """The model's method with the meter around it."""

        def asked(requests: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
            self.request_type = kind
            self.n_requests += len(requests)
            answers = [MISSING] * len(requests) if self._kept is None else self._kept.take(kind, requests)
            open_ = [request for request, answer in zip(requests, answers, strict=True) if answer is MISSING]
            n_kept = len(requests) - len(open_)
            self.n_done += n_kept
            self.is_resumed = self.is_resumed or n_kept > 0
            self._contexts = _only_keys(kind, open_)
            self.tell()
            self._asked_at = time.monotonic()
            # Without kept answers the model gets the very list that lm-eval made.
            new = iter(self._ask(ask, requests if not n_kept else open_, args, kwargs) if open_ else [])
            self._seconds, self._asked_at = self.seconds, None
            self.tell()
            return [next(new) if answer is MISSING else answer for answer in answers]

        return asked

    def _ask(self, ask: Callable[..., Any], requests: Sequence[Any], args: Any, kwargs: Any) -> Sequence[Any]:
        if self._slice_size is None:
            return ask(requests, *args, **kwargs)
        if "disable_tqdm" in inspect.signature(ask).parameters:
            kwargs = {**kwargs, "disable_tqdm": True}
        kind = self.request_type or ""
        answers: list[Any] = []
        for i in range(0, len(requests), self._slice_size):
            part = requests[i : i + self._slice_size]
            found = ask(part, *args, **kwargs)
            if len(found) != len(part):
                raise Failure("malformed answer", "The model gave fewer answers than it was asked for.")
            for request, answer in zip(part, found, strict=True):
                self.add_partial(kind, request.args, answer)
            answers += found
        return answers

    def _key(self, kind: str, request: Sequence[Any]) -> str:
        """vLLM's backend reports a generation under settings that it has changed: the context tells which it was."""
        return self._contexts.get(str(request[0])) or key_of(kind, request)

    def _count_null(self) -> None:
        self.n_null += 1
        if self.n_null > MOST_NULL * self.n_requests:
            raise Failure(
                "empty answers",
                f"{self.n_null} of {self.n_done} answers came without any content. A model that thinks first may need "
                "more tokens (gen_kwargs: max_gen_toks).",
            )


def _only_keys(kind: str, requests: Sequence[Any]) -> dict[str, str]:
    """Context -> key of the request, for generations whose context is asked with one set of settings only."""
    if kind != "generate_until":
        return {}
    found: dict[str, str] = {}
    clashing = set()
    for request in requests:
        context, key = str(request.args[0]), key_of(kind, request.args)
        if found.setdefault(context, key) != key:
            clashing.add(context)
    return {context: key for context, key in found.items() if context not in clashing}
