"""All pairs at once against a double loop with the full adjustment."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.stats import multiplicity, upsets

sizes = st.sampled_from([1e9, 2e9, 3e9, 7e9, 14e9, 70e9, math.nan])
cells = st.one_of(
    st.just((math.nan, math.nan, math.nan)),
    st.tuples(st.sampled_from([0.2, 0.4, 0.5, 0.55, 0.7]), st.sampled_from([0.01, 0.03]), st.just(math.nan)),
    st.tuples(st.sampled_from([0.5, 0.9]), st.just(0.0), st.just(math.nan)),
    st.tuples(st.integers(0, 40), st.just(-1.0), st.sampled_from([40.0, 400.0])),
)
boards = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.tuples(sizes, st.lists(cells, min_size=width, max_size=width)), min_size=1, max_size=7)
)


def tables(board: list) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sizes, scores, errors, questions; the last kind of cell is a count of 40, or the same share of 400."""
    size = np.array([row[0] for row in board])
    values = np.array([row[1] for row in board], float)
    is_count = values[..., 1] == -1
    values[..., 0] = np.where(is_count, values[..., 0] / 40, values[..., 0])
    n = np.where(is_count, values[..., 2], math.nan)
    p = values[..., 0]
    values[..., 1] = np.where(is_count, np.sqrt(p * (1 - p) / (n - 1)), values[..., 1])
    return size, values[..., 0], values[..., 1], n


def slowly(size, score, error, n, ratio: float, margin: float) -> tuple[list, int, int]:
    """Every eligible test with its z; how many wins; how many pairs without a usable error."""
    found, wins, unusable = [], 0, 0
    for i in range(len(size)):
        for j in range(len(size)):
            if not size[j] >= ratio * size[i]:
                continue
            for t in range(score.shape[1]):
                if math.isnan(score[i, t]) or math.isnan(score[j, t]):
                    continue
                has_small = any(n[k, t] < 300 and error[k, t] > 0 and size[k] > 0 for k in range(len(size)))
                usable = [error[k, t] > 0 and not (has_small and math.isnan(n[k, t])) for k in (i, j)]
                if not all(usable):
                    unusable += 1
                    continue
                d = score[i, t] - score[j, t]
                variance = error[i, t] ** 2 + error[j, t] ** 2
                if n[i, t] < 300 or n[j, t] < 300:
                    p = (score[i, t] * n[i, t] + score[j, t] * n[j, t]) / (n[i, t] + n[j, t])
                    variance = p * (1 - p) * (1 / n[i, t] + 1 / n[j, t])
                wins += d > 0
                found.append((i, j, t, d, (d - margin) / math.sqrt(variance)))
    return found, wins, unusable


@settings(max_examples=300)
@given(boards, st.sampled_from([1.5, 2.0, 4.0]), st.sampled_from([0.0, 0.01]), st.sampled_from([0.05, 0.5]))
def test_all_pairs_are_those_of_a_double_loop(board: list, ratio: float, margin: float, keep: float) -> None:
    size, score, error, n = tables(board)
    tests, wins, unusable = slowly(size, score, error, n, ratio, margin)
    found = upsets.find_upsets(size, score, error, n, ratio=ratio, margin=margin, keep=keep)
    assert (found.n_tests, found.n_wins, found.n_without_error) == (len(tests), wins, unusable)
    p = [math.erfc(z / math.sqrt(2)) / 2 for *_, z in tests]
    full = {"q": multiplicity.benjamini_hochberg(p), "q_any": multiplicity.benjamini_yekutieli(p), "p_holm": multiplicity.holm(p)}  # fmt: skip
    listed = {(i, j, t): k for k, (i, j, t) in enumerate(zip(found.small, found.large, found.task, strict=True))}
    assert {key[:3] for key, x in zip(tests, p, strict=True) if x < keep - 1e-9 and key[4] > 1e-9} <= set(listed)
    assert (np.diff(found.p) >= 0).all()
    for place, (i, j, t, d, z) in enumerate(tests):
        if (i, j, t) not in listed:
            continue
        k = listed[i, j, t]
        assert math.isclose(found.z[k], z, rel_tol=1e-9) and math.isclose(found.diff[k], d, abs_tol=1e-12)
        assert math.isclose(found.p[k], p[place], rel_tol=1e-9)
        assert math.isclose(found.stderr[k], (d - margin) / z, rel_tol=1e-6)
        assert math.isclose(found.p_holm[k], full["p_holm"][place], rel_tol=1e-9)
        # Exact where it matters: at most the level.
        for name in ("q", "q_any"):
            mine, whole = getattr(found, name)[k], full[name][place]
            assert math.isclose(mine, whole, rel_tol=1e-9) or (mine > keep and whole > keep)


