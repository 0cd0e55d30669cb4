"""Behind every table: how many of its cells are empty, for which reasons, and the way to the page that has each one.

The reasons are those of ``lib.analysis.coverage``; here they are only looked up, at the models and benchmarks of a table.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from lib import formats
from lib.analysis import coverage, measurements
from lib.schema.columns import COLUMNS
from lib.store.frames import Frames
from lib.store.withdrawn import only_withdrawn
from lib.ui import cached, links
from lib.ui.traces import Traces
from lib.ui.views.withdrawn import placed

WORDS = {
    coverage.NEVER: "never run",
    coverage.OTHER_PROTOCOL: "measured only in another way",
    "quantised weights": "measured only on quantised weights",
    "unfinished training state": "measured only on unfinished states of training",
    "a part of the questions": "measured only on a part of the questions",
    coverage.FAILED: "failed",
    "refused": "refused",
    "unparsed": "answer not understood",
    "no value in the file": "no value in the file",
    "withdrawn source": "withdrawn",
}
"""Reason, or what more is said of it, to what the line says."""
MEANS = "means that lack a benchmark"


class Told(NamedTuple):
    """What a table's line says.

    Args:
        scores: Words to number of empty cells that would hold a score.
        facts: Words to number of empty cells that would hold a fact.
        benchmarks: Those of the empty scores, for the way to the coverage.
    """

    scores: dict[str, int]
    facts: dict[str, int]
    benchmarks: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.scores or self.facts)


NOTHING = Told({}, {}, ())
_KNOWN: dict[int, tuple[weakref.ref[pd.DataFrame], Told]] = {}
"""By the identity of a table, as long as that lives: finished views keep theirs from rerun to rerun."""


def show(rows: pd.DataFrame, traces: Traces | None) -> None:
    """The line under a table, where it has empty cells.

    Args:
        rows: The table; not to be changed any more.
        traces: Its traces: models of the rows, benchmarks of the columns that hold scores.
    """
    kept = _KNOWN.get(id(rows))
    if kept is None or kept[0]() is not rows:
        key = id(rows)
        kept = weakref.ref(rows, lambda _: _KNOWN.pop(key, None)), _of_table(rows, traces)
        _KNOWN[key] = kept
    draw(kept[1])


def draw(told: Told) -> None:
    """The line itself; nothing where nothing is empty."""
    if not told:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[{formats.markdown(words(told), 600)}]")
        if told.benchmarks:
            links.link("data", ":small[:blue[Why, cell by cell →]]", {"part": "coverage", "bench": [*told.benchmarks]})


def words(told: Told) -> str:
    """``Empty cells. Scores: 12 never run, 3 failed. Facts: 4 not stated.``; plain text."""
    parts = []
    for title, counts in (("Scores", told.scores), ("Facts", told.facts)):
        if counts:
            listed = ", ".join(f"{formats.count(n)} {word}" for word, n in counts.items())
            parts.append(f"{title}: {listed}.")
    return f"Empty cells. {' '.join(parts)}" if parts else ""


def of_scores(pairs: Iterable[tuple[str, str]]) -> Told:
    """What is to be said of empty cells, each a model (id) and a benchmark."""
    wanted = list(pairs)
    benchmarks = tuple(dict.fromkeys(benchmark for _, benchmark in wanted))
    if not wanted:
        return NOTHING
    reasons = cached.made(matrix, benchmarks=benchmarks)
    row = cached.frames().models.index.get_indexer(pd.Index([model for model, _ in wanted], dtype=object))
    column = np.array([benchmarks.index(benchmark) for _, benchmark in wanted])
    found = [str(reasons[i, j]) for i, j in zip(row, column, strict=True) if i >= 0]
    return Told(_ordered(Counter(found)), {}, benchmarks)


def matrix(frames: Frames, *, benchmarks: tuple[str, ...]) -> np.ndarray:
    """Why a cell would be empty, in words, by model (in the order of ``Frames.models``) and benchmark."""
    cells = coverage.cells(
        list(frames.models.index),
        benchmarks,
        measured=measurements.empty(),
        results=frames.scores(benchmarks),
        withdrawn=placed(frames, cached.stored(only_withdrawn), benchmarks),
    )
    kinds = cells["detail"].where(cells["detail"] != "", cells["reason"].astype(object))
    return kinds.map(lambda one: WORDS.get(one, one)).to_numpy(object).reshape(-1, max(len(benchmarks), 1))


def _of_table(rows: pd.DataFrame, traces: Traces | None) -> Told:
    if traces is None or len(traces.models) != len(rows):
        return NOTHING
    pairs: list[tuple[str, str]] = []
    facts: Counter[str] = Counter()
    n_means = 0
    for name in map(str, rows.columns):
        is_empty = _is_empty(rows[name])
        if not is_empty.any():
            continue
        at = np.flatnonzero(is_empty)
        benchmark = traces.benchmarks.get(name)
        if name in traces.runs and benchmark is not None:
            of: Sequence[str] = [benchmark] * len(rows) if isinstance(benchmark, str) else benchmark
            # Where a run stands behind an empty cell, a score is there: the cell says something else about it.
            without = [int(i) for i in at if not traces.runs[name][int(i)]]
            found = [(str(traces.models[i]), str(of[i])) for i in without]
            pairs += [one for one in found if all(one)]
            n_means += sum(1 for model, one in found if model and not one)
        elif name in COLUMNS and name not in traces.runs and COLUMNS[name].unknown != formats.UNKNOWN:
            facts[COLUMNS[name].unknown] += len(at)
    told = of_scores(pairs)
    means = {MEANS: n_means} if n_means else {}
    return Told({**told.scores, **means}, dict(facts.most_common()), told.benchmarks)


def _is_empty(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy(bool)
    if not missing.all() and not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_datetime64_any_dtype(column):  # fmt: skip
        missing = missing | column.isin(["", formats.UNKNOWN]).to_numpy(bool)
    return missing


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Reasons in the order of ``WORDS``."""
    order = {word: place for place, word in enumerate(WORDS.values())}
    return dict(sorted(counts.items(), key=lambda one: order.get(one[0], len(order))))
