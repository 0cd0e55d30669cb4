"""Without a login anyone who reaches the app may write to it, so it serves this machine only unless told otherwise."""

from __future__ import annotations

import ipaddress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

REFUSAL = (
    "Pound for Pound has no login configured and answers on this machine's own address only (127.0.0.1). "
    "P4P_ALLOW_PUBLIC=1 opens it; put a proxy with a login in front first."
)


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens on this address can be reached from this machine only.

    An empty address means all addresses, and so does a host name other than ``localhost``.
    """
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """Middleware that refuses every connection that arrived at an address which others can reach.

    It looks at the address of the socket, so it holds however the server was started.
    """

    def __init__(self, app: ASGIApp, *, allow_public: bool) -> None:
        self.app = app
        self.allow_public = allow_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.allow_public or scope["type"] not in ("http", "websocket") or _is_local(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(REFUSAL, status_code=403)(scope, receive, send)
        else:
            await WebSocketClose(code=1008, reason="not public")(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    server = scope.get("server")
    # A Unix socket has a path and no port: only this machine reaches it.
    return server is None or server[1] is None or is_loopback(server[0])
