"""Runs with results, samples and what they took: which are new, which are stored already, which are gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, select, tuple_, update

from lib.store import job_tables, tables
from lib.store.bulk import copy_rows, insert_rows, portions, upsert_rows
from lib.store.db import Writing
from lib.store.mapping import ReaderAliases
from lib.store.prepared import MEASURED_COLUMNS, RESULT_COLUMNS, RUN_COLUMNS, FileRows, RunRows

STORED_COLUMNS = (
    "id",
    "digest",
    "model_id",
    "spellings",
    "scope",
    *RUN_COLUMNS,
    "model_args",
    "config",
    "store_revision",
)
SAMPLE_COLUMNS = ("run_id", "task", "source_id", "digest", "n_rows", "n_bytes")
MEASURED = ("run_id", "source_id", "task", *MEASURED_COLUMNS)


def write_runs(writing: Writing, active: Sequence[tuple[int, FileRows]], replaced: Collection[int]) -> None:
    """Write the runs of files that are new or replaced; pairs of source id and file.

    Args:
        writing: The transaction.
        active: Source id and rows of each file.
        replaced: Those of the source ids that were stored before: their runs are written anew.
    """
    connection = writing.connection
    stored = _stored_runs(connection, (run.prepared.digest for _, file in active for run in file.runs))
    links_before = _links(connection, replaced)
    aliases = ReaderAliases(connection)
    fresh: dict[int, tuple[int, RunRows]] = {}  # run id -> source id, rows
    links: set[tuple[int, int]] = set()
    met: set[int] = set()  # stored already, now held by a further source
    measured: list[tuple[Any, ...]] = []
    further: list[tuple[Any, ...]] = []  # samples that come with another source than the results
    for source_id, file in active:
        for run in file.runs:
            run_id = stored.get(run.prepared.digest)
            if run_id is None:
                run_id = stored[run.prepared.digest] = writing.take_ids(1)[0]
                fresh[run_id] = (source_id, run)
            elif run_id in fresh:
                further += _sample_rows(run_id, source_id, run)
            elif source_id in replaced:
                fresh[run_id] = (source_id, run)
                _delete_content(connection, run_id, source_id)
            else:
                met.add(run_id)
                further += _sample_rows(run_id, source_id, run)
                _resolve_waiting(connection, run_id, run)
            links.add((run_id, source_id))
            measured += [(run_id, source_id, *row) for row in run.measured]
    _insert(writing, fresh, aliases)
    upsert_rows(connection, tables.sample_files, SAMPLE_COLUMNS, further)
    _write_measured(connection, measured, replaced)
    insert_rows(connection, tables.run_sources, ("run_id", "source_id"), sorted(links - links_before))
    _forget(connection, links_before - links)
    # A run that a source let go of looks different too, where others still hold it.
    for some in portions(met | {run_id for run_id, _ in links_before - links}):
        stamp = update(tables.runs).where(tables.runs.c.id.in_(some)).values(store_revision=writing.revision)
        connection.execute(stamp)


def _insert(writing: Writing, fresh: dict[int, tuple[int, RunRows]], aliases: ReaderAliases) -> None:
    runs: list[tuple[Any, ...]] = []
    results: list[tuple[Any, ...]] = []
    samples: list[tuple[Any, ...]] = []
    for run_id, (source_id, rows) in fresh.items():
        prepared = rows.prepared
        model_id = prepared.model_id or aliases.model_of(prepared.run.spellings, prepared.scope)
        names = (rows.spellings, prepared.scope)
        runs.append((run_id, prepared.digest, model_id, *names, *rows.run, writing.revision))
        results.extend([(run_id, *row) for row in rows.results])
        samples += _sample_rows(run_id, source_id, rows)
    upsert_rows(writing.connection, tables.runs, STORED_COLUMNS, runs)
    copy_rows(writing.connection, tables.results, ("run_id", *RESULT_COLUMNS), results)
    upsert_rows(writing.connection, tables.sample_files, SAMPLE_COLUMNS, samples)


def _write_measured(connection: Connection, rows: list[tuple[Any, ...]], replaced: Collection[int]) -> None:
    """What these sources say that answering took, in place of what they said before."""
    m = job_tables.run_measurements
    for some in portions(replaced):
        connection.execute(delete(m).where(m.c.source_id.in_(some)))
    upsert_rows(connection, m, MEASURED, rows)


def _sample_rows(run_id: int, source_id: int, rows: RunRows) -> list[tuple[Any, ...]]:
    kept = rows.prepared.sample_files
    return [(run_id, task, source_id, file.digest, file.n_rows, file.n_bytes) for task, file in kept.items()]


def _stored_runs(connection: Connection, digests: Any) -> dict[str, int]:
    r = tables.runs.c
    found: dict[str, int] = {}
    for some in portions(digests):
        found.update(
            (row.digest, row.id) for row in connection.execute(select(r.digest, r.id).where(r.digest.in_(some)))
        )
    return found


def _links(connection: Connection, sources: Collection[int]) -> set[tuple[int, int]]:
    c = tables.run_sources.c
    found: set[tuple[int, int]] = set()
    for some in portions(sources):
        found.update(
            (row.run_id, row.source_id)
            for row in connection.execute(select(c.run_id, c.source_id).where(c.source_id.in_(some)))
        )
    return found


def _delete_content(connection: Connection, run_id: int, source_id: int) -> None:
    """Delete what the source brought; samples that came with another source of the run stay."""
    results, samples = tables.results, tables.sample_files
    connection.execute(delete(results).where(results.c.run_id == run_id))
    connection.execute(delete(samples).where(samples.c.run_id == run_id, samples.c.source_id == source_id))


def _resolve_waiting(connection: Connection, run_id: int, run: RunRows) -> None:
    """A run that waits for its model may become known through a further source with other aliases."""
    if run.prepared.model_id is not None:
        r = tables.runs.c
        waiting = update(tables.runs).where(r.id == run_id, r.model_id.is_(None))
        connection.execute(waiting.values(model_id=run.prepared.model_id))


def _forget(connection: Connection, links: set[tuple[int, int]]) -> None:
    """Remove links, and with their results the runs that no source holds any more."""
    c = tables.run_sources.c
    for some in portions(links):
        connection.execute(delete(tables.run_sources).where(tuple_(c.run_id, c.source_id).in_(some)))
    for runs in portions(run for run, _ in links):
        r = tables.runs
        is_held = exists().where(c.run_id == r.c.id)
        connection.execute(delete(r).where(r.c.id.in_(runs), ~is_held))
