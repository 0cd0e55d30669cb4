"""The page about data: every part on every kind of store; withdrawing, restoring and mapping through the page."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.errors import RefusedInput
from lib.settings import read_settings
from lib.store import mapping, read, source_lists
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.store.withdrawn import only_withdrawn
from lib.store.write import Batch, withdraw, write_batches, write_files
from lib.ui.views import coverage, data
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGE = "pages/data.py"
PARTS = ("sources", "coverage", "names", "methods", "downloads")
ZIP = raw_of("zip", "study.zip").digest[:12]
EVIL = raw_of("evil", HOSTILE)
WAITING = "/home/me/weights"


def _open(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


@pytest.fixture(scope="session")
def study_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models; a zip with a score of each on the same benchmark, a name that waits, a failure and a refused file."""
    folder = tmp_path_factory.mktemp("study")
    store = _open(folder)
    models = {"models": [model_row("alpha-7b"), model_row("beta-1b", params_total=10**9)]}
    write_files(
        store, raw_of("models", "models.csv"), [prepared_file(content="models", name="models.csv", tables=models)]
    )
    nothing = {"score": None, "stderr": None, "n_samples": None, "n_correct": None}
    results = [make_result("mmlu"), make_result("gsm8k", status="refused", **nothing)]
    files = [
        prepared_run(make_run("alpha-7b", results=results), "alpha-7b"),
        prepared_run(make_run("beta-1b", results=[make_result("mmlu"), make_result("gsm8k")]), "beta-1b"),
        prepared_run(make_run(WAITING, results=[make_result("mmlu")]), None, scope="study.zip"),
    ]
    members = [
        prepared_file(run, content="zip", member=f"{n}.json", name=f"study.zip!/{n}.json")
        for n, run in enumerate(files)
    ]
    refused = (("notes.txt", "study.zip!/notes.txt", "not an evaluation file"),)
    write_batches(store, [Batch(raw_of("zip", "study.zip"), members, refused, None)])
    store.close()
    return folder


@pytest.fixture
def study(study_made: Path, tmp_path: Path) -> Path:
    """A copy of that store, to be changed."""
    shutil.copytree(study_made, tmp_path / "study")
    return tmp_path / "study"


