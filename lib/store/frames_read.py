"""The queries behind the frames: one consistent look at the store, raw driver rows where there are many.

Nothing here is called in a rerun unless the store has moved on since the last look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, exists, func, or_, select

from lib.store import tables
from lib.store.in_force import is_live, is_seen, sight_of

IDS_PER_QUERY = 500
RUNS_PER_READ = 2_000

RUN_TEXT = (
    "digest",
    "model_id",
    "kind",
    "evaluator",
    "document",
    "evaluator_version",
    "harness_commit",
    "backend",
    "revision",
    "dtype",
    "quantisation",
    "limit",
    "chat_template",
    "system_instruction",
    "start_token",
    "evaluated_on",
    "seeds",
)
RUN_COLUMNS = ("id", "store_revision", "spellings", "training_tokens", "is_checkpoint", "is_multiturn", *RUN_TEXT)

# What a result measures; few different ones, so each is kept once and results carry its number.
SIGNATURE = (
    "task",
    "prompt",
    "filter",
    "metric",
    "n_shot",
    "task_version",
    "task_hash",
    "higher_is_better",
    "is_group",
    "parent",
    "stderr_rule",
    "is_approximate",
    "flags",
    "status",
)
VALUES = ("score", "stderr", "n_samples", "n_correct", "score_published", "stderr_published")

RawRow = tuple[Any, ...]


def revision(connection: Connection) -> int:
    """The revision of this look; 0 for a store that nobody has written to."""
    return connection.execute(select(tables.store.c.revision)).scalar() or 0


def changed_sources(connection: Connection, since: int) -> Sequence[Any]:
    """Sources stamped after ``since``: id, is_live, imported_at, withdrawn_at, name, title, url, published_on."""
    s = tables.sources.c
    query = select(
        s.id,
        is_live(sight_of(connection)).label("is_live"),
        s.imported_at,
        s.withdrawn_at,
        s.name,
        s.title,
        s.url,
        s.published_on,
    )
    return connection.execute(query.where(s.store_revision > since)).all()


def source_ids(connection: Connection) -> set[int]:
    """Every source there is, withdrawn ones too."""
    return set(connection.execute(select(tables.sources.c.id)).scalars())


def run_ids(connection: Connection) -> set[int]:
    """Every run there is, live or not."""
    return {row[0] for row in driver_rows(connection, select(tables.runs.c.id))}


def runs_of_sources(connection: Connection, sources: Iterable[int]) -> set[int]:
    """Ids of the runs that any of the sources holds."""
    c = tables.run_sources.c
    found: set[int] = set()
    for ids in _batches(sources):
        found.update(connection.execute(select(c.run_id).where(c.source_id.in_(ids))).scalars())
    return found


def changed_runs(connection: Connection, since: int) -> set[int]:
    """Ids of the runs stamped after ``since``."""
    c = tables.runs.c
    return set(connection.execute(select(c.id).where(c.store_revision > since)).scalars())


def live_runs(connection: Connection, ids: Iterable[int] | None) -> list[Any]:
    """``RUN_COLUMNS`` of the live runs (of these ids, or all) and ``source_id``, ordered by id.

    A run is live when at least one of its sources is live; ``source_id`` is the first such.
    """
    links, sources, runs = tables.run_sources.c, tables.sources.c, tables.runs
    is_of_live = (links.run_id == runs.c.id, links.source_id == sources.id, is_live(sight_of(connection)))
    first = select(func.min(sources.id)).where(*is_of_live).scalar_subquery().label("source_id")
    query = select(*(runs.c[name] for name in RUN_COLUMNS), first).where(exists().where(*is_of_live))
    query = query.order_by(runs.c.id)
    if ids is None:
        return list(connection.execute(query))
    found = [row for some in _batches(ids) for row in connection.execute(query.where(runs.c.id.in_(some)))]
    return sorted(found, key=lambda row: row.id)


def results_of(connection: Connection, ids: Sequence[int]) -> Iterator[list[RawRow]]:
    """Raw rows (run_id, ``SIGNATURE``, ``VALUES``) of these runs, a chunk at a time; ids ascending.

    Whole ranges of ids are read where the ids lie close together: one pass along the primary key.
    """
    c = tables.results.c
    query = select(c.run_id, *(c[name] for name in SIGNATURE), *(c[name] for name in VALUES))
    for start in range(0, len(ids), RUNS_PER_READ):
        some = ids[start : start + RUNS_PER_READ]
        if some[-1] - some[0] < 2 * len(some):
            wanted = set(some)
            rows = driver_rows(connection, query.where(c.run_id.between(some[0], some[-1])))
            if len(wanted) <= some[-1] - some[0]:
                rows = [row for row in rows if row[0] in wanted]
            yield rows
        else:
            for few in _batches(some):
                yield driver_rows(connection, query.where(c.run_id.in_(few)))


def sample_file_counts(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Number of tasks with a log of a live source, by run id; runs without one are absent."""
    c, s = tables.sample_files.c, tables.sources.c
    query = select(c.run_id, func.count(c.task.distinct())).join(tables.sources, s.id == c.source_id)
    query = query.where(is_live(sight_of(connection))).group_by(c.run_id)
    if len(ids) > RUNS_PER_READ:
        return {row[0]: row[1] for row in connection.execute(query)}
    return {run: n for few in _batches(ids) for run, n in connection.execute(query.where(c.run_id.in_(few)))}


