"""Reports: views of the dashboard as one HTML file that opens offline, drawn for this reader."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Protocol

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lib.access import Reader
from lib.api.v1.asking import Asks, permit
from lib.api.v1.problems import Problem, described
from lib.api.v1.routes import resource
from lib.errors import RefusedInput

router = resource("report")
MOST_VIEWS, LONGEST_ADDRESS, LONGEST_TITLE, LONGEST_TEXT = 10, 4000, 200, 20_000
_PLACES = threading.BoundedSemaphore(2)
"""Reports that are drawn or wait: each takes a processor for seconds."""
HTML: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {}}, "description": "One HTML file."}}


class Draw(Protocol):
    """Draws the views at these addresses as a reader sees them; ``lib.ui.reports`` does, which this layer may not know.

    Raises:
        RefusedInput: An address that names no page, or a page that could not be drawn.
    """

    def __call__(
        self, addresses: Sequence[str], somebody: Reader, *, title: str, note: str, is_static: bool
    ) -> bytes: ...


class WantedReport(BaseModel):
    """What shall be in it."""

    model_config = ConfigDict(extra="forbid")
    views: list[str] = Field(
        min_length=1, max_length=MOST_VIEWS, description="Addresses of pages with their parameters, as /models?size=..."
    )
    title: str = Field(default="", max_length=LONGEST_TITLE, description="Without it the first view's question.")
    text: str = Field(default="", max_length=LONGEST_TEXT, description="Your own text, above the views.")
    static: bool = Field(default=False, description="Pictures in place of scripts, under 1 MB.")


@router.post(
    "/report", summary="Views as one HTML file", response_class=Response, responses={**HTML, **described(400, 413)}
)
def report(request: Request, reader: Asks, wanted: WantedReport) -> Response:
    permit(reader, "share")
    draw: Draw | None = request.app.state.draw
    if draw is None:
        raise Problem(503, "This process has no pages to draw.")
    if max(map(len, wanted.views)) > LONGEST_ADDRESS:
        raise Problem(422, "An address is too long.", places=[("body.views", f"at most {LONGEST_ADDRESS} characters")])
    if not _PLACES.acquire(blocking=False):
        raise Problem(503, "Reports are being drawn. Try again in a moment.", headers={"Retry-After": "10"})
    try:
        content = draw(wanted.views, reader, title=wanted.title, note=wanted.text, is_static=wanted.static)
    except RefusedInput as refusal:
        raise Problem(422, refusal.message, places=[("body.views", refusal.reason)]) from refusal
    finally:
        _PLACES.release()
    headers = {
        "Content-Disposition": 'attachment; filename="report.html"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="text/html", headers=headers)
