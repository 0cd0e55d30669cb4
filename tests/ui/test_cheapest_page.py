"""The page of the cheapest model that will do: what the address says, verdicts, words, and where each number leads."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from scipy.stats import norm

from lib.analysis.cheapest_choice import MONEY, SIZE, Limits
from lib.schema.boards import LEADERBOARD_SIX
from lib.schema.text import plain
from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.ui import downloads
from lib.ui.views import cheapest, cheapest_choice
from lib.ui.views.cheapest_tables import DECIDES
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGE = "pages/cheapest.py"
LOGS = "lm-eval-samples/lm-eval-2024-llama2-mistral-writeout.zip"


def _text(app: object) -> str:
    found = "\n".join(
        element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)
    )
    return found.replace("\\", "")


def _frames(folder: Path) -> tuple[Store, Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    return store, FrameCache(store).frames()


def _view(frames: Frames, **changed: object) -> cheapest.CheapestView:
    choices: dict[str, object] = {
        "like": "llama-2-70b", "benchmarks": LEADERBOARD_SIX, "measured": "", "margin": 0.02, "least": SIZE, "by": "total",
        "limits": Limits(), "is_average": False, "prices": (), "pairs": (),
    }  # fmt: skip
    return cheapest.cheapest_view(frames, **(choices | changed))  # type: ignore[arg-type]


def test_nothing_chosen_answers_for_the_well_known_one(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    assert (
        app.title[0].value.replace("\\", "") == "What is the smallest model shown to be within 2 points of Llama 2 70B?"
    )
    assert "Qwen2.5 32B" in app.header[0].value.replace("\\", "")
    assert app.multiselect(key="bench").value == list(LEADERBOARD_SIX)
    (chart,) = app.get("plotly_chart")
    assert json.loads(chart.proto.spec)["data"] and chart.proto.alt
    text = _text(app)
    assert "How to read this" in text and "Not ranked" in text and "after Holm's correction" in text
    for word in ("as good as", "not worse", " equal to", " noise", " tie"):
        assert word not in text


def test_the_address_chooses(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, like="llama-3-70b", bench=["mmlu_pro", "bbh"], margin="0.05")
    assert not app.exception
    assert "within 5 points of Llama 3 70B" in app.title[0].value
    assert app.multiselect(key="bench").value == ["mmlu_pro", "bbh"]
    own = open_app(small_store, PAGE, margin="0.025")
    assert "within 2.5 points of" in own.title[0].value.replace("\\", "")
    for wrong in ("-1", "nan", "0", "abc", "9"):
        assert "within 2 points of" in open_app(small_store, PAGE, margin=wrong).title[0].value


def test_the_overview_leads_here(open_app: Open, small_store: Path) -> None:
    overview = open_app(small_store)
    links = [one.proto for one in overview.get("page_link")]
    (query,) = [one.query_string for one in links if one.query_string.startswith("like=")]
    assert query.startswith("like=llama-2-70b") and all(f"bench={one}" in query for one in LEADERBOARD_SIX)


def test_unknown_model_and_emptied_benchmarks(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, like="no-such-<b>model")
    assert not app.exception
    assert "is not a model with scores here" in _text(app)
    emptied = open_app(small_store, PAGE, bench="")
    assert not emptied.exception
    assert "Choose at least one benchmark" in emptied.info[0].value


def test_size_not_disclosed_and_no_price(open_app: Open, small_store: Path) -> None:
    closed = open_app(small_store, PAGE, like="claude-3-opus", bench="mmlu")
    assert not closed.exception
    assert "is not disclosed" in closed.info[0].value
    unpriced = open_app(small_store, PAGE, like="gpt-2-xl", least=MONEY)
    assert not unpriced.exception and unpriced.info


def test_empty_and_one_model(open_app: Open, tmp_path: Path, one_model_store: Path) -> None:
    empty = open_app(tmp_path, PAGE)
    assert not empty.exception
    assert "python -m lib import" in empty.code[0].value
    alone = open_app(one_model_store, PAGE)
    assert not alone.exception
    assert "No smaller model than" in _text(alone)


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, like="evil-2", bench="mmlu")
    assert not app.exception
    raw = "\n".join(
        element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)
    )
    assert "evil" not in raw or HOSTILE not in raw
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", raw), active
    for chart in app.get("plotly_chart"):
        assert "<img" not in json.dumps(json.loads(chart.proto.spec))


def test_golden_numbers_of_the_leaderboard(small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames)
    rows = view.rows()
    # Published scores of MMLU-Pro, 12,032 questions: 58.1% against 37.2% (fractions of the board's raw column).
    own = rows[(rows["model"] == "qwen2.5-32b") & (rows["benchmark"] == "mmlu_pro")].iloc[0]
    p, q, n = own["score"], own["score_reference"], 12032
    se = (p * (1 - p) / n + q * (1 - q) / n) ** 0.5
    assert q == pytest.approx(0.3718) and own["delta"] == pytest.approx(p - q)
    assert own["lower"] == pytest.approx(p - q - 1.6449 * se, abs=2e-5)
    assert own["p"] < 1e-12 and own["verdict"] == "PASS"
    assert rows["source"].notna().all() and rows["protocol"].notna().all()
    n_candidates = rows["model"].nunique()
    assert n_candidates > 150 and len(rows) == 6 * n_candidates
    assert set(view.passing["said"]) == {"shown to be within 2 points of Llama 2 70B on each"}
    assert len(view.passing) + len(view.others) == n_candidates
    assert f"Of {n_candidates} smaller models tried, Qwen2.5 32B (33B) is the smallest" in plain(view.takeaway)
    assert len(downloads.csv(rows)) and len(downloads.parquet(rows))
    store.close()


def test_limits_narrow_the_family(small_store: Path) -> None:
    store, frames = _frames(small_store)
    whole, small = _view(frames), _view(frames, limits=Limits(card=8, bits=4, licences=("free",)))
    assert 0 < small.rows()["model"].nunique() < whole.rows()["model"].nunique()
    assert "within your limits" in plain(small.takeaway)
    assert any("does not fit 8 GB" in reason for reason in small.left_out)
    average = _view(frames, is_average=True)
    assert "on average over 6 benchmarks" in plain(average.takeaway) and "each" not in plain(average.takeaway)
    store.close()


def test_by_money_only_where_prices_are_known(small_store: Path) -> None:
    store, frames = _frames(small_store)
    prices = cheapest_choice.prices(store, today="2026-11-21")
    priced = {one.model: one.usd for one in prices}
    view = _view(frames, like="llama-3.1-70b-instruct", benchmarks=("mmlu_pro",), least=MONEY, prices=prices)
    rows = view.rows()
    assert len(rows) and set(rows["model"]) <= set(priced)
    assert (rows["cost"] < priced["llama-3.1-70b-instruct"]).all()
    assert {"price", "seen"} <= set(view.others.columns) and "cheapest" in view.question
    assert "no price known" in view.left_out
    trace = view.others_traces.at(0, "price")
    assert trace is not None and trace.source
    store.close()


def test_every_difference_leads_to_both_runs(small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames)
    runs = frames.runs.set_index("run")["model"]
    for table, traces in ((view.passing, view.passing_traces), (view.others, view.others_traces)):
        columns = [one for one in table.columns if one.startswith("score:")]
        assert len(columns) == 7
        for column in columns:
            for row in range(len(table)):
                trace = traces.at(row, column)
                assert trace is not None and trace.against == "llama-2-70b"
                assert {runs[one] for one in trace.runs} == {trace.model, "llama-2-70b"}
        memory = traces.at(0, "memory")
        assert memory is not None and memory.fields and traces.at(9999, "memory") is None
    store.close()


def test_a_chosen_difference_shows_its_card(open_app: Open, small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = _view(frames)
    app = open_app(small_store, PAGE)
    app.session_state["cheapest-passing"] = {"selection": {"rows": [], "columns": [], "cells": [(0, DECIDES)]}}
    app.session_state["cheapest-passing:of"] = view.passing_traces.stamp
    app.run()
    assert not app.exception
    assert f"{view.passing['name'].iloc[0]} against Llama 2 70B" in _text(app)
    store.close()


def test_stored_answers_decide_where_both_have_them(small_store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "with-logs"
    shutil.copytree(small_store, folder)
    settings = read_settings({"P4P_DATA_DIR": str(folder)})
    store = open_store(settings)
    ingest(store, [ROOT / "data" / LOGS], settings=settings, shipped=True)
    frames = FrameCache(store).frames()
    asked = {"like": "llama-2-13b", "benchmarks": ("winogrande",)}
    (key,) = [
        key
        for key, words in cheapest_choice.protocol_options(frames, **asked, community=False).items()  # type: ignore[arg-type]
        if "5-shot, acc · lm-eval 0.3" in words
    ]
    found = cheapest_choice.pairs(frames, store=store, **asked, measured=key, community=False)  # type: ignore[arg-type]
    pairs = {one.model: one for one in found}
    # Only the candidate right, only the reference right: data/lm-eval-samples/pairs.csv.
    counts = {model: one.counts[1:3] for model, one in pairs.items() if one.counts is not None}
    assert counts == {"llama-2-7b": (90, 120), "mistral-7b-v0.1": (111, 86)}
    view = _view(frames, **asked, measured=key, pairs=tuple(pairs.values()))
    rows = view.rows().set_index("model")
    assert set(rows["basis"]) == {"same questions"} and "2 of 2 comparisons on the same questions" in view.coverage
    # Tango's T(-m) by its text, with b = 111, c = 86, n = 1267.
    b, c, n, d = 111, 86, 1267, -0.02
    linear = -b - c + (2 * n - b + c) * d
    q = (math.sqrt(linear**2 + 8 * n * c * d * (1 - d)) - linear) / (4 * n)
    t = (b - c - n * d) / math.sqrt(n * (2 * q + d * (1 - d)))
    assert rows.at["mistral-7b-v0.1", "p"] == pytest.approx(float(norm.sf(t)), rel=1e-9)
    assert rows.at["mistral-7b-v0.1", "verdict"] == "PASS"
    store.close()
