"""Is the small model shown to be within a margin of the large one? Three verdicts, and no fourth.

d = score of the small model minus score of the large one, in the unit of the metric; margin m > 0 likewise.
L and U are the one-sided 95% bounds of d. PASS when L > -m, FAIL when U < -m, else TOO FEW DATA.
Never say "equal", "as good as" or "no difference" for any of them.

Source: Piaggio et al. 2012, JAMA 308:2594 (CONSORT for non-inferiority); Newcombe 1998 for the bounds from counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from lib.stats.intervals import ONE_SIDED, binary_stderr, is_small_or_extreme, lower_bound, newcombe, newcombe_at
from lib.stats.paired import as_counts, choose_paired_interval, tango_statistic

Floats = NDArray[np.float64]

PASS = "PASS"
FAIL = "FAIL"
TOO_FEW_DATA = "TOO FEW DATA"
NO_VERDICT = ""

MARGIN = 0.02
ALPHA = 0.05


class Verdicts(NamedTuple):
    """One entry per comparison: difference, one-sided bounds, one-sided p of d <= -margin, verdict ('' none)."""

    diff: Floats
    lower: Floats
    upper: Floats
    p: Floats
    verdict: NDArray[np.object_]


def from_stderrs(
    small: ArrayLike,
    stderr_small: ArrayLike,
    large: ArrayLike,
    stderr_large: ArrayLike,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Verdicts:
    """Verdicts from scores and standard errors, pairing ignored: d ∓ 1.645 se, p = P(Z > (d + m)/se).

    A missing standard error, or two that are 0, gives no verdict.
    """
    d = np.asarray(small, float) - np.asarray(large, float)
    se = np.hypot(np.asarray(stderr_small, float), np.asarray(stderr_large, float))
    return from_difference(d, se, margin, alpha)


def from_difference(diff: ArrayLike, stderr: ArrayLike, margin: float = MARGIN, alpha: float = ALPHA) -> Verdicts:
    """Verdicts from differences (small minus large) and the standard errors of the differences."""
    d, se = np.broadcast_arrays(np.asarray(diff, float), np.asarray(stderr, float))
    se = np.where(se > 0, se, np.nan)
    half = float(ndtri(1 - alpha)) * se
    return _verdicts(d, d - half, d + half, ndtr(-(d + margin) / se), margin)


def from_counts(
    k_small: ArrayLike,
    n_small: ArrayLike,
    k_large: ArrayLike,
    n_large: ArrayLike,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Verdicts:
    """Verdicts from counts of right answers, pairing ignored, one-sided.

    With 300 items and more on both sides and both shares in 0.05 to 0.95: as :func:`from_stderrs`. Otherwise the
    bounds are the ends of the Newcombe interval of level 1 - 2 alpha, and p is the one-sided level at which its lower
    bound is -m.
    """
    k_s, n_s, k_l, n_l = np.broadcast_arrays(*(np.asarray(x, float) for x in (k_small, n_small, k_large, n_large)))
    wald = from_stderrs(k_s / n_s, binary_stderr(k_s, n_s), k_l / n_l, binary_stderr(k_l, n_l), margin, alpha)
    hybrid = is_small_or_extreme(k_s / n_s, n_s) | is_small_or_extreme(k_l / n_l, n_l)
    if not np.any(hybrid):
        return wald
    interval = newcombe(k_s, n_s, k_l, n_l, _level(alpha))
    p = np.array(wald.p)
    p[hybrid] = _newcombe_p(k_s[hybrid], n_s[hybrid], k_l[hybrid], n_l[hybrid], margin)
    lower = np.where(hybrid, interval.low, wald.lower)
    upper = np.where(hybrid, interval.high, wald.upper)
    return _verdicts(k_s / n_s - k_l / n_l, lower, upper, p, margin)


def from_pairs(
    both: ArrayLike,
    only_small: ArrayLike,
    only_large: ArrayLike,
    neither: ArrayLike,
    margin: float = MARGIN,
    alpha: float = ALPHA,
) -> Verdicts:
    """Verdicts from answers to the same questions, one-sided: Tango's score test decides at every n.

    PASS when p = 1 - Phi(T(-m)) < alpha, FAIL when T(-m) < -z(1 - alpha). The bounds are those of the interval that is shown
    (:func:`lib.stats.paired.choose_paired_interval`); where that is the normal one they can differ from the verdict at
    the very edge. Counts that do not fit give no verdict.

    Source:
        Tango 1998, Statistics in Medicine 17:891-908.
    """
    counts = as_counts(both, only_small, only_large, neither)
    shown = choose_paired_interval(*counts, _level(alpha))
    t = tango_statistic(counts.only_a, counts.only_b, counts.n, -margin)
    verdict = np.full(np.shape(t), TOO_FEW_DATA, dtype=object)
    critical = float(ndtri(1 - alpha))
    verdict[t > critical] = PASS
    verdict[t < -critical] = FAIL
    verdict[np.isnan(t)] = NO_VERDICT
    return Verdicts(shown.diff, shown.low, shown.high, ndtr(-t), verdict)


def _level(alpha: float) -> float:
    """Two-sided level whose ends are the one-sided bounds at ``alpha``."""
    return ONE_SIDED if alpha == ALPHA else 1 - 2 * alpha


def _newcombe_p(k_s: Floats, n_s: Floats, k_l: Floats, n_l: Floats, margin: float) -> Floats:
    """One-sided level at which the Newcombe bound equals -margin, by bisection in the normal quantile."""

    def bound(z: Floats) -> Floats:
        interval = newcombe_at(k_s, n_s, k_l, n_l, np.abs(z))
        # A "lower" bound at a level beyond 1/2 is the upper end of the interval at the mirrored level.
        return np.where(z >= 0, interval.low, interval.high)

    low, high = np.full(k_s.shape, -38.0), np.full(k_s.shape, 38.0)
    for _ in range(60):
        middle = (low + high) / 2
        above = bound(middle) > -margin
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.where(np.isnan(bound(low)), np.nan, ndtr(-(low + high) / 2))


def _verdicts(d: Floats, lower: Floats, upper: Floats, p: Floats, margin: float) -> Verdicts:
    verdict = np.full(np.shape(d), TOO_FEW_DATA, dtype=object)
    verdict[lower > -margin] = PASS
    verdict[upper < -margin] = FAIL
    verdict[np.isnan(lower) | np.isnan(upper)] = NO_VERDICT
    return Verdicts(d, lower, upper, p, verdict)


class Panel(NamedTuple):
    """Over all benchmarks of a panel: largest p and its verdict; '' and NaN where one benchmark has no verdict."""

    p: Floats
    verdict: NDArray[np.object_]


def panel(verdicts: ArrayLike, p: ArrayLike) -> Panel:
    """Intersection-union test: PASS on every benchmark, p the largest one; FAIL when any fails; else TOO FEW DATA.

    Args:
        verdicts: Verdicts, last axis the benchmarks. A candidate without a verdict on one of them has no panel
            verdict: nobody passes by absence.
        p: One-sided p-values, same shape.

    Source:
        Berger 1982, Technometrics 24:295: level alpha without adjustment.
    """
    verdicts, p = np.asarray(verdicts, dtype=object), np.asarray(p, float)
    result = np.full(verdicts.shape[:-1], TOO_FEW_DATA, dtype=object)
    result[(verdicts == PASS).all(axis=-1)] = PASS
    result[(verdicts == FAIL).any(axis=-1)] = FAIL
    incomplete = (verdicts == NO_VERDICT).any(axis=-1)
    result[incomplete] = NO_VERDICT
    return Panel(np.where(incomplete, np.nan, p.max(axis=-1, initial=0.0)), result)


class AboveTarget(NamedTuple):
    """One-sided 95% lower bound, p of "at most the target", and whether the score is shown to lie above it."""

    lower: Floats
    p: Floats
    is_above: NDArray[np.bool_]


def above_target(
    target: float, score: ArrayLike, stderr: ArrayLike, n_samples: ArrayLike, n_correct: ArrayLike
) -> AboveTarget:
    """Is a score shown to lie above a target? From counts the score test that Wilson inverts, else score and stderr.

    Counts: p = 1 - Phi((s - T)/sqrt(T(1-T)/n)); otherwise 1 - Phi((s - T)/se). No interval: NaN, not above.
    """
    s, se, n, k = np.broadcast_arrays(*(np.asarray(x, float) for x in (score, stderr, n_samples, n_correct)))
    lower = lower_bound(s, se, n, k)
    has_counts = np.isfinite(k) & np.isfinite(n)
    spread = np.where(has_counts, np.sqrt(target * (1 - target) / n), np.where(se > 0, se, np.nan))
    share = np.where(has_counts, k / n, s)
    with np.errstate(divide="ignore"):
        p = ndtr(-(share - target) / spread)
    return AboveTarget(lower, p, lower > target)
