"""Two models over several tasks: how often one wins, the mean difference, and whether the tasks agree.

The tasks are fixed, not sampled: none of these numbers says "better in general".
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, chdtrc, ndtr

Floats = NDArray[np.float64]


class SignTest(NamedTuple):
    """Wins against losses, ties dropped; ``win_rate`` counts a tie as half a win (NaN without a task)."""

    n_used: Floats
    p_two_sided: Floats
    p_one_sided: Floats
    win_rate: Floats


def sign_test(wins: ArrayLike, losses: ArrayLike, ties: ArrayLike = 0) -> SignTest:
    """Are wins on tasks more than a fair coin gives? X ~ Binomial(wins + losses, 1/2).

    One-sided P(X >= wins), two-sided twice the smaller tail and at most 1. Treats tasks as exchangeable and ignores
    the size of differences. Nothing but ties: p is 1.

    Source:
        Arbuthnot 1710; Dixon and Mood 1946, JASA 41:557, for dropping ties.
    """
    w, lost, tied = np.broadcast_arrays(*(np.asarray(x, float) for x in (wins, losses, ties)))
    n = w + lost
    whole = np.asarray(n, np.int64)
    # P(X >= w) = P(X <= n - w) for a fair coin.
    at_least, at_most = bdtr(lost, whole, 0.5), bdtr(w, whole, 0.5)
    shown = n + tied
    rate = (w + tied / 2) / np.where(shown > 0, shown, np.nan)
    return SignTest(n, np.minimum(2 * np.minimum(at_least, at_most), 1.0), at_least, rate)


class MeanDifference(NamedTuple):
    """Over the last axis, the tasks.

    Args:
        mean, stderr, z, p: Unweighted mean difference, sqrt(SUM se²)/T, their ratio, two-sided.
        stouffer_z: SUM z_t/sqrt(T).
        weighted_mean, weighted_stderr: Weights 1/se².
        q, p_q: Cochran's heterogeneity with T - 1 degrees; NaN for one task.
    """

    mean: Floats
    stderr: Floats
    z: Floats
    p: Floats
    stouffer_z: Floats
    weighted_mean: Floats
    weighted_stderr: Floats
    q: Floats
    p_q: Floats


def mean_difference(diff: ArrayLike, stderr: ArrayLike) -> MeanDifference:
    """Mean difference over tasks with disjoint questions, and whether the tasks agree.

    Q = SUM w (d - d_w)², w = 1/se². When it is significant the answer depends on the task: do not print one number. A
    missing difference, or an error that is missing or 0, makes everything NaN: choose the tasks first.

    Source:
        Stouffer et al. 1949; Cochran 1954, Biometrics 10:101.
    """
    d, se = np.broadcast_arrays(np.asarray(diff, float), np.asarray(stderr, float))
    se = np.where(se > 0, se, np.nan)
    n = d.shape[-1]
    if not n:
        none = np.full(d.shape[:-1], np.nan)
        return MeanDifference(*[none] * len(MeanDifference._fields))
    mean, error = d.mean(axis=-1), np.sqrt((se**2).sum(axis=-1)) / n
    weight = 1 / se**2
    total = weight.sum(axis=-1)
    weighted = (weight * d).sum(axis=-1) / total
    q = (weight * (d - weighted[..., None]) ** 2).sum(axis=-1)
    q = q if n > 1 else np.full_like(q, np.nan)
    return MeanDifference(
        mean, error, mean / error, 2 * ndtr(-np.abs(mean / error)), (d / se).sum(axis=-1) / np.sqrt(n),
        weighted, 1 / np.sqrt(total), q, chdtrc(n - 1, q) if n > 1 else np.full_like(q, np.nan),
    )  # fmt: skip


def equivalence_p(diff: ArrayLike, stderr: ArrayLike, margin: ArrayLike) -> Floats:
    """Larger p of the two one-sided tests "d <= -margin" and "d >= margin"; small: shown to lie within the margin.

    "Not significantly different" is not "equal"; this is what would show it.

    Source:
        Schuirmann 1987, J Pharmacokinet Biopharm 15:657.
    """
    d, se, m = (np.asarray(x, float) for x in (diff, stderr, margin))
    se = np.where(se > 0, se, np.nan)
    return np.maximum(ndtr(-(d + m) / se), ndtr((d - m) / se))
