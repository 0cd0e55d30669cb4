"""The page of one model: over a full, an empty and a one-model store, and over what tends to be missing or hostile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lib.analysis import neighbours
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.store.withdrawal import restore, withdraw
from lib.store.withdrawn import sources_with_model
from lib.store.write import set_fact, write_files
from lib.ui.views import model_beside, model_facts, model_results, model_runs
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGE = "pages/model.py"
N_STATES = 6


@pytest.fixture(scope="module")
def small_frames(small_store: Path) -> Iterator[Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))
    yield FrameCache(store).frames()
    store.close()


def _store(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


def _text(app: object) -> str:
    kinds = ("title", "header", "subheader", "markdown", "info")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind))


def _plain(app: object) -> str:
    """The same as a reader sees it."""
    return _text(app).replace("\\", "").replace("\u2060", "")


def _table(app: object, key: str) -> object:
    (found,) = [table.value for table in app.dataframe if table.key == key]  # type: ignore[attr-defined]
    return found


def _keys(app: object) -> set[str]:
    return {table.key for table in app.dataframe}  # type: ignore[attr-defined]


def _charts(app: Any) -> dict[str, Any]:
    return {chart.key: chart for chart in app.get("plotly_chart")}


def test_full_store_shows_every_part(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="llama-2-70b")
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == "What is known about Llama 2 70B?"
    text = _plain(app)
    assert "29 per parameter: within the range of compute-optimal" in text.replace("**", "")
    for part in (
        "Facts",
        "Parameters and tokens",
        "Scores",
        "Where sources disagree",
        "Next in size",
        "Prices",
        "Runs",
    ):
        assert part in text, part
    assert {"model-facts", "model-scores", "model-why", "model-neighbours", "model-prices", "model-runs"} <= _keys(app)
    assert "80% band" in text
    chart = _charts(app)["model-place"]
    assert "<b>Llama 2 70B</b>" in json.dumps(json.loads(chart.proto.spec)["layout"]["annotations"])


def test_empty_store_says_how_to_fill_it(open_app: Open, tmp_path: Path) -> None:
    for address in ({}, {"model": "llama-2-70b"}):
        app = open_app(tmp_path, PAGE, **address)
        assert not app.exception
        assert "python -m lib import" in app.code[0].value


def test_no_model_in_the_address(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    assert app.title[0].value.replace("\\", "") == "Which model?"
    assert not app.dataframe


def test_unknown_model_offers_near_names_and_the_search(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="llama-2-70")
    assert not app.exception
    labels = [link.proto.label for link in app.get("page_link")]
    assert any("Llama 2 70B" in label for label in labels)
    assert any("Search for its words" in label for label in labels)
    hostile = open_app(small_store, PAGE, model=HOSTILE * 50)
    assert not hostile.exception
    assert not re.search(r"(?<!\\)<img", _text(hostile))


def test_one_model(open_app: Open, one_model_store: Path) -> None:
    app = open_app(one_model_store, PAGE, model="alpha-7b")
    assert not app.exception
    assert "1 score on 1 benchmark" in app.header[0].value
    assert len(_table(app, "model-scores")) == 1  # type: ignore[arg-type]
    assert "model-why" not in _keys(app)


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, model="evil-1")
    assert not app.exception
    text = _text(app)
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    for chart in app.get("plotly_chart"):
        assert "<img" not in chart.proto.spec


def test_rumours_stand_apart_from_facts(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="gpt-4")
    assert not app.exception
    text = _plain(app)
    assert "Rumours, not facts" in text
    assert text.count("not confirmed") >= 3
    facts = _table(app, "model-facts")
    assert not facts["value"].str.contains("1.8T", regex=False).any()  # type: ignore[index]
    assert facts.set_index("field")["value"]["Parameters, total"] == "not published"  # type: ignore[attr-defined]


def test_closed_model_without_size_has_no_place_and_no_neighbours(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="gpt-4")
    assert "neither its size nor its training tokens are published" in app.header[0].value
    assert "model-place" not in _charts(app)
    assert "model-neighbours" not in _keys(app)
    assert "no place on this plane" in _text(app)


def test_a_readers_value_and_the_shipped_one_are_both_shown(tmp_path: Path) -> None:
    store = _store(tmp_path)
    facts = [{"model_id": "alpha-7b", "field": "params_total", "value": "7000000000", "source_title": "Paper"}]
    write_files(store, raw_of(), [prepared_file(tables={"models": [model_row("alpha-7b")], "model_facts": facts})])
    set_fact(store, "alpha-7b", "params_total", "6700000000", "counted")
    frames = FrameCache(store).frames()
    row = (
        model_facts.facts_view(frames, model="alpha-7b", source="").identity.set_index("field").loc["Parameters, total"]
    )
    assert row["value"] == "6.7B"
    assert "7B (Paper)" in row["said_by"]
    assert "6.7B (entered by a reader)" in row["said_by"]
    assert "sources disagree" in row["said_by"]
    store.close()


def test_every_fact_leads_to_its_source(small_frames: Frames) -> None:
    view = model_facts.facts_view(small_frames, model="llama-2-70b", source="ab" * 32)
    known = set(small_frames.facts("llama-2-70b")["field"])
    seen = set()
    for traces, table in ((view.identity_traces, view.identity), (view.build_traces, view.build)):
        for row in range(len(table)):
            trace = traces.at(row, "value")
            assert trace is not None and trace.model == "llama-2-70b"
            assert trace.fields or trace.source
            seen |= set(trace.fields)
    assert seen == known


def test_what_only_a_board_says_leads_to_its_run(small_frames: Frames) -> None:
    models = small_frames.models
    model = str(models.index[(models["origin"] == "community").to_numpy(bool) & models["params_total"].notna()][0])
    view = model_facts.facts_view(small_frames, model=model, source="")
    row = view.identity["field"].tolist().index("Parameters, total")
    trace = view.identity_traces.at(row, "value")
    assert trace is not None
    runs = small_frames.runs
    assert runs.loc[(runs["model"] == model).to_numpy(bool), "run"].tolist()[:1] == list(trace.runs)


@pytest.mark.parametrize("model", ["llama-2-70b", "gpt-4", "mixtral-8x7b"])
def test_every_score_leads_to_its_run(small_frames: Frames, model: str) -> None:
    view = model_results.scores_view(small_frames, model=model, bench=model_results.EVERY, parts=True)
    stored = small_frames.scores_of(small_frames.runs.index[(small_frames.runs["model"] == model).to_numpy(bool)])
    assert len(view.table) == len(view.rows) > 10
    for row, exact in enumerate(view.rows.to_dict("records")):
        trace = view.traces.at(row, "interval")
        assert trace is not None and len(trace.runs) == 1
        own = stored[(stored["run"] == trace.runs[0]) & (stored["benchmark"] == trace.benchmark)]
        assert exact["score"] in own["score"].tolist()
        assert exact["source"] in small_frames.runs["source"].tolist()


def test_the_benchmark_of_the_address_is_shown_alone(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="llama-2-70b", bench="mmlu")
    assert set(_table(app, "model-scores")["benchmark_label"]) == {"MMLU"}  # type: ignore[index]
    odd = open_app(small_store, PAGE, model="llama-2-70b", bench="zzz", why="zzz", first="zzz", beside="zzz", curve="z")
    assert not odd.exception
    assert len(set(_table(odd, "model-scores")["benchmark_label"])) > 20  # type: ignore[index]


def test_two_boards_that_disagree_lie_field_by_field(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, model="llama-2-70b", why="arc_challenge")
    text = _plain(app)
    assert "Not comparable" in text
    assert "25 shots against 0" in text
    assert "28.8 points apart" in text
    table = _table(app, "model-why").set_index("field")  # type: ignore[attr-defined]
    assert table.loc["Shots"].tolist() == ["25", "0", "different"]
    options = app.selectbox(key="second").options
    app.selectbox(key="second").select_index(1).run()
    assert not app.exception
    assert app.selectbox(key="second").options == options


def _with_states(folder: Path) -> None:
    """A model with states on its way, measured with 0 and with 5 shots, and one beside it."""
    store = _store(folder)
    models = [
        model_row("alpha-7b", architecture="dense", training_tokens=300_000_000_000, params_active=7_000_000_000),
        model_row("beta-1b", params_total=1_000_000_000),
    ]
    runs = []
    for i in range(N_STATES):
        tokens = 0 if i == 0 else 10 ** (6 + i)
        state = {"revision": f"step{i}", "training_tokens": tokens, "is_checkpoint": i < N_STATES - 1}
        results = [
            make_result("mmlu", score=0.25 + i / 20, n_correct=25 + 5 * i, n_shot=0),
            make_result("mmlu", "acc_norm", score=0.2 + i / 20, n_correct=20 + 5 * i, n_shot=0),
        ]
        runs.append(prepared_run(make_run("alpha-7b", results=results, **state), "alpha-7b"))
    runs.append(prepared_run(make_run("beta-1b", results=[make_result("mmlu", n_shot=0)]), "beta-1b"))
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models})])
    store.close()


def test_states_of_training_make_a_curve(open_app: Open, tmp_path: Path) -> None:
    _with_states(tmp_path)
    app = open_app(tmp_path, PAGE, model="alpha-7b")
    assert not app.exception
    assert "1 run; 5 more runs of states on the way" in app.header[0].value.replace("\\", "")
    assert len(_table(app, "model-scores")) == 2  # type: ignore[arg-type]
    assert len(_table(app, "model-curve-table")) == N_STATES  # type: ignore[arg-type]
    assert len(app.get("plotly_chart")) == 2
    before = _text(app)
    app.selectbox(key="curveby").select_index(1).run()
    assert not app.exception
    assert _text(app) != before


def test_a_curve_leads_from_each_state_to_its_run(tmp_path: Path) -> None:
    _with_states(tmp_path)
    store = _store(tmp_path)
    frames = FrameCache(store).frames()
    (benchmark,) = model_beside.curve_benchmarks(frames, model="alpha-7b")
    for protocol in model_beside.curve_protocols(frames, model="alpha-7b", benchmark=benchmark):
        view = model_beside.curve_view(frames, model="alpha-7b", benchmark=benchmark, protocol=protocol)
        tokens = frames.runs.set_index("run")["training_tokens"]
        for row, exact in enumerate(view.rows.to_dict("records")):
            trace = view.traces.at(row, "interval")
            assert trace is not None and tokens[trace.runs[0]] == exact["training_tokens"]
        assert view.rows["training_tokens"].is_monotonic_increasing
        assert view.rows["is_final"].tolist() == [False] * (N_STATES - 1) + [True]
        assert "before training" in view.coverage
    assert model_beside.curve_benchmarks(frames, model="beta-1b") == {}
    runs = model_runs.runs_view(frames, model="alpha-7b")
    assert len(runs.table) == N_STATES
    assert runs.table["state"].iloc[0] != "step0"
    store.close()


def _own_table(folder: Path, title: str | None = None) -> Store:
    """A store with a model that nobody has described, as a file states its size: one without a title is a reader's."""
    store = _store(folder)
    run = prepared_run(make_run("org/mine-1b", results=[make_result("mmlu")]), "org/mine-1b")
    community = {"id": "org/mine-1b", "name": "mine-1b", "origin": "community", "hf_id": "org/mine-1b"}
    size = {"params_total": 10**9, "size_status": "reported"}
    write_files(
        store,
        raw_of("mine"),
        [prepared_file(run, content="mine", name="mine.csv", title=title)],
        (),
        None,
        [community | size],
    )
    return store


