"""Intervals of one score, and of the difference of two unpaired scores.

Every function takes numbers or arrays (broadcast together) and gives float64 arrays of the common shape, NaN
where an input is missing. Scores are fractions. ``level`` is two-sided: a one-sided 95% bound is the end of
the two-sided 90% interval. A standard error describes the sampling of questions only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, ndtr, ndtri

Floats = NDArray[np.float64]

LEVEL = 0.95
ONE_SIDED = 0.90
"""Two-sided level whose ends are the one-sided 95% bounds."""
SMALL_SAMPLE = 300
MIDDLE = (0.05, 0.95)
"""Normal intervals of proportions hold from SMALL_SAMPLE items on and inside MIDDLE only."""

WILSON = "Wilson"
NORMAL = "normal"
NORMAL_BOUND = "normal, bound"
NO_INTERVAL = ""


class Interval(NamedTuple):
    low: Floats
    high: Floats


class Difference(NamedTuple):
    """``diff`` is a minus b."""

    diff: Floats
    low: Floats
    high: Floats


def two_sided_z(level: float) -> float:
    """Normal quantile of a two-sided level: 1.96 for 0.95."""
    return float(ndtri((1 + level) / 2))


def wilson(n_correct: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Interval:
    """Score interval of a proportion; stays inside 0..1 and is not empty at 0 or at n right answers.

    Source:
        Wilson 1927; centre (p + z²/2n)/(1 + z²/n), half width z sqrt(p(1-p)/n + z²/4n²)/(1 + z²/n).
    """
    return _wilson_at(n_correct, n_samples, two_sided_z(level))


def _wilson_at(n_correct: ArrayLike, n_samples: ArrayLike, z: ArrayLike) -> Interval:
    k, n = _counts(n_correct, n_samples)
    z = np.asarray(z, float)
    p = k / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # Exact ends where rounding would leave -1e-18 or 0.9999...
    low = np.where((k == 0) & (z >= 0), 0.0, np.maximum(centre - half, 0.0))
    high = np.where((k == n) & (z >= 0), 1.0, np.minimum(centre + half, 1.0))
    return Interval(_missing(low, k, n), _missing(high, k, n))


def clopper_pearson(n_correct: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Interval:
    """Exact interval: inverts two binomial tests; never covers less than ``level``.

    Source:
        Clopper and Pearson 1934, as beta quantiles; 0 and 1 at the ends.
    """
    k, n = _counts(n_correct, n_samples)
    tail = (1 - level) / 2
    low = np.where(k == 0, 0.0, betaincinv(np.maximum(k, 0.5), n - k + 1, tail))
    high = np.where(k == n, 1.0, betaincinv(k + 1, np.maximum(n - k, 0.5), 1 - tail))
    return Interval(_missing(low, k, n), _missing(high, k, n))


def jeffreys(n_correct: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Interval:
    """Equal-tailed interval of Beta(k + 1/2, n - k + 1/2)."""
    return _beta_interval(n_correct, n_samples, level, prior=0.5)


def uniform_prior(n_correct: ArrayLike, n_samples: ArrayLike, level: float = LEVEL) -> Interval:
    """Equal-tailed interval of Beta(k + 1, n - k + 1)."""
    return _beta_interval(n_correct, n_samples, level, prior=1.0)


def _beta_interval(n_correct: ArrayLike, n_samples: ArrayLike, level: float, prior: float) -> Interval:
    k, n = _counts(n_correct, n_samples)
    tail = (1 - level) / 2
    a, b = k + prior, n - k + prior
    return Interval(_missing(betaincinv(a, b, tail), k, n), _missing(betaincinv(a, b, 1 - tail), k, n))


def normal(score: ArrayLike, stderr: ArrayLike, level: float = LEVEL) -> Interval:
    """score ± z stderr. Not clipped: an end may lie outside what the metric allows, and is shown so.

    A standard error of 0 gives no interval (NaN): all answers right or all wrong say nothing about the spread.

    Source:
        Miller 2024, arXiv 2411.00640.
    """
    s, se = np.broadcast_arrays(np.asarray(score, float), np.asarray(stderr, float))
    se = np.where(se > 0, se, np.nan)
    half = two_sided_z(level) * se
    return Interval(s - half, s + half)


def binary_stderr(n_correct: ArrayLike, n_samples: ArrayLike) -> Floats:
    """Standard error of the mean of 0/1 items, sample deviation (ddof 1) over sqrt(n): sqrt(p(1-p)/(n-1)).

    One item has none (NaN). All right or all wrong gives 0: use Wilson there.
    """
    k, n = _counts(n_correct, n_samples)
    p = k / n
    return np.sqrt(p * (1 - p) / np.where(n > 1, n - 1, np.nan))


class Chosen(NamedTuple):
    """Interval by the rule of :func:`choose_interval`; ``method`` is an array of text."""

    low: Floats
    high: Floats
    method: NDArray[np.object_]


def choose_interval(
    score: ArrayLike,
    stderr: ArrayLike,
    n_samples: ArrayLike,
    n_correct: ArrayLike,
    is_bound: ArrayLike = False,
    level: float = LEVEL,
) -> Chosen:
    """The interval shown for a score, and how it was made.

    Rule: counts of right answers give Wilson; otherwise a standard error above 0 gives the normal interval, named
    "normal, bound" where ``is_bound`` says that the error is an upper bound or approximate; otherwise there is none
    (NaN, method ''). Scores themselves never make an interval.
    """
    s, se, n, k, bound = np.broadcast_arrays(
        np.asarray(score, float),
        np.asarray(stderr, float),
        np.asarray(n_samples, float),
        np.asarray(n_correct, float),
        np.asarray(is_bound, bool),
    )
    by_counts = wilson(k, n, level)
    by_stderr = normal(s, se, level)
    has_counts = np.isfinite(by_counts.low) & np.isfinite(s)
    has_stderr = np.isfinite(by_stderr.low)
    method = np.full(s.shape, NO_INTERVAL, dtype=object)
    method[has_stderr] = NORMAL
    method[has_stderr & bound] = NORMAL_BOUND
    method[has_counts] = WILSON
    low = np.where(has_counts, by_counts.low, by_stderr.low)
    high = np.where(has_counts, by_counts.high, by_stderr.high)
    return Chosen(low, high, method)


def lower_bound(score: ArrayLike, stderr: ArrayLike, n_samples: ArrayLike, n_correct: ArrayLike) -> Floats:
    """One-sided 95% lower bound: end of the 90% Wilson interval from counts, else score - 1.645 stderr, else NaN."""
    return choose_interval(score, stderr, n_samples, n_correct, level=ONE_SIDED).low


def is_small_or_extreme(p: ArrayLike, n_samples: ArrayLike) -> NDArray[np.bool_]:
    """True where the normal interval of a proportion must not be used: n below 300, or p outside 0.05 to 0.95."""
    p, n = np.asarray(p, float), np.asarray(n_samples, float)
    return (n < SMALL_SAMPLE) | (p < MIDDLE[0]) | (p > MIDDLE[1])


def newcombe(k_a: ArrayLike, n_a: ArrayLike, k_b: ArrayLike, n_b: ArrayLike, level: float = LEVEL) -> Difference:
    """Interval of a - b for two unpaired proportions, from their two Wilson intervals (l, u).

    lower = d - sqrt((p_a - l_a)² + (u_b - p_b)²), upper = d + sqrt((u_a - p_a)² + (p_b - l_b)²)

    Source:
        Newcombe 1998, Statistics in Medicine 17:873-890, method 10.
    """
    return newcombe_at(k_a, n_a, k_b, n_b, two_sided_z(level))


def newcombe_at(k_a: ArrayLike, n_a: ArrayLike, k_b: ArrayLike, n_b: ArrayLike, z: ArrayLike) -> Difference:
    """:func:`newcombe` at a normal quantile ``z`` >= 0, which may be an array (for root searches)."""
    a, b = _wilson_at(k_a, n_a, z), _wilson_at(k_b, n_b, z)
    p_a = np.asarray(k_a, float) / np.asarray(n_a, float)
    p_b = np.asarray(k_b, float) / np.asarray(n_b, float)
    d = p_a - p_b
    return Difference(d, d - np.hypot(p_a - a.low, b.high - p_b), d + np.hypot(a.high - p_a, p_b - b.low))


def pooled_z(k_a: ArrayLike, n_a: ArrayLike, k_b: ArrayLike, n_b: ArrayLike) -> Floats:
    """Pooled score statistic (p_a - p_b)/sqrt(p(1-p)(1/n_a + 1/n_b)), p the pooled share; NaN where p is 0 or 1."""
    k_a, n_a, k_b, n_b = (np.asarray(x, float) for x in (k_a, n_a, k_b, n_b))
    p = (k_a + k_b) / (n_a + n_b)
    spread = np.sqrt(p * (1 - p) * (1 / n_a + 1 / n_b))
    return (k_a / n_a - k_b / n_b) / np.where(spread > 0, spread, np.nan)


class Unpaired(NamedTuple):
    """Difference a - b of two scores from their standard errors; ignores pairing."""

    diff: Floats
    stderr: Floats
    z: Floats
    p_two_sided: Floats
    low: Floats
    high: Floats


def unpaired_difference(
    score_a: ArrayLike, stderr_a: ArrayLike, score_b: ArrayLike, stderr_b: ArrayLike, level: float = LEVEL
) -> Unpaired:
    """d = a - b, se = sqrt(se_a² + se_b²), z = d/se, p = 2 Phi(-|z|), d ± z se.

    Same questions with positively correlated answers make the true error smaller, so this is on the safe side then.
    Both standard errors 0: no z, no interval (NaN).
    """
    a, b = np.asarray(score_a, float), np.asarray(score_b, float)
    d = a - b
    se = np.hypot(np.asarray(stderr_a, float), np.asarray(stderr_b, float))
    se = np.where(se > 0, se, np.nan)
    z = d / se
    half = two_sided_z(level) * se
    return Unpaired(d, se, z, 2 * ndtr(-np.abs(z)), d - half, d + half)


def _counts(n_correct: ArrayLike, n_samples: ArrayLike) -> tuple[Floats, Floats]:
    """Both as floats of one shape, NaN where they are not counts (n below 1, k outside 0..n)."""
    k, n = np.broadcast_arrays(np.asarray(n_correct, float), np.asarray(n_samples, float))
    fits = (n >= 1) & (k >= 0) & (k <= n)
    return np.where(fits, k, np.nan), np.where(fits, n, np.nan)


def _missing(values: Floats, k: Floats, n: Floats) -> Floats:
    return np.where(np.isnan(k) | np.isnan(n), np.nan, values)
