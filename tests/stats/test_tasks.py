"""Several tasks, clusters, panels and power against slow definitions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.stats import clusters, panels, power, tasks
from lib.stats.intervals import wilson

effects = st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(0.001, 0.1)), min_size=1, max_size=8)
cells = st.one_of(st.just(float("nan")), st.sampled_from([0.1, 0.25, 0.5, 0.6, 0.9]))
score_tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 5))
def test_sign_test_adds_binomial_terms(wins: int, losses: int, ties: int) -> None:
    n = wins + losses
    at_least = sum(Fraction(math.comb(n, i), 2**n) for i in range(wins, n + 1))
    at_most = sum(Fraction(math.comb(n, i), 2**n) for i in range(wins + 1))
    found = tasks.sign_test(wins, losses, ties)
    assert found.n_used == n
    assert math.isclose(found.p_one_sided, at_least, rel_tol=1e-9)
    assert math.isclose(found.p_two_sided, min(1, 2 * min(at_least, at_most)), rel_tol=1e-9)
    if n + ties:
        assert math.isclose(found.win_rate, (wins + ties / 2) / (n + ties))


@given(effects)
def test_mean_difference_and_heterogeneity(rows: list[tuple[float, float]]) -> None:
    found = tasks.mean_difference(*zip(*rows, strict=True))
    n = len(rows)
    assert math.isclose(found.mean, sum(d for d, _ in rows) / n, abs_tol=1e-12)
    assert math.isclose(found.stderr, math.sqrt(sum(se**2 for _, se in rows)) / n)
    assert math.isclose(found.stouffer_z, sum(d / se for d, se in rows) / math.sqrt(n), abs_tol=1e-9)
    weights = [1 / se**2 for _, se in rows]
    centre = sum(w * d for w, (d, _) in zip(weights, rows, strict=True)) / sum(weights)
    assert math.isclose(found.weighted_mean, centre, abs_tol=1e-9)
    if n == 1:
        assert np.isnan(found.q) and np.isnan(found.p_q)
        return
    q = sum(((d - centre) / se) ** 2 for d, se in rows)
    assert math.isclose(found.q, q, rel_tol=1e-7, abs_tol=1e-9)
    # Any other centre gives more.
    assert found.q <= sum(((d - centre - 0.01) / se) ** 2 for d, se in rows) + 1e-9


@given(st.floats(-0.1, 0.1), st.floats(0.001, 0.05), st.sampled_from([0.01, 0.02]))
def test_equivalence_is_the_90_percent_interval_inside_the_margin(d: float, se: float, margin: float) -> None:
    half = 1.6448536269514722 * se
    assume(min(abs(d - half + margin), abs(d + half - margin)) > 1e-9)
    assert (tasks.equivalence_p(d, se, margin) < 0.05) == (d - half > -margin and d + half < margin)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4)), min_size=2, max_size=25))
def test_clustered_error_adds_every_pair_of_a_cluster(rows: list[tuple[float, int]]) -> None:
    scores, labels = zip(*rows, strict=True)
    found = clusters.clustered_mean(scores, labels)
    n, mean = len(rows), sum(scores) / len(rows)
    total = sum((s - mean) * (t - mean) for s, c in rows for t, d in rows if c == d)
    cross = sum((rows[i][0] - mean) * (rows[j][0] - mean) for i in range(n) for j in range(n) if i != j and rows[i][1] == rows[j][1])  # fmt: skip
    naive = sum((s - mean) ** 2 for s in scores) / (n - 1) / n
    assert math.isclose(found.stderr_naive, math.sqrt(naive), abs_tol=1e-9)
    if len(set(labels)) == 1:
        assert np.isnan(found.stderr)
        return
    assert math.isclose(found.stderr, math.sqrt(max(total, 0)) / n, abs_tol=1e-7)
    assert math.isclose(found.stderr_miller, math.sqrt(max(naive + cross / n**2, 0)), abs_tol=1e-7)


@pytest.mark.parametrize(("scores", "labels"), [([], []), ([1, 0], [1]), ([1, np.nan], [0, 1])])
def test_clusters_need_every_score(scores: list[float], labels: list[int]) -> None:
    with pytest.raises(ValueError, match="one score and one cluster"):
        clusters.clustered_mean(scores, labels)


@given(score_tables)
def test_means_over_panels_never_use_what_is_missing(rows: list[list[float]]) -> None:
    common = [j for j in range(len(rows[0])) if not any(math.isnan(row[j]) for row in rows)]
    means = panels.mean_over_common(rows)
    bounds = panels.mean_bounds(rows)
    for i, row in enumerate(rows):
        if common:
            assert math.isclose(means[i], sum(row[j] for j in common) / len(common))
        else:
            assert np.isnan(means[i])
        there = [x for x in row if not math.isnan(x)]
        whole = panels.panel_mean(rows)[i]
        assert np.isnan(whole) == (len(there) < len(row))
        assert math.isclose(bounds.low[i], sum(there) / len(row), abs_tol=1e-12)
        assert math.isclose(bounds.high[i], (sum(there) + len(row) - len(there)) / len(row), abs_tol=1e-12)
        if not np.isnan(whole):
            assert math.isclose(whole, bounds.low[i]) and math.isclose(whole, bounds.high[i])


@given(score_tables)
def test_adjusted_means_solve_the_alternating_averages(rows: list[list[float]]) -> None:
    table = np.array(rows)
    there = ~np.isnan(table)
    reached = _components(there)
    assert panels.is_connected(there) == reached
    if not reached:
        with pytest.raises(ValueError, match="no common scale"):
            panels.adjusted_mean(table)
        return
    found = panels.adjusted_mean(table)
    assert math.isclose(found.task_effect.sum(), 0, abs_tol=1e-9)
    # The normal equations: residuals of every model and of every task add up to 0.
    residual = np.where(there, table - found.mean[:, None] - found.task_effect, 0)
    assert np.allclose(residual.sum(axis=0), 0, atol=1e-8) and np.allclose(residual.sum(axis=1), 0, atol=1e-8)
    assert found.is_reliable.tolist() == (there.sum(axis=1) >= 3).tolist()


def _components(there: np.ndarray) -> bool:
    """Union of everything that shares a cell, merged pair by pair."""
    groups = [{("model", i)} for i in range(len(there))] + [{("task", j)} for j in range(there.shape[1])]
    for i, j in zip(*np.nonzero(there), strict=True):
        touching = [g for g in groups if ("model", i) in g or ("task", j) in g]
        groups = [g for g in groups if g not in touching] + [set().union(*touching)]
    return len(groups) == 1


@given(st.floats(0.005, 0.2), st.floats(0.01, 0.3), st.floats(0, 0.3), st.integers(1, 10))
def test_items_needed_and_smallest_detectable_are_inverse(d: float, between: float, within: float, k: int) -> None:
    n = power.items_needed(d, between, within, within, k, k)
    assert math.isclose(power.smallest_detectable(n, between, within, within, k, k), d, rel_tol=1e-9)
    assert math.isclose(n, (1.959963984540054 + 0.8416212335729143) ** 2 * (between + 2 * within / k) / d**2)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 400), st.sampled_from([0.01, 0.02, 0.1]))
def test_items_for_a_margin_never_look_at_the_difference(a: int, b: int, alike: int, margin: float) -> None:
    n = a + b + alike
    assume(n > 0)
    found = float(power.items_for_margin_paired(a, b, n, margin))
    assert found == float(power.items_for_margin_paired(b, a, n, margin)) == float(power.items_for_margin_paired(a + b, 0, n, margin))  # fmt: skip
    share = (a + b) / n if a + b >= 10 else float(wilson(a + b, n).high)
    assert math.isclose(found, 7.848879734349087 * share / margin**2, rel_tol=1e-9)


def test_unpaired_items_from_shares_and_from_errors_agree() -> None:
    by_share = power.items_for_margin_unpaired(0.62, 0.6, 0.02)
    errors = [math.sqrt(p * (1 - p) / n) for p, n in ((0.62, 500), (0.6, 900))]
    assert math.isclose(by_share, power.items_for_margin_from_stderrs(errors[0], 500, errors[1], 900, 0.02))
    assert np.isnan(power.items_for_margin_unpaired(0.62, 0.6, 0.0))
    assert math.isclose(power.detectable_of_accuracies(0.5, 256), 0.1238, abs_tol=1e-4)
    assert math.isclose(power.detectable_from_stderr(0.01), 0.028015852, abs_tol=1e-8)
    assert np.isnan(power.detectable_from_stderr(0.0))
