"""The form that starts a job: what it asks for is what is queued, problems stand beside their fields, nothing typed acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.evals import own_tasks, queue
from lib.evals.question_files import Reading, read_questions
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.ui.views.evaluate_form import address_of
from tests.evals.tiny_model import make_tiny_model
from tests.ui import made_jobs as made
from tests.ui.conftest import Open
from tests.ui.test_job_pages import ACTIVE, EVALUATE, _buttons, _plain, _text

CSV = b"question,A,B,answer\nIs water wet?,yes,no,A\nIs fire cold?,yes,no,B\nIs snow warm?,yes,no,B\n"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture
def own(store: Store) -> str:
    """Name of an own task of three questions."""
    return own_tasks.add(store, read_questions(CSV, Reading("Our questions")).task).name


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    yield opened
    opened.close()


def _said(app: object) -> str:
    return "\n".join(element.value for element in app.header).replace("\\", "")  # type: ignore[attr-defined]


def test_an_untouched_form_asks_for_a_model(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, EVALUATE)
    assert not app.exception and "How does my model do on these tasks?" in _plain(app)
    assert "Fill in **model**" in _said(app) and "Start" not in _buttons(app)
    assert app.selectbox(key="preset").value == "quick-look" and app.multiselect(key="task").value[0] == "arc_easy"
    assert app.text_input(key="limit").value == "100" and app.text_input(key="shots").value == "0"
    assert ":material/error:" not in _text(app), "nothing was typed, so nothing is wrong"


def test_what_is_asked_is_queued_and_offered_when_it_is_asked_again(
    open_app: Open, store: Store, own: str, tmp_path: Path
) -> None:
    model = make_tiny_model(tmp_path / "tiny")
    asked = {"with-pretrained": str(model), "task": [own], "limit": "2", "with-dtype": "float32", "repeats": "2"}
    app = open_app(tmp_path, EVALUATE, **asked)
    assert not app.exception
    assert "1 task, 2 questions" in _said(app) and "GiB** of memory" in _said(app)
    assert "parameters (parameters counted in its files)" in _plain(app)
    assert "Our questions (own)" in app.multiselect(key="task").options
    app.button(key="start").click().run()
    assert not app.exception
    (job,) = queue.jobs(store)
    assert job.spec.model_args == {"pretrained": str(model), "dtype": "float32"}
    assert (job.spec.tasks, job.spec.limit, job.spec.repeats, job.state) == ((own,), 2.0, 2, "queued")
    assert job.estimate["tokens_in"] and job.needs.memory_gib
    assert "is in the queue" in app.info[0].value and "1 job** waits" in _said(app)
    again = open_app(tmp_path, EVALUATE, **address_of(job.spec))
    assert "This very job **waits already**" in _text(again) and _buttons(again)[-1] == "Run it again"
    again.button(key="start").click().run()
    assert len(queue.jobs(store)) == 2
    elsewhere = open_app(tmp_path, EVALUATE, **asked, batch="2")
    assert "This very job" not in _text(elsewhere)
    assert elsewhere.code[0].value.startswith(f"lm_eval --tasks {own} --model hf --model_args pretrained={model}")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"task": ["arc_eazy"]}, "lm-eval 0.4.13 knows no task arc_eazy. Like it: arc_easy"),
        ({"with-pretrained": "/no/such/folder"}, "there is no such folder on this machine"),
        ({"more": "trust_remote_code=True"}, "it would run code that comes with the model"),
        ({"limit": "many"}, "questions: not a number"),
        ({"device": "toaster"}, "not a name that can be used"),
        ({"backend": "local-chat-completions", "with-base_url": "http://x:y@127.0.0.1/v1", "with-model": "m"}, "Nothing can start"),
        ({"with-pretrained": made.HOSTILE, "task": [made.HOSTILE], "system": made.HOSTILE, "more": made.HOSTILE}, "Nothing can start"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field(
    open_app: Open, tmp_path: Path, typed: dict[str, str], said: str
) -> None:
    given = {"with-pretrained": "EleutherAI/pythia-70m", "task": ["arc_easy"]} | typed
    app = open_app(tmp_path, EVALUATE, **given)
    assert not app.exception and said in _plain(app)
    assert all(one.disabled for one in app.button if one.key == "start")
    for active in ACTIVE:
        assert not re.search(rf"(?<!\\){active}", _text(app)), active


def test_every_store_has_a_form(
    open_app: Open, small_store: Path, one_model_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"with-pretrained": "EleutherAI/pythia-70m", "seek": "mmlu", "names": "group"}
    one = open_app(one_model_store, EVALUATE, **asked)
    full = open_app(small_store, EVALUATE, **asked)
    for app in (one, full):
        assert not app.exception and app.dataframe[0].value["task"].iloc[0] == "mmlu"
    assert "70 million parameters" in _plain(full) and "about" in _said(full)
    # As many questions as fit into 20 minutes here: more than the 100 that stand there while no model is known.
    assert int(full.text_input(key="limit").value) >= 100
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    shared = open_app(small_store, EVALUATE, **asked)
    assert "Start" not in _buttons(shared) and "started on the command line" in _text(shared)
