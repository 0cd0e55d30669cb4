"""Three verdicts and the headline: interval form and p-value form agree; multiplicity against slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import multiplicity, noninferiority
from lib.stats.intervals import newcombe

p_lists = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.001, 0.004, 0.011, 0.02, 0.024, 0.049])), max_size=12)
shares = st.floats(0, 1)
margins = st.sampled_from([0.01, 0.02, 0.05])


@given(st.floats(-0.2, 0.2), st.floats(0.001, 0.1), margins)
def test_bound_and_p_value_give_the_same_verdict(diff: float, se: float, margin: float) -> None:
    found = noninferiority.from_difference(diff, se, margin)
    assert (str(found.verdict) == "PASS") == (found.p < 0.05)
    if found.verdict == "FAIL":
        assert found.p > 0.95


@given(st.integers(20, 600), st.integers(20, 600), shares, shares, margins)
def test_counts_give_the_same_verdict_by_bound_and_by_p(n: int, m: int, a: float, b: float, margin: float) -> None:
    k, j = round(a * n), round(b * m)
    found = noninferiority.from_counts(k, n, j, m, margin)
    near = abs(float(found.p) - 0.05) < 1e-9
    assert near or (str(found.verdict) == "PASS") == (found.p < 0.05)
    if n < 300 or m < 300:
        assert float(found.lower) == float(newcombe(k, n, j, m, 0.90).low)


def test_p_is_the_level_at_which_the_bound_meets_the_margin() -> None:
    p = float(noninferiority.from_counts(190, 198, 188, 198, 0.02).p)
    assert float(newcombe(190, 198, 188, 198, 1 - 2 * p).low) == pytest.approx(-0.02, abs=1e-9)


def test_without_an_error_there_is_no_verdict() -> None:
    found = noninferiority.from_stderrs([0.5, 0.5, 0.5], [0.0, np.nan, 0.01], 0.5, [0.0, 0.01, np.nan])
    assert found.verdict.tolist() == ["", "", ""]


def test_nobody_passes_a_panel_by_absence() -> None:
    verdicts = np.array([["PASS", "PASS"], ["PASS", ""], ["FAIL", "PASS"], ["PASS", "TOO FEW DATA"]], dtype=object)
    p = np.array([[0.01, 0.04], [0.01, np.nan], [0.99, 0.01], [0.01, 0.3]])
    found = noninferiority.panel(verdicts, p)
    assert found.verdict.tolist() == ["PASS", "", "FAIL", "TOO FEW DATA"]
    assert found.p[0] == 0.04
    assert np.isnan(found.p[1])


@given(p_lists)
def test_holm_rejects_step_by_step(p: list[float]) -> None:
    adjusted = multiplicity.holm(p)
    for alpha in (0.01, 0.05, 0.2):
        left = sorted(range(len(p)), key=lambda i: p[i])
        rejected = set()
        while left and p[left[0]] * len(left) <= alpha:
            rejected.add(left.pop(0))
        assert {i for i in range(len(p)) if adjusted[i] <= alpha} == rejected


@given(p_lists)
def test_benjamini_hochberg_takes_the_longest_list(p: list[float]) -> None:
    adjusted = multiplicity.benjamini_hochberg(p)
    m = len(p)
    for alpha in (0.05, 0.2):
        ranked = sorted(p)
        # Multiplied out as in the definition of the adjusted value, so that rounding falls the same way.
        k = max((j for j in range(1, m + 1) if m * ranked[j - 1] / j <= alpha), default=0)
        expected = sorted(ranked[:k])
        assert sorted(x for x, q in zip(p, adjusted, strict=True) if q <= alpha) == expected


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 5)), max_size=10))
def test_headline_is_the_cheapest_of_those_that_hold(candidates: list[tuple[float, int]]) -> None:
    p, cost = [c[0] for c in candidates], [c[1] for c in candidates]
    holding = [i for i, q in enumerate(multiplicity.holm(p)) if q <= 0.05]
    found = multiplicity.headline(p, cost)
    assert (found is None) == (not holding)
    if found is not None:
        assert (cost[found], p[found], found) == min((cost[i], p[i], i) for i in holding)


@pytest.mark.parametrize("p", [[0.1, np.nan], [1.2], [-0.1], [[0.1]]])
def test_what_is_no_p_value_is_an_error(p: list[float]) -> None:
    with pytest.raises(ValueError, match="p-values"):
        multiplicity.holm(p)
