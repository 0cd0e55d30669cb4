"""Previews of links: what a document says of itself to those who show links, and the picture beside it."""

from __future__ import annotations

import html
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from lib.errors import RefusedInput

Words = Callable[[str], tuple[str, str]]
"""Address (path and parameters) to title and description, plain text."""
Picture = Callable[[str], bytes]
PICTURE = "/api/v1/preview.png"
LONGEST_QUERY = 2_000
SECONDS_KEPT = 600


def markup_of(scope: Scope, words: Words, *, public_address: str = "") -> str:
    """The tags that describe the document at this address.

    Args:
        words: What is said of a view; RefusedInput for what is no view.
        public_address: Scheme and host of this installation; '' takes those that were asked.
    """
    query = bytes(scope.get("query_string", b"")).decode("ascii", "replace")
    if len(query) > LONGEST_QUERY:
        return ""
    address = f"{scope['path']}?{query}" if query else str(scope["path"])
    try:
        title, told = words(address)
    except RefusedInput:
        return ""
    origin = public_address.rstrip("/") or f"{scope.get('scheme', 'http')}://{Headers(scope=scope).get('host', '')}"
    picture = f"{origin}{PICTURE}?{urlencode({'address': address})}"
    tags = {
        "og:site_name": "Pound for Pound",
        "og:type": "website",
        "og:title": title,
        "og:description": told,
        "og:url": f"{origin}{address}",
        "og:image": picture,
        "og:image:width": "1200",
        "og:image:height": "630",
        "og:image:alt": title,
    }
    lines = [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in tags.items()]
    lines += [f'<meta name="{name}" content="{html.escape(told)}">' for name in ("description", "twitter:description")]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    return "".join(lines)


def picture_of(picture: Picture) -> Callable[[Request], object]:
    """``GET /api/v1/preview.png?address=/models?...``: the picture; 400 with a sentence where that is no view."""

    async def answer(request: Request) -> Response:
        asked = dict(parse_qsl(request.url.query, keep_blank_values=True)).get("address", "")
        try:
            content = await run_in_threadpool(picture, asked[: LONGEST_QUERY + 200])
        except RefusedInput as refusal:
            return PlainTextResponse(f"{refusal}\n", status_code=400)
        headers = {"Cache-Control": f"public, max-age={SECONDS_KEPT}", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type="image/png", headers=headers)

    return answer
