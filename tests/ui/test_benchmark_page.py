"""The Benchmark page over full, empty, single and hostile stores, and over each kind of benchmark."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from lib.schema.text import plain
from lib.settings import read_settings
from lib.sources.shipped import shipped_files
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames
from lib.store.write import write_files
from lib.ui import parts_benchmark
from lib.ui.views import benchmark, benchmark_about, benchmark_index, scores
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of
from tests.ui.conftest import ROOT, Open
from tests.ui.stores import fill_hostile

PAGE = "pages/benchmark.py"


def frames_of(folder: Path) -> Frames:
    return FrameCache(open_store(read_settings({"P4P_DATA_DIR": str(folder)}))).frames()


@pytest.fixture(scope="module")
def small(small_store: Path) -> Frames:
    return frames_of(small_store)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models: a perplexity that two generations measured, and a benchmark with a printed variant of no catalogue."""
    folder = tmp_path_factory.mktemp("made")
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    models, runs = [], []
    for i, size in enumerate((1, 7, 70)):
        name = f"lm-{size}b"
        models.append(model_row(name, params_total=size * 10**9, params_active=size * 10**9))
        for evaluator, version, shift in (("lm-eval 0.3", "0", 0.0), ("lm-eval 0.4", "2", 0.5)):
            result = make_result(
                "wikitext", "word_perplexity", score=20.0 - 5 * i + shift, stderr=0.1, n_samples=None, n_correct=None,
                higher_is_better=False, task_version=version, n_shot=0,
            )  # fmt: skip
            runs.append(prepared_run(make_run(name, results=[result], evaluator=evaluator), name))
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models})])
    store.close()
    return folder


def view(frames: Frames, name: str, protocol: str = "", **named: Any) -> benchmark.BenchmarkView:
    choices = {"by": "total", "threshold": 35e9, "community": False} | named
    return benchmark.benchmark_view(frames, benchmark=name, protocol=protocol, **choices)


def text_of(app: Any) -> str:
    return "\n".join(
        element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)
    )


def test_a_benchmark_with_parts(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, benchmark="mmlu")
    assert not app.exception
    assert app.title[0].value.startswith("Who does well on MMLU")
    text = text_of(app)
    for part in (
        "How full it is",
        "Known faults",
        "What it measures",
        "other protocols",
        "Versions across",
        "Empty cells",
    ):
        assert part in text, part
    assert "14\\,042" in text
    assert "6\\.49\\%" in text, "faults come with their figures"
    assert app.get("plotly_chart")[0].proto.alt
    table = next(one.value for one in app.dataframe if "interval" in one.value)
    assert table["interval"].str.contains("%").all()
    parts = next(
        one.value for one in app.dataframe if next(iter(one.value)) == "benchmark" and "n_samples" in one.value
    )
    assert parts["benchmark"].str.contains("MMLU").sum() > 50


def test_only_one_protocol_is_shown(small: Frames) -> None:
    known = benchmark.protocols_view(small, benchmark="mmlu", community=False)
    assert len(known.keys) > 50
    assert known.table["n_models"].is_monotonic_decreasing
    grouped = scores.grouping(small, ("mmlu",))
    for key in known.keys[:3]:
        shown = view(small, "mmlu", key)
        allowed = grouped.scores[grouped.scores["identity"].isin(grouped.protocols.at[key, "identities"])]
        assert set(shown.rows["run"]) <= set(allowed["run"])
        assert len(shown.table) == known.table["n_models"][known.keys.index(key)]
        assert len(shown.traces.models) == len(shown.table)
        assert all(shown.traces.runs["interval"])


def test_default_is_the_widest_and_the_address_says_another(open_app: Open, small_store: Path, small: Frames) -> None:
    known = benchmark.protocols_view(small, benchmark="gsm8k", community=False)
    first = open_app(small_store, PAGE, benchmark="gsm8k")
    assert first.selectbox(key="measured").value == known.keys[0]
    second = open_app(small_store, PAGE, benchmark="gsm8k", measured=known.keys[1])
    assert second.selectbox(key="measured").value == known.keys[1]
    figures = [json.loads(app.get("plotly_chart")[0].proto.spec) for app in (first, second)]
    assert figures[0] != figures[1]


def test_a_benchmark_that_only_boards_and_documents_know(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, benchmark="gpqa")
    assert not app.exception
    text = text_of(app)
    assert "No full lm" in text
    assert "are not shown to be above guessing" in text


