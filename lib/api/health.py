"""Whether the process lives and its store answers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def health_of(revision: Callable[[], int], *, is_shared: bool) -> Callable[[Request], Response]:
    """``{"ok": true, "store_revision": n}``; 500 where the store does not answer.

    Args:
        revision: Asks the store for its revision.
        is_shared: Others come here, too: the revision rises with what they may not see, so it is left out.
    """

    # A plain function: it runs in a thread, not in the loop.
    def health(request: Request) -> Response:
        known = {"store_revision": revision()}
        return JSONResponse({"ok": True, **({} if is_shared else known)}, headers={"Cache-Control": "no-store"})

    return health
