"""Resampling: the same seed gives the same numbers, and they are those of drawing questions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.stats import bootstrap

tables = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 60))


@settings(max_examples=25)
@given(tables, st.integers(0, 5))
def test_counts_and_answers_have_the_same_replicates(table: tuple[int, int, int], seed: int) -> None:
    only_a, only_b, alike = table
    n = sum(table)
    a = np.repeat([1.0, 0.0, 1.0], [only_a, only_b, alike])
    b = np.repeat([0.0, 1.0, 1.0], [only_a, only_b, alike])
    by_counts = bootstrap.paired_bootstrap_counts(only_a, only_b, n, 4_000, seed)
    by_answers = bootstrap.paired_bootstrap(a, b, 4_000, seed)
    closed = float(bootstrap.paired_bootstrap_stderr(only_a, only_b, n))
    for found in (by_counts, by_answers):
        assert found.diff == pytest.approx((only_a - only_b) / n)
        # Six standard errors of a standard deviation of 4,000 draws.
        assert found.stderr == pytest.approx(closed, rel=6 / np.sqrt(2 * 4_000), abs=1e-12)
    # An end may jump to the next possible value, at 1/n from it.
    assert by_counts.low == pytest.approx(by_answers.low, abs=2 / n + 0.1 * closed)


@settings(max_examples=15)
@given(st.integers(40, 90), st.integers(0, 9))
def test_any_scores_are_drawn_with_replacement(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = rng.normal(size=(n, 2))
    found = bootstrap.resampled_means(items, 3_000, seed)
    assert found.shape == (3_000, 2)
    assert (found == bootstrap.resampled_means(items, 3_000, seed)).all()
    assert not (found == bootstrap.resampled_means(items, 3_000, seed + 1)).all()
    # Mean, covariance of a mean of n draws with replacement: both columns share the questions.
    expected = np.cov(items.T, ddof=0) / n
    spread = np.sqrt(np.diag(expected))
    assert np.allclose(found.mean(axis=0), items.mean(axis=0), atol=6 * spread.max() / np.sqrt(3_000))
    assert np.allclose(np.cov(found.T), expected, atol=8 * spread.max() ** 2 / np.sqrt(3_000))


def test_small_samples_are_drawn_as_the_slow_way_lists_them() -> None:
    """All 27 equally likely draws of three questions, counted out."""
    values = np.array([0.0, 1.0, 5.0])
    expected: dict[float, float] = {}
    for i in values:
        for j in values:
            for k in values:
                mean = round((i + j + k) / 3, 9)
                expected[mean] = expected.get(mean, 0) + 1 / 27
    for items in (values, np.repeat(values, 1)):
        found = np.round(bootstrap.resampled_means(items, 54_000)[:, 0], 9)
        assert {x: float(np.mean(found == x)) for x in expected} == pytest.approx(expected, abs=0.01)


def test_a_ratio_of_columns_that_move_together_does_not_move() -> None:
    items = np.random.default_rng(1).random(300)
    found = bootstrap.resampled_means(np.stack([items, 2 * items], axis=1), 200)
    assert np.allclose(found[:, 1] / found[:, 0], 2)


@pytest.mark.parametrize("items", [[], [1.0, np.nan], np.zeros((2, 2, 2))])
def test_what_cannot_be_resampled_is_an_error(items: list[float]) -> None:
    with pytest.raises(ValueError, match="resampling needs"):
        bootstrap.resampled_means(items)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_counts_that_do_not_fit_are_an_error(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="must be counts"):
        bootstrap.paired_bootstrap_counts(*counts)
