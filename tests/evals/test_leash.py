"""The leash: whatever dies, nothing below it stays, and its end is told as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lib.errors import Unavailable
from lib.evals.leash import Leash
from lib.settings import ROOT

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
FAMILY = f"""
import json, os, subprocess, sys, time
wire = os.fdopen(int(os.environ["P4P_EVENTS_FD"]), "w")
for apart in (False, True):
    subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], start_new_session=apart)
print("log", flush=True)
wire.write(json.dumps({{"line": sys.stdin.readline(), "pids": [c.pid for c in __import__("psutil").Process().children()]}}) + "\\n")
wire.flush()
time.sleep(300)
"""
WORKER = f"""
import json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from lib.evals.leash import Leash
leash = Leash([sys.executable, "-c", {FAMILY!r}], env=dict(os.environ), log_path=Path(sys.argv[1]))
leash.stdin.write(b"hello\\n")
told = json.loads(leash.events.readline())
print(json.dumps([leash.pid, leash.process.pid, *told["pids"]]), flush=True)
sys.stdin.readline()
"""


def _start(folder: Path, code: str, grace_s: float = 0.3) -> Leash:
    return Leash([sys.executable, "-c", code], env=dict(os.environ), log_path=folder / "log.txt", grace_s=grace_s)


def _gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if not any(map(_runs, pids)):
            return True
        time.sleep(0.02)
    return False


def _runs(pid: int) -> bool:
    """A zombie has ended, and one may be gone for good while it is looked at."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_letting_go_ends_a_stubborn_family(tmp_path: Path) -> None:
    with _start(tmp_path, FAMILY) as leash:
        leash.stdin.write(b"hello\n")
        told = json.loads(leash.events.readline())
        assert told["line"] == "hello\n"
        assert len(told["pids"]) == 2
        assert all(psutil.pid_exists(pid) for pid in [leash.pid, *told["pids"]])
    assert _gone([leash.pid, leash.process.pid, *told["pids"]])
    assert leash.poll() == -signal.SIGTERM
    assert (tmp_path / "log.txt").read_text() == "log\n"
    assert leash.end() == -signal.SIGTERM, "letting go twice does no harm"


def test_death_of_the_worker_ends_the_family(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path / "log.txt")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        pids = json.loads(worker.stdout.readline())
        assert all(psutil.pid_exists(pid) for pid in pids)
        worker.kill()
    assert _gone(pids)


def test_death_of_the_keeper_ends_the_child(tmp_path: Path) -> None:
    leash = _start(tmp_path, "import time; time.sleep(300)")
    os.kill(leash.process.pid, signal.SIGKILL)
    assert leash.wait(10) == -signal.SIGKILL
    leash.end()
    assert _gone([leash.pid])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
    ],
)
def test_the_end_is_told_as_it_was(tmp_path: Path, code: str, status: int) -> None:
    with _start(tmp_path, code) as leash:
        assert leash.wait(20) == status
        assert leash.events.read() == b"", "end of file when everybody who could write has ended"
    assert leash.end() == status


def test_what_a_child_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid)"
    with _start(tmp_path, code) as leash:
        assert leash.wait(20) == 0
    assert _gone([int((tmp_path / "log.txt").read_text())])


def test_one_child_at_a_time_in_a_folder(tmp_path: Path) -> None:
    slow = "import signal, time; signal.signal(15, lambda *_: (time.sleep(0.4), exit())); print(1, flush=True); time.sleep(9)"
    first = _start(tmp_path, slow, grace_s=5)
    while not (tmp_path / "log.txt").read_text():
        time.sleep(0.01)
    first._control.close()  # as at the death of its worker, which nobody waits for
    second = _start(tmp_path, "pass")
    assert not psutil.pid_exists(first.pid)
    second.end()
    first.end()


def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="No such file or directory: /nowhere/python"):
        Leash(["/nowhere/python"], env={}, log_path=tmp_path / "log.txt")
