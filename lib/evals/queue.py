"""The queue of jobs, as pages, commands and workers use it. Nobody else knows what keeps it.

What was asked for and what became of it are rows of our own (``lib.store.jobs``), so reading them needs nothing else; DBOS
(``lib.evals.queue_dbos``) is loaded when something is put in, called off, asked again or worked on.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import asdict
from functools import lru_cache
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.evals.jobs import Job, JobEvent, Needs, TaskProgress, Worker
from lib.evals.matching import waits_because as waits_because
from lib.evals.spec import JobSpec, from_json
from lib.evals.states import State, after, may_follow
from lib.store import jobs as stored
from lib.store.clock import now
from lib.store.db import Store
from lib.store.workers import worker_rows

SAME: tuple[State, ...] = ("queued", "running", "succeeded")
"""A job in one of these states makes the same job needless."""
MAX_PRIORITY = 100
KEPT_SPECS = 4_096
"""Specifications that are kept parsed: a page that shows the queue reads the same ones again every second."""


class Enqueued(NamedTuple):
    """The job, and whether it was put in now or was there already."""

    job: Job
    is_new: bool


def enqueue(
    store: Store,
    spec: JobSpec,
    *,
    needs: Needs,
    priority: int = 0,
    estimate: dict[str, Any] | None = None,
    again: bool = False,
    owner: str = "local",
    visibility: str = "public",
) -> Enqueued:
    """Put a job into the queue; it is there, in our tables and in DBOS's, when this returns, or in neither.

    Args:
        store: The store.
        spec: What is asked for; ``lib.evals.validation`` has been asked before.
        needs: What a worker must have.
        priority: Larger goes first, -100 to 100.
        estimate: What was told before the start, kept beside what comes.
        again: Put it in although the same job waits, runs or has succeeded.
        owner: Whose it is.
        visibility: private, workspace or public.

    Raises:
        RefusedInput: If the priority is out of its range.
    """
    from lib.evals import queue_dbos

    if not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise RefusedInput("not a priority", place="priority", expected="-100 to 100", found=priority)
    job = secrets.token_hex(6)
    workflow = f"{job}-1"
    row = {
        "id": job,
        "digest": spec.digest,
        "spec": spec.as_json(),
        "state": "queued",
        "workflow": workflow,
        "priority": priority,
        "needs": asdict(needs),
        "estimate": estimate or {},
        "owner": owner,
        "visibility": visibility,
    }
    names = [(repeat, task) for repeat in range(spec.repeats) for task in spec.tasks]
    tasks = [{"position": i, "task": task, "repeat": repeat} for i, (repeat, task) in enumerate(names)]
    put_in = queue_dbos.putting_in(store, workflow, job)
    there, is_new = stored.add(store, row, tasks, same=() if again else SAME, beside=put_in)
    return Enqueued(job_of_row(stored.row_for_worker(store, there)), is_new)


def jobs(store: Store, *, states: Collection[State] | None = None, limit: int = 200, offset: int = 0) -> list[Job]:
    """Jobs that a reader may see: those at work, those waiting in the order of their turn, then the newest."""
    return [job_of_row(row) for row in stored.rows(store, states=states, limit=limit, offset=offset)]


def job(store: Store, beginning: str) -> Job | None:
    """The job with this id, or the only one whose id begins so; None when there is none, or several."""
    if not beginning or not set(beginning) <= set("0123456789abcdef"):
        return None
    found = stored.rows_of(store, beginning)
    return job_of_row(found[0]) if len(found) == 1 else None


def same(store: Store, spec: JobSpec) -> Job | None:
    """The newest job of the same specification that waits, runs or has succeeded: what ``enqueue`` would answer with."""
    found = stored.rows_of_digest(store, spec.digest, SAME)
    return job_of_row(found[0]) if found else None


def job_named(store: Store, beginning: str) -> Job:
    """The same.

    Raises:
        RefusedInput: If there is none, or several.
    """
    found = job(store, beginning)
    if found is None:
        raise RefusedInput(
            "there is no such job", place="ID", expected="the beginning of one job's id", found=beginning
        )
    return found


def counts(store: Store) -> dict[State, int]:
    """Number of jobs by state, 0 where there are none."""
    found = stored.counts(store)
    return {state: found.get(state, 0) for state in ("queued", "running", "succeeded", "failed", "cancelled")}


def cancel(store: Store, beginning: str, reason: str = "") -> Job:
    """Call a job off. One that waits never runs; one that runs is ended with all its processes within seconds.

    Raises:
        RefusedInput: If there is no such job, or it has ended.
    """
    from lib.evals import queue_dbos

    found = job_named(store, beginning)
    after(found.state, "cancelled")
    values = {"state": "cancelled", "reason": reason, "is_retryable": True, "ended_at": now()}
    open_states = [state for state in ("queued", "running") if may_follow(state, "cancelled")]
    tasks = {"waiting": "cancelled", "running": "cancelled"}
    if not stored.change(
        store,
        found.id,
        states=open_states,
        values=values,
        event="cancelled",
        data={"reason": reason},
        task_states=tasks,
    ):
        raise RefusedInput("the job has ended meanwhile", place="ID", found=found.id)
    # Should this process die here: nobody starts what our own row says is cancelled.
    queue_dbos.call_off(store, stored.workflow_of(store, found.id))
    return job_named(store, found.id)


def retry(store: Store, beginning: str, reason: str = "") -> Job:
    """Ask again for a job that failed or was called off. Finished tasks are kept; it goes on where it stopped.

    Raises:
        RefusedInput: If there is no such job, or it has not failed.
    """
    from lib.evals import queue_dbos

    found = job_named(store, beginning)
    following = after(found.state, "asked again")
    workflow = queue_dbos.next_name(stored.workflow_of(store, found.id))
    values = {
        "state": following,
        "reason": "",
        "is_retryable": False,
        "workflow": workflow,
        "worker": None,
        "takeovers": 0,
        "ended_at": None,
    }
    if not stored.change(
        store,
        found.id,
        states=[found.state],
        values=values,
        event="asked again",
        data={"reason": reason},
        task_states={"failed": "waiting", "cancelled": "waiting", "running": "waiting"},
        beside=queue_dbos.putting_in(store, workflow, found.id),
    ):
        raise RefusedInput("the job has changed meanwhile", place="ID", found=found.id)
    return job_named(store, found.id)


def events(store: Store, beginning: str) -> list[JobEvent]:
    """What happened to a job, in order; empty when there is none."""
    found = job(store, beginning)
    return [] if found is None else [JobEvent(**row) for row in stored.events(store, found.id)]


def log_tail(store: Store, beginning: str) -> str:
    """The last 64 kB of what the child said, from whatever machine it ran on."""
    found = job(store, beginning)
    return "" if found is None else stored.log_tail(store, found.id)


def open_needs(store: Store) -> list[Needs]:
    """What the jobs that wait or run need, whoever's they are; each kind of need once."""
    return [Needs(**needs) for needs in stored.open_needs(store)]


