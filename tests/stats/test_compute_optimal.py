"""Closed forms against minimisation, and the band against a loop over draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from lib.stats import compute_optimal as co
from lib.stats import normalisation

laws = st.builds(
    co.LossLaw, st.floats(0.5, 2), st.floats(50, 1000), st.floats(50, 9000), st.floats(0.2, 0.6), st.floats(0.2, 0.6)
)
budgets = st.floats(18, 26).map(lambda x: 10**x)
sizes = st.floats(7, 12).map(lambda x: 10**x)
PRINTED = co.LossLaw(1.8172, 482.01, 2085.43, 0.3478, 0.3658)


@given(laws, budgets)
def test_allocation_is_the_minimum_at_equal_compute(law: co.LossLaw, flop: float) -> None:
    best = co.allocate(law, flop)
    assert co.training_flop(best.params, best.tokens) == pytest.approx(flop)
    assert co.loss(law, best.params, best.tokens) == pytest.approx(float(best.loss), rel=1e-9)

    def at(ln_n: float) -> float:
        n = np.exp(ln_n)
        return float(co.loss(law, n, flop / (6 * n)))

    centre = float(np.log(best.params))
    found = minimize_scalar(at, bounds=(centre - 4, centre + 4), method="bounded", options={"xatol": 1e-8})
    assert found.fun == pytest.approx(float(best.loss), rel=1e-9)


@given(laws, budgets)
def test_inverse_and_equivalent_compute_return_to_the_budget(law: co.LossLaw, flop: float) -> None:
    best = co.allocate(law, flop)
    assert co.optimal_for(law, best.params).flop == pytest.approx(flop, rel=1e-6)
    assert co.equivalent_flop(law, best.loss) == pytest.approx(flop, rel=1e-4)
    assert co.parameter_share(law, best.params, best.tokens) == pytest.approx(float(co.exponents(law).a), rel=1e-6)


@given(laws, sizes, sizes)
def test_the_two_ratios_fix_each_other(law: co.LossLaw, params: float, tokens: float) -> None:
    found = co.overtraining(law, params, tokens * 10)
    if np.isnan(found.ratio_equal_compute):
        assert not co.FLOP_RANGE[0] <= found.flop <= co.FLOP_RANGE[1]
    else:
        power = 1 / (2 * co.exponents(law).a)
        assert found.ratio_equal_size == pytest.approx(float(found.ratio_equal_compute) ** power, rel=1e-6)


def test_no_optimum_outside_the_stated_range() -> None:
    found = co.overtraining(PRINTED, [1e6, 1e9, 1e13], [1e9, 1e11, 1e14])
    assert np.isnan(found.ratio_equal_compute).tolist() == [True, False, True]
    assert np.isnan(found.ratio_equal_size).tolist() == [True, False, True]


@given(st.lists(laws, min_size=2, max_size=9), st.lists(st.tuples(sizes, sizes), min_size=1, max_size=4))
def test_band_is_taken_draw_by_draw(laws: list[co.LossLaw], models: list[tuple[float, float]]) -> None:
    draws = co.LossLaw(*(np.array(column) for column in zip(*laws, strict=True)))
    params, tokens = np.array(models).T
    found = co.overtraining_band(draws, params, tokens)
    other = co.equal_size_band(draws, params, tokens)
    for i, (n, d) in enumerate(models):
        ratios = [co.overtraining(law, n, d) for law in laws]
        logs = np.log([float(r.ratio_equal_compute) for r in ratios])
        expected = np.exp(np.percentile(logs, co.BAND))
        np.testing.assert_allclose([found.low[i], found.high[i]], expected, rtol=1e-8)
        inverse = 1 / np.array([float(r.ratio_equal_size) for r in ratios])
        np.testing.assert_allclose([1 / other.high[i], 1 / other.low[i]], np.percentile(inverse, co.BAND), rtol=1e-6)


def test_many_budgets_lose_less_than_a_thousandth() -> None:
    random = np.random.default_rng(3)
    draws = co.LossLaw(1.8, 480.0, 2000.0, random.normal(0.348, 0.015, 500), random.normal(0.366, 0.02, 500))
    flop = np.geomspace(1e18, 1e26, 2000)
    fast = co.optimal_ratio_percentiles(draws, flop)
    exact = np.stack([co.optimal_ratio_percentiles(draws, c) for c in flop[::40]], axis=1)
    np.testing.assert_allclose(fast[:, ::40], exact, rtol=1e-3)


def test_the_table_of_the_methods() -> None:
    """Ratios and 80% bands as printed in the project's methods, to the digits printed."""
    from tests.stats.calculations_scaling import draws

    params, tokens = [8e9, 70e9, 175e9, 280e9], [15e12, 1.4e12, 300e9, 300e9]
    found, band = co.overtraining(PRINTED, params, tokens), co.overtraining_band(draws(), params, tokens)
    size = co.equal_size_band(draws(), params, tokens)
    np.testing.assert_allclose(found.ratio_equal_compute, [102.5, 1.09, 0.092, 0.058], rtol=0.01)
    np.testing.assert_allclose(band.low, [65, 0.70, 0.061, 0.038], rtol=0.02)
    np.testing.assert_allclose(band.high, [185, 1.95, 0.159, 0.103], rtol=0.02)
    np.testing.assert_allclose(size.low, [70, 0.70, 0.058, 0.036], rtol=0.02)
    np.testing.assert_allclose(size.high, [125, 1.85, 0.182, 0.123], rtol=0.02)


def test_kaplan_slope_passes_through_its_anchor() -> None:
    slope = co.kaplan_slope([3.15e23, 3.15e24])
    assert slope.params[0] == pytest.approx(175e9)
    assert slope.tokens[0] == pytest.approx(300e9)
    assert np.log10(slope.params[1] / slope.params[0]) == pytest.approx(0.73)
    assert np.log10(slope.tokens[1] / slope.tokens[0]) == pytest.approx(0.27)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=4).map(lambda x: np.cumsum(x).tolist()))
def test_effective_n_counts_explicit_weights(set_sizes: list[int]) -> None:
    found = normalisation.nested_effective_n(set_sizes)
    items = range(set_sizes[-1])
    per_set = [sum(item < size for size in set_sizes) for item in items]
    per_mean = [sum(1 / size for size in set_sizes if item < size) for item in items]
    for value, weights in ((found.n_effective_size_weighted, per_set), (found.n_effective_macro, per_mean)):
        assert value == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
