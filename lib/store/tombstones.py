"""Taking a source out for good, also out of every snapshot: for what may not be shown any more, for reasons of law.

Withdrawing is enough for what was wrong or is no longer wanted: snapshots keep showing it, which is what they are for.
"""

from __future__ import annotations

import shutil
import uuid
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, create_engine, delete, func, select, tuple_, update

from lib import formats
from lib.errors import RefusedInput
from lib.store import files, job_tables, snapshot_files, snapshots, tables
from lib.store.access_tables import snapshots as table
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.snapshot_rows import BLANK_SOURCE, blank_raw
from lib.store.snapshots import Snapshot
from lib.store.withdrawal import withdraw

LONGEST_REASON = 300


def tombstone(store: Store, source_id: int, reason: str) -> list[Snapshot]:
    """Withdraw a source, and remove what came from it alone out of every snapshot; each then says so, with the reason.

    A run that another source of the snapshot holds stays. The bytes as received and the logs stay with the store, as for
    any withdrawn source. After a break-off the same call goes on where it ended.

    Returns:
        The snapshots that held it, as they are now.

    Raises:
        RefusedInput: If there is no such source, or no reason.
        Unavailable: If the file of a snapshot is gone.
    """
    text = formats.one_line(reason.strip(), LONGEST_REASON)
    if not text:
        raise RefusedInput("taking a source out for good needs a reason", place="--reason")
    s = tables.sources.c
    with store.reading() as connection:
        source = connection.execute(select(s.raw_digest, s.member).where(s.id == source_id)).first()
    if source is None:
        raise RefusedInput("there is no such source", found=source_id)
    withdraw(store, source_id)
    changed = (
        _taken_out(store, one, (source.raw_digest, source.member), text) for one in snapshots.every_snapshot(store)
    )
    return [one for one in changed if one is not None]


def _taken_out(store: Store, snapshot: Snapshot, place: tuple[str, str], reason: str) -> Snapshot | None:
    """The snapshot without it, in a new file that its row names from then on; None where it did not hold it."""
    before = snapshot_files.unpacked(store.settings, snapshot)
    temporary = before.parent / f"{files.TEMPORARY}{uuid.uuid4().hex}"
    shutil.copyfile(before, temporary)
    engine = create_engine(f"sqlite:///{temporary}")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys = on")
            n_results = _remove(connection, place)
        if n_results is None:
            return None
        with engine.connect() as connection:
            # What was deleted lies in the file until it is written anew.
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")
        engine.dispose()
        n_bytes, packed = snapshot_files.pack(temporary, store.settings, snapshot.digest)
    finally:
        engine.dispose()
        temporary.unlink(missing_ok=True)
    stones = (*snapshot.tombstones, {"at": now(), "reason": reason, "n_results": n_results})

    def work(writing: Writing) -> None:
        values = {"n_bytes": n_bytes, "file_digest": packed, "tombstones": list(stones)}
        writing.connection.execute(update(table).where(table.c.digest == snapshot.digest).values(values))

    store.write(work)
    for old in (before, snapshot_files.path_of(store.settings, snapshot)):
        old.unlink(missing_ok=True)
    return snapshot._replace(n_bytes=n_bytes, file_digest=packed, tombstones=stones)


def _remove(connection: Connection, place: tuple[str, str]) -> int | None:
    """Delete the source of this raw file and member with all that only it holds; returns its results, None without it."""
    s, links, r = tables.sources.c, tables.run_sources.c, tables.runs.c
    ids = connection.execute(select(s.id).where(tuple_(s.raw_digest, s.member) == place)).scalars().all()
    if not ids:
        return None
    held = select(links.run_id).where(links.source_id.in_(ids))
    by_others = select(links.run_id).where(links.source_id.not_in(ids))
    alone = connection.execute(select(r.id).where(r.id.in_(held), r.id.not_in(by_others))).scalars().all()
    n_results = 0
    for run in alone:
        results = tables.results.c.run_id == run
        n_results += connection.execute(select(func.count()).select_from(tables.results).where(results)).scalar_one()
        connection.execute(delete(tables.runs).where(r.id == run))
    of_source: tuple[Any, ...] = (
        tables.run_sources, tables.sample_files, job_tables.run_measurements, tables.model_facts, tables.rumours,
        tables.model_aliases, tables.tasks, tables.task_patterns, tables.prices, tables.hardware, tables.reference_rows,
    )  # fmt: skip
    for one in of_source:
        connection.execute(delete(one).where(one.c.source_id.in_(ids)))
    _forget_models(connection, ids)
    blank_raw(connection)
    for source in ids:
        connection.execute(update(tables.sources).where(s.id == source).values(member=str(source), **BLANK_SOURCE))
    raw = tables.raw_files.c
    connection.execute(delete(tables.raw_files).where(raw.digest == place[0], raw.digest.not_in(select(s.raw_digest))))
    return n_results


def _forget_models(connection: Connection, source_ids: Any) -> None:
    """Models that the source brought and no run needs; of those that others say something of the id alone is left."""
    m = tables.models
    is_gone = m.c.source_id.in_(source_ids) & ~_is_named(tables.runs)
    connection.execute(delete(m).where(is_gone, *(~_is_named(table) for table in _ABOUT_MODELS)))
    nothing = {column.name: None for column in m.c if column.nullable and column.name != "source_id"}
    values = {**nothing, "name": m.c.id, "origin": "community", "size_status": "unknown"}
    connection.execute(update(m).where(is_gone).values(values))


_ABOUT_MODELS = (tables.model_facts, tables.rumours, tables.model_aliases)


def _is_named(table: Table) -> ColumnElement[bool]:
    column = table.c.model_id
    return tables.models.c.id.in_(select(column).where(column.is_not(None)))
