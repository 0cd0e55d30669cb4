"""Errors as problem JSON (RFC 9457): one shape for everything that goes wrong, with place, expectation and finding."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from lib.errors import PoundForPoundError, RefusedInput, Unavailable

MEDIA_TYPE = "application/problem+json"
MOST_PLACES = 20
"""Of one refused request."""
PASSES = "60"
"""Seconds after which something unavailable may be asked for again."""


class Place(BaseModel):
    """One thing that is wrong with a request."""

    place: str = Field(description="Where: a parameter, a field of the body, a file.")
    reason: str


class ProblemShape(BaseModel):
    """What an error answer holds."""

    type: str = Field(description="Always about:blank: the status says the kind.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What is wrong, in plain words, and what would have been right.")
    places: list[Place] = Field(default=[], description="Where it is wrong, where that is known.")


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: The HTTP status.
        detail: Plain words for a person.
        places: Place and reason of each thing that is wrong.
        headers: Further headers, as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        places: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.places = places or []
        self.headers = headers or {}


def answer(
    status: int,
    detail: str,
    *,
    places: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error as problem JSON; never kept by a cache."""
    shape = ProblemShape(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=printable(detail),
        places=[Place(place=printable(place), reason=printable(reason)) for place, reason in (places or [])],
    )
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(shape.model_dump(), status, headers, media_type=MEDIA_TYPE)


def printable(text: str, most: int = 1000) -> str:
    """Text from outside as an answer may hold it: short, without lone surrogates and control characters."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text[:most])


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as problem JSON, for the description of an operation."""
    told = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemShape"}}}}
    return {status: {"description": HTTPStatus(status).phrase, **told} for status in statuses}


def add_to(app: FastAPI) -> None:
    """Let this app answer every error as problem JSON; bugs too, without a word of what they are about."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(PoundForPoundError, _trouble)
    app.add_exception_handler(500, _bug)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(error.status, error.detail, places=error.places, headers=error.headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [(".".join(str(part) for part in one["loc"]), str(one["msg"])) for one in error.errors()[:MOST_PLACES]]
    return answer(422, "The request does not fit the description of this address.", places=found)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    told = {404: "There is nothing at this address.", 405: "This address does not answer that method."}
    detail = told.get(error.status_code) or str(error.detail)
    return answer(error.status_code, detail, headers=dict(error.headers or {}))


def _trouble(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusedInput):
        return answer(422, error.message, places=[(error.place, error.reason)] if error.place else None)
    headers = {"Retry-After": PASSES} if isinstance(error, Unavailable) else {}
    return answer(503, str(error), headers=headers)


def _bug(request: Request, error: Exception) -> Response:
    # The server writes the error itself to its log; the reader learns nothing about the inside.
    return answer(500, "The server made a mistake. It is in the server's log.")
