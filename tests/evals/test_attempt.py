"""Real lm-eval on a tiny model, through the child: the same as bare lm-eval, and the same again after a kill."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from lib.evals.attempt import Attempt, Finished
from lib.evals.jobs import Job
from lib.evals.outcomes import JobFailed
from lib.evals.spec import JobSpec
from lib.settings import ROOT, read_settings
from tests.evals.killing import interpreter
from tests.evals.questions import NAMES, configs, job_of

ENV = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
}
SCORES = {"own_choices": "acc,none", "own_answers": "exact_match,none", "own_text": "bits_per_byte,none"}


class Ran(NamedTuple):
    """A job that was run to its end."""

    job: Job
    folder: Path
    finished: list[Finished]
    events: list[Mapping[str, Any]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attempts")


@pytest.fixture(scope="module")
def own(place: Path) -> dict[str, dict[str, Any]]:
    return configs(place / "data")


@pytest.fixture(scope="module")
def ran(place: Path, own: dict[str, dict[str, Any]], tiny_model: Path) -> Ran:
    """All three tasks, batches of four."""
    job = job_of(_spec(tiny_model, batch_size=4), estimate={"usd_per_million": [1.0, 2.0]})
    return _run(job, place / "whole", own)


@pytest.fixture(scope="module")
def bare(place: Path, own: dict[str, dict[str, Any]], tiny_model: Path) -> dict[str, Path]:
    """Folders of bare lm-eval's results, each task alone in its call: batches of four, and (``one-``) one by one."""
    calls, folders = [], {}
    for prefix, batch in (("", 4), ("one-", 1)):
        for name in NAMES:
            task = place / f"{name}.yaml"
            task.write_text(yaml.safe_dump(own[name]), encoding="utf-8")
            folders[prefix + name] = place / f"bare-{prefix}{name}"
            calls.append(
                [
                    *("--model", "hf", "--model_args", f"pretrained={tiny_model}", "--tasks", str(task)),
                    *("--batch_size", str(batch), "--device", "cpu", "--log_samples"),
                    *("--output_path", str(folders[prefix + name])),
                ]
            )
    command = [sys.executable, "-m", "tests.evals.bare", json.dumps(calls)]
    subprocess.run(command, env=ENV, cwd=ROOT, check=True, capture_output=True)
    return folders


@pytest.fixture(scope="module")
def resumed(place: Path, own: dict[str, dict[str, Any]], tiny_model: Path) -> Ran:
    """A job one by one, whose child was killed in the middle of the written answers."""
    killing = interpreter(place, "1.jsonl", 7)
    ran = _run(job_of(_spec(tiny_model, batch_size=1)), place / "killed", own, first_python=killing)
    assert sum(event["event"] == "loaded" for event in ran.events) == 2
    return ran


def test_scores_and_answers_are_those_of_bare_lm_eval(ran: Ran, bare: dict[str, Path]) -> None:
    for name, finished in zip(NAMES, ran.finished, strict=True):
        ours, theirs = _results(finished.folder), _results(bare[name])
        assert ours["results"] == theirs["results"], name
        assert ours["results"][name][SCORES[name]] is not None
        for part in ("n-samples", "n-shot", "versions", "higher_is_better", "task_hashes"):
            assert ours[part] == theirs[part], (name, part)
        assert _samples(finished.folder) == _samples(bare[name]), name


def test_every_request_is_reported_and_counted(ran: Ran) -> None:
    expected = {"own_choices": 72, "own_answers": 24, "own_text": 24}
    for name, finished in zip(NAMES, ran.finished, strict=True):
        last = [e for e in ran.events if e["event"] == "progress" and e["n_requests"] == e["n_done"]]
        assert finished.measured["n_requests"] == expected[name]
        assert expected[name] in {e["n_done"] for e in last}
        assert finished.measured["seconds"] > 0 and finished.measured["peak_memory_bytes"] > 50e6
        assert finished.measured["model_bytes"] == 4 * 8_256 and finished.measured["device"] == "cpu"
        assert "device_memory_bytes" not in finished.measured  # unknown on a processor
        assert finished.measured["is_resumed"] is False
        assert _results(finished.folder)["measured"] == {name: finished.measured}


