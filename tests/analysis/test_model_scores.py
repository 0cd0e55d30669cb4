"""The scores of one model: each protocol by itself, and its states on the way to a curve."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import checkpoint_scores, model_scores
from lib.analysis.comparability import NOT_COMPARABLE, compare
from lib.stats.intervals import wilson
from tests.analysis import frames

CATALOGUE = frames.benchmarks({"mmlu": "MMLU", "piqa": "PIQA"}).assign(part_of="")
MODELS = frames.models([{"id": "a"}, {"id": "quant", "variant_of": "a"}])
RESULTS = st.lists(
    st.fixed_dictionaries(
        {
            "benchmark": st.sampled_from(["mmlu", "piqa"]),
            "evaluator": st.sampled_from(["lm-eval 0.4", "board:helm-lite"]),
            "metric": st.sampled_from(["acc", "acc_norm"]),
            "n_shot": st.sampled_from([0.0, 5.0]),
            "n_samples": st.sampled_from([100.0, 200.0]),
            "n_correct": st.integers(0, 100).map(float),
            "is_checkpoint": st.sampled_from([False, False, True]),
            "backend": st.sampled_from(["hf", "vllm"]),
        }
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(RESULTS)
def test_a_row_is_one_protocol_and_rows_are_never_comparable(drawn: list[dict[str, Any]]) -> None:
    rows = [{**one, "task": one["benchmark"], "score": one["n_correct"] / one["n_samples"]} for one in drawn]
    found = model_scores.model_scores(frames.scores(rows), CATALOGUE, MODELS)
    wanted: dict[tuple[object, ...], list[float]] = defaultdict(list)
    for row in rows:
        if not row["is_checkpoint"]:
            key = tuple(row[field] for field in ("benchmark", "evaluator", "metric", "n_shot", "n_samples"))
            wanted[key].append(row["score"])
    shown = found.rows.to_dict("records")
    assert len(shown) == len(wanted)
    for row in shown:
        key = (row["benchmark"], str(row["evaluator"]), row["metric"], row["n_shot"], row["n_samples"])
        scores = wanted[key]
        assert row["score"] in scores
        assert row["also_in"] == len(scores) - 1
        if len(scores) > 1:
            assert row["disagreement"] == pytest.approx(max(abs(one - row["score"]) for one in scores))
        low, high = wilson(row["n_correct"], row["n_samples"])
        assert (row["ci_low"], row["ci_high"]) == (pytest.approx(float(low)), pytest.approx(float(high)))
    behind = found.results.set_index(["identity", "run_id"])
    first = [behind.loc[(row["identity"], row["run_id"])].to_dict() for row in shown]
    for i, one in enumerate(first):
        assert all(compare(one, other).verdict == NOT_COMPARABLE for other in first[i + 1 :])


def test_words_leave_out_what_other_columns_say() -> None:
    found = model_scores.model_scores(frames.scores([{"n_shot": 5.0}]), CATALOGUE, MODELS).rows.iloc[0]
    assert (found["benchmark_label"], found["label"], found["evaluator_words"]) == (
        "MMLU", "5-shot, acc, version 1", "lm-eval 0.4",
    )  # fmt: skip


def test_scores_of_a_variant_are_its_own_and_those_of_others_are_left_out() -> None:
    row = {"quantisation": "gptq"}
    own = model_scores.model_scores(frames.scores([{**row, "model": "quant"}]), CATALOGUE, MODELS)
    assert len(own.rows) == 1
    other = model_scores.model_scores(frames.scores([row]), CATALOGUE, MODELS)
    assert other.rows.empty
    assert other.excluded == {"quantised weights of the model": 1}


def test_what_is_no_share_is_not_taken_for_one() -> None:
    scores = frames.scores(
        [{"score": 0.5}, {"score": 3.2}, {"score": 0.8, "higher_is_better": False}, {"score": np.nan}]
    )
    assert model_scores.is_share(scores).tolist() == [True, False, False, False]


def test_no_scores_at_all() -> None:
    found = model_scores.model_scores(frames.scores([]), CATALOGUE, MODELS)
    assert found.rows.empty
    assert list(found.rows.columns) == list(model_scores.COLUMNS)


def _states(n: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        {"score": i / 10, "training_tokens": float(10**i), "is_checkpoint": i < n - 1, "revision": f"step{i}", **fields}
        for i in range(n)
    ]


def test_a_curve_has_every_state_of_its_protocol_and_no_other() -> None:
    scores = frames.scores([*_states(5), *_states(3, n_shot=0.0), *_states(2, n_shot=1.0), {"score": 0.9}])
    assert checkpoint_scores.benchmarks_of(scores).to_dict() == {"mmlu": 5}
    cut, counts = checkpoint_scores.protocols_of(scores, "mmlu", CATALOGUE)
    assert counts.tolist() == [5, 3]
    for key, n in counts.items():
        points = checkpoint_scores.curve(cut, str(key), MODELS).points
        assert points["training_tokens"].tolist() == [10.0**i for i in range(n)]
        assert points["score"].tolist() == [i / 10 for i in range(n)]
        assert points["is_final"].tolist() == [False] * (n - 1) + [True]
    assert checkpoint_scores.rise(scores).to_dict() == pytest.approx({"mmlu": 0.4})
