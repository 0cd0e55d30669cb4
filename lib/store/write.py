"""All writes. Each function is one transaction: everything of it is stored, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_

from lib.store import tables
from lib.store.bulk import insert_rows, portions, upsert_rows
from lib.store.catalogue_rows import (
    forget_missing_models,
    refuse_unknown_models,
    refuse_unknown_tables,
    write_catalogue,
    write_community,
)
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.mapping import assign_models, remove_alias, remove_fact, set_alias, set_fact
from lib.store.prepared import (
    OPEN,
    Batch,
    FileRows,
    Holder,
    Outcome,
    PreparedFile,
    PreparedRun,
    RawFile,
    Refusal,
    file_rows,
    plain_text,
    refuse_impossible,
    short_name,
)
from lib.store.run_rows import write_runs
from lib.store.withdrawal import restore, withdraw

__all__ = [
    "Batch",
    "Holder",
    "Outcome",
    "PreparedFile",
    "PreparedRun",
    "RawFile",
    "Refusal",
    "assign_models",
    "refuse_impossible",
    "remove_alias",
    "remove_fact",
    "restore",
    "set_alias",
    "set_fact",
    "withdraw",
    "write_batches",
    "write_files",
]

SOURCE_COLUMNS = (
    "raw_digest",
    "member",
    "name",
    "digest",
    "n_bytes",
    "importer",
    "importer_version",
    "title",
    "url",
    "licence",
    "published_on",
    "is_shipped",
    "imported_at",
    "warnings",
    "n_results",
    "store_revision",
)


def write_files(
    store: Store,
    raw: RawFile,
    files: Sequence[PreparedFile],
    refusals: Iterable[Refusal | tuple[str, str, str]] = (),
    finished_with: str | None = None,
    community: Sequence[Mapping[str, Any]] = (),
    holder: Holder = OPEN,
) -> list[Outcome]:
    """``write_batches`` for files of one raw file."""
    return write_batches(store, [Batch(raw, files, tuple(refusals), finished_with, holder)], community)


def write_batches(store: Store, batches: Sequence[Batch], community: Sequence[Mapping[str, Any]] = ()) -> list[Outcome]:
    """Write files of any number of raw files in one transaction; raw files and samples are on disk already.

    A source is known by raw digest, member and owner; a shipped one also by its name, so that a newer edition takes the place
    of the older. Known and read by the same importer at this version or a later one: unchanged. Known and read
    otherwise: its rows are replaced, runs that no other source holds are deleted, and it stays withdrawn if it was.
    A run that is stored already gets a further source, its results are not written again.

    Args:
        store: The store.
        batches: Files, refusals and state of each raw file.
        community: Rows of ``models`` (at least ``id``) for names outside the catalogue; ``params_total`` as the file
            states it. Ids that are known are left alone.

    Returns:
        One outcome a file, in order. When all are unchanged the store's revision is unchanged too.

    Raises:
        RefusedInput: If a file holds what no store can hold, or means a model that is not there. Nothing is written.
    """
    rows = [file_rows(file, batch.holder, batch.pending) for batch in batches for file in batch.files]
    for file in rows:
        refuse_unknown_tables(file)

    def work(writing: Writing) -> list[Outcome]:
        _write_raw_files(writing, batches)
        known = _known_sources(writing.connection, rows)
        write_community(writing, community)
        sources, states = _write_sources(writing, rows, known)
        active = [(sources[i], file) for i, file in enumerate(rows) if states[i] != "unchanged"]
        if active:
            writing.is_changed = True
            replaced = {sources[i] for i, state in enumerate(states) if state == "replaced"}
            # A new file without tables has neither rows to write nor older ones to delete: nearly every file.
            catalogue = [(s, file) for s, file in active if s in replaced or file.file.parsed.tables]
            write_catalogue(writing, catalogue)
            wanted = {run.prepared.model_id for _, file in active for run in file.runs} - {None}
            refuse_unknown_models(writing.connection, {m for m in wanted if m is not None}, active[0][1].file.name)
            write_runs(writing, active, replaced)
            forget_missing_models(writing.connection, catalogue)
        _write_refusals(writing, batches, [file for _, file in active])
        return [file.outcome._replace(state=state) for file, state in zip(rows, states, strict=True)]

    return store.write(work)


def _write_raw_files(writing: Writing, batches: Sequence[Batch]) -> None:
    r, h = tables.raw_files.c, tables.raw_holders.c
    connection = writing.connection
    known: set[str] = set()
    finished: dict[tuple[str, str], str] = {}
    for some in portions(batch.raw.digest for batch in batches):
        known.update(connection.execute(select(r.digest).where(r.digest.in_(some))).scalars())
        for row in connection.execute(select(tables.raw_holders).where(h.raw_digest.in_(some))):
            finished[row.raw_digest, row.owner] = row.finished_with
    new: dict[str, tuple[Any, ...]] = {}
    ended: dict[tuple[str, str], str] = {}
    for batch in batches:
        raw, place = batch.raw, (batch.raw.digest, batch.holder.owner)
        if raw.digest not in known:
            new.setdefault(raw.digest, (raw.digest, plain_text(raw.name), raw.n_bytes, now()))
        if batch.finished_with is not None and finished.get(place) != batch.finished_with:
            ended[place] = batch.finished_with
    insert_rows(connection, tables.raw_files, ("digest", "name", "n_bytes", "stored_at"), list(new.values()))
    rows = [(*place, state) for place, state in ended.items()]
    upsert_rows(connection, tables.raw_holders, ("raw_digest", "owner", "finished_with"), rows)
    writing.is_changed = writing.is_changed or bool(new or ended)


class _Known:
    """Sources that are stored, by raw digest, member and owner, and shipped ones by name."""

    def __init__(self) -> None:
        self.by_place: dict[tuple[str, str, str], Any] = {}
        self.by_name: dict[str, Any] = {}

    def of(self, row: FileRows) -> Any:
        file = row.file
        there = self.by_place.get((file.raw_digest, file.member, row.holder.owner))
        if there is None and file.is_shipped:
            there = self.by_name.get(file.name)
        return there


def _known_sources(connection: Connection, rows: Sequence[FileRows]) -> _Known:
    s = tables.sources.c
    columns = (
        s.id,
        s.raw_digest,
        s.member,
        s.owner,
        s.visibility,
        s.pending,
        s.name,
        s.is_shipped,
        s.importer,
        s.importer_version,
    )
    known = _Known()
    for some in portions((row.file.raw_digest, row.file.member) for row in rows):
        for row in connection.execute(select(*columns).where(tuple_(s.raw_digest, s.member).in_(some))):
            known.by_place[row.raw_digest, row.member, row.owner] = row
    for names in portions(row.file.name for row in rows if row.file.is_shipped):
        for row in connection.execute(select(*columns).where(s.is_shipped, s.name.in_(names))):
            known.by_name[row.name] = row
    return known


def _write_sources(writing: Writing, rows: Sequence[FileRows], known: _Known) -> tuple[list[int], list[Any]]:
    """Ids and states of the files, in order; writes the rows of those that are new or replaced."""
    states: list[Any] = []
    ids: list[int] = []
    taken: dict[tuple[str, str, str], int] = {}
    new, replaced = [], []
    for row in rows:
        file = row.file
        place, there = (file.raw_digest, file.member, row.holder.owner), known.of(row)
        if place in taken:  # the same member twice in one call
            ids.append(taken[place])
            states.append("unchanged")
            continue
        ids.append(writing.take_ids(1)[0] if there is None else there.id)
        taken[place] = ids[-1]
        if there is not None and _is_same(there, file):
            states.append("unchanged")
        else:
            states.append("imported" if there is None else "replaced")
            values = (ids[-1], *_source_row(writing, row))
            if there is None:
                new.append((*values, *row.holder, row.pending))
            else:
                replaced.append((*values, there.owner, there.visibility, there.pending))
    # Withdrawal is not among the columns: a replaced source keeps it, as it keeps owner and visibility.
    upsert_rows(
        writing.connection, tables.sources, ("id", *SOURCE_COLUMNS, *Holder._fields, "pending"), [*new, *replaced]
    )
    return ids, states


def _is_same(there: Any, file: PreparedFile) -> bool:
    is_same = (there.raw_digest, there.importer) == (file.raw_digest, file.importer)
    return is_same and there.importer_version >= file.importer_version


def _source_row(writing: Writing, row: FileRows) -> tuple[Any, ...]:
    file = row.file
    return (
        file.raw_digest,
        file.member,
        file.name,
        file.digest,
        file.n_bytes,
        file.importer,
        file.importer_version,
        file.title,
        file.url,
        file.licence,
        file.published_on,
        file.is_shipped,
        now(),
        row.warnings,
        row.outcome.n_results,
        writing.revision,
    )


def _write_refusals(writing: Writing, batches: Sequence[Batch], active: Sequence[FileRows]) -> None:
    """Store what could not be taken; what could be taken after all is no refusal any more."""
    r = tables.refusals
    connection = writing.connection
    place_of = tuple_(r.c.raw_digest, r.c.member, r.c.owner)
    for some in portions((row.file.raw_digest, row.file.member, row.holder.owner) for row in active):
        connection.execute(delete(r).where(place_of.in_(some)))
    refused = {
        (batch.raw.digest, short_name(member), batch.holder.owner): (
            batch.holder.visibility,
            plain_text(name),
            plain_text(reason),
        )
        for batch in batches
        for member, name, reason in batch.refusals
    }
    known: dict[tuple[str, str, str], tuple[str, str, str]] = {}
    for some in portions(refused):
        for row in connection.execute(select(r).where(place_of.in_(some))):
            known[row.raw_digest, row.member, row.owner] = (row.visibility, row.name, row.reason)
    new = [(*place, *words, now()) for place, words in refused.items() if known.get(place) != words]
    columns = ("raw_digest", "member", "owner", "visibility", "name", "reason", "refused_at")
    upsert_rows(connection, r, columns, new)
    writing.is_changed = writing.is_changed or bool(new)
