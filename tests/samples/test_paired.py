"""Two logs joined by content: against a join with plain dictionaries, and what is refused, left out or not judged."""

import hashlib
import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import paired
from lib.analysis.question_text import content_keys
from lib.errors import RefusedInput

ABOUT = {
    "evaluator": "lm-eval 0.4", "benchmark": "gsm8k", "task": "gsm8k", "task_version": "3", "metric": "acc",
    "filter": "none", "n_samples": 4, "n_shot": 5, "chat_template": "none", "system_instruction": "none",
}  # fmt: skip
HASHES = ("doc_hash", "prompt_hash", "target_hash")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def log(rows, **fixed):
    """A log of rows (number, document, value); ``fixed`` replaces whole columns, None empties one."""
    columns = {
        "sample_id": pa.array([row[0] for row in rows], pa.int64()),
        "filter": ["none"] * len(rows),
        "doc_hash": [digest(f"doc {row[1]}") for row in rows],
        "prompt_hash": [digest(f"prompt {row[1]}") for row in rows],
        "target_hash": [digest(f"target {row[1]}") for row in rows],
        "doc": [json.dumps({"question": f"What is {row[1]}?"}) for row in rows],
        "prompt": [f"Q: What is {row[1]}?\nA:" for row in rows],
        "metric:acc": pa.array([row[2] for row in rows], pa.float64()),
    }
    for name, values in fixed.items():
        columns[name] = pa.nulls(len(rows), pa.string()) if values is None else values
    return pa.table(columns)


def pair(a, b, metric="acc", filter="none", about_a=ABOUT, about_b=ABOUT):
    return paired.pair(a, b, metric, filter, about_a=about_a, about_b=about_b)


def counts(of):
    return of.n11, of.n10, of.n01, of.n00


def by_dictionaries(rows_a, rows_b):
    """The definition, slowly: question = document and how many numbers of it are smaller; value = mean of its numbers."""
    both = []
    for rows in (rows_a, rows_b):
        by_number = {}
        for number, document, value in rows:
            by_number.setdefault(document, {}).setdefault(number, []).append(value)
        found = {}
        for document, numbers in by_number.items():
            for time, number in enumerate(sorted(numbers)):
                known = [value for value in numbers[number] if value is not None]
                found[document, time] = math.fsum(known) / len(known) if known else None
        both.append(found)
    common = both[0].keys() & both[1].keys()
    pairs = [(both[0][k], both[1][k]) for k in common if both[0][k] is not None and both[1][k] is not None]
    return sorted(pairs), len(both[0]), len(both[1]), len(common)


ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("abcde"), st.sampled_from([0.0, 1.0, None])), min_size=1, max_size=14
)


@given(ROWS, ROWS)
def test_the_join_is_that_of_dictionaries(rows_a, rows_b):
    # A number belongs to one question: the first document that has it.
    rows_a, rows_b = (
        [(number, next(d for n, d, _ in rows if n == number), value) for number, _, value in rows]
        for rows in (rows_a, rows_b)
    )
    pairs, n_a, n_b, n_common = by_dictionaries(rows_a, rows_b)
    if not n_common:
        with pytest.raises(RefusedInput, match="different questions"):
            pair(log(rows_a), log(rows_b))
        return
    found = pair(log(rows_a), log(rows_b))
    assert (found.n, found.n_a, found.n_b) == (len(pairs), n_a, n_b)
    assert np.allclose(sorted(zip(found.a.tolist(), found.b.tolist(), strict=True)), pairs)
    assert found.differences.tolist() == (found.a - found.b).tolist()
    is_binary = all(value in (0.0, 1.0) for two in pairs for value in two)
    expected = tuple(sum(two == wanted for two in pairs) for wanted in ((1, 1), (1, 0), (0, 1), (0, 0)))
    assert counts(found) == (expected if is_binary else (None,) * 4)
    is_partial = n_common < n_a or n_common < n_b
    assert ("the logs do not hold the same questions" in found.no_verdict) is is_partial


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_and_sides_may_change(rows, random):
    rows = list({row[0]: row for row in rows}.values())
    mixed = random.sample(rows, len(rows))
    others = [(number, document, 1.0) for number, document, _ in mixed]
    one, other = pair(log(rows), log(others)), pair(log(mixed), log(others[::-1]))
    assert one.a.tolist() == other.a.tolist()
    back = pair(log(others), log(rows))
    if one.n11 is not None:
        assert counts(back) == (one.n11, one.n01, one.n10, one.n00)


