"""The page of variants: the ladder of one base, what has no evidence, and tuned against base models."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from lib.schema.text import plain
from lib.settings import ROOT, read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.ui.views import scores, tuned, variants
from tests.ui.conftest import Open
from tests.ui.stores import fill_hostile

PAGE = "pages/variants.py"


def _text(app: object) -> str:
    kinds = ("title", "header", "subheader", "markdown")
    return "\n".join(element.value for kind in kinds for element in getattr(app, kind)).replace("\\", "")


def _frames(folder: Path) -> tuple[Store, Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    return store, FrameCache(store).frames()


def test_nothing_chosen_shows_a_ladder_and_all_pairs(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE)
    assert not app.exception
    text = _text(app)
    assert "Llama 3.1 8B change?" in text and "4.9 GB" in text and "16 GB" in text
    assert "Do tuned small models catch large base ones?" in text and "How to read this" in text
    charts = app.get("plotly_chart")
    assert len(charts) == 2 and all(json.loads(one.proto.spec)["data"] and one.proto.alt for one in charts)
    assert app.code[-1].value.startswith("lm_eval --model vllm --model_args pretrained=")
    for word in ("as good as", " equal to", " noise", " tie", "lossless"):
        assert word not in text


def test_the_address_names_any_model(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, base="qwen2.5-32b")
    assert not app.exception
    assert "Qwen2.5 32B change?" in _text(app)
    leaf = open_app(small_store, PAGE, base="llama-3.1-8b-instruct")
    assert not leaf.exception and "Itself made from Llama 3.1 8B" in "".join(
        one.proto.label for one in leaf.get("page_link")
    ).replace("\\", "")
    nobody = open_app(small_store, PAGE, base="no-such-<b>model")
    assert not nobody.exception and "is not in the store" in _text(nobody)


def test_empty_one_and_hostile(open_app: Open, tmp_path: Path, one_model_store: Path) -> None:
    empty = open_app(tmp_path, PAGE)
    assert not empty.exception and "python -m lib import" in empty.code[0].value
    assert not open_app(one_model_store, PAGE, base="alpha-7b").exception
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    fill_hostile(hostile)
    app = open_app(hostile, PAGE, base="evil-1")
    assert not app.exception
    raw = "\n".join(element.value for kind in ("title", "header", "markdown") for element in getattr(app, kind))
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", raw), active


def _mean_by_hand(precision: str) -> float:
    """Mean over ten tasks against the first 16-bit row, in points, straight from the file."""
    with (ROOT / "data" / variants.PRINTED_IN).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["base_model"] == "Llama-3.1-8B" and row["task"] != "Average"]
    full: dict[str, float] = {}
    for row in rows:
        if row["bits"] == "16":
            full.setdefault(row["task"], float(row["value"]))
    apart = [float(row["value"]) - full[row["task"]] for row in rows if row["precision_as_written"] == precision]
    assert len(apart) == 10
    return 100 * sum(apart) / len(apart)


def test_golden_ladder(small_store: Path) -> None:
    store, frames = _frames(small_store)
    view = variants.lineage_view(frames, base="llama-3.1-8b", printed_in="ab" * 32)
    ladder = view.ladder.set_index("what")
    assert ladder.loc["4 bits, q4km", "memory"] == "4.9 GB, 69% less"
    assert ladder.loc["2 bits, opt-rtn", "memory"] == "at least 2 GB, up to 88% less"
    assert ladder.loc["Llama 3.1 8B at 8 bits", "shown"] == variants.analysis.NO_EVIDENCE
    assert ladder.loc["DeepSeek-R1-Distill-Llama 8B", "made"] == "distilled"
    assert ladder.loc["Llama 3.1 8B Instruct", "shown"] == variants.analysis.DEPENDS
    assert ladder.loc["Llama 3.1 8B Instruct", "evidence"].startswith("6 benchmarks, measured one way: better on 4")
    assert ladder.loc["2 bits, q2ks", "score:delta"] == f"{_mean_by_hand('q2ks'):+.1f}, no interval".replace("-", "−")
    assert view.drawn.figure is not None and "1 without quality evidence" in view.drawn.coverage
    said = plain(view.takeaway)
    assert "In print" in said and "without an interval, so none of it is shown" in said
    assert "for 2 the answer depends on the benchmark" in said
    rows = view.rows[view.rows["member"].notna()]
    own = rows[(rows["task"] == "piqa") & (rows["precision"] == "q4km")].iloc[0]
    assert own["delta"] == pytest.approx(0.7943 - 0.796) and own["spread"] == pytest.approx(0.7998 - 0.796)
    # IFEval of the board, prompt and instruction level averaged: far better after tuning.
    tuned = view.rows[(view.rows["model"] == "llama-3.1-8b-instruct") & (view.rows["benchmark"] == "ifeval")].iloc[0]
    assert tuned["verdict"] == "shown better" and 0.3 < tuned["delta"] < 0.4
    runs = frames.runs.set_index("run")["model"]
    for row in range(len(view.steps)):
        trace = view.steps_traces.at(row, "score:delta")
        assert trace is not None and {runs[one] for one in trace.runs} == {trace.model, "llama-3.1-8b"}
    assert view.ladder_traces.at(0, "memory") is not None and view.ladder_traces.at(99, "memory") is None
    printed = view.ladder_traces.at(2, "score:delta")
    assert printed is not None and printed.source == "ab" * 6 and not printed.runs
    tuned_step = view.ladder_traces.at(len(view.ladder) - 1, "score:delta")
    assert tuned_step is not None and tuned_step.runs and not tuned_step.source and tuned_step.against == "llama-3.1-8b"
    store.close()


def test_tuned_against_base_everywhere(small_store: Path) -> None:
    store, frames = _frames(small_store)
    choices = {"chosen_set": scores.LEADERBOARD, "protocol": "", "by": "total", "threshold": 35e9}
    view = tuned.tuned_view(frames, **choices)  # type: ignore[arg-type]
    assert view.figure is not None and len(view.table) > 50
    rows = view.rows.set_index("model")
    assert rows.at["llama-3.1-8b-instruct", "base"] == "llama-3.1-8b"
    assert rows.at["llama-3.1-8b-instruct", "verdict"] == "shown better"
    assert f"of {len(rows)}" in plain(view.takeaway) and "5% false discoveries" in plain(view.takeaway)
    trace = view.traces.at(0, "score:delta")
    assert trace is not None and trace.against == view.traces.bases[0] and trace.runs
    store.close()


def test_a_community_model_that_a_table_names_is_a_base(open_app: Open, small_store: Path) -> None:
    store, frames = _frames(small_store)
    named = [one for one in variants.bases(frames) if one.endswith("/Qwen2.5-Coder-32B-Instruct")]
    assert named == ["Qwen/Qwen2.5-Coder-32B-Instruct"]
    view = variants.lineage_view(frames, base=named[0])
    rungs = view.ladder.set_index("what")
    # 133 questions, 48.9% and 61.7% against 59.4% and 71.4%: printed differences with intervals.
    assert rungs.at["2 bits, Ollama: q2_K", "score:delta"].startswith("−10.1 (")
    assert rungs.at["2 bits, Ollama: q2_K", "shown"] == "not shown"
    store.close()
