"""The page that sets two models or runs head to head: what the address says, what it tells a stranger, where numbers lead."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lib.analysis import head_to_head_sides as sides
from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.ui import downloads
from lib.ui.views import head_to_head, head_to_head_choice
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE, fill_hostile

PAGE = "pages/head_to_head.py"
FORBIDDEN = ("is equal", "as good as", "a tie", "noise", "significant", "same score")


def _text(app: object) -> str:
    told = "\n".join(
        element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)
    )
    return told.replace("\\", "").replace("⁠", "")


@pytest.fixture(scope="session")
def logs_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue, and logs of single questions of three models."""
    folder = tmp_path_factory.mktemp("logs")
    settings = read_settings({"P4P_DATA_DIR": str(folder), "P4P_FILL": "0"})
    store = open_store(settings)
    names = (
        "catalogue/models.csv",
        "catalogue/aliases.csv",
        "lm-eval-samples/lm-eval-2024-llama2-mistral-writeout.zip",
    )
    ingest(store, [ROOT / "data" / name for name in names], settings=settings, shipped=True)
    store.close()
    return folder


def _frames(folder: Path) -> tuple[Store, Frames]:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder)}))
    return store, FrameCache(store).frames()


def _view(folder: Path, a: str, b: str, **changed: object) -> head_to_head.HeadView:
    store, frames = _frames(folder)
    side_a, side_b = (sides.side_of(frames, asked=one) for one in (a, b))
    plain = {"way": "", "tasks": (), "margin": 0.02, "by": "total", "threshold": 35e9}
    view = head_to_head.head_view(frames, store, a=side_a, b=side_b, **(plain | changed))  # type: ignore[arg-type]
    store.close()
    return view


def test_golden_pair_of_the_leaderboard(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, a="qwen2.5-7b-instruct", b="llama-2-70b-chat")
    assert not app.exception
    text = _text(app)
    assert app.title[0].value.replace("\\", "") == "Is Qwen2.5 7B Instruct really better than Llama 2 70B Chat?"
    assert "Yes, on 4 of 6 tasks" in text and "On MuSR and GPQA the data do not tell them apart" in text
    assert "about 7,900 to 9,300 questions each" in text
    assert "a ninth of the parameters" in text and "9 times the training tokens" in text and "list price" in text
    assert "Ignores pairing" in text and "Holm" in text
    (chart,) = app.get("plotly_chart")
    assert json.loads(chart.proto.spec)["data"] and chart.proto.alt
    table = app.dataframe[0].value.set_index("what")
    assert table["verdict"].tolist() == ["● A better"] * 4 + ["○ too few data"] * 2
    assert table.at["MuSR", "score:needed"] == "9,300 (it has 756)" and table.at["MuSR", "score:sees"] == "7 points"
    for forbidden in FORBIDDEN:
        assert forbidden not in text


def test_golden_differences(small_store: Path) -> None:
    view = _view(small_store, "qwen2.5-7b-instruct", "llama-2-70b-chat")
    rows = view.rows.set_index("benchmark")
    # Differences in points, from the published table of February 2025 by hand.
    expected = {"math_lvl5": 47.1, "ifeval": 26.3, "bbh": 23.5, "mmlu_pro": 18.5, "musr": 3.3, "gpqa": 2.7}
    for benchmark, points in expected.items():
        assert 100 * rows.at[benchmark, "delta"] == pytest.approx(points, abs=0.06)
    assert len(downloads.csv(view.rows)) and len(downloads.parquet(view.rows))
    assert view.rows["source_a"].notna().all() and set(view.rows["overall"]) == {"depends on the task"}


def test_a_stranger_is_told_that_the_data_do_not_tell_them_apart(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, a="pythia-1.4b", b="pythia-2.8b")
    assert not app.exception
    said = app.header[0].value.replace("\\", "")
    assert said.startswith("**The data do not tell Pythia 1.4B and Pythia 2.8B apart**")
    assert "could have been seen" in said and "questions" in said
    verdicts = set(app.dataframe[0].value["verdict"])
    assert verdicts <= {"○ no difference shown", "○ too few data"}
    assert "smaller than this board's own run-to-run differences" in " ".join(app.dataframe[0].value["notes"])


def test_the_margin_and_the_tasks_are_in_the_address(open_app: Open, small_store: Path) -> None:
    address = {"a": "qwen2.5-7b-instruct", "b": "llama-2-70b-chat"}
    app = open_app(small_store, PAGE, **address, margin="5", tasks=["musr"])
    assert not app.exception
    assert app.dataframe[0].value["what"].tolist() == ["MuSR"]
    said = app.header[0].value.replace("\\", "")
    assert "do not tell them apart" in said and "To see 5 points takes about **1,500 questions**" in said