pairs = st.lists(st.tuples(*[st.integers(0, 6)] * 2, st.integers(0, 2), *[st.integers(0, 30)] * 2), max_size=12)


@settings(max_examples=300)
@given(boards, pairs, st.sampled_from([0.05, 0.5]))
def test_stored_answers_decide_where_there_are_some(board: list, given_: list, keep: float) -> None:
    size, score, error, n = tables(board)
    tests, wins, _ = slowly(size, score, error, n, 2.0, 0.0)
    own = {row[:3]: row[3:] for row in given_ if row[0] < len(size) and row[1] < len(size) and row[2] < score.shape[1]}
    paired = upsets.PairedTests(*(list(column) for column in zip(*[(*k, *v) for k, v in own.items()], strict=True))) if own else None  # fmt: skip
    found = upsets.find_upsets(size, score, error, n, keep=keep, paired=paired)
    p = []
    for i, j, t, _, z in tests:
        if (i, j, t) in own:
            b, c = own[i, j, t]
            terms = [math.comb(b + c, k) / 2 ** (b + c) for k in range(b + c + 1)]
            p.append(sum(terms[b:]) - terms[b] / 2 if b + c >= 10 else 1.0)
        else:
            p.append(math.erfc(z / math.sqrt(2)) / 2)
    listed = {(i, j, t): k for k, (i, j, t) in enumerate(zip(found.small, found.large, found.task, strict=True))}
    assert len(listed) == len(found.p) and found.n_tests == len(tests) and found.n_wins == wins
    q = multiplicity.benjamini_hochberg(p)
    for (i, j, t, d, _), one, adjusted in zip(tests, p, q, strict=True):
        if one < keep - 1e-9:
            k = listed[i, j, t]
            assert math.isclose(found.p[k], one, rel_tol=1e-6) and math.isclose(found.diff[k], d, abs_tol=1e-12)
            assert math.isclose(found.q[k], adjusted, rel_tol=1e-6) or min(found.q[k], adjusted) > keep
        elif one > keep + 1e-9:
            assert (i, j, t) not in listed
    with pytest.raises(ValueError, match="not of a margin"):
        upsets.find_upsets(size, score, error, n, margin=0.01, paired=upsets.PairedTests([], [], [], [], []))


@given(st.lists(st.floats(0, 1), max_size=40), st.sampled_from([0.05, 0.2]))
def test_the_smallest_p_values_alone_give_the_same_decisions(p: list[float], level: float) -> None:
    kept = [x for x in p if x <= level]
    for adjust in (multiplicity.benjamini_hochberg, multiplicity.benjamini_yekutieli, multiplicity.holm):
        whole = [q for x, q in zip(p, adjust(p), strict=True) if x <= level]
        part = adjust(kept, len(p))
        assert all(math.isclose(a, b, rel_tol=1e-9) or min(a, b) > level for a, b in zip(part, whole, strict=True))
    with pytest.raises(ValueError, match="of only"):
        multiplicity.holm([0.1, 0.2], 1)


def test_equal_p_values_stay_in_order() -> None:
    score = np.array([[0.6], [0.6], [0.6], [0.5], [0.5]])
    found = upsets.find_upsets([1e9, 1e9, 1e9, 4e9, 5e9], score, np.full((5, 1), 0.01))
    assert list(zip(found.small, found.large, strict=True)) == [(i, j) for i in range(3) for j in (3, 4)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([1e9], [[0.5]], [[0.1, 0.2]]), "tables of models by tasks"),
        (([1e9, 2e9], [[0.5]], [[0.1]]), "as many sizes as rows"),
        (([1e9], [0.5], [0.1]), "tables of models by tasks"),
    ],
)
def test_tables_that_do_not_fit_are_an_error(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        upsets.find_upsets(*arguments)


@pytest.mark.parametrize("choice", [{"ratio": 1.0}, {"keep": 0.0}, {"keep": 0.6}, {"ratio": math.nan}])
def test_choices_that_make_no_family_are_an_error(choice: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above"):
        upsets.find_upsets([1e9], [[0.5]], [[0.1]], **choice)


def test_nothing_to_test() -> None:
    found = upsets.find_upsets([math.nan, 1e9], np.full((2, 3), 0.5), np.full((2, 3), 0.1))
    assert found.n_tests == 0 and not len(found.q) and not len(found.q_any) and not len(found.stderr)