def test_rows_lead_to_the_texts_of_each_pair():
    a = log([(0, "x", 1.0), (1, "y", 0.0), (2, "z", 1.0)])
    b = log([(0, "z", 0.0), (1, "x", 1.0), (2, "y", 1.0)])
    found = pair(a, b)
    assert [a["prompt"][i].as_py() for i in found.rows_a] == [b["prompt"][i].as_py() for i in found.rows_b]
    assert counts(found) == (1, 1, 1, 0)


def test_document_prompt_and_target_are_named():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    assert pair(log(rows), log(rows)).why == "the hashes of document and target agree, and those of the prompts"
    assert pair(log(rows), log(rows, prompt_hash=None)).why.endswith("the prompts are not known")
    found = pair(log(rows), log(rows, doc_hash=None))
    assert (found.key, found.has_verdict) == ("prompt", True)


def test_another_target_is_another_question():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    found = pair(log(rows), log(rows, target_hash=[digest("target x"), digest("other")]))
    assert found.n == 1
    assert not found.has_verdict
    assert found.left_out == ("1 question only in the first log", "1 question only in the second log")


def test_equal_numbers_of_different_questions_are_refused():
    with pytest.raises(RefusedInput, match="different questions"):
        pair(log([(0, "x", 1.0), (1, "y", 0.0)]), log([(0, "u", 1.0), (1, "v", 0.0)]))


def test_numbers_serve_only_without_hashes_and_with_version_and_count():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    bare = dict.fromkeys(HASHES)
    found = pair(log(rows, **bare), log(rows, **bare))
    assert (found.key, found.n, found.has_verdict) == ("number", 2, True)
    assert "questions matched by number only" in found.cautions
    assert "no hashes" in found.why
    for about in (ABOUT | {"task_version": "4"}, ABOUT | {"task_version": None}, None):
        with pytest.raises(RefusedInput, match="nothing tells"):
            pair(log(rows, **bare), log(rows, **bare), about_b=about)
    with pytest.raises(RefusedInput, match="nothing tells"):
        pair(log(rows, **bare), log(rows[:1], **bare))


def test_one_filter_of_several_is_taken_and_a_wrong_one_named():
    rows = [(0, "x", 1.0), (0, "x", 0.0), (1, "y", 0.0), (1, "y", 1.0)]
    filters = ["strict-match", "flexible-extract"] * 2
    a, b = log(rows, filter=filters), log(rows, filter=filters)
    assert paired.filters_in_both(a, b) == ["strict-match", "flexible-extract"]
    assert pair(a, b, filter="strict-match").a.tolist() == [1.0, 0.0]
    assert pair(a, b, filter="flexible-extract").a.tolist() == [0.0, 1.0]
    with pytest.raises(RefusedInput) as refused:
        pair(a, b, filter="none")
    assert (refused.value.place, refused.value.expected) == ("the first log", "strict-match, flexible-extract")
    with pytest.raises(RefusedInput, match="no values of this metric at the first log; found f1"):
        pair(a, b, metric="f1", filter="strict-match")


def test_several_answers_to_a_question_are_one_value():
    a = log([(0, "x", 1.0), (0, "x", 0.0), (0, "x", 1.0), (1, "y", 0.0)])
    b = log([(0, "x", 1.0), (1, "y", 0.0)])
    found = pair(a, b)
    assert found.a.tolist() == pytest.approx([2 / 3, 0.0])
    assert counts(found) == (None,) * 4
    assert found.left_out == ("1 question was answered several times: the mean of each counts",)
    assert found.has_verdict


def test_a_question_without_a_number_is_left_out_and_not_wrong():
    found = pair(log([(0, "x", 1.0), (1, "y", None)]), log([(0, "x", 1.0), (1, "y", 0.0)]))
    assert counts(found) == (1, 0, 0, 0)
    assert found.left_out == ("1 question without a number in one of the logs",)
    assert found.n_a == found.n_b == 2


def test_without_any_number_there_are_no_pairs_and_no_division():
    found = pair(log([(0, "x", None)]), log([(0, "x", 1.0)]))
    assert (found.n, counts(found)) == (0, (0, 0, 0, 0))


def test_prompts_that_differ_without_stated_shots_give_no_verdict():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    other = log(rows, prompt_hash=[digest("prompt x"), digest("other")])
    assert pair(log(rows), other).has_verdict
    assert "the prompts differ on 1 question" in pair(log(rows), other).cautions
    unknown = ABOUT | {"n_shot": None}
    found = pair(log(rows), other, about_a=unknown, about_b=unknown)
    assert "the number of examples in them is not stated" in found.no_verdict[0]
    assert pair(log(rows), log(rows), about_a=unknown, about_b=unknown).has_verdict


