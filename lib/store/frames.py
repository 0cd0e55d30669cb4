"""What pages and calculations see of the store: columns per revision, brought up to date by what is new.

One ``FrameCache`` serves every thread of a process. It hands out ``Frames`` that never change; when the store has a
new revision, the next caller pays for what was added since and everybody after gets the new one.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection

from lib.store import frames_read as read
from lib.store.frames_benchmarks import benchmark_frame
from lib.store.frames_measured import measured_frame
from lib.store.frames_models import model_frame
from lib.store.frames_runs import SOURCE_COLUMNS, nullable, run_frame, taken
from lib.store.frames_state import State, full_state, is_shown, next_state

FACT_COLUMNS = (
    "field", "value", "origin", "is_from_memory", "note", "source_title", "source_url", "source_kind",
    "source_licence", "file",
)  # fmt: skip
RUMOUR_COLUMNS = ("field", "value", "who_says", "note", "source_title", "source_url", "file")
ALIAS_COLUMNS = ("alias", "scope", "origin", "model_id", "kind")
SCORES_KEPT = 500_000
"""Rows of answers of ``Frames.scores`` that one revision keeps for the next caller."""


class StoreLike(Protocol):
    """What the frames need of ``lib.store.db.Store``."""

    def reading(self) -> AbstractContextManager[Connection]: ...
    def revision(self) -> int: ...
    def digest(self) -> str: ...


class FrameCache:
    """The frames of one store, shared by all threads of a process."""

    def __init__(self, store: StoreLike) -> None:
        self._store = store
        self._frames: Frames | None = None
        self._lock = threading.Lock()

    def frames(self) -> Frames:
        """The store as it is now: the same object while nothing changes.

        Probes the revision. After a change the first caller reads what is new and the others wait for it.
        """
        revision = self._store.revision()
        frames = self._frames
        if frames is not None and frames.revision >= revision:
            return frames
        with self._lock:
            frames = self._frames
            if frames is None or frames.revision < revision:
                frames = self._frames = self._read(frames)
            return frames

    def _read(self, before: Frames | None) -> Frames:
        with self._store.reading() as connection:
            if before is None:
                return Frames(full_state(connection), self._store, {})
            state = next_state(connection, before.state)
        is_same = state.references_at == before.state.references_at
        return Frames(state, self._store, before.known_references() if is_same else {})


class Frames:
    """The store at one revision. Frames that it returns may be changed by the caller; the next caller sees none of it."""

    def __init__(self, state: State, store: StoreLike, references: dict[str, pd.DataFrame]) -> None:
        self._state = state
        self._store = store
        self._references = references
        self._kept: dict[frozenset[str], pd.DataFrame] = {}
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """The columns behind the frames; for the cache."""
        return self._state

    def known_references(self) -> dict[str, pd.DataFrame]:
        """Reference tables read so far; for the cache, while their sources have not changed."""
        with self._lock:
            return dict(self._references)

    @property
    def revision(self) -> int:
        """The store's counter, which every writing transaction raises."""
        return self._state.revision

    @cached_property
    def digest(self) -> str:
        """The store's digest, 64 hexadecimal digits, asked for once per revision."""
        return self._store.digest()

    @cached_property
    def counts(self) -> dict[str, int]:
        """n_models, n_runs, n_results, n_sources and n_samples_files of what is live."""
        state = self._state
        return {
            "n_models": len(self._models),
            "n_runs": int(state.is_live.sum()),
            "n_results": int(state.n_results[state.is_live].sum()),
            "n_sources": sum(source.is_live for source in state.sources.values()),
            "n_samples_files": int(state.n_sample_files[state.is_live].sum()),
        }

    @cached_property
    def updated_at(self) -> str:
        """Time of the last import or withdrawal, ISO-8601 text; '' for an empty store."""
        return max((max(s.imported_at, s.withdrawn_at or "") for s in self._state.sources.values()), default="")

    @property
    def models(self) -> pd.DataFrame:
        """One row per model, indexed by its id; columns in ``frames_models.COLUMNS``.

        Community models, and models whose source is withdrawn, are left out unless a live run is theirs.
        """
        return self._models.copy(deep=False)

    @property
    def runs(self) -> pd.DataFrame:
        """One row per live run, indexed by run_id, ascending; columns in ``frames_runs.COLUMNS`` and ``SOURCE_COLUMNS``.

        Texts are ``str`` with NaN for unknown, so a run that waits for its model has no ``model``.
        """
        return self._runs.copy(deep=False)

    @property
    def benchmarks(self) -> pd.DataFrame:
        """One row per benchmark of the catalogue or with a live result, indexed by its name, sorted.

        label, category, part_of ('' for none), n_items, n_items_status, random_baseline, direction, default_metric (NaN for
        unknown; a part that the catalogue does not list has its whole's category, baseline, direction and metric), n_models (different models with a scored result), n_results (live results, every metric).
        """
        return self._benchmarks.copy(deep=False)

    def scores(self, benchmarks: Iterable[str]) -> pd.DataFrame:
        """Live results of these benchmarks, one row each, with the columns of their run.

        run_id, task, benchmark, prompt, filter, metric, score, stderr, n_samples, n_correct, score_published,
        stderr_published, n_shot, task_version, task_hash, higher_is_better, is_group, parent, stderr_rule,
        is_approximate, flags, status, then the columns of ``runs`` without those of its source. Numbers are float64 with NaN for unknown.
        Ordered by run, then task, prompt, filter and metric. Costs what these benchmarks hold, not what the store holds.

        Args:
            benchmarks: Names in ``benchmarks``; unknown ones have no rows.
        """
        key = frozenset(benchmarks)
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is not None:
                self._kept[key] = kept
                return kept.copy(deep=False)
        made = self._scores(key)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > SCORES_KEPT:
                del self._kept[next(iter(self._kept))]
        return made.copy(deep=False)

    def scores_of(self, run_ids: Iterable[int]) -> pd.DataFrame:
        """Live results of these runs, every benchmark and metric, in the columns and order of ``scores``.

        Args:
            run_ids: Index values of ``runs``; runs that are not live have no rows.
        """
        state = self._state
        is_wanted = np.isin(state.runs["run_id"], np.fromiter(run_ids, np.int64)) & state.is_live
        positions, numbers_of, values = [], [], []
        for batch in state.batches:
            rows = np.flatnonzero(is_wanted[batch.position])
            positions.append(batch.position[rows].astype(np.int64))
            numbers_of.append(batch.signature()[rows])
            values.append(batch.values[:, rows])
        return _score_frame(
            state, self._runs, np.concatenate(positions), np.concatenate(numbers_of), np.concatenate(values, axis=1)
        )

    @property
    def measurements(self) -> pd.DataFrame:
        """What answering took, a row per live run and task that was measured, by run and task: ``frames_measured.COLUMNS``.

        run_id, run, model (NaN while its name waits), task, benchmark, n_requests, tokens_in, tokens_out, seconds (of
        answering), load_seconds, peak_memory_bytes, device_memory_bytes, energy_wh, cost_usd, model_bytes, fit_seconds
        (NaN for unknown), device, is_resumed.
        """
        return self._measurements.copy(deep=False)

    def facts(self, model: str) -> pd.DataFrame:
        """What sources say of one model, a row per value, readers' own first: ``FACT_COLUMNS``.

        field (a column of ``models``, ``release_date`` for the date), value (text, as written), origin (shipped, imported
        or reader), is_from_memory, note, source_title, source_url, source_kind, source_licence (None for unknown) and
        file (name of the stored file that the row came from; None for a reader's own).
        """
        rows = (*self._state.catalogue.own_facts, *self._state.catalogue.facts)
        return self._rows_of(rows, model, FACT_COLUMNS)

    def rumours(self, model: str) -> pd.DataFrame:
        """What is only said of one model: field, value, who_says, note, source_title, source_url, file."""
        return self._rows_of(self._state.catalogue.rumours, model, RUMOUR_COLUMNS)

    def _rows_of(self, rows: Iterable[Any], model: str, columns: tuple[str, ...]) -> pd.DataFrame:
        sources = self._state.sources
        found = [
            {**row, "file": sources[row["source_id"]].name if row["source_id"] is not None else None}
            for row in rows
            if row["model_id"] == model and is_shown(row, sources)
        ]
        return pd.DataFrame(found, columns=list(columns), dtype=object)

    def reference(self, name: str) -> pd.DataFrame:
        """A reference table whole, columns as its file declares them; no rows and no columns for an unknown name.

        ``hardware``, which has a table of its own in the store, may be asked for in the same way.
        """
        if name == "hardware":
            return self.hardware.reset_index() if len(self.hardware) else pd.DataFrame()
        with self._lock:
            known = self._references.get(name)
        if known is None:
            with self._store.reading() as connection:
                known = pd.DataFrame(read.reference_rows(connection, name))
            with self._lock:
                self._references[name] = known
        return known.copy(deep=False)

    @cached_property
    def hardware(self) -> pd.DataFrame:
        """Accelerators and machines, index ``id``, by id: the columns of the table; no rows and no columns without any."""
        with self._store.reading() as connection:
            rows = read.hardware_rows(connection)
        return pd.DataFrame(rows).set_index("id") if rows else pd.DataFrame()

    @cached_property
    def aliases(self) -> pd.DataFrame:
        """One row per alias that holds, readers' first: ``ALIAS_COLUMNS``; what ``lib.sources.resolver`` asks for."""
        with self._store.reading() as connection:
            return pd.DataFrame(read.alias_rows(connection), columns=list(ALIAS_COLUMNS))

    @cached_property
    def _live(self) -> NDArray[np.int64]:
        """Positions of the live runs in the order of their ids."""
        live = np.flatnonzero(self._state.is_live)
        order = np.argsort(self._state.runs["run_id"][live], kind="stable")
        return np.asarray(live[order], dtype=np.int64)

    @cached_property
    def _runs(self) -> pd.DataFrame:
        return run_frame(self._state.runs, self._state.vocabularies, self._live, self._state.sources)

    @cached_property
    def _measurements(self) -> pd.DataFrame:
        return measured_frame(self._state.measured, self._runs, self._state.places.benchmarks)

    @cached_property
    def _models(self) -> pd.DataFrame:
        catalogue, sources = self._state.catalogue, self._state.sources
        numbers = np.unique(self._state.runs["model"][self._live])
        names = self._state.vocabularies["model"].texts
        used = {names[number] for number in numbers if number >= 0}
        shown = [
            model
            for model in catalogue.models.values()
            if model["id"] in used or (model["origin"] != "community" and is_shown(model, sources))
        ]
        facts = [row for row in (*catalogue.facts, *catalogue.own_facts) if is_shown(row, sources)]
        return model_frame(shown, facts, [row for row in catalogue.rumours if is_shown(row, sources)])

    @cached_property
    def _benchmarks(self) -> pd.DataFrame:
        tasks = {row["task"]: row for row in self._state.catalogue.tasks if is_shown(row, self._state.sources)}
        return benchmark_frame(self._state, tasks)

    def _scores(self, wanted: Collection[str]) -> pd.DataFrame:
        state = self._state
        n_signatures = max((int(b.keys[-1]) + 1 for b in state.batches if len(b)), default=0)
        is_wanted = np.zeros(n_signatures, dtype=bool)
        for benchmark in wanted:
            numbers = np.array(state.places.of.get(benchmark, ()), dtype=np.int64)
            is_wanted[numbers[numbers < n_signatures]] = True
        positions, numbers_of, values = [], [], []
        for batch in state.batches:
            rows, signature = batch.rows_of(is_wanted)
            live = state.is_live[batch.position[rows]]
            rows, signature = rows[live], signature[live]
            positions.append(batch.position[rows].astype(np.int64))
            numbers_of.append(signature)
            values.append(batch.values[:, rows])
        return _score_frame(
            state, self._runs, np.concatenate(positions), np.concatenate(numbers_of), np.concatenate(values, axis=1)
        )


