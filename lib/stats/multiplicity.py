"""Adjusted p-values for many tests, and the headline that survives them.

The number of tests counts every test that could have been reported, also those with the wrong sign.
Holm serves headlines and the tasks of one pair; Benjamini-Hochberg serves lists; Benjamini-Yekutieli beside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

Floats = NDArray[np.float64]


def holm(p: ArrayLike, n_tests: int | None = None) -> Floats:
    """Adjusted p-values, in the order given: adj_(i) = max over j <= i of (m - j + 1) p_(j), at most 1.

    Args:
        p: One list of p-values.
        n_tests: m, where ``p`` holds only the smallest of so many; None: all of them. Exact for those in ``p``.

    Raises:
        ValueError: If a p-value is missing or outside 0..1; a test without a p-value is no test. If ``n_tests`` is less
            than there are.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")
    m = _tests(p, n_tests)
    adjusted = np.maximum.accumulate((m - np.arange(p.size)) * p[order])
    return _in_given_order(np.minimum(adjusted, 1.0), order)


def benjamini_hochberg(p: ArrayLike, n_tests: int | None = None) -> Floats:
    """Adjusted p-values (q), in the order given: adj_(i) = min over j >= i of m p_(j)/j, at most 1.

    Args:
        p: One list of p-values.
        n_tests: m, where ``p`` holds only those of so many tests that are at most some level; None: all of them. Which
            q are at most that level, and their values, are then exact: a p above the level can only raise a q that lies
            above it. A larger q may come out too large.

    Raises:
        ValueError: As :func:`holm`.

    Source:
        Benjamini and Hochberg 1995, JRSS-B 57:289.
    """
    p = _checked(p)
    order = np.argsort(p, kind="stable")
    ranked = _tests(p, n_tests) * p[order] / np.arange(1, p.size + 1)
    adjusted = np.minimum.accumulate(ranked[::-1])[::-1]
    return _in_given_order(np.minimum(adjusted, 1.0), order)


def benjamini_yekutieli(p: ArrayLike, n_tests: int | None = None) -> Floats:
    """Benjamini-Hochberg times SUM 1/i over all m tests, at most 1: holds under any dependence of the tests.

    Source:
        Benjamini and Yekutieli 2001, Annals of Statistics 29:1165.
    """
    p = _checked(p)
    m = _tests(p, n_tests)
    # SUM 1/i without a list of 40 million numbers.
    harmonic = float(digamma(m + 1) + np.euler_gamma)
    return np.minimum(benjamini_hochberg(p, n_tests) * harmonic, 1.0)


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


def _tests(p: Floats, n_tests: int | None) -> int:
    if n_tests is not None and n_tests < p.size:
        raise ValueError(f"{p.size} p-values of only {n_tests} tests")
    return p.size if n_tests is None else n_tests


def _in_given_order(values: Floats, order: NDArray[np.intp]) -> Floats:
    result = np.empty_like(values)
    result[order] = values
    return result
