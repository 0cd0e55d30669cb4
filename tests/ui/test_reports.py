"""Reports of pages: they hold what the page drew, as its reader sees it, from the button, the page and without a server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lib.access import OPERATOR, STRANGER
from lib.errors import RefusedInput
from lib.report import document
from lib.schema.text import plain
from lib.ui import basket, headless, recorded, reports
from lib.ui.links import PAGES
from lib.ui.recorded import Notes
from tests.report.reading import Reading
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

ADDRESSES: dict[str, dict[str, str]] = {
    "pages/benchmark.py": {"benchmark": "mmlu"},
    "pages/model.py": {"model": "qwen2.5-7b"},
    "pages/data.py": {"part": "coverage"},
    "pages/planner.py": {"part": "train"},
}
SHOWN = [
    one.path for one in PAGES if one.name not in ("evaluate", "own_data", "job", "search", "report", "run", "source")
]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Notes]:
    """Notes of every rerun, in order."""
    found: list[Notes] = []

    def made(*given: Any, **named: Any) -> Notes:
        found.append(Notes(*given, **named))
        return found[-1]

    monkeypatch.setattr(recorded, "Notes", made)
    return found


def _parts(notes: Notes, kind: type) -> list[Any]:
    return [part for part in notes.parts if isinstance(part, kind)]


@pytest.mark.parametrize("page", SHOWN)
def test_everything_drawn_is_noted(open_app: Open, small_store: Path, noted: list[Notes], page: str) -> None:
    app = open_app(small_store, page, **ADDRESSES.get(page, {}))
    assert not app.exception
    notes = noted[-1]
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    figures = _parts(notes, document.Figure)
    assert [spec["data"] for spec in charts] == [json.loads(one.figure.to_json())["data"] for one in figures]
    lists = [one.rows for one in _parts(notes, document.LeftOut) if one.rows is not None and len(one.rows)]
    assert len(app.dataframe) == len(_parts(notes, document.Table)) + len(lists)
    assert reports.title_of(notes.parts) == reports.plain(app.title[0].value)
    told = " ".join(plain(one) for part in _parts(notes, document.Takeaway) for one in part.sentences)
    shown = " ".join(reports.plain(one.value) for one in app.header)
    assert re.sub(r"\s+", " ", told).strip() in re.sub(r"\s+", " ", shown)
    headings = {reports.plain(part.text) for part in _parts(notes, document.Heading)}
    assert {reports.plain(one.value) for one in app.subheader} <= headings


def test_the_file_says_what_the_page_says(open_app: Open, small_store: Path, noted: list[Notes]) -> None:
    app = open_app(small_store, "pages/models.py", q="qwen", small="8B")
    view = reports.view_of(noted[-1])
    read = Reading(reports.file([view], reports.provenance(noted[-1].frames)).content)
    assert read.text.count("Qwen") > len(app.dataframe[0].value)
    assert "Search: qwen" in read.text and "Small means: at most 8B parameters (total)" in read.text
    assert noted[-1].frames.digest in read.text
    assert "Sources" in read.text and "leaderboards/open_llm_leaderboard_v2.csv" in read.text
    assert "q=qwen" in view.address and "small=8B" in view.address
    names = [str(name) for name in app.dataframe[0].value["name"]]
    assert names and all(name in read.text for name in names)


def test_a_page_without_a_server_shows_what_a_reader_sees(
    open_app: Open, small_store: Path, noted: list[Notes], monkeypatch: pytest.MonkeyPatch
) -> None:
    open_app(small_store, "pages/head_to_head.py", a="qwen2.5-7b-instruct", b="llama-2-70b-chat")
    seen = noted[-1]
    drawn = headless.drawn(headless.parsed("/head-to-head?a=qwen2.5-7b-instruct&b=llama-2-70b-chat"), OPERATOR)
    assert [type(part) for part in drawn.parts] == [type(part) for part in seen.parts]
    assert reports.title_of(drawn.parts) == reports.title_of(seen.parts)
    assert drawn.address == seen.address


@pytest.mark.parametrize(
    ("address", "path", "parameters"),
    [
        ("models", "models", {}),
        ("", "overview", {}),
        ("/?bench=gsm8k", "overview", {"bench": ["gsm8k"]}),
        ("http://a.example/models?family=a&family=b&q=", "models", {"family": ["a", "b"], "q": [""]}),
        ("performance_per_dollar", "performance-per-dollar", {}),
    ],
)
def test_addresses_as_people_write_them(address: str, path: str, parameters: dict[str, list[str]]) -> None:
    assert headless.parsed(address) == (path, parameters)


@pytest.mark.parametrize("address", ["nope", "/../etc/passwd", "models/../data", "x" * 5000])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(RefusedInput):
        headless.parsed(address)


def test_an_empty_store_makes_a_report_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    made = reports.report(["models"], OPERATOR)
    assert "The store is empty" in Reading(made.content).text


def test_hostile_names_are_text(open_app: Open, tmp_path: Path, noted: list[Notes]) -> None:
    fill_hostile(tmp_path)
    for page in ("pages/overview.py", "pages/models.py"):
        open_app(tmp_path, page)
        read = Reading(reports.file([reports.view_of(noted[-1])], reports.provenance(noted[-1].frames)).content)
        assert "img" not in {tag for tag, _ in read.tags} and not read.faults
        assert HOSTILE[:40] in read.text
        assert not any(told.get("href", "").startswith("http://evil") for _, told in read.tags)


def test_views_put_aside_become_one_report(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py")
    app.button(key="report-add").click().run()
    app.switch_page("pages/parameters_tokens.py").run()
    app.button(key="report-add").click().run()
    app.switch_page("pages/report.py").run()
    assert not app.exception
    app.text_input(key=basket.TITLE).set_value("Q4 decision").run()
    app.text_area(key="note-1").set_value("Mind the <left>.").run()
    app.button(key="up-2").click().run()
    kept = app.session_state[basket.KEY]
    assert [one.number for one in kept] == [2, 1]
    content = basket.file(kept, "Q4 decision", "For the board.", {1: "Mind the <left>."}, is_static=False)
    read = Reading(content)
    assert read.text.index("Who trained how much") < read.text.rindex("Which model, among those that fit?")
    assert "Q4 decision" in read.text and "For the board." in read.text and "Mind the <left>." in read.text
    assert "Data digest: " not in read.text, "both views are of the same data"
    app.button(key="out-2").click().run()
    assert [one.number for one in app.session_state[basket.KEY]] == [1]
    app.button(key="report-clear").click().run()
    assert not app.session_state[basket.KEY] and not app.exception


def test_strangers_take_no_report(open_app: Open, small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(small_store, "pages/models.py")
    assert not app.exception
    assert not [one for one in app.button if one.key == "report-add"]
    assert not [one for one in app.get("download_button") if "report" in one.proto.id]


def test_what_is_drawn_for_somebody_is_theirs(
    open_app: Open, one_model_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(one_model_store))
    stranger = headless.drawn(headless.parsed("models"), STRANGER)
    operator = headless.drawn(headless.parsed("models"), OPERATOR)
    assert stranger.store.sight == STRANGER.sight
    assert operator.store.sight == OPERATOR.sight
