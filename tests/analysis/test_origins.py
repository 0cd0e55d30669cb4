"""Every score that a reader takes home names the run that it was measured in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.analysis import measurements, origins, protocols
from lib.analysis.records import published_best
from tests.analysis import frames

SOURCE = {"source_url": None, "source_date": "2024-05", "imported_at": "2026-01-01T00:00:00"}


def _runs(scores: pd.DataFrame) -> pd.DataFrame:
    """``Frames.runs`` of these scores, each from a file of its own."""
    runs = scores.drop_duplicates("run_id").set_index("run_id")
    names = [f"{run}.json" for run in runs["run"]]
    return runs.assign(source=names, source_title="A board", **SOURCE).astype({"source_url": "str"})


def _measured(scores: pd.DataFrame, benchmarks: list[str]) -> measurements.Measured:
    grouping = protocols.group(scores, benchmarks)
    return measurements.measure(grouping, protocols.widest(grouping))


def test_each_score_names_its_run_and_others_none() -> None:
    scores = frames.scores([{"model": "a", "score": 0.5}, {"model": "b", "score": 0.6}, {"model": "b", "score": 0.7}])
    measured = _measured(scores, ["mmlu"]).rows
    runs = _runs(scores)
    rows = pd.DataFrame({"model": ["b", "none", "a"], "evaluator": "as shown"}, index=[7, 3, 5])
    found = origins.with_origin(rows, measured, runs, "MMLU, 5-shot")
    assert found.index.tolist() == [7, 3, 5]
    assert found.columns.is_unique
    assert set(found["evaluator"]) == {"as shown"}
    by_run = scores.set_index("run")["score"]
    for model, run in zip(found["model"], found["run"], strict=True):
        known = measured.loc[measured["model"] == model, "score"]
        assert pd.isna(run) if known.empty else by_run[run] == known.item()
    assert found["protocol"].tolist()[::2] == ["MMLU, 5-shot"] * 2
    assert found.loc[3, ["protocol", "run", "source", "imported_at"]].isna().all()
    assert found.loc[7, "source"] == f"{found.loc[7, 'run']}.json"


def test_a_wide_table_names_a_run_for_each_benchmark() -> None:
    scores = frames.scores(
        [{"model": m, "benchmark": b, "task": b} for m, b in (("a", "mmlu"), ("a", "bbh"), ("b", "bbh"))]
    )
    table = pd.DataFrame({"model": ["b", "c", "a"]})
    found = origins.with_origins(table, _measured(scores, ["mmlu", "bbh"]), _runs(scores), "both")
    assert found["run: mmlu"].tolist() == [np.nan, np.nan, "000000000000"]
    assert found["run: bbh"].tolist() == ["000000000002", np.nan, "000000000001"]
    assert found.loc[2, "source: mmlu"] == "A board; 000000000000.json; 2024-05"
    assert found["source: mmlu"].isna().tolist() == [True, True, False]
    assert found["evaluator"].tolist() == ["lm-eval 0.4", np.nan, "lm-eval 0.4"]
    assert found["protocol"].isna().tolist() == [False, True, False]


def test_without_scores_there_are_the_columns() -> None:
    scores = frames.scores([])
    runs = _runs(scores)
    table = pd.DataFrame({"model": ["a"]})
    assert origins.with_origin(table, measurements.empty(), runs, "")["run"].isna().all()
    assert "protocol" in origins.with_origins(table, measurements.Measured(measurements.empty(), {}, ()), runs, "")


def test_printed_scores_keep_their_run() -> None:
    scores = frames.scores([{"model": "a", "kind": "transcription", "score": s} for s in (0.4, 0.6)])
    assert published_best(scores)["run_id"].tolist() == [1]