@pytest.fixture(scope="session")
def hostile_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models, a file, a name that waits and a refusal, all written to break a page."""
    folder = tmp_path_factory.mktemp("hostile")
    fill_hostile(folder)
    store = _open(folder)
    run = prepared_run(make_run(HOSTILE, results=[make_result("mmlu", n_shot=5)]), None, scope=HOSTILE[:60])
    named = {"name": f"{HOSTILE}.json", "title": HOSTILE, "url": "javascript:alert(1)", "licence": HOSTILE}
    write_batches(store, [Batch(EVIL, [prepared_file(run, content="evil", **named)], (("x", HOSTILE, HOSTILE),), None)])
    store.close()
    return folder


def _text(app: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "success", "warning", "info")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind))


def _keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


@pytest.mark.parametrize("part", PARTS)
def test_full_store(open_app: Open, small_store: Path, part: str) -> None:
    app = open_app(small_store, PAGE, part=part)
    assert not app.exception
    assert "Where does each number come from" in app.title[0].value
    assert re.search(r"\*\*[\d\\,]+ results\*\* of", app.header[0].value)
    assert app.get("button_group")[0].value == part


@pytest.mark.parametrize("part", PARTS)
def test_empty_store(open_app: Open, tmp_path: Path, part: str) -> None:
    app = open_app(tmp_path, PAGE, part=part)
    assert not app.exception
    assert not app.get("plotly_chart")
    if part in ("sources", "coverage"):
        assert "python -m lib import" in app.code[0].value


@pytest.mark.parametrize("part", PARTS)
def test_one_model(open_app: Open, one_model_store: Path, part: str) -> None:
    app = open_app(one_model_store, PAGE, part=part)
    assert not app.exception
    if part == "coverage":
        assert app.dataframe[0].value["score:mmlu"].str.strip().tolist() == ["60% ± 9"]


@pytest.mark.parametrize("part", PARTS)
def test_hostile_names_are_text(open_app: Open, hostile_store: Path, part: str) -> None:
    app = open_app(hostile_store, PAGE, part=part, file=EVIL.digest[:12])
    assert not app.exception
    text = _text(app)
    # Words between marks of code are shown as they are.
    text = re.sub(r"`[^`]*`", "", text)
    for active in (r"<img", r"\]\(http://evil", r"\]\(javascript", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    for chart in app.get("plotly_chart"):
        assert "<img" not in json.dumps(json.loads(chart.proto.spec))


def test_nonsense_in_the_address_is_the_default(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE, part="zzz", file="zzz", q2="study")
    assert not app.exception
    assert app.get("button_group")[0].value == "sources"
    assert app.selectbox(key="file").value == ""


def test_collections_count_what_their_files_hold(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE)
    rows = app.dataframe[0].value.set_index("title")
    assert rows.loc["study.zip", ["n_files", "n_runs", "n_results", "n_refused"]].tolist() == [3, 3, 5, 1]
    assert rows.loc["models.csv", ["n_files", "n_runs", "n_results", "n_refused"]].tolist() == [1, 0, 0, 0]
    assert "1 name waits for a model, 1 file was refused" in app.header[0].value.replace("\\", "")
    assert app.dataframe[1].value["reason"].tolist() == ["not an evaluation file"]


def test_a_chosen_collection_shows_its_files(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE)
    revision = FrameCache(_open(study)).frames().revision
    chosen = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.session_state[f"collections-{revision}"] = chosen
    app = open_app(study, PAGE, file=ZIP, q2="0.json")
    assert app.dataframe[0].value["file"].tolist() == ["0.json"]
    app.text_input(key="q2").set_value("nothing is called so").run()
    assert not app.exception
    assert "No file has a name" in app.info[0].value


def test_withdraw_and_restore_through_the_page(open_app: Open, study: Path) -> None:
    store = _open(study)
    digest = store.digest()
    app = open_app(study, PAGE, file=ZIP)
    app.button(key=f"withdraw-whole-{ZIP}").click().run()
    assert "**3 runs** with **5 results** will leave the pages" in _text(app)
    assert store.digest() == digest, "asking changes nothing"
    app.button(key="confirm").click().run()
    assert not app.exception
    assert "3 files withdrawn: 3 runs with 5 results" in app.success[0].value
    assert len(FrameCache(store).frames().runs) == 0
    assert "3 sources are withdrawn" in app.header[0].value
    app.button(key=f"restore-whole-{ZIP}").click().run()
    assert "will come back" in _text(app)
    app.button(key="confirm").click().run()
    assert "3 files restored" in app.success[0].value
    assert store.digest() == digest
    assert "withdrawn" not in app.header[0].value


def test_a_change_of_mind_changes_nothing(open_app: Open, study: Path) -> None:
    store = _open(study)
    revision = store.revision()
    app = open_app(study, PAGE, file=ZIP)
    app.button(key=f"withdraw-whole-{ZIP}").click().run()
    app.button(key="keep").click().run()
    assert not app.exception
    assert "confirm" not in _keys(app)
    assert store.revision() == revision


def test_a_single_file_of_a_zip_can_be_withdrawn(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE, file=ZIP)
    assert "withdraw-member" not in _keys(app)
    stored = _open(study)
    held = data.collections(source_lists.source_list(stored), read.refusals(stored), {})
    found = data.members(held, ZIP, "")
    app.session_state["members"] = {"selection": {"rows": [], "columns": [], "cells": [[1, "file"]]}}
    app.session_state["members:of"] = found.traces.stamp
    app.run()
    app.button(key="withdraw-member").click().run()
    app.button(key="confirm").click().run()
    assert not app.exception
    rows = read.sources(stored).set_index("name")
    assert rows["withdrawn_at"].notna().to_dict() == {
        "models.csv": False,
        "study.zip!/0.json": False,
        "study.zip!/1.json": True,
        "study.zip!/2.json": False,
    }
    assert f"restore-whole-{ZIP}" in _keys(app) and f"withdraw-whole-{ZIP}" in _keys(app)


def test_coverage_says_why_a_cell_is_empty(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE, part="coverage")
    rows = app.dataframe[0].value.set_index("name")
    assert rows["score:mmlu"].str.strip().to_dict() == {
        "Alpha-7B": "60% ± 9",
        "Beta-1B": "60% ± 9",
        f"{WAITING} (waits for a model)": "? the name waits for a model",
    }
    assert rows["score:gsm8k"].str.strip().to_dict() == {
        "Alpha-7B": "F refused",
        "Beta-1B": "60% ± 9",
        f"{WAITING} (waits for a model)": "never run",
    }
    assert "3 of 4 cells" in _text(app) and "1 failed" in _text(app)
    store = _open(study)
    sources = read.sources(store).set_index("name")["id"]
    withdraw(store, int(sources["study.zip!/1.json"]))
    app.run()
    rows = app.dataframe[0].value.set_index("name")
    assert rows.at["Beta-1B", "score:mmlu"].strip() == "W withdrawn source"


def test_every_cell_with_a_run_leads_to_it(small_store: Path) -> None:
    store = _open(small_store)
    frames = FrameCache(store).frames()
    view = _view(frames)
    known = set(frames.runs["run"])
    n_runs = 0
    for place, name in enumerate(view.table.columns[1:]):
        for row in range(len(view.table)):
            trace = view.traces.at(row, str(name))
            assert trace is not None
            assert set(trace.runs) <= known
            has_run = bool(trace.runs)
            n_runs += has_run
            assert has_run == (view.table[name].iloc[row].strip() != "never run"), (place, row)
    assert n_runs > 300
    counted = {c: [int(v.replace(",", "")) for v in view.columns[c]] for c in view.columns if c.startswith("score:")}
    assert sum(map(sum, counted.values())) == 480
    assert view.rows["score"].notna().sum() == sum(counted["score:scored"])


def test_filters_of_the_matrix(small_store: Path) -> None:
    frames = FrameCache(_open(small_store)).frames()
    names = ("mmlu", "gsm8k", "no such benchmark")
    view = _view(frames, benchmarks=names, families=("Qwen",), search="qwen")
    assert view.table.columns.tolist() == ["name", "score:mmlu", "score:gsm8k"]
    assert len(view.table) and view.table["name"].str.casefold().str.contains("qwen").all()
    nothing = _view(frames, search="no model is called so")
    assert nothing.figure is None and nothing.table.empty and nothing.takeaway == ()


def test_the_matrix_without_a_model(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, part="coverage", q="no model is called so")
    assert not app.exception
    assert "No model passes" in app.info[0].value


def _view(frames: Frames, **changed: object) -> coverage.CoverageView:
    store = frames._store
    choices: dict[str, object] = {
        "withdrawn": only_withdrawn(store),  # type: ignore[arg-type]
        "benchmarks": (),
        "n_benchmarks": 12,
        "n_models": 40,
        "by": "total",
        "threshold": 35e9,
        "families": (),
        "size_classes": (),
        "community": False,
        "search": "",
    }
    return coverage.coverage_view(frames, **{**choices, **changed})  # type: ignore[arg-type]


def test_a_name_is_mapped_and_the_mapping_undone(open_app: Open, study: Path) -> None:
    store = _open(study)
    app = open_app(study, PAGE, part="names")
    assert app.dataframe[0].value["spelling"].tolist() == [WAITING]
    assert "map" not in _keys(app), "nothing to map before a model is chosen"
    app.text_input(key="wanted").set_value("no such model").run()
    assert "try another word" in _text(app)
    assert "means" not in _keys(app), "a list without entries says nothing"
    app.text_input(key="wanted").set_value("beta").run()
    app.selectbox(key="means").set_value("beta-1b").run()
    assert "1 run with 1 result will count as **Beta" in _text(app)
    app.button(key="map").click().run()
    assert not app.exception
    assert "1 run changed" in app.success[0].value
    frames = FrameCache(store).frames()
    assert frames.runs.loc[frames.runs["model_name"] == WAITING, "model"].tolist() == ["beta-1b"]
    assert read.unresolved(store).empty
    assert "No name waits" in _text(app)
    own = read.aliases(store)
    assert own.loc[own["origin"] == "reader", ["alias", "scope"]].to_numpy().tolist() == [[WAITING, "study.zip"]]
    app.button(key="undo-0").click().run()
    assert not app.exception
    assert "Undone: 1 run changed" in app.success[0].value
    assert read.unresolved(store)["spelling"].tolist() == [WAITING]


def test_a_mapping_that_holds_everywhere(open_app: Open, study: Path) -> None:
    app = open_app(study, PAGE, part="names")
    app.text_input(key="wanted").set_value("alpha").run()
    app.get("button_group")[1].set_value("everywhere").run()
    app.selectbox(key="means").set_value("alpha-7b").run()
    app.button(key="map").click().run()
    own = read.aliases(_open(study))
    assert own.loc[own["origin"] == "reader", ["alias", "scope"]].to_numpy().tolist() == [[WAITING, ""]]


def test_a_model_that_is_gone_is_refused_in_words(open_app: Open, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_app(study, PAGE, part="names")
    app.text_input(key="wanted").set_value("alpha").run()
    app.selectbox(key="means").set_value("alpha-7b").run()

    def refuse(*given: object) -> int:
        raise RefusedInput("there is no such model", found="alpha-7b")

    monkeypatch.setattr(mapping, "set_alias", refuse)
    app.button(key="map").click().run()
    assert not app.exception
    assert "there is no such model" in app.error[0].value.replace("\\", "")


def test_no_form_where_others_can_read(open_app: Open, study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(study, PAGE, file=ZIP)
    assert not {key for key in _keys(app) if key.startswith(("withdraw", "restore"))}
    assert "python -m lib withdraw study.zip" in app.code[0].value
    app = open_app(study, PAGE, part="names")
    assert not app.exception
    assert "map" not in _keys(app)
    assert f"python -m lib alias {WAITING} MODEL_ID" in app.code[0].value


def test_withdrawn_files_are_reached_from_their_number_and_brought_back(open_app: Open, study: Path) -> None:
    store = _open(study)
    assert not any("withdrawn" in link.proto.label for link in open_app(study, PAGE).get("page_link"))
    withdraw(store, 2)
    app = open_app(study, PAGE)
    (link,) = [link for link in app.get("page_link") if "Withdrawn" in link.proto.label]
    assert "1 file" in link.proto.label and link.proto.query_string == f"part=sources&file={data.WITHDRAWN}"
    app = open_app(study, PAGE, part="sources", file=data.WITHDRAWN)
    shown = app.dataframe[0].value
    assert shown["file"].tolist() == ["study.zip!/0.json"] and shown["state"].tolist() == ["withdrawn"]
    app.button(key="restore-gathered").click().run()
    app.button(key="confirm").click().run()
    assert not app.exception
    assert "1 file restored" in app.success[0].value
    assert app.selectbox(key="file").value == "", "nothing is withdrawn any more"


def test_own_files_are_those_that_did_not_come_with_the_project(open_app: Open, study: Path) -> None:
    store = _open(study)
    shipped = prepared_file(content="board", name="board.csv", is_shipped=True)
    write_files(store, raw_of("board", "board.csv"), [shipped])
    store.close()
    app = open_app(study, PAGE, part="sources", file=data.YOURS)
    assert not app.exception
    assert set(app.dataframe[0].value["file"]) == {"models.csv", *(f"study.zip!/{n}.json" for n in range(3))}
    assert "restore-gathered" not in _keys(app)
