"""Every page on a full, an empty and a one-model store, through ``app.py``."""

from __future__ import annotations

import fcntl
import json
import re
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from lib.analysis import models_table
from lib.settings import read_settings
from lib.sources.fill import FillState
from lib.store.db import open_store
from lib.store.frames import FrameCache
from lib.ui import downloads
from lib.ui.views import models, overview, plane, scores
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGES = ("pages/overview.py", "pages/models.py", "pages/parameters_tokens.py")
QUESTIONS = {
    "pages/overview.py": "How small can you go",
    "pages/models.py": "Which model",
    "pages/parameters_tokens.py": "Who trained how much",
}


def _text(app: object) -> str:
    """All Markdown of a page."""
    return "\n".join(element.value for kind in ("title", "header", "markdown") for element in getattr(app, kind))


def _figure(app: object) -> dict[str, object]:
    (chart,) = app.get("plotly_chart")  # type: ignore[attr-defined]
    spec: dict[str, object] = json.loads(chart.proto.spec)
    return spec


def _n_small(app: object) -> int:
    found = re.search(r"([\d\\,]+) small", app.header[0].value)  # type: ignore[attr-defined]
    assert found
    return int(re.sub(r"\D", "", found[1]))


def _foot(app: object) -> str:
    (text,) = [m.value for m in app.markdown if "Snapshot" in m.value]  # type: ignore[attr-defined]
    return str(text)


@pytest.mark.parametrize("page", PAGES)
def test_full_store(open_app: Open, small_store: Path, page: str) -> None:
    app = open_app(small_store, page)
    assert not app.exception
    assert QUESTIONS[page] in app.title[0].value
    assert _figure(app)["data"]
    assert app.get("plotly_chart")[0].proto.alt
    assert len(app.dataframe[0].value)
    assert "How to read this" in _text(app)
    assert "Left out" in _text(app)
    assert "results" in _foot(app)


@pytest.mark.parametrize("page", PAGES)
def test_empty_store(open_app: Open, tmp_path: Path, page: str) -> None:
    app = open_app(tmp_path, page)
    assert not app.exception
    assert QUESTIONS[page] in app.title[0].value
    assert "python -m lib import" in app.code[0].value
    assert not app.get("plotly_chart")
    assert "no results" in _foot(app)


@pytest.mark.parametrize("page", PAGES)
def test_one_model(open_app: Open, one_model_store: Path, page: str) -> None:
    app = open_app(one_model_store, page)
    assert not app.exception
    assert _figure(app)["data"]
    assert "Alpha-7B" in app.dataframe[0].value["name"].tolist()


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_are_text(open_app: Open, tmp_path: Path, page: str) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, page)
    assert not app.exception
    text = _text(app)
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    spec = json.dumps(_figure(app))
    assert "<img" not in spec
    assert app.dataframe[0].value["name"].str.contains(HOSTILE[:20], regex=False).all()


def test_downloads_lead_from_each_score_to_its_source(small_store: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))
    frames = FrameCache(store).frames()
    records = overview.records_view(frames, benchmark="mmlu", protocol="", by="total", published=True).rows
    points = plane.plane_view(
        frames, benchmark="mmlu", protocol="", by="total", years=None, laws=(), weights="all"
    ).rows  # fmt: skip
    stored = frames.scores(["mmlu"])
    for rows in (records, points):
        scored = rows[rows["score"].notna()]
        assert len(scored) > 5
        assert scored[["protocol", "evaluator", "source", "imported_at"]].notna().all(axis=None)
        for row in scored.to_dict("records"):
            own = stored[(stored["run"] == row["run"]) & (stored["model"] == row["model"])]
            assert row["score"] in own["score"].tolist()
    assert set(records["view"]) == {"protocol", "published"}
    rows = models.models_view(
        frames, chosen_set=scores.LEADERBOARD, protocol="", by="total", threshold=3e10, families=(), licences=(),
        size_classes=(), only_open=False, community=False, search="",
    ).rows()  # fmt: skip
    for benchmark in scores.LEADERBOARD_SIX:
        assert (rows[f"run: {benchmark}"].notna() == rows[f"score: {benchmark}"].notna()).all()
        assert rows[f"source: {benchmark}"].dropna().str.contains("leaderboards/open_llm_leaderboard_v2.csv").all()
    downloads.csv(rows)
    downloads.parquet(rows)
    store.close()