def n_before(store: Store, found: Job) -> int:
    """How many jobs have their turn before a queued one, whichever worker will take them."""
    return stored.n_before(store, found.id)


def workers(store: Store) -> list[Worker]:
    """Processes that take jobs, those heard of last first."""
    return [
        Worker(
            name=row["name"],
            device=row["has"]["device"],
            memory_gib=row["has"]["memory_gib"],
            backends=tuple(row["has"]["backends"]),
            lm_eval_version=row["has"]["lm_eval_version"],
            job=row["job"],
            silent_s=row["silent_s"],
        )
        for row in worker_rows(store)
    ]


def job_of_row(row: stored.Row) -> Job:
    """A job from its stored row."""
    return Job(
        id=row["id"],
        spec=_spec(row["spec"]),
        digest=row["digest"],
        state=row["state"],
        needs=_needs(row["needs"]),
        reason=row["reason"],
        is_retryable=row["is_retryable"],
        priority=row["priority"],
        worker=row["worker"],
        attempt=row["attempt"],
        takeovers=row["takeovers"],
        lm_eval_version=row["lm_eval_version"],
        estimate=json.loads(row["estimate"]),
        created_at=row["created_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        tasks=tuple(_task(task) for task in row["tasks"]),
    )


@lru_cache(maxsize=KEPT_SPECS)
def _spec(text: str) -> JobSpec:
    return from_json(json.loads(text))


@lru_cache(maxsize=KEPT_SPECS)
def _task(columns: tuple[Any, ...]) -> TaskProgress:
    return TaskProgress(*columns)  # the table's order is the record's; a test holds them together


@lru_cache(maxsize=KEPT_SPECS)
def _needs(text: str) -> Needs:
    return Needs(**json.loads(text))
