"""Workers and what they do with jobs: signs of life, claims, progress, and what is left of a worker that died."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Float, cast, delete, func, insert, select, text, update

from lib.store import job_tables as t
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.jobs import Hold, Row, held, note, set_task, turn_tasks

LOST_TASK = {"running": "waiting"}


def worker_rows(store: Store) -> list[Row]:
    """name, has, job, started_at, silent_s of each worker, those heard of last first."""
    with store.reading() as connection:
        clock = _clock(connection)
        rows = connection.execute(select(t.workers).order_by(t.workers.c.seen_at.desc(), t.workers.c.name)).all()
    return [{**row._asdict(), "silent_s": max(0.0, clock - row.seen_at)} for row in rows]


def start_worker(store: Store, name: str, has: Mapping[str, Any]) -> None:
    """A worker is there."""

    def work(writing: Writing) -> None:
        clock = _clock(writing.connection)
        values = {"name": name, "has": dict(has), "started_at": now(), "seen_at": clock}
        writing.connection.execute(insert(t.workers).values(**values))

    store.write(work)


def waiting(connection: Connection, limit: int) -> Sequence[Any]:
    """id, workflow and needs of jobs that wait and nobody has claimed, in the order of their turn; all owners'."""
    j = t.jobs.c
    query = select(j.id, j.workflow, j.needs, j.priority).where(j.state == "queued", j.worker.is_(None))
    return connection.execute(query.order_by(j.priority.desc(), j.turn).limit(limit)).all()


class Claim(NamedTuple):
    """A job that waits and is now this worker's to start."""

    job: str
    workflow: str


def claim(store: Store, worker: str, choose: Callable[[Sequence[Any]], Any | None], limit: int) -> Claim | None:
    """Make one waiting job this worker's; None when there is none that it chooses, or the worker counts as dead.

    Args:
        store: The store.
        worker: Its name.
        choose: Given the jobs that wait, in order, answers one of them or None.
        limit: How many of them it is given.
    """
    with store.reading() as connection:  # most looks find nothing, and a look should not make writers wait
        if not waiting(connection, 1):
            return None

    def work(writing: Writing) -> Claim | None:
        connection = writing.connection
        chosen = choose(waiting(connection, limit))
        known = connection.execute(select(t.workers.c.name).where(t.workers.c.name == worker)).scalar()
        busy = select(t.jobs.c.id).where(t.jobs.c.worker == worker, t.jobs.c.state.in_(("queued", "running")))
        if chosen is None or known is None or connection.execute(busy).first() is not None:
            return None
        connection.execute(update(t.jobs).where(t.jobs.c.id == chosen.id).values(worker=worker))
        connection.execute(update(t.workers).where(t.workers.c.name == worker).values(job=chosen.id))
        return Claim(chosen.id, chosen.workflow)

    return store.write(work)


def succeed(store: Store, claimed: Claim, worker: str, workflow: str, beside: Callable[[Connection], None]) -> bool:
    """Put another workflow in the place of a claimed job's; False when the job is not this worker's any more."""

    def work(writing: Writing) -> bool:
        j = t.jobs.c
        mine = (j.id == claimed.job, j.workflow == claimed.workflow, j.worker == worker, j.state == "queued")
        if not writing.connection.execute(update(t.jobs).where(*mine).values(workflow=workflow)).rowcount:
            return False
        beside(writing.connection)
        return True

    return store.write(work)


def take_up(store: Store, job: str, workflow: str, worker: str, lm_eval_version: str | None) -> Hold | None:
    """Begin an attempt at a claimed job; None when it is not this worker's, was called off, or was asked again since."""

    def work(writing: Writing) -> Hold | None:
        connection, j = writing.connection, t.jobs.c
        mine = (j.id == job, j.workflow == workflow, j.worker == worker, j.state.in_(("queued", "running")))
        row = connection.execute(select(j.attempt, j.started_at).where(*mine)).first()
        if row is None:
            return None
        attempt = row.attempt + 1
        connection.execute(
            update(t.jobs)
            .where(j.id == job)
            .values(
                state="running",
                attempt=attempt,
                started_at=row.started_at or now(),
                lm_eval_version=lm_eval_version,
                reason="",
            )
        )
        note(connection, job, "taken up", {"worker": worker, "attempt": attempt})
        return Hold(job, worker, attempt)

    return store.write(work)


def write_held(store: Store, hold: Hold, work: Callable[[Connection], None]) -> bool:
    """Write about a job while holding it; False, and nothing written, when it is no longer this worker's."""

    def guarded(writing: Writing) -> bool:
        if not held(writing.connection, hold):
            return False
        work(writing.connection)
        return True

    return store.write(guarded)


