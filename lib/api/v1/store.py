"""The whole store, as this reader sees it, as a zip of tables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response

from lib.access import Reader
from lib.api.download import whole_store
from lib.api.v1.asking import Asks, Pinned, permit_reading, readings_of
from lib.api.v1.problems import Problem
from lib.api.v1.readings import UNKNOWN_SNAPSHOT
from lib.api.v1.routes import resource

router = resource("store")
ZIP: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/zip": {}}, "description": "Tables with a data dictionary."}
}
Format = Annotated[Literal["parquet", "csv"], Query(description="Of the tables.")]


@router.get("/store.zip", summary="The whole store as tables", response_class=Response, responses=ZIP)
def store_zip(request: Request, reader: Asks, format: Format = "parquet", snapshot: Pinned = "") -> Response:
    return _sent(request, reader)


@router.head("/store.zip", include_in_schema=False)
def store_zip_told(request: Request, reader: Asks, format: Format = "parquet", snapshot: Pinned = "") -> Response:
    return _sent(request, reader)


def _sent(request: Request, reader: Reader) -> Response:
    """What ``whole_store`` answers; it reads ``snapshot`` itself."""
    permit_reading(reader)
    response = whole_store(request, readings_of(request).store().seen_by(reader.sight))
    if response.status_code == 404:
        raise Problem(404, UNKNOWN_SNAPSHOT)
    if response.status_code == 503:
        raise Problem(503, "Several downloads of the store are under way, or the snapshot's file is away. Try again in a minute.", headers={"Retry-After": "60"})  # fmt: skip
    return response
