"""Who is first, and how sure that is: ranks over tasks, rank intervals of one score, Bradley-Terry strengths.

Tables have one row per model and one column per task; rank 1 is the largest score. Which models are in the list changes
every number here: print how many there are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, log_ndtr, ndtr

from lib.stats.intervals import LEVEL
from lib.stats.multiplicity import holm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALPHA = 0.05
RESAMPLES = 2_000
SEED = 20_231_107
FEWEST_TASKS = 5
"""Below so many tasks the Friedman test and the critical difference mean nothing."""


def ranks(scores: ArrayLike) -> Floats:
    """Rank of each score in its column, 1 the largest, ties averaged: as many stand above, plus half of the others alike.

    Raises:
        ValueError: If a score is missing: a rank among some models is another rank.
    """
    table = np.asarray(scores, float)
    if np.isnan(table).any():
        raise ValueError("ranks need a score of every model on every task")
    columns = table.reshape(len(table), -1)
    found = np.empty(columns.shape)
    for place, column in enumerate(columns.T):
        ordered = np.sort(column)
        above = len(column) - np.searchsorted(ordered, column, side="right")
        alike = len(column) - above - np.searchsorted(ordered, column, side="left")
        found[:, place] = above + (alike + 1) / 2
    return found.reshape(table.shape)


class Friedman(NamedTuple):
    """Mean rank per model; chi-square with k - 1 degrees and its p (NaN where all models tie on every task)."""

    mean_rank: Floats
    chi2: float
    p: float


def friedman(scores: ArrayLike) -> Friedman:
    """Do the mean ranks over tasks differ more than chance? Chi-square with correction for ties.

    Raises:
        ValueError: As :func:`ranks`; fewer than two models.

    Source:
        Friedman 1937, JASA 32:675; Demšar 2006, JMLR 7:1.
    """
    table = np.asarray(scores, float)
    if table.ndim != 2 or len(table) < 2 or not table.shape[1]:
        raise ValueError("a table of two models or more over at least one task is needed")
    found = ranks(table)
    k, n = found.shape
    spread = ((found.sum(axis=1) - n * (k + 1) / 2) ** 2).sum()
    # Twelve over k(k+1) is the variance of untied ranks; with ties it is the one that they have.
    within = (found**2).sum() - n * k * (k + 1) ** 2 / 4
    chi2 = float((k - 1) * spread / within) if within > 1e-9 else np.nan
    return Friedman(found.mean(axis=1), chi2, float(chdtrc(k - 1, chi2)))


def critical_difference(n_models: int, n_tasks: int, alpha: float = ALPHA) -> float:
    """Nemenyi: mean ranks further apart than this differ, all pairs at once: q/sqrt(2) sqrt(k(k+1)/(6T)).

    Source:
        Nemenyi 1963; Demšar 2006, JMLR 7:1.
    """
    # Slow to import, and needed on request only.
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, n_models, np.inf)) / np.sqrt(2)
    return float(q * np.sqrt(n_models * (n_models + 1) / (6 * n_tasks)))


def win_rates(scores: ArrayLike) -> Floats:
    """Share of the other models that each one beats, a tie half, averaged over tasks; NaN for a model alone."""
    table = np.asarray(scores, float)
    k = len(table)
    if k < 2:
        return np.full(k, np.nan)
    return ((k - ranks(table)) / (k - 1)).mean(axis=1)


class RankIntervals(NamedTuple):
    """Best and worst rank of each model that the data leave open, all at once."""

    best: Ints
    worst: Ints


def rank_intervals(scores: ArrayLike, stderrs: ArrayLike, alpha: float = ALPHA) -> RankIntervals:
    """Simultaneous rank intervals of one score: Holm over all pairs; best = 1 + models shown better, worst likewise.

    With probability 1 - alpha all true ranks lie inside. A pair without an error (missing, or both 0) is never shown
    to differ, but counts as a test.

    Source:
        Holm 1979; rank sets as in Mogstad et al. 2024, Review of Economic Studies 91:476.
    """
    s, se = np.broadcast_arrays(np.asarray(scores, float), np.asarray(stderrs, float))
    first, second = np.triu_indices(len(s), 1)
    spread = np.hypot(se[first], se[second])
    z = (s[first] - s[second]) / np.where(spread > 0, spread, np.nan)
    p = np.where(np.isnan(z), 1.0, 2 * ndtr(-np.abs(z)))
    shown = holm(p) <= alpha
    better, worse = np.where(z > 0, (first, second), (second, first))[:, shown]
    n_better, n_worse = np.bincount(worse, minlength=len(s)), np.bincount(better, minlength=len(s))
    return RankIntervals(1 + n_better, len(s) - n_worse)


def probability_best(scores: ArrayLike, stderrs: ArrayLike, n_points: int = 2_001) -> Floats:
    """Probability that each model's true score is the largest, under independent normal errors.

    Integral of phi(z) times the product over the others of Phi((s_i + se_i z - s_j)/se_j), on a grid of ``n_points``
    from -8 to 8. Models without an error above 0 take no part (NaN). O(M² n_points).
    """
    s, se = np.broadcast_arrays(np.asarray(scores, float), np.asarray(stderrs, float))
    usable = np.isfinite(s) & (se > 0)
    found = np.full(s.shape, np.nan)
    s, se = s[usable], se[usable]
    z = np.linspace(-8, 8, n_points)
    weight = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    best = np.empty(len(s))
    for i in range(len(s)):
        others = np.arange(len(s)) != i
        log_above = log_ndtr((s[i] + se[i] * z - s[others, None]) / se[others, None]).sum(axis=0)
        best[i] = np.exp(log_above) @ weight
    found[usable] = best
    return found


def normal_draws(scores: ArrayLike, stderrs: ArrayLike, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Scores drawn again with independent normal errors: shape (resamples, *scores)."""
    s, se = np.broadcast_arrays(np.asarray(scores, float), np.asarray(stderrs, float))
    return s + se * np.random.default_rng(seed).standard_normal((resamples, *s.shape))


class RankSpread(NamedTuple):
    """Over replicates: mean rank, ends of the percentile interval of the rank, share in which the model is first."""

    mean: Floats
    low: Floats
    high: Floats
    share_first: Floats


def bootstrap_ranks(draws: ArrayLike, level: float = LEVEL) -> RankSpread:
    """Ranks in every replicate, and how they spread. The interval is of each model by itself, not of all at once.

    Args:
        draws: (replicates, models) scores drawn again: :func:`lib.stats.bootstrap.resampled_means` of answers to the
            same questions, which keeps their correlation, or :func:`normal_draws`. Ties for the first rank are shared.
    """
    table = np.asarray(draws, float)
    found = ranks(table.T)
    first = found == found.min(axis=0)
    low, high = np.quantile(found, ((1 - level) / 2, (1 + level) / 2), axis=1)
    return RankSpread(found.mean(axis=1), low, high, (first / first.sum(axis=0)).mean(axis=1))
