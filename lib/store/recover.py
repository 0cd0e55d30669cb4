"""A backup back into a store: SQLite or PostgreSQL, whichever the backup came from, of this version or an older one.

Files come first; then the tables are made anew in the version of the backup, filled, compared with the backup's sums and
brought to the newest version, all in one transaction. A kill at any moment leaves what was there before.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from alembic import command
from sqlalchemy import Connection, MetaData, Table, func, inspect, select, text, update

from lib.errors import RefusedInput
from lib.store import files, job_tables, tables
from lib.store.backup import ROWS_AT_ONCE, rows_of
from lib.store.backup_format import (
    NAMED,
    Manifest,
    Sum,
    is_kept_file,
    line_of,
    open_backup,
    read_manifest,
    table_entry,
    table_names,
)
from lib.store.bulk import copy_rows
from lib.store.clock import now
from lib.store.db import Store, begin_writing
from lib.store.jobs import note
from lib.store.migrate import configuration, known_versions, references_at_rest, refuse_loose_ends
from lib.store.versions import NEWEST
from lib.store.workers import worker_rows

SILENT_S = 60.0
"""A worker that said something more recently than this is at work."""
QUEUE_SCHEMA = "dbos"
Progress = Callable[[str], None]


class Recovered(NamedTuple):
    """What came back.

    Args:
        manifest: What the backup says of itself.
        revision: Of the store now.
        digest: Of the store now, as a stranger sees it; that of the manifest, unless the backup is of an older version.
        stopped: Evaluations that waited or ran at the time of the backup; they are called off and can be asked for again.
    """

    manifest: Manifest
    revision: int
    digest: str
    stopped: list[str]


def check_backup(path: Path) -> tuple[Manifest, list[str]]:
    """Read a backup whole and write nothing: its manifest, and what is wrong with it, a sentence each.

    Raises:
        RefusedInput: If the file is no backup at all.
    """
    with open_backup(path) as archive:
        manifest = read_manifest(archive, path.name)
        wrong = [f"The file {name} was missing when the backup was made." for name in manifest.missing]
        damaged = archive.testzip()
        if damaged is not None:
            return manifest, [*wrong, f"The entry {damaged} of the backup is damaged."]
        for name, told in manifest.tables.items():
            total = Sum()
            total.add(line_of(row) for row in islice(_lines(archive, name), 1, None))
            if total.done() != told:
                wrong.append(f"The rows of {name} are not those that were written.")
        names = [name for name in archive.namelist() if is_kept_file(name)]
        if len(names) != manifest.n_files:
            wrong.append(f"There are {len(names)} kept files, and {manifest.n_files} were written.")
        for name in names:
            if (digest := _digest_in(name)) and files.digest_of_bytes(archive.read(name)) != digest:
                wrong.append(f"The file {name} is damaged.")
    return manifest, wrong


def recover(store: Store, path: Path, *, replace: bool = False, progress: Progress = lambda _: None) -> Recovered:
    """Bring a backup into the store.

    Args:
        store: Of the newest version, and empty unless ``replace``; nothing else may be using it.
        path: A file that ``write_backup`` wrote.
        replace: Put the backup in place of what is there, which is then gone.
        progress: Told what is being read.

    Raises:
        RefusedInput: If the file is no backup, damaged or of a newer version, the store is not empty, or a worker is at
            work on it. The store is then as it was.
    """
    with open_backup(path) as archive:
        manifest = read_manifest(archive, path.name)
        if manifest.version not in known_versions():
            raise RefusedInput(
                "the backup is of a newer version of Pound for Pound; update this installation",
                file=path.name,
                expected=f"version {NEWEST} or older",
                found=manifest.version,
            )
        _refuse_used(store, replace=replace)
        try:
            _put_files(archive, store.settings.data_dir, progress)
            stopped = _put_rows(store, archive, manifest, path.name, progress)
        except (zipfile.BadZipFile, EOFError) as trouble:
            raise RefusedInput(f"the backup is damaged ({trouble})", file=path.name) from trouble
    store.close()
    return Recovered(manifest, store.revision(), store.digest(), stopped)


def _refuse_used(store: Store, *, replace: bool) -> None:
    busy = [row["name"] for row in worker_rows(store) if row["silent_s"] < SILENT_S]
    if busy:
        raise RefusedInput("a worker is at work on this store; stop the app and its workers first", found=busy[0])
    if replace:
        return
    with store.reading() as connection:
        for name in table_names():
            table = tables.metadata.tables[name]
            if table is not tables.store and connection.execute(select(table).limit(1)).first() is not None:
                raise RefusedInput(
                    "the store is not empty",
                    expected="an empty one, or --replace, which deletes what is there",
                    found=f"rows in {name}",
                )


def _put_files(archive: zipfile.ZipFile, folder: Path, progress: Progress) -> None:
    names = [name for name in archive.namelist() if is_kept_file(name)]
    progress(f"{len(names)} files")
    for name in names:
        content = archive.read(name)
        digest = _digest_in(name)
        if digest is None:
            _put_tree_file(folder / name, content)
            continue
        if files.digest_of_bytes(content) != digest:
            raise RefusedInput("a file in the backup is damaged", file=name)
        place = name.split("/", 1)[0]
        files.put(folder / place, digest, content, NAMED[place])


def _put_tree_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{files.TEMPORARY}{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _digest_in(name: str) -> str | None:
    """The digest that a kept file is named by, if it is."""
    place, _, rest = name.partition("/")
    return rest.rsplit("/", 1)[-1].removesuffix(NAMED[place]) if place in NAMED else None


def _put_rows(store: Store, archive: zipfile.ZipFile, manifest: Manifest, file: str, progress: Progress) -> list[str]:
    before = store.revision()
    with references_at_rest(store.engine), begin_writing(store.engine) as connection:
        _drop_all(connection)
        _make_tables(connection, manifest.version)
        made = MetaData()
        made.reflect(connection, only=list(manifest.tables))
        for table in made.sorted_tables:
            progress(f"table {table.name}")
            columns = _fill(connection, archive, table, file)
            _go_on_counting(connection, table)
            total = Sum()
            for rows in rows_of(connection, table, columns):
                total.add(line_of(row) for row in rows)
            if total.done() != manifest.tables[table.name]:
                raise RefusedInput("the rows are not those that were written", file=file, place=table.name)
        if manifest.version != NEWEST:
            _make_tables(connection, NEWEST)
        refuse_loose_ends(connection)
        if before:
            # Whoever has seen the store before must not take its old state for this one.
            following = max(before, manifest.revision) + 1
            connection.execute(update(tables.store).values(revision=following))
        return _stop_jobs(connection, manifest.made_at)


def _drop_all(connection: Connection) -> None:
    """Drop our tables and the queue's, which names processes that are no more."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"drop schema if exists {QUEUE_SCHEMA} cascade"))
    present = set(inspect(connection).get_table_names())
    # The file of SQLite is ours alone; a database of PostgreSQL may hold something else.
    ours = present if connection.dialect.name == "sqlite" else present & {*table_names(), "alembic_version"}
    there = MetaData()
    there.reflect(connection, only=sorted(ours))
    there.drop_all(connection)


