"""What a job scored: the usual metric of each of its runs, with intervals, and where it can be held against others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import job_words, run_tree
from lib.store.frames import Frames
from lib.ui.traces import Traces
from lib.ui.views.run import score_text

MOST_ROWS = 60


class JobScores(NamedTuple):
    """Scores of the runs of a job.

    Args:
        table: name (the task), interval, n_samples, metric: a row per task of each run and its usual metric.
        benchmarks: Name and label of each benchmark that has a page, in the order of the table.
        model: Id and name of the model that the runs belong to; both '' where its name waits for a model, or the runs are
            several models'.
        waiting: Name as written that waits for a model; ''.
        n_more: Rows beyond ``MOST_ROWS``.
    """

    table: pd.DataFrame
    traces: Traces
    benchmarks: tuple[tuple[str, str], ...]
    model: tuple[str, str]
    waiting: str
    n_more: int


def job_scores(frames: Frames, *, runs: tuple[str, ...]) -> JobScores:
    """Scores of these runs (beginnings of digests); those that are not in the store any more are left out."""
    held = frames.runs[frames.runs["run"].isin([run[:12] for run in runs])]
    rows, digests = [], []
    for run_id, digest in zip(held.index, held["run"].astype(str), strict=True):
        scored = run_tree.one_metric(frames.scores_of([run_id]), run_tree.HEADLINE, frames.benchmarks)
        tree = run_tree.tree(scored, frames.benchmarks)
        tree = tree[tree["score"].notna()]
        rows.append(tree)
        digests += [digest] * len(tree)
    tree = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    shown = tree[:MOST_ROWS]
    known, named = held["model"].dropna().unique(), held.loc[held["model"].isna(), "model_name"].dropna()
    model = str(known[0]) if len(known) == 1 and not len(named) else ""
    return JobScores(
        *_table(shown, digests[:MOST_ROWS], model),
        _benchmarks(frames, shown),
        (model, str(frames.models["name"][model]) if model else ""),
        str(named.iloc[0]) if len(named) else "",
        max(0, len(tree) - MOST_ROWS),
    )


def _table(tree: pd.DataFrame, digests: list[str], model: str) -> tuple[pd.DataFrame, Traces]:
    if tree.empty:
        return pd.DataFrame(columns=["name", "interval", "n_samples", "metric"]), Traces([])
    table = pd.DataFrame(
        {
            "name": [job_words.task_name(one, 90) for one in tree["name"]],
            "interval": [score_text(row) for _, row in tree.iterrows()],
            "n_samples": tree["n_samples"].to_numpy(float, na_value=np.nan),
            "metric": [str(one) for one in tree["metric"]],
        }
    )
    benchmarks = tree["benchmark"].astype(object).where(tree["benchmark"].notna(), "").astype(str).tolist()
    names = list(table.columns)
    return table, Traces([model] * len(table), dict.fromkeys(names, digests), dict.fromkeys(names, benchmarks))


def _benchmarks(frames: Frames, tree: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    if tree.empty:
        return ()
    named = [one for one in dict.fromkeys(tree["benchmark"].dropna().astype(str)) if one in frames.benchmarks.index]
    return tuple((one, str(frames.benchmarks.at[one, "label"])) for one in named)
