"""Which stored logs hold answers of a candidate and of the reference to the same questions, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, NamedTuple, Protocol

import pandas as pd
import pyarrow as pa

from lib.analysis import paired
from lib.analysis.cheapest import Pair
from lib.analysis.group_parts import Results, Row, shared_parts
from lib.analysis.paired import Paired
from lib.analysis.stored_answers import are_of_group, are_of_scores, stderr_of, together
from lib.errors import RefusedInput, Unavailable

Log = tuple[int, str]
Read = Callable[[Log, list[str]], pa.Table]
"""Reads the given columns of one log, (run id, task)."""


class Stored(Protocol):
    """What the results behind a panel are looked up in (``Frames``)."""

    @property
    def benchmarks(self) -> pd.DataFrame: ...
    def scores(self, benchmarks: Iterable[str]) -> pd.DataFrame: ...
    def scores_of(self, run_ids: Iterable[int]) -> pd.DataFrame: ...


class Ask(NamedTuple):
    """Two results whose logs may hold the same questions.

    Args:
        model, benchmark: Of the candidate.
        own, reference: Results of the candidate and of the reference.
        parts: Of a group without logs of its own: its parts, as results of both.
        is_weighted: How the score of such a group weighs them.
    """

    model: str
    benchmark: str
    own: Row
    reference: Row
    parts: tuple[tuple[Row, Row], ...] = ()
    is_weighted: bool = True


def stored_pairs(
    complete: pd.DataFrame, reference: str, frames: Stored, logs_of: Callable[[list[int]], pd.DataFrame], read: Read
) -> tuple[Pair, ...]:
    """What the stored answers of a panel's candidates and reference say; no log is opened that decides nothing.

    Args:
        complete: ``Panel.rows``: model, benchmark, run_id, run_kind, metric.
        reference: Model id.
        frames: The store.
        logs_of: Which logs there are of some runs: run_id, task.
        read: How to read one. The reference's is read once for all candidates.
    """
    raw = complete[(complete["run_kind"] == "raw").to_numpy(bool)]
    if not (raw["model"] == reference).any():
        return ()
    logs = logs_of(sorted({int(run) for run in raw["run_id"]}))
    stored = set(zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True))
    logged = raw[raw["run_id"].isin({run for run, _ in stored})]
    benchmarks = set(logged.loc[logged["model"] == reference, "benchmark"])
    logged = logged[logged["benchmark"].isin(benchmarks)]
    if logged["model"].nunique() < 2:
        return ()
    return pair_all(asks(logged, reference, frames, stored), read)


def asks(logged: pd.DataFrame, reference: str, frames: Stored, stored: Set[Log]) -> tuple[Ask, ...]:
    """One per candidate and benchmark of which logs are stored for both, of the task or of every part of a group.

    Args:
        logged: Rows of a panel whose runs have logs.
        reference: Model id, in the panel.
        frames: The store.
        stored: The logs.
    """
    runs = {int(one) for one in logged["run_id"]}
    scores = frames.scores(sorted({str(one) for one in logged["benchmark"]}))
    scores = scores[scores["run_id"].isin(runs) & (scores["status"] == "scored")]
    # A benchmark that a run holds in several rows is left out.
    scores = scores.drop_duplicates(["run_id", "benchmark", "metric"], keep=False)
    known: dict[tuple[Any, ...], Row] = {(row["run_id"], row["benchmark"], row["metric"]): _plain(row) for row in scores.to_dict("records")}  # fmt: skip
    of_parts = None
    if scores["is_group"].any():
        part_of = {str(name): str(whole) for name, whole in frames.benchmarks["part_of"].dropna().items()}
        of_parts = Results(frames.scores_of(runs), part_of)
    base = logged[logged["model"] == reference].set_index("benchmark")
    found = []
    for row in logged[logged["model"] != reference].to_dict("records"):
        name = row["benchmark"]
        own, other = (known.get((one["run_id"], name, one["metric"])) for one in (row, base.loc[name]))
        if own is None or other is None or own["filter"] != other["filter"]:
            continue
        ask = _ask(str(row["model"]), str(name), own, other, of_parts, stored)
        found += [ask] if ask is not None else []
    return tuple(found)


def _ask(model: str, benchmark: str, own: Row, other: Row, of_parts: Results | None, stored: Set[Log]) -> Ask | None:
    if _log(own) in stored and _log(other) in stored:
        return Ask(model, benchmark, own, other)
    shared = None if of_parts is None else shared_parts(of_parts.parts(own), of_parts.parts(other))
    if shared is None or not all(_log(row) in stored for both in shared for row in both):
        return None
    is_weighted = of_parts is not None and (found := of_parts.parts(own)) is not None and found.is_weighted
    return Ask(model, benchmark, own, other, shared, is_weighted)


def pair_all(asked: Sequence[Ask], read: Read) -> tuple[Pair, ...]:
    """The pairs that are the answers behind the scores, and allow a verdict."""
    kept: dict[tuple[Log, tuple[str, ...]], pa.Table | None] = {}

    def of_reference(log: Log, columns: list[str]) -> pa.Table:
        key = log, tuple(columns)
        if key not in kept:
            kept[key] = read(log, columns)
        return kept[key]

    found = [_pair(one, read, of_reference) for one in asked]
    return tuple(one for one in found if one is not None)


def _pair(one: Ask, read: Read, of_reference: Read) -> Pair | None:
    try:
        if one.parts:
            joined = together([_joined(*both, read, of_reference) for both in one.parts], is_weighted=one.is_weighted)
            if not are_of_group(one.own, one.reference, one.parts, joined):
                return None
            delta, stderr, _ = (float(x) for x in joined.difference)
            return Pair(one.model, one.benchmark, joined.counts, delta, stderr, joined.n, "; ".join(joined.cautions))
        found = _joined(one.own, one.reference, read, of_reference)
    except (RefusedInput, Unavailable):
        # Whatever stands in the way of pairing leaves the unpaired comparison, which says so.
        return None
    if not are_of_scores(one.own, one.reference, found) or found.n < 2:
        return None
    counts = None
    if found.n11 is not None and found.n10 is not None and found.n01 is not None and found.n00 is not None:
        counts = (found.n11, found.n10, found.n01, found.n00)
    delta = float(found.differences.mean())
    return Pair(one.model, one.benchmark, counts, delta, stderr_of(found), found.n, "; ".join(found.cautions))


def _joined(own: Row, other: Row, read: Read, of_reference: Read) -> Paired:
    metric, kind = str(own["metric"]), str(own["filter"])
    columns = paired.columns_needed(metric, own, other)
    tables = read(_log(own), columns), of_reference(_log(other), columns)
    return paired.pair(*tables, metric, kind, about_a=own, about_b=other)


def _log(row: Row) -> Log:
    return int(row["run_id"]), str(row["task"])


def _plain(row: Mapping[Any, Any]) -> Row:
    return {str(name): value for name, value in row.items()}
