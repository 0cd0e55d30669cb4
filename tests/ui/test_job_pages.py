"""The queue and the page of a job: what is told in each state, what leads where, and that no text of a job acts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.schema.text import plain
from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.ui.views import evaluate_estimate
from lib.ui.views.evaluate_queue import queue_view
from lib.ui.views.job import LABELS, events_table, is_id, job_view
from tests.ui import made_jobs as made
from tests.ui.conftest import Open

EVALUATE, JOB = "pages/evaluate.py", "pages/job.py"
ACTIVE = (r"<img", r"\]\(http", r"\*\*bold", r":red\[x", r"\$x")


def _text(app: object) -> str:
    kinds = ("title", "header", "subheader", "markdown")
    told = [element.value for kind in kinds for element in getattr(app, kind)]
    told += [one.proto.text for one in app.get("progress")]  # type: ignore[attr-defined]
    told += [one.proto.label for one in app.get("page_link")]  # type: ignore[attr-defined]
    return "\n".join(told)


def _plain(app: object) -> str:
    return _text(app).replace("\\", "")


def _buttons(app: object) -> list[str]:
    # Of the page: the frame around it has one to share every view.
    return [one.label for one in app.button if not one.key.startswith("share-")]  # type: ignore[attr-defined]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))
    yield opened
    opened.close()


def _queue(*jobs: object, n_workers: int = 1) -> str:
    of = {state: [one for one in jobs if one.state == state] for state in ("running", "queued")}  # type: ignore[attr-defined]
    over = [one for one in jobs if one.state not in of]  # type: ignore[attr-defined]
    counts = {state: len(some) for state, some in of.items()} | {"succeeded": len(over)}
    view = queue_view(
        of["running"], of["queued"], over, counts, now=made.NOW, n_workers=n_workers, waits_because=lambda job, n: f"{n} before it"
    )  # fmt: skip
    return plain(view.takeaway)


def test_the_sentence_over_the_queue() -> None:
    two = made.job(), made.job(id="1" * 12)
    assert _queue(*two, *made.waiting(1)) == "2 jobs run, 1 waits; the next ends in about 2 minutes."
    assert _queue(made.job()) == "1 job runs; the next ends in about 2 minutes."
    assert _queue(*made.waiting(3), n_workers=0) == "Nothing runs, 3 jobs wait: no worker is running."
    assert _queue(*made.waiting(1)) == "1 job waits; the next begins in a moment."
    assert _queue(made.ended()) == "Nothing runs and nothing waits. The last job was done just now."
    assert _queue() == "No evaluation has been asked for yet."
    unknown = made.job(tasks=(made.task(0, "arc_easy"),))
    assert _queue(unknown) == "1 job runs."


def test_the_sentence_over_a_job() -> None:
    told = {
        made.job().state: "1 of 2 tasks are done; it ends in about 2 minutes, 15,000 tokens in so far.",
        "queued": "It waits: no worker with 24 GiB.",
        "succeeded": "All 2 tasks are done in 4 min, with 15,000 tokens in.",
        "cancelled": "It was cancelled. 1 task of 2 had been finished and kept.",
    }
    jobs = [made.job(), made.waiting()[0], made.ended(), made.ended("cancelled")]
    for job in jobs:
        view = job_view(job, now=made.NOW, why_waiting="no worker with 24 GiB.")
        assert " ".join(map(plain, view.takeaway)) == told[job.state]
        assert view.question.startswith("How far" if job.state in ("running", "queued") else "What came of")
        assert (view.can_cancel, view.can_retry) == (job.state in ("running", "queued"), job.state == "cancelled")
    for is_retryable, again in ((True, "This may pass"), (False, "Trying again as it is would end the same way")):
        failed = made.ended("failed", reason="HTTP 429: slow down", is_retryable=is_retryable)
        said = " ".join(map(plain, job_view(failed, now=made.NOW).takeaway))
        assert said.startswith("It failed: HTTP 429: slow down. 1 task of 2") and again in said


def test_a_table_has_no_column_without_anything_in_it() -> None:
    view = job_view(made.job(), now=made.NOW)
    assert "score:cost" not in view.table and "score:energy" not in view.table and "said" not in view.table
    assert view.table.loc[1, "score:requests"] == "100 of 200" and view.table.loc[1, "score:memory"] is None
    assert (
        view.table.loc[1, "score:rate"] == "50 a minute" and view.table.loc[1, "score:left"] == "about 2 minutes left"
    )
    assert set(view.table.columns) <= set(LABELS) and view.traces.at(0, "task").runs == ("ab" * 32,)  # type: ignore[union-attr]
    resumed = made.job(tasks=(made.task(0, "x", state="running", n_empty=3, is_resumed=True, cost_usd=0.0),))
    row = job_view(resumed, now=made.NOW).table.loc[0]
    assert row["said"].startswith("3 answers without any text; went on from kept answers") and row["score:cost"] == "$0"


def test_every_state_has_its_page(
    open_app: Open, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P4P_WORKER", "0")
    jobs = [
        made.job(),
        *made.waiting(12),
        made.ended(),
        made.ended("failed", id="f" * 12, reason="HTTP 401: wrong key"),
    ]
    made.keep(store, *jobs, log=made.ESCAPES + "\nlast line")
    app = open_app(tmp_path, EVALUATE, part="queue")
    assert not app.exception
    text = _plain(app)
    assert "1 job** runs" in text and "Waiting (12)" in text and "and 2 more waiting" in text and "Ended (2)" in text
    assert "HTTP 401: wrong key" in text and "no worker is running" in text
    assert _buttons(app).count("Cancel") == 11
    for job in (jobs[0], jobs[1], jobs[-2], jobs[-1]):
        page = open_app(tmp_path, JOB, job=job.id[:8] if job is not jobs[1] else job.id, log="true")
        assert not page.exception and page.code[0].value.endswith("last line")
        assert "\x1b" not in page.code[0].value
        assert _buttons(page) == {"failed": ["Try again"], "succeeded": []}.get(job.state, ["Cancel"])
        assert page.dataframe[0].value["task"].tolist() == ["arc_easy", "piqa"]


def test_the_estimate_stands_beside_what_came(open_app: Open, store: Store, tmp_path: Path) -> None:
    job = made.ended(estimate=made.ESTIMATE)
    made.keep(store, job)
    table = evaluate_estimate.against(job).set_index("what")
    assert table.loc["Time"].tolist() == ["1 min 50 s (1 min to 5 min)", "4 min", "2.2× as much"]
    assert table.loc["Tokens in"].tolist() == ["15,300 (13,000 to 18,000)", "15,000", "as expected"]
    assert table.loc["Tokens out", "score:came"] == "0" and table.loc["Tokens out", "said"] is None
    assert "Dollars" not in table.index and "Memory" not in table.index, "nobody knew, or nobody measured"
    page = open_app(tmp_path, JOB, job=job.id)
    assert not page.exception and "Expected, and what came" in _text(page)
    assert "lm_eval --tasks arc_easy --model hf --model_args pretrained=EleutherAI/pythia-70m" in page.code[0].value
    assert "python" not in page.code[0].value
    for active in ACTIVE:
        assert not re.search(rf"(?<!\\){active}", _text(page)), active


def test_nothing_there_is_said(open_app: Open, tmp_path: Path) -> None:
    app = open_app(tmp_path, EVALUATE, part="queue")
    assert not app.exception and "No evaluation has been asked for yet" in _text(app)
    for asked in ("", "../../etc", "abc", "<b>x", "0" * 12):
        page = open_app(tmp_path, JOB, job=asked)
        assert not page.exception and (page.info[0].value.startswith("No job has the id") or not asked)
        assert is_id(asked) == (asked == "0" * 12)


def test_hostile_texts_of_a_job_are_text(open_app: Open, store: Store, tmp_path: Path) -> None:
    made.keep(store, made.hostile(), log=made.HOSTILE)
    for page, address in ((EVALUATE, {"part": "queue"}), (JOB, {"job": "bad0bad0bad0", "log": "true"})):
        app = open_app(tmp_path, page, **address)
        assert not app.exception
        text = _text(app)
        for active in ACTIVE:
            assert not re.search(rf"(?<!\\){active}", text), active
        assert "hunter2" not in text and "\x1b" not in text and "\u202e" not in text and "x" * 400 not in text
    assert events_table([])["at"].empty


def test_readers_of_a_shared_installation_only_look(
    open_app: Open, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.keep(store, made.job(), made.ended("failed", id="f" * 12))
    monkeypatch.setenv("P4P_ALLOW_PUBLIC", "1")
    assert not _buttons(open_app(tmp_path, EVALUATE, part="queue"))
    assert not _buttons(open_app(tmp_path, JOB, job="f" * 12))


def test_cancel_and_try_again(open_app: Open, store: Store, tmp_path: Path) -> None:
    from lib.evals import queue
    from lib.evals.jobs import Needs

    asked = queue.enqueue(store, made.spec(), needs=Needs("hf")).job
    page = open_app(tmp_path, JOB, job=asked.id)
    assert "It **waits**" in _text(page)
    page.button[0].click().run()
    assert queue.job_named(store, asked.id).state == "cancelled"
    page = open_app(tmp_path, JOB, job=asked.id)
    assert "It was cancelled" in _plain(page) and _buttons(page) == ["Try again"]
    page.button[0].click().run()
    assert not page.exception and queue.job_named(store, asked.id).state == "queued"