def test_benchmark_changes_the_records(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store)
    before = _figure(app)
    app.selectbox(key="bench").set_value("gsm8k").run()
    assert not app.exception
    assert _figure(app) != before
    assert "GSM8K" in app.header[0].value


def test_protocol_of_another_benchmark_gives_way(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store)
    other = app.selectbox(key="measured").options
    app.selectbox(key="measured").select_index(1).run()
    assert app.selectbox(key="measured").value != other[0]
    app.selectbox(key="bench").set_value("gsm8k").run()
    assert not app.exception
    assert _figure(app)["data"]


def test_filters_from_the_address(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", **{"class": ["feather", "fly"], "q": "qwen"})
    names = app.dataframe[0].value["name"]
    assert len(names)
    assert names.str.casefold().str.contains("qwen").all()
    assert set(app.dataframe[0].value["size_class"]) <= {"feather", "fly"}


def test_nonsense_in_the_address_is_the_default(open_app: Open, small_store: Path) -> None:
    plain = open_app(small_store, "pages/models.py")
    odd = open_app(
        small_store, "pages/models.py", protocol="zzz", set="zzz", small="3 elephants", by="weight", open="x"
    )
    assert not odd.exception
    assert odd.dataframe[0].value.equals(plain.dataframe[0].value)


def test_the_legend_names_the_line_of_guessing_where_it_is_drawn(open_app: Open, small_store: Path) -> None:
    one = open_app(small_store, "pages/models.py", set="mmlu")
    assert r"guessing scores 25\%" in _text(one)
    assert _figure(one)["layout"]["shapes"]  # type: ignore[index]
    several = open_app(small_store, "pages/models.py", set=scores.LEADERBOARD)
    assert "guessing" not in _text(several)
    assert not _figure(several)["layout"].get("shapes")  # type: ignore[attr-defined]


def test_filters_that_leave_nothing(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", q="no model is called like this")
    assert not app.exception
    assert app.info
    assert not app.get("plotly_chart")


def test_size_choice_holds_on_every_page(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", small="7B", by="active")
    assert "7 billion active parameters" in app.header[0].value
    app.switch_page("pages/parameters_tokens.py").run()
    spec = _figure(app)
    assert "active" in spec["layout"]["xaxis"]["title"]["text"]  # type: ignore[index,call-overload]
    assert app.select_slider(key="small").value == "7B"


def test_weight_class_as_limit(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", unit="weight class", upto="feather")
    assert app.select_slider(key="upto").value == "feather"
    small = open_app(small_store, "pages/models.py", small="8B")
    # The class ends below 8 billion, the limit includes it.
    assert 0 < _n_small(app) < _n_small(small)


def test_laws_and_weights(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/parameters_tokens.py")
    n_traces = len(_figure(app)["data"])  # type: ignore[arg-type]
    app.multiselect(key="laws").set_value(["refit", "approach1", "kaplan"]).run()
    assert len(_figure(app)["data"]) > n_traces  # type: ignore[arg-type]
    n_all = len(app.dataframe[-1].value)
    app.selectbox(key="weights").set_value("open").run()
    assert 0 < len(app.dataframe[-1].value) < n_all


def test_a_rerun_that_changes_nothing_makes_nothing(
    open_app: Open, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(small_store, "pages/models.py")
    made: list[object] = []
    monkeypatch.setattr(models_table, "models_table", lambda *given, **named: made.append(given))
    app.run()
    assert not app.exception
    assert not made


def test_a_filling_store_says_so_and_then_no_more(open_app: Open, tmp_path: Path) -> None:
    state = FillState("runs", 12, 48, "Pythia <b>suite</b>", "2026-11-21T13:00:00Z")
    (tmp_path / "fill.json").write_bytes(orjson.dumps(asdict(state)))
    died = open_app(tmp_path)
    assert not died.get("progress")
    with (tmp_path / "fill.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        app = open_app(tmp_path)
        assert not app.exception
        (line,) = app.get("progress")
        assert line.proto.value == 25
        assert "12 of 48 files" in line.proto.text
        assert "\\<b" in line.proto.text
    app.run()
    assert not app.get("progress")


def test_a_link_opens_the_protocol_it_names(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, "pages/models.py", set="mmlu")
    widest = app.selectbox(key="protocol").value
    app.selectbox(key="protocol").select_index(1).run()
    second = app.selectbox(key="protocol").value
    linked = open_app(small_store, "pages/models.py", set="mmlu", protocol=second)
    assert linked.selectbox(key="protocol").value == second != widest
