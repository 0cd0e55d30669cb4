"""Upsets on the page and on the command line: the family that ships, what filters do to it, where each row leads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.analysis.upset_filters import Filters
from lib.analysis.upsets import RATIOS
from lib.cli import main
from lib.cli_upsets import DEFAULT_TASKS
from lib.schema.text import plain
from lib.settings import SETTINGS, read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.ui import parts_upsets
from lib.ui.views import scores, upsets
from tests.ui.conftest import Open
from tests.ui.stores import fill_hostile

PAGE = "pages/upsets.py"
EVERYTHING = Filters()
BOARD = {"chosen_set": scores.LEADERBOARD, "protocol": "", "by": "total", "community": False}


@pytest.fixture(scope="module")
def frames(small_store: Path) -> Iterator[Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(small_store)}))
    yield FrameCache(store).frames()
    store.close()


def _text(app: object) -> str:
    return "\n".join(element.value for kind in ("title", "header", "markdown") for element in getattr(app, kind))


def _said(app: object) -> str:
    """The sentence under the heading, without its escapes."""
    return str(app.header[0].value).replace("\\", "")  # type: ignore[attr-defined]


def _view(frames: Frames, filters: Filters = EVERYTHING, ratio: float = 2.0, **changed: object) -> upsets.UpsetsView:
    return upsets.upsets_view(frames, store=None, **(BOARD | changed), ratio=ratio, filters=filters, order="lead")  # type: ignore[arg-type]


def test_the_family_that_ships(frames: Frames) -> None:
    """Golden: 229 models of the catalogue on the six of Open LLM Leaderboard v2."""
    found = upsets.families(frames, None, *BOARD.values())[0]  # type: ignore[arg-type]
    assert list(found) == list(RATIOS)
    told = {r: (f.n_tests, f.n_wins, f.n_holds, f.n_holds_any, f.n_without_error) for r, f in found.items()}
    assert told == {
        2.0: (116_049, 26_227, 11_737, 9_962, 261),
        4.0: (84_784, 15_772, 6_362, 5_353, 194),
        10.0: (45_212, 5_819, 1_692, 1_381, 64),
    }
    assert len(found[2.0].cells.models) == 229
    assert found[2.0].n_false == pytest.approx(0.05 * 11_737)


def test_the_board_with_its_community_is_another_family(frames: Frames) -> None:
    """Golden: 4,311 models. Leads with p above 5% are counted and not listed; the rest is as for the catalogue."""
    view = _view(frames, community=True)
    found = upsets.families(frames, None, *(BOARD | {"community": True}).values())[0][2.0]  # type: ignore[arg-type]
    assert len(found.cells.models) == 4_311
    assert (found.n_tests, found.n_wins, found.n_holds) == (29_160_054, 5_882_134, 3_112_455)
    assert (found.n_holds_any, found.n_without_error) == (2_685_704, 287_184)
    assert view.left_out["models of disputed size"] == 130
    assert view.left_out["models with size and scores of another, taken for the same weights"] == 43
    assert f"{found.n_wins - len(found.z):,} weaker leads" in view.unlisted
    assert view.holds.n == found.n_holds and len(view.holds.table) == upsets.LISTED
    assert len(view.figure.to_json()) < 700_000 if view.figure else False


def test_filters_hide_and_the_count_stays(frames: Frames) -> None:
    whole, some = _view(frames), _view(frames, Filters(families=("Qwen2.5",), search="phi"))
    assert "116,049 comparisons" in plain(whole.takeaway) and "116,049 comparisons" in plain(some.takeaway)
    assert "11,737" in plain(some.takeaway) and f"leave {some.holds.n:,} of those" in plain(some.takeaway)
    assert 0 < some.holds.n < whole.holds.n == 11_737
    assert whole.leads.n == 26_227 - 11_737
    rows = some.holds.rows()
    assert len(rows) == some.holds.n and rows["holds"].all() and (rows["delta_low"] > 0).all()
    everything = whole.holds.rows().set_index(["small", "large", "benchmark"])["q"]
    hidden = rows.set_index(["small", "large", "benchmark"])["q"]
    assert (everything.reindex(hidden.index) == hidden).all()
    assert len(whole.holds.table) == upsets.LISTED
    assert _view(frames, Filters(search="no such model")).figure is None


def test_another_ratio_or_set_is_another_family(frames: Frames) -> None:
    ten = _view(frames, ratio=10.0)
    assert "at least 10 times as large" in plain(ten.takeaway) and "45,212" in plain(ten.takeaway)
    assert (ten.holds.rows()["size_ratio"] >= 10).all()
    one = _view(frames, chosen_set="mmlu_pro")
    assert set(one.holds.table["benchmark"]) == {"MMLU-Pro"}
    assert any("run-to-run" in words for _, words in one.legend)
    assert one.leads.table["marks"].str.contains("run-to-run").any()


def test_each_mark_and_row_leads_to_both_runs(frames: Frames) -> None:
    view = _view(frames)
    assert view.figure is not None
    marks = {str(m) for trace in view.figure.data if trace.customdata is not None for m in trace.customdata}
    assert marks == set(view.marks.models)
    for traces in (view.marks, view.holds.traces, view.leads.traces):
        for row in range(0, len(traces.models), 17):
            cell = traces.at(row, "score:lead")
            assert cell is not None and len(cell.runs) == 2 and cell.against and cell.benchmark
    size = view.holds.traces.at(0, "size_ratio")
    assert size is not None and "params_total" in size.fields and not size.runs
    assert view.holds.traces.at(10_000, "small") is None
    small, large = view.holds.pairs[0]
    assert view.holds.table[upsets.LINK][0] == f"head-to-head?a={small}&b={large}"
    assert len(view.figure.to_json()) < 600_000


def test_the_page(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    assert app.title[0].value == r"Where does small beat large\?"
    assert "116,049" in _said(app) and "that is not shown" in _said(app)
    text = _text(app).replace("\\", "")
    for words in ("small models of", "under any dependence", "false ones", "larger than the true ones", "Left out"):
        assert words in text, words
    for forbidden in ("noise", "artefact", "significant", " a tie", "equal"):
        assert forbidden not in text, forbidden
    (chart,) = app.get("plotly_chart")
    assert json.loads(chart.proto.spec)["data"] and chart.proto.alt
    assert [one.value for one in app.subheader] == ["Holds at 5% false discoveries", "Leads, not shown"]
    assert len(app.dataframe) == 2


def test_a_ratio_of_sizes_shows_the_facts_of_both(open_app: Open, small_store: Path, frames: Frames) -> None:
    traces = _view(frames).holds.traces
    app = open_app(small_store, PAGE)
    app.session_state["upsets-holds"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "size_ratio")]}}
    app.session_state["upsets-holds:of"] = traces.stamp
    app.run()
    assert not app.exception
    cell = traces.at(0, "size_ratio")
    assert cell is not None
    written = _text(app).replace("\\", "")
    assert written.count("Parameters, total: ") >= 2
    assert f"**{frames.models.at[cell.against, 'name']}**" in written


def test_the_address_chooses_and_nonsense_is_the_default(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, ratio="10", set="mmlu_pro", family="Qwen2.5", q="instruct", tuning="tuned-base")
    assert not app.exception
    assert "7,546" in _said(app) and "The filters leave" in _said(app)
    odd = open_app(small_store, PAGE, ratio="1e99", set="no-such", family="<b>", tuning="x", order="y", protocol="z")
    assert not odd.exception and "116,049" in _said(odd)
    nobody = open_app(small_store, PAGE, q="no such model")
    assert not nobody.exception and nobody.info


def test_stores_with_nothing_to_test(open_app: Open, one_model_store: Path, tmp_path: Path) -> None:
    one = open_app(one_model_store, PAGE)
    assert not one.exception and "No two models" in _said(one)
    empty = open_app(tmp_path / "empty", PAGE)
    assert not empty.exception and "python -m lib import" in empty.code[0].value


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, set="mmlu")
    assert not app.exception
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", _text(app)), active
    for chart in app.get("plotly_chart"):
        assert "<img" not in chart.proto.spec


def test_link_to_head_to_head_only_where_that_page_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_upsets.links, "title", lambda address: "")
    assert not parts_upsets._has_head_to_head()
    monkeypatch.setattr(parts_upsets.links, "title", lambda address: "Head to head")
    assert parts_upsets._has_head_to_head()


class TestCommand:
    @pytest.fixture(autouse=True)
    def _local(self, small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for setting in SETTINGS:
            monkeypatch.delenv(setting.variable, raising=False)
        monkeypatch.setenv("P4P_DATA_DIR", str(small_store))
        monkeypatch.setenv("P4P_FILL", "0")

    def test_says_what_the_page_says(self, frames: Frames, capsys: pytest.CaptureFixture[str]) -> None:
        assert DEFAULT_TASKS == scores.LEADERBOARD_SIX
        assert main(["upsets", "--ratio", "10", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["tested"], told["n_holds"], told["n_not_shown"]) == (45_212, 1_692, 5_819 - 1_692)
        assert (len(told["holds"]), len(told["not_shown"])) == (1_692, 5_819 - 1_692)
        rows = _view(frames, ratio=10.0).holds.rows()
        assert {(r["small"], r["large"], r["benchmark"], r["q"]) for r in told["holds"]} == set(
            rows[["small", "large", "benchmark", "q"]].itertuples(index=False, name=None)
        )
        assert told["protocol"]["label"] and told["excluded"] and told["run_to_run"]["gpqa"] == pytest.approx(0.01138)
        assert all(r["q"] > 0.05 for r in told["not_shown"])

    def test_as_text(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["upsets", "--benchmark", "MMLU-Pro", "--limit", "3"]) == 0
        out, err = capsys.readouterr()
        assert "comparisons with a model at least twice as large" in out and "Leads, not shown" in out
        assert "Left out: " in out and "3 of " in err

    @pytest.mark.parametrize("options", [["--ratio", "3"], ["--tasks", "no-such"], ["--ratio", "nan"]])
    def test_wrong_use(self, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["upsets", *options]) == 2
        assert "refused" in capsys.readouterr().err


def test_command_on_an_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    assert main(["upsets", "--json"]) == 2
    assert "python -m lib fill" in capsys.readouterr().err
