"""Which rows a snapshot holds, and their copy into an SQLite file of the store's own tables.

A snapshot holds what is in force and may be seen, as the download of the whole store does. What waits, was refused or
withdrawn is not in it, nor jobs. Rows keep their numbers, so whatever leads to a run or source leads there in the copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Select, Table, Text, and_, cast, insert, or_, select, update

from lib.access import Sight
from lib.store import job_tables, tables
from lib.store.bulk import insert_rows
from lib.store.in_force import is_live, is_seen, sight_of

ROWS_AT_ONCE = 20_000
_NO_DIGEST = "0" * 64


def copy_rows_seen(connection: Connection, copy: Connection) -> None:
    """Copy what the reader of ``connection`` sees into the empty tables of ``copy``.

    Args:
        connection: In a reading transaction of the store, on either engine.
        copy: On a new SQLite file with all tables and no rows.
    """
    for table, condition in _conditions(sight_of(connection)).items():
        query = select(table) if condition is None else select(table).where(condition)
        _copy(connection, copy, table, query.order_by(*table.primary_key.columns))
    _name_raw_files(copy)
    for source in _missing(copy, tables.sources.c.id, tables.models.c.source_id):
        blank_raw(copy)
        copy.execute(insert(tables.sources).values(id=source, member=str(source), **BLANK_SOURCE))
    of_models = (tables.runs, tables.model_facts, tables.rumours, tables.model_aliases)
    for model in _missing(copy, tables.models.c.id, *(table.c.model_id for table in of_models)):
        # Of a community model nothing is shown but what runs say, and it has none here.
        copy.execute(insert(tables.models).values(id=model, name=model, origin="community", store_revision=0))


def _conditions(sight: Sight) -> dict[Table, Any]:
    """Every table of a snapshot with the rows that are in it; None for all."""
    s, r, m, links = tables.sources.c, tables.runs.c, tables.models.c, tables.run_sources.c
    live = select(s.id).where(is_live(sight))
    live_runs = select(links.run_id).where(links.source_id.in_(live))
    used = select(r.model_id).where(r.id.in_(live_runs), r.model_id.is_not(None))
    took = job_tables.run_measurements
    of_sources = (
        tables.model_facts,
        tables.rumours,
        tables.model_aliases,
        tables.tasks,
        tables.task_patterns,
        tables.prices,
        tables.hardware,
        tables.reference_rows,
    )
    return {
        tables.store: None,
        tables.raw_files: tables.raw_files.c.digest.in_(select(s.raw_digest).where(is_live(sight))),
        tables.sources: is_live(sight),
        # A model that a live run needs stays with its facts where the source that brought it is gone.
        tables.models: or_(and_(m.origin != "community", _from_live(sight, tables.models, live)), m.id.in_(used)),
        **{table: _from_live(sight, table, live) for table in of_sources},
        tables.runs: r.id.in_(live_runs),
        tables.run_sources: links.source_id.in_(live),
        tables.results: tables.results.c.run_id.in_(live_runs),
        tables.sample_files: tables.sample_files.c.source_id.in_(live),
        took: and_(took.c.run_id.in_(live_runs), took.c.source_id.in_(live)),
    }


def _name_raw_files(copy: Connection) -> None:
    """Raw files called as the sources call them: somebody else may have brought the same bytes under a name of theirs."""
    s, r = tables.sources.c, tables.raw_files
    for row in copy.execute(select(s.raw_digest, s.name, s.member).order_by(s.id.desc())).all():
        name = row.name.removesuffix(f"!/{row.member}") if row.member else row.name
        copy.execute(update(r).where(r.c.digest == row.raw_digest, r.c.name != name).values(name=name))


def blank_raw(copy: Connection) -> None:
    """The raw file that the blank sources name."""
    copy.execute(insert(tables.raw_files).prefix_with("or ignore").values(_BLANK_RAW))


_BLANK_RAW: dict[str, Any] = {"digest": _NO_DIGEST, "name": "", "n_bytes": 0, "stored_at": ""}
BLANK_SOURCE: dict[str, Any] = {
    "raw_digest": _NO_DIGEST,
    "name": "",
    "digest": _NO_DIGEST,
    "n_bytes": 0,
    "importer": "",
    "importer_version": 0,
    "owner": "",
    "visibility": "private",
    "imported_at": "",
    "withdrawn_at": "0001-01-01T00:00:00Z",
    "warnings": [],
    "store_revision": 0,
}


def _from_live(sight: Sight, table: Table, live: Select[Any]) -> Any:
    is_from = or_(table.c.source_id.is_(None), table.c.source_id.in_(live))
    return and_(is_from, is_seen(sight, table)) if "visibility" in table.c else is_from


def _missing(copy: Connection, there: ColumnElement[Any], *named: ColumnElement[Any]) -> list[Any]:
    """What rows of the copy name and is not in it: models outlive the file they came with, spellings the models' runs."""
    found: set[Any] = set()
    for column in named:
        query = select(column).where(column.is_not(None), column.not_in(select(there)))
        found.update(copy.execute(query.distinct()).scalars())
    return sorted(found)


def _copy(connection: Connection, copy: Connection, table: Table, query: Select[Any]) -> None:
    # JSON as the text that is stored: to parse and write it again would be for nothing, and could change it.
    columns = [cast(c, Text).label(c.name) if isinstance(c.type, JSON) else c for c in query.selected_columns]
    rows = connection.execute(query.with_only_columns(*columns).execution_options(yield_per=ROWS_AT_ONCE))
    names = [column.name for column in table.columns]
    for some in _portions(iter(rows)):
        insert_rows(copy, table, names, some)


def _portions(rows: Iterator[Any]) -> Iterator[list[tuple[Any, ...]]]:
    while some := [tuple(row) for row in islice(rows, ROWS_AT_ONCE)]:
        yield some
