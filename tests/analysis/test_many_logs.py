"""Every pair of many logs at once against the join of two logs, and against the definitions read slowly."""

from __future__ import annotations

import math
import random
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from lib.analysis import many_logs, paired
from lib.analysis.many_logs import Side
from lib.analysis.stored_answers import are_of_group, are_of_scores, together
from lib.errors import RefusedInput
from tests.analysis import frames
from tests.analysis.logs import log

ABOUT: dict[str, Any] = frames.SCORE | {"task_version": "1"}
binary = st.sampled_from([0.0, 1.0])
mixed = st.sampled_from([0.0, 0.25, 1.0, 1.0])
holes = st.one_of(binary, binary, binary, st.none())
one_log = st.tuples(
    st.sampled_from([binary, binary, mixed, holes]).flatmap(lambda one: st.lists(one, min_size=14, max_size=14)),
    st.sampled_from(["d", "d", "d", "e"]),
    st.sampled_from(["p", "p", "q"]),
    st.sampled_from([(), (), ("doc_hash",), ("target_hash",), ("doc_hash", "prompt_hash")]),
    st.sampled_from([14.0, 14.0, 13.0, 15.0, math.nan]),
    st.sampled_from([5.0, 5.0, math.nan]),
    st.integers(0, 3),
)
boards = st.integers(1, 3).flatmap(
    lambda n: st.tuples(
        st.just(n), st.booleans(), st.lists(st.lists(one_log, min_size=n, max_size=n), min_size=2, max_size=4)
    )
)


def made(board: tuple) -> list[Side]:
    """Sides of as many logs each; the score of a group is made of its parts."""
    n_parts, is_weighted, given_ = board
    sides = []
    for number, logs in enumerate(given_):
        parts = []
        for place, (values, of, prompts, without, n, shots, seed) in enumerate(logs):
            order = list(range(14))
            random.Random(seed).shuffle(order)
            table = log(values, of=f"{of}{place}", prompts=prompts, without=without, order=order)
            known = [v for v in values if v is not None]
            score = sum(known) / len(known) if known else 0.0
            row = ABOUT | {"score": score, "n_samples": n, "n_shot": shots, "task": f"part {place}", "run_id": number}
            parts.append(many_logs.answers(row, table))
        row = parts[0].row if n_parts == 1 else ABOUT | {"score": 0.5, "n_samples": math.nan, "run_id": number}
        sides.append(Side(row, tuple(parts), is_weighted or n_parts == 1))
    return sides


def slowly(a: Side, b: Side) -> dict[str, float] | None:
    """One pair by the join of two logs, differences, and sums over them."""
    try:
        each = [
            paired.pair(x.table, y.table, "acc", "none", about_a=x.row, about_b=y.row)
            for x, y in zip(a.parts, b.parts, strict=True)
        ]
    except RefusedInput:
        return None
    rows = [(x.row, y.row) for x, y in zip(a.parts, b.parts, strict=True)]
    if len(each) > 1 and not are_of_group(a.row, b.row, rows, together(each, is_weighted=a.is_weighted)):
        return None
    if len(each) == 1 and not are_of_scores(a.row, b.row, each[0]):
        return None
    lists = [list(zip(one.a, one.b, strict=True)) for one in each]
    n = sum(map(len, lists))
    is_binary = all(v in (0.0, 1.0) for one in lists for both in one for v in both)
    weights = [len(one) / n if a.is_weighted else 1 / len(lists) for one in lists]
    diff = variance = 0.0
    for weight, one in zip(weights, lists, strict=True):
        mean = sum(x - y for x, y in one) / len(one)
        spread = sum((x - y - mean) ** 2 for x, y in one) / (len(one) - 1) if len(one) > 1 else math.nan
        diff += weight * mean
        variance += weight**2 * spread / len(one)
    stderr = math.sqrt(variance)
    told = {"n": n, "diff": diff, "stderr": stderr, "p": math.nan, "only_a": math.nan, "only_b": math.nan}
    if is_binary:
        told["only_a"] = sum(x > y for one in lists for x, y in one)
        told["only_b"] = sum(x < y for one in lists for x, y in one)
    if not is_binary or not (a.is_weighted or len(each) == 1):
        if not stderr > 1e-12:
            return None
        told["p"] = float(student.sf(diff / stderr, n - 1)) if len(each) == 1 else NormalDist().cdf(-diff / stderr)
    return told


