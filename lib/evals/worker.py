"""A worker: a process with one device slot. It takes one job after the other, tells of them, and buries workers that died."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lib.evals import devices, matching
from lib.evals.attempt import Attempt
from lib.evals.backends import backends
from lib.evals.desk import Desk
from lib.evals.devices import Device
from lib.evals.evaluating import AttemptLike, Bench, Evaluating
from lib.evals.identity import has_ended, this_process
from lib.evals.interpreter import versions
from lib.evals.own_tasks import configuration_of
from lib.evals.queue_dbos import Engine, next_name, putting_in
from lib.evals.states import MAX_TAKEOVERS
from lib.settings import Settings
from lib.store import workers
from lib.store.db import DatabaseError, Store, is_lost, open_store, patiently
from lib.store.jobs import Hold

CANDIDATES = 2_000
"""Waiting jobs that a worker looks through for one that it can serve."""
COUNTED_AS_DEAD = 3
LOOK_FOR_END_S = 0.1
START_S = 15.0
"""A claimed job that has not begun by then is moved again."""
log = logging.getLogger("p4p.worker")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds between what a worker does; tests make them shorter.

    Args:
        beat_s: Between signs of life, which carry the progress.
        look_s: Between looks for a job while idle, and into the own queue.
        silence_s: After which another worker counts as dead.
        log_s: Between two writings of a log that grows.
        end_s: That a child is given to end when the worker is stopped.
    """

    beat_s: float = 1.0
    look_s: float = 0.5
    silence_s: float = matching.SILENT_S
    log_s: float = 3.0
    end_s: float = 20.0


