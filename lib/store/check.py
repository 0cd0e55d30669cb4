"""Is the store whole? Every rule that the database cannot hold by itself, for the doctor and for tests."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, exists, func, select

from lib.store import files, job_tables, raw, samples, snapshot_files, snapshots, tables
from lib.store.db import Store


def check(store: Store) -> list[str]:
    """What is wrong with the store, a sentence each; empty when it is whole. Reads every file it names."""
    with store.reading() as connection:
        found = [*_rows(connection), *_files(store, connection), *_sqlite(store, connection)]
    return [*found, *_snapshots(store)]


def _rows(connection: Connection) -> Iterator[str]:
    r, links, results, s = tables.runs.c, tables.run_sources.c, tables.results.c, tables.sources.c
    if connection.execute(select(func.count()).select_from(tables.store)).scalar() != 1:
        yield "The table store does not have exactly one row."
    for run in connection.execute(select(r.id).where(~exists().where(links.run_id == r.id))).scalars():
        yield f"Run {run} has no source."
    for run in connection.execute(select(r.id).where(~exists().where(results.run_id == r.id))).scalars():
        yield f"Run {run} has no results."
    m = job_tables.run_measurements.c
    is_held = exists().where(links.run_id == m.run_id, links.source_id == m.source_id)
    for run in connection.execute(select(m.run_id).where(~is_held).distinct()).scalars():
        yield f"Run {run} has measurements of a source that does not hold it."
    # A double's results are stored once and counted for each source that holds them.
    per_run = select(results.run_id, func.count().label("n")).group_by(results.run_id).subquery()
    stored = (
        select(links.source_id, func.sum(per_run.c.n).label("n"))
        .join(per_run, per_run.c.run_id == links.run_id)
        .group_by(links.source_id)
        .subquery()
    )
    found = func.coalesce(stored.c.n, 0)
    counts = select(s.id, s.n_results, found).join(stored, stored.c.source_id == s.id, isouter=True)
    for source, said, there in connection.execute(counts.where(found != s.n_results)):
        yield f"Source {source} should hold {said} results; {there} are there."
    newest = select(tables.store.c.revision).scalar_subquery()
    for table in (tables.runs, tables.sources, tables.models):
        late = connection.execute(select(func.count()).where(table.c.store_revision > newest)).scalar()
        if late:
            yield f"{late} rows of {table.name} are stamped later than the store's revision."


def _files(store: Store, connection: Connection) -> Iterator[str]:
    f, s = tables.raw_files.c, tables.sample_files.c
    named = (
        (raw.folder(store), "", "raw file", connection.execute(select(f.digest, f.n_bytes)).all()),
        (
            samples.folder(store),
            samples.ENDING,
            "samples file",
            connection.execute(select(s.digest, s.n_bytes).distinct()).all(),
        ),
    )
    for folder, ending, what, rows in named:
        for digest, n_bytes in rows:
            path = files.path_of(folder, digest, ending)
            if not path.exists():
                yield f"The {what} {digest} is missing."
            elif path.stat().st_size != n_bytes or files.digest_of_bytes(path.read_bytes()) != digest:
                yield f"The {what} {digest} is damaged."


def _snapshots(store: Store) -> Iterator[str]:
    for one in snapshots.every_snapshot(store):
        path = snapshot_files.path_of(store.settings, one)
        if not path.exists():
            yield f"The file of the snapshot {one.short} is missing."
        elif files.digest_of_bytes(path.read_bytes()) != one.file_digest:
            yield f"The file of the snapshot {one.short} is damaged."


def _sqlite(store: Store, connection: Connection) -> Iterator[str]:
    if not store.is_sqlite:
        return
    for (line,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite: {line}"
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"SQLite: row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there."
