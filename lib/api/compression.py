"""Compressed answers; Streamlit's own files are compressed once and kept, for their names change with their contents."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = "/static/"
MOST_BYTES = 32_000_000
"""Of all kept answers together; Streamlit's whole frontend has about a third of it."""
IMMUTABLE = "immutable"


@dataclass
class _Answer:
    """A whole answer, as it was sent."""

    start: Message | None = None
    parts: list[bytes] = field(default_factory=list)
    is_whole: bool = False

    def add(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)

    @property
    def can_be_kept(self) -> bool:
        """Whether the next reader would get the same: complete, compressed, and said never to change."""
        if not self.is_whole or self.start is None or self.start["status"] != 200:
            return False
        headers = Headers(raw=self.start["headers"])
        return headers.get("content-encoding") == "gzip" and IMMUTABLE in headers.get("cache-control", "")


class Compression:
    """Middleware: gzip, done once per process for files that never change.

    A new visitor loads eight megabytes of them; compressing those takes a third of a second of the one interpreter that
    also makes everybody's pages. Answers for other paths, ranges and readers without gzip go the usual way.
    """

    def __init__(self, app: ASGIApp, *, most_bytes: int = MOST_BYTES) -> None:
        self._compressing = GZipMiddleware(app, minimum_size=1000, compresslevel=6)
        self._kept: dict[str, tuple[Message, bytes]] = {}
        self._most_bytes, self._n_bytes = most_bytes, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_for_all(scope):
            await self._compressing(scope, receive, send)
            return
        path: str = scope["path"]
        if path in self._kept:
            start, body = self._kept[path]
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return
        answer = _Answer()

        async def noted(message: Message) -> None:
            answer.add(message)
            await send(message)

        await self._compressing(scope, receive, noted)
        self._keep(path, answer)

    def _keep(self, path: str, answer: _Answer) -> None:
        n = sum(map(len, answer.parts))
        if path in self._kept or not answer.can_be_kept or self._n_bytes + n > self._most_bytes:
            return
        assert answer.start is not None
        body = b"".join(answer.parts)
        headers = [(name, value) for name, value in answer.start["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        self._kept[path] = {**answer.start, "headers": headers}, body
        self._n_bytes += n


def _is_for_all(scope: Scope) -> bool:
    """Whether every reader who asks like this gets the same bytes."""
    if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(STATIC):
        return False
    headers = Headers(scope=scope)
    # As Starlette's own middleware reads it.
    return "gzip" in headers.get("accept-encoding", "") and not {"range", "if-none-match", "if-modified-since"} & set(
        headers
    )