def run_worker(
    settings: Settings,
    *,
    once: bool = False,
    device: Device = "cpu",
    memory_gib: float | None = None,
    name: str | None = None,
    attempt: Callable[..., AttemptLike] | None = None,
    has: Mapping[str, Any] | None = None,
    timing: Timing | None = None,
    idle_s: float | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> int:
    """Take jobs until told to stop (SIGTERM, SIGINT), or, with ``once``, until none waits that this worker can serve.

    Args:
        settings: In force.
        once: End when idle.
        device: cpu, cuda or mps: what the slot is.
        memory_gib: Of that device; None: as the machine says.
        name: Beginning of its name.
        attempt: What runs a job's child; None: ``lib.evals.attempt.Attempt``.
        has: Backends and version of lm-eval, where they need not be asked of the interpreter.
        timing: For tests.
        idle_s: End after so many seconds without a job.
        is_over: Asked now and then: whether to stop (the process that this one belongs to has gone).

    Returns:
        0; 3 if it counted as dead (it had been stopped for long) and left its job to another. DBOS's threads stay, so the
        process has to end by ``os._exit``.
    """
    store = open_store(settings)
    try:
        described = describe(settings, device=device, memory_gib=memory_gib, has=has)
        ours = partial(Attempt, config_of=partial(configuration_of, store, settings))
        worker = Worker(store, name or device, described, timing or Timing(), attempt or ours)
        with worker.stopping_at_signals():
            return worker.run(idle_s=0.0 if once else idle_s, is_over=is_over)
    finally:
        store.close()


class Worker:
    """One process's loop. Its own thread talks to the store; the job runs in one of DBOS's threads."""

    def __init__(
        self, store: Store, name: str, has: Mapping[str, Any], timing: Timing, attempt: Callable[..., AttemptLike]
    ) -> None:
        self.name = f"{name}-{secrets.token_hex(4)}"
        self._store, self._has, self._timing = store, has, timing
        self._stop = threading.Event()
        self._may_return = threading.Event()
        self._desk = Desk()
        self._engine = Engine(store, self.name, timing.look_s)
        bench = Bench(
            store=store,
            settings=store.settings,
            engine=self._engine,
            desk=self._desk,
            worker=self.name,
            lm_eval_version=has.get("lm_eval_version"),
            attempt=attempt,
            is_stopping=self._stop,
            may_return=self._may_return,
        )
        self._job = Evaluating(bench)
        self._claimed: workers.Claim | None = None
        self._claimed_at = 0.0
        self._n_ended = 0
        self._log_at = 0.0
        self._others: dict[str, tuple[float, float]] = {}

    def stopping_at_signals(self) -> _Signals:
        """While this is open, SIGTERM and SIGINT end the loop."""
        return _Signals(self._stop)

    def run(self, *, idle_s: float | None, is_over: Callable[[], bool]) -> int:
        """The loop; see ``run_worker``."""
        patiently(lambda: workers.start_worker(self._store, self.name, self._has), is_over=self._stop.is_set)
        self._engine.start(self._job.evaluate)
        log.info("worker %s takes jobs", self.name)
        beat_at, is_ours, idle_since = 0.0, True, time.monotonic()
        while is_ours and not self._stop.is_set() and not is_over():
            try:
                if time.monotonic() >= beat_at:
                    beat_at = time.monotonic() + self._timing.beat_s
                    is_ours = self._beat()
                if not is_ours or not self._is_idle() or self._claim():
                    idle_since = time.monotonic()
                elif idle_s is not None and time.monotonic() - idle_since >= idle_s:
                    break
            except DatabaseError as error:
                if not is_lost(error):
                    raise
                log.warning("the database does not answer; trying again")
            self._wait()
        self._end(is_ours=is_ours)
        return 0 if is_ours else COUNTED_AS_DEAD

    def _wait(self) -> None:
        """Until the next thing may have to be done: the end of a job is looked for more often than a new one."""
        self._stop.wait(self._timing.look_s if self._claimed is None else min(LOOK_FOR_END_S, self._timing.look_s))

    def _is_idle(self) -> bool:
        if self._claimed is not None and self._job.n_ended > self._n_ended:
            self._claimed = None
        return self._claimed is None and not self._job.is_busy.is_set()

    def _claim(self) -> bool:
        """Take the next job that this worker can serve, if there is one."""
        claimed = workers.claim(self._store, self.name, lambda rows: matching.choose(rows, self._has), limit=CANDIDATES)
        if claimed is None:
            return False
        self._claimed, self._claimed_at, self._n_ended = claimed, time.monotonic(), self._job.n_ended
        self._start(claimed)
        return True

    def _start(self, claimed: workers.Claim) -> None:
        """Have DBOS run the workflow here; one that ended while its job did not gets a successor."""
        workflow = claimed.workflow
        if self._engine.has_ended(workflow):
            workflow = next_name(workflow)
            beside = putting_in(self._store, workflow, claimed.job)
            if not workers.succeed(self._store, claimed, self.name, workflow, beside):
                return
        self._engine.take(workflow)

    def _beat(self) -> bool:
        """Give a sign of life with the progress, look after the job and the other workers; False: this one was buried."""
        hold = self._desk.hold
        text = None
        if time.monotonic() >= self._log_at:
            self._log_at = time.monotonic() + self._timing.log_s
            text = self._desk.take_log()
        heard = workers.beat(
            self._store,
            self.name,
            is_idle=self._claimed is None,
            hold=hold,
            tasks=self._desk.take_progress(),
            log=text,
        )
        if not heard.is_known:
            return False
        # What was heard is older than a job that has begun since; it can only tell about the one that was here before.
        if hold is not None and (heard.job, heard.state, heard.attempt) != (hold.job, "running", hold.attempt):
            self._desk.drop(hold)
        if heard.job is not None and heard.workflow is not None and not self._job.is_busy.is_set():
            self._mend(heard.job, heard.workflow, heard.state, heard.attempt or 0)
        self._bury_the_dead()
        return True

    def _mend(self, job: str, workflow: str, state: str | None, attempt: int) -> None:
        """The job is this worker's, but nothing runs here: it has not begun, or broke off."""
        if state == "running" and self._job.broken:
            log.error("job %s broke off\n%s", job, self._job.broken)
            reason = "an error in the worker itself; its log says more"
            workers.finish(self._store, Hold(job, self.name, attempt), "failed", reason, is_retryable=True)
        elif state == "queued" and time.monotonic() - self._claimed_at > START_S:
            self._claimed, self._claimed_at = workers.Claim(job, workflow), time.monotonic()
            self._n_ended = self._job.n_ended
            self._start(self._claimed)

    def _bury_the_dead(self) -> None:
        """Give the jobs of workers back that have ended or not been heard of for long.

        Silence is counted while this process watches, by its own clock: after a machine has slept, everybody has been
        silent for long and nobody is dead.
        """
        now_s = time.monotonic()
        rows = [row for row in workers.worker_rows(self._store) if row["name"] != self.name]
        self._others = {
            row["name"]: known
            if (known := self._others.get(row["name"], (-1.0, 0.0)))[0] == row["seen_at"]
            else (row["seen_at"], now_s)
            for row in rows
        }
        for row in rows:
            seen_at, since = self._others[row["name"]]
            if now_s - since <= self._timing.silence_s and not has_ended(row["has"].get("process", {})):
                continue
            lost = workers.bury(self._store, row["name"], seen_at, limit=MAX_TAKEOVERS)
            for job in lost or ():
                log.warning("worker %s is gone; its job %s is %s", row["name"], job.job, job.state)
                if job.state == "failed":
                    self._engine.call_off(job.workflow)
            self._engine.forget(row["name"])

    def _end(self, *, is_ours: bool) -> None:
        """Leave no child behind, and the job, if it is still this worker's, in the queue."""
        self._stop.set()
        self._desk.drop()
        if not self._job.wait_for_end(self._timing.end_s):
            log.error("the child of %s did not end", self._desk.hold)
        lost = workers.bury(self._store, self.name, None, limit=MAX_TAKEOVERS, is_orderly=True) if is_ours else None
        for job in lost or ():
            self._engine.hold(job.workflow)
        self._may_return.set()
        self._engine.stop()
        log.info("worker %s has ended", self.name)


class _Signals:
    """Turns SIGTERM and SIGINT into the order to stop; a second one ends the process at once."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._obey)

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _obey(self, *_: object) -> None:
        if self._stop.is_set():
            os._exit(1)  # the keeper ends the child, another worker takes the job
        self._stop.set()


def describe(
    settings: Settings, *, device: Device, memory_gib: float | None, has: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What this worker has: device, memory_gib, backends, lm_eval_version, process.

    Raises:
        Unavailable: If the interpreter of lm-eval cannot be run.
    """
    found = has
    if found is None:
        installed = versions(settings.eval_python)
        known = [name for name, backend in backends().items() if not backend.missing_packages(installed)]
        found = {"backends": known, "lm_eval_version": installed["lm_eval"]}
    memory = devices.memory_gib(device) if memory_gib is None else memory_gib
    return {"device": device, "memory_gib": memory, **found, "process": this_process()}
