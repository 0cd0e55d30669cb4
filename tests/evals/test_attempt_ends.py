"""How an attempt ends other than well: endpoints that fail, children that die, hang or are called off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lib.errors import Unavailable
from lib.evals import attempt as module
from lib.evals.attempt import Attempt, Finished
from lib.evals.jobs import Job
from lib.evals.outcomes import JobCancelled, JobFailed
from lib.evals.spec import JobSpec
from lib.settings import read_settings
from tests.evals.questions import configs, job_of
from tests.evals.stub_server import RIGHT_KEY, StubServer, closed_port

PASSED = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
WRONG_KEY = "sk-this-is-not-the-one"


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with StubServer() as running:
        yield running


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return configs(tmp_path_factory.mktemp("questions"), n=8)


@pytest.mark.parametrize(
    ("mode", "key", "is_retryable", "words"),
    [
        ("401", WRONG_KEY, False, "refuses the key"),
        ("closed", RIGHT_KEY, True, "nobody listens there (connection refused)"),
        ("429", RIGHT_KEY, True, "Rate limit reached."),
        ("no-choices", RIGHT_KEY, False, "model is loading"),
    ],
)
def test_an_endpoint_that_fails_says_why(
    mode: str,
    key: str,
    is_retryable: bool,
    words: str,
    server: StubServer,
    own: dict[str, dict[str, Any]],
    tmp_path: Path,
) -> None:
    address = f"http://127.0.0.1:{closed_port()}/v1/chat/completions" if mode == "closed" else ""
    job = _chat(address or server.url(mode, "chat/completions"), max_retries=2)
    attempt = _attempt(job, tmp_path, own, {"MY_API_KEY": key}, server)
    with pytest.raises(JobFailed) as failed:
        attempt.run_task(0)
    attempt.close()
    assert failed.value.is_retryable == is_retryable and not failed.value.is_crash
    assert words in failed.value.reason
    everything = failed.value.reason + attempt.log_path.read_text(encoding="utf-8")
    assert key not in everything, "the stub repeats the key in its refusal; it must be masked everywhere"


def test_an_endpoint_is_evaluated_with_tokens_and_dollars(
    server: StubServer, own: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    job = _chat(server.url("key", "chat/completions"), repeats=2)
    events: list[Mapping[str, Any]] = []
    asked = len(server.calls)
    attempt = _attempt(job, tmp_path, own, {"MY_API_KEY": RIGHT_KEY, "OTHER_API_KEY": WRONG_KEY}, server, events)
    finished = [attempt.run_task(position) for position in range(2)]
    attempt.close()
    for repeat, one in enumerate(finished):
        measured = one.measured
        assert measured["n_requests"] == 8 and measured["tokens_in"] > 0 and measured["tokens_out"] >= 8
        assert measured["cost_usd"] == pytest.approx((3 * measured["tokens_in"] + 15 * measured["tokens_out"]) / 1e6)
        assert not {"peak_memory_bytes", "device", "model_bytes"} & set(measured), "of another machine, unknown here"
        (results,) = one.folder.rglob("results_*.json")
        document = json.loads(results.read_text(encoding="utf-8"))
        assert document["model_name"] == "stub-model" and RIGHT_KEY not in results.read_text(encoding="utf-8")
        assert document["config"]["random_seed"] == repeat, "each repeat with seeds one higher"
        assert document["config"]["model_args"]["max_retries"] == 8, "the defaults are part of what was run"
    calls = server.calls[asked:]
    assert {call.headers["Authorization"] for call in calls} == {f"Bearer {RIGHT_KEY}"}
    assert [sum(call.body["seed"] == seed for call in calls) for seed in (1234, 1235)] == [8, 8]
    assert sum(event["event"] == "loaded" for event in events) == 1, "one child for all tasks"


def test_a_key_goes_to_its_own_host_only(server: StubServer, own: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    job = _chat(server.url("key", "chat/completions").replace("127.0.0.1", "localhost"))
    attempt = _attempt(job, tmp_path, own, {"MY_API_KEY": RIGHT_KEY}, server)
    with pytest.raises(JobFailed, match="refuses the key"):
        attempt.run_task(0)
    attempt.close()
    assert RIGHT_KEY not in server.calls[-1].headers["Authorization"]


FAKES = {
    "hangs": "import time; time.sleep(60)",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "crashes": "import os; os.kill(os.getpid(), 11)",
    "leaves": "raise SystemExit(4)",
    "fails": "say(event='failed', kind='memory', message='Out of memory: it was too large.', is_retryable=False)",
    "finishes": "finish()",
    "talks": "[(say(event='progress', n_done=i, n_requests=9), time.sleep(0.05)) for i in range(8)]; finish()",
}


@pytest.mark.parametrize(
    ("fake", "words", "is_retryable", "is_crash"),
    [
        ("hangs", "it hung: nothing was heard of it", True, False),
        ("is killed", "most likely the machine ran out of memory", True, True),
        ("crashes", "ended by SIGSEGV", True, True),
        ("leaves", "without a word (status 4)", False, True),
        ("fails", "Out of memory: it was too large.", False, False),
    ],
)
def test_a_child_that_dies_is_told_apart(
    fake: str, words: str, is_retryable: bool, is_crash: bool, tmp_path: Path
) -> None:
    attempt = _faked(fake, tmp_path, silence_s=0.6 if fake == "hangs" else 30.0)
    with pytest.raises(JobFailed) as failed:
        attempt.run_task(0)
    assert words in failed.value.reason
    assert (failed.value.is_retryable, failed.value.is_crash) == (is_retryable, is_crash)
    assert attempt._leash is None, "nothing is left running"


def test_a_child_that_talks_or_logs_does_not_hang(tmp_path: Path) -> None:
    attempt = _faked("talks", tmp_path, silence_s=0.3)
    assert attempt.run_task(0).folder.is_dir()
    attempt.close()


def test_a_kill_for_want_of_memory_is_known_where_the_system_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "memory.events"
    counter.write_text("low 0\noom_kill 2\n", encoding="utf-8")
    monkeypatch.setattr(module, "OOM_COUNTER", counter)

    def kill(event: Mapping[str, Any]) -> None:
        counter.write_text("low 0\noom_kill 3\n", encoding="utf-8")
        attempt._leash.process.kill()  # type: ignore[union-attr]

    attempt = _faked("talks", tmp_path, on_progress=kill)
    with pytest.raises(JobFailed, match="memory guard") as failed:
        attempt.run_task(0)
    assert failed.value.is_retryable and not failed.value.is_crash


def test_a_job_that_is_called_off_leaves_no_process(tmp_path: Path) -> None:
    wanted = iter([True, True, True])
    attempt = _faked("hangs", tmp_path, is_wanted=lambda: next(wanted, False))
    with pytest.raises(JobCancelled):
        attempt.run_task(0)
    assert attempt._leash is None
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path / "python") not in listed


def test_an_interpreter_that_is_missing_is_said(tmp_path: Path) -> None:
    job = job_of(JobSpec(backend="dummy", tasks=("own_answers",)))
    attempt = _attempt(job, tmp_path, {}, {}, None, python=str(tmp_path / "nothing"))
    with pytest.raises(Unavailable, match="P4P_EVAL_PYTHON"):
        attempt.run_task(0)


def _chat(address: str, *, repeats: int = 1, **more: Any) -> Job:
    spec = JobSpec(
        backend="local-chat-completions",
        tasks=("own_answers",),
        model_args={"base_url": address, "model": "stub-model", "num_concurrent": 2, **more},
        apply_chat_template=True,
        repeats=repeats,
    )
    return job_of(spec, estimate={"usd_per_million": [3.0, 15.0]})


def _attempt(
    job: Job,
    folder: Path,
    own: dict[str, dict[str, Any]],
    env: dict[str, str],
    server: StubServer | None,
    events: list[Mapping[str, Any]] | None = None,
    *,
    python: str = sys.executable,
    **more: Any,
) -> Attempt:
    hosts = f"MY_API_KEY=127.0.0.1:{server.port}" if server is not None else ""
    settings = read_settings({"P4P_DATA_DIR": str(folder), "P4P_EVAL_PYTHON": python, "P4P_KEY_HOSTS": hosts})
    told = [] if events is None else events
    given: dict[str, Any] = {"on_progress": told.append, "is_wanted": lambda: True, **more}
    return Attempt(
        job,
        folder=folder / "job",
        settings=settings,
        config_of=lambda name, _: own.get(name, {"task": name}),
        env={**PASSED, **env},
        **given,
    )


def _faked(fake: str, folder: Path, **more: Any) -> Attempt:
    """An attempt whose interpreter is a script of ours that behaves like this."""
    program = folder / "python"
    program.write_text(
        f"#!{sys.executable} -IS\n"
        "import json, os, sys, time\n"
        "def say(**event):\n"
        "    os.write(int(os.environ['P4P_EVENTS_FD']), json.dumps(event).encode() + b'\\n')\n"
        "def finish():\n"
        "    os.makedirs(line['out'])\n"
        "    open(line['out'] + '/DONE', 'w').write('{\"measured\": {}}')\n"
        "    say(event='finished', task=line['task'], seconds=1, measured={})\n"
        "    time.sleep(60)\n"
        "job, line = (json.loads(sys.stdin.readline()) for _ in range(2))\n"
        f"{FAKES[fake]}\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    job = job_of(JobSpec(backend="dummy", tasks=("own_answers",)))
    return _attempt(job, folder, {}, {}, None, python=str(program), **more)


def test_finished_names_the_folder_and_what_it_took(tmp_path: Path) -> None:
    attempt = _faked("finishes", tmp_path)
    start = time.monotonic()
    done = attempt.run_task(0)
    attempt.close()
    assert done == Finished(done.folder, {}) and done.folder.parent == (tmp_path / "job").resolve()
    assert time.monotonic() - start < 30, "the child sleeps for a minute; its end is not waited for"
