"""An independent route: the same numbers from statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.api import OLS
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from lib.stats import clusters, intervals, multiplicity, paired, power

shares = st.tuples(st.integers(1, 200), st.integers(1, 200)).map(sorted)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar(a: int, b: int) -> None:
    assume(a + b > 0)
    found = paired.mcnemar(a, b)
    table = [[5, a], [b, 5]]
    assert math.isclose(found.p_exact, mcnemar(table, exact=True).pvalue, rel_tol=1e-9)
    assert math.isclose(found.chi2, mcnemar(table, exact=False, correction=False).statistic, rel_tol=1e-9)
    assert math.isclose(found.chi2_corrected, mcnemar(table, exact=False, correction=True).statistic, rel_tol=1e-9)


@settings(max_examples=12)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values(p: list[float]) -> None:
    for adjust, name in (
        (multiplicity.holm, "holm"),
        (multiplicity.benjamini_hochberg, "fdr_bh"),
        (multiplicity.benjamini_yekutieli, "fdr_by"),
    ):
        assert np.allclose(adjust(p), multipletests(p, method=name)[1], rtol=1e-9, atol=1e-15)


@given(shares, shares)
def test_intervals_of_shares_and_of_their_difference(a: list[int], b: list[int]) -> None:
    (k, n), (j, m) = a, b
    assert np.allclose(intervals.wilson(k, n), proportion_confint(k, n, method="wilson"), atol=1e-9)
    assert np.allclose(intervals.clopper_pearson(k, n), proportion_confint(k, n, method="beta"), atol=1e-9)
    found = intervals.newcombe(k, n, j, m)
    expected = confint_proportions_2indep(k, n, j, m, method="newcomb", compare="diff")
    assert np.allclose([found.low, found.high], expected, atol=1e-9)


@settings(max_examples=25)
@given(st.integers(0, 1_000), st.integers(3, 9))
def test_clustered_error(seed: int, n_clusters: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_clusters, 60)
    scores = (rng.random(60) < 0.3 + 0.4 * (labels % 2)).astype(float)
    assume(len(set(labels)) > 1)
    fit = OLS(scores, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": labels, "use_correction": False})
    found = clusters.clustered_mean(scores, labels)
    assert math.isclose(found.mean, fit.params[0], rel_tol=1e-9)
    assert math.isclose(found.stderr, fit.bse[0], rel_tol=1e-6, abs_tol=1e-12)


@pytest.mark.parametrize(("a", "b", "n", "margin"), [(120, 90, 1319, 0.02), (30, 25, 198, 0.05)])
def test_questions_for_a_margin(a: int, b: int, n: int, margin: float) -> None:
    """One sample of differences whose standard deviation is that of a true difference of 0."""
    found = float(power.items_for_margin_paired(a, b, n, margin))
    effect = margin / math.sqrt((a + b) / n)
    assert found == pytest.approx(NormalIndPower(ddof=0).solve_power(effect, alpha=0.05, power=0.8, ratio=0), rel=1e-3)
