"""Versions of a task: what occurs, what compares, and how far two versions lie apart."""

from __future__ import annotations

import pandas as pd
import pytest

from lib.analysis import protocols, task_versions
from tests.analysis import frames

OLD = {"evaluator": "lm-eval 0.3", "evaluator_version": "0.3", "task_version": "0"}


def cut(rows: list[dict[str, object]]) -> pd.DataFrame:
    return protocols.group(frames.scores(rows), ["mmlu"]).scores


def test_versions_count_runs_and_models_and_name_the_metrics() -> None:
    scores = cut(
        [
            {"model": "a", "run_id": 1},
            {"model": "a", "run_id": 1, "metric": "acc_norm"},
            {"model": "a", "run_id": 2, "is_checkpoint": True},
            {"model": "b", "run_id": 3, "evaluator_version": "0.4.8"},
            {"model": "b", "run_id": 4, **OLD},
            {"model": "b", "run_id": 5, "task_version": None, "task_hash": "abcdef0123"},
            {"model": "b", "run_id": 6, "task_version": None, "n_shot": float("nan")},
            {"model": "c", "run_id": 7, "kind": "board", "evaluator": "board:x"},
            {"model": "c", "run_id": 8, "limit": "10"},
        ]
    )
    found = task_versions.versions(scores)
    told = {
        (r.evaluator, r.version, str(r.n_shot)): (r.n_runs, r.n_models, r.measures, r.harness)
        for r in found.itertuples()
    }
    assert told == {
        ("lm-eval 0.4", "1", "5.0"): (3, 2, "acc, acc_norm", "0.4.5, 0.4.8"),
        ("lm-eval 0.3", "0", "5.0"): (1, 1, "acc", "0.3"),
        ("lm-eval 0.4", "hash abcdef0", "5.0"): (1, 1, "acc", "0.4.5"),
        ("lm-eval 0.4", "not stated", "nan"): (1, 1, "acc", "0.4.5"),
    }
    assert found.at[0, "n_runs"] == 3


def test_differences_of_models_that_both_versions_measured() -> None:
    scores = cut(
        [
            {"model": "a", "score": 0.50, "run": "aa", **OLD},
            {"model": "b", "score": 0.40, "run": "bb", **OLD},
            {"model": "c", "score": 0.30, "run": "cc", **OLD},
            {"model": "c", "score": 0.99, "is_checkpoint": True, **OLD},
            {"model": "a", "score": 0.52, "run": "AA"},
            {"model": "b", "score": 0.30, "run": "BB"},
            {"model": "d", "score": 0.90},
            {"model": "c", "score": 0.80, "is_checkpoint": True},
        ]
    )
    (pair,) = task_versions.pairs(scores, "mmlu", "acc").to_dict("records")
    known = task_versions.versions(scores)
    assert [known.at[pair["a"], "evaluator"], known.at[pair["b"], "evaluator"]] == ["lm-eval 0.3", "lm-eval 0.4"]
    assert pair["verdict"] == "not comparable"
    assert "different evaluators" in pair["reasons"]
    assert pair["n_common"] == 2
    assert pair["median"] == pytest.approx(-0.04)
    assert pair["largest"] == pytest.approx(-0.10)
    assert (pair["largest_model"], pair["runs"]) == ("b", "bb BB")


def test_versions_with_other_shots_are_no_pair_and_without_a_shared_metric_there_is_no_difference() -> None:
    scores = cut(
        [
            {"model": "a", "n_shot": 0.0},
            {"model": "a", "metric": "exact_match", **OLD},
            {"model": "a", "score": 0.7},
        ]
    )
    (pair,) = task_versions.pairs(scores, "mmlu", "acc").to_dict("records")
    assert (pair["metric"], pair["n_common"], pair["largest_model"]) == ("", 0, "")
    assert "different metrics" in pair["reasons"]


def test_the_headline_metric_is_compared() -> None:
    both = [{"model": "a", "metric": metric, "score": score} for metric, score in (("acc", 0.5), ("acc_norm", 0.9))]
    scores = cut([*both, *({**row, **OLD, "score": 0.4} for row in both)])
    (pair,) = task_versions.pairs(scores, "mmlu", "acc_norm").to_dict("records")
    assert (pair["metric"], abs(pair["largest"])) == ("acc_norm", pytest.approx(0.5))


def test_nothing_raw_gives_nothing() -> None:
    scores = cut([{"model": "a", "kind": "board", "evaluator": "board:x"}])
    assert task_versions.versions(scores).empty
    assert task_versions.pairs(scores, "mmlu", "acc").empty
