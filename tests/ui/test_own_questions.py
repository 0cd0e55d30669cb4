"""Evaluate, own questions: over empty, filled and hostile stores; a good file kept, a bad one explained, both escaped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lib.errors import RefusedInput
from lib.evals import own_tasks
from lib.evals.question_files import Reading, read_questions
from lib.schema.text import plain
from lib.settings import read_settings
from lib.sources.own_task_files import written
from lib.store.db import Store, open_store
from lib.ui.views import own_tasks as views
from tests.ui.conftest import Open
from tests.ui.stores import HOSTILE

PAGE = "pages/evaluate.py"
GOOD = views.EXAMPLE.read_bytes()
BAD = f"question,A,B,answer\n{HOSTILE},x,y,A\n{HOSTILE} 2,x,y,{HOSTILE}\n,x,y,A\n".encode()
NASTY = f'question,A,B,answer\n"{{{{7*7}}}} {HOSTILE}",x,"{HOSTILE}",A\n'.encode()


def stored(folder: Path) -> Store:
    return open_store(read_settings({"P4P_DATA_DIR": str(folder)}))


def text_of(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in (*app.markdown, *app.header, *app.error, *app.success))


def words(app: AppTest) -> str:
    """What a reader reads: without the marks that keep text from being markup."""
    return text_of(app).replace("\\", "")


def test_an_empty_store_offers_the_form(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, PAGE, part="own")
    assert not app.exception and "my own questions" in app.title[0].value
    assert "None yet" in words(app) and "becomes a benchmark" in words(app)


def test_a_file_is_looked_at_kept_and_offered(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, PAGE, part="own")
    app.file_uploader(key="own-file").set_value(("questions.csv", GOOD, "text/csv"))
    app.text_input(key="own-title").set_value("General knowledge")
    app.run()
    assert not app.exception and "5 questions" in words(app) and "Guessing scores 33%" in words(app)
    first = app.code[0].value, app.code[1].value
    assert first == ("Question: Which unit measures electrical resistance?\nAnswer:", "→ ohm\n  volt\n  ampere")
    assert own_tasks.tasks(stored(tmp_path)) == []
    app.button(key="own-keep").click().run()
    assert not app.exception and "“General knowledge” is a benchmark now." in words(app)
    (kept,) = own_tasks.tasks(stored(tmp_path))
    assert kept.title == "General knowledge" and "1 set" in text_of(app)
    app.button(key="own-keep").click().run()
    assert "The same questions are here already" in text_of(app)
    app.selectbox(key="own-asked").set_value("letters").run()
    assert app.code[0].value.endswith("A. ohm\nB. volt\nC. ampere\nAnswer with the letter only.\nAnswer:")
    assert app.code[1].value == "Right: A"


def test_every_mistake_of_a_file_is_shown_beside_its_row(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, PAGE, part="own")
    app.file_uploader(key="own-file").set_value(("questions.csv", BAD, "text/csv")).run()
    said = words(app)
    assert not app.exception and app.error[0].value.startswith("2 mistakes")
    assert "Line 3, column answer" in said and "Line 4, column question" in said
    assert "<img" not in text_of(app).replace("\\<", "") and "**bold**" not in text_of(app)
    assert not [one for one in app.button if one.key == "own-keep"]


def test_hostile_questions_are_shown_as_they_are_written(open_app: Open, tmp_path: Path) -> None:
    store = stored(tmp_path)
    own_tasks.add(store, read_questions(NASTY, Reading(HOSTILE[:80], note=HOSTILE)).task)
    store.close()
    app = open_app(tmp_path, PAGE, part="own")
    assert not app.exception
    app.file_uploader(key="own-file").set_value(("<b>.csv", NASTY, "text/csv")).run()
    said = text_of(app)
    assert not app.exception and "**bold**" not in said and "<img" not in said.replace("\\<", "")
    assert app.code[0].value == f"Question: {{{{7*7}}}} {HOSTILE}\nAnswer:"
    app.button(key="own-keep").click().run()
    assert not app.exception and len(own_tasks.tasks(stored(tmp_path))) == 2


def test_an_open_installation_takes_no_file(open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stored(tmp_path)
    own_tasks.add(store, read_questions(GOOD, Reading("General knowledge")).task)
    store.close()
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    app = open_app(tmp_path, PAGE, part="own")
    assert not app.exception and "General knowledge" in text_of(app) and "on the command line" in text_of(app)
    assert not app.file_uploader and not app.button


def test_a_withdrawn_task_leaves_the_list(open_app: Open, tmp_path: Path) -> None:
    store = stored(tmp_path)
    added = own_tasks.add(store, read_questions(GOOD, Reading("General knowledge")).task)
    app = open_app(tmp_path, PAGE, part="own")
    app.button(key=f"withdraw-{added.name}").click().run()
    assert not app.exception and own_tasks.tasks(store)  # it asks first
    own_tasks.withdraw(store, added.name)
    app = open_app(tmp_path, PAGE, part="own")
    assert "General knowledge" not in text_of(app)


def test_the_file_of_a_task_can_be_given_too() -> None:
    task = read_questions(GOOD, Reading("General knowledge")).task
    found = views.looked_at(written(task), Reading("other"), "t.jsonl")
    assert isinstance(found, views.Preview) and found.task == task
    broken = views.looked_at(json.dumps({"own_task": 9}).encode(), Reading("other"), "t.jsonl")
    assert isinstance(broken, views.Problems) and broken.mistakes[0].place == "Line 1, own_task"


def test_what_so_many_questions_can_show_is_said() -> None:
    rows = "question,answer,split\n" + "".join(f"q{i},a,{'example' if i < 7 else ''}\n" for i in range(107))
    found = views.preview(read_questions(rows.encode(), Reading("T")))
    assert plain(found.takeaway) == "100 questions; the written answer counts."
    assert "from 40% to 60%" in found.remarks[0]
    assert found.remarks[-1].startswith("7 worked examples, not asked; the first 5 stand in the prompt")


def test_a_refusal_without_a_row_is_of_the_file() -> None:
    found = views.problems(RefusedInput("an empty file"))
    assert found.mistakes == (views.Mistake("The file", "", "An empty file."),)
    assert found.said.startswith("1 mistake:")