@settings(max_examples=120, deadline=None)
@given(boards)
def test_all_pairs_at_once_are_those_of_joining_each(board: tuple) -> None:
    sides = made(board)
    a, b = np.nonzero(~np.eye(len(sides), dtype=bool))
    found = many_logs.pairs(sides, a, b)
    for at, (i, j) in enumerate(zip(a, b, strict=True)):
        wanted = slowly(sides[i], sides[j])
        assert bool(found.is_paired[at]) is (wanted is not None)
        for name, value in (wanted or {}).items():
            got = getattr(found, name)[at]
            assert math.isclose(got, value, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(got) and math.isnan(value)), (
                name
            )


def test_a_question_that_occurs_twice_and_one_answered_twice() -> None:
    """Equal questions are matched in the order of their numbers; answers to one count by their mean."""
    values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    one, other = (
        log(v, order=o) for v, o in ((values, range(6)), ([1.0, 1.0, 0.0, 1.0, 0.0, 0.0], [5, 0, 3, 1, 2, 4]))
    )
    for place, name in enumerate(one.column_names):
        if name.endswith("_hash"):
            texts = [table[name].to_pylist() for table in (one, other)]
            # Questions 0 and 1 have the same words.
            own = [["same" if k in (0, 1) else t for k, t in zip(table["sample_id"].to_pylist(), text, strict=True)] for table, text in zip((one, other), texts, strict=True)]  # fmt: skip
            one, other = (table.set_column(place, name, [text]) for table, text in zip((one, other), own, strict=True))
    again = one.slice(2, 1)
    one = one.take(list(range(6)))
    one = pa.concat_tables([one, again.set_column(5, "metric:acc", [pa.array([0.0])])])
    row = ABOUT | {"n_samples": 6.0, "score": 0.5}
    sides = [Side(row, (many_logs.answers(row, table),)) for table in (one, other)]
    found = many_logs.pairs(sides, np.array([0]), np.array([1]))
    wanted = slowly(*sides)
    assert wanted is not None and found.is_paired[0]
    assert found.diff[0] == pytest.approx(wanted["diff"]) and found.p[0] == pytest.approx(wanted["p"])


def test_a_log_that_does_not_fit_the_result_is_refused() -> None:
    for changed in ({"metric": "f1"}, {"filter": "strict"}):
        with pytest.raises(RefusedInput, match=r"no (values|rows)"):
            many_logs.answers(ABOUT | changed, log([1.0, 0.0]))
    bare = log([1.0, 0.0], without=("doc_hash", "prompt_hash"))
    with pytest.raises(RefusedInput, match="nothing tells"):
        many_logs.answers(ABOUT | {"task_version": None}, bare)


def one_pair(a: tuple[dict[str, Any], pa.Table], b: tuple[dict[str, Any], pa.Table]) -> bool:
    """Whether two logs of one task are paired; as the join of the two says."""
    sides = [Side(row, (many_logs.answers(row, table),)) for row, table in (a, b)]
    found = bool(many_logs.pairs(sides, np.array([0]), np.array([1])).is_paired[0])
    assert found is (slowly(*sides) is not None)
    return found


def test_other_prompts_are_paired_only_where_the_number_of_examples_is_known() -> None:
    logs = [log([1.0, 0.0, 1.0, 1.0], prompts=one) for one in "pq"]
    for shots, is_paired in ((5.0, True), (math.nan, False)):
        row = ABOUT | {"n_samples": 4.0, "score": 0.75, "n_shot": shots}
        assert one_pair((row, logs[0]), (row, logs[1])) is is_paired
        assert one_pair((row, logs[0]), (row, logs[0]))


def test_a_question_more_in_one_log_is_not_the_same_questions() -> None:
    row = ABOUT | {"n_samples": 3.0, "score": 0.5}
    twice = log([1.0, 0.0, 1.0])
    for place, name in enumerate(twice.column_names):
        if name.endswith("_hash"):
            texts = twice[name].to_pylist()
            twice = twice.set_column(place, name, [[texts[0], texts[1], texts[1]]])
    once = log([1.0, 0.0])
    assert not one_pair((row, twice), (row, once))
    assert one_pair((row, twice), (row, twice))
