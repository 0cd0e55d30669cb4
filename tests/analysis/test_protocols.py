"""The protocol table row by row, and grouping against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import protocols
from lib.analysis.comparability import compare
from tests.analysis import frames

PRINTED = {"kind": "transcription", "evaluator": "document", "document": "Report | Table 3 | "}

TABLE = [
    # field, a, b, equal verdict is assumed; (value a, value b) -> verdict
    ("evaluator", "lm-eval 0.4", "lm-eval 0.3", "not comparable"),
    ("evaluator", "lm-eval 0.4", "fork:bigscience", "not comparable"),
    ("evaluator", "lm-eval 0.4", None, "not comparable"),
    ("evaluator", None, None, "not comparable"),
    ("document", "Report | Table 3 | ", "Report | Table 4 | ", "not comparable"),
    ("document", "Report | Table 3 | ", None, "not comparable"),
    ("task", "mmlu", "mmlu_pro", "not comparable"),
    ("task", "gsm8k", "gsm8k_cot", "not comparable"),  # one benchmark, asked in two ways
    ("task", "HellaSwag", "hellaswag", "comparable"),
    ("task", "ARC-Challenge", "arc_challenge", "comparable"),
    ("task", "mmlu_1_0", "mmlu_10", "not comparable"),
    ("benchmark", "mmlu", "mmlu_pro", "not comparable"),
    ("prompt", "", "translated", "not comparable"),
    ("task_version", "1", "2", "not comparable"),
    ("task_version", "1", None, "caution"),
    ("task_version", None, None, "caution"),
    ("metric", "acc", "acc_norm", "not comparable"),
    ("metric", "acc", None, "not comparable"),
    ("metric", None, None, "not comparable"),
    ("filter", "strict-match", "flexible-extract", "not comparable"),
    ("filter", "strict-match", None, "not comparable"),
    ("limit", None, "100", "not comparable"),
    ("limit", "100", "200", "not comparable"),
    ("n_samples", 1172, 1171, "not comparable"),
    ("n_samples", 1172, np.nan, "caution"),
    ("n_samples", np.nan, np.nan, "caution"),
    ("n_shot", 0, 5, "not comparable"),
    ("n_shot", 5, np.nan, "caution"),
    ("chat_template", "none", "a1b2", "not comparable"),
    ("chat_template", "a1b2", None, "caution"),
    ("chat_template", None, None, "caution"),
    ("system_instruction", "none", "a1b2", "not comparable"),
    ("system_instruction", "none", None, "caution"),
    *((field, "x", "y", "caution") for field in ("backend", "seeds", "harness_commit", "start_token", "dtype")),
    *((field, "x", None, "comparable") for field in ("backend", "seeds", "harness_commit", "start_token", "dtype")),
    ("quantisation", "int4", "int8", "caution"),
    ("model_kind", "base", "chat", "caution"),
    ("model_kind", "base", None, "comparable"),
    ("evaluated_on", "2024-01-01", "2025-01-01", "comparable"),
    ("model", "a", "b", "comparable"),
]


@pytest.mark.parametrize(("field", "a", "b", "verdict"), TABLE)
def test_row_of_the_table(field: str, a: Any, b: Any, verdict: str) -> None:
    known = {**frames.SCORE, "n_samples": 14042}
    if field == "document":
        known |= PRINTED
    one, other = {**known, field: a}, {**known, field: b}
    found = compare(one, other)
    assert found.verdict == verdict
    assert bool(found.reasons) == (verdict != "comparable")
    assert compare(other, one).verdict == verdict


def test_equal_rows_are_comparable() -> None:
    known = {**frames.SCORE, "n_samples": 14042}
    assert compare(known, known) == ("comparable", ())


def test_equal_hashes_stand_in_for_versions() -> None:
    known = {**frames.SCORE, "n_samples": 14042}
    a, b = {**known, "task_version": None, "task_hash": "h"}, {**known, "task_hash": "h"}
    assert compare(a, b).verdict == "comparable"
    c = {**known, "task_version": None, "task_hash": "other"}
    assert compare(a, c).verdict == "not comparable"


def test_gravest_reason_comes_first() -> None:
    known = {**frames.SCORE, "n_samples": np.nan}
    found = compare(known, {**known, "metric": "acc_norm", "backend": "vllm"})
    assert found.reasons == ("different metrics", "number of questions not stated", "different back-end")


rows = st.fixed_dictionaries(
    {
        "evaluator": st.sampled_from(["lm-eval 0.4", "lm-eval 0.3", None]),
        "document": st.sampled_from([None, "", "Report"]),
        "task": st.sampled_from(["mmlu", "mmlu", "MMLU", "mmlu_cot", "MMLU-CoT"]),
        "task_version": st.sampled_from(["1", "2", None, ""]),
        "task_hash": st.sampled_from(["h", None]),
        "metric": st.sampled_from(["acc", "acc_norm"]),
        "n_shot": st.sampled_from([0.0, 5.0, np.nan]),
        "n_samples": st.sampled_from([100.0, 200.0, np.nan]),
        "chat_template": st.sampled_from(["none", "x", None]),
        "limit": st.sampled_from([None, None, None, "10"]),
        "backend": st.sampled_from(["hf", "vllm", None]),
        "model": st.sampled_from(["a", "b", "c"]),
        "status": st.sampled_from(["scored", "scored", "scored", "failed"]),
    }
)


@settings(deadline=None)
@given(st.lists(rows, max_size=12))
def test_grouping_agrees_with_the_table(given_rows: list[dict[str, Any]]) -> None:
    scores = frames.scores(given_rows)
    grouping = protocols.group(scores, ["mmlu"])
    kept = grouping.scores.to_dict("records")
    assert len(kept) + sum(grouping.excluded.values()) == len(scores)
    for a in kept:
        for b in kept:
            verdict = compare(a, b).verdict
            if a["identity"] == b["identity"]:
                assert verdict != "not comparable"
            elif verdict == "comparable":
                assert a["task_hash"] == b["task_hash"]  # equal hashes under different versions: kept apart
    assert len(grouping.protocols) == len({row["identity"] for row in kept})
    for key, n in grouping.protocols["n_models"].items():
        assert n == len({row["model"] for row in kept if row["protocol"] == key})
        assert sorted({row["model"] for row in kept if row["protocol"] == key}) == list(
            protocols.membership(grouping, str(key))
        )


@settings(deadline=None, max_examples=30)
@given(st.lists(rows, max_size=10), st.randoms())
def test_keys_do_not_depend_on_the_order_of_rows(given_rows: list[dict[str, Any]], random: Any) -> None:
    scores = frames.scores(given_rows)
    order = list(range(len(scores)))
    random.shuffle(order)
    one, other = (protocols.group(s, ["mmlu"]).protocols for s in (scores, scores.iloc[order]))
    assert one["n_models"].to_dict() == other["n_models"].to_dict()
    assert list(one.index) == list(other.index)


def test_an_unknown_number_of_questions_joins_the_usual_one() -> None:
    scores = frames.scores(
        [{"model": m, "n_samples": n} for m, n in (("a", 100), ("b", 100), ("c", np.nan), ("d", 90))]
    )
    grouping = protocols.group(scores, ["mmlu"])
    assert grouping.protocols["n_models"].tolist() == [3, 1]
    assert "number of questions not stated for some" in grouping.protocols["cautions"].iloc[0]
    assert grouping.protocols["cautions"].iloc[1] == ()


def several() -> pd.DataFrame:
    """Two families; in the first, a and b at 5 shots on both benchmarks, a, b and c at 0 shots on one of them."""
    five = [{"model": m, "benchmark": b, "task": b} for m in "ab" for b in ("mmlu", "arc")]
    zero = [{"model": m, "benchmark": b, "task": b, "n_shot": 0.0} for m, b in (("a", "mmlu"), ("a", "arc"), ("b", "mmlu"), ("c", "mmlu"))]  # fmt: skip
    board = [{"model": m, "benchmark": b, "task": b, "evaluator": "board:x"} for m in "abcd" for b in ("mmlu", "arc")]
    return frames.scores([*five, *zero, *board, {"model": "e", "evaluator": "board:x"}])


def test_protocols_of_several_benchmarks_count_complete_rows() -> None:
    grouping = protocols.group(several(), ["mmlu", "arc"])
    found = grouping.protocols[["evaluator", "n_shot", "n_models"]].fillna(-1).values.tolist()
    assert found[0] == ["board:x", 5.0, 4]
    assert ["lm-eval 0.4", 5.0, 2] in found
    assert ["lm-eval 0.4", 0.0, 1] in found
    assert protocols.widest(grouping) == grouping.protocols.index[0]
    assert list(protocols.membership(grouping, grouping.protocols.index[0])) == ["a", "b", "c", "d"]


def test_the_widest_protocol_contains_the_reference() -> None:
    scores = pd.concat([several(), frames.scores([{"model": "z", "benchmark": b, "task": b} for b in ("mmlu", "arc")])])
    grouping = protocols.group(scores.reset_index(drop=True), ["mmlu", "arc"])
    key = protocols.widest(grouping, "z")
    assert grouping.protocols.at[key, "evaluator"] == "lm-eval 0.4"
    for model in [*"abcdez", "nobody"]:
        holding = [key for key in grouping.protocols.index if model in protocols.membership(grouping, key)]
        assert protocols.widest(grouping, model) == (holding[0] if holding else None)


@given(st.lists(st.sampled_from(["a", "b", "c", None])), st.lists(st.sampled_from("abd"), unique=True))
def test_models_among_others(models: list[str | None], eligible: list[str]) -> None:
    found = protocols.among(pd.Series(models, dtype="str"), pd.Index(eligible, dtype="str"))
    assert found.tolist() == [model in eligible for model in models]


def test_the_default_metric_goes_before_another_of_the_same_runs() -> None:
    scores = frames.scores([{"model": m, "metric": metric} for m in "ab" for metric in ("acc", "acc_norm", "a_first")])
    grouping = protocols.group(scores, ["mmlu"], catalogue=frames.benchmarks({"mmlu": "MMLU"}))
    assert grouping.protocols["metrics"].iloc[0] == ("acc",)
    assert grouping.protocols["label"].iloc[0] == "MMLU, 5-shot, acc, version 1 · lm-eval 0.4"


def test_checkpoints_unresolved_and_community_models_do_not_count() -> None:
    scores = frames.scores([{"model": "a"}, {"model": None}, {"model": "b", "is_checkpoint": True}, {"model": "org/c"}])
    models = frames.models([{"id": "a"}, {"id": "b"}, {"id": "org/c", "origin": "community"}])
    assert protocols.group(scores, ["mmlu"], models=models).protocols["n_models"].tolist() == [1]
    wide = protocols.group(scores, ["mmlu"], models=models, include_community=True)
    assert wide.protocols["n_models"].tolist() == [2]


def test_what_varies_inside_a_protocol_is_named() -> None:
    scores = frames.scores([{"model": "a"}, {"model": "b", "backend": "vllm"}, {"model": "c", "chat_template": None}])
    cautions = protocols.group(scores, ["mmlu"]).protocols.sort_values("n_models")["cautions"].tolist()
    assert cautions == [
        ("number of questions not stated", "chat template not stated"),
        ("number of questions not stated", "back-end differs"),
    ]


def test_a_protocol_of_several_names_each_field_once() -> None:
    """All lack the number of questions on one benchmark, some on the other; back-ends differ on both."""
    scores = frames.scores(
        [
            {"model": m, "benchmark": b, "task": b, "backend": backend, "n_samples": n}
            for m, backend in (("a", "hf"), ("b", "vllm"))
            for b, n in (("mmlu", 100 if m == "a" else np.nan), ("arc", np.nan))
        ]
    )
    for order in (["mmlu", "arc"], ["arc", "mmlu"]):
        (cautions,) = protocols.group(scores, order).protocols["cautions"]
        assert cautions == ("number of questions not stated for some", "back-end differs")
    (both,) = protocols.group(scores[scores["benchmark"] == "arc"].reset_index(drop=True), ["arc"]).protocols[
        "cautions"
    ]
    assert both == ("number of questions not stated", "back-end differs")
    mixed = scores.assign(chat_template=np.where(scores["benchmark"] == "arc", None, "none")).astype(
        {"chat_template": "str"}
    )
    assert all(len(c) == len(set(c)) for c in protocols.group(mixed, ["mmlu", "arc"]).protocols["cautions"])


def test_documents_are_named_by_who_measured() -> None:
    row = {**PRINTED, "evaluator_version": "Board v1 protocol (commit b281b09)", "task_version": None}
    grouping = protocols.group(frames.scores([row]), ["mmlu"], catalogue=frames.benchmarks({"mmlu": "MMLU"}))
    assert grouping.protocols["label"].iloc[0] == "MMLU, 5-shot, acc · Board v1 protocol, as printed in Report, Table 3"


def test_nothing_at_all() -> None:
    grouping = protocols.group(frames.scores([]), ["mmlu", "arc"])
    assert grouping.scores.empty
    assert {"identity", "protocol"} <= set(grouping.scores.columns)
    assert grouping.protocols.empty
    assert protocols.widest(grouping) is None
    only_one = protocols.group(frames.scores([{}]), ["mmlu", "arc"])
    assert protocols.widest(only_one) is None
