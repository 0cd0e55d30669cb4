"""How full a benchmark is: who reaches the ceiling, who cannot be told from the best, who is not above guessing.

All three are judged from intervals, never from scores alone, and each model by itself at 95%: nothing is adjusted for
the number of models, and the best of many is partly the luckiest of many.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.stats.intervals import is_small_or_extreme, newcombe, unpaired_difference
from lib.stats.normalisation import z_against_chance

CEILING = 1.0
ABOVE_CHANCE_Z = 1.645
"""One-sided 5%: with a smaller z a score is "not distinguishable from chance"."""

Flags = NDArray[np.bool_]


class Saturation(NamedTuple):
    """Counts over the models of one protocol.

    Args:
        n_models: Models with a score.
        n_judged: Those whose score has an interval; the other counts are of these.
        ceiling: The highest score there can be, a fraction; None where there is no ceiling (perplexity).
        n_at_ceiling: Models whose interval reaches the ceiling.
        best: Id of the best-scoring judged model, '' without one.
        n_like_best: Judged models whose difference to it has an interval that contains 0, itself included.
        chance: Score of guessing; None where it is not known.
        n_like_chance: Judged models that are not shown to be above it.
    """

    n_models: int
    n_judged: int
    ceiling: float | None
    n_at_ceiling: int
    best: str
    n_like_best: int
    chance: float | None
    n_like_chance: int


def judge(
    rows: pd.DataFrame,
    *,
    ceiling: float | None = CEILING,
    chance: float | None = None,
    higher_is_better: bool = True,
) -> pd.DataFrame:
    """What can be said of each model of one protocol and one benchmark.

    Args:
        rows: ``measurements.Measured.rows`` of one benchmark, one row per model: model, score, stderr, ci_low,
            ci_high, n_samples, n_correct.
        ceiling: Highest score that can be had (1, or the share of questions whose answers are right); None: no ceiling.
        chance: Score of guessing; None: not known.

    Returns:
        A copy with boolean columns, False throughout where a row has no interval:
        ``is_judged``: it has one;
        ``reaches_ceiling``: the interval reaches the ceiling or goes beyond;
        ``is_best``: the best-scoring judged model, of equal ones the first in the order of ``model``;
        ``is_like_best``: the 95% interval of its difference to the best contains 0, or none can be had (true of
        the best);
        ``is_like_chance``: not shown to be above guessing.

    Source:
        Difference of two unpaired scores: the normal interval where both have 300 questions or more and lie between 5%
        and 95%, or where there are no counts; else Newcombe 1998, Statistics in Medicine 17:873-890, method 10. The
        questions are the same for all, so the true intervals are narrower where answers agree (pairing is ignored).
        Chance: z = (p - c) / sqrt(c (1 - c) / n) against 1.645, from the standard error where there is no n; where
        guessing scores 0, one right answer is above it.
    """
    is_judged = rows["ci_low"].notna().to_numpy(bool) & rows["score"].notna().to_numpy(bool)
    nothing = np.zeros(len(rows), bool)
    is_best, is_like_best = nothing.copy(), nothing
    if is_judged.any():
        value = rows["score"].to_numpy(float) if higher_is_better else -rows["score"].to_numpy(float)
        first = rows["model"].astype(str).to_numpy()
        candidates = np.flatnonzero(is_judged)
        best = min(candidates, key=lambda i: (-value[i], first[i]))
        is_best[best] = True
        is_like_best = (is_judged & _cannot_be_told(rows, int(best))) | is_best
    return rows.assign(
        is_judged=is_judged,
        reaches_ceiling=is_judged & (rows["ci_high"].to_numpy(float) >= ceiling) if ceiling is not None else nothing,
        is_best=is_best,
        is_like_best=is_like_best,
        is_like_chance=is_judged & _is_like_chance(rows, chance) if chance is not None else nothing,
    )


def saturation(judged: pd.DataFrame, *, ceiling: float | None = CEILING, chance: float | None = None) -> Saturation:
    """The counts of ``judge``, which was given the same ceiling and chance."""
    best = judged.loc[judged["is_best"].to_numpy(bool), "model"].tolist()
    return Saturation(
        int(judged["score"].notna().sum()),
        int(judged["is_judged"].sum()),
        ceiling,
        int(judged["reaches_ceiling"].sum()),
        str(best[0]) if best else "",
        int(judged["is_like_best"].sum()),
        chance,
        int(judged["is_like_chance"].sum()),
    )


def _cannot_be_told(rows: pd.DataFrame, best: int) -> Flags:
    """The interval of the difference to row ``best`` contains 0, or there is none."""
    score, stderr, n, k = (rows[c].to_numpy(float, na_value=np.nan) for c in ("score", "stderr", "n_samples", "n_correct"))  # fmt: skip
    wald = unpaired_difference(score[best], stderr[best], score, stderr)
    has_counts = np.isfinite(k) & np.isfinite(n) & np.isfinite(k[best]) & np.isfinite(n[best])
    is_delicate = is_small_or_extreme(score, n) | is_small_or_extreme(score[best], n[best])
    low, high = wald.low, wald.high
    by_counts = has_counts & is_delicate
    if by_counts.any():
        hybrid = newcombe(k[best], n[best], k[by_counts], n[by_counts])
        low, high = low.copy(), high.copy()
        low[by_counts], high[by_counts] = hybrid.low, hybrid.high
    # Without an interval of the difference nothing is shown, either.
    return np.asarray(~((low > 0) | (high < 0)), bool)


def _is_like_chance(rows: pd.DataFrame, chance: float) -> Flags:
    score, stderr, n, k = (rows[c].to_numpy(float, na_value=np.nan) for c in ("score", "stderr", "n_samples", "n_correct"))  # fmt: skip
    has_counts = np.isfinite(k) & np.isfinite(n)
    if chance <= 0:
        return np.asarray(np.where(has_counts, k <= 0, z_against_chance(score, stderr, chance) < ABOVE_CHANCE_Z), bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.where(has_counts, np.sqrt(chance * (1 - chance) / n), stderr)
    return np.asarray(z_against_chance(score, spread, chance) < ABOVE_CHANCE_Z, bool)
