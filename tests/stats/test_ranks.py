"""Ranks, rank intervals and strengths against loops over pairs and step-by-step fits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib.stats import bradley_terry as bt
from lib.stats import multiplicity, ranks
from lib.stats.bootstrap import resampled_means

values = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8])
score_tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(values, min_size=width, max_size=width), min_size=2, max_size=6)
)
estimates = st.lists(st.tuples(st.floats(0.2, 0.9), st.floats(0.005, 0.05)), min_size=1, max_size=7)


@given(score_tables)
def test_rank_counts_those_above_and_half_of_those_alike(table: list[list[float]]) -> None:
    found = ranks.ranks(table)
    rates = ranks.win_rates(table)
    for i, row in enumerate(table):
        beaten = 0.0
        for j, score in enumerate(row):
            others = [other[j] for place, other in enumerate(table) if place != i]
            above, alike = sum(x > score for x in others), sum(x == score for x in others)
            assert found[i, j] == 1 + above + alike / 2
            beaten += (sum(x < score for x in others) + alike / 2) / len(others)
        assert math.isclose(rates[i], beaten / len(row), abs_tol=1e-12)


@given(score_tables)
def test_friedman_is_scipys(table: list[list[float]]) -> None:
    from scipy import stats

    array = np.array(table)
    found = ranks.friedman(array)
    assert np.allclose(found.mean_rank, stats.rankdata(-array, axis=0).mean(axis=1))
    if all(len(set(column)) == 1 for column in array.T):
        assert np.isnan(found.chi2) and np.isnan(found.p)
    elif len(table) > 2:
        expected = stats.friedmanchisquare(*array)
        assert math.isclose(found.chi2, expected.statistic, rel_tol=1e-9, abs_tol=1e-9)
        assert math.isclose(found.p, expected.pvalue, rel_tol=1e-9, abs_tol=1e-12)


def test_ranks_refuse_what_is_missing() -> None:
    with pytest.raises(ValueError, match="every model on every task"):
        ranks.friedman([[0.1, np.nan], [0.2, 0.3]])
    with pytest.raises(ValueError, match="two models or more"):
        ranks.friedman([[0.1, 0.2]])
    assert np.isnan(ranks.win_rates([[0.1, 0.2]])).all()


@given(st.integers(2, 12), st.integers(1, 40))
def test_critical_difference_of_nemenyi(n_models: int, n_tasks: int) -> None:
    # Table of Demšar 2006 for k models, q_0.05 already over the root of 2.
    table = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164, 3.219, 3.268]
    expected = table[n_models - 2] * math.sqrt(n_models * (n_models + 1) / (6 * n_tasks))
    assert ranks.critical_difference(n_models, n_tasks) == pytest.approx(expected, rel=1e-3)


@given(estimates)
def test_rank_intervals_count_who_is_shown_better(rows: list[tuple[float, float]]) -> None:
    m = len(rows)
    pairs = [(i, j) for i in range(m) for j in range(i + 1, m)]
    z = [(rows[i][0] - rows[j][0]) / math.hypot(rows[i][1], rows[j][1]) for i, j in pairs]
    adjusted = multiplicity.holm([math.erfc(abs(x) / math.sqrt(2)) for x in z]) if pairs else []
    assume(all(abs(p - 0.05) > 1e-9 for p in adjusted))
    found = ranks.rank_intervals(*zip(*rows, strict=True))
    for model in range(m):
        better = worse = 0
        for (i, j), x, p in zip(pairs, z, adjusted, strict=True):
            if p <= 0.05 and model in (i, j):
                is_better = (x > 0) == (model == j)
                better, worse = better + is_better, worse + (not is_better)
        assert (found.best[model], found.worst[model]) == (1 + better, m - worse)


@settings(max_examples=25)
@given(estimates)
def test_probability_of_being_best_is_a_share_of_draws(rows: list[tuple[float, float]]) -> None:
    s, se = zip(*rows, strict=True)
    found = ranks.probability_best(s, se)
    draws = ranks.normal_draws(s, se, 4_000)
    assert math.isclose(found.sum(), 1, abs_tol=1e-3)
    assert np.allclose(found, (draws == draws.max(axis=1, keepdims=True)).mean(axis=0), atol=0.06)
    spread = ranks.bootstrap_ranks(draws)
    assert np.allclose(spread.share_first, found, atol=0.06)
    assert (spread.low <= spread.mean + 1e-9).all() or len(rows) > 1
    assert math.isclose(spread.mean.sum(), len(rows) * (len(rows) + 1) / 2)


def test_models_without_an_error_take_no_part_in_being_best() -> None:
    found = ranks.probability_best([0.9, 0.5, 0.4], [np.nan, 0.01, 0.01])
    assert np.isnan(found[0]) and found[1] > 0.999


def test_ranks_of_resampled_answers_keep_what_models_share() -> None:
    """B is A with one answer in fifty wrong on top: on any draw of questions A is never behind."""
    rng = np.random.default_rng(3)
    a = (rng.random(600) < 0.6).astype(float)
    b = np.where(rng.random(600) < 0.02, 0.0, a)
    spread = ranks.bootstrap_ranks(resampled_means(np.stack([a, b], axis=1), 1_000))
    assert spread.high[0] <= 1.5 and spread.share_first[0] > 0.99
    independent = ranks.bootstrap_ranks(ranks.normal_draws([a.mean(), b.mean()], [0.02, 0.02], 1_000))
    assert independent.share_first[0] < 0.8


wins = st.integers(2, 5).flatmap(
    lambda m: st.lists(st.lists(st.integers(0, 6), min_size=m, max_size=m), min_size=m, max_size=m)
)


@settings(max_examples=60)
@given(wins)
def test_bradley_terry_makes_expected_wins_those_observed(table: list[list[int]]) -> None:
    won = np.array(table, float)
    np.fill_diagonal(won, 0)
    m = len(won)
    met = won + won.T > 0
    if not _joined(met):
        with pytest.raises(ValueError, match="never met"):
            bt.bradley_terry(won)
        return
    found = bt.bradley_terry(won)
    assert math.isclose(found.strength.sum(), 0, abs_tol=1e-9) and np.isfinite(found.strength).all()
    extreme = [not won[i].sum() or not won[:, i].sum() for i in range(m)]
    used = won + 0.5 * np.array([[met[i, j] and (extreme[i] or extreme[j]) for j in range(m)] for i in range(m)])
    if not any(extreme) and not found.has_pseudo_wins:
        used = won
    elif not (_strong(used)):
        used = won + 0.5 * met
    assert found.has_pseudo_wins == (used is not won)
    for i in range(m):
        expected = sum(
            (used[i, j] + used[j, i]) / (1 + math.exp(found.strength[j] - found.strength[i])) for j in range(m) if j != i
        )  # fmt: skip
        assert math.isclose(expected, used[i].sum(), rel_tol=1e-6, abs_tol=1e-6)


def _strong(won: np.ndarray) -> bool:
    reach = (won > 0) | np.eye(len(won), dtype=bool)
    for _ in won:
        reach = (reach.astype(int) @ reach.astype(int)) > 0
    return bool(reach.all())


def _joined(met: np.ndarray) -> bool:
    return _strong(met.astype(float))


def test_errors_of_two_models_are_those_of_a_log_odds() -> None:
    found = bt.bradley_terry([[0, 30], [10, 0]])
    # The difference of the two has the variance of a log-odds; each carries a quarter of it against their mean.
    assert found.strength[0] - found.strength[1] == pytest.approx(math.log(3))
    assert found.stderr == pytest.approx([math.sqrt(1 / 30 + 1 / 10) / 2] * 2)
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.959963984540054 * found.stderr[0])


@pytest.mark.parametrize("table", [[[0, 1]], [[0, -1], [1, 0]], [[0, np.nan], [1, 0]], [[0]]])
def test_what_is_no_table_of_wins_is_an_error(table: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="square table"):
        bt.bradley_terry(table)
