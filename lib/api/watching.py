"""For those who run the server: does it live, can it serve, and how much is asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib.errors import PoundForPoundError
from lib.store.db import DatabaseError

NOT_KEPT = {"Cache-Control": "no-store"}
UNKNOWN = "none"
"""Template of an address that is not one of ours: what people ask for is no name of a series."""


class Counts:
    """What is counted. Names of series are methods, templates of addresses and statuses; never anything that was asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        names = ("method", "route", "status")
        self.requests = Counter("p4p_api_requests", "Requests to the API.", names, registry=self.registry)
        self.seconds = Histogram(
            "p4p_api_seconds", "From request to the end of the answer.", ("method", "route"), registry=self.registry
        )
        self.uploads = Counter(
            "p4p_uploads", "Uploads through the API by how they ended.", ("state",), registry=self.registry
        )

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return bytes(generate_latest(self.registry))


class Counted:
    """Middleware of the API: counts requests and their time."""

    def __init__(self, app: ASGIApp, *, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            route = getattr(scope.get("route"), "path", UNKNOWN)
            method = scope["method"] if scope["method"] in METHODS else UNKNOWN
            self._counts.requests.labels(method, route, str(status)).inc()
            self._counts.seconds.labels(method, route).observe(time.perf_counter() - began)


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def watching(revision: Callable[[], int], counts: Counts, may_read: Callable[[Request], bool]) -> list[Route]:
    """``/livez`` (the process answers), ``/readyz`` (its store does, too) and ``/metrics``.

    Args:
        revision: Asks the store for its revision.
        counts: What is counted.
        may_read: Who may read the counts.
    """

    async def livez(request: Request) -> Response:
        return JSONResponse({"ok": True}, headers=NOT_KEPT)

    def readyz(request: Request) -> Response:
        try:
            revision()
        except (PoundForPoundError, DatabaseError):
            # What is wrong with the database is for its owner's log, not for whoever asks.
            return JSONResponse({"ok": False, "store": "does not answer"}, 503, NOT_KEPT)
        return JSONResponse({"ok": True, "store": "answers"}, headers=NOT_KEPT)

    def metrics(request: Request) -> Response:
        if not may_read(request):
            return PlainTextResponse("A token with the scope admin is needed.\n", 401, {"WWW-Authenticate": "Bearer"})
        return Response(counts.text(), headers={**NOT_KEPT, "Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/livez", livez), Route("/readyz", readyz), Route("/metrics", metrics)]
