"""One score per model and benchmark: precedence, intervals, what is left out; panels; the frontier."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import measurements, panel, protocols
from lib.analysis.frontier import mark_frontier
from lib.errors import RefusedInput
from tests.analysis import frames


def measured(rows: list[dict[str, Any]], **options: Any) -> measurements.Measured:
    names = list(dict.fromkeys(row.get("benchmark", "mmlu") for row in rows)) or ["mmlu"]
    grouping = protocols.group(frames.scores(rows), names, models=options.get("models"))
    return measurements.measure(grouping, protocols.widest(grouping), **options)


doubles = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["a", "b"]),
            "kind": st.sampled_from(["raw", "board", "transcription"]),
            "score": st.sampled_from([0.1, 0.2, 0.5]),
            "n_samples": st.sampled_from([100.0, np.nan]),
            "evaluated_on": st.sampled_from(["2024-01-01", "2024-05", "2025-01-01", None]),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(doubles)
def test_precedence_is_kind_then_questions_then_date_then_digest(rows: list[dict[str, Any]]) -> None:
    found = measured(rows).rows.set_index("model")
    order = ["raw", "board", "transcription"]
    for model, group in pd.DataFrame(rows).assign(i=range(len(rows))).groupby("model"):
        listed = group.to_dict("records")
        for row in listed:
            row["day"] = row["evaluated_on"] if isinstance(row["evaluated_on"], str) else ""
            row["n"] = 0 if math.isnan(row["n_samples"]) else row["n_samples"]
        # Newest first: sort by digest, then stably by date downwards, then by the rest.
        listed.sort(key=lambda r: r["i"])
        listed.sort(key=lambda r: r["day"], reverse=True)
        listed.sort(key=lambda r: (order.index(r["kind"]), -r["n"]))
        best, others = listed[0], listed[1:]
        assert found.at[model, "run"] == f"{best['i']:012x}"
        assert found.at[model, "also_in"] == len(others)
        expected = max((abs(o["score"] - best["score"]) for o in others), default=math.nan)
        assert found.at[model, "disagreement"] == pytest.approx(expected, nan_ok=True)


def test_intervals_by_counts_by_stderr_and_none() -> None:
    rows = measured(
        [
            {"model": "counts", "score": 0.8, "n_samples": 10, "n_correct": 8, "stderr": 0.1},
            {"model": "bound", "score": 0.5, "stderr": 0.02, "is_approximate": True},
            {"model": "plain", "score": 0.5, "stderr": 0.02},
            {"model": "without", "score": 0.5},
            {"model": "zero", "score": 1.0, "stderr": 0.0},
        ]
    ).rows.set_index("model")
    assert rows["ci_method"].to_dict() == {
        "bound": "normal, bound", "counts": "Wilson", "plain": "normal", "without": "", "zero": "",
    }  # fmt: skip
    assert rows["has_interval"].tolist() == (rows["ci_method"] != "").tolist() == rows["ci_low"].notna().tolist()
    assert rows.at["counts", "ci_low"] == pytest.approx(0.49016247)
    assert rows.at["plain", "lower_bound"] == pytest.approx(0.5 - 1.6448536 * 0.02)
    assert np.isnan(rows.at["without", "lower_bound"])
    assert (rows["ci_level"] == 0.95).all()


def test_counts_without_a_printed_error_have_one_for_means() -> None:
    row = measured([{"model": "a", "score": 0.8, "n_samples": 10, "n_correct": 8}]).rows.iloc[0]
    assert row["stderr"] == pytest.approx(math.sqrt(0.8 * 0.2 / 9))


def test_what_is_left_out_is_counted() -> None:
    models = frames.models(
        [{"id": "a"}, {"id": "q", "variant_of": "a"}, {"id": "org/c", "origin": "community"}, {"id": "b"}]
    )
    rows = [
        {"model": "a"}, {"model": "a", "is_checkpoint": True}, {"model": None}, {"model": "org/c"},
        {"model": "b", "quantisation": "int4"}, {"model": "q", "quantisation": "int4"},
    ]  # fmt: skip
    found = measured(rows, models=models)
    assert found.rows["model"].tolist() == ["a", "q"]
    assert found.excluded == {
        "name not resolved to a model": 1,
        "unfinished training state (checkpoint)": 1,
        "quantised weights of the model": 1,
        "community model": 1,
    }
    wide = measured(rows, models=models, include_community=True)
    assert wide.rows["model"].tolist() == ["a", "org/c", "q"]


def test_a_row_unlike_most_says_so() -> None:
    rows = measured(
        [{"model": m, "backend": b} for m, b in (("a", "hf"), ("b", "hf"), ("c", "vllm"), ("d", None))]
    ).rows
    assert rows["cautions"].tolist() == ["", "", "back-end differs from most", ""]


def test_no_protocol_gives_no_rows_with_the_right_columns() -> None:
    found = measurements.measure(protocols.group(frames.scores([]), ["mmlu"]), None)
    assert list(found.rows.columns) == list(measurements.COLUMNS)
    assert found.rows.empty
    assert found.of("mmlu").empty


def two_benchmarks() -> measurements.Measured:
    cells = [("a", "mmlu", 0.6, 0.01), ("a", "arc", 0.4, 0.02), ("b", "mmlu", 0.5, 0.01), ("b", "arc", 0.3, np.nan), ("c", "mmlu", 0.9, 0.01)]  # fmt: skip
    return measured([{"model": m, "benchmark": b, "task": b, "score": s, "stderr": e} for m, b, s, e in cells])


def test_a_panel_holds_complete_rows_and_its_mean() -> None:
    found = panel.complete(two_benchmarks().rows, ["mmlu", "arc"])
    assert (found.models, found.n_incomplete) == (["a", "b"], 1)
    assert found.rows["benchmark"].tolist() == ["mmlu", "arc"] * 2
    mean = panel.mean(found)
    assert mean["score"].tolist() == pytest.approx([0.5, 0.4])
    assert mean.at["a", "stderr"] == pytest.approx(math.hypot(0.01, 0.02) / 2)
    assert mean["ci_method"].tolist() == ["normal", ""]
    assert np.isnan(mean.at["b", "ci_low"])


def test_a_panel_of_one_keeps_its_own_interval() -> None:
    one = measured([{"model": "a", "score": 0.8, "n_samples": 10, "n_correct": 8}])
    mean = panel.mean(panel.complete(one.rows, ["mmlu"]))
    assert mean.at["a", "ci_method"] == "Wilson"


def test_incomplete_panels_are_refused() -> None:
    found = panel.complete(two_benchmarks().rows, ["mmlu", "arc"])
    with pytest.raises(RefusedInput, match="every benchmark"):
        panel.mean(found._replace(rows=two_benchmarks().rows))
    for names in ([], ["mmlu", "mmlu"]):
        with pytest.raises(RefusedInput, match="each once"):
            panel.complete(found.rows, names)


def test_an_empty_panel_has_an_empty_mean() -> None:
    mean = panel.mean(panel.complete(measurements.empty(), ["mmlu", "arc"]))
    assert mean.empty
    assert list(mean.columns) == list(panel.MEAN_COLUMNS)


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, np.nan]), st.sampled_from([0.1, 0.2, 0.3, np.nan]))))
def test_the_frontier_is_what_nothing_as_small_matches(points: list[tuple[float, float]]) -> None:
    table = pd.DataFrame(points, columns=["size", "score"], dtype=float)
    found = mark_frontier(table, cost="size", score="score")["on_frontier"].tolist()
    for (size, score), marked in zip(points, found, strict=True):
        beaten = any(c <= size and s >= score and (c < size or s > score) for c, s in points if not math.isnan(c + s))
        assert marked == (not math.isnan(size + score) and not beaten)