def _make_tables(connection: Connection, version: str) -> None:
    settings = configuration()
    settings.attributes["connection"] = connection
    command.upgrade(settings, version)


def _fill(connection: Connection, archive: zipfile.ZipFile, table: Table, file: str) -> list[str]:
    """Fill a table; returns its columns in the order of the backup, which migrations may have made another one here."""
    lines = _lines(archive, table.name)
    columns = next(lines, [])
    if sorted(columns) != sorted(c.name for c in table.c):
        raise RefusedInput("columns that this version does not have", file=file, place=table.name)
    if table.name == tables.store.name:
        connection.execute(table.delete())
    # A row may refer to a later one of the same table: then all of them in one statement.
    is_linked = any(key.column.table is table for key in table.foreign_keys)
    while rows := [tuple(row) for row in islice(lines, None if is_linked else ROWS_AT_ONCE)]:
        copy_rows(connection, table, columns, rows)
    return columns


def _lines(archive: zipfile.ZipFile, table: str) -> Iterator[list[Any]]:
    """The lines of a table, the names of the columns first."""
    try:
        opened = archive.open(table_entry(table))
    except KeyError:
        raise RefusedInput("a table is missing from the backup", place=table) from None
    with opened as entry:
        yield from _parsed(entry, table)


def _parsed(entry: Iterable[bytes] | IO[bytes], table: str) -> Iterator[list[Any]]:
    for line in entry:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, list):
            raise RefusedInput("a line of the backup is damaged", place=table)
        yield row


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Numbers that PostgreSQL gives by itself go on after the highest that came back."""
    keys = list(table.primary_key.columns)
    if connection.dialect.name != "postgresql" or len(keys) != 1:
        return
    asked = {"table": table.name, "column": keys[0].name}
    sequence = connection.execute(text("select pg_get_serial_sequence(:table, :column)"), asked).scalar()
    highest = connection.execute(select(func.max(keys[0]))).scalar() if sequence else None
    if highest is not None:
        connection.execute(text("select setval(cast(:sequence as regclass), :n)"), {"sequence": sequence, "n": highest})


def _stop_jobs(connection: Connection, made_at: str) -> list[str]:
    """No worker has what waited or ran: it is called off, and can be asked for again."""
    jobs, tasks = job_tables.jobs, job_tables.job_tasks
    open_jobs = list(connection.execute(select(jobs.c.id).where(jobs.c.state.in_(("queued", "running")))).scalars())
    reason = f"The store was recovered from a backup of {made_at[:10]}; ask for it again."
    ended = {"state": "cancelled", "reason": reason, "is_retryable": True, "worker": None, "ended_at": now()}
    for job in open_jobs:
        connection.execute(update(jobs).where(jobs.c.id == job).values(**ended))
        still = tasks.c.state.in_(("waiting", "running"))
        connection.execute(update(tasks).where(tasks.c.job == job, still).values(state="cancelled"))
        note(connection, job, "cancelled", {"reason": reason})
    connection.execute(job_tables.workers.delete())
    return sorted(open_jobs)
