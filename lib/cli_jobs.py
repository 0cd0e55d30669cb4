"""`jobs` and `worker`: the queue of evaluations, and a process that works through it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from datetime import UTC, datetime

from lib import formats
from lib.cli_output import put, put_json, put_table, say
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.evals import queue
from lib.evals.beside import nobody_listens
from lib.evals.devices import found_device
from lib.evals.jobs import Job, TaskProgress
from lib.settings import Settings
from lib.store.db import Store

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
ACTIONS = ("show", "cancel", "retry", "log")
IDLE_S = 600.0
"""How long the worker beside the app waits for another job before it leaves; the next one starts it again."""


def add_job_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `jobs`."""
    command.add_argument("action", nargs="?", choices=ACTIONS, metavar="ACTION", help="show, cancel, retry or log")
    command.add_argument("id", nargs="?", metavar="ID", help="the beginning of a job's id")
    command.add_argument("--state", choices=STATES, help="only jobs in this state")
    command.add_argument("--limit", type=int, default=200, metavar="N", help="at most N jobs (200)")
    command.add_argument("--reason", default="", metavar="TEXT", help="why, for `cancel` and `retry`")


def add_worker_arguments(command: argparse.ArgumentParser) -> None:
    """Options of `worker`."""
    command.add_argument("--once", action="store_true", help="end when no job waits that this worker can serve")
    command.add_argument("--device", choices=("cpu", "cuda", "mps"), help="its slot; without it: as found")
    command.add_argument("--memory", type=float, metavar="GIB", help="memory of the device; without it: as found")
    command.add_argument("--name", metavar="NAME", help="beginning of its name in lists")
    command.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)


def jobs(options: argparse.Namespace, settings: Settings) -> int:
    """`jobs [--state S] [--json]`, `jobs show|cancel|retry|log ID`."""
    if options.action is not None and not options.id:
        raise RefusedInput("no job named", place="--", expected=f"jobs {options.action} ID")
    store = operators_store(settings)
    try:
        if options.action is None:
            _list(store, options)
        elif options.action == "log":
            _log(store, options)
        else:
            change = {"show": _same, "cancel": queue.cancel, "retry": queue.retry}[options.action]
            _show(store, change(store, options.id, options.reason), options)
    finally:
        store.close()
    return 0


def worker(options: argparse.Namespace, settings: Settings) -> int:
    """`worker`: take jobs until told to stop, or with `--once` until none waits. Does not return: DBOS's threads stay."""
    # Loaded here: it brings DBOS, which no other command needs at its start.
    from lib.evals.worker import COUNTED_AS_DEAD, run_worker

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("p4p.worker").setLevel(logging.INFO)
    status = run_worker(
        settings,
        once=options.once,
        device=options.device or found_device(),
        memory_gib=options.memory,
        name=options.name,
        idle_s=IDLE_S if options.beside else None,
        is_over=nobody_listens if options.beside else lambda: False,
    )
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if status == COUNTED_AS_DEAD:
        say("this worker had been silent for so long that others took its job; it starts anew")
        os.execv(sys.executable, [sys.executable, "-m", "lib", *sys.argv[1:]])
    os._exit(status)


def _same(store: Store, beginning: str, reason: str) -> Job:
    return queue.job_named(store, beginning)


def _list(store: Store, options: argparse.Namespace) -> None:
    states = None if options.state is None else [options.state]
    found = queue.jobs(store, states=states, limit=options.limit)
    if options.json:
        put_json({"jobs": [one.as_json() for one in found], "counts": queue.counts(store)})
        return
    if not found:
        put("no jobs" if options.state is None else f"no jobs in the state {options.state}")
        return
    workers = queue.workers(store)
    rows = [
        (
            one.id,
            one.state,
            one.spec.model,
            ", ".join(one.spec.tasks),
            _progress(one),
            queue.waits_because(one, workers) or one.reason,
        )
        for one in found
    ]
    put_table(("id", "state", "model", "tasks", "done", "note"), rows)


def _show(store: Store, found: Job, options: argparse.Namespace) -> None:
    events = queue.events(store, found.id)
    if options.json:
        told = [{"at": event.at, "kind": event.kind, "data": event.data} for event in events]
        put_json({"job": found.as_json(), "events": told})
        return
    put(f"job {found.id}: {found.state}" + (f" ({found.reason})" if found.reason else ""))
    put(f"{found.spec.backend}: {found.spec.model}")
    if found.state == "queued":
        before = queue.n_before(store, found)
        put(f"waits: {queue.waits_because(found, queue.workers(store), before)}")
    put_table(
        ("task", "state", "requests", "seconds", "tokens in", "tokens out", "run"),
        [_task_row(task) for task in found.tasks],
    )
    for event in events:
        words = ", ".join(f"{name} {str(value)[:60]}" for name, value in event.data.items() if value != "")
        put(f"{event.at}  {event.kind}" + (f": {words}" if words else ""))


def _log(store: Store, options: argparse.Namespace) -> None:
    found = queue.job_named(store, options.id)
    text = queue.log_tail(store, found.id)
    if options.json:
        put_json({"job": found.id, "log": text})
        return
    for line in text.splitlines():
        put(line)


def _task_row(task: TaskProgress) -> tuple[str, ...]:
    total = "?" if task.n_requests is None else formats.count(task.n_requests)
    counted = (task.tokens_in, task.tokens_out)
    return (
        task.task + (f" (repeat {task.repeat + 1})" if task.repeat else ""),
        task.state,
        f"{formats.count(task.n_done)}/{total}",
        _seconds(task),
        *("" if n is None else formats.count(n) for n in counted),
        (task.run or "")[:12],
    )


def _seconds(task: TaskProgress) -> str:
    if task.seconds is not None:
        return f"{task.seconds:.1f}"
    if task.state != "running" or task.started_at is None:
        return ""
    began = datetime.fromisoformat(task.started_at)
    return f"{(datetime.now(UTC) - began).total_seconds():.0f} so far"


def _progress(found: Job) -> str:
    done = sum(task.state == "succeeded" for task in found.tasks)
    running = next((task for task in found.tasks if task.state == "running" and task.n_requests), None)
    part = "" if running is None or running.n_requests is None else f" + {100 * running.n_done // running.n_requests}%"
    return f"{done}/{len(found.tasks)}{part}"
