"""What does quality cost? Scores against a cost, how sure each model's place on the frontier is, and who is above a target.

Never a score divided by dollars: its best is always the cheapest model that scores at all.

Source: Pareto optimality for two objectives, drawn again with the errors of scores and estimated costs; Holm 1979,
Scand. J. Statistics 6:65 for the headline.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.stats import multiplicity
from lib.stats.frontier import ON, frontier_probability, on_frontier
from lib.stats.noninferiority import ALPHA, above_target

ABOVE, MAY, BELOW, SILENT = "above", "may reach", "below", ""
"""Shown to be above the target; scores above it and is not shown to be; scores below it; no interval."""
ROW_COLUMNS = (
    "model", "score", "cost", "p_on", "p_near", "on_line", "lower", "p", "p_holm", "verdict", "is_confirmed",
    "is_headline",
)  # fmt: skip


class CostFrontier(NamedTuple):
    """Models with a score and a cost.

    Args:
        rows: Cheapest first: the columns given, and ``ROW_COLUMNS``.
        target: The score asked about.
        n_variants: Rows left out because another variant of the same base stands for it.
    """

    rows: pd.DataFrame
    target: float
    n_variants: int

    @property
    def headline(self) -> pd.Series | None:
        """The cheapest model shown to be above the target, after Holm's correction; None: nobody."""
        found = self.rows[self.rows["is_headline"].to_numpy(bool)]
        return found.iloc[0] if len(found) else None

    @property
    def merely(self) -> pd.Series | None:
        """The cheapest model that scores above the target, shown or not; None: nobody."""
        found = self.rows[(self.rows["score"] > self.target).to_numpy(bool)]
        return found.iloc[0] if len(found) else None


def cost_frontier(rows: pd.DataFrame, target: float, *, alpha: float = ALPHA, n_variants: int = 0) -> CostFrontier:
    """Probabilities of the frontier and verdicts on a target.

    Args:
        rows: One row per model: model, score, stderr, n_samples, n_correct, has_interval, cost (above 0), sigma,
            shared_sigma. All of them are candidates for the headline, fixed before any verdict.
        target: Score, between 0 and 1.

    Returns:
        ``p_on``: share of replicates in which nothing as cheap scores more; ``p_near``: within a point of that; NaN for
        scores without an interval, which take no part. ``on_line``: of the line through the scores as they are, of those
        that take part. ``verdict``: a word of this module, each at ``alpha`` and not adjusted; ``is_confirmed`` after Holm's
        correction over all rows.
    """
    rows = rows.sort_values(["cost", "score", "model"], ascending=[True, False, True], kind="stable", ignore_index=True)
    cost, score, n, k = (rows[name].to_numpy(float) for name in ("cost", "score", "n_samples", "n_correct"))
    error = np.where(rows["stderr"].to_numpy(float) == 0, _cautious_error(n, k), rows["stderr"].to_numpy(float))
    is_sure = rows["has_interval"].to_numpy(bool) & (error > 0)
    stderr = np.where(is_sure, error, np.nan)
    chance = frontier_probability(
        cost, score, stderr, rows["sigma"].to_numpy(float), rows["shared_sigma"].to_numpy(float)
    )
    test = above_target(target, score, rows["stderr"].to_numpy(float), n, k)
    p = np.where(np.isnan(test.p), 1.0, test.p)
    adjusted = multiplicity.holm(p)
    best = multiplicity.headline(p, cost, alpha)
    verdict = np.where(score > target, MAY, BELOW).astype(object)
    verdict[~rows["has_interval"].to_numpy(bool)] = SILENT
    # The score test and its bound agree but for rounding; the p-value decides here and in the headline alike.
    verdict[~np.isnan(test.p) & (test.p < alpha)] = ABOVE
    marked = rows.assign(
        p_on=chance.on,
        p_near=chance.near,
        on_line=on_frontier(np.where(is_sure, cost, np.nan), score),
        lower=test.lower,
        p=test.p,
        p_holm=np.where(np.isnan(test.p), np.nan, adjusted),
        verdict=verdict,
        is_confirmed=(adjusted <= alpha) & ~np.isnan(test.p),
        is_headline=np.arange(len(rows)) == (-1 if best is None else best),
    )
    return CostFrontier(marked, target, n_variants)


def _cautious_error(n: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Standard error of a share of which all, or none, were right: that of two right and two wrong answers more.

    NaN without counts.

    Source:
        Agresti and Coull 1998.
    """
    share = (k + 2) / (n + 4)
    return np.asarray(np.sqrt(share * (1 - share) / (n + 4)), dtype=float)


def one_per_base(rows: pd.DataFrame, models: pd.DataFrame, places: pd.Series) -> pd.DataFrame:
    """One variant of each base model: the developer's own before others, then the one measured in most places.

    Base models are what ``finetuned_from`` and ``variant_of`` lead to.

    Args:
        rows: One row per model, column ``model``.
        models: ``Frames.models``.
        places: ``renown.places_measured``.
    """
    bases = {str(one): base_of(str(one), models) for one in rows["model"]}
    developers = models["developer"].astype(object).to_dict()
    order = sorted(
        range(len(rows)),
        key=lambda at: (
            developers.get(rows["model"].iloc[at]) != developers.get(bases[str(rows["model"].iloc[at])]),
            -int(places.get(rows["model"].iloc[at], 0)),
            str(rows["model"].iloc[at]),
        ),
    )
    first: dict[str, int] = {}
    for at in order:
        first.setdefault(bases[str(rows["model"].iloc[at])], at)
    return rows.iloc[sorted(first.values())]


def base_of(model: str, models: pd.DataFrame) -> str:
    """The model that a chain of fine-tunes and variants began with; itself where it is nobody's."""
    seen = [model]
    while seen[-1] in models.index:
        parents = (models.at[seen[-1], name] for name in ("variant_of", "finetuned_from"))
        known = [str(one) for one in parents if isinstance(one, str) and one and one not in seen]
        if not known:
            break
        seen.append(known[0])
    return seen[-1]


def usual_target(scores: pd.Series) -> float:
    """A round score to begin with: the multiple of 5 points that about a quarter of the models reach."""
    known = scores.dropna()
    if known.empty:
        return 0.5
    return float(np.clip(np.floor(known.quantile(0.75) * 20) / 20, 0.05, 0.95))


__all__ = ["ON", "CostFrontier", "base_of", "cost_frontier", "one_per_base", "usual_target"]
