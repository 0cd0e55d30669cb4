"""Strengths from who beat whom: P(i beats j) = 1/(1 + exp(-(t_i - t_j)))."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from lib.stats.intervals import LEVEL, two_sided_z

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PSEUDO_WIN = 0.5
_STEPS = 200
_CLOSE = 1e-12


class BradleyTerry(NamedTuple):
    """Log-strengths with mean 0, their errors and intervals; ``has_pseudo_wins`` where half wins had to be added."""

    strength: Floats
    stderr: Floats
    low: Floats
    high: Floats
    has_pseudo_wins: bool


def bradley_terry(wins: ArrayLike, level: float = LEVEL) -> BradleyTerry:
    """Maximum likelihood strengths by Newton's method, with errors from the information matrix.

    Args:
        wins: Square table, ``wins[i][j]`` how often i beat j (a tie is half a win each); the diagonal is not used.
        level: Of the interval of each strength against the mean of all.

    Returns:
        Where a model won or lost everything, half a win is added each way to the pairs that it met; where there is
        still no finite maximum (a group that never lost to the rest), to every pair that met.

    Raises:
        ValueError: If the table is not square, has a negative or missing number, or falls into groups of models that
            never met: nothing joins their strengths.

    Source:
        Bradley and Terry 1952, Biometrika 39:324; Ford 1957, American Mathematical Monthly 64:28, for when a maximum
        exists.
    """
    won = _checked(wins)
    met = (won + won.T) > 0
    if not _reaches_all(met):
        raise ValueError("some models never met the others, not even through third ones: no common scale exists")
    extreme = (won.sum(axis=1) == 0) | (won.sum(axis=0) == 0)
    adjusted = won
    if extreme.any():
        adjusted = won + PSEUDO_WIN * (met & (extreme[:, None] | extreme))
    if not (_reaches_all(adjusted > 0) and _reaches_all(adjusted.T > 0)):
        adjusted = won + PSEUDO_WIN * met
    strength = _maximum(adjusted)
    covariance = np.linalg.pinv(_information(adjusted, strength), hermitian=True)
    stderr = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    half = two_sided_z(level) * stderr
    return BradleyTerry(strength, stderr, strength - half, strength + half, adjusted is not won)


def win_probability(strength_i: ArrayLike, strength_j: ArrayLike) -> Floats:
    """P(i beats j) from two log-strengths."""
    return np.asarray(expit(np.asarray(strength_i, float) - np.asarray(strength_j, float)))


def _checked(wins: ArrayLike) -> Floats:
    won = np.array(wins, float)
    if won.ndim != 2 or won.shape[0] != won.shape[1] or len(won) < 2 or not (won >= 0).all():
        raise ValueError("wins must be a square table of counts, of two models or more")
    np.fill_diagonal(won, 0.0)
    return won


def _maximum(won: Floats) -> Floats:
    """The maximum of the likelihood, centred; halves a step that does not climb (the likelihood is concave)."""
    strength = np.zeros(len(won))
    played = won + won.T
    height = _log_likelihood(won, strength)
    for _ in range(_STEPS):
        gradient = won.sum(axis=1) - (played * expit(strength[:, None] - strength)).sum(axis=1)
        step = np.linalg.pinv(_information(won, strength), hermitian=True) @ gradient
        while True:
            tried = strength + step
            tried -= tried.mean()
            climbed = _log_likelihood(won, tried)
            if climbed >= height or np.abs(step).max() < _CLOSE:
                break
            step = step / 2
        strength, height = tried, climbed
        if np.abs(step).max() < _CLOSE:
            break
    return strength


def _log_likelihood(won: Floats, strength: Floats) -> float:
    return float(-(won * np.logaddexp(0.0, strength - strength[:, None])).sum())


def _information(won: Floats, strength: Floats) -> Floats:
    chance = expit(strength[:, None] - strength)
    off = (won + won.T) * chance * (1 - chance)
    return np.asarray(np.diag(off.sum(axis=1)) - off)


def _reaches_all(arrows: Bools) -> bool:
    """Whether every model can be reached from the first along arrows."""
    reached = np.zeros(len(arrows), bool)
    reached[0] = True
    while True:
        wider = reached | arrows[reached].any(axis=0)
        if (wider == reached).all():
            return bool(reached.all())
        reached = wider
