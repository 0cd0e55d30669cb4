"""Everything the store holds on one model, for people who take it elsewhere: facts, runs, results, each with its source."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Row, and_, or_, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live, is_seen, sight_of

SOURCE_COLUMNS = (
    "name",
    "digest",
    "importer",
    "importer_version",
    "title",
    "url",
    "licence",
    "published_on",
    "imported_at",
)
_LEFT_OUT = {"model_id", "source_id", "owner", "visibility"}
RUN_COLUMNS_LEFT_OUT = {"id", "model_id", "store_revision", "config", "model_args", "scope"}


def extract_model(store: Store, model_id: str) -> dict[str, Any] | None:
    """The model's row, its facts, rumours and aliases, and its live runs with their results; None for an unknown id.

    Only what readers entered and what live sources hold (``lib.store.in_force``). Unknown values are None.
    """
    with store.reading() as connection:
        row = connection.execute(select(tables.models).where(tables.models.c.id == model_id)).one_or_none()
        if row is None:
            return None
        model, runs = _without(row, {"source_id", "store_revision"}), _runs(connection, model_id)
        if row.origin == "community" and not runs:
            return None  # somebody's file brought the name: it is seen with the file
        return {
            "model": model,
            "facts": _rows(connection, tables.model_facts, model_id, _LEFT_OUT | {"id"}),
            "rumours": _rows(connection, tables.rumours, model_id, _LEFT_OUT | {"id"}),
            "aliases": _rows(connection, tables.model_aliases, model_id, _LEFT_OUT),
            "runs": runs,
        }


def _rows(connection: Connection, table: Any, model_id: str, left_out: set[str]) -> list[dict[str, Any]]:
    live = select(tables.sources.c.id).where(is_live(sight_of(connection)))
    is_shown = or_(table.c.source_id.is_(None), table.c.source_id.in_(live))
    if "visibility" in table.c:
        is_shown = and_(is_shown, is_seen(sight_of(connection), table))
    chosen = select(table).where(table.c.model_id == model_id, is_shown).order_by(*table.primary_key.columns)
    return [_without(row, left_out) for row in connection.execute(chosen)]


def _runs(connection: Connection, model_id: str) -> list[dict[str, Any]]:
    runs, links, sources, results = tables.runs, tables.run_sources, tables.sources, tables.results
    live = (
        select(links.c.run_id, *(sources.c[name] for name in SOURCE_COLUMNS))
        .join_from(links, sources, links.c.source_id == sources.c.id)
        .join(runs, runs.c.id == links.c.run_id)
        .where(runs.c.model_id == model_id, is_live(sight_of(connection)))
        .order_by(links.c.run_id, sources.c.id)
    )
    by_run: dict[int, list[dict[str, Any]]] = {}
    for row in connection.execute(live):
        by_run.setdefault(row.run_id, []).append(_without(row, {"run_id"}))
    found: dict[int, dict[str, Any]] = {}
    for row in connection.execute(select(runs).where(runs.c.model_id == model_id).order_by(runs.c.id)):
        if row.id in by_run:
            protocol = _without(row, RUN_COLUMNS_LEFT_OUT)
            found[row.id] = protocol | {"sources": by_run[row.id], "results": []}
    scored = (
        select(results)
        .join(runs, runs.c.id == results.c.run_id)
        .where(runs.c.model_id == model_id)
        .order_by(results.c.run_id, results.c.task, results.c.prompt, results.c.filter, results.c.metric)
    )
    for row in connection.execute(scored):
        if row.run_id in found:
            found[row.run_id]["results"].append(_without(row, {"run_id"}))
    return list(found.values())


def _without(row: Row[Any], left_out: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in left_out}


def names_of_models(store: Store) -> pd.DataFrame:
    """One row per model, for the resolver: id, hf_id, origin, params_total, size_status."""
    m = tables.models.c
    with store.reading() as connection:
        result = connection.execute(select(m.id, m.hf_id, m.origin, m.params_total, m.size_status).order_by(m.id))
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))


def loosely_named_runs(store: Store) -> list[tuple[int, str | None, list[str], str]]:
    """Id, model, spellings and scope of the runs that wait for a model or have a community model."""
    r, m = tables.runs.c, tables.models.c
    query = select(r.id, r.model_id, r.spellings, r.scope).join_from(
        tables.runs, tables.models, m.id == r.model_id, isouter=True
    )
    with store.reading() as connection:
        rows = connection.execute(query.where(or_(r.model_id.is_(None), m.origin == "community"))).all()
    return [(row.id, row.model_id, row.spellings, row.scope) for row in rows]
