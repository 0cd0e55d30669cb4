"""Short queries that are not frames: what is known, what waits, where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select

from lib.store import tables
from lib.store.check import check
from lib.store.db import Store
from lib.store.frames_read import alias_rows
from lib.store.in_force import is_live, is_live_run

__all__ = ["aliases", "check", "finished_raw", "known_sources", "reference", "refusals", "sources", "unresolved"]


def known_sources(store: Store) -> dict[tuple[str, str], tuple[str, int]]:
    """Importer and its version by (raw digest, member), of every source, withdrawn ones too."""
    s = tables.sources.c
    with store.reading() as connection:
        rows = connection.execute(select(s.raw_digest, s.member, s.importer, s.importer_version)).all()
    return {(digest, member): (importer, version) for digest, member, importer, version in rows}


def finished_raw(store: Store) -> dict[str, str]:
    """State of the importers that dealt with every member, by raw digest; unfinished files are absent."""
    r = tables.raw_files.c
    with store.reading() as connection:
        rows = connection.execute(select(r.digest, r.finished_with).where(r.finished_with.is_not(None))).all()
    return {row.digest: row.finished_with for row in rows}


def aliases(store: Store) -> pd.DataFrame:
    """One row per alias that holds: alias, scope ('' everywhere), origin (shipped or reader), model_id, kind.

    Readers' come first; those of withdrawn sources are left out.
    """
    with store.reading() as connection:
        return pd.DataFrame(alias_rows(connection), columns=["alias", "scope", "origin", "model_id", "kind"])


def unresolved(store: Store) -> pd.DataFrame:
    """Names that wait for a model, most results first.

    One row per first spelling and scope: spelling, scope, others (further spellings, a list), n_runs, n_results.
    Only runs of live sources.
    """
    r, counts = tables.runs.c, tables.results.c
    n_results = select(func.count()).where(counts.run_id == r.id).scalar_subquery()
    query = select(r.spellings, r.scope, n_results.label("n_results")).where(r.model_id.is_(None), is_live_run())
    with store.reading() as connection:
        rows = connection.execute(query).all()
    columns = ["spelling", "scope", "others", "n_runs", "n_results"]
    waiting: dict[tuple[str, str], dict[str, Any]] = {}
    for spellings, scope, n in rows:
        row = waiting.setdefault(
            (spellings[0], scope), dict(zip(columns, (spellings[0], scope, [], 0, 0), strict=True))
        )
        row["others"] += [name for name in spellings[1:] if name not in row["others"]]
        row["n_runs"] += 1
        row["n_results"] += n
    ordered = sorted(waiting.values(), key=lambda row: (-row["n_results"], row["spelling"], row["scope"]))
    return pd.DataFrame(ordered, columns=columns)


def sources(store: Store) -> pd.DataFrame:
    """One row per source, withdrawn ones too (``withdrawn_at``): every column of the table, by id."""
    return _frame(store, select(tables.sources).order_by(tables.sources.c.id))


def refusals(store: Store) -> pd.DataFrame:
    """One row per file that could not be taken: raw_digest, member, name, reason, refused_at."""
    r = tables.refusals.c
    return _frame(store, select(tables.refusals).order_by(r.name, r.member))


def reference(store: Store, name: str) -> pd.DataFrame:
    """A reference table whole, rows and columns in the order of its file; empty when no live source holds it."""
    r, s = tables.reference_rows.c, tables.sources
    query = select(r.data).join_from(tables.reference_rows, s, s.c.id == r.source_id)
    query = query.where(r.name == name, is_live()).order_by(r.row)
    with store.reading() as connection:
        rows: Sequence[dict[str, Any]] = connection.execute(query).scalars().all()
    return pd.DataFrame(list(rows))


def _frame(store: Store, query: Select[Any]) -> pd.DataFrame:
    with store.reading() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