def test_saturation_of_gpqa_is_as_counted_by_hand(small: Frames) -> None:
    shown = view(small, "gpqa")
    rows = shown.rows
    assert len(rows) == 229
    assert (rows["ci_high"] >= 1).sum() == 0
    said = [plain(one) for one in shown.how_full]
    assert said[0] == "Of 229 models with an interval 0 reach 100% with it."
    best = rows.sort_values("score", ascending=False).iloc[0]
    reach = (
        (best["score"] - rows["score"]).abs() <= 1.959964 * (best["stderr"] ** 2 + rows["stderr"] ** 2) ** 0.5
    ).sum()
    assert f"{reach - 1} other models cannot be told from the best, {best['name']}" in said[1]
    z = (rows["score"] - 0.25) / rows["stderr"]
    assert f"{(z < 1.645).sum()} are not shown to be above guessing" in said[2]


def test_cells_of_the_catalogue_add_up(small: Frames) -> None:
    numbers = [int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d", plain(view(small, "mmlu").empty_cells or ()))]
    assert numbers[0] == (small.models["origin"] != "community").sum() == sum(numbers[1:])


def test_scores_without_intervals_point_to_those_with(small: Frames) -> None:
    assert "None of the 135 scores here has an interval" in plain(view(small, "mmlu").how_full[0])
    shown = view(small, "arc_challenge")
    if shown.with_intervals is not None:
        other = view(small, "arc_challenge", shown.with_intervals[0])
        assert other.rows["ci_low"].notna().any()


def test_lower_is_better(open_app: Open, made: Path) -> None:
    shown = view(frames_of(made), "wikitext")
    assert shown.figure_name == "value_vs_size"
    assert shown.rows["score"].is_monotonic_increasing
    said = " ".join(plain(one) for one in (*shown.takeaway, *shown.how_full))
    assert "The best is Lm-70B" in said
    assert "%" not in said
    app = open_app(made, PAGE, benchmark="wikitext")
    assert not app.exception
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert "lower is better" in spec["layout"]["yaxis"]["title"]["text"]
    assert "word" in spec["layout"]["yaxis"]["title"]["text"]


def test_generations_are_told_apart(made: Path) -> None:
    found = benchmark_about.about_view(frames_of(made), benchmark="wikitext").versions
    assert sorted(found.table["evaluator"]) == ["lm-eval 0.3", "lm-eval 0.4"]
    (pair,) = found.pairs.to_dict("records")
    assert pair["verdict"] == "not comparable"
    assert "different evaluators" in pair["reasons"]
    assert pair["n_models"] == 3
    assert len(found.pair_traces.runs["median"][0].split()) == 2


def test_empty_store(open_app: Open, tmp_path: Path) -> None:
    for address in ({}, {"benchmark": "mmlu"}):
        app = open_app(tmp_path, PAGE, **address)
        assert not app.exception
        assert "python -m lib import" in app.code[0].value


def test_one_model(open_app: Open, one_model_store: Path) -> None:
    app = open_app(one_model_store, PAGE, benchmark="mmlu")
    assert not app.exception
    assert "1 model" in app.header[0].value
    assert app.get("plotly_chart")
    assert "No fault is recorded here; that is not a clean bill of health." in text_of(app)


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, benchmark="mmlu")
    assert not app.exception
    text = text_of(app)
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    assert "<img" not in app.get("plotly_chart")[0].proto.spec


@pytest.mark.parametrize("name", ["hendrycksTest-anatomy", "<img src=x onerror=alert(1)> **b** :red[x]", "zzzz"])
def test_a_name_that_is_none_gets_a_useful_page(open_app: Open, small_store: Path, name: str) -> None:
    app = open_app(small_store, PAGE, benchmark=name)
    assert not app.exception
    assert "Nothing in this store is called so" in text_of(app)
    assert not re.search(r"(?<!\\)(<img|:red\[)", text_of(app))
    assert len(app.dataframe[0].value) > 50


def test_other_spellings_lead_to_the_benchmark(small: Frames) -> None:
    assert benchmark_index.meant(small, name="hendrycksTest-anatomy")[0][0] == "mmlu_anatomy"
    assert benchmark_index.meant(small, name="MMLU")[0][0] == "mmlu"


def test_the_list_of_benchmarks(open_app: Open, small_store: Path, small: Frames) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    table = app.dataframe[0].value
    assert {"benchmark", "category", "n_samples", "chance", "n_models", "n_results", "n_protocols"} == set(table)
    found = open_app(small_store, PAGE, name="gsm").dataframe[0].value
    assert 0 < len(found) < len(table)
    assert found["benchmark"].str.casefold().str.contains("gsm").any()
    listed = benchmark_index.index_view(small, words="mmlu")
    own = benchmark.protocols_view(small, benchmark="mmlu", community=False)
    assert listed.table["n_protocols"][listed.names.index("mmlu")] == len(own.keys)


