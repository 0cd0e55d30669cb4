"""Resampling questions: what a statistic would be on another draw of as many questions of the same kind.

Every function takes a seed, and the same seed gives the same numbers. Use it for metrics that are not right or wrong,
and for ratios: for the difference of two shares there are closed forms (``lib.stats.paired``).

Source: Efron 1979, Annals of Statistics 7:1; percentile interval, Efron and Tibshirani 1993, chapter 13.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.intervals import LEVEL

Floats = NDArray[np.float64]

RESAMPLES = 10_000
SEED = 20_231_107
_FEW_KINDS = 16
"""Questions per distinct row from which on drawing how often each row occurs is cheaper than drawing questions."""
_BLOCK = 1 << 19
"""Drawn questions held at a time: a few megabytes, which stay in the cache of a processor."""


class Bootstrap(NamedTuple):
    """A paired difference a - b: the sample's own, deviation of the replicates, percentile interval, share at most 0."""

    diff: float
    stderr: float
    low: float
    high: float
    share_at_most_zero: float


def resampled_means(items: ArrayLike, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Means of each column over ``resamples`` draws of as many rows with replacement: shape (resamples, columns).

    Args:
        items: One row per question, one column per model or statistic. All columns share the drawn questions, which
            keeps their correlation: a difference or a ratio of columns is taken afterwards. One axis is one column.
        resamples: How many draws.
        seed: Of numpy's PCG64.

    Raises:
        ValueError: Without a row, or with a missing value: a mean over what is there would be another question.
    """
    rows = np.asarray(items, float)
    rows = rows[:, None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise ValueError("resampling needs at least one question, and a score of every model on each")
    rng = np.random.default_rng(seed)
    n = len(rows)
    kinds, counts = _kinds(rows)
    if len(kinds) * _FEW_KINDS <= n or len(kinds) == 1:
        return rng.multinomial(n, counts / n, size=resamples) @ kinds / n
    found = np.empty((resamples, rows.shape[1]))
    block = max(1, _BLOCK // n)
    columns = np.ascontiguousarray(rows.T)
    for start in range(0, resamples, block):
        drawn = rng.integers(0, n, size=(min(block, resamples - start), n), dtype=np.int32)
        for column, values in enumerate(columns):
            found[start : start + len(drawn), column] = values.take(drawn).mean(axis=1)
    return found


def _kinds(rows: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Distinct rows and how often each occurs; the rows themselves where they clearly differ (a look at the first)."""
    head = np.unique(rows[: 4 * _FEW_KINDS], axis=0)
    if len(head) > 2 * _FEW_KINDS:
        return rows, np.ones(len(rows), np.int64)
    if rows.shape[1] == 1:
        # Several times faster than by rows.
        values, counts = np.unique(rows[:, 0], return_counts=True)
        return values[:, None], counts
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    return kinds, counts


def paired_bootstrap(
    score_a: ArrayLike, score_b: ArrayLike, resamples: int = RESAMPLES, seed: int = SEED, level: float = LEVEL
) -> Bootstrap:
    """Bootstrap of the mean difference of two models on the same questions (one score each per question)."""
    difference = np.asarray(score_a, float) - np.asarray(score_b, float)
    return _summary(float(difference.mean()), resampled_means(difference, resamples, seed)[:, 0], level)


def paired_bootstrap_counts(
    only_a: int, only_b: int, n_samples: int, resamples: int = RESAMPLES, seed: int = SEED, level: float = LEVEL
) -> Bootstrap:
    """:func:`paired_bootstrap` of right and wrong answers, from how many only one of the two got right.

    Drawing questions and counting is drawing the three counts from a multinomial distribution, which is what is done.

    Raises:
        ValueError: If the counts do not fit.
    """
    if min(only_a, only_b) < 0 or n_samples < 1 or only_a + only_b > n_samples:
        raise ValueError("only_a and only_b must be counts, together at most n_samples")
    alike = n_samples - only_a - only_b
    drawn = np.random.default_rng(seed).multinomial(
        n_samples, np.array([only_a, only_b, alike]) / n_samples, size=resamples
    )
    return _summary((only_a - only_b) / n_samples, (drawn[:, 0] - drawn[:, 1]) / n_samples, level)


def paired_bootstrap_stderr(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike) -> Floats:
    """What the deviation of :func:`paired_bootstrap_counts` tends to: sqrt(n10 + n01 - (n10 - n01)²/n)/n."""
    a, b, n = (np.asarray(x, float) for x in (only_a, only_b, n_samples))
    return np.sqrt(a + b - (a - b) ** 2 / n) / n


def _summary(diff: float, replicates: Floats, level: float) -> Bootstrap:
    low, high = np.quantile(replicates, ((1 - level) / 2, (1 + level) / 2))
    # Whole numbers of questions: what rounding leaves of 0 counts as 0.
    share = float(np.mean(replicates <= 1e-12))
    return Bootstrap(diff, float(replicates.std(ddof=1)), float(low), float(high), share)
