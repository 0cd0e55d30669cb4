"""What a reader may see: the one rule about sources, for every query that shows something."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, exists

from lib.store import tables


def is_public(sources: FromClause = tables.sources) -> ColumnElement[bool]:
    """The source may be shown to everybody, withdrawn or not.

    There is no login yet, so whoever opens a page is a stranger: private rows are their owner's and workspace rows the
    members', and neither enters what all readers share.
    """
    return sources.c.visibility == "public"


def is_live(sources: FromClause = tables.sources) -> ColumnElement[bool]:
    """The source may be shown and is not withdrawn: what it holds is on the pages."""
    return is_public(sources) & sources.c.withdrawn_at.is_(None)


def is_live_run(run_id: Any = tables.runs.c.id) -> ColumnElement[bool]:
    """At least one live source holds the run of this column."""
    links = tables.run_sources.c
    return exists().where(links.run_id == run_id, links.source_id == tables.sources.c.id, is_live())