def test_tokens_are_counted_exactly_and_paid_for(ran: Ran, tiny_model: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
    for name, finished in zip(NAMES[:2], ran.finished, strict=False):
        n_in = n_out = 0
        for sample in _samples(finished.folder):
            for arguments, answers in zip(sample["arguments"].values(), sample["resps"], strict=True):
                n_in += len(tokenizer.encode(arguments["arg_0"]).ids)
                is_generation = name == "own_answers"
                n_in += 0 if is_generation else len(tokenizer.encode(arguments["arg_1"]).ids)
                n_out += len(tokenizer.encode(answers[0]).ids) if is_generation else 0
        assert (finished.measured["tokens_in"], finished.measured["tokens_out"]) == (n_in, n_out), name
        assert finished.measured["cost_usd"] == pytest.approx((n_in + 2 * n_out) / 1e6)


def test_nothing_of_this_machine_is_in_the_results(ran: Ran, place: Path, tiny_model: Path) -> None:
    for finished in ran.finished:
        (results,) = finished.folder.rglob("results_*.json")
        text = results.read_text(encoding="utf-8")
        assert str(place) not in text and str(tiny_model.parent) not in text and str(Path.home()) not in text
        assert os.uname().nodename not in text.replace('"name"', "") or len(os.uname().nodename) < 4
        document = json.loads(text)
        assert document["model_name"] == document["config"]["model_args"]["pretrained"] == tiny_model.name
        assert document["config"]["model"] == document["model_source"] == "hf"
        assert "pretty_env_info" not in document and "git_hash" not in document


def test_finished_tasks_are_not_asked_again(ran: Ran, own: dict[str, dict[str, Any]]) -> None:
    """Without a child even: the model is not loaded for nothing."""
    events: list[Mapping[str, Any]] = []
    attempt = _attempt(ran.job, ran.folder, own, events)
    assert [attempt.run_task(i) for i in range(3)] == ran.finished
    assert not events


def test_a_job_killed_in_the_middle_goes_on_and_scores_the_same(resumed: Ran, bare: dict[str, Path]) -> None:
    """One by one, composition of batches cannot matter: equal to the last digit also after kills."""
    for name, finished in zip(NAMES, resumed.finished, strict=True):
        assert _results(finished.folder)["results"] == _results(bare[f"one-{name}"])["results"], name
        assert _samples(finished.folder) == _samples(bare[f"one-{name}"]), name


def test_what_was_answered_before_a_kill_is_not_asked_again(resumed: Ran, ran: Ran) -> None:
    """All attempts together took the tokens of one unbroken run, and the task says that it was resumed."""
    assert [finished.measured["is_resumed"] for finished in resumed.finished] == [False, True, False]
    for before, after in zip(ran.finished, resumed.finished, strict=True):
        for count in ("n_requests", "tokens_in", "tokens_out"):
            assert after.measured[count] == before.measured[count], count
    assert not list((resumed.folder / "kept").iterdir())


def _spec(model: Path, *, batch_size: int) -> JobSpec:
    return JobSpec(
        backend="hf", tasks=NAMES, model_args={"pretrained": str(model)}, batch_size=batch_size, device="cpu"
    )


def _attempt(
    job: Job,
    folder: Path,
    own: dict[str, dict[str, Any]],
    events: list[Mapping[str, Any]],
    python: str = sys.executable,
) -> Attempt:
    return Attempt(
        job,
        folder=folder,
        settings=read_settings({"P4P_DATA_DIR": str(folder), "P4P_EVAL_PYTHON": python}),
        on_progress=events.append,
        is_wanted=lambda: True,
        config_of=lambda name, _: own.get(name),
        env=ENV,
    )


def _run(job: Job, folder: Path, own: dict[str, dict[str, Any]], *, first_python: str = sys.executable) -> Ran:
    """To the end; ``first_python`` runs the child until it dies."""
    events: list[Mapping[str, Any]] = []
    finished: list[Finished] = []
    python = first_python
    while len(finished) < len(job.tasks):
        attempt = _attempt(job, folder, own, events, python)
        try:
            while len(finished) < len(job.tasks):
                finished.append(attempt.run_task(len(finished)))
        except JobFailed as failure:
            assert failure.is_crash and "signal 9" in failure.reason, failure.reason
            python = sys.executable
        finally:
            attempt.close()
    return Ran(job, folder, finished, events)


def _results(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("results_*.json")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _samples(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.rglob("samples_*.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
