"""Snapshots: pinned states of the store. Every address that reads takes one as ``snapshot=``."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lib.analysis.json_rows import records
from lib.api.v1.asking import Asks, Reads, permit, readings_of
from lib.api.v1.problems import Problem, described
from lib.api.v1.routes import resource
from lib.errors import RefusedInput
from lib.store import snapshots as stored
from lib.store.snapshot_diff import NOW, diff

router = resource("snapshots")
MOST_CHANGES = 1000
"""Rows of each kind of change that an answer lists; all are counted."""
PARTS = ("sources", "runs", "values", "facts", "names", "prices", "models")


class SnapshotTold(BaseModel):
    """A pinned state."""

    digest: str
    name: str = Field(description="May be empty.")
    visibility: str = Field(description="Who may open it: that of the most hidden row in it.")
    made_at: str
    code_version: str
    n_bytes: int
    tombstones: list[dict[str, Any]] = Field(description="Sources that were taken out of it since, with the reason.")


class Snapshots(BaseModel):
    """Those that this reader may open, newest first."""

    rows: list[SnapshotTold]


class WantedSnapshot(BaseModel):
    """How to call it."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(default="", max_length=stored.LONGEST_NAME)


class Changes(BaseModel):
    """What is different in the later state; lists hold at most 1,000 rows of a kind, counts are of all."""

    before: str
    after: str
    counts: dict[str, int]
    sources: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    values: list[dict[str, Any]]
    facts: list[dict[str, Any]]
    names: list[dict[str, Any]]
    prices: list[dict[str, Any]]
    models: list[dict[str, Any]]


Which = Annotated[
    str, Path(min_length=1, max_length=stored.LONGEST_NAME, description="Name, or digest or its beginning.")
]


@router.get("/snapshots", summary="Pinned states that one may open")
def snapshots(asking: Reads) -> Snapshots:
    rows = stored.snapshots(asking.readings.store().seen_by(asking.reader.sight))
    return Snapshots(rows=[_told(one) for one in rows])


@router.post("/snapshots", status_code=201, summary="Pin what one sees now", responses=described(400, 413))
def take_snapshot(request: Request, response: Response, reader: Asks, wanted: WantedSnapshot) -> SnapshotTold:
    permit(reader, "share")
    store = readings_of(request).store().seen_by(reader.sight)
    try:
        made = stored.take(store, wanted.name, by=reader.subject)
    except RefusedInput as refusal:
        raise Problem(422, refusal.message, places=[("body.name", refusal.reason)]) from refusal
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/snapshots/{made.digest}"
    return _told(made)


@router.get("/snapshots/{which}", summary="One pinned state")
def snapshot(asking: Reads, which: Which) -> SnapshotTold:
    try:
        return _told(stored.named(asking.readings.store().seen_by(asking.reader.sight), which))
    except RefusedInput as refusal:
        raise _unknown(refusal) from refusal


@router.get("/snapshots/{which}/changes", summary="What changed since, or between two")
def changes(
    asking: Reads,
    which: Which,
    until: Annotated[str, Query(max_length=stored.LONGEST_NAME, description="Another snapshot, or now.")] = NOW,
) -> Changes:
    try:
        found = diff(asking.readings.store().seen_by(asking.reader.sight), which, until)
    except RefusedInput as refusal:
        raise _unknown(refusal) from refusal
    lists = {name: _rows(getattr(found, name)) for name in PARTS}
    return Changes.model_validate({"before": found.before, "after": found.after, "counts": found.counts, **lists})


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return records(frame.head(MOST_CHANGES))


def _unknown(refusal: RefusedInput) -> Problem:
    return Problem(
        404, "No such snapshot that you may open, or several are called so.", places=[("path", refusal.reason)]
    )


def _told(snapshot: stored.Snapshot) -> SnapshotTold:
    row = {**snapshot._asdict(), "tombstones": [dict(one) for one in snapshot.tombstones]}
    return SnapshotTold.model_validate(row)
