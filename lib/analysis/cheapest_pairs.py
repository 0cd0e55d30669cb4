"""Which stored logs hold answers of a candidate and of the reference to the same questions, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from lib.analysis import paired
from lib.analysis.cheapest import Pair
from lib.errors import RefusedInput, Unavailable
from lib.stats.paired import paired_stderr

ABOUT = (
    "evaluator", "document", "task", "benchmark", "prompt", "task_version", "task_hash", "metric", "filter", "limit",
    "n_samples", "n_shot", "chat_template", "system_instruction", "backend", "seeds", "harness_commit",
    "evaluator_version", "start_token", "is_multiturn", "dtype", "quantisation",
)  # fmt: skip
Log = tuple[int, str]
Read = Callable[[Log, Log, list[str]], tuple[pa.Table, pa.Table]]
"""Reads the given columns of two logs, (run id, task) each."""


class Ask(NamedTuple):
    """Two logs that may hold the same questions; plain values, so that answers can be kept by them.

    Args:
        model, benchmark: Of the candidate.
        log, log_reference: (run id, task).
        metric, filter: Of the results.
        about, about_reference: (field, value) of what decides whether the two may be compared.
    """

    model: str
    benchmark: str
    log: Log
    log_reference: Log
    metric: str
    filter: str
    about: tuple[tuple[str, Any], ...]
    about_reference: tuple[tuple[str, Any], ...]


def asks(complete: pd.DataFrame, reference: str, scores: pd.DataFrame) -> tuple[Ask, ...]:
    """What might be read for a panel: one per candidate and benchmark whose result, and the reference's, came from a run.

    Args:
        complete: ``Panel.rows``: model, benchmark, run_id, run_kind, metric.
        reference: Model id.
        scores: ``Frames.scores`` of these benchmarks; a benchmark that a run holds in several rows is left out.
    """
    raw = complete[complete["run_kind"] == "raw"]
    base = raw[raw["model"] == reference].set_index("benchmark")
    others = raw[(raw["model"] != reference) & raw["benchmark"].isin(base.index)]
    if others.empty:
        return ()
    runs = set(others["run_id"]) | set(base["run_id"])
    rows = scores[scores["run_id"].isin(runs) & (scores["status"] == "scored")]
    rows = rows.drop_duplicates(["run_id", "benchmark", "metric"], keep=False)
    known = {(row["run_id"], row["benchmark"], row["metric"]): row for row in rows.to_dict("records")}
    found = []
    for row in others.to_dict("records"):
        name, of = row["benchmark"], base.loc[row["benchmark"]]
        own, other = (known.get((one["run_id"], name, one["metric"])) for one in (row, of))
        if own is not None and other is not None and own["filter"] == other["filter"]:
            logs = (int(own["run_id"]), str(own["task"])), (int(other["run_id"]), str(other["task"]))
            found.append(Ask(str(row["model"]), str(name), *logs, str(own["metric"]), str(own["filter"]), _about(own), _about(other)))  # fmt: skip
    return tuple(found)


def pair_all(asked: Sequence[Ask], logs: pd.DataFrame, read: Read) -> tuple[Pair, ...]:
    """The pairs that allow a verdict, of those whose logs are stored.

    Args:
        asked: Result of ``asks``.
        logs: Stored logs: run_id, task.
        read: How to read two of them.
    """
    stored = set(zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True))
    found = [_pair(one, read) for one in asked if one.log in stored and one.log_reference in stored]
    return tuple(one for one in found if one is not None)


def runs_of(asked: Sequence[Ask]) -> list[int]:
    """Every run that is asked for."""
    return sorted({run for one in asked for run, _ in (one.log, one.log_reference)})


def _pair(one: Ask, read: Read) -> Pair | None:
    about, other = dict(one.about), dict(one.about_reference)
    try:
        a, b = read(one.log, one.log_reference, paired.columns_needed(one.metric, about, other))
        found = paired.pair(a, b, one.metric, one.filter, about_a=about, about_b=other)
    except (RefusedInput, Unavailable):
        # Whatever stands in the way of pairing leaves the unpaired comparison, which says so.
        return None
    if not found.has_verdict or found.n < 2:
        return None
    d = found.differences
    counts = None
    stderr = float(d.std(ddof=1) / np.sqrt(found.n))
    if found.n11 is not None and found.n10 is not None and found.n01 is not None and found.n00 is not None:
        counts = (found.n11, found.n10, found.n01, found.n00)
        stderr = float(paired_stderr(found.n10, found.n01, found.n))
    return Pair(one.model, one.benchmark, counts, float(d.mean()), stderr, found.n, "; ".join(found.cautions))


def _about(row: Mapping[Any, Any]) -> tuple[tuple[str, Any], ...]:
    """Fields of a result as plain values, the unknown ones left out."""
    known = ((field, row.get(field)) for field in ABOUT)
    return tuple((field, value) for field, value in known if value is not None and value == value and value != "")