def holds_rows_of(connection: Connection, table: Table, sources: Iterable[int]) -> bool:
    """True when the table has a row from any of these sources."""
    return any(
        connection.execute(select(table.c.source_id).where(table.c.source_id.in_(ids)).limit(1)).first() is not None
        for ids in _batches(sources)
    )


def changed_models(connection: Connection, since: int) -> list[dict[str, Any]]:
    """Whole rows of models stamped after ``since``."""
    query = select(tables.models).where(tables.models.c.store_revision > since)
    return [dict(row) for row in connection.execute(query).mappings()]


def own_facts(connection: Connection) -> tuple[dict[str, Any], ...]:
    """The facts of readers that are seen, in the order in which they were entered."""
    facts = tables.model_facts
    is_theirs = (facts.c.origin == "reader", is_seen(sight_of(connection), facts))
    query = select(facts).where(*is_theirs).order_by(facts.c.id)
    return tuple(dict(row) for row in connection.execute(query).mappings())


def reference_sources(connection: Connection) -> frozenset[int]:
    """Sources that have rows in a reference table."""
    return frozenset(connection.execute(select(tables.reference_rows.c.source_id).distinct()).scalars())


def count(connection: Connection, table: Table) -> int:
    """Number of rows of a table."""
    return connection.execute(select(func.count()).select_from(table)).scalar() or 0


def rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Every row of a small table as a dictionary, in the order of its primary key."""
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()]


def reference_rows(connection: Connection, name: str) -> list[dict[str, Any]]:
    """Rows of a reference table from live sources, in file order."""
    r, s = tables.reference_rows.c, tables.sources.c
    query = (
        select(r.data).join(tables.sources, s.id == r.source_id).where(r.name == name, is_live(sight_of(connection)))
    )
    return list(connection.execute(query.order_by(r.row)).scalars())


def alias_rows(connection: Connection) -> list[dict[str, Any]]:
    """One row per alias that holds: alias, scope ('' everywhere), origin (shipped or reader), model_id, kind.

    Readers' come first; those of withdrawn sources are left out.
    """
    a, s = tables.model_aliases.c, tables.sources.c
    is_shown = or_(a.source_id.is_(None), exists().where(s.id == a.source_id, is_live(sight_of(connection))))
    is_seen_too = is_seen(sight_of(connection), tables.model_aliases)
    query = select(a.alias, a.scope, a.origin, a.model_id, a.kind).where(is_shown, is_seen_too)
    return [dict(row) for row in connection.execute(query.order_by(a.origin, a.alias, a.scope)).mappings()]


def hardware_rows(connection: Connection) -> list[dict[str, Any]]:
    """Rows of the table ``hardware`` from live sources, in the order of their ids, without the source's number."""
    h = tables.hardware
    columns = [column for column in h.columns if column.name != "source_id"]
    query = select(*columns).join(tables.sources, tables.sources.c.id == h.c.source_id, isouter=True)
    rows = connection.execute(
        query.where(or_(h.c.source_id.is_(None), is_live(sight_of(connection)))).order_by(h.c.id)
    ).mappings()
    return [dict(row) for row in rows]


def driver_rows(connection: Connection, query: Select[Any]) -> list[RawRow]:
    """All rows as the driver gives them; a third of the time of Row objects, and no conversion of types.

    Only for queries whose parameters are numbers: they are written into the text.
    """
    text = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
        return list(cursor.fetchall())
    finally:
        cursor.close()


def _batches(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_PER_QUERY):
        yield ordered[start : start + IDS_PER_QUERY]
