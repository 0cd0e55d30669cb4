"""From a cell to its source: traces, and the card that a chosen cell opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.ui.traces import FACTS_BEHIND, Trace, Traces, texts
from lib.ui.views import benchmark, models, overview, plane, scores
from tests.ui.conftest import Open

TRACES = Traces(
    ["a", "b", ""],
    {"interval": ["11aa 22bb", "", "33cc"], "score: mmlu": ["11aa", "", "33cc"]},
    {"score: mmlu": "mmlu", "interval": ["mmlu", "", "gsm8k"]},
)


def _records_view(frames: Frames) -> overview.RecordsView:
    return overview.records_view(frames, benchmark="mmlu", protocol="", by="total", published=True)


def _models_view(frames: Frames) -> models.ModelsView:
    return models.models_view(
        frames, chosen_set=scores.LEADERBOARD, protocol="", by="total", threshold=35e9, families=(), licences=(),
        size_classes=(), only_open=False, community=False, search="",
    )  # fmt: skip


def _plane_view(frames: Frames) -> plane.PlaneView:
    return plane.plane_view(
        frames, benchmark="mmlu", protocol="", by="total", years=None, laws=("refit",), weights="all"
    )


@pytest.fixture
def frames(small_store: Path) -> Frames:
    return FrameCache(open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))).frames()


def test_a_cell_has_the_runs_of_its_column_or_the_facts_behind_it() -> None:
    assert TRACES.at(0, "interval") == Trace("a", ("11aa", "22bb"), "mmlu")
    assert TRACES.at(1, "score: mmlu") == Trace("b", (), "mmlu")
    assert TRACES.at(2, "score: mmlu") == Trace("", ("33cc",), "mmlu")
    assert TRACES.at(0, "params_total") == Trace("a", (), "", ("params_total",))
    assert TRACES.at(3, "interval") is None and TRACES.at(-1, "interval") is None


def test_the_stamp_changes_with_the_rows() -> None:
    assert TRACES.stamp == Traces(list(TRACES.models), dict(TRACES.runs)).stamp
    assert TRACES.stamp != Traces(["b", "a", ""], dict(TRACES.runs)).stamp
    assert TRACES.stamp != Traces(list(TRACES.models), {**TRACES.runs, "interval": ["", "", ""]}).stamp


def test_traces_of_some_rows_are_those_of_the_rows() -> None:
    some = TRACES.taken([2, 0])
    for column in ("interval", "score: mmlu", "params_total"):
        assert [some.at(row, column) for row in (0, 1)] == [TRACES.at(row, column) for row in (2, 0)]
    assert some.at(2, "interval") is None
    of_sources = Traces([], sources=["x", "y"]).taken([1])
    assert of_sources.at(0, "name") == Trace(source="y")


def test_missing_values_are_no_text() -> None:
    assert texts(["x", None, float("nan"), 3]) == ["x", "", "", "3"]


def test_every_score_of_a_table_has_its_run_and_every_run_is_there(frames: Frames) -> None:
    known = set(frames.runs["run"])
    for view in (_records_view(frames), _plane_view(frames), _models_view(frames)):
        assert len(view.traces.models) == len(view.table)
        columns = [c for c in view.table.columns if c == "interval" or str(c).startswith("score:")]
        assert columns
        for column in columns:
            is_shown = view.table[column].notna().tolist()
            runs = [view.traces.at(row, column).runs for row in range(len(view.table))]  # type: ignore[union-attr]
            assert [bool(one) for one in runs] == is_shown, column
            assert {run for one in runs for run in one} <= known
        names = frames.models["name"].reindex(view.traces.models).tolist()
        assert names == view.table["name"].tolist()


def test_the_facts_behind_columns_are_facts_that_exist(frames: Frames) -> None:
    facts = frames.facts("llama-2-70b")
    assert {"params_total", "training_tokens"} <= set(facts["field"])
    assert facts["file"].str.startswith("catalogue/").all()
    assert {field for fields in FACTS_BEHIND.values() for field in fields} - {"release_date"} <= set(frames.models)
    assert frames.facts("no such model").empty
    assert len(frames.rumours("gpt-4"))


def choose(app: AppTest, key: str, row: int, column: str, stamp: str) -> AppTest:
    app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(row, column)]}}
    app.session_state[f"{key}:of"] = stamp
    return app.run()


def _written(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.markdown)


@pytest.fixture
def chosen(open_app: Open, small_store: Path, frames: Frames) -> Callable[[str], tuple[AppTest, str]]:
    def open_and_choose(column: str) -> tuple[AppTest, str]:
        view = _records_view(frames)
        app = choose(open_app(small_store), "records-table", 0, column, view.traces.stamp)
        assert not app.exception
        return app, str(view.traces.runs["interval"][0])

    return open_and_choose


def test_a_chosen_score_names_its_file_and_leads_to_its_run(chosen: Callable[[str], tuple[AppTest, str]]) -> None:
    app, run = chosen("interval")
    assert "reference/" in _written(app) or "leaderboards/" in _written(app) or ".csv" in _written(app)
    assert any(run in str(link.proto.label) for link in app.get("page_link"))
    assert any(button.proto.label == "Raw file" for button in app.get("download_button"))


def test_the_card_says_the_number_the_questions_and_the_name_in_the_file(
    open_app: Open, small_store: Path, frames: Frames
) -> None:
    view = _models_view(frames)
    row = list(view.traces.models).index("llama-2-70b")
    app = choose(open_app(small_store, "pages/models.py"), "models-table", row, "score: math_lvl5", view.traces.stamp)
    assert not app.exception
    told = _written(app).replace("\\", "")
    # The table of the Open LLM Leaderboard of February 2026: 3.25% of 1,324 questions.
    assert "**MATH Level 5 of Llama 2 70B**: 3.2% (2.4 to 4.3), 1,324 questions" in told
    assert "called “meta-llama/Llama-2-70b-hf” in the file" in told


@pytest.mark.parametrize("page", ["overview", "models", "parameters_tokens", "benchmark"])
def test_a_chosen_name_leads_to_the_page_of_the_model(
    page: str, open_app: Open, small_store: Path, frames: Frames
) -> None:
    views: dict[str, tuple[str, Callable[[], Any]]] = {
        "overview": ("records-table", lambda: _records_view(frames)),
        "models": ("models-table", lambda: _models_view(frames)),
        "parameters_tokens": ("plane-table", lambda: _plane_view(frames)),
        "benchmark": (
            "scores",
            lambda: benchmark.benchmark_view(
                frames, benchmark="mmlu", protocol="", by="total", threshold=35e9, community=False
            ),
        ),
    }
    key, view = views[page][0], views[page][1]()
    app = open_app(small_store, f"pages/{page}.py", **({"benchmark": "mmlu"} if page == "benchmark" else {}))
    choose(app, key, 1, "name", view.traces.stamp)
    assert not app.exception
    links = [one.proto for one in app.get("page_link") if one.proto.label.startswith(":blue[All about")]
    assert [one.query_string for one in links] == [f"model={view.traces.models[1]}"]


def test_a_chosen_size_names_who_says_so(chosen: Callable[[str], tuple[AppTest, str]]) -> None:
    app, _ = chosen("size")
    assert r"Parameters\, total" in _written(app)
    assert any("facts.csv" in button.proto.label for button in app.get("download_button"))


def test_a_choice_made_in_other_rows_opens_nothing(open_app: Open, small_store: Path) -> None:
    app = choose(open_app(small_store), "records-table", 0, "interval", "of other rows")
    assert not app.exception
    assert not any(button.proto.label == "Raw file" for button in app.get("download_button"))


def test_a_chosen_mark_opens_the_card_of_its_model(open_app: Open, small_store: Path, frames: Frames) -> None:
    view = _records_view(frames)
    app = open_app(small_store)
    model = view.traces.models[0]
    app.session_state["records"] = {"selection": {"points": [{"customdata": model}], "box": [], "lasso": []}}
    app.session_state["records:of"] = view.traces.stamp
    app.run()
    assert not app.exception
    links = [one.proto.query_string for one in app.get("page_link")]
    assert f"model={model}" in links
    runs = {run for row, one in enumerate(view.traces.models) if one == model for run in view.traces.runs["interval"][row].split()}  # fmt: skip
    assert {f"run={run}" for run in runs} <= set(links)


def test_ticked_rows_lead_side_by_side(open_app: Open, small_store: Path, frames: Frames) -> None:
    view = _models_view(frames)
    app = open_app(small_store, "pages/models.py")

    def tick(rows: list[int]) -> list[str]:
        app.session_state["models-table"] = {"selection": {"rows": rows, "columns": [], "cells": []}}
        app.session_state["models-table:of"] = view.traces.stamp
        app.run()
        assert not app.exception
        return [one.proto.query_string for one in app.get("page_link") if "side by side" in one.proto.label]

    ids = list(view.traces.models)
    assert tick([4, 0]) == [f"models={ids[0]}&models={ids[4]}"]
    assert tick([3]) == []
    assert tick(list(range(7))) == []
    assert any("at most 6" in one.value for one in app.markdown)