def test_stored_answers_are_paired_and_shown(open_app: Open, logs_store: Path) -> None:
    app = open_app(logs_store, PAGE, a="llama-2-7b", b="mistral-7b-v0.1", tasks=["winogrande"])
    assert not app.exception
    text = _text(app)
    assert "Paired" in text and "Mistral 7B" in text
    row = app.dataframe[0].value.iloc[0]
    assert row["verdict"] == "■ B better" and "only A right on 86, only B on 141" in row["notes"]
    assert "paired answers; McNemar mid-p" in row["how"]
    assert "Where do they disagree?" in text
    assert list(app.selectbox(key="only").options) == ["Only A right (86)", "Only B right (141)"]
    first = [one.label for one in app.expander if "Question" in one.label]
    other = open_app(logs_store, PAGE, a="llama-2-7b", b="mistral-7b-v0.1", tasks=["winogrande"], only="b", at="2")
    assert not other.exception
    second = [one.label for one in other.expander if "Question" in one.label]
    assert len(first) == len(second) == 10 and not set(first) & set(second)
    assert any(one.value.strip() for one in app.code)


def test_runs_by_their_digest(open_app: Open, logs_store: Path) -> None:
    store, frames = _frames(logs_store)
    of = frames.runs
    runs = [str(of["run"][of["model"] == one].iloc[-1]) for one in ("llama-2-7b", "llama-2-13b")]
    store.close()
    app = open_app(logs_store, PAGE, a=runs[0], b=runs[1][:8])
    assert not app.exception
    text = _text(app)
    assert f"run {runs[0][:6]}" in app.title[0].value and f"run {runs[1][:6]}" in text
    assert "called “" in text
    assert app.selectbox(key="b").value == runs[1]


def test_names_that_mean_nothing_are_said(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, a="qwen2.5-7b-instuct", b="<b>no</b>")
    assert not app.exception
    text = _text(app)
    assert "Neither a model nor a single run is called “qwen2.5-7b-instuct”" in text and "Qwen2.5 7B Instruct" in text
    same = open_app(small_store, PAGE, a="llama-2-7b", b="llama-2-7b")
    assert not same.exception and same.info


def test_never_measured_the_same_way(open_app: Open, small_store: Path) -> None:
    app = open_app(small_store, PAGE, a="gpt-3-175b", b="claude-3-opus")
    assert not app.exception
    text = _text(app)
    assert "never measured the same way" in text
    assert set(app.dataframe[0].value["verdict"]) == {"no verdict"}
    assert set(app.dataframe[0].value["score:delta"]) == {"–"}


def test_nothing_chosen_and_empty_and_one(open_app: Open, small_store: Path, tmp_path: Path, one_model_store: Path) -> None:  # fmt: skip
    plain = open_app(small_store, PAGE)
    assert not plain.exception
    assert plain.title[0].value.startswith("Is ") and plain.get("plotly_chart")
    empty = open_app(tmp_path, PAGE, a="x", b="y")
    assert not empty.exception and "python -m lib import" in empty.code[0].value
    one = open_app(one_model_store, PAGE)
    assert not one.exception and one.info


def test_hostile_names_are_text(open_app: Open, tmp_path: Path) -> None:
    fill_hostile(tmp_path)
    app = open_app(tmp_path, PAGE, a="evil-0", b=HOSTILE)
    assert not app.exception
    text = "\n".join(element.value for kind in ("title", "header", "markdown") for element in getattr(app, kind))
    for active in (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x", r"\{=1"):
        assert not re.search(rf"(?<!\\){active}", text), active
    assert "<img" not in json.dumps(json.loads(app.get("plotly_chart")[0].proto.spec))


def test_every_number_has_a_trace(small_store: Path) -> None:
    store, frames = _frames(small_store)
    runs = set(frames.runs["run"])
    store.close()
    view = _view(small_store, "qwen2.5-7b-instruct", "llama-2-70b-chat")
    for column in view.table.columns[1:]:
        for row in range(len(view.table)):
            trace = view.traces.at(row, column)
            assert trace is not None and trace.runs and set(trace.runs) <= runs
    of = view.traces.at(0, "score:delta")
    assert of is not None and of.against == "llama-2-70b-chat" and len(of.runs) >= 1
    assert view.marks.at(1, "interval") is not None


def test_two_begin_that_share_something(small_store: Path) -> None:
    store, frames = _frames(small_store)
    offered = head_to_head_choice.offered(frames, community=False)
    assert len(offered.suggested) == 2 and set(offered.suggested) <= set(offered.options)
    sizes = frames.models["params_total"][list(offered.suggested)]
    assert sizes.iloc[0] < sizes.iloc[1]
    assert len(head_to_head_choice.offered(frames, community=True).options) > len(offered.options)
    store.close()


def test_a_digest_that_is_too_short_names_nothing(small_store: Path) -> None:
    store, frames = _frames(small_store)
    run = str(frames.runs["run"].iloc[0])
    assert sides.side_of(frames, asked=run[:5]) is None
    found = sides.side_of(frames, asked=run.upper())
    assert found is not None and found.key == run
    store.close()
