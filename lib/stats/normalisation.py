"""Scores above chance, and what a mean over sub-tasks or nested sets is worth.

Clip at chance for display only: clipping biases the means of weak models upwards and breaks the standard error.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def above_chance(score: ArrayLike, chance: ArrayLike) -> Floats:
    """(x - chance)/(1 - chance): 0 at guessing, 1 at perfect, negative below chance. Unknown chance: NaN."""
    chance = np.asarray(chance, float)
    return (np.asarray(score, float) - chance) / (1 - chance)


def above_chance_stderr(stderr: ArrayLike, chance: ArrayLike) -> Floats:
    """Standard error of :func:`above_chance` (exact, the map is linear)."""
    return np.asarray(stderr, float) / (1 - np.asarray(chance, float))


def leaderboard_v2(score: ArrayLike, chance: ArrayLike) -> Floats:
    """The number that Open LLM Leaderboard v2 shows: above chance, negative set to 0, in percent.

    Source:
        huggingface.co/docs/leaderboards/open_llm_leaderboard/normalization; chance is 1/number of options.
    """
    return 100 * np.maximum(above_chance(score, chance), 0.0)


def leaderboard_v2_mean(scores: ArrayLike, chances: ArrayLike) -> float:
    """A benchmark of sub-tasks (BBH, MuSR) there: every sub-task normalised and clipped, then the unweighted mean."""
    return float(np.mean(leaderboard_v2(scores, chances)))


def z_against_chance(score: ArrayLike, stderr: ArrayLike, chance: ArrayLike) -> Floats:
    """(x - chance)/stderr; below 1.645 a score is "not distinguishable from chance". Stderr 0 or missing: NaN."""
    se = np.asarray(stderr, float)
    return (np.asarray(score, float) - np.asarray(chance, float)) / np.where(se > 0, se, np.nan)


class Mean(NamedTuple):
    mean: Floats
    stderr: Floats


def macro_mean(scores: ArrayLike, stderrs: ArrayLike) -> Mean:
    """Unweighted mean over the last axis and its standard error sqrt(SUM se²)/T, items of the parts disjoint.

    The parts are fixed, not sampled: the error says nothing about other benchmarks. A missing part makes both NaN.
    """
    scores, stderrs = np.asarray(scores, float), np.asarray(stderrs, float)
    return Mean(scores.mean(axis=-1), np.sqrt((stderrs**2).sum(axis=-1)) / scores.shape[-1])


class NestedSets(NamedTuple):
    n_distinct: int
    n_effective_size_weighted: float
    n_effective_macro: float


def nested_effective_n(set_sizes: ArrayLike) -> NestedSets:
    """Effective number of items behind a mean over nested sets, each containing the one before.

    n_eff = (SUM w)²/SUM w² with w the weight of each distinct item: in the size-weighted mean an item counts once per
    set that it is in; in the unweighted mean of the set means it counts 1/size of each of them. Then
    se = sqrt(p(1-p)/n_eff), approximate because the rings differ in difficulty.

    Raises:
        ValueError: If the sizes do not grow.

    Source:
        Kish 1965, effective sample size under unequal weights.
    """
    sizes = np.asarray(set_sizes, float)
    if sizes.ndim != 1 or not sizes.size or sizes[0] <= 0 or np.any(np.diff(sizes) < 0):
        raise ValueError("nested sets need sizes above 0 that never fall")
    rings = np.diff(sizes, prepend=0.0)
    per_set = np.arange(sizes.size, 0, -1.0)
    per_mean = np.cumsum((1 / sizes)[::-1])[::-1]
    return NestedSets(int(sizes[-1]), _effective(rings, per_set), _effective(rings, per_mean))


def _effective(rings: Floats, weight: Floats) -> float:
    return float((rings * weight).sum() ** 2 / (rings * weight**2).sum())