def finish(store: Store, hold: Hold, state: str, reason: str, *, is_retryable: bool, log: str | None = None) -> bool:
    """End a job as its worker; False when it is no longer its own."""

    def work(connection: Connection) -> None:
        values = {"state": state, "reason": reason, "is_retryable": is_retryable, "ended_at": now()}
        if log is not None:
            values["log_tail"] = log
        connection.execute(update(t.jobs).where(t.jobs.c.id == hold.job).values(**values))
        turn_tasks(connection, hold.job, {"running": "failed" if state == "failed" else "waiting"})
        note(connection, hold.job, state, {"reason": reason} if reason else {})
        connection.execute(update(t.workers).where(t.workers.c.name == hold.worker).values(job=None))

    return write_held(store, hold, work)


class Beat(NamedTuple):
    """What a worker hears back: whether it still counts as alive, and what its job's row says (None: it has none)."""

    is_known: bool
    job: str | None
    workflow: str | None
    state: str | None
    attempt: int | None


def beat(
    store: Store,
    worker: str,
    *,
    is_idle: bool,
    hold: Hold | None = None,
    tasks: Mapping[int, Mapping[str, Any]] | None = None,
    log: str | None = None,
) -> Beat:
    """A sign of life, and with it the progress of the job: one transaction, at most one a second.

    Args:
        store: The store.
        worker: Its name.
        is_idle: Whether nothing of a job runs here.
        hold: The job at work.
        tasks: Columns of its tasks to set, by position; written only while the job is held.
        log: New tail of its log, None when it has not grown.
    """

    def work(writing: Writing) -> Beat:
        connection, w, j = writing.connection, t.workers.c, t.jobs.c
        clock = _clock(connection)
        seen = connection.execute(update(t.workers).where(w.name == worker).values(seen_at=clock))
        if hold is not None and (tasks or log is not None) and held(connection, hold):
            for position, values in (tasks or {}).items():
                set_task(connection, hold.job, position, values)
            if log is not None:
                connection.execute(update(t.jobs).where(j.id == hold.job).values(log_tail=log))
        mine = select(j.id, j.workflow, j.state, j.attempt).where(
            j.worker == worker, j.state.in_(("queued", "running"))
        )
        row = connection.execute(mine).first()
        if row is None and is_idle:
            connection.execute(update(t.workers).where(w.name == worker, w.job.is_not(None)).values(job=None))
        return Beat(bool(seen.rowcount), *(row or (None, None, None, None)))

    return store.write(work)


class Lost(NamedTuple):
    """A job that a worker left behind: where it stands now."""

    job: str
    workflow: str
    state: str


def bury(
    store: Store, worker: str, seen_at: float | None, *, limit: int, is_orderly: bool = False
) -> list[Lost] | None:
    """Take a worker off the list and give its job back to the queue.

    Args:
        store: The store.
        worker: Its name.
        seen_at: Its last sign of life, as it was when it was judged; None: whatever it is.
        limit: A job that has cost so many workers their life fails.
        is_orderly: It stopped because it was told to: that is not held against the job.

    Returns:
        Its jobs; None when it has given a sign of life since, or is gone already.
    """

    def work(writing: Writing) -> list[Lost] | None:
        connection, w, j = writing.connection, t.workers.c, t.jobs.c
        gone = delete(t.workers).where(w.name == worker)
        if seen_at is not None:
            gone = gone.where(w.seen_at == seen_at)
        if not connection.execute(gone).rowcount:
            return None
        left = select(j.id, j.workflow, j.state, j.takeovers).where(
            j.worker == worker, j.state.in_(("queued", "running"))
        )
        return [_give_back(connection, row, worker, limit, is_orderly) for row in connection.execute(left).all()]

    return store.write(work)


def _give_back(connection: Connection, row: Any, worker: str, limit: int, is_orderly: bool) -> Lost:
    values: dict[str, Any] = {"state": "queued", "worker": None}
    takeovers = row.takeovers
    if row.state == "running":
        if is_orderly:
            note(connection, row.id, "worker stopped", {"worker": worker})
        else:
            takeovers += 1
            values["takeovers"] = takeovers
            note(connection, row.id, "worker lost", {"worker": worker, "takeovers": takeovers})
    if takeovers >= limit:
        reason = f"it took {takeovers} workers with it: each died while it ran this job"
        values = {"state": "failed", "reason": reason, "is_retryable": True, "takeovers": takeovers, "ended_at": now()}
        note(connection, row.id, "failed", {"reason": reason})
    turn_tasks(connection, row.id, {"running": "failed"} if takeovers >= limit else LOST_TASK)
    connection.execute(update(t.jobs).where(t.jobs.c.id == row.id).values(**values))
    return Lost(row.id, row.workflow, values["state"])


def _clock(connection: Connection) -> float:
    """Seconds since 1970 by the database's clock: the workers of several machines need not agree on theirs."""
    if connection.dialect.name == "postgresql":
        return float(
            connection.execute(select(cast(func.extract("epoch", func.clock_timestamp()), Float))).scalar_one()
        )
    return float(connection.execute(text("select (julianday('now') - 2440587.5) * 86400.0")).scalar_one())
