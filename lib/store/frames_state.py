"""One revision of the store in columns, and how the next one comes from it.

Read first whole, then by what changed: runs stamped since, runs of sources stamped since, runs that are gone.
Never in place: what a revision holds stays as it is for those who still read it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from lib.store import frames_read as read
from lib.store import tables
from lib.store.benchmarks import Benchmarks
from lib.store.frames_measured import RowsByRun, rows_by_run
from lib.store.frames_results import Batch, Ints, Signatures, batch_from_rows, compacted
from lib.store.frames_runs import Source, Vocabularies, columns_of, joined

DEAD_ROWS_KEPT = 100_000
"""Results of runs that are gone, beyond which (and beyond the live ones) everything is read anew."""

SMALL_TABLES = (tables.model_facts, tables.rumours, tables.tasks, tables.task_patterns)
Sources = Mapping[int, Source]


@dataclass(frozen=True)
class Catalogue:
    """Rows of the small tables, as stored, of withdrawn sources too.

    Args:
        facts: Without the reader's own, which are in ``own_facts`` and have no source.
        source_ids: Sources of everything but the models.
    """

    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facts: tuple[Mapping[str, Any], ...] = ()
    own_facts: tuple[Mapping[str, Any], ...] = ()
    rumours: tuple[Mapping[str, Any], ...] = ()
    tasks: tuple[Mapping[str, Any], ...] = ()
    patterns: tuple[Mapping[str, Any], ...] = ()
    source_ids: frozenset[int | None] = frozenset()


class SignaturePlaces:
    """The benchmark of every signature, under one task catalogue; grows with the signatures."""

    def __init__(self, signatures: Signatures, benchmarks: Benchmarks) -> None:
        self.benchmarks = benchmarks
        self.names: list[str] = []
        self.of: dict[str, list[int]] = {}
        self._number: dict[str, int] = {}
        self._codes: list[int] = []
        self._signatures = signatures
        self.extend()

    def extend(self) -> None:
        """Take in signatures that are new since the last call. Only the refreshing thread calls this."""
        for number in range(len(self._codes), len(self._signatures.rows)):
            row = self._signatures.rows[number]
            benchmark = self.benchmarks.place(row[0], row[3]).benchmark
            if benchmark not in self._number:
                self._number[benchmark] = len(self.names)
                self.names.append(benchmark)
            self._codes.append(self._number[benchmark])
            self.of.setdefault(benchmark, []).append(number)

    def codes(self) -> NDArray[np.int64]:
        """Number (place in ``names``) of the benchmark of each signature."""
        return np.array(self._codes, dtype=np.int64)


@dataclass(frozen=True)
class State:
    """Everything one revision consists of; parts are shared with the next revision and never changed in place.

    Args:
        runs: Columns of all runs read so far, one position each.
        is_live: Of each position, whether its run is shown.
        batches: Results of all positions, live or not.
        n_results, n_sample_files: Of each position.
        reference_sources: Sources of the reference tables.
        references_at: Revision at which a change of theirs was last seen.
        sources: By id, withdrawn ones too.
        measured: What answering took, of live runs.
    """

    revision: int
    runs: Mapping[str, NDArray[Any]]
    is_live: NDArray[np.bool_]
    n_results: NDArray[np.int64]
    n_sample_files: NDArray[np.int64]
    batches: tuple[Batch, ...]
    sources: Sources
    catalogue: Catalogue
    reference_sources: frozenset[int]
    references_at: int
    signatures: Signatures
    vocabularies: Vocabularies
    places: SignaturePlaces
    measured: RowsByRun


def full_state(connection: Connection) -> State:
    """Everything, read once."""
    sources = {row.id: _source(row) for row in read.changed_sources(connection, -1)}
    catalogue = _small_tables(connection, {row["id"]: row for row in read.rows(connection, tables.models)})
    signatures, vocabularies = Signatures(), Vocabularies()
    nobody = State(
        revision=read.revision(connection),
        runs=columns_of([], vocabularies),
        is_live=np.empty(0, dtype=bool),
        n_results=np.empty(0, dtype=np.int64),
        n_sample_files=np.empty(0, dtype=np.int64),
        batches=(batch_from_rows((), signatures, np.asarray),),
        sources=sources,
        catalogue=catalogue,
        reference_sources=read.reference_sources(connection),
        references_at=read.revision(connection),
        signatures=signatures,
        vocabularies=vocabularies,
        places=SignaturePlaces(signatures, _benchmarks(catalogue, sources)),
        measured=rows_by_run(connection),
    )
    return _with_runs(nobody, connection, read.live_runs(connection, None))


def next_state(connection: Connection, state: State) -> State:
    """The state of this look at the store, from the one before. Costs what has changed, and one pass over run ids."""
    changed = read.changed_sources(connection, state.revision)
    ids = {row.id for row in changed}
    sources = {**state.sources, **{row.id: _source(row) for row in changed}}
    if read.count(connection, tables.sources) != len(sources):
        there = read.source_ids(connection)
        ids |= sources.keys() - there
        sources = {key: value for key, value in sources.items() if key in there}
    catalogue, places = _next_catalogue(connection, state, sources, ids)
    revision = read.revision(connection)
    references, references_at = state.reference_sources, state.references_at
    if ids & references or read.holds_rows_of(connection, tables.reference_rows, ids):
        references, references_at = read.reference_sources(connection), revision

    affected = read.changed_runs(connection, state.revision) | read.runs_of_sources(connection, ids)
    run_id = state.runs["run_id"]
    affected |= set(run_id[state.is_live].tolist()) - read.run_ids(connection)
    # A changed source may have let go of runs that others still hold.
    affected |= set(run_id[state.is_live & np.isin(state.runs["source_id"], list(ids))].tolist())
    is_live, unread = _relived(state, affected, read.live_runs(connection, affected))
    following = replace(
        state,
        revision=revision,
        is_live=is_live,
        sources=sources,
        catalogue=catalogue,
        reference_sources=references,
        references_at=references_at,
        places=places,
        measured={run: rows for run, rows in state.measured.items() if run not in affected}
        | rows_by_run(connection, affected),
    )
    n_live = int(state.n_results[is_live].sum())
    if int(state.n_results.sum()) - n_live > max(DEAD_ROWS_KEPT, n_live):
        return full_state(connection)
    return _with_runs(following, connection, unread)


def is_shown(row: Mapping[str, Any], sources: Sources) -> bool:
    """True for rows of a live source, and for rows of none (a reader's own)."""
    source = sources.get(row["source_id"])
    return row["source_id"] is None or (source is not None and source.is_live)


def _relived(state: State, affected: Collection[int], rows: Sequence[Any]) -> tuple[NDArray[np.bool_], list[Any]]:
    """Which positions are live now, and the rows of runs that must be read: unknown before, or stamped anew."""
    ids = state.runs["run_id"]
    where = np.flatnonzero(np.isin(ids, np.fromiter(affected, dtype=np.int64, count=len(affected))))
    is_live = state.is_live.copy()
    is_live[where] = False
    latest = dict(zip(ids[where].tolist(), where.tolist(), strict=True))
    unread = []
    for row in rows:
        position = latest.get(row.id)
        is_same = position is not None and all(
            state.runs[name][position] == getattr(row, name) for name in ("store_revision", "source_id")
        )
        if position is not None and is_same:
            is_live[position] = True
        else:
            unread.append(row)
    return is_live, unread


def _with_runs(state: State, connection: Connection, rows: Sequence[Any]) -> State:
    """The state with these runs and their results at new positions."""
    if not rows:
        return state
    first = len(state.is_live)
    ids = np.array([row.id for row in rows], dtype=np.int64)

    def position_of(run_ids: Ints) -> Ints:
        return first + np.searchsorted(ids, run_ids)

    chunks = read.results_of(connection, ids.tolist())
    batch = batch_from_rows(chunks, state.signatures, position_of)
    state.places.extend()
    files = read.sample_file_counts(connection, ids.tolist())
    counts = np.bincount(batch.position - first, minlength=len(rows))
    return replace(
        state,
        runs=joined(state.runs, columns_of(rows, state.vocabularies)),
        is_live=np.append(state.is_live, np.ones(len(rows), dtype=bool)),
        n_results=np.append(state.n_results, counts),
        n_sample_files=np.append(state.n_sample_files, [files.get(key, 0) for key in ids.tolist()]),
        batches=compacted((*state.batches, batch)),
    )


def _next_catalogue(
    connection: Connection, state: State, sources: Sources, changed: Collection[int]
) -> tuple[Catalogue, SignaturePlaces]:
    old = state.catalogue
    models = old.models
    rows = read.changed_models(connection, state.revision)
    if rows:
        models = {**models, **{row["id"]: row for row in rows}}
    if read.count(connection, tables.models) != len(models):
        models = {row["id"]: row for row in read.rows(connection, tables.models)}
    is_same = old.source_ids.isdisjoint(changed) and not any(
        read.holds_rows_of(connection, table, changed) for table in SMALL_TABLES
    )
    if is_same:
        return replace(old, models=models, own_facts=read.own_facts(connection)), state.places
    catalogue = _small_tables(connection, models)
    return catalogue, SignaturePlaces(state.signatures, _benchmarks(catalogue, sources))


def _small_tables(connection: Connection, models: Mapping[str, Mapping[str, Any]]) -> Catalogue:
    facts, rumours, tasks, patterns = (tuple(read.rows(connection, table)) for table in SMALL_TABLES)
    return Catalogue(
        models=models,
        facts=tuple(row for row in facts if row["origin"] != "reader"),
        own_facts=read.own_facts(connection),
        rumours=rumours,
        tasks=tasks,
        patterns=patterns,
        source_ids=frozenset(row["source_id"] for row in (*facts, *rumours, *tasks, *patterns)),
    )


def _benchmarks(catalogue: Catalogue, sources: Sources) -> Benchmarks:
    return Benchmarks(
        [row for row in catalogue.tasks if is_shown(row, sources)],
        [row for row in catalogue.patterns if is_shown(row, sources)],
    )


def _source(row: Any) -> Source:
    return Source(bool(row.is_live), row.imported_at, row.withdrawn_at, row.name, row.title, row.url, row.published_on)