def test_what_is_not_comparable_is_counted_and_not_judged():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    found = pair(log(rows), log(rows), about_b=ABOUT | {"n_shot": 0})
    assert counts(found) == (1, 0, 0, 1)
    assert found.no_verdict == ("the runs are not comparable: different number of examples in the prompt",)
    assert pair(log(rows), log(rows), about_a=None, about_b=None).no_verdict == (
        "it is not known how the two were run",
    )


def test_the_same_questions_settle_what_a_limit_leaves_open():
    rows = [(0, "x", 1.0), (1, "y", 0.0)]
    limited = ABOUT | {"limit": "2", "n_samples": 2}
    assert pair(log(rows), log(rows), about_b=limited).has_verdict
    found = pair(log([*rows, (2, "z", 1.0)]), log(rows), about_b=limited)
    assert found.no_verdict[0].startswith("the runs are not comparable: run on different parts of the questions")
    bare = dict.fromkeys(HASHES)
    assert not pair(log(rows, **bare), log(rows, **bare), about_b=limited).has_verdict


def test_other_evaluators_are_joined_by_words_and_never_judged():
    rows = [(0, "x", 1.0), (1, "y", 0.0), (2, "z", 1.0)]
    other = log([(0, "z", 1.0), (1, "x", 0.0), (2, "y", 0.0)], doc=None)
    old = other.set_column(
        other.column_names.index("prompt"),
        "prompt",
        pa.array([f"Q: What is one?\nA: 1\n\nQ:  What IS {name}?until" for name in "zxy"]),
    )
    found = pair(log(rows), old, about_b=ABOUT | {"evaluator": "lm-eval 0.3"})
    assert (found.key, counts(found), found.has_verdict) == ("words", (1, 1, 0, 1), False)
    assert found.no_verdict[0].startswith("the runs come from different evaluators")
    assert paired.columns_needed("acc", ABOUT, ABOUT | {"evaluator": "x"}) == [
        *paired.BASIC,
        "doc",
        "prompt",
        "metric:acc",
    ]
    assert "doc" not in paired.columns_needed("acc", ABOUT, ABOUT)


def test_the_same_words_twice_cannot_be_told_apart_across_evaluators():
    rows = [(0, "x", 1.0), (1, "x", 0.0), (2, "z", 1.0)]
    found = pair(log(rows), log(rows), about_b=ABOUT | {"evaluator": "other"})
    assert found.n == 1
    assert found.left_out == ("1 wording that occurs more than once in a log",)
    assert pair(log(rows), log(rows)).n == 3


@pytest.mark.parametrize(
    "prompt",
    ["Q: Why?\nA: Because.\n\nQ: What is x?\nA:", "Question: What is x?\nAnswer:", "What  is\nX?", "Q: What is x?"],
)
def test_the_words_of_a_question_are_found_in_doc_and_prompt(prompt):
    table = pa.table({"doc": [json.dumps({"question": "What is x?"}), None], "prompt": [None, prompt]})
    one, other = content_keys(table)
    assert one == other == digest("what is x?")


def test_until_is_cut_only_where_every_prompt_ends_with_it():
    none = pa.nulls(2, pa.string())
    all_end = content_keys(pa.table({"doc": none, "prompt": ["How long?until", "Since when?until"]}))
    assert all_end == [digest("how long?"), digest("since when?")]
    some_end = content_keys(pa.table({"doc": none, "prompt": ["From when until", "Since when?"]}))
    assert some_end[0] == digest("from when until")


def test_a_row_that_asks_nothing_matches_nothing():
    table = pa.table({"doc": ["[1]", "no json", None, '{"id": 1}'], "prompt": [None, "", " ", None]})
    assert content_keys(table) == [None] * 4
    rows = [(0, "x", 1.0), (1, "y", 1.0)]
    a = log(rows, doc=[json.dumps({"question": "What is x?"}), None], prompt=None)
    found = pair(a, a, about_b=ABOUT | {"evaluator": "other"})
    assert (found.n, found.n_a) == (1, 2)
    assert found.left_out == (
        "1 question that cannot be told in the first log",
        "1 question that cannot be told in the second log",
    )


def test_values_need_not_be_right_or_wrong():
    a, b = log([(0, "x", 0.25), (1, "y", 0.5)]), log([(0, "x", 0.75), (1, "y", 0.5)])
    found = pair(a, b)
    assert counts(found) == (None,) * 4
    np.testing.assert_allclose(found.differences, [-0.5, 0.0])