def test_a_chosen_row_goes_into_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(st, "dataframe", lambda rows, **named: drawn.update(named))
    address: dict[str, str] = {"measured": "abc", "by": "active"}
    monkeypatch.setattr(st, "query_params", address)
    rows = pd.DataFrame({"benchmark": ["A", "B"]})
    parts_benchmark._opening(rows, ["a", "b"], key="k", alt="", address="benchmark", labels={})
    for picked in ([], [5]):
        monkeypatch.setattr(st, "session_state", {"k": {"selection": {"rows": picked}}})
        drawn["on_select"]()
        assert address == {"measured": "abc", "by": "active"}
    monkeypatch.setattr(st, "session_state", {"k": {"selection": {"rows": [1]}}})
    drawn["on_select"]()
    assert address == {"benchmark": "b"}


def test_community_models_are_a_switch_and_said(small: Frames) -> None:
    known = benchmark.protocols_view(small, benchmark="gpqa", community=False)
    assert known.n_community > 4000
    assert "community models" in parts_benchmark.why_empty(known, community=False)
    assert len(view(small, "gpqa", community=True).table) > 4000
    assert benchmark.protocols_view(small, benchmark="gpqa", community=True).n_community == 0


def test_faults_are_of_known_benchmarks_dated_and_sourced(small: Frames) -> None:
    notes = small.reference("benchmark_notes")
    assert len(notes) > 40
    assert set(notes["benchmark"]) <= set(small.benchmarks.index)
    assert set(notes["kind"]) <= set(benchmark_about.KINDS)
    assert notes[["statement", "source_title", "checked_on"]].notna().all(axis=None)
    assert notes["statement"].str.endswith(".").all()
    urls = notes["source_url"].dropna()
    assert urls.str.match(r"https://[^\s]+$").all()
    assert not notes.duplicated(["benchmark", "statement"]).any()
    listed = {file.path for file in shipped_files(ROOT / "data")}
    assert "catalogue/benchmark_notes.csv" in listed


def test_faults_of_the_whole_are_told_of_its_parts(small: Frames) -> None:
    notes = benchmark_about.about_view(small, benchmark="mmlu_virology").notes
    assert notes[0].of == ""
    assert "57%" in notes[0].statement
    assert {note.of for note in notes} == {"", "MMLU"}


def test_the_ceiling_of_sound_questions_is_counted_beside_all(small: Frames) -> None:
    judged = pd.DataFrame({"is_judged": [True, True, False], "ci_high": [0.94, 0.90, 0.99]})
    (said,) = benchmark._noted_ceilings(small, "mmlu", judged)
    assert plain(said).startswith(
        "1 interval reaches 93.5%: the share of questions without a known fault, after Are We"
    )
    assert benchmark._noted_ceilings(small, "gpqa", judged) == []


def test_nothing_is_best_where_nobody_says_which_way_is_better(tmp_path: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    results = [make_result("pairs", "pct_stereotype", score=score, higher_is_better=None) for score in (0.6, 0.7)]
    runs = [prepared_run(make_run(f"lm-{i}", results=[one]), f"lm-{i}") for i, one in enumerate(results)]
    models = [model_row(f"lm-{i}", params_total=10**9 * (i + 1)) for i in range(2)]
    write_files(store, raw_of(), [prepared_file(*runs, tables={"models": models})])
    store.close()
    seen = view(frames_of(tmp_path), "pairs")
    (said,) = (plain(one) for one in seen.takeaway)
    assert said.endswith("Nothing says whether more is better here, so no model is called best.")
    assert not seen.how_full
    assert "standing" not in seen.table
    assert not seen.rows["on_frontier"].any()
    assert seen.figure is not None
    assert "which way is better is not stated" in json.dumps(seen.figure.to_plotly_json(), default=str)


def test_a_stranger_reads_what_is_asked(small: Frames, open_app: Open, small_store: Path) -> None:
    about = benchmark_about.about_view(small, benchmark="mmlu")
    assert about.words is not None
    assert about.words.words.startswith("Multiple-choice questions from 57 subjects")
    part = benchmark_about.about_view(small, benchmark="mmlu_virology")
    assert part.words is not None
    assert part.words.of == "MMLU"
    told = [one.value for one in open_app(small_store, PAGE, benchmark="mmlu_virology").markdown]
    assert any(one.startswith("MMLU as a whole: Multiple") and "arxiv.org/abs/2009.03300" in one for one in told)
    known = set(small.benchmarks.index)
    assert not [name for name in small.reference("benchmark_words")["benchmark"] if name not in known]
