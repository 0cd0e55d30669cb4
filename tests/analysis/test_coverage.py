"""Which cell is empty for which reason: against a plain definition with loops, and on real results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import coverage, coverage_protocols, measurements, protocols
from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from tests.conftest import Fill
from tests.ui.stores import fill_small

MODELS, BENCHMARKS = ["a", "b", "c"], ["x", "y"]
RESULT = ["model", "benchmark", "status", "score", "limit", "is_checkpoint", "quantisation", "run", "model_name"]

anything = st.sampled_from([*MODELS, "elsewhere"])
somewhere = st.sampled_from([*BENCHMARKS, "z"])
runs = st.integers(0, 30).map(lambda n: f"{n:012x}")
statuses = st.sampled_from(["scored", "failed", "refused", "unparsed", "missing"])
results = st.lists(
    st.tuples(
        anything | st.none(), somewhere, statuses, st.floats(0, 1), st.none() | st.just("10"), st.booleans(),
        st.none() | st.just("int4"), runs, st.sampled_from(["name one", "name two"]),
    ),
    max_size=20,
)  # fmt: skip
places = st.lists(st.tuples(anything, somewhere, runs), max_size=6)


def _results(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=RESULT)
    return frame.assign(score=frame["score"].astype(float).where(frame["status"] == "scored"))


def _measured(rows: list[tuple[str, str, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["model", "benchmark", "run"]).drop_duplicates(["model", "benchmark"])
    return frame.assign(score=0.5, ci_low=0.4, ci_high=np.nan)


def _said_of(result: tuple[Any, ...]) -> str:
    """What one result says of its cell, by the plain words of the definition."""
    _, _, status, _, limit, is_checkpoint, quantisation, _, _ = result
    if status == "scored":
        if limit:
            return "a part of the questions"
        if is_checkpoint:
            return "unfinished training state"
        return "quantised weights" if quantisation else "another protocol"
    return "no value in the file" if status == "missing" else status


REASON_OF = {
    "another protocol": "not comparable",
    "quantised weights": "not comparable",
    "unfinished training state": "not comparable",
    "a part of the questions": "not comparable",
    "failed": "failed",
    "refused": "failed",
    "unparsed": "failed",
    "no value in the file": "unknown",
}


def _plain(
    model: str, benchmark: str, measured: pd.DataFrame, found: list[tuple[Any, ...]], gone: list[tuple[str, str, str]]
) -> tuple[str, str, str]:
    """Reason, detail and run of one cell, by looking at everything."""
    for row in measured.itertuples():
        if (row.model, row.benchmark) == (model, benchmark):
            return "scored", "", str(row.run)
    own = [one for one in found if one[:2] == (model, benchmark)]
    for detail, reason in REASON_OF.items():
        fitting = sorted(one[7] for one in own if _said_of(one) == detail)
        if fitting:
            return reason, detail, fitting[0]
    withdrawn = sorted(run for m, b, run in gone if (m, b) == (model, benchmark))
    return ("withdrawn", "withdrawn source", withdrawn[0]) if withdrawn else ("never run", "", "")


@given(results, places, places)
def test_every_cell_has_the_first_reason_that_applies(
    found: list[tuple[Any, ...]], shown: list[tuple[str, str, str]], gone: list[tuple[str, str, str]]
) -> None:
    measured = _measured(shown)
    withdrawn = pd.DataFrame(gone, columns=["model", "benchmark", "run"])
    cells = coverage.cells(MODELS, BENCHMARKS, measured=measured, results=_results(found), withdrawn=withdrawn)
    assert list(cells.columns) == list(coverage.CELL_COLUMNS)
    assert list(zip(cells["model"], cells["benchmark"], strict=True)) == [(m, b) for m in MODELS for b in BENCHMARKS]
    for row in cells.itertuples():
        expected = _plain(str(row.model), str(row.benchmark), measured, found, gone)
        assert (str(row.reason), row.detail, row.run) == expected
        is_scored = expected[0] == "scored"
        assert (row.score == 0.5) == is_scored
        assert (row.score != row.score) == (not is_scored)
    assert sum(coverage.counts(cells).values()) == len(cells)


@given(results)
def test_names_that_wait_have_rows_of_their_own(found: list[tuple[Any, ...]]) -> None:
    rows = coverage.waiting(BENCHMARKS, _results(found))
    waiting = [one for one in found if one[0] is None and one[1] in BENCHMARKS]
    names = sorted({one[8] for one in waiting})
    assert rows["name"].tolist() == [name for name in names for _ in BENCHMARKS]
    for row in rows.itertuples():
        own = sorted(one[7] for one in waiting if (one[8], one[1]) == (row.name, row.benchmark))
        assert (str(row.reason), row.run) == (("unknown", own[0]) if own else ("never run", ""))
        assert row.model == ""


def test_models_measured_in_most_places_come_first() -> None:
    found = _results(
        [
            ("b", "x", "scored", 0.1, None, False, None, "1", ""),
            ("b", "x", "scored", 0.1, None, False, None, "2", ""),
            ("c", "x", "scored", 0.1, None, False, None, "3", ""),
            ("c", "y", "scored", 0.1, None, False, None, "3", ""),
            ("a", "y", "failed", 0.1, None, False, None, "4", ""),
        ]
    )
    places = pd.Series({"a": 3.0, "b": 1.0, "c": 1.0, "d": np.nan, "e": 1.0})
    measured = _measured([("e", "y", "5")])
    # e has no result of its own here but one that is shown; d was measured nowhere.
    assert coverage.most_measured(places, found, measured) == ["a", "c", "b", "e", "d"]


@pytest.fixture(scope="module")
def frames(filled_copy: Callable[[Fill], Path]) -> Frames:
    return FrameCache(open_store(read_settings({"P4P_DATA_DIR": str(filled_copy(fill_small))}))).frames()


@pytest.mark.parametrize("include_community", [False, True])
def test_one_pass_finds_the_protocols_that_single_benchmarks_have(frames: Frames, include_community: bool) -> None:
    known = frames.benchmarks
    names = known[known["n_models"] > 0].sort_values(["n_models"], ascending=False, kind="stable").index[:25].tolist()
    given = {"models": frames.models, "catalogue": known, "include_community": include_community}
    found = coverage_protocols.widest_of_each(frames.scores(names), names, **given)
    assert len(found.protocols) > 20
    for name in names:
        alone = protocols.group(frames.scores([name]), [name], **given)
        key = protocols.widest(alone)
        own = measurements.measure(alone, key, models=frames.models, include_community=include_community).rows
        mine = found.rows[found.rows["benchmark"] == name].reset_index(drop=True)
        for column in ("model", "score", "ci_low", "ci_high", "run"):
            assert mine[column].equals(own[column].reset_index(drop=True)), (name, column)
        if key is None:
            assert name not in found.protocols.index
        else:
            assert found.protocols.at[name, "label"] == alone.protocols.at[key, "label"]
            assert found.protocols.at[name, "n_models"] == alone.protocols.at[key, "n_models"]


def test_no_results_have_no_protocol(frames: Frames) -> None:
    found = coverage_protocols.widest_of_each(
        frames.scores([]), ["mmlu"], models=frames.models, catalogue=frames.benchmarks
    )
    assert found.rows.empty
    assert found.protocols.empty


def test_a_model_that_only_its_maker_measured_is_not_comparable(frames: Frames) -> None:
    """GPT-4 of 2023 has printed scores only, so the leaderboard's column cannot show one."""
    names = ["mmlu", "musr"]
    results = frames.scores(names)
    shown = coverage_protocols.widest_of_each(results, names, models=frames.models, catalogue=frames.benchmarks)
    gone = pd.DataFrame(columns=["model", "benchmark", "run"])
    model = "gpt-4"
    cells = coverage.cells([model], names, measured=shown.rows, results=results, withdrawn=gone)
    reasons = dict(zip(cells["benchmark"], cells["reason"].astype(str), strict=True))
    assert model in frames.models.index
    assert reasons == {"mmlu": "not comparable", "musr": "never run"}
    run = cells["run"].iloc[0]
    assert run in frames.runs["run"].tolist()
