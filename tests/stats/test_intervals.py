"""Intervals against their slow definitions, and at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import intervals

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@given(counts, levels)
def test_wilson_ends_are_where_the_score_test_just_rejects(kn: tuple[int, int], level: float) -> None:
    k, n = kn
    z = intervals.two_sided_z(level)
    low, high = intervals.wilson(k, n, level)
    for end in (float(low), float(high)):
        # (p - t)² = z² t(1-t)/n: both ends solve the quadratic, by definition; 0 and 1 are exact ends.
        assert math.isclose((k / n - end) ** 2, z**2 * end * (1 - end) / n, rel_tol=1e-7, abs_tol=1e-12)
    assert 0 <= low <= k / n <= high <= 1


@given(counts, levels)
def test_clopper_pearson_is_the_binomial_test_inverted(kn: tuple[int, int], level: float) -> None:
    k, n = min(kn[0], kn[1], 60), min(kn[1], 60)
    k = min(k, n)
    low, high = (float(end) for end in intervals.clopper_pearson(k, n, level))

    def at_least(p: float) -> float:
        return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))

    def at_most(p: float) -> float:
        return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))

    tail = (1 - level) / 2
    assert low == 0 if k == 0 else math.isclose(at_least(low), tail, rel_tol=1e-6)
    assert high == 1 if k == n else math.isclose(at_most(high), tail, rel_tol=1e-6)


@given(counts)
def test_stderr_of_binary_items_is_the_sample_deviation(kn: tuple[int, int]) -> None:
    k, n = kn
    found = float(intervals.binary_stderr(k, n))
    if n == 1:
        assert math.isnan(found)
    else:
        items = np.repeat([1.0, 0.0], [k, n - k])
        assert math.isclose(found, items.std(ddof=1) / math.sqrt(n), rel_tol=1e-9, abs_tol=1e-12)


@given(counts, counts, levels)
def test_newcombe_squares_and_adds_the_wilson_distances(a: tuple[int, int], b: tuple[int, int], level: float) -> None:
    la, ua = (float(x) for x in intervals.wilson(*a, level))
    lb, ub = (float(x) for x in intervals.wilson(*b, level))
    pa, pb = a[0] / a[1], b[0] / b[1]
    found = intervals.newcombe(*a, *b, level)
    assert math.isclose(found.low, pa - pb - math.sqrt((pa - la) ** 2 + (ub - pb) ** 2), abs_tol=1e-12)
    assert math.isclose(found.high, pa - pb + math.sqrt((ua - pa) ** 2 + (pb - lb) ** 2), abs_tol=1e-12)
    turned = intervals.newcombe(*b, *a, level)
    assert math.isclose(turned.low, -found.high, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("score", "stderr", "n", "k", "is_bound", "method"),
    [
        (0.8, 0.1, 10, 8, False, "Wilson"),
        (1.0, 0.0, 10, 10, False, "Wilson"),
        (0.8, 0.1, 10, np.nan, False, "normal"),
        (0.8, 0.1, np.nan, np.nan, True, "normal, bound"),
        (0.8, 0.0, 10, np.nan, False, ""),
        (0.8, np.nan, 10, np.nan, False, ""),
        (0.8, np.nan, np.nan, np.nan, True, ""),
        (np.nan, 0.1, 10, 8, False, ""),
        (0.8, 0.1, 10, 11, False, "normal"),
        (0.8, np.nan, 0, 0, False, ""),
    ],
)
def test_rule_of_the_shown_interval(
    score: float, stderr: float, n: float, k: float, is_bound: bool, method: str
) -> None:
    found = intervals.choose_interval([score], [stderr], [n], [k], [is_bound])
    assert found.method[0] == method
    assert np.isnan(found.low[0]) == np.isnan(found.high[0]) == (method == "")
    if method == "Wilson":
        assert (found.low[0], found.high[0]) == tuple(float(end) for end in intervals.wilson(k, n))
    elif method:
        assert math.isclose(found.high[0] - found.low[0], 2 * 1.959963984540054 * stderr)


def test_normal_interval_is_not_clipped() -> None:
    low, high = intervals.normal(0.99, 0.02)
    assert high > 1
    assert low < 0.99


@given(counts)
def test_one_sided_bound_is_an_end_of_the_90_percent_interval(kn: tuple[int, int]) -> None:
    k, n = kn
    assert float(intervals.lower_bound(k / n, np.nan, n, k)) == float(intervals.wilson(k, n, 0.90).low)
    assert math.isclose(intervals.lower_bound(0.5, 0.01, np.nan, np.nan), 0.5 - 1.6448536269514722 * 0.01)


def test_functions_take_arrays_and_keep_missing_values() -> None:
    low, high = intervals.wilson([1, np.nan, 3], [10, 10, np.nan])
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, True, True]
    for method in (intervals.clopper_pearson, intervals.jeffreys, intervals.uniform_prior):
        assert np.isnan(method([1, np.nan], [10, 10]).low).tolist() == [False, True]
