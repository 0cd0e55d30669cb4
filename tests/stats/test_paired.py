"""Pairs against slow definitions: lists of answers, sums of binomial terms, the likelihood maximised step by step."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.stats import noninferiority, paired
from lib.stats.intervals import two_sided_z, wilson

tables = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda t: sum(t) > 0)
answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)


@given(answers)
def test_counts_and_error_are_those_of_the_answers(pairs: list[tuple[bool, bool]]) -> None:
    counts = paired.count_pairs([a for a, _ in pairs], [b for _, b in pairs])
    assert counts == tuple(sum(pair == kind for pair in pairs) for kind in ((1, 1), (1, 0), (0, 1), (0, 0)))
    d = [int(a) - int(b) for a, b in pairs]
    mean = sum(d) / len(d)
    expected = math.sqrt(sum((x - mean) ** 2 for x in d) / (len(d) - 1) / len(d))
    found = paired.paired_mean(*np.array(pairs, float).T)
    assert math.isclose(paired.paired_stderr(counts.only_a, counts.only_b, len(d)), expected, abs_tol=1e-12)
    assert math.isclose(found.stderr, expected, abs_tol=1e-12)
    assert math.isclose(found.diff, mean, abs_tol=1e-12)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_adds_binomial_terms(a: int, b: int) -> None:
    m, k = a + b, min(a, b)
    terms = [Fraction(math.comb(m, i), 2**m) for i in range(k + 1)]
    mid = 1 - terms[-1] / 2 if a == b else 2 * sum(terms) - terms[-1]
    found = paired.mcnemar(a, b)
    assert found.n_discordant == m
    assert math.isclose(found.p_exact, min(1, 2 * sum(terms)), rel_tol=1e-9)
    assert math.isclose(found.p_mid, mid, rel_tol=1e-9)
    assert found.p_mid <= found.p_exact


def log_likelihood(b: int, c: int, n: int, p01: float, d: float) -> float:
    """Of the three kinds of questions, with P(only B) = p01 and P(only A) = p01 + d."""
    cells = ((b, p01 + d), (c, p01), (n - b - c, 1 - 2 * p01 - d))
    return sum(k * math.log(max(p, 1e-300)) for k, p in cells if k)


@given(tables, st.floats(-0.9, 0.9))
def test_tango_is_the_score_at_the_most_likely_rates(table: tuple[int, int, int, int], d: float) -> None:
    _, b, c, _ = table
    n = sum(table)
    # Golden section on the concave likelihood of the nuisance rate.
    low, high = max(0.0, -d), (1 - d) / 2
    for _ in range(200):
        left, right = high - (high - low) * 0.6180339887, low + (high - low) * 0.6180339887
        if log_likelihood(b, c, n, left, d) < log_likelihood(b, c, n, right, d):
            low = left
        else:
            high = right
    variance = n * (2 * (low + high) / 2 + d * (1 - d))
    assume(variance > 1e-4 * n)
    expected = (b - c - n * d) / math.sqrt(variance)
    assert math.isclose(paired.tango_statistic(b, c, n, d), expected, rel_tol=1e-4, abs_tol=1e-4)


@given(tables, st.sampled_from([0.9, 0.95]))
def test_tango_ends_are_where_the_score_test_just_rejects(table: tuple[int, int, int, int], level: float) -> None:
    _, b, c, _ = table
    n, z = sum(table), two_sided_z(level)
    found = paired.tango(b, c, n, level)
    assert -1 <= found.low <= found.diff <= found.high <= 1
    for end, side in ((float(found.low), z), (float(found.high), -z)):
        if abs(end) < 1 - 1e-9:
            assert math.isclose(paired.tango_statistic(b, c, n, end), side, rel_tol=1e-5, abs_tol=1e-5)
    turned = paired.tango(c, b, n, level)
    assert math.isclose(turned.low, -found.high, abs_tol=1e-9)


@given(tables)
def test_newcombe_paired_is_its_formula(table: tuple[int, int, int, int]) -> None:
    n11, n10, n01, n00 = table
    n = sum(table)
    p_a, p_b = (n11 + n10) / n, (n11 + n01) / n
    (l_a, u_a), (l_b, u_b) = (tuple(map(float, wilson(k, n))) for k in (n11 + n10, n11 + n01))
    margins = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00)
    top = n11 * n00 - n10 * n01
    top = max(top - n / 2, 0) if top > 0 else top
    phi = top / math.sqrt(margins) if margins else 0.0

    def root(x: float, y: float) -> float:
        return math.sqrt(max(x * x - 2 * phi * x * y + y * y, 0.0))

    found = paired.newcombe_paired(*table)
    assert math.isclose(found.low, p_a - p_b - root(p_a - l_a, u_b - p_b), abs_tol=1e-9)
    assert math.isclose(found.high, p_a - p_b + root(u_a - p_a, p_b - l_b), abs_tol=1e-9)


@pytest.mark.parametrize(
    ("table", "method"),
    [
        ((150, 40, 30, 80), "wald"),
        ((149, 40, 30, 80), "tango"),
        ((290, 5, 3, 2), "tango"),
        ((295, 10, 3, 2), "tango"),
        ((150, 0, 0, 150), "tango"),
        ((-1, 2, 2, 400), ""),
    ],
)
def test_rule_of_the_shown_interval(table: tuple[int, ...], method: str) -> None:
    found = paired.choose_paired_interval(*table)
    assert found.method == method
    assert np.isnan(found.low) == np.isnan(found.high) == (method == "")
    if method:
        n = sum(table)
        one = paired.wald_paired(table[1], table[2], n) if method == "wald" else paired.tango(table[1], table[2], n)
        assert (found.low, found.high) == (one.low, one.high)


@given(tables, st.sampled_from([0.01, 0.02, 0.05]))
def test_paired_margin_verdict_is_tangos_test(table: tuple[int, int, int, int], margin: float) -> None:
    n11, n10, n01, n00 = table
    found = noninferiority.from_pairs(n11, n10, n01, n00, margin)
    interval = paired.tango(n10, n01, sum(table), 0.90)
    assume(min(abs(interval.low + margin), abs(interval.high + margin)) > 1e-9)
    expected = "PASS" if interval.low > -margin else "FAIL" if interval.high < -margin else "TOO FEW DATA"
    assert str(found.verdict) == expected
    assert (found.p < 0.05) == (expected == "PASS")


def test_arrays_and_what_is_missing() -> None:
    found = paired.mcnemar([25, 6, np.nan], [11, 6, 2])
    assert np.isnan(found.p_mid).tolist() == [False, False, True]
    low = paired.tango([1, np.nan, 3], [0, 1, 3], [10, 10, 5]).low
    assert np.isnan(low).tolist() == [False, True, True]
    assert np.isnan(noninferiority.from_pairs([5, np.nan], 1, 1, 3).p).tolist() == [False, True]
    assert np.isnan(paired.paired_mean([1.0], [0.0]).stderr)
    for a, b in (([0, 2], [0, 1]), ([0, np.nan], [0, 1]), ([0, 1], [0, 1, 1])):
        with pytest.raises(ValueError, match="must be 0 or 1"):
            paired.count_pairs(a, b)


@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3)), min_size=3, max_size=20))
def test_paired_t_is_one_sample_t_of_the_differences(rows: list[tuple[float, float]]) -> None:
    from scipy import stats

    a, b = np.array(rows).T
    assume((a - b).std() > 1e-3)
    found, expected = paired.paired_mean(a, b), stats.ttest_rel(a, b)
    assert math.isclose(found.p_t, expected.pvalue, rel_tol=1e-8, abs_tol=1e-12)
    interval = expected.confidence_interval()
    assert np.allclose([found.low, found.high], [interval.low, interval.high])
