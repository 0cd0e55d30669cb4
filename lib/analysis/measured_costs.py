"""What answering took in runs of one's own, as costs beside the scores of these very runs: dollars and seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.cost_bases import COST_COLUMNS, nothing
from lib.stats.cost import cost_per_correct

RUN_OF = "run"
"""Value of ``fields`` for a cost that was measured in the run of the score."""
SUMMED = ("n_requests", "tokens_in", "tokens_out", "seconds", "cost_usd", "energy_wh")


def of_scores(scores: pd.DataFrame, measurements: pd.DataFrame, benchmarks: Sequence[str]) -> pd.DataFrame:
    """What answering all these benchmarks took, of the runs that the scores are from.

    Args:
        scores: Index ``model``: run (beginnings of digests, parted by blanks).
        measurements: ``Frames.measurements``.
        benchmarks: The set that the score is over.

    Returns:
        Index ``model``; ``SUMMED``, each summed over the benchmarks (NaN as soon as one of them lacks it), and ``device``,
        which is '' for an endpoint and several in words. Only models of which every benchmark was measured.
    """
    wanted = set(benchmarks)
    of_run = {str(run): str(model) for model, runs in scores["run"].items() for run in str(runs).split()}
    is_wanted = measurements["benchmark"].isin(wanted) & measurements["run"].isin(of_run)
    own = measurements[is_wanted.to_numpy(bool)]
    own = own.assign(model=[of_run[run] for run in own["run"]])
    n_measured = own.groupby("model")["benchmark"].nunique()
    complete = n_measured.index[n_measured == len(wanted)]
    own = own[own["model"].isin(complete).to_numpy(bool)]
    sums = own.groupby("model")[list(SUMMED)].agg(_total)
    devices = own.groupby("model")["device"].agg(_names)
    return sums.assign(device=devices).rename_axis("model")


def of_time(scores: pd.DataFrame, took: pd.DataFrame) -> pd.DataFrame:
    """Seconds per question, of answering only.

    Args:
        scores: Index ``model``: n_samples.
        took: Of ``of_scores``.

    Returns:
        Index ``model``, ``cost_bases.COST_COLUMNS``; models without a number of questions or a time are left out.
    """
    cost = took["seconds"] / scores["n_samples"].reindex(took.index)
    return _costs(took, cost)


def of_money(scores: pd.DataFrame, took: pd.DataFrame, *, per_correct: bool) -> pd.DataFrame:
    """Dollars paid for all questions, or for each right answer: as :func:`of_time`.

    Source:
        The second is the first over n p (``lib.stats.cost.cost_per_correct``).
    """
    own = scores.reindex(took.index)
    paid = took["cost_usd"]
    if per_correct:
        n, share = own["n_samples"].to_numpy(float), own["score"].to_numpy(float)
        paid = pd.Series(cost_per_correct(paid.to_numpy(float), share, n), took.index)
    return _costs(took, paid)


def told(row: Any) -> str:
    """``1,600 requests, 16,148 tokens in, 845 out, 12 s on cpu``; what is unknown is left out."""
    parts = [
        formats.counted(row["n_requests"], "request") if formats.known(row["n_requests"]) else "",
        f"{formats.count(row['tokens_in'])} tokens in" if formats.known(row["tokens_in"]) else "",
        f"{formats.count(row['tokens_out'])} out" if formats.known(row["tokens_out"]) else "",
        f"{formats.plain(row['seconds'])} s" if formats.known(row["seconds"]) else "",
    ]
    where = f" on {formats.one_line(row['device'], 60)}" if row["device"] else ""
    return ", ".join(part for part in parts if part) + where


def _total(column: pd.Series) -> float:
    return float(column.sum(skipna=False))


def _names(column: pd.Series) -> str:
    return ", ".join(sorted(set(column.dropna())))


def _costs(took: pd.DataFrame, cost: pd.Series) -> pd.DataFrame:
    """Measured once each: exact, so nothing is drawn for them."""
    values = cost.to_numpy(float)
    is_known = np.isfinite(values) & (values > 0)
    if not is_known.any():
        return nothing()
    found = pd.DataFrame(
        {
            **dict.fromkeys(("cost", "cost_low", "cost_high"), values),
            "sigma": 0.0,
            "shared_sigma": 0.0,
            "told": [f"measured: {told(row)}" for row in took.to_dict("records")],
            "source": "",
            "fields": RUN_OF,
            "is_assumed": False,
            "is_own": False,
        },
        index=pd.Index(took.index.astype(object), name="model"),
    )
    return found.loc[is_known, list(COST_COLUMNS)]
