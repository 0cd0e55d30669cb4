"""Whether the process lives and its store answers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse

from lib.settings import read_settings
from lib.store.db import open_store


def health(request: Request) -> JSONResponse:
    """``{"ok": true, "store_revision": n}``. A plain function: it runs in a thread, not in the loop."""
    return JSONResponse({"ok": True, "store_revision": open_store(read_settings()).revision()})
