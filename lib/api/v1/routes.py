"""How every address of the API answers: with a tag of its content, so that who has it already gets 304."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, Field

from lib.api.v1.problems import described

READS = described(401, 403, 404, 422, 429, 503)
"""What may go wrong with every address that is only read."""


def _whole(value: object) -> object:
    return round(value) if isinstance(value, float) and value == value and abs(value) < 1e30 else value


Count = Annotated[int | None, BeforeValidator(_whole)]
"""A count; null where it is not known."""


class Tagged(APIRoute):
    """A route whose answers to GET carry a weak tag made from their bytes.

    The store's digest is no tag: readers' own prices and today's date change answers too, and it does not hold them.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answered = super().get_route_handler()

        async def tagged(request: Request) -> Response:
            response = await answered(request)
            body = getattr(response, "body", None)
            if request.method != "GET" or response.status_code != 200 or not isinstance(body, bytes):
                return response
            response.headers["ETag"] = tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
            response.headers.setdefault("Cache-Control", "private, no-cache")
            response.headers["Vary"] = "Authorization"
            if tag not in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
                return response
            kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary")}
            return Response(status_code=304, headers=kept)

        return tagged


def resource(name: str) -> APIRouter:
    """The router of one resource."""
    return APIRouter(tags=[name], route_class=Tagged, responses=READS)


__all__ = ["READS", "Count", "Field", "Tagged", "resource"]
