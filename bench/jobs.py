"""The queue: a thousand waiting jobs listed and claimed, and what telling of progress costs a worker."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from bench.report import Line
from lib.evals import matching, queue
from lib.evals.jobs import Needs
from lib.evals.spec import from_json
from lib.settings import ROOT, read_settings
from lib.store import workers
from lib.store.db import Store, open_store
from lib.store.jobs import Hold

N_FEW = 20
N_JOBS = 1_000
TIMES = 15
LIST_AND_CLAIM_S = 0.05
SHARE_OF_PROGRESS = 0.01
BEATS = 100
WATCHED_S = 10.0
HAS: dict[str, Any] = {"device": "cpu", "memory_gib": 16.0, "backends": ["hf"], "lm_eval_version": None, "process": {}}


def measure() -> list[Line]:
    """Figures of a store on SQLite, in seconds."""
    with tempfile.TemporaryDirectory(prefix="p4p-bench-jobs-") as folder:
        store = open_store(read_settings({"P4P_DATA_DIR": folder, "P4P_FILL": "0"}))
        few = _put_in(store, N_FEW, "few")
        listed_few, claimed_few = _list(store), _claim(store, "few")
        many = _put_in(store, N_JOBS, "many")
        listed, claimed = _list(store), _claim(store, "many")
        progress = _cpu_of_beats(store)
        store.close()
        idle = _idle_worker(Path(folder))
    return [
        Line(f"list {N_JOBS:,} waiting jobs with their tasks  [20 jobs]", listed, listed_few, most=LIST_AND_CLAIM_S),
        Line(f"claim one of {N_JOBS:,} waiting jobs  [of 20]", claimed, claimed_few, most=LIST_AND_CLAIM_S),
        Line("put a job in, in both tables  [the first 20]", many, few),
        Line("CPU of a second's sign of life with progress and log  [one second]", progress, 1.0, SHARE_OF_PROGRESS),
        Line("CPU of an idle worker in a second  [one second]", idle, 1.0),
    ]


def _put_in(store: Store, count: int, name: str) -> float:
    """Seconds for each."""
    start = time.perf_counter()
    for number in range(count):
        spec = from_json({"backend": "hf", "model_args": {"pretrained": f"{name}-{number}"}, "tasks": ["a", "b", "c"]})
        queue.enqueue(store, spec, needs=Needs("hf"), priority=number % 3)
    return (time.perf_counter() - start) / count


def _list(store: Store) -> float:
    return _middle(lambda: queue.jobs(store, states=["queued"], limit=N_JOBS))


def _claim(store: Store, name: str) -> float:
    """Each by a worker of its own, since a worker claims one at a time."""
    names = [f"{name}-{number}" for number in range(TIMES)]
    for worker in names:
        workers.start_worker(store, worker, HAS)
    return _middle(lambda: workers.claim(store, names.pop(), lambda rows: matching.choose(rows, HAS), limit=2 * N_JOBS))


def _cpu_of_beats(store: Store) -> float:
    """CPU seconds of this process for a sign of life with five columns of progress and a log of 64 kB."""
    claimed = _claimed(store)
    hold = workers.take_up(store, claimed.job, claimed.workflow, "beating", None)
    assert hold is not None
    start = time.process_time()
    for number in range(BEATS):
        _beat(store, hold, number)
    return (time.process_time() - start) / BEATS


def _claimed(store: Store) -> workers.Claim:
    workers.start_worker(store, "beating", HAS)
    claimed = workers.claim(store, "beating", lambda rows: matching.choose(rows, HAS), limit=2 * N_JOBS)
    assert claimed is not None
    return claimed


def _beat(store: Store, hold: Hold, number: int) -> None:
    told = {"n_done": number, "n_requests": BEATS, "tokens_in": 7 * number, "tokens_out": number, "n_empty": 0}
    text = "x" * 64_000 if number % 3 == 0 else None  # a log is carried every third time at most
    heard = workers.beat(store, hold.worker, is_idle=False, hold=hold, tasks={0: told}, log=text)
    assert heard.job == hold.job


def _idle_worker(folder: Path) -> float:
    environment = {**os.environ, "P4P_DATA_DIR": str(folder / "idle"), "P4P_DATABASE_URL": "", "P4P_FILL": "0"}
    command = [sys.executable, "-m", "lib", "worker", "--device", "cpu"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            time.sleep(WATCHED_S)  # its start is over by then
            watched = psutil.Process(process.pid)
            before = watched.cpu_times()
            time.sleep(WATCHED_S)
            after = watched.cpu_times()
        finally:
            process.terminate()
            process.wait()
    return (after.user + after.system - before.user - before.system) / WATCHED_S


def _middle(work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(TIMES):
        start = time.perf_counter()
        assert work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
