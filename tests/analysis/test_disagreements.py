"""Two results side by side: every field told, every difference named, the verdict that of the protocol table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import disagreements
from lib.analysis.comparability import compare
from lib.schema.text import plain
from tests.analysis import frames

VALUES: dict[str, Any] = {
    "evaluator": st.sampled_from(["lm-eval 0.4", "board:helm-lite"]),
    "task_version": st.sampled_from(["1", "2", None]),
    "metric": st.sampled_from(["acc", "acc_norm"]),
    "n_shot": st.sampled_from([0.0, 5.0, float("nan")]),
    "n_samples": st.sampled_from([100.0, 200.0, float("nan")]),
    "chat_template": st.sampled_from(["none", "default", None]),
    "backend": st.sampled_from(["hf", "vllm", None]),
    "dtype": st.sampled_from(["bfloat16", None]),
    "score": st.sampled_from([0.5, 0.5002, 0.62]),
}
RESULTS = st.fixed_dictionaries(VALUES).map(lambda drawn: {**frames.SCORE, **drawn})


def _is_stated(value: object) -> bool:
    return value is not None and value != "" and not pd.isna(value)  # type: ignore[call-overload]


@settings(max_examples=40, deadline=None)
@given(RESULTS, RESULTS)
def test_every_field_is_told_as_it_is(first: dict[str, Any], second: dict[str, Any]) -> None:
    found = disagreements.differences(first, second)
    assert found.comparison == compare(first, second)
    words = dict(zip(found.rows["field"], found.rows["state"], strict=True))
    for field, label in disagreements.FIELDS.items():
        a, b = first.get(field), second.get(field)
        if not _is_stated(a) and not _is_stated(b):
            assert label not in words
        elif _is_stated(a) != _is_stated(b):
            assert words[label] == disagreements.ONE_SILENT
        else:
            assert words[label] == (disagreements.SAME if a == b else disagreements.DIFFERENT)
    assert len(words) + found.n_silent == len(disagreements.FIELDS)
    text = plain(found.words)
    assert text.casefold().startswith(
        {"caution": "comparable with"}.get(found.comparison.verdict, found.comparison.verdict)
    )
    apart = abs(first["score"] - second["score"])
    assert ("points apart" in text) == (apart >= 0.0005)
    assert "nan" not in text


def test_reasons_name_both_values() -> None:
    known = {**frames.SCORE, "n_samples": 100.0, "chat_template": "none", "system_instruction": "none"}
    other = {**known, "n_shot": 25.0, "metric": "acc_norm", "n_samples": 14042.0}
    text = plain(disagreements.differences(known, other).words)
    for part in ("5 shots against 25", "metric acc against acc_norm", "100 questions against 14,042"):
        assert part in text
    assert text.startswith("Not comparable")


def test_comparable_and_yet_apart() -> None:
    known = {**frames.SCORE, "n_samples": 100.0, "score": 0.5}
    text = plain(disagreements.differences(known, {**known, "score": 0.521}).words)
    assert text == "Comparable, and yet 2.1 points apart."
    assert "equal to a tenth of a point" in plain(disagreements.differences(known, known).words)


def test_documents_are_named_when_they_differ() -> None:
    printed = {**frames.SCORE, "evaluator": "document", "evaluator_version": None}
    first, second = ({**printed, "document": one} for one in ("Report A | Table 1 | ", "Report B | Table 2 | note"))
    found = disagreements.differences(first, second)
    assert "printed in Report A and in Report B" in plain(found.words)
    told = found.rows.set_index("field").loc["Document"]
    assert told["first"] == "Report A, Table 1"


@pytest.mark.parametrize(
    ("scores", "metrics", "wanted"),
    [
        ((0.2, 0.5, 0.9), ("acc", "acc", "acc"), (0.9, 0.2)),
        ((0.2, 0.5, 0.9), ("acc", "acc", "f1"), (0.5, 0.2)),
        ((0.2, 0.9), ("acc", "f1"), (0.9, 0.2)),
    ],
)
def test_the_pair_farthest_apart_of_one_metric_comes_first(
    scores: tuple[float, ...], metrics: tuple[str, ...], wanted: tuple[float, float]
) -> None:
    results = frames.scores({"score": s, "metric": m} for s, m in zip(scores, metrics, strict=True))
    rows = disagreements.with_keys(results)
    of_key = rows.set_index("key")["score"]
    assert tuple(of_key[key] for key in disagreements.default_pair(rows)) == wanted


def test_spread_counts_shares_only() -> None:
    results = frames.scores(
        [{"score": 0.5}, {"score": 0.7}, {"benchmark": "piqa", "score": 0.8}, {"benchmark": "lambada", "score": 3.1}]
    ).assign(is_share=[True, True, True, False])
    found = disagreements.spread(results)
    assert found.index.tolist() == ["mmlu"]
    assert found.loc["mmlu", ["n_results", "low", "high"]].tolist() == [2, 0.5, 0.7]


def test_other_metrics_other_tasks_and_invisible_differences_are_no_disagreement() -> None:
    results = frames.scores(
        [
            {"benchmark": "glue", "metric": "f1", "score": 0.802},
            {"benchmark": "glue", "metric": "mcc", "score": 0.265},
            {"benchmark": "piqa", "task": "PIQA", "score": 0.61301},
            {"benchmark": "piqa", "task": "piqa", "score": 0.61302},
            {"benchmark": "gsm8k", "task": "gsm8k", "score": 0.2},
            {"benchmark": "gsm8k", "task": "gsm8k_cot", "score": 0.5},
            {"benchmark": "arc", "task": "arc_challenge", "score": 0.2},
            {"benchmark": "arc", "task": "ARC-Challenge", "score": 0.3},
            {"benchmark": "arc", "task": "arc_easy", "score": 0.9},
        ]
    ).assign(is_share=True)
    found = disagreements.spread(results)
    assert found[["n_results", "low", "high"]].to_dict("index") == {"arc": {"n_results": 2, "low": 0.2, "high": 0.3}}
    rows = disagreements.with_keys(results[(results["benchmark"] == "arc").to_numpy(bool)])
    of_key = rows.set_index("key")["score"]
    assert [of_key[key] for key in disagreements.default_pair(rows)] == [0.3, 0.2]
