"""What every document of the dashboard gets into its head before Streamlit's own scripts run."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

END_OF_HEAD = b"</head>"
UNTRUE_NOW = ("etag", "last-modified")
"""A reader's kept copy is of the document as Streamlit ships it; after an update of ours it would pass as current."""


class Head:
    """Middleware: puts ``markup`` at the end of the head of every HTML document that a browser opens.

    Stands inside of `Compression`: what is inside of this is asked for documents without compression.

    Args:
        about: What the document at an address says of itself, for those who show links; runs in a thread.
        paths: Where documents are, also for those who do not say that they want one.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        markup: str,
        about: Callable[[Scope], str] = lambda scope: "",
        paths: Collection[str] = (),
    ) -> None:
        self._app, self._markup, self._about, self._paths = app, markup.encode(), about, frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens_document(scope, self._paths):
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        start: Message | None = None
        parts: list[bytes] = []

        async def completed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_document(message):
                start = message
            elif start is None or message["type"] != "http.response.body":
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    about = await run_in_threadpool(self._about, scope)
                    await self._send(start, b"".join(parts), about.encode(), send)

        await self._app({**scope, "headers": plain}, receive, completed)

    async def _send(self, start: Message, body: bytes, about: bytes, send: Send) -> None:
        whole = body.replace(END_OF_HEAD, self._markup + about + END_OF_HEAD, 1)
        headers = MutableHeaders(raw=list(start["headers"]))
        for name in UNTRUE_NOW:
            del headers[name]
        headers["content-length"] = str(len(whole))
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": whole})


def _opens_document(scope: Scope, paths: frozenset[str]) -> bool:
    """Whether a browser asks for a document to show, and not for a script, a picture or data; or anybody at these paths."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return scope["path"] in paths or "text/html" in Headers(scope=scope).get("accept", "")


def _is_document(start: Message) -> bool:
    """Whether a whole HTML document follows."""
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
