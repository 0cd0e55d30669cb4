"""Helpers of the tests that run workers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from sqlalchemy import func, select

from lib.evals import queue
from lib.evals.jobs import Job, Needs
from lib.evals.spec import from_json
from lib.settings import ROOT, Settings
from lib.store import tables
from lib.store.db import Store

PATIENCE_S = 90.0


class Line(NamedTuple):
    """A line of the journal that fake children write."""

    kind: str
    job: str
    position: int
    pid: int
    at: float


class Process:
    """A process of ``tests.evals.processes``; what it says goes to files, so a kill loses nothing said."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        self.folder = settings.data_dir
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("said-*")))
        self._said, self._errors = self.folder / f"said-{number}", self.folder / f"errors-{number}"
        environment = {
            **os.environ,
            "P4P_DATA_DIR": str(settings.data_dir),
            "P4P_DATABASE_URL": settings.database_url,
            "P4P_FILL": "0",
        }
        with self._said.open("wb") as said, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.evals.processes", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=errors,
            )
        self.pid = self._process.pid

    def lines(self) -> list[str]:
        """What it has said, whole lines only."""
        return [line.strip() for line in self._said.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def errors(self) -> str:
        return self._errors.read_text()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def let_go(self) -> None:
        """Close its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def kill(self) -> None:
        """kill -9, also of a process that has ended or is stopped."""
        self.let_go()
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait(PATIENCE_S)


def journal(settings: Settings) -> list[Line]:
    """What the fake children have done, in order."""
    path = settings.data_dir / "journal.txt"
    lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    return [Line(kind, job, int(position), int(pid), float(at)) for kind, job, position, pid, at in lines]


def began(settings: Settings) -> list[Line]:
    """The beginnings of tasks, in order."""
    return [line for line in journal(settings) if line.kind == "begin"]


def put_in(
    store: Store, name: str, *, tasks: int = 2, needs: Needs | None = None, priority: int = 0, **asked: Any
) -> Job:
    """A job for the fake child; ``asked`` as its docstring says."""
    names = [f"task_{i}" for i in range(tasks)]
    spec = from_json({"backend": "hf", "model_args": {"pretrained": name, **asked}, "tasks": names})
    return queue.enqueue(store, spec, needs=needs or Needs("hf"), priority=priority).job


def wait_until(is_so: Callable[[], Any], *watched: Process, seconds: float = PATIENCE_S) -> None:
    """Until it is so; an ended process is told with what it said."""
    deadline = time.monotonic() + seconds
    while not is_so():
        for process in watched:
            assert process.is_running(), process.errors()
        assert time.monotonic() < deadline, [process.errors() for process in watched]
        time.sleep(0.02)


def states(store: Store) -> Counter[str]:
    return Counter({state: n for state, n in queue.counts(store).items() if n})


def all_ended(store: Store) -> bool:
    return not {"queued", "running"} & set(states(store))


def left_processes(settings: Settings) -> list[str]:
    """Command lines of children, keepers and their families that are still there."""
    journal_path = str(settings.data_dir / "journal.txt")
    family = {line.pid for line in journal(settings)}
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or ())
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        if journal_path in command or (process.pid in family and "signal" in command):
            found.append(command)
    return found


def assert_nothing_left(settings: Settings) -> None:
    """No orphans, at the latest after the seconds that a keeper takes."""
    wait_until(lambda: not left_processes(settings), seconds=15)


def assert_done_once(store: Store, jobs: list[str]) -> None:
    """Every job has succeeded, every task of it is one run with one source, and none was begun again after its end."""
    found = {job.id: job for job in queue.jobs(store, limit=10_000)}
    other = [found[job] for job in jobs if found[job].state != "succeeded"]
    assert not other, [(job.id, job.state, job.reason, queue.events(store, job.id)) for job in other]
    runs = [task.run for job in jobs for task in found[job].tasks]
    assert None not in runs
    assert len(set(runs)) == len(runs)
    assert {task.state for job in jobs for task in found[job].tasks} == {"succeeded"}
    with store.reading() as connection:
        stored = Counter(connection.execute(select(tables.runs.c.digest)).scalars())
        n_results = connection.execute(select(func.count()).select_from(tables.results)).scalar()
        n_sources = connection.execute(select(func.count()).select_from(tables.sources)).scalar()
    assert stored == Counter(run for run in runs if run is not None)
    assert n_results == n_sources == len(runs)
    ended: set[tuple[str, int]] = set()
    for line in journal(store.settings):
        place = (line.job, line.position)
        assert place not in ended, f"{place} was done and came again"
        if line.kind == "end":
            ended.add(place)


def kill_one(pid: int) -> bool:
    """kill -9 of a process that may have ended; True when it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def folder_of(settings: Settings, job: str) -> Path:
    return settings.data_dir / "jobs" / job
