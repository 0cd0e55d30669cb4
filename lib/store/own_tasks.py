"""Own tasks in the store: rows of the task catalogue whose source is the file of a task."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from lib.access import Sight
from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_seen

IMPORTER = "own-task"
"""Name of the importer whose sources are such files."""


def own_tasks(store: Store) -> list[dict[str, Any]]:
    """One row per own task, withdrawn ones too, those added first first.

    task, default_metric, n_items, n_choices, random_baseline, majority_baseline, direction, published_names, note; of its
    source: source_id, raw_digest, member, name (of the file), digest, is_shipped, imported_at, withdrawn_at.
    """
    with store.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(_query(store.sight))]


def own_task(store: Store, name: str) -> dict[str, Any] | None:
    """The row of one, withdrawn or not; None where there is none."""
    with store.reading() as connection:
        row = connection.execute(_query(store.sight).where(tables.tasks.c.task == name)).first()
    return None if row is None else dict(row._mapping)


def _query(sight: Sight) -> Select[Any]:
    t, s = tables.tasks.c, tables.sources.c
    return (
        select(
            *(t.task, t.default_metric, t.n_items, t.n_choices, t.random_baseline, t.majority_baseline),
            *(t.direction, t.published_names, t.note, t.source_id),
            *(s.raw_digest, s.member, s.name, s.digest, s.is_shipped, s.imported_at, s.withdrawn_at),
        )
        .join_from(tables.tasks, tables.sources, t.source_id == s.id)
        .where(s.importer == IMPORTER, is_seen(sight))
        .order_by(s.imported_at, s.id)
    )
