"""Rows of a log: right and wrong, words, pages, answers; against the plain definitions."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import sample_rows
from lib.analysis.sample_rows import Answer

TEXT = st.text(alphabet="aB ßé.*", max_size=4)
ROW = st.fixed_dictionaries(
    {
        "filter": st.sampled_from(["none", "strict"]),
        "metric:acc": st.sampled_from([0.0, 1.0, None]),
        **dict.fromkeys(sample_rows.SEARCHED, st.one_of(st.none(), TEXT)),
    }
)
TYPES = {"filter": pa.string(), "metric:acc": pa.float64(), **dict.fromkeys(sample_rows.SEARCHED, pa.string())}


def table_of(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=pa.schema(list(TYPES.items())))


@given(st.lists(ROW, max_size=12), st.sampled_from(["all", "right", "wrong"]), TEXT)
def test_chosen_rows_are_those_of_the_plain_definition(rows: list[dict[str, object]], verdict: str, words: str) -> None:
    found = sample_rows.chosen(table_of(rows), filter="none", metric="acc", verdict=verdict, words=words)  # type: ignore[arg-type]
    expected = []
    for i, row in enumerate(rows):
        if row["filter"] != "none":
            continue
        if verdict != "all" and row["metric:acc"] != (1.0 if verdict == "right" else 0.0):
            continue
        texts = [str(row[name]) for name in sample_rows.SEARCHED if row[name] is not None]
        if words and not any(words.casefold() in text.casefold() for text in texts):
            continue
        expected.append(i)
    assert found.tolist() == expected


@given(st.lists(ROW, max_size=12))
def test_counts_add_up(rows: list[dict[str, object]]) -> None:
    table = table_of(rows)
    counts = sample_rows.counts(table, "acc", "none")
    own = [row["metric:acc"] for row in rows if row["filter"] == "none"]
    known = [float(value) for value in own if value is not None]  # type: ignore[arg-type]
    assert (counts.n, counts.n_missing) == (len(known), len(own) - len(known))
    if known:
        assert counts.n_right == sum(known)
        assert counts.mean == pytest.approx(sum(known) / len(known))
        both = [len(sample_rows.chosen(table, filter="none", metric="acc", verdict=v)) for v in ("right", "wrong")]
        assert both == [counts.n_right, counts.n - counts.n_right]
    else:
        assert counts.n_right is None and math.isnan(counts.mean)


def test_a_metric_that_is_no_0_or_1_has_no_right_and_wrong() -> None:
    table = pa.table({"filter": ["none"] * 3, "metric:bleu": [12.5, 0.0, 1.0]})
    assert sample_rows.counts(table, "bleu", "none").n_right is None


@given(st.integers(0, 60), st.integers(-3, 20), st.integers(1, 20))
def test_pages_hold_every_row_once(n: int, page: int, size: int) -> None:
    positions = np.arange(n)
    shown, at, n_pages = sample_rows.page_of(positions, page, size)
    assert 1 <= at <= n_pages and len(shown) <= size
    assert np.concatenate([sample_rows.page_of(positions, i + 1, size)[0] for i in range(n_pages)]).tolist() == list(
        range(n)
    )


@pytest.mark.parametrize(
    ("responses", "doc", "expected"),
    [
        (None, None, []),
        ('[[["-1.5","False"]],[["-0.5","True"]]]', '{"choices":["no","yes"]}', [Answer("no", -1.5, False), Answer("yes", -0.5, True)]),
        ('[[["-1.5","False"]],[["-0.5","True"]]]', None, [Answer("", -1.5, False), Answer("", -0.5, True)]),
        ('[[["-1.5","False"]],[["-0.5","True"]]]', '{"choices":["one of three"]}', [Answer("", -1.5, False), Answer("", -0.5, True)]),
        ("[-2.0,-3.0]", None, [Answer("", -2.0, True), Answer("", -3.0, False)]),
        ('[["a text","another"]]', None, [Answer("a text", None, False), Answer("another", None, False)]),
        ('["\\nA: yes"]', None, [Answer("\nA: yes", None, False)]),
        ('["18"]', None, [Answer("18", None, False)]),
        ('[["18"]]', '{"choices":["no"]}', [Answer("18", None, False)]),
        ("plain <b>text</b>", None, [Answer("plain <b>text</b>", None, False)]),
        ("[]", None, [Answer("[]", None, False)]),
    ],
)  # fmt: skip
def test_answers_of_every_layout(responses: str | None, doc: str | None, expected: list[Answer]) -> None:
    assert sample_rows.answers(responses, doc) == expected


@pytest.mark.parametrize(
    ("prompt", "doc", "expected"),
    [
        ("Q: Why?", '{"question":"Else?"}', "Q: Why?"),
        (None, '{"question":"Why?","options":["so","else"]}', "Why?\nA. so\nB. else"),
        (None, '{"problem":"1+1"}', "1+1"),
        (None, '{"other":"1+1"}', ""),
        (None, "no json", ""),
        (None, None, ""),
        ("", None, ""),
    ],
)
def test_what_was_asked_is_the_prompt_else_the_question(prompt: str | None, doc: str | None, expected: str) -> None:
    assert sample_rows.asked(prompt, doc) == expected


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=8
    )
)
def test_answers_never_fail(value: object) -> None:
    for one in sample_rows.answers(json.dumps(value), json.dumps({"choices": value})):
        assert isinstance(one.text, str)


SHOTS = "Question: first?\nAnswer: yes\n\nQuestion: second?\nAnswer: no\n\n"


@pytest.mark.parametrize(
    ("prompt", "doc", "asked"),
    [
        (SHOTS + "Question: third?\nAnswer:", None, "Question: third? Answer:"),
        (SHOTS + "Question: third?\nAnswer:", '{"question": "As the row\\n has it?"}', "As the row has it?"),
        ("Q: one?\nA: 1\nQ: two?\nA:", '{"id": 3, "question": " "}', "Q: two? A:"),
        ("An example.\n\nWhat is asked", "not JSON", "What is asked"),
        (
            "<|im_start|>user\nA dialogue.\n\nWhich one?<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
            None,
            "Which one?",
        ),
        ("alone", "[1, 2]", "alone"),
        ("", None, ""),
        (None, "{}", ""),
    ],
)
def test_the_question_itself(prompt: str | None, doc: str | None, asked: str) -> None:
    assert sample_rows.question(prompt, doc) == asked


@pytest.mark.parametrize(
    ("stated", "doc", "right"),
    [
        ("4", '{"answer": "5"}', "4"),
        (" ", '{"answer": "5"}', "5 (“answer” in the row of the data set)"),
        ("", '{"answer": "", "label": 0}', "0 (“label” in the row of the data set)"),
        (None, '{"answers": ["a", "b"]}', '["a","b"] (“answers” in the row of the data set)'),
        (None, '{"id": 1}', ""),
        ("", "not JSON", ""),
        (None, None, ""),
    ],
)
def test_the_target_of_the_log_or_of_the_data_set(stated: str | None, doc: str | None, right: str) -> None:
    assert sample_rows.target(stated, doc) == right
