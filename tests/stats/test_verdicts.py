"""Four verdicts, in their order, against a slow reading of the rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats import intervals, multiplicity, paired, tasks, verdicts
from lib.stats.verdicts import A_BETTER, B_BETTER, DEPENDS, NO_DIFFERENCE_SHOWN, NO_VERDICT, TOO_FEW_DATA

rows = st.one_of(
    st.tuples(st.just("pairs"), st.tuples(*[st.integers(0, 900), st.integers(0, 90), st.integers(0, 90), st.integers(0, 900)])),
    st.tuples(st.just("scores"), st.tuples(st.floats(0, 1), st.floats(0.001, 0.05), st.floats(0, 1), st.floats(0.001, 0.05))),
    st.tuples(st.just("counts"), st.tuples(st.integers(0, 100), st.integers(100, 900), st.integers(0, 100), st.integers(100, 900))),
    st.tuples(st.just("scores"), st.just((0.5, math.nan, 0.6, 0.01))),
)  # fmt: skip
MADE = {"pairs": verdicts.from_pairs, "scores": verdicts.from_stderrs, "counts": verdicts.from_counts}


def slowly(evidence: verdicts.Evidence, margin: float) -> list[str]:
    """Task by task, as the rules are written."""
    tested = [i for i, p in enumerate(evidence.p) if not math.isnan(p)]
    adjusted = dict(zip(tested, multiplicity.holm([evidence.p[i] for i in tested]), strict=True))
    found = []
    for i in range(len(evidence.p)):
        if i not in adjusted:
            found.append(NO_VERDICT)
        elif evidence.discordant[i] < 10:
            found.append(TOO_FEW_DATA)
        elif adjusted[i] <= 0.05:
            found.append(A_BETTER if evidence.diff[i] > 0 else B_BETTER)
        elif not 0 < 2.801585218 * evidence.stderr[i] <= max(margin, 0.05):
            found.append(TOO_FEW_DATA)
        else:
            found.append(NO_DIFFERENCE_SHOWN)
    return found


@given(st.lists(rows, min_size=1, max_size=6), st.sampled_from([0.01, 0.02, 0.1]))
def test_each_task_follows_the_rules_in_their_order(given_: list[tuple[str, tuple[float, ...]]], margin: float) -> None:
    evidence = verdicts.join(*(MADE[kind](*values) for kind, values in given_))
    each = verdicts.per_task(evidence, margin)
    assert each.verdict.tolist() == slowly(evidence, margin)
    # Turning A and B round turns the verdicts round.
    turned = verdicts.join(*(MADE[kind](*_turned(kind, values)) for kind, values in given_))
    swap = {A_BETTER: B_BETTER, B_BETTER: A_BETTER}
    assert verdicts.per_task(turned, margin).verdict.tolist() == [swap.get(v, v) for v in each.verdict]
    over_all = verdicts.overall(evidence, each, margin)
    assert over_all.verdict == overall_slowly(evidence, each, margin)


def _turned(kind: str, values: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d = values
    return (a, c, b, d) if kind == "pairs" else (c, d, a, b)


def overall_slowly(evidence: verdicts.Evidence, each: verdicts.TaskVerdicts, margin: float) -> str:
    shown = [v for v in each.verdict if v != NO_VERDICT]
    used = [i for i, se in enumerate(evidence.stderr) if se > 0 and not math.isnan(evidence.p[i])]
    if not shown:
        return NO_VERDICT
    if len(shown) == 1:
        return str(shown[0])
    if A_BETTER in shown and B_BETTER in shown:
        return DEPENDS
    if len(used) < 2:
        return str(each.verdict[used[0]]) if used else TOO_FEW_DATA
    found = tasks.mean_difference(evidence.diff[used], evidence.stderr[used])
    if found.p_q <= 0.05:
        return DEPENDS
    if found.p <= 0.05:
        return A_BETTER if found.mean > 0 else B_BETTER
    return TOO_FEW_DATA if 2.801585218 * found.stderr > max(margin, 0.05) else NO_DIFFERENCE_SHOWN


def test_opposite_verdicts_overrule_a_quiet_q() -> None:
    """A is better on one of ten tasks and B on another; among eight without a difference Q does not notice."""
    evidence = verdicts.from_stderrs(0.5 + 0.0285 * np.array([1, -1, *[0] * 8]), [0.01] * 10, [0.5] * 10, [1e-9] * 10)
    each = verdicts.per_task(evidence)
    assert each.verdict.tolist() == [A_BETTER, B_BETTER, *[NO_DIFFERENCE_SHOWN] * 8]
    found = verdicts.overall(evidence, each)
    assert found.p_q > 0.05
    assert found.verdict == DEPENDS


def test_a_task_that_may_not_be_compared_is_no_test() -> None:
    none = verdicts.Evidence(*(np.array([math.nan]) for _ in range(4)))
    one = verdicts.from_stderrs([0.60], [0.01], [0.57], [0.01])
    both = verdicts.per_task(verdicts.join(one, none))
    assert both.verdict.tolist() == [A_BETTER, NO_VERDICT]
    assert both.p_holm[0] == one.p[0]
    twice = verdicts.per_task(verdicts.join(one, verdicts.from_stderrs([0.5], [0.01], [0.5], [0.01])))
    assert twice.verdict[0] == NO_DIFFERENCE_SHOWN and twice.p_holm[0] == 2 * one.p[0]


def test_all_right_on_both_sides_is_too_few_data_and_never_equal() -> None:
    for evidence in (verdicts.from_counts(50, 50, 50, 50), verdicts.from_pairs(50, 0, 0, 0)):
        each = verdicts.per_task(evidence)
        assert each.verdict.tolist() == [TOO_FEW_DATA] and np.isnan(each.detectable).all()
        assert not verdicts.overall(evidence, each).is_used.any()
    assert verdicts.per_task(verdicts.from_stderrs(1.0, 0.0, 1.0, 0.0)).verdict.tolist() == [NO_VERDICT]


@given(st.integers(2, 600), st.integers(2, 600), st.floats(0, 1), st.floats(0, 1))
def test_counts_take_the_pooled_test_below_300(n: int, m: int, a: float, b: float) -> None:
    k, j = round(a * n), round(b * m)
    found = verdicts.from_counts(k, n, j, m)
    pooled = float(intervals.pooled_z(k, n, j, m))
    if math.isnan(pooled):
        assert found.p == 1 and found.diff == 0
    elif min(n, m) < 300 or not found.stderr > 0:
        assert math.isclose(found.p, math.erfc(abs(pooled) / math.sqrt(2)), rel_tol=1e-8, abs_tol=1e-300)
    else:
        z = abs(found.diff) / found.stderr
        assert math.isclose(found.p, math.erfc(z / math.sqrt(2)), rel_tol=1e-8, abs_tol=1e-300)


def test_continuous_scores_take_the_paired_t() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 3, 50))
    found = verdicts.from_scores(a, b)
    assert np.allclose(found.p, paired.paired_mean(a, b).p_t)
    assert verdicts.per_task(found).verdict.shape == (3,)


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_compare(n: int) -> None:
    evidence = verdicts.Evidence(*(np.full(n, math.nan) for _ in range(4)))
    each = verdicts.per_task(evidence)
    assert verdicts.overall(evidence, each).verdict == NO_VERDICT
