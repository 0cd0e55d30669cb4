"""Two to six models side by side: what the address says, what is refused, and where each number leads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.ui import downloads
from lib.ui.views import scores, side_by_side, side_by_side_choice
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGE = "pages/side_by_side.py"
TRIO = ["qwen2.5-7b", "llama-3-8b", "gemma-2-9b"]


def _text(app: object) -> str:
    return "\n".join(element.value for kind in ("title", "header", "markdown") for element in getattr(app, kind))


def _frames(folder: Path) -> tuple[Store, Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    return store, FrameCache(store).frames()


def _offered(frames: Frames, **changed: object) -> side_by_side_choice.Offered:
    plain = {"card": "", "bits": 16, "context": 8192, "licences": (), "shortest": "", "community": False}
    return side_by_side_choice.offered(frames, **(plain | changed))  # type: ignore[arg-type]


def _view(frames: Frames, models: tuple[str, ...], **changed: object) -> side_by_side.SideView:
    plain = {"chosen_set": scores.LEADERBOARD, "measured": "", "against": "", "bits": 16, "context": 8192}
    return side_by_side.side_by_side_view(frames, models=models, **(plain | changed))  # type: ignore[arg-type]


def test_nothing_chosen_shows_three(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    assert len(app.multiselect(key="models").value) == 3
    assert app.title[0].value.startswith("How do ") and app.title[0].value.endswith("compare\\?")
    assert "Nothing is chosen yet" in _text(app)
    assert "shown" in app.header[0].value
    (chart,) = app.get("plotly_chart")
    assert json.loads(chart.proto.spec)["data"] and chart.proto.alt
    assert "How to read this" in _text(app)


def test_the_address_chooses(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, models=TRIO)
    assert not app.exception
    assert app.multiselect(key="models").value == TRIO
    assert app.title[0].value == r"How do Qwen2\.5 7B\, Llama 3 8B and Gemma 2 9B compare\?"
    assert "Nothing is chosen" not in _text(app)
    by_scores, by_facts = (one.value for one in app.dataframe)
    assert by_scores["what"].tolist()[-1] == "Mean of 6"
    assert by_facts.columns.tolist() == ["what", "of:0", "of:1", "of:2"]
    words = "\n".join(by_scores[["against:1", "against:2"]].to_numpy().ravel())
    assert re.search(r"▼ .*shown worse", words) and "not shown" in words
    for forbidden in ("equal", "significant", "same as"):
        assert forbidden not in words + _text(app).replace("is not *equal*", "")


def test_held_against_another(open_app: Open, small_store: Path) -> None:
    first = open_app(small_store, PAGE, models=TRIO)
    other = open_app(small_store, PAGE, models=TRIO, against="gemma-2-9b")
    assert not other.exception
    assert "than Gemma 2 9B" in other.header[0].value
    assert first.header[0].value != other.header[0].value


def test_unknown_and_too_many_are_said(open_app: Open, small_store: Path) -> None:
    more = [*TRIO, "qwen2.5-14b", "llama-2-7b", "llama-2-13b", "llama-2-70b", "qwen2-7b"]
    app = open_app(small_store, PAGE, models=["no-such-<b>model", *more])
    assert not app.exception
    assert app.multiselect(key="models").value == more[:6]
    text = _text(app)
    assert "Not in the store" in text and r"\<b\>model" in text.replace("⁠", "")
    assert "At most 6 models fit side by side" in text and "Refused" in text and "Llama 2 70B" in text
    nobody = open_app(small_store, PAGE, models=["no-such-model"])
    assert not nobody.exception
    assert len(nobody.multiselect(key="models").value) == 3


def test_one_model_alone_and_an_emptied_choice(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, models=TRIO[:1])
    assert not app.exception
    assert "stands alone" in app.header[0].value
    emptied = open_app(small_store, PAGE, models="")
    assert not emptied.exception
    assert emptied.info
    assert not emptied.get("plotly_chart")


def test_empty_store(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, PAGE, models=TRIO)
    assert not app.exception
    assert "python -m lib import" in app.code[0].value


def test_store_of_one_model(open_app: Open, one_model_store: Path) -> None:
    app = open_app(one_model_store, PAGE)
    assert not app.exception
    assert app.multiselect(key="models").value == ["alpha-7b"]


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, models=["evil-0", "evil-1", "evil-2", HOSTILE])
    assert not app.exception
    text = _text(app)
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    assert "<img" not in json.dumps(json.loads(app.get("plotly_chart")[0].proto.spec))


def test_presets_narrow_and_choose(open_app: Open, small_store: Path) -> None:
    plain = open_app(small_store, PAGE)
    app = open_app(small_store, PAGE, fits="8", bits="4", terms=["free"])
    assert not app.exception
    chosen = app.multiselect(key="models")
    assert 0 < len(chosen.options) < len(plain.multiselect(key="models").options)
    assert "pass the presets" in _text(app)
    facts = app.dataframe[-1].value.set_index("what")
    assert set(facts.loc["Smallest card"]) == {"8 GB"}
    assert "does not fit 8 GB, not offered above" in _text(app).replace("\\", "")
    kept = open_app(small_store, PAGE, fits="8", models=["llama-2-70b", "qwen2.5-7b"])
    assert kept.multiselect(key="models").value == ["llama-2-70b", "qwen2.5-7b"]


def test_presets_that_leave_nothing_say_so(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, window="131072")
    assert not app.exception
    assert app.info


def test_what_nobody_measured_together_is_said(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, models=["claude-3-opus", "llama-2-70b"], set=scores.LEADERBOARD)
    assert not app.exception
    assert "Claude 3 Opus has no score measured this way" in _text(app).replace("\\", "")
    assert "of 12 scores missing" in _text(app)


def test_a_chosen_cell_leads_to_its_run_and_fact(open_app: Open, small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames, tuple(TRIO))
    app = open_app(small_store, PAGE, models=TRIO)
    for key, table, row, column in (
        ("side-scores", view.scores, 0, "score:1"),
        ("side-scores", view.scores, 0, "against:1"),
        ("side-facts", view.facts, view.facts.headings.index("Training tokens"), "of:1"),
    ):
        app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(row, column)]}}
        app.session_state[f"{key}:of"] = table.traces.stamp
        app.run()
        assert not app.exception
        title = (
            f": Llama 3 8B against {frames.models['name'][TRIO[0]]}"
            if column.startswith("against:")
            else " of Llama 3 8B"
        )
        assert f"{table.headings[row]}{title}" in _text(app).replace("\\", "")
    store.close()


def test_the_card_of_a_difference_names_both_models_with_their_runs(open_app: Open, small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames, tuple(TRIO))
    app = open_app(small_store, PAGE, models=TRIO)
    app.session_state["side-scores"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "against:1")]}}
    app.session_state["side-scores:of"] = view.scores.traces.stamp
    app.run()
    told = _text(app).replace("\\", "")
    assert f"**: {view.scores.rows['against:1'].iloc[0].split(',')[0]}" in told
    paragraphs = [one.value for one in app.markdown if "in the file" in one.value]
    assert len(paragraphs) == len(set(paragraphs)) == 2
    assert {one for one in ("Llama 3 8B", "Qwen2.5 7B") for p in paragraphs if one in p.replace("\\", "")} == {
        "Llama 3 8B",
        "Qwen2.5 7B",
    }
    links = [one.proto.query_string for one in app.get("page_link")]
    assert {"model=llama-3-8b", "model=qwen2.5-7b"} <= set(links)
    store.close()


def test_a_chosen_benchmark_leads_to_its_page(open_app: Open, small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames, tuple(TRIO))
    app = open_app(small_store, PAGE, models=TRIO)
    app.session_state["side-scores"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "what")]}}
    app.session_state["side-scores:of"] = view.scores.traces.stamp
    app.run()
    assert not app.exception
    trace = view.scores.traces.at(0, "what")
    assert trace is not None and trace.benchmark
    assert f"benchmark={trace.benchmark}" in [one.proto.query_string for one in app.get("page_link")]
    assert "No result stands here" not in _text(app)
    store.close()


def test_every_shown_number_has_a_trace(small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames, tuple(TRIO))
    runs = set(frames.runs["run"])
    for column in view.scores.rows.columns[1:]:
        for row in range(len(view.scores.rows)):
            trace = view.scores.traces.at(row, column)
            assert trace is not None and trace.runs and set(trace.runs) <= runs
    for column in view.facts.rows.columns[1:]:
        for row in range(len(view.facts.rows)):
            trace = view.facts.traces.at(row, column)
            assert trace is not None and trace.fields and trace.model in TRIO
    assert view.scores.traces.at(99, "score:0") is None and view.facts.traces.at(0, "what") is None
    store.close()


def test_golden_numbers_of_the_leaderboard(small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames, ("qwen2.5-7b-instruct", "llama-2-70b-chat"), against="llama-2-70b-chat")
    rows = view.rows[view.rows["model"] == "qwen2.5-7b-instruct"].set_index("benchmark")
    # Differences in points, from the published table of February 2025 by hand.
    expected = {"math_lvl5": 47.1, "ifeval": 26.3, "bbh": 23.5, "mmlu_pro": 18.5, "musr": 3.3, "gpqa": 2.7}
    for benchmark, points in expected.items():
        assert 100 * rows.at[benchmark, "delta"] == pytest.approx(points, abs=0.06)
    shown = rows["verdict"] == "shown better"
    assert set(rows.index[shown]) == {"math_lvl5", "ifeval", "bbh", "mmlu_pro"}
    assert set(rows["verdict"][~shown]) == {"not shown"}
    assert view.rows["source"].notna().all() and view.rows["protocol"].notna().all()
    assert len(downloads.csv(view.rows)) and len(downloads.parquet(view.rows))
    store.close()


def test_offers_by_name_and_marks_doubles(small_store: Path) -> None:
    store, frames = _frames(small_store)
    offered = _offered(frames)
    names = list(offered.options.values())
    assert names == sorted(names, key=str.casefold) or len(names) == len(set(names))
    assert len(set(names)) == len(names)
    assert set(offered.suggested) <= set(offered.options)
    everyone = _offered(frames, community=True)
    assert len(everyone.options) > len(offered.options)
    assert offered.removed["community models"] == len(everyone.options) - len(offered.options)
    by_card = [len(_offered(frames, card=str(card)).options) for card in (8, 16, 24, 80)]
    assert by_card == sorted(by_card) and by_card[0] > 0
    smaller = _offered(frames, card="8", bits=4)
    assert set(_offered(frames, card="8").options) < set(smaller.options)
    store.close()


def test_address_keeps_six() -> None:
    assert side_by_side.address(["a", "b"]) == {"models": ["a", "b"]}
    assert len(side_by_side.address([str(i) for i in range(9)])["models"]) == 6


def test_base_models_are_said_to_be_base_and_lead_to_their_tuned_variants(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, models=["llama-3-70b", "qwen2.5-7b-instruct"])
    assert "Llama 3 70B is a base model: not tuned to follow instructions." in _text(app).replace("\\", "")
    assert "model=llama-3-70b-instruct" in [one.proto.query_string for one in app.get("page_link")]
    store, frames = _frames(small_store)
    view = _view(frames, ("llama-3-70b", "llama-3-70b-instruct", "gemma-2-9b"))
    assert view.bases == "Llama 3 70B and Gemma 2 9B are base models: not tuned to follow instructions."
    assert [model for model, _ in view.tuned] == ["gemma-2-9b-it"]
    kinds = view.facts.rows.iloc[view.facts.headings.index("Kind")].tolist()
    assert kinds[1:3] == ["base, not tuned to follow instructions", "chat or instruct"]
    assert _view(frames, ("llama-3-70b-instruct", "qwen2.5-7b-instruct")).bases == ""
    assert "a verdict can change when a model or a benchmark is added" in view.family
    assert "scores from files imported" in view.coverage
    store.close()


def test_a_set_counts_what_is_measured_one_way(small_store: Path) -> None:
    store, frames = _frames(small_store)
    four = (*TRIO, "llama-2-70b")
    sets = side_by_side_choice.benchmark_sets(frames, models=four)
    counts = {}
    for name, words in sets.options.items():
        if name != side_by_side_choice.SHARED:
            stand = side_by_side_choice.standing(frames, four, name, "").stand
            counts[name] = int(stand["n_complete"].max())
            assert words.endswith(f" · {counts[name]} of 4 one way"), name
    assert len(set(counts.values())) > 2
    store.close()


def test_sets_begin_with_one_that_the_first_model_has(small_store: Path) -> None:
    store, frames = _frames(small_store)
    runs = frames.runs
    board = set(runs["model"][runs["evaluator"].astype(str).str.contains("leaderboard")])
    shown = frames.models.index[frames.models.index.isin(runs["model"])]
    without = [str(one) for one in shown if one not in board][:25]
    assert without
    for first in without:
        three = (first, "qwen2.5-7b-instruct", "llama-2-70b-chat")
        sets = side_by_side_choice.benchmark_sets(frames, models=three)
        stands = side_by_side_choice.standing(frames, three, sets.default, "")
        assert first in set(stands.measured.rows["model"]), (first, sets.default)
    store.close()


def test_sets_begin_with_what_all_have(small_store: Path) -> None:
    store, frames = _frames(small_store)
    assert side_by_side_choice.benchmark_sets(frames, models=tuple(TRIO)).default == scores.LEADERBOARD
    old = side_by_side_choice.benchmark_sets(frames, models=("gpt-3-175b", "llama-2-70b"))
    assert old.default == side_by_side_choice.SHARED
    assert "all of them" in old.options[side_by_side_choice.SHARED]
    nobody = side_by_side_choice.benchmark_sets(frames, models=("no-such-model",))
    assert nobody.options == {} and nobody.default == ""
    lonely = frames.models.index[~frames.models.index.isin(frames.runs["model"])][0]
    view = _view(frames, (str(lonely),), chosen_set="")
    assert view.figure is None and isinstance(view.rows, pd.DataFrame)
    store.close()
