"""Frontier, its probability and what a right answer costs, against loops over all pairs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib.stats import cost, frontier

numbers = st.sampled_from([0.1, 0.2, 0.5, 1.0, 2.0, math.nan])
points = st.lists(st.tuples(numbers, numbers), max_size=12)


def dominated(i: int, rows: list[tuple[float, float]]) -> bool:
    c, s = rows[i]
    return any(d <= c and t >= s and (d < c or t > s) for d, t in rows)


@given(points)
def test_frontier_is_what_nothing_dominates(rows: list[tuple[float, float]]) -> None:
    expected = [not math.isnan(c + s) and not dominated(i, rows) for i, (c, s) in enumerate(rows)]
    found = frontier.on_frontier([c for c, _ in rows], [s for _, s in rows])
    assert found.tolist() == expected


@given(st.lists(st.lists(st.tuples(numbers, numbers), min_size=4, max_size=4), min_size=1, max_size=4))
def test_many_rows_at_once_are_each_by_itself(tables: list[list[tuple[float, float]]]) -> None:
    both = np.array(tables)
    found = frontier.on_frontier(both[..., 0], both[..., 1])
    for row, table in zip(found, tables, strict=True):
        assert row.tolist() == frontier.on_frontier(*zip(*table, strict=True)).tolist()


models = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.2, 0.5, 1.0]), st.floats(0.3, 0.7), st.floats(0.005, 0.05)), min_size=1, max_size=6
)  # fmt: skip


@settings(max_examples=30)
@given(models, st.booleans(), st.booleans(), st.integers(0, 3))
def test_probability_is_the_share_of_replicates(
    rows: list[tuple[float, float, float]], has_own: bool, has_shared: bool, seed: int
) -> None:
    c, s, se = (np.array(x) for x in zip(*rows, strict=True))
    found = frontier.frontier_probability(c, s, se, 0.3 * has_own, 0.5 * has_shared, 500, seed)
    # The slow way: replicate by replicate, model by model, with draws of its own.
    rng = np.random.default_rng(seed + 100)
    on, near = np.zeros((2, len(rows)))
    for _ in range(500):
        scores = s + se * rng.standard_normal(len(rows))
        costs = c * np.exp(0.3 * has_own * rng.standard_normal(len(rows)) + 0.5 * has_shared * rng.standard_normal())
        for i in range(len(rows)):
            best = max(scores[j] for j in range(len(rows)) if costs[j] <= costs[i] * (1 + 1e-12))
            on[i] += scores[i] >= best
            near[i] += scores[i] >= best - 0.01
    # Seven standard errors of the difference of two shares of 500.
    assert np.allclose(found.on, on / 500, atol=7 * math.sqrt(0.5 / 500))
    assert np.allclose(found.near, near / 500, atol=7 * math.sqrt(0.5 / 500))
    assert (found.near >= found.on).all()


def test_a_shared_price_moves_nobody_past_another() -> None:
    """What all models share cannot change who is cheaper; a factor of each model's own can."""
    c, s, se = [1.0, 1.1, 1.2], [0.5, 0.52, 0.55], [0.001] * 3
    exact = frontier.frontier_probability(c, s, se)
    assert np.allclose(frontier.frontier_probability(c, s, se, 0.0, 1.0).on, exact.on, atol=0.01)
    assert frontier.frontier_probability(c, s, se, 1.0, 0.0).on[0] < 0.7


def test_without_cost_or_error_there_is_no_probability_and_no_influence() -> None:
    found = frontier.frontier_probability([1, 0.5, 2, np.nan], [0.5, 0.9, 0.6, 0.9], [0.01, np.nan, 0.01, 0.01])
    assert np.isnan(found.on).tolist() == [False, True, False, True]
    assert found.on[0] == 1 and found.on[2] > 0.99
    assert np.isnan(frontier.frontier_probability([1.0], [0.5], [0.0]).on).all()


@given(points)
def test_marginal_cost_is_the_step_from_the_next_cheaper(rows: list[tuple[float, float]]) -> None:
    costs, scores = [c for c, _ in rows], [s for _, s in rows]
    found = cost.marginal_cost_per_point(costs, scores)
    best = sorted({row for i, row in enumerate(rows) if not math.isnan(sum(row)) and not dominated(i, rows)})
    for i, (c, s) in enumerate(rows):
        if math.isnan(c + s):
            assert np.isnan(found[i])
        elif (c, s) not in best:
            assert found[i] == math.inf
        elif best.index((c, s)) == 0:
            assert np.isnan(found[i])
        else:
            before = best[best.index((c, s)) - 1]
            assert math.isclose(found[i], (c - before[0]) / (s - before[1]) / 100)


@given(st.floats(0.01, 100), st.integers(1, 1000), st.integers(1, 1000), st.floats(0, 0.9))
def test_cost_per_right_answer(total: float, k: int, n: int, chance: float) -> None:
    assume(k <= n)
    p = k / n
    assert math.isclose(cost.cost_per_correct(total, p, n), total / k, rel_tol=1e-9)
    above = float(cost.cost_per_correct_above_chance(total, p, n, chance))
    if p > chance:
        assert math.isclose(above, total / (n * (p - chance) / (1 - chance)), rel_tol=1e-6)
    else:
        assert np.isnan(above)
    # First order: the change of c/(n p) when p moves by one small error.
    se = 1e-6 * p
    moved = float(cost.cost_per_correct(total, p - se, n) - cost.cost_per_correct(total, p, n))
    assert math.isclose(cost.cost_per_correct_stderr(total, p, se, n), moved, rel_tol=1e-3)
    assert np.isnan(cost.cost_per_correct(total, 0.0, n))
