"""How much one reader may ask: requests a minute, and bytes of one request."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.api.v1.problems import Problem, answer

MOST_ASKERS = 20_000
"""Askers that are remembered; beyond it whoever has not asked for longest is forgotten, with a full bucket."""
USUAL_BODY = 1_000_000
"""Bytes of a request that brings no files."""


class Buckets:
    """A token bucket per asker: so many requests at once, refilled evenly over a minute. Safe for threads.

    Args:
        per_minute: Requests a minute, and at once; 0 for any number.
        clock: Seconds, never going back.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._clock = per_minute, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, asker: str, weight: float = 1.0) -> None:
        """One request of this asker.

        Args:
            asker: Who: a token's id, or an address.
            weight: What the request counts.

        Raises:
            Problem: 429, saying in how many seconds one fits again.
        """
        if self._per_minute == 0:
            return
        rate = self._per_minute / 60
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(asker, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - at) * rate)
            is_refused = left < weight
            self._left[asker] = (left if is_refused else left - weight, now)
            if len(self._left) > MOST_ASKERS:
                self._left.popitem(last=False)
        if is_refused:
            wait = max(1, round((weight - left) / rate + 0.5))
            detail = f"More than {self._per_minute} requests in a minute. Try again in {wait} s."
            raise Problem(429, detail, headers={"Retry-After": str(wait)})


def address_of(host: str | None) -> str:
    """Whom an address stands for: itself, or the /64 network of an IPv6 address, which one household has."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


class BodyLimit:
    """Middleware: answers 413 to a request whose body is larger than its address takes, while it streams in.

    Args:
        app: What answers.
        most: Bytes by path (as this application sees it); all others take ``USUAL_BODY``.
    """

    def __init__(self, app: ASGIApp, *, most: Mapping[str, int]) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        most = self._most.get(path, USUAL_BODY)
        told = Headers(scope=scope).get("content-length", "")
        if told.isascii() and told.isdigit() and int(told) > most:
            await _too_large(most)(scope, receive, send)
            return
        n, is_over, has_begun = 0, False, False

        async def counted() -> Message:
            nonlocal n, is_over
            message = await receive()
            n += len(message.get("body", b""))
            if n > most:
                is_over = True
                # Whoever reads the body takes this for a reader who has gone, and stops.
                return {"type": "http.disconnect"}
            return message

        async def sent(message: Message) -> None:
            nonlocal has_begun
            if is_over and not has_begun:
                return
            has_begun = True
            await send(message)

        try:
            await self._app(scope, counted, sent)
        except ClientDisconnect:
            if not is_over:
                raise
        if is_over and not has_begun:
            await _too_large(most)(scope, receive, send)


def _too_large(most: int) -> ASGIApp:
    return answer(413, f"The body of the request is larger than {most:,} bytes.", headers={"Connection": "close"})
