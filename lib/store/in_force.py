"""What a reader may see: the one rule about sources, for every query that shows something.

A store, and every connection of it, carries the sight of one reader (``Store.seen_by``). Without anything said it is a
stranger's: public rows only.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, or_

from lib.access import PUBLIC, Sight
from lib.store import tables

SIGHT = "p4p_sight"
"""Name of the execution option that carries a sight."""


def sight_of(connection: Connection) -> Sight:
    """Whose sight the connection has."""
    found = connection.get_execution_options().get(SIGHT, PUBLIC)
    assert isinstance(found, Sight)
    return found


def is_seen(sight: Sight, rows: FromClause = tables.sources) -> ColumnElement[bool]:
    """The row may be shown, withdrawn or not. What belongs to an upload that is not whole yet may not.

    Args:
        sight: The reader's.
        rows: A table with ``visibility`` and ``owner``.
    """
    seen: list[ColumnElement[bool]] = [rows.c.visibility == "public"]
    if sight.is_member:
        seen.append(rows.c.visibility == "workspace")
    if sight.owner:
        # Of whatever visibility: what one brought oneself is never out of one's own sight.
        seen.append(rows.c.owner == sight.owner)
    whose = or_(*seen)
    return and_(whose, rows.c.pending.is_(None)) if "pending" in rows.c else whose


def is_live(sight: Sight, sources: FromClause = tables.sources) -> ColumnElement[bool]:
    """The source may be shown and is not withdrawn: what it holds is on the pages."""
    return and_(is_seen(sight, sources), sources.c.withdrawn_at.is_(None))


def is_live_run(sight: Sight, run_id: Any = tables.runs.c.id) -> ColumnElement[bool]:
    """At least one live source holds the run of this column."""
    links = tables.run_sources.c
    return exists().where(links.run_id == run_id, links.source_id == tables.sources.c.id, is_live(sight))
