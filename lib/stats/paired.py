"""Two models on the same questions: how many only one of them got right, what that shows, and its interval.

With right and wrong answers everything follows from four counts: ``both`` right, ``only_a``, ``only_b``, ``neither``
(n11, n10, n01, n00). The difference is (only_a - only_b)/n. Functions take numbers or arrays of them, broadcast
together, and give float64 arrays of the common shape; NaN where an input is missing or impossible.

McNemar's mid-p decides whether a difference is shown. The interval beside it is Tango's, or the normal one by the rule
of :func:`choose_paired_interval`; at the edge the two can disagree, and the verdict follows the mid-p.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtr, stdtr, stdtrit

from lib.stats.intervals import LEVEL, Difference, is_small_or_extreme, two_sided_z, wilson

Floats = NDArray[np.float64]

FEWEST_DISCORDANT = 10
"""Below so many questions on which the two differ there are too few data, whatever the p-value."""
TANGO = "tango"
WALD = "wald"
_HALVINGS = 80


class PairCounts(NamedTuple):
    """Questions by who is right: both, only A, only B, neither."""

    both: Floats
    only_a: Floats
    only_b: Floats
    neither: Floats

    @property
    def n(self) -> Floats:
        return self.both + self.only_a + self.only_b + self.neither


def count_pairs(right_a: ArrayLike, right_b: ArrayLike) -> PairCounts:
    """The four counts of two rows of 0/1 answers to the same questions, over the last axis.

    Raises:
        ValueError: If a value is neither 0 nor 1 (missing answers included), or the lengths differ.
    """
    a, b = np.asarray(right_a, float), np.asarray(right_b, float)
    if a.shape[-1:] != b.shape[-1:] or not (np.isin(a, (0.0, 1.0)).all() and np.isin(b, (0.0, 1.0)).all()):
        raise ValueError("paired answers must be 0 or 1, as many of one model as of the other")
    n, n_a, n_b = a.shape[-1], a.sum(axis=-1), b.sum(axis=-1)
    both = (a * b).sum(axis=-1)
    return PairCounts(both, n_a - both, n_b - both, n - n_a - n_b + both)


def as_counts(both: ArrayLike, only_a: ArrayLike, only_b: ArrayLike, neither: ArrayLike) -> PairCounts:
    """The four numbers as floats of one shape, all NaN where one is missing or negative, or all are 0."""
    four = np.broadcast_arrays(*(np.asarray(x, float) for x in (both, only_a, only_b, neither)))
    fits = np.all([x >= 0 for x in four], axis=0) & (sum(four) >= 1)
    return PairCounts(*(np.where(fits, x, np.nan) for x in four))


class McNemar(NamedTuple):
    """Two-sided p-values from the discordant questions; chi2 with and without continuity correction (NaN: none)."""

    n_discordant: Floats
    p_exact: Floats
    p_mid: Floats
    chi2: Floats
    chi2_corrected: Floats


def mcnemar(only_a: ArrayLike, only_b: ArrayLike) -> McNemar:
    """Is the difference on the same questions more than chance? X ~ Binomial(only_a + only_b, 1/2), k the smaller.

    exact p = min(1, 2 P(X <= k)); mid-p = 2 P(X <= k) - P(X = k), and 1 - P(X = k)/2 where the two counts are equal.
    The exact test is conservative; the mid-p decides. No discordant question: exact p 1, mid-p 1/2 by its formula.

    Source:
        McNemar 1947, Psychometrika 12:153; mid-p as in Fagerland, Lydersen and Laake 2013, BMC Med Res Methodol 13:91.
    """
    a, b = np.broadcast_arrays(np.asarray(only_a, float), np.asarray(only_b, float))
    fits = (a >= 0) & (b >= 0)
    a, b = np.where(fits, a, 0.0), np.where(fits, b, 0.0)
    m, k = a + b, np.minimum(a, b)
    at_most = bdtr(k, np.asarray(m, np.int64), 0.5)
    below = np.where(k > 0, bdtr(np.maximum(k - 1, 0), np.asarray(m, np.int64), 0.5), 0.0)
    exact = np.minimum(2 * at_most, 1.0)
    # 2 P(X <= k) - P(X = k) = P(X <= k) + P(X < k), without a subtraction of near-equal numbers.
    mid = np.where(a == b, 1 - (at_most - below) / 2, at_most + below)
    some = np.where(m > 0, m, np.nan)
    chi2, corrected = (a - b) ** 2 / some, (np.abs(a - b) - 1) ** 2 / some
    return McNemar(*(np.where(fits, x, np.nan) for x in (m, exact, mid, chi2, corrected)))


def paired_stderr(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike) -> Floats:
    """Standard error of the mean difference of 0/1 answers, sample deviation (ddof 1) over sqrt(n).

    sqrt((n10 + n01 - (n10 - n01)²/n)/(n(n-1))); one question has none (NaN), no discordant question gives 0.

    Source:
        Variance of the item differences -1, 0, 1; Miller 2024, arXiv 2411.00640, for the paired comparison.
    """
    a, b, n = _discordant(only_a, only_b, n_samples)
    return np.sqrt((a + b - (a - b) ** 2 / n) / (n * np.where(n > 1, n - 1, np.nan)))


class PairedMean(NamedTuple):
    """Mean difference a - b over the same questions.

    ``t`` is diff/stderr, ``p_z`` its normal and ``p_t`` its Student two-sided p; the interval is Student's.
    """

    diff: Floats
    stderr: Floats
    correlation: Floats
    t: Floats
    p_z: Floats
    p_t: Floats
    low: Floats
    high: Floats


def paired_mean(score_a: ArrayLike, score_b: ArrayLike, level: float = LEVEL) -> PairedMean:
    """Paired difference of scores of any kind over the last axis: mean, error SD(d, ddof 1)/sqrt(n), paired t.

    For 0/1 answers the error is :func:`paired_stderr`. Fewer than two questions, or a missing score: NaN throughout.
    All differences alike: an error of 0, no test and no interval. A model that scores alike everywhere has no
    correlation (NaN).

    Source:
        Paired t test (Student 1908); Miller 2024, arXiv 2411.00640.
    """
    a, b = np.broadcast_arrays(np.asarray(score_a, float), np.asarray(score_b, float))
    n = a.shape[-1]
    if n < 2:
        none = np.full(a.shape[:-1], np.nan)
        return PairedMean(*[none] * 8)
    d = a - b
    diff, stderr = d.mean(axis=-1), d.std(axis=-1, ddof=1) / np.sqrt(n)
    spread_a, spread_b = a.std(axis=-1), b.std(axis=-1)
    both = ((a - a.mean(axis=-1, keepdims=True)) * (b - b.mean(axis=-1, keepdims=True))).mean(axis=-1)
    product = spread_a * spread_b
    correlation = both / np.where(product > 0, product, np.nan)
    known = np.where(stderr > 0, stderr, np.nan)
    t, half = diff / known, stdtrit(n - 1, (1 + level) / 2) * known
    return PairedMean(
        diff, stderr, correlation, t, 2 * ndtr(-np.abs(t)), 2 * stdtr(n - 1, -np.abs(t)), diff - half, diff + half
    )


def tango_statistic(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike, difference: ArrayLike) -> Floats:
    """Score statistic T(D) of "the true difference is D", about standard normal when it is; falls as D grows.

    q(D) = (sqrt(B² + 8 n c D(1-D)) - B)/(4n), B = -b - c + (2n - b + c) D, b = n10, c = n01;
    T(D) = (b - c - nD)/sqrt(n(2q + D(1-D))). Where the variance is 0, T is 0 at D = d and infinite elsewhere.

    Source:
        Tango 1998, Statistics in Medicine 17:891-908.
    """
    b, c, n = _discordant(only_a, only_b, n_samples)
    return _tango(b, c, n, np.asarray(difference, float))


def _tango(b: Floats, c: Floats, n: Floats, difference: Floats) -> Floats:
    d = difference
    linear = -b - c + (2 * n - b + c) * d
    q = (np.sqrt(np.maximum(linear**2 + 8 * n * c * d * (1 - d), 0.0)) - linear) / (4 * n)
    variance = n * (2 * q + d * (1 - d))
    above = b - c - n * d
    # Relative to n: what rounding leaves of a variance of 0.
    tiny = variance <= 1e-13 * n
    exact = np.where(np.abs(above) <= 1e-12 * n, 0.0, np.where(above > 0, np.inf, -np.inf))
    found = np.where(tiny, exact, above / np.sqrt(np.where(tiny, 1.0, variance)))
    return np.where(np.isnan(n), np.nan, found)


def tango(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Difference:
    """Score interval of a paired difference: the D with T(D) between -z and z, by bisection.

    Never empty and never outside -1 to 1, also without any discordant question.

    Source:
        Tango 1998, Statistics in Medicine 17:891-908.
    """
    b, c, n = _discordant(only_a, only_b, n_samples)
    z, d = two_sided_z(level), (b - c) / n

    def limit(outer: float, crossing: float) -> Floats:
        inside, outside = d, np.full(d.shape, outer)
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            is_inside = np.abs(_tango(b, c, n, middle)) <= crossing
            inside, outside = np.where(is_inside, middle, inside), np.where(is_inside, outside, middle)
        return np.where(np.isnan(n), np.nan, (inside + outside) / 2)

    return Difference(d, limit(-1.0, z), limit(1.0, z))


def newcombe_paired(
    both: ArrayLike, only_a: ArrayLike, only_b: ArrayLike, neither: ArrayLike, level: float = LEVEL
) -> Difference:
    """Interval of a paired difference from the two Wilson intervals and the correlation of the answers.

    lower = d - sqrt((p_a-l_a)² - 2 phi (p_a-l_a)(u_b-p_b) + (u_b-p_b)²), upper with l and u exchanged;
    phi = (n11 n00 - n10 n01)/sqrt(product of the margins), numerator less n/2 but not below 0 where positive.

    Source:
        Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10.
    """
    counts = as_counts(both, only_a, only_b, neither)
    n11, n10, n01, n00, n = *counts, counts.n
    k_a, k_b = n11 + n10, n11 + n01
    margins = k_a * (n - k_a) * k_b * (n - k_b)
    top = n11 * n00 - n10 * n01
    top = np.where(top > 0, np.maximum(top - n / 2, 0.0), top)
    phi = np.where(margins > 0, top / np.sqrt(np.where(margins > 0, margins, 1.0)), 0.0)
    a, b = wilson(k_a, n, level), wilson(k_b, n, level)
    p_a, p_b = k_a / n, k_b / n
    d = (n10 - n01) / n

    def distance(one: Floats, other: Floats) -> Floats:
        return np.sqrt(np.maximum(one**2 - 2 * phi * one * other + other**2, 0.0))

    return Difference(d, d - distance(p_a - a.low, b.high - p_b), d + distance(a.high - p_a, p_b - b.low))


def wald_paired(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Difference:
    """Normal interval d ± z :func:`paired_stderr`; none (NaN) without a discordant question."""
    b, c, n = _discordant(only_a, only_b, n_samples)
    stderr = paired_stderr(b, c, n)
    half, d = two_sided_z(level) * np.where(stderr > 0, stderr, np.nan), (b - c) / n
    return Difference(d, d - half, d + half)


class ChosenPaired(NamedTuple):
    """Interval by the rule of :func:`choose_paired_interval`; ``method`` is "wald", "tango" or '' (none)."""

    diff: Floats
    low: Floats
    high: Floats
    method: NDArray[np.object_]


def choose_paired_interval(
    both: ArrayLike, only_a: ArrayLike, only_b: ArrayLike, neither: ArrayLike, level: float = LEVEL
) -> ChosenPaired:
    """The interval shown: normal with 300 questions and more and both shares in 0.05 to 0.95, otherwise Tango's."""
    counts = as_counts(both, only_a, only_b, neither)
    n11, n10, n01, _, n = *counts, counts.n
    wald, score = wald_paired(n10, n01, n, level), tango(n10, n01, n, level)
    small = is_small_or_extreme((n11 + n10) / n, n) | is_small_or_extreme((n11 + n01) / n, n) | (n10 + n01 == 0)
    method = np.full(np.shape(n), WALD, dtype=object)
    method[small] = TANGO
    method[np.isnan(n)] = ""
    return ChosenPaired(
        score.diff, np.where(small, score.low, wald.low), np.where(small, score.high, wald.high), method
    )


def _discordant(only_a: ArrayLike, only_b: ArrayLike, n_samples: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The two counts and the number of questions, one shape, NaN where they are no counts."""
    b, c, n = np.broadcast_arrays(*(np.asarray(x, float) for x in (only_a, only_b, n_samples)))
    fits = (b >= 0) & (c >= 0) & (n >= 1) & (b + c <= n)
    return np.where(fits, b, np.nan), np.where(fits, c, np.nan), np.where(fits, n, np.nan)
