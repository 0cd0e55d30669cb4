"""The Run page through ``app.py``: every kind of run, hostile text, addresses that name nothing, counts that agree."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.formats import plotly
from lib.settings import read_settings
from lib.sources.ingest import ingest
from lib.store import read
from lib.store.db import open_store
from lib.store.details import run_details
from lib.store.frames import FrameCache
from lib.store.write import withdraw
from lib.ui.views import run as run_view
from tests.ui.conftest import Open
from tests.ui.run_stores import EVIL, fill_evil, fill_real, opened

PAGE = "pages/run.py"


@pytest.fixture(scope="module")
def real_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "store"
    fill_real(folder)
    return folder


@pytest.fixture(scope="module")
def runs(real_store: Path) -> dict[str, str]:
    """Source of each run to its first twelve digits; of boards and tables the first run."""
    store = opened(real_store)
    frame = FrameCache(store).frames().runs
    store.close()
    return {str(source): str(rows["run"].iloc[0]) for source, rows in frame.groupby("source")}


def of(runs: dict[str, str], part: str) -> str:
    return next(run for source, run in runs.items() if part in source)


def text(app: AppTest) -> str:
    """All Markdown of a page, labels of expanders too."""
    told = [element.value for kind in ("title", "header", "subheader", "markdown") for element in getattr(app, kind)]
    return "\n".join([*told, *(one.label for one in app.expander)])


def table(app: AppTest, column: str):  # type: ignore[no-untyped-def]
    return next(frame.value for frame in app.dataframe if column in frame.value.columns)


def test_a_run_with_its_samples(open_app: Open, real_store: Path, runs: dict[str, str]) -> None:
    app = open_app(real_store, PAGE, run=of(runs, "gemma.zip"))
    assert not app.exception
    assert "What is in this lm" in app.title[0].value and "gemma3" in app.title[0].value
    assert "part of the questions" in app.header[0].value
    scores = table(app, "interval")
    assert scores["name"].tolist()[0] == "gsm8k" and scores["interval"].notna().all()
    assert "How to read this" in text(app)
    assert any("--model local-chat-completions" in one.value for one in app.code)
    assert any(label == "Raw file" for label in (one.label for one in app.get("download_button")))
    configuration = table(app, "what").set_index("what")["value"]
    assert "--limit" in configuration["Limit on the questions"]


def test_counts_of_the_log_agree_with_the_stored_score(open_app: Open, real_store: Path, runs: dict[str, str]) -> None:
    digest = of(runs, "gemma.zip")
    store = opened(real_store)
    details = run_details(store, digest)
    store.close()
    assert details is not None
    app = open_app(real_store, PAGE, run=digest)
    kind = app.selectbox(key="taken").value if any(one.key == "taken" for one in app.selectbox) else "strict-match"
    n_right, n = map(int, re.findall(r"(\d+) of (\d+) questions? right", text(app))[0])
    results = details.results
    stored = results[(results["task"] == "gsm8k") & (results["filter"] == kind) & (results["metric"] == "exact_match")]
    n_stored, n_correct = stored.iloc[0][["n_samples", "n_correct"]]
    if n == n_stored:
        assert n_right == n_correct
    else:
        assert "this log is not all of it" in text(app)
    assert len([one for one in app.expander if "Question" in one.label]) == min(20, n)
    for went, wanted in (("right", n_right), ("wrong", n - n_right)):
        app.selectbox(key="went").set_value(went).run()
        assert not app.exception
        shown = [one.label for one in app.expander if "Question" in one.label]
        assert len(shown) == min(20, wanted)
        assert all(went in label for label in shown)


def test_one_question_has_an_address_and_a_search_finds_it(
    open_app: Open, real_store: Path, runs: dict[str, str]
) -> None:
    app = open_app(real_store, PAGE, run=of(runs, "gemma.zip"))
    (first, *_) = [one.label for one in app.expander if "Question" in one.label]
    doc = re.findall(r"Question (\d+)", first)[0]
    alone = open_app(real_store, PAGE, run=of(runs, "gemma.zip"), doc=doc)
    assert not alone.exception
    assert f"**Question {doc}**" in text(alone)
    assert not [one for one in alone.expander if "Question" in one.label]
    assert any("exact_match: " in one.value for one in alone.code)
    absent = open_app(real_store, PAGE, run=of(runs, "gemma.zip"), doc="999999")
    assert not absent.exception and "no question 999999" in absent.info[0].value
    app.text_input(key="text").set_value("zzz no such words zzz").run()
    assert not app.exception
    assert any("No question of this log" in one.value for one in app.info)


def test_a_log_of_another_tool_says_what_became_of_each_question(open_app: Open, tmp_path: Path) -> None:
    settings = read_settings({"P4P_DATA_DIR": str(tmp_path / "store")})
    store = open_store(settings)
    golden = Path(__file__).resolve().parents[1] / "golden"
    for log in ("mmlu-pro/llama-2-7b", "zero-eval/crux"):
        (content,) = (path for path in (golden / log).iterdir() if path.name[0] in "mQ")
        assert ingest(store, [content], settings=settings).refused == []
    runs = FrameCache(store).frames().runs.set_index("evaluator")["run"]
    store.close()
    app = open_app(tmp_path / "store", PAGE, run=runs["MMLU-Pro"])
    assert not app.exception
    heads = [one.label for one in app.expander if "Question" in one.label]
    assert any("✗ wrong (no answer could be read)" in head for head in heads)
    assert any(
        "Typical advertising regulatory bodies" in head for head in heads
    )  # its beginning: no examples stand before it
    told = [one.value for one in app.code]
    assert any("A. " in text and "\nB. " in text for text in told)  # the question with its options: there is no prompt
    alone = open_app(tmp_path / "store", PAGE, run=runs["ZeroEval"], doc="4")
    assert not alone.exception
    assert "In this question no answer could be read." in text(alone)


def test_groups_and_the_choice_of_what_the_figure_shows(open_app: Open, real_store: Path, runs: dict[str, str]) -> None:
    app = open_app(real_store, PAGE, run=of(runs, "grouped.zip"))
    assert not app.exception
    names = table(app, "interval")["name"].tolist()
    assert any(name.startswith(run_view.INDENT) for name in names)
    before = app.get("plotly_chart")[0].proto.spec
    options = app.selectbox(key="show").options
    assert any("Parts of xnli (15)" in one for one in options)
    app.selectbox(key="show").set_value("task:xnli").run()
    assert not app.exception
    assert app.get("plotly_chart")[0].proto.spec != before


def test_training_states_side_by_side(open_app: Open, real_store: Path, runs: dict[str, str]) -> None:
    app = open_app(real_store, PAGE, run=of(runs, "step0.json"))
    assert not app.exception
    assert "before any training" in app.header[0].value
    assert "How did it get there" in text(app)
    assert "2 training states side by side" in text(app)
    (series,) = [
        one.value
        for one in app.dataframe
        if any(str(c).startswith(f"score:{of(runs, 'step0.json')}") for c in one.value)
    ]
    assert {f"score:{of(runs, 'step0.json')}", f"score:{of(runs, 'step143000.json')}"} <= set(series.columns)
    assert series.notna().all(axis=None)


@pytest.mark.parametrize(
    ("part", "question", "has_command"),
    [
        ("helm.csv", "What does ", False),
        ("scores.csv", "What does this document say", False),
        ("merged.zip", "What is in this lm", False),
        ("step143000", "What is in this lm", True),
    ],
)
def test_every_kind_of_run(
    open_app: Open, real_store: Path, runs: dict[str, str], part: str, question: str, has_command: bool
) -> None:
    app = open_app(real_store, PAGE, run=of(runs, part))
    assert not app.exception
    assert app.title[0].value.startswith(question)
    assert app.header[0].value
    assert len(table(app, "interval"))
    assert any("--model" in one.value for one in app.code) == has_command
    assert any("About this file" in one.proto.label for one in app.get("page_link"))


@pytest.mark.parametrize("asked", ["", "0123456789ab", "<img src=x>", "%"])
def test_an_address_that_names_nothing_is_answered(
    open_app: Open, real_store: Path, tmp_path: Path, asked: str
) -> None:
    app = open_app(real_store if asked else tmp_path, PAGE, **({"run": asked} if asked else {}))
    assert not app.exception
    assert app.title[0].value == r"What is in this run\?"
    assert app.info and "search" in text(app).lower()
    assert not app.get("plotly_chart") and "<img" not in text(app)


def test_a_beginning_of_several_runs_offers_them(open_app: Open, tmp_path: Path) -> None:
    from lib.store.raw import keep_raw
    from lib.store.write import write_files
    from tests.factories import make_run, prepared_file, prepared_run, raw_of

    store = opened(tmp_path)
    keep_raw(store, b"content")
    both = [prepared_run(make_run(f"org/m{i}"), digest="ab" * 10 + str(i) * 44) for i in (1, 2)]
    write_files(store, raw_of(), [prepared_file(*both)])
    store.close()
    app = open_app(tmp_path, PAGE, run="ab" * 6)
    assert not app.exception
    assert "Several runs begin" in app.info[0].value
    assert len([one for one in app.get("page_link") if "org" in one.proto.label]) == 2


def test_a_withdrawn_run_shows_that_and_no_number(open_app: Open, real_store: Path, tmp_path: Path) -> None:
    shutil.copytree(real_store, tmp_path / "store")
    store = opened(tmp_path / "store")
    frame = FrameCache(store).frames().runs
    sources = read.sources(store)
    row = frame[frame["source"].str.contains("gemma.zip", regex=False)].iloc[0]
    for number in sources.loc[sources["name"].str.contains("gemma.zip", regex=False), "id"]:
        withdraw(store, int(number))
    store.close()
    app = open_app(tmp_path / "store", PAGE, run=str(row["run"]))
    assert not app.exception
    assert "What was in this run" in app.title[0].value
    assert "withdrawn" in text(app)
    assert not app.dataframe and not app.get("plotly_chart") and not app.code
    assert not [one for one in app.get("download_button") if one.label == "Raw file"]


def test_hostile_text_is_text_everywhere(open_app: Open, tmp_path: Path) -> None:
    digest = fill_evil(tmp_path)
    for more in ({}, {"doc": "0"}):
        app = open_app(tmp_path, PAGE, run=digest[:12], **more)
        assert not app.exception
        told = text(app) + "\n".join(one.proto.label for one in app.get("page_link"))
        for active in (r"<img", r"<script", r"\]\(http:", r"\*\*bold", r":red\[x", r"\$x", r"javascript:"):
            assert not re.search(rf"(?<!\\){active}", told), active
        # Code blocks are shown as they are: the text must be there untouched.
        assert any(EVIL in one.value for one in app.code)
        assert table(app, "interval")["name"].str.contains("<img", regex=False).any()
        assert "failed" in ";".join(table(app, "interval")["notes"].dropna())
        spec = app.get("plotly_chart")[0].proto.spec if app.get("plotly_chart") else ""
        assert "<img" not in spec
    assert plotly("<img") == "&lt;img"


def test_one_model_store(open_app: Open, one_model_store: Path) -> None:
    store = opened(one_model_store)
    digest = FrameCache(store).frames().runs["run"].iloc[0]
    store.close()
    app = open_app(one_model_store, PAGE, run=digest)
    assert not app.exception
    assert "Alpha" in app.title[0].value
