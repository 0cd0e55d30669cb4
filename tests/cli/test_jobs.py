"""The queue from the command line: listed, shown, called off, asked again; and a real evaluation from the question to the score."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.evals import queue
from lib.evals.jobs import Job, Needs
from lib.evals.spec import from_json
from lib.settings import ROOT, SETTINGS, read_settings
from lib.store import workers
from lib.store.db import open_store

QUESTIONS = "question,A,B,answer\n" + "".join(f"Is {i} odd?,yes,no,{'AB'[i % 2]}\n" for i in range(6))


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("P4P_FILL", "0")
    return tmp_path


def put_in(name: str, **needs: Any) -> Job:
    store = open_store(read_settings())
    spec = from_json({"backend": "hf", "model_args": {"pretrained": name}, "tasks": ["piqa", "arc_easy"]})
    try:
        return queue.enqueue(store, spec, needs=Needs("hf", **needs)).job
    finally:
        store.close()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_show_cancel_retry(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jobs"]) == 0
    assert capsys.readouterr().out == "no jobs\n"
    first, second = put_in("org/one"), put_in("org/two\x1b[31m")
    listed = told(capsys, "jobs")
    assert [job["id"] for job in listed["jobs"]] == [first.id, second.id]
    assert listed["jobs"][0]["spec"]["tasks"] == ["piqa", "arc_easy"]
    assert listed["jobs"][0]["tasks"][0]["n_requests"] is None
    assert listed["counts"] == {"queued": 2, "running": 0, "succeeded": 0, "failed": 0, "cancelled": 0}
    assert main(["jobs"]) == 0
    shown = capsys.readouterr().out
    assert "no worker is running: python -m lib worker" in shown and "0/2" in shown
    assert "\x1b" not in shown, "control characters are shown, not obeyed"
    cancelled = told(capsys, "jobs", "cancel", first.id[:7], "--reason", "too dear")
    assert (cancelled["job"]["state"], cancelled["job"]["reason"]) == ("cancelled", "too dear")
    assert [event["kind"] for event in cancelled["events"]] == ["queued", "cancelled"]
    assert [job["id"] for job in told(capsys, "jobs", "--state", "cancelled")["jobs"]] == [first.id]
    assert told(capsys, "jobs", "retry", first.id)["job"]["state"] == "queued"
    assert main(["jobs", "show", first.id]) == 0
    shown = capsys.readouterr().out
    assert f"job {first.id}: queued" in shown and "asked again" in shown and "waits: no worker" in shown


def test_progress_and_log_are_shown(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = put_in("org/one")
    store = open_store(read_settings())
    workers.start_worker(store, "w", {"device": "cpu", "memory_gib": 4.0, "backends": ["hf"], "lm_eval_version": None})
    claimed = workers.claim(store, "w", lambda rows: rows[0], 1)
    assert claimed is not None
    hold = workers.take_up(store, claimed.job, claimed.workflow, "w", None)
    progress = {0: {"state": "running", "n_done": 30, "n_requests": 120, "tokens_in": 4500}}
    workers.beat(store, "w", is_idle=False, hold=hold, tasks=progress, log="one\n\x1b[2Jtwo\n")
    store.close()
    assert main(["jobs"]) == 0
    assert "0/2 + 25%" in capsys.readouterr().out
    assert main(["jobs", "show", job.id]) == 0
    assert "30/120" in capsys.readouterr().out
    assert main(["jobs", "log", job.id]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == "one" and "\x1b" not in shown


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["jobs", "cancel"], 2, "jobs cancel ID"),
        (["jobs", "show", "ffffffffffff"], 1, "there is no such job"),
        (["jobs", "show", "%"], 1, "there is no such job"),
    ],
)
def test_refusals(
    local: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, words: str
) -> None:
    assert main(arguments) == status
    assert words in capsys.readouterr().err


def test_from_questions_to_a_score(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of questions, real lm-eval on its dummy model, a worker that ends when nothing waits, a run in the store."""
    (local / "odd.csv").write_text(QUESTIONS)
    task = told(capsys, "tasks", "add", str(local / "odd.csv"), "--title", "Odd or even")["name"]
    asked = told(capsys, "eval", "--model", "dummy", "--tasks", task)
    done = subprocess.run(
        [sys.executable, "-m", "lib", "worker", "--once", "--device", "cpu"],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "dbos" not in done.stderr.lower() and "Traceback" not in done.stderr
    shown = told(capsys, "jobs", "show", asked["job"]["id"])
    assert shown["job"]["state"] == "succeeded", shown
    (done_task,) = shown["job"]["tasks"]
    assert (done_task["n_done"], done_task["n_requests"]) == (12, 12)
    assert done_task["run"][:12] in [run["run"] for run in told(capsys, "runs")["runs"]]
    assert "Running loglikelihood requests" in told(capsys, "jobs", "log", asked["job"]["id"])["log"]
    assert str(local) not in told(capsys, "jobs", "log", asked["job"]["id"])["log"], "where it ran is not told"
    again = told(capsys, "eval", "--model", "dummy", "--tasks", task)
    assert again["job"]["id"] == asked["job"]["id"], "the same job is done already"


def test_two_workers_on_postgresql_share_real_evaluations(
    local: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    postgres: Callable[[str], str],
    tiny_model: Path,
) -> None:
    """Two jobs of real weights, by commands: each worker has one of them, and both runs are in the one store."""
    monkeypatch.setenv("P4P_DATABASE_URL", postgres("template0"))
    (local / "odd.csv").write_text(QUESTIONS)
    task = told(capsys, "tasks", "add", str(local / "odd.csv"), "--title", "Odd or even")["name"]
    model = ["--model", "hf", "--model_args", f"pretrained={tiny_model}", "--device", "cpu", "--tasks", task]
    asked = [told(capsys, "eval", *model, "--limit", str(limit))["job"]["id"] for limit in (4, 6)]
    command = [sys.executable, "-m", "lib", "worker", "--once", "--device", "cpu"]
    both = [subprocess.Popen(command, cwd=ROOT, env=dict(os.environ), stderr=subprocess.PIPE, text=True) for _ in asked]
    said = [worker.communicate()[1] for worker in both]
    assert [worker.returncode for worker in both] == [0, 0], said
    jobs = [told(capsys, "jobs", "show", job)["job"] for job in asked]
    assert [job["state"] for job in jobs] == ["succeeded", "succeeded"], jobs
    assert len({job["worker"] for job in jobs}) == len(both), "each worker had one"
    stored = [run["run"] for run in told(capsys, "runs")["runs"]]
    assert sorted(stored) == sorted(done["run"][:12] for job in jobs for done in job["tasks"])
