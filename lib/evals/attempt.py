"""One attempt at a job: the child that runs lm-eval, fed task by task, and its end put into words."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from lib.evals.backends import backend_of
from lib.evals.backends.contract import with_defaults
from lib.evals.child_environment import environment, is_offline_enough
from lib.evals.folders import LOG_NAME, is_finished, task_folder
from lib.evals.jobs import Job
from lib.evals.leash import Leash
from lib.evals.outcomes import JobCancelled, JobFailed
from lib.evals.task_list import task_list
from lib.settings import ROOT, Settings

PROGRAM = ROOT / "lib" / "evals" / "child"
SILENCE_S = 1800.0
LOOK_S = 0.25
KEPT = "kept"
OOM_COUNTER = Path("/sys/fs/cgroup/memory.events")


class Finished(NamedTuple):
    """A task whose results are on disk: the folder to import, and what it took (unknown things are missing)."""

    folder: Path
    measured: dict[str, Any]


def built_in(task: str, folder: Path) -> dict[str, Any] | None:
    """Nothing of our own: the task is one of lm-eval's."""
    return None


class Attempt:
    """The child of a job, started with the first task; the model is loaded once.

    Args:
        job: With its specification and tasks.
        folder: The job's own; log, kept answers and results go there. The same folder in the next attempt goes on from it.
        settings: In force.
        on_progress: Told every event of the child (``lib.evals.child.events``).
        is_wanted: Asked several times a second; when it says no, the child is ended.
        config_of: Name of a task and the folder for its data -> settings of a task of ours, or None for lm-eval's own.
        env: The worker's environment, of which the child gets what it needs.
        silence_s: A child that has told nothing and logged nothing for so long hangs.
        device: Where the job does not say one; None: what the job needs.
    """

    def __init__(
        self,
        job: Job,
        *,
        folder: Path,
        settings: Settings,
        on_progress: Callable[[Mapping[str, Any]], None],
        is_wanted: Callable[[], bool],
        config_of: Callable[[str, Path], dict[str, Any] | None] = built_in,
        env: Mapping[str, str] | None = None,
        silence_s: float = SILENCE_S,
        device: str | None = None,
    ) -> None:
        self._job = job
        self._backend = backend_of(job.spec)
        self._spec = with_defaults(job.spec, self._backend)
        self._folder = folder.resolve()
        self._settings = settings
        self._on_progress = on_progress
        self._is_wanted = is_wanted
        self._config_of = config_of
        self._env = os.environ if env is None else env
        self._silence_s = silence_s
        self._device = device or job.needs.device
        self._leash: Leash | None = None
        self._lines: list[dict[str, Any]] = []
        self._buffer = b""
        self._heard_at = 0.0
        self._n_killed = 0

    @property
    def log_path(self) -> Path:
        """What lm-eval wrote, attempts before included."""
        return self._folder / LOG_NAME

    def run_task(self, position: int) -> Finished:
        """Run one task to its end, or find that it had ended before.

        Raises:
            JobFailed: With the reason.
            JobCancelled: If the job is no longer wanted; the child has been ended.
        """
        task = self._job.tasks[position]
        out = task_folder(self._folder, position)
        if not is_finished(out):
            if not self._is_wanted():
                raise JobCancelled
            if self._leash is None:
                self._start()
            self._say(self._lines[position])
            self._follow(position)
        return Finished(out, _measured(out, task.task))

    def close(self) -> None:
        """End the child with everything below it. Harmless when called again."""
        leash, self._leash = self._leash, None
        if leash is not None:
            leash.end()

    def _start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lines = [self._line(position) for position in range(len(self._job.tasks))]
        env = environment(self._spec, self._backend, self._settings, self._env)
        if is_offline_enough(self._spec, self._lines):
            env |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
        self._n_killed = _killed_for_memory()
        self._buffer, self._heard_at = b"", time.monotonic()
        command = [self._settings.eval_python, str(PROGRAM)]
        self._leash = Leash(command, env=env, log_path=self.log_path, cwd=self._folder)
        self._say(self._described())

    def _described(self) -> dict[str, Any]:
        """The job as the child reads it."""
        spec, price = self._spec, self._job.estimate.get("usd_per_million")
        is_local = not self._backend.is_remote
        return {
            **replace(spec, device=spec.device or (self._device if is_local else None)).as_json(),
            "set_up": self._backend.child_setup,
            "model_class": self._backend.model_class,
            "allows_remote_code": self._settings.allow_remote_code,
            "public_only": self._settings.is_shared and self._backend.is_remote,
            "usd_per_million": price if isinstance(price, list) and len(price) == 2 else None,
        }

    def _line(self, position: int) -> dict[str, Any]:
        """A task as the child reads it."""
        task = self._job.tasks[position]
        config = self._config_of(task.task, self._folder / "data")
        known = None if config else task_list().task(task.task)
        return {
            "task": task.task,
            "position": position,
            "repeat": task.repeat,
            "config": config,
            "yaml": known.path if known is not None and known.kind in ("task", "code") else None,
            "out": str(task_folder(self._folder, position)),
            "kept": str(self._folder / KEPT / f"{position}.jsonl"),
        }

    def _say(self, line: Mapping[str, Any]) -> None:
        assert self._leash is not None
        try:
            self._leash.stdin.write(json.dumps(line).encode() + b"\n")
        except BrokenPipeError:
            return  # it has ended; its last words and its status tell why

    def _follow(self, position: int) -> None:
        """Until the task at hand is finished."""
        for event in self._events():
            if self._job.tasks[position].task == event.get("task") and event["event"] in ("finished", "kept"):
                self._on_progress(event)
                return
            self._on_progress(event)
            if event["event"] == "failed":
                self.close()
                raise JobFailed(str(event["message"]), is_retryable=bool(event["is_retryable"]))
        raise self._lost()

    def _events(self) -> Iterator[dict[str, Any]]:
        """What the child tells, until it has ended.

        Raises:
            JobCancelled: If nobody wants the job any more.
            JobFailed: If it hangs.
        """
        assert self._leash is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._leash.events, selectors.EVENT_READ)
            while True:
                if not self._is_wanted():
                    self.close()
                    raise JobCancelled
                if selector.select(LOOK_S):
                    chunk = os.read(self._leash.events.fileno(), 65_536)
                    if not chunk:
                        return
                    yield from self._whole_lines(chunk)
                elif self._is_silent():
                    self.close()
                    minutes = self._silence_s / 60
                    reason = f"it hung: nothing was heard of it for {minutes:.0f} minutes"
                    raise JobFailed(reason, is_retryable=True)

    def _whole_lines(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        self._heard_at = time.monotonic()
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)

    def _is_silent(self) -> bool:
        """No event and no line of the log (which shows downloads) for too long."""
        if time.monotonic() - self._heard_at < self._silence_s:
            return False
        try:
            quiet = time.time() - self.log_path.stat().st_mtime
        except FileNotFoundError:
            return True
        return quiet >= self._silence_s

    def _lost(self) -> JobFailed:
        """Why a child ended without a word."""
        assert self._leash is not None
        try:
            status: int | None = self._leash.wait(5.0)
        except subprocess.TimeoutExpired:
            status = None
        self.close()
        if _killed_for_memory() > self._n_killed:
            return JobFailed(OUT_OF_MEMORY.format("The system's memory guard ended lm-eval"), is_retryable=True)
        if status == -signal.SIGKILL:
            reason = OUT_OF_MEMORY.format("lm-eval was killed (signal 9) and not by us")
            return JobFailed(reason, is_retryable=True, is_crash=True)
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            return JobFailed(f"lm-eval was ended by {name}; the log may say why", is_retryable=True, is_crash=True)
        return JobFailed(f"lm-eval ended without a word (status {status}); the log may say why", is_crash=True)


OUT_OF_MEMORY = "{}: most likely the machine ran out of memory. A smaller batch size or model needs less."


def _killed_for_memory() -> int:
    """How often the system has killed something of ours for want of memory; 0 where it does not say."""
    try:
        lines = OOM_COUNTER.read_text().split("\n")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _measured(folder: Path, task: str) -> dict[str, Any]:
    told = json.loads((folder / "DONE").read_text(encoding="utf-8"))
    measured: dict[str, Any] = told["measured"].get(task, {})
    return measured
