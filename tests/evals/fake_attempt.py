"""Runs ``fake_child`` behind the interface of ``lib.evals.attempt.Attempt``, on the real leash."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lib.evals.folders import LOG_NAME, is_finished, task_folder
from lib.evals.jobs import Job
from lib.evals.leash import Leash
from lib.evals.outcomes import JobCancelled, JobFailed
from lib.settings import Settings


class Finished(NamedTuple):
    folder: Path
    measured: dict[str, Any]


class FakeAttempt:
    """One child for all tasks of a job, started at the first."""

    def __init__(
        self,
        job: Job,
        *,
        folder: Path,
        settings: Settings,
        on_progress: Callable[[Mapping[str, Any]], None],
        is_wanted: Callable[[], bool],
    ) -> None:
        self._job, self._folder = job, folder
        self._on_progress, self._is_wanted = on_progress, is_wanted
        journal = settings.data_dir / "journal.txt"
        self._leash = Leash(
            [sys.executable, str(Path(__file__).with_name("fake_child.py")), str(journal)],
            env={**os.environ, "WORKER_PID": str(os.getpid())},
            log_path=folder / LOG_NAME,
            grace_s=0.5,
        )
        self._send({"id": job.id, **job.spec.as_json()})
        self._lines = b""

    def run_task(self, position: int) -> Finished:
        task = self._job.tasks[position]
        out = task_folder(self._folder, position)
        self._send({"task": task.task, "position": position, "repeat": task.repeat, "out": str(out)})
        while True:
            event = self._next()
            if not self._is_wanted():
                raise JobCancelled
            if event is None:
                continue
            self._on_progress(event)
            if event["event"] == "failed":
                raise JobFailed(event["message"], is_retryable=event["is_retryable"])
            if event["event"] == "finished":
                assert is_finished(out)
                return Finished(out, {})

    def close(self) -> None:
        self._leash.end()

    def _next(self) -> dict[str, Any] | None:
        """The next event, None when there was none for a moment."""
        while b"\n" not in self._lines:
            if not select.select([self._leash.events], [], [], 0.1)[0]:
                return None
            data = os.read(self._leash.events.fileno(), 65536)
            if not data:
                time.sleep(0.05)
                raise JobFailed(f"the child ended ({self._leash.end()})", is_retryable=True, is_crash=True)
            self._lines += data
        line, self._lines = self._lines.split(b"\n", 1)
        event: dict[str, Any] = json.loads(line)
        return event

    def _send(self, line: dict[str, Any]) -> None:
        try:
            self._leash.stdin.write(json.dumps(line).encode() + b"\n")
        except BrokenPipeError:
            raise JobFailed("the child has ended", is_retryable=True, is_crash=True) from None
