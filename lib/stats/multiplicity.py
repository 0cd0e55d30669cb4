"""Adjusted p-values for many tests, and the headline that survives them.

The number of tests counts every test that could have been reported, also those with the wrong sign.
Holm serves headlines and the tasks of one pair; Benjamini-Hochberg serves lists; Benjamini-Yekutieli beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values, in the order given: adj_(i) = max over j <= i of (m - j + 1) p_(j), at most 1.

    Raises:
        ValueError: If a p-value is missing or outside 0..1; a test without a p-value is no test.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")
    m = p.size
    adjusted = np.maximum.accumulate((m - np.arange(m)) * p[order])
    return _in_given_order(np.minimum(adjusted, 1.0), order)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values (q), in the order given: adj_(i) = min over j >= i of m p_(j)/j, at most 1.

    Raises:
        ValueError: As :func:`holm`.

    Source:
        Benjamini and Hochberg 1995, JRSS-B 57:289.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")
    m = p.size
    ranked = m * p[order] / np.arange(1, m + 1)
    adjusted = np.minimum.accumulate(ranked[::-1])[::-1]
    return _in_given_order(np.minimum(adjusted, 1.0), order)


def benjamini_yekutieli(p: ArrayLike) -> Floats:
    """Benjamini-Hochberg times SUM 1/i, at most 1: holds under any dependence of the tests.

    Source:
        Benjamini and Yekutieli 2001, Annals of Statistics 29:1165.
    """
    p = _checked(p)
    return np.minimum(benjamini_hochberg(p) * np.sum(1 / np.arange(1, p.size + 1)), 1.0)


def headline(p: ArrayLike, cost: ArrayLike, alpha: float = 0.05) -> int | None:
    """Position of the cheapest (or smallest) candidate whose Holm-adjusted p is at most ``alpha``; None: nobody.

    ``p`` and ``cost`` hold every candidate fixed before the verdicts, not only those that pass. Of equal costs
    the one with the smaller p, then the earlier, is named.
    """
    p = _checked(p)
    if not p.size:
        return None
    passing = np.flatnonzero(holm(p) <= alpha)
    if not passing.size:
        return None
    order = np.lexsort((passing, p[passing], np.asarray(cost, float)[passing]))
    return int(passing[order[0]])


def _checked(p: ArrayLike) -> Floats:
    p = np.asarray(p, float)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError("p-values must be one list of numbers between 0 and 1")
    return p


def _in_given_order(values: Floats, order: NDArray[np.intp]) -> Floats:
    result = np.empty_like(values)
    result[order] = values
    return result
