"""`eval` from the command line: queued once, refused with reasons, exported; nothing is queued by mistake."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.evals import hub, own_tasks, queue
from lib.evals.export import from_yaml
from lib.settings import read_settings
from lib.sources.own_task_files import OwnTask
from lib.store.db import open_store

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of an own task in an otherwise empty store; the Hub is silent."""
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(hub, "is_reachable", lambda: False)
    store = open_store(read_settings())
    rows = tuple({"question": f"what is {i}?", "choices": ["a", "b"], "answer": 0} for i in range(5))
    task = OwnTask("Mine", "choices", rows)
    own_tasks.add(store, task)
    store.close()
    return task.name


@pytest.fixture
def told(own: str, capsys: pytest.CaptureFixture[str]) -> Told:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["eval", *arguments])
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


def _jobs() -> list[Any]:
    store = open_store(read_settings())
    try:
        return queue.jobs(store)
    finally:
        store.close()


def test_a_job_is_queued_once(told: Told, own: str) -> None:
    code, out, _ = told("--model", "dummy", "--tasks", own, "--limit", "3", "--priority", "7", "--json")
    first = json.loads(out)
    assert code == 0 and first["is_new"] is True
    assert (first["job"]["state"], first["job"]["priority"], first["job"]["spec"]["limit"]) == ("queued", 7, 3.0)
    assert first["job"]["estimate"]["tasks"][0]["n_items"] == 3
    code, out, _ = told("--model", "dummy", "--tasks", own, "--limit", "3.0")
    assert code == 0 and first["job"]["id"] in out and "--again" in out
    code, out, _ = told("--model", "dummy", "--tasks", own, "--limit", "3", "--again", "--json")
    assert code == 0 and json.loads(out)["is_new"] is True
    assert len(_jobs()) == 2


def test_what_speaks_against_it_is_said_and_nothing_is_queued(told: Told, own: str) -> None:
    code, out, err = told("--model", "dummy", "--tasks", f"{own},arc_eazy")
    assert code == 1 and "no task arc_eazy" in err and "arc_easy" in err and "nothing was queued" in err
    code, out, _ = told("--model", "dummy", "--tasks", "arc_easy", "--json")
    document = json.loads(out)
    assert code == 1 and "not on this machine" in document["problems"][0]["reason"]
    code, out, _ = told("--model", "dummy", "--tasks", own, "--dry-run")
    assert code == 0 and "questions" in out and "together" in out
    assert _jobs() == []


REFUSED: list[tuple[list[str], int]] = [
    (["--tasks", "arc_easy"], 2),
    (["--model", "dummy"], 2),
    (["--model", "dummy", "--preset", "none"], 2),
    (["--model", "dummy", "--tasks", "x", "--batch_size", "auto"], 2),
    (["--model", "dummy", "--tasks", "x", "--seed", "1,2"], 2),
    (["--model", "dummy", "--tasks", "x", "--model_args", "nonsense"], 2),
    (["--model", "dummy", "--tasks", "x", "--config", "/no/such/file"], 2),
    (["--model", "none", "--tasks", "x"], 1),
    (["--model", "dummy", "--tasks", "../x"], 1),
    (["--model", "dummy", "--tasks", "x", "--limit", "-3"], 1),
]


def test_wrong_use_and_refusals(told: Told) -> None:
    for arguments, code in REFUSED:
        found, _, err = told(*arguments)
        assert found == code and err.startswith("refused: "), arguments
    assert _jobs() == []


def test_export_goes_round(told: Told, own: str, tmp_path: Path) -> None:
    flags = ["--model", "hf", "--model_args", "pretrained=o/m,dtype=float32", "revision=x", "--tasks", "arc_easy", own]
    flags += ["--num_fewshot", "2", "--seed", "5", "--apply_chat_template", "--gen_kwargs", '{"until": ["\\n"]}']
    flags += ["--system_instruction", "Be brief.\nAnd kind.", "--repeats", "2"]
    code, out, _ = told(*flags, "--export", "yaml")
    spec = from_yaml(out)
    assert code == 0 and spec.tasks == ("arc_easy", own) and spec.seeds == (5, 5, 5, 5) and spec.repeats == 2
    assert spec.model_args == {"pretrained": "o/m", "dtype": "float32", "revision": "x"}
    assert (
        spec.apply_chat_template is True and spec.fewshot_as_multiturn is True and spec.gen_kwargs == {"until": ["\n"]}
    )
    path = tmp_path / "job.yaml"
    path.write_text(out)
    code, out, _ = told("--config", str(path), "--limit", "9", "--export", "command")
    commands = [line for line in out.split("\nlm_eval ") if not line.startswith("#")]
    assert code == 0 and len(commands) == 4
    words = shlex.split("lm_eval " + commands[0])
    assert words[words.index("--limit") + 1] == "9" and "--system_instruction=Be brief.\nAnd kind." in words
    assert _jobs() == []


def test_a_preset_that_fits_a_time(told: Told) -> None:
    code, out, _ = told("--model", "dummy", "--preset", "quick-look", "--export", "yaml")
    assert code == 0 and from_yaml(out).limit == 5_000 and len(from_yaml(out).tasks) == 5
    code, out, _ = told("--model", "dummy", "--preset", "quick-look", "--limit", "7", "--export", "yaml")
    assert from_yaml(out).limit == 7.0
