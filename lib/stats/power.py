"""How small a difference a comparison could have seen, and how many questions would show the reader's margin.

Two-sided tests at ``alpha`` with probability ``power`` of finding a true difference. Scores and margins are fractions.
The number of questions never comes from the observed difference: that would be the p-value in other words, and always
says "a little more".

Source: normal approximation of the power of a z test; Miller 2024, arXiv 2411.00640, section 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from lib.stats.intervals import wilson
from lib.stats.paired import FEWEST_DISCORDANT

Floats = NDArray[np.float64]

ALPHA = 0.05
POWER = 0.8


def quantile_sum(alpha: float = ALPHA, power: float = POWER) -> float:
    """z_{1-alpha/2} + z_power: 2.8016 for 0.05 and 0.8."""
    return float(ndtri(1 - alpha / 2) + ndtri(power))


def items_needed(
    difference: ArrayLike,
    between: ArrayLike,
    within_a: ArrayLike = 0.0,
    within_b: ArrayLike = 0.0,
    answers_a: ArrayLike = 1,
    answers_b: ArrayLike = 1,
    alpha: float = ALPHA,
    power: float = POWER,
) -> Floats:
    """Questions needed to find a true ``difference``; not rounded up.

    Args:
        difference: The true difference, not 0.
        between: Variance over questions of the difference of the two expected scores.
        within_a, within_b: Mean variance of repeated answers to one question.
        answers_a, answers_b: Answers averaged per question.
    """
    variance = _variance(between, within_a, within_b, answers_a, answers_b)
    d = np.asarray(difference, float)
    return quantile_sum(alpha, power) ** 2 * variance / np.where(d == 0, np.nan, d) ** 2


def smallest_detectable(
    n_samples: ArrayLike,
    between: ArrayLike,
    within_a: ArrayLike = 0.0,
    within_b: ArrayLike = 0.0,
    answers_a: ArrayLike = 1,
    answers_b: ArrayLike = 1,
    alpha: float = ALPHA,
    power: float = POWER,
) -> Floats:
    """The true difference that ``n_samples`` questions find with probability ``power``; as :func:`items_needed`."""
    variance = _variance(between, within_a, within_b, answers_a, answers_b)
    return quantile_sum(alpha, power) * np.sqrt(variance / np.asarray(n_samples, float))


def _variance(between: ArrayLike, a: ArrayLike, b: ArrayLike, answers_a: ArrayLike, answers_b: ArrayLike) -> Floats:
    between, a, b, m, k = (np.asarray(x, float) for x in (between, a, b, answers_a, answers_b))
    return between + a / m + b / k


def detectable_from_stderr(stderr: ArrayLike, alpha: float = ALPHA, power: float = POWER) -> Floats:
    """Smallest detectable difference of a comparison with a standard error: 2.8016 se. An error of 0: unknown (NaN)."""
    se = np.asarray(stderr, float)
    return quantile_sum(alpha, power) * np.where(se > 0, se, np.nan)


def detectable_of_accuracies(p: ArrayLike, n_samples: ArrayLike, alpha: float = ALPHA, power: float = POWER) -> Floats:
    """Smallest detectable difference of two published shares near ``p`` with n questions each, unpaired."""
    p, n = np.asarray(p, float), np.asarray(n_samples, float)
    return quantile_sum(alpha, power) * np.sqrt(2 * p * (1 - p) / n)


def items_for_margin_paired(
    only_a: ArrayLike,
    only_b: ArrayLike,
    n_samples: ArrayLike,
    margin: ArrayLike,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Floats:
    """Questions that would show a true difference of ``margin`` between these two models, paired; not rounded up.

    (z + z)² psi/margin², psi the share of questions on which the two differ. With fewer than 10 such questions psi is
    the upper end of its 95% Wilson interval, so that a lucky few do not promise too much.
    """
    a, b, n = (np.asarray(x, float) for x in (only_a, only_b, n_samples))
    discordant = a + b
    share = np.where(discordant < FEWEST_DISCORDANT, wilson(discordant, n).high, discordant / n)
    return quantile_sum(alpha, power) ** 2 * share / _above_zero(margin) ** 2


def items_for_margin_unpaired(
    p_a: ArrayLike, p_b: ArrayLike, margin: ArrayLike, power: float = POWER, alpha: float = ALPHA
) -> Floats:
    """Questions per model, unpaired: (z + z)² (p_a(1-p_a) + p_b(1-p_b))/margin²; not rounded up."""
    a, b = np.asarray(p_a, float), np.asarray(p_b, float)
    return quantile_sum(alpha, power) ** 2 * (a * (1 - a) + b * (1 - b)) / _above_zero(margin) ** 2


def items_for_margin_from_stderrs(
    stderr_a: ArrayLike,
    n_a: ArrayLike,
    stderr_b: ArrayLike,
    n_b: ArrayLike,
    margin: ArrayLike,
    power: float = POWER,
    alpha: float = ALPHA,
) -> Floats:
    """Questions per model from standard errors and how many questions they come from: n se² is the item variance."""
    se_a, k_a, se_b, k_b = (np.asarray(x, float) for x in (stderr_a, n_a, stderr_b, n_b))
    return quantile_sum(alpha, power) ** 2 * (k_a * se_a**2 + k_b * se_b**2) / _above_zero(margin) ** 2


def _above_zero(margin: ArrayLike) -> Floats:
    m = np.asarray(margin, float)
    return np.where(m > 0, m, np.nan)
