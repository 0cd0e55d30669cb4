"""What a right answer costs. Costs are in dollars, scores are fractions; missing stays missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.frontier import on_frontier

Floats = NDArray[np.float64]


def cost_per_correct(cost: ArrayLike, score: ArrayLike, n_samples: ArrayLike) -> Floats:
    """Dollars per right answer, c/(n p), c the cost of all n questions; NaN for a model that gets none right."""
    c, p, n = (np.asarray(x, float) for x in (cost, score, n_samples))
    return c / (n * np.where(p > 0, p, np.nan))


def cost_per_correct_stderr(cost: ArrayLike, score: ArrayLike, stderr: ArrayLike, n_samples: ArrayLike) -> Floats:
    """Error of :func:`cost_per_correct` from that of the score, c se/(n p²)."""
    c, p, se, n = (np.asarray(x, float) for x in (cost, score, stderr, n_samples))
    return c * se / (n * np.where(p > 0, p, np.nan) ** 2)


def cost_per_correct_above_chance(cost: ArrayLike, score: ArrayLike, n_samples: ArrayLike, chance: ArrayLike) -> Floats:
    """Dollars per right answer beyond guessing, c/(n (p - lb)/(1 - lb)); NaN unless above chance."""
    p, lb = np.asarray(score, float), np.asarray(chance, float)
    return cost_per_correct(cost, (p - lb) / (1 - lb), n_samples)


def marginal_cost_per_point(cost: ArrayLike, score: ArrayLike) -> Floats:
    """Dollars for one more point along the frontier, (c2 - c1)/(100 (s2 - s1)) to the next cheaper model on it.

    Returns:
        In the order given. NaN for the cheapest on the frontier and for what misses cost or score; infinite off the
        frontier: there more money buys nothing. Models equal in both share the value of the first.
    """
    c, s = np.asarray(cost, float), np.asarray(score, float)
    mark = on_frontier(c, s)
    steps = np.unique(np.stack([c[mark], s[mark]]), axis=1)
    slope = np.full(steps.shape[1], np.nan)
    slope[1:] = np.diff(steps[0]) / (100 * np.diff(steps[1]))
    found = np.where(np.isfinite(c) & np.isfinite(s), np.inf, np.nan)
    found[mark] = slope[np.searchsorted(steps[0], c[mark])]
    return found
