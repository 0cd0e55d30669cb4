"""A job from its first task to its last, as the workflow that DBOS runs and, after a death, runs again elsewhere.

A task is a step. It is done once: what is finished is known from its row, from the folder with ``DONE`` in it, and from the
step's kept answer, whichever was written last before a worker died; the import in between can be repeated.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lib.errors import PoundForPoundError
from lib.evals.deliver import deliver, measured_in
from lib.evals.desk import Desk, columns_of, tail_of
from lib.evals.folders import LOG_NAME, is_finished, job_folder, task_folder, tidy
from lib.evals.jobs import Job
from lib.evals.outcomes import JobCancelled, JobFailed
from lib.evals.queue import job_of_row
from lib.evals.queue_dbos import Engine
from lib.settings import Settings
from lib.store import jobs as stored
from lib.store import workers
from lib.store.clock import now
from lib.store.db import Connection, Store, patiently
from lib.store.jobs import Hold, holder_of

CRASHES = 3
"""A child that ends without a word is started again, until it has done so as often as this in one task."""
GONE = {"state": "gone"}


class Finished(Protocol):
    """What ``run_task`` answers."""

    folder: Path


class AttemptLike(Protocol):
    """The child that works on a job, as ``lib.evals.attempt.Attempt`` runs it."""

    def run_task(self, position: int) -> Any: ...

    def close(self) -> None: ...


class Bench(NamedTuple):
    """What the workflow works with.

    Args:
        store: The store.
        settings: In force.
        engine: DBOS.
        desk: Where progress goes.
        worker: Name of this process.
        lm_eval_version: Of the interpreter that the child will run in.
        attempt: Makes what runs the child.
        is_stopping: Set when the worker is to end.
        may_return: Set when what was given back may be left.
    """

    store: Store
    settings: Settings
    engine: Engine
    desk: Desk
    worker: str
    lm_eval_version: str | None
    attempt: Callable[..., AttemptLike]
    is_stopping: threading.Event
    may_return: threading.Event


class Evaluating:
    """Runs jobs in a worker process, one at a time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._attempt: AttemptLike | None = None
        self._is_parked = threading.Event()
        self.is_busy = threading.Event()
        self.n_ended = 0
        self.broken = ""

    def wait_for_end(self, seconds: float) -> bool:
        """Until nothing of a job runs here; False when the time is over before."""
        deadline = time.monotonic() + seconds
        while self.is_busy.is_set() and not self._is_parked.wait(0.02):
            if time.monotonic() > deadline:
                return False
        return True

    def evaluate(self, job: str, workflow: str) -> dict[str, Any]:
        """The workflow. Answers how it ended: state, and reason where it failed."""
        self.is_busy.set()
        self.broken = "it ended without saying why"
        try:
            answer = self._evaluate(job, workflow)
            self.broken = ""
            return answer
        finally:
            if self.broken:
                self.broken = traceback.format_exc()
            self._close()
            self._bench.desk.clear()
            self.n_ended += 1
            self.is_busy.clear()

    def _evaluate(self, job: str, workflow: str) -> dict[str, Any]:
        bench = self._bench
        # Not a step: whoever takes the workflow over has to do this again.
        hold = patiently(lambda: workers.take_up(bench.store, job, workflow, bench.worker, bench.lm_eval_version))
        if hold is None:
            return GONE
        folder = job_folder(bench.settings, job)
        folder.mkdir(parents=True, exist_ok=True)
        bench.desk.put(hold, folder)
        outcome: dict[str, Any] = {"state": "succeeded"}
        n_tasks = len(patiently(lambda: self._read(job)).tasks)
        for position in range(n_tasks):
            outcome = bench.engine.step(f"task {position}", partial(self._task, hold, position))
            if outcome["state"] != "succeeded":
                break
        self._close()
        if outcome == GONE:
            return GONE
        reason, is_retryable = outcome.get("reason", ""), outcome.get("is_retryable", False)
        log = tail_of(folder / LOG_NAME)
        is_ours = patiently(
            lambda: workers.finish(bench.store, hold, outcome["state"], reason, is_retryable=is_retryable, log=log)
        )
        if is_ours and outcome["state"] == "succeeded":
            tidy(folder)
        return outcome

    def _task(self, hold: Hold, position: int) -> dict[str, Any]:
        """The step: one task, run unless it is finished, and in the store."""
        try:
            return self._run_and_deliver(hold, position)
        except JobCancelled:
            self._close()
            if self._bench.is_stopping.is_set():
                # The workflow is being given back; an answer now would be kept as that of the step.
                self._is_parked.set()
                self._bench.may_return.wait()
            return GONE
        except JobFailed as failure:
            return {"state": "failed", "reason": failure.reason, "is_retryable": failure.is_retryable}
        except PoundForPoundError as trouble:
            return {"state": "failed", "reason": str(trouble), "is_retryable": True}
        except OSError as error:
            return {"state": "failed", "reason": f"{error.strerror}: {error.filename}", "is_retryable": True}

    def _run_and_deliver(self, hold: Hold, position: int) -> dict[str, Any]:
        bench = self._bench
        job = patiently(lambda: self._read(hold.job))
        task = job.tasks[position]
        if task.state == "succeeded":
            return {"state": "succeeded", "run": task.run}
        begun = {"state": "running", "started_at": task.started_at or now()}
        self._write(hold, lambda connection: stored.set_task(connection, hold.job, position, begun))
        folder = task_folder(job_folder(bench.settings, hold.job), position)
        if not is_finished(folder):
            folder = self._run(job, hold, position).folder
        if not bench.desk.is_wanted():
            raise JobCancelled
        holder = patiently(lambda: holder_of(bench.store, hold.job))
        run = patiently(lambda: deliver(bench.store, folder, bench.settings, job=hold.job, holder=holder))
        done = {
            **columns_of(measured_in(folder)),
            "state": "succeeded",
            "run": run,
            "ended_at": now(),
            "seen_at": now(),
        }

        def write(connection: Connection) -> None:
            stored.set_task(connection, hold.job, position, done)
            stored.note(connection, hold.job, "task finished", {"task": task.task, "position": position, "run": run})

        bench.desk.take_progress()  # older than what was measured at the end
        self._write(hold, write)
        return {"state": "succeeded", "run": run}

    def _run(self, job: Job, hold: Hold, position: int) -> Finished:
        """The child's part, again after a crash: it goes on from the answers that it has kept."""
        bench = self._bench
        for n_crashes in range(1, CRASHES + 1):
            if not bench.desk.is_wanted():
                raise JobCancelled
            bench.desk.begin(position)
            if self._attempt is None:
                self._attempt = bench.attempt(
                    job,
                    folder=job_folder(bench.settings, job.id),
                    settings=bench.settings,
                    on_progress=bench.desk.hear,
                    is_wanted=bench.desk.is_wanted,
                )
            try:
                finished: Finished = self._attempt.run_task(position)
                return finished
            except BrokenPipeError:
                failure = JobFailed("the process that runs lm-eval has ended", is_retryable=True, is_crash=True)
            except JobFailed as failed:
                failure = failed
            self._close()
            if not failure.is_crash or n_crashes == CRASHES:
                raise failure
            data = {"reason": failure.reason, "task": job.tasks[position].task}
            self._write(hold, partial(stored.note, job=job.id, kind="child lost", data=data))
        raise AssertionError("the last round returns or raises")

    def _write(self, hold: Hold, work: Callable[[Connection], None]) -> None:
        """Write about the job.

        Raises:
            JobCancelled: If it is no longer this worker's.
        """
        if not patiently(lambda: workers.write_held(self._bench.store, hold, work)):
            raise JobCancelled

    def _read(self, job: str) -> Job:
        return job_of_row(stored.row_for_worker(self._bench.store, job))

    def _close(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.close()