def _score_frame(
    state: State,
    runs: pd.DataFrame,
    position: NDArray[np.int64],
    signature: NDArray[np.int64],
    values: NDArray[np.float64],
) -> pd.DataFrame:
    used, local = np.unique(signature, return_inverse=True)
    kinds = [state.signatures.rows[number] for number in used]
    rank = np.empty(len(kinds), dtype=np.int64)
    # By everything a signature says, unknown first: the order of first sight must not show.
    rank[sorted(range(len(kinds)), key=lambda k: [(x is not None, x) for x in kinds[k]])] = np.arange(len(kinds))
    run_id = state.runs["run_id"][position]
    order = np.lexsort((rank[local], run_id))
    run_id, local = run_id[order], local[order]
    column = {name: [kind[i] for kind in kinds] for i, name in enumerate(read.SIGNATURE)}
    places = [state.places.benchmarks.place(kind[0], kind[3]).benchmark for kind in kinds]
    data: dict[str, Any] = {"run_id": run_id, "task": taken(column["task"], local), "benchmark": taken(places, local)}
    for name in ("prompt", "filter", "metric"):
        data[name] = taken(column[name], local)
    for name, row in zip(read.VALUES, values, strict=True):
        data[name] = row[order]
    data["n_shot"] = np.array(column["n_shot"], dtype=np.float64)[local]
    data["task_version"], data["task_hash"] = taken(column["task_version"], local), taken(column["task_hash"], local)
    directions = np.array([-1 if x is None else int(x) for x in column["higher_is_better"]], dtype=np.int8)
    data["higher_is_better"] = nullable(directions[local])
    data["is_group"] = np.array(column["is_group"], dtype=bool)[local]
    data["parent"], data["stderr_rule"] = taken(column["parent"], local), taken(column["stderr_rule"], local)
    data["is_approximate"] = np.array(column["is_approximate"], dtype=bool)[local]
    data["flags"], data["status"] = taken(column["flags"], local), taken(column["status"], local)
    row = np.searchsorted(runs.index.to_numpy(), run_id)
    # Long texts that no calculation asks for: who wants them finds them in the runs.
    for name in runs.columns.drop(list(SOURCE_COLUMNS)):
        data[str(name)] = runs[name].array.take(row)
    return pd.DataFrame(data)
