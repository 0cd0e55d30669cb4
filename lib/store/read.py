"""Short queries that are not frames: what is known, what waits, where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select

from lib.access import OWN_MACHINE
from lib.store import tables
from lib.store.check import check
from lib.store.db import Store
from lib.store.frames_read import alias_rows
from lib.store.in_force import is_live, is_live_run, is_seen

__all__ = ["aliases", "check", "finished_raw", "known_sources", "reference", "refusals", "sources", "unresolved"]


def known_sources(store: Store, owner: str = OWN_MACHINE) -> dict[tuple[str, str], tuple[str, int]]:
    """Importer and its version by (raw digest, member), of every source of one owner, withdrawn ones too."""
    s = tables.sources.c
    query = select(s.raw_digest, s.member, s.importer, s.importer_version).where(s.owner == owner)
    with store.reading() as connection:
        rows = connection.execute(query).all()
    return {(digest, member): (importer, version) for digest, member, importer, version in rows}


def finished_raw(store: Store, owner: str = OWN_MACHINE) -> dict[str, str]:
    """State of the importers that dealt with every member for this owner, by raw digest; unfinished files are absent."""
    h = tables.raw_holders.c
    with store.reading() as connection:
        rows = connection.execute(select(h.raw_digest, h.finished_with).where(h.owner == owner)).all()
    return {row.raw_digest: row.finished_with for row in rows}


def owners(store: Store) -> list[str]:
    """Everybody who holds a source; for reading again what they brought."""
    s = tables.sources.c
    with store.reading() as connection:
        return list(connection.execute(select(s.owner).distinct().order_by(s.owner)).scalars())


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
    query = select(r.spellings, r.scope, n_results.label("n_results")).where(
        r.model_id.is_(None), is_live_run(store.sight)
    )
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
    """One row per source that the reader may see, withdrawn ones too (``withdrawn_at``): every column of the table, by id."""
    return _frame(store, select(tables.sources).where(is_seen(store.sight)).order_by(tables.sources.c.id))


def refusals(store: Store) -> pd.DataFrame:
    """One row per file that could not be taken and that the reader may see: every column of the table, by name."""
    r = tables.refusals
    return _frame(store, select(r).where(is_seen(store.sight, r)).order_by(r.c.name, r.c.member))


def reference(store: Store, name: str) -> pd.DataFrame:
    """A reference table whole, rows and columns in the order of its file; empty when no live source holds it."""
    r, s = tables.reference_rows.c, tables.sources
    query = select(r.data).join_from(tables.reference_rows, s, s.c.id == r.source_id)
    query = query.where(r.name == name, is_live(store.sight)).order_by(r.row)
    with store.reading() as connection:
        rows: Sequence[dict[str, Any]] = connection.execute(query).scalars().all()
    return pd.DataFrame(list(rows))


def _frame(store: Store, query: Select[Any]) -> pd.DataFrame:
    with store.reading() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
