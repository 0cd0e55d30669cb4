"""Training states of one model beside each other, each task measured the same way in all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

SAME_RUN = (
    "model",
    "kind",
    "evaluator",
    "document",
    "limit",
    "chat_template",
    "system_instruction",
    "quantisation",
    "start_token",
)
"""What must agree, unknown with unknown, for two runs to be states of one series."""
SAME_RESULT = ("task", "prompt", "metric", "filter", "n_shot", "task_version")
"""What must agree, unknown with unknown, for two results to stand in one row."""
MOST_STATES = 14


class Series(NamedTuple):
    """The series of one run.

    Args:
        states: One row per state shown, fewest tokens first: run_id, run, training_tokens, is_this.
        scores: Results of those runs that have a partner in this run: the columns of ``Frames.scores``, one per state and
            combination of ``SAME_RESULT``.
        n_states: Different states that there are, shown or not.
        n_doubles: Further runs of a state shown that repeat its results.
    """

    states: pd.DataFrame
    scores: pd.DataFrame
    n_states: int
    n_doubles: int


def siblings(runs: pd.DataFrame, run_id: int) -> pd.DataFrame:
    """Runs of the same model under the same conditions whose training state is known, this one included.

    Args:
        runs: ``Frames.runs``.

    Returns:
        Rows of ``runs``; none where the run itself has no known state or no model, or no other state is there.
    """
    if run_id not in runs.index:
        return runs[:0]
    own = runs.loc[run_id]
    if pd.isna(own["model"]) or pd.isna(own["training_tokens"]):
        return runs[:0]
    fits = (runs["training_tokens"].notna() & (runs["model"] == own["model"])).to_numpy(bool)
    for name in SAME_RUN:
        is_same = runs[name].isna() if pd.isna(own[name]) else runs[name] == own[name]
        fits = fits & is_same.fillna(False).to_numpy(bool)
    found = runs[fits]
    return found if found["training_tokens"].nunique() > 1 else runs[:0]


def series(runs: pd.DataFrame, scores: pd.DataFrame, run_id: int, *, most: int = MOST_STATES) -> Series | None:
    """The series that a run is in.

    Of several runs of one state, that with the most results of this run's kind is taken, then the one whose model is spelled the same, then the
    lower digest. Where there are more states than ``most``, the first, the last and this one stay, and of the rest
    those that are spread most evenly over the order.

    Args:
        runs: Of ``siblings``.
        scores: Their results, columns of ``Frames.scores``.
        run_id: The run that the page is about.

    Returns:
        None where fewer than two states share a result.
    """
    own = scores[scores["run_id"] == run_id]
    if own.empty:
        return None
    kept = scores[_keys(scores).isin(set(_keys(own)))]
    if kept["run_id"].nunique() < 2:
        return None
    table = runs.loc[sorted(kept["run_id"].unique())]
    n_shared = kept["run_id"].value_counts()
    order = pd.DataFrame(
        {
            "run_id": table.index,
            "run": table["run"].astype(str).to_numpy(),
            "training_tokens": table["training_tokens"].to_numpy(float),
            "is_this": table.index == run_id,
            "n": n_shared.reindex(table.index).to_numpy(),
            "is_spelled": (table["model_name"] == runs.at[run_id, "model_name"]).fillna(False).to_numpy(bool),
        }
    )
    order = order.sort_values(
        ["training_tokens", "is_this", "n", "is_spelled", "run"], ascending=[True, False, False, False, True]
    )
    first = order.drop_duplicates("training_tokens")
    if len(first) < 2:
        return None
    states = first.iloc[_spread(len(first), int(np.flatnonzero(first["is_this"])[0]), most)].reset_index(drop=True)
    doubles = order["training_tokens"].isin(states["training_tokens"]).sum() - len(states)
    shown = kept[kept["run_id"].isin(states["run_id"])].reset_index(drop=True)
    return Series(states[["run_id", "run", "training_tokens", "is_this"]], shown, len(first), int(doubles))


def _keys(scores: pd.DataFrame) -> pd.Series:
    """One text per combination of ``SAME_RESULT``; unknown is a value of its own."""
    columns = [scores[name].astype(object).where(scores[name].notna(), None) for name in SAME_RESULT]
    return pd.Series([repr(key) for key in zip(*columns, strict=True)], scores.index, dtype=object)


def _spread(n: int, this: int, most: int) -> list[int]:
    """At most ``most`` of ``n`` positions in order: first, last, ``this``, the rest evenly."""
    if n <= most:
        return list(range(n))
    picked = {0, n - 1, this}
    for position in np.linspace(0, n - 1, most).round().astype(int):
        if len(picked) >= most:
            break
        picked.add(int(position))
    return sorted(picked)