@pytest.mark.parametrize(
    ("title", "words"),
    [(None, "your file mine.csv; not from the developer"), ("A board", "A board; reported by others")],
)
def test_whose_word_the_size_is(tmp_path: Path, title: str | None, words: str) -> None:
    frames = FrameCache(_own_table(tmp_path, title)).frames()
    facts = model_facts.facts_view(frames, model="org/mine-1b", source="").identity.set_index("field")
    assert words in facts.loc[model_facts.COLUMNS["params_total"].label, "said_by"]


def test_a_withdrawn_model_says_when_and_leads_to_its_source(open_app: Open, tmp_path: Path) -> None:
    store = _own_table(tmp_path)
    models = prepared_file(content="models", name="models.csv", tables={"models": [model_row("alpha-7b")]})
    write_files(store, raw_of("models"), [models])
    withdraw(store, 1)
    app = open_app(tmp_path, PAGE, model="org/mine-1b")
    assert not app.exception
    told = app.info[0].value.replace("\\", "")
    assert "org/mine-1b” was withdrawn on" in told and "the file that held it" in told
    digest = sources_with_model(store, "org/mine-1b")["digest"].iloc[0]
    assert f"source={digest[:12]}" in {link.proto.query_string for link in app.get("page_link")}
    assert "can restore it" in _text(app)
    assert sources_with_model(store, "org/other").empty
    restore(store, 1)
    assert sources_with_model(store, "org/mine-1b").empty
    assert "mine-1b" in open_app(tmp_path, PAGE, model="org/mine-1b").title[0].value.replace("\\", "")


def test_sizes_that_print_alike_are_called_the_same() -> None:
    rows = pd.DataFrame(
        {
            "model": ["a", "b", "c", "d"],
            "size": [6.7e9, 7.615e9, 7.616e9, 7.66e9],
            "relation": [neighbours.SMALLER, neighbours.SMALLER, neighbours.THIS, neighbours.LARGER],
        }
    )
    shown = model_beside._as_shown(rows, "c")
    assert shown["relation"].tolist() == [neighbours.SMALLER, neighbours.SAME, neighbours.THIS, neighbours.LARGER]
