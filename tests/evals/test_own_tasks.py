"""Own tasks in the store: kept, named by their questions, shown as benchmarks by their title, withdrawn and brought back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.errors import RefusedInput
from lib.evals import own_tasks
from lib.evals.question_files import Reading, read_questions
from lib.settings import ROOT, Settings, read_settings
from lib.sources.contract import Candidate
from lib.sources.ingest import ingest, ingest_raw
from lib.sources.own_task_files import SOURCE, OwnTask, read_task, written
from lib.sources.registry import importer_for
from lib.sources.walk import Raw
from lib.store.check import check
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.imported import known_names
from lib.store.raw import sweep
from tests.ui.conftest import Open, open_app  # noqa: F401  (a fixture)
from tests.ui.stores import HOSTILE, fill_one_model

TABLE = "question,A,B,C,answer\nWhat is 1+1?,1,2,3,B\nThe sky?,red,blue,,B\n"
SHIPPED = sorted((ROOT / "data" / "tasks").glob("*.jsonl"))


def made(text: str = TABLE, title: str = "Our questions", **reading: Any) -> OwnTask:
    return read_questions(text.encode(), Reading(title, **reading)).task


def results(task: OwnTask, model: str = "alpha-7b", score: float = 0.5, **replaced: Any) -> bytes:
    """A results file as lm-eval writes it."""
    row = {"alias": task.name, "acc,none": score, "acc_stderr,none": 0.5, "sample_len": len(task.rows)}
    document = {
        "results": {task.name: row},
        "group_subtasks": {task.name: []},
        "configs": {task.name: {"task": task.name, "metadata": {"version": 1.0, "sha256": task.digest}}},
        "versions": {task.name: 1.0},
        "n-shot": {task.name: 0},
        "higher_is_better": {task.name: {"acc": True}},
        "n-samples": {task.name: {"original": len(task.rows), "effective": len(task.rows)}},
        "config": {"model": "hf", "model_args": {"pretrained": model}, "limit": None},
        "date": 1763700000.0,
        "lm_eval_version": "0.4.13",
        "model_name": model,
    }
    return json.dumps(document | replaced).encode()


def test_a_task_is_a_source_and_a_benchmark(store: Store, settings: Settings) -> None:
    task = made(note="from our wiki")
    assert own_tasks.add(store, task) == (task.name, True)
    revision = store.revision()
    assert own_tasks.add(store, task) == (task.name, False) and store.revision() == revision
    (listed,) = own_tasks.tasks(store)
    assert (listed.name, listed.title, listed.kind, listed.n_items) == (task.name, "Our questions", "choices", 2)
    assert (
        listed.chance == pytest.approx((1 / 3 + 1 / 2) / 2) and not listed.is_shipped and listed.note == "from our wiki"
    )
    row = FrameCache(store).frames().benchmarks.loc[task.name]
    assert (row["label"], row["n_items"], row["category"]) == ("Our questions", 2, "own questions")
    assert row["random_baseline"] == listed.chance and row["default_metric"] == "acc" and row["direction"] == "higher"
    assert own_tasks.task(store, settings, task.name) == task
    assert check(store) == []
    sweep(store, older_than_s=-1)
    assert own_tasks.task(store, settings, task.name) == task


def test_results_stand_under_the_title_also_while_it_is_withdrawn(store: Store, settings: Settings) -> None:
    task = made()
    own_tasks.add(store, task)
    ingest_raw(store, [Raw("r.json", "results_2026-11-21T13-42-42.090675.json", results(task))])
    cache = FrameCache(store)
    (score,) = cache.frames().scores([task.name]).to_dict("records")
    assert (score["benchmark"], score["metric"], score["n_samples"], score["task_version"]) == (
        task.name,
        "acc",
        2,
        "1",
    )
    own_tasks.withdraw(store, task.name)
    assert own_tasks.tasks(store) == [] and own_tasks.task(store, settings, task.name) is None
    assert [one.name for one in own_tasks.tasks(store, is_withdrawn=True)] == [task.name]
    row = cache.frames().benchmarks.loc[task.name]
    assert row["label"] == task.name.replace("_", " ") and row["n_results"] == 1
    with pytest.raises(RefusedInput, match="no such task in use"):
        own_tasks.withdraw(store, task.name)
    assert own_tasks.add(store, task) == (task.name, False)
    assert [one.name for one in own_tasks.tasks(store)] == [task.name]
    assert cache.frames().benchmarks.loc[task.name, "label"] == "Our questions"


def test_its_file_imported_elsewhere_is_the_same_task(sqlite_store: Store, tmp_path: Path) -> None:
    task = made()
    path = tmp_path / "shared.jsonl"
    path.write_bytes(written(task))
    assert ingest(sqlite_store, [path], settings=sqlite_store.settings).imported == 1
    assert own_tasks.task(sqlite_store, sqlite_store.settings, task.name) == task
    assert own_tasks.add(sqlite_store, task) == (task.name, False)


def test_editions_of_one_title_are_told_apart(sqlite_store: Store) -> None:
    first, second = made(), made(TABLE + "And?,x,y,z,C\n")
    for task in (first, second):
        own_tasks.add(sqlite_store, task)
    assert [(one.name, one.edition) for one in own_tasks.tasks(sqlite_store)] == [(second.name, 2), (first.name, 1)]
    labels = FrameCache(sqlite_store).frames().benchmarks["label"]
    assert labels[first.name] == f"Our questions ({first.name[-8:]})" != labels[second.name]


def test_a_title_takes_no_name_away(small_copy: Store) -> None:
    with pytest.raises(RefusedInput, match="the name of a benchmark") as caught:
        own_tasks.add(small_copy, made(title="mmlu"))
    assert caught.value.place == "title"
    # A file from elsewhere may be called so; it is told apart, and MMLU stays what it is.
    task = made(title="MMLU")
    ingest_raw(small_copy, [Raw("t.jsonl", "t.jsonl", written(task))])
    frames = FrameCache(small_copy).frames()
    assert frames.benchmarks.loc[task.name, "label"] == f"MMLU ({task.name[-8:]})"
    assert frames.benchmarks.loc["mmlu", "label"] == "MMLU"
    places = frames.state.places.benchmarks
    assert places.place("MMLU").benchmark == "mmlu" and places.place(task.name) == (task.name, "")
    assert known_names(small_copy).benchmarks["MMLU"] == "mmlu"


@pytest.fixture
def small_copy(sqlite_store: Store) -> Store:
    """The shipped list of benchmarks."""
    path = ROOT / "data" / "scaling" / "benchmark_baselines.csv"
    ingest(sqlite_store, [path], settings=sqlite_store.settings, shipped=True)
    return sqlite_store


HEAD = '{"own_task":1,"kind":"choices","title":"T"}\n'
ROW = '{"question":"q","choices":["a","b"],"answer":0}\n'
BAD_FILES = (
    ('{"own_task":2,"kind":"choices","title":"T"}\n' + ROW, "written by another version", "line 1, own_task"),
    ('{"own_task":true,"kind":"choices","title":"T"}\n' + ROW, "written by another version", "line 1, own_task"),
    ('{"own_task":1,"kind":"code","title":"T"}\n' + ROW, "no such kind", "line 1, kind"),
    ('{"own_task":1,"kind":["choices"],"title":"T"}\n' + ROW, "no such kind", "line 1, kind"),
    ('{"own_task":1,"kind":"choices"}\n' + ROW, "not a text", "title"),
    ('{"own_task":1,"kind":"choices","title":"T","note":5}\n' + ROW, "not a text", "note"),
    (HEAD, "no questions to ask", "rows"),
    (HEAD + "[1]\n", "not a question", "line 2"),
    (HEAD + ROW + ROW, "a question twice", "line 3, question"),
    (HEAD + ROW.replace("0}", '0,"doc_to_text":"{{x}}"}'), "no such field", "line 2, doc_to_text"),
    (HEAD + ROW.replace("0}", "2}"), "an answer that is none", "line 2, answer"),
    (HEAD + ROW.replace("0}", '"a"}'), "an answer that is none", "line 2, answer"),
    (HEAD + ROW.replace("0}", '0,"is_example":1}'), "not yes or no", "line 2, is_example"),
    (HEAD + ROW.replace("0}", '0,"features":{"x":"y"}}'), "not a number", "line 2, features, x"),
    (HEAD + ROW.replace("0}", '0,"features":{"x":1}}') + ROW.replace('"q"', '"r"'), "other features", "line 3, features"),
    (HEAD + ROW.replace("0}", '0,"features":{"x\\n":1}}'), "not a feature's name", "line 2, features"),
    (HEAD.replace("choices", "forecast") + '{"question":"q","series":[1,1,1,1],"period":1,"answer":1}\n', "a series that repeats", "line 2, period"),
    (HEAD.replace("choices", "forecast") + '{"question":"q","series":[1,2,3,NaN],"period":1,"answer":1}\n', "not a number", "line 2, series, number 4"),
    (HEAD.replace("choices", "forecast") + '{"question":"q","series":[1,2,3,4],"period":4,"answer":1}\n', "not a period", "line 2, period"),
    (HEAD.replace("choices", "forecast") + '{"question":"q","series":[1,2,3,4],"period":1,"answer":1e300}\n', "not a number", "line 2, answer"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "reason", "place"), BAD_FILES, ids=range(len(BAD_FILES)))
def test_a_bad_file_of_a_task_is_refused_by_line_and_field(text: str, reason: str, place: str) -> None:
    candidate = Candidate("t.jsonl", text.encode())
    assert importer_for(candidate) is SOURCE
    with pytest.raises(RefusedInput) as caught:
        SOURCE.parse(candidate)
    assert (caught.value.reason.startswith(reason), caught.value.place, caught.value.file) == (True, place, "t.jsonl")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_tasks_are_as_our_program_writes_them(path: Path) -> None:
    task = read_task(path.read_bytes())
    assert written(task) == path.read_bytes() and task.note and len(task.rows) >= 70 and task.examples


def test_the_wine_data_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_wine

    data = load_wine()
    task = read_task((ROOT / "data" / "tasks" / "wine-cultivars.jsonl").read_bytes())
    rows = {
        (*(row["features"][name] for name in data.feature_names), row["answer"]) for row in (*task.rows, *task.examples)
    }
    assert rows == {(*map(float, x), int(y)) for x, y in zip(data.data, data.target, strict=True)}
    assert (len(task.rows), len(task.examples), task.chance) == (88, 90, pytest.approx(1 / 3))
    assert task.majority == pytest.approx(35 / 88)


def test_the_benchmark_page_shows_title_chance_and_number(tmp_path: Path, open_app: Open) -> None:  # noqa: F811
    fill_one_model(tmp_path)
    store = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    task = made(title=HOSTILE[:80], note=HOSTILE)
    own_tasks.add(store, task)
    ingest_raw(store, [Raw("r.json", "results_2026-11-21T13-42-42.090675.json", results(task))])
    store.close()
    app = open_app(tmp_path, "pages/benchmark.py", benchmark=task.name)
    assert not app.exception
    assert "img src" in app.title[0].value and "**bold**" not in app.title[0].value
    shown = " ".join(str(one.value) for one in (*app.markdown, *app.header))
    assert "2 questions" in shown and "guessing scores 42%" in shown and "In papers and on boards" not in shown
    tables = [one.value for one in app.dataframe if "model" in one.value.columns or "name" in one.value.columns]
    assert tables and not app.error


def test_own_tasks_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    path = tmp_path / "q.csv"
    path.write_text(TABLE + "Third?,\x1b[2J{{7*7}},=1+1,z,C\n")

    def told(*arguments: str, code: int = 0) -> Any:
        assert main(["tasks", *arguments, "--json"]) == code
        out = capsys.readouterr()
        return json.loads(out.out) if code == 0 else out.err

    assert told("list") == {"tasks": []}
    assert "line 4, column 'A, B, C', choice 1; expected text; found U+001B" in told(
        "add", str(path), "--title", "T", code=1
    )
    path.write_text(TABLE.replace(",B\n", ",Q\n"))
    both = told("add", str(path), "--title", "T", code=1)
    assert "line 2, column 'answer'" in both and "line 3, column 'answer'" in both
    path.write_text(TABLE)
    assert told("add", str(path), "--title", "T", "--dry-run")["n_items"] == 2 and told("list") == {"tasks": []}
    added = told("add", str(path), "--title", "T", "--ask", "letters", "--examples", "1")
    assert (added["is_new"], added["kind"], added["n_items"], added["n_examples"]) == (True, "letters", 1, 1)
    assert told("show", added["name"])["prompts"] == added["prompts"]
    assert [one["name"] for one in told("list")["tasks"]] == [added["name"]]
    assert "no such task" in told("show", "own_x", code=1)
    assert "cannot be read" in told("add", str(tmp_path / "none.csv"), "--title", "T", code=2)
    assert told("withdraw", added["name"]) == {"name": added["name"]} and told("list") == {"tasks": []}
    assert main(["tasks"]) == 0 and "tasks add FILE" in capsys.readouterr().out


def test_the_row_of_a_task_word_by_word() -> None:
    folder = ROOT / "tests" / "golden" / "own-task" / "letters"
    parsed = SOURCE.parse(Candidate("task.jsonl", (folder / "task.jsonl").read_bytes()))
    assert parsed.tables == json.loads((folder / "expected.json").read_text("utf-8")) and parsed.runs == []
