"""Jobs as rows: put in, read, changed. Every change is a short transaction that first looks at the state it starts from.

A job is held by a worker while its row names that worker and the attempt; whatever a worker writes about a job, it writes
only while it holds it (``held``). So a worker that was taken for dead and wakes again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from typing import cast as cast_to

from sqlalchemy import ColumnElement, Connection, Select, Text, case, cast, func, insert, select, update

from lib.access import Visibility
from lib.store import job_tables as t
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.in_force import is_seen
from lib.store.prepared import Holder

Row = dict[str, Any]
LOG_TAIL_BYTES = 64_000
TASK_COLUMNS = tuple(column.name for column in t.job_tasks.c if column.name != "job")
_JSON = (
    "spec",
    "needs",
    "estimate",
)  # read as text: most of them are the same from look to look, and need not be parsed
_SHOWN = [
    cast(column, Text).label(column.name) if column.name in _JSON else column
    for column in t.jobs.c
    if column.name not in ("log_tail", "owner", "visibility")
]
_NAMES = tuple(column.name for column in _SHOWN)


def is_shown(store: Store) -> ColumnElement[bool]:
    """Whose jobs the reader may see: as in ``lib.store.in_force``."""
    return is_seen(store.sight, t.jobs)


def add(
    store: Store,
    row: Mapping[str, Any],
    tasks: Sequence[Mapping[str, Any]],
    *,
    same: Collection[str],
    beside: Callable[[Connection], None],
) -> tuple[str, bool]:
    """Put a job in, unless one of the same digest and owner is in one of the states ``same``.

    Args:
        store: The store.
        row: Columns of ``jobs``; times are set here.
        tasks: Columns of ``job_tasks`` without the job.
        same: States of an earlier job of this digest that make this one needless; the newest is then answered.
        beside: Called in the same transaction: the queue's own row.

    Returns:
        The job's id, and whether it is new.
    """

    def work(writing: Writing) -> tuple[str, bool]:
        connection, j = writing.connection, t.jobs.c
        known = select(j.id).where(j.digest == row["digest"], j.owner == row["owner"], j.state.in_(same))
        there = connection.execute(known.order_by(j.turn.desc()).limit(1)).scalar()
        if there is not None:
            return str(there), False
        connection.execute(insert(t.jobs).values(**row, turn=_next_turn(connection), created_at=now()))
        connection.execute(insert(t.job_tasks), [{**task, "job": row["id"]} for task in tasks])
        note(connection, row["id"], "queued", {})
        beside(connection)
        return str(row["id"]), True

    return store.write(work)


def change(
    store: Store,
    job: str,
    *,
    states: Collection[str],
    values: Mapping[str, Any],
    event: str,
    data: Mapping[str, Any] | None = None,
    task_states: Mapping[str, str] | None = None,
    beside: Callable[[Connection], None] | None = None,
) -> bool:
    """Set columns of a job that is in one of the states, and note it; False when it is in another one.

    One that is queued again goes to the end of those of its priority.

    Args:
        store: The store.
        job: Its id.
        states: In which of them the change may be made.
        values: Columns of ``jobs``.
        event: Kind of the event that is noted.
        data: Of the event.
        task_states: New state of its tasks, by the present one; others stay.
        beside: As in ``add``; only when the change is made.
    """

    def work(writing: Writing) -> bool:
        connection, j = writing.connection, t.jobs.c
        turn = {"turn": _next_turn(connection)} if values.get("state") == "queued" else {}
        changed = connection.execute(update(t.jobs).where(j.id == job, j.state.in_(states)).values(**values, **turn))
        if not changed.rowcount:
            return False
        turn_tasks(connection, job, task_states or {})
        note(connection, job, event, data or {})
        if beside is not None:
            beside(connection)
        return True

    return store.write(work)


def _next_turn(connection: Connection) -> int:
    """Past that of every other job; writers take turns, so no two get the same."""
    return (connection.execute(select(func.max(t.jobs.c.turn))).scalar() or 0) + 1


def turn_tasks(connection: Connection, job: str, states: Mapping[str, str]) -> None:
    """Give the tasks of a job the state that follows their present one."""
    if states:
        c = t.job_tasks.c
        following = case(*((c.state == old, new) for old, new in states.items()), else_=c.state)
        connection.execute(update(t.job_tasks).where(c.job == job, c.state.in_(states)).values(state=following))


def note(connection: Connection, job: str, kind: str, data: Mapping[str, Any]) -> None:
    """Write down that something happened to a job."""
    connection.execute(insert(t.job_events).values(job=job, at=now(), kind=kind, data=dict(data)))


def rows(store: Store, *, states: Collection[str] | None, limit: int, offset: int) -> list[Row]:
    """Jobs with their tasks: at work first, then waiting in the order of their turn, then the newest.

    ``tasks`` are tuples of ``TASK_COLUMNS``, in order; spec, needs and estimate are JSON as text.
    """
    j = t.jobs.c
    rank = case((j.state == "running", 0), (j.state == "queued", 1), else_=2)
    waiting = j.state == "queued"
    query = (
        select(*_SHOWN)
        .where(is_shown(store))
        .order_by(
            rank,
            case((waiting, -j.priority), else_=0),
            case((waiting, j.turn), else_=0),
            j.turn.desc(),
        )
        .limit(limit)
        .offset(offset)
    )
    if states is not None:
        query = query.where(j.state.in_(states))
    return _with_tasks(store, query)


def rows_of(store: Store, beginning: str) -> list[Row]:
    """At most two jobs whose id begins so; with their tasks."""
    query = select(*_SHOWN).where(is_shown(store), t.jobs.c.id.startswith(beginning, autoescape=True))
    return _with_tasks(store, query.order_by(t.jobs.c.id).limit(2))


def rows_of_digest(store: Store, digest: str, states: Collection[str]) -> list[Row]:
    """The newest job of this specification in one of the states, if there is one; with its tasks."""
    j = t.jobs.c
    query = select(*_SHOWN).where(is_shown(store), j.digest == digest, j.state.in_(states))
    return _with_tasks(store, query.order_by(j.created_at.desc(), j.id).limit(1))


def counts(store: Store) -> dict[str, int]:
    """Number of jobs by state; states without any are absent."""
    j = t.jobs.c
    with store.reading() as connection:
        found = connection.execute(select(j.state, func.count()).where(is_shown(store)).group_by(j.state)).all()
    return dict(tuple(row) for row in found)


def events(store: Store, job: str) -> list[Row]:
    """at, kind and data of everything that happened to a job, in order."""
    e = t.job_events.c
    query = select(e.at, e.kind, e.data).join(t.jobs, t.jobs.c.id == e.job).where(e.job == job, is_shown(store))
    with store.reading() as connection:
        return [row._asdict() for row in connection.execute(query.order_by(e.id))]


def log_tail(store: Store, job: str) -> str:
    """The last of the child's output; empty when there is none."""
    with store.reading() as connection:
        found = connection.execute(select(t.jobs.c.log_tail).where(t.jobs.c.id == job, is_shown(store))).scalar()
    return found or ""


def holder_of(store: Store, job: str) -> Holder:
    """Whose a job is and who may see it; what comes of it is seen by the same. A worker and the owner ask."""
    j = t.jobs.c
    with store.reading() as connection:
        row = connection.execute(select(j.owner, j.visibility).where(j.id == job)).one()
    return Holder(row.owner, cast_to(Visibility, row.visibility))


def row_for_worker(store: Store, job: str) -> Row:
    """A job with its tasks, whoever's it is: a worker serves all owners."""
    return _with_tasks(store, select(*_SHOWN).where(t.jobs.c.id == job))[0]


def workflow_of(store: Store, job: str) -> str:
    """Name of the workflow that is in force for a job."""
    with store.reading() as connection:
        return connection.execute(select(t.jobs.c.workflow).where(t.jobs.c.id == job)).scalar_one()


def n_open(store: Store) -> int:
    """Jobs that wait or run, of all owners."""
    query = select(func.count()).select_from(t.jobs).where(t.jobs.c.state.in_(("queued", "running")))
    with store.reading() as connection:
        return connection.execute(query).scalar_one()


def open_needs(store: Store) -> list[dict[str, Any]]:
    """Different needs of the jobs that wait or run, of all owners."""
    query = select(t.jobs.c.needs).where(t.jobs.c.state.in_(("queued", "running")))
    with store.reading() as connection:
        found = connection.execute(query).scalars().all()
    return list({tuple(sorted(needs.items())): needs for needs in found}.values())


def n_before(store: Store, job: str) -> int:
    """Number of waiting jobs of all owners that have their turn before this one; 0 if it does not wait."""
    j, o = t.jobs.c, t.jobs.alias("others").c
    before = (o.priority > j.priority) | ((o.priority == j.priority) & (o.turn < j.turn))
    query = select(func.count(o.id)).where(j.id == job, j.state == "queued", o.state == "queued", before)
    with store.reading() as connection:
        return connection.execute(query).scalar_one()


class Hold(NamedTuple):
    """What a worker says when it writes about a job: the job is mine, in this attempt."""

    job: str
    worker: str
    attempt: int


def held(connection: Connection, hold: Hold) -> bool:
    """Whether the worker still holds the job; asked in the transaction that writes about it."""
    j = t.jobs.c
    query = select(j.id).where(
        j.id == hold.job, j.worker == hold.worker, j.attempt == hold.attempt, j.state == "running"
    )
    return connection.execute(query).scalar() is not None


def set_task(connection: Connection, job: str, position: int, values: Mapping[str, Any]) -> None:
    """Set columns of one task."""
    c = t.job_tasks.c
    connection.execute(update(t.job_tasks).where(c.job == job, c.position == position).values(**values))


def ids(store: Store) -> list[str]:
    """Of every job, whoever's, oldest first."""
    with store.reading() as connection:
        return list(connection.execute(select(t.jobs.c.id).order_by(t.jobs.c.turn)).scalars())


def _with_tasks(store: Store, query: Select[Any]) -> list[Row]:
    with store.reading() as connection:
        found = connection.execute(query).all()
        tasks: dict[str, list[tuple[Any, ...]]] = {row.id: [] for row in found}
        c = t.job_tasks.c
        columns = [c.job, *(c[name] for name in TASK_COLUMNS)]
        names = list(tasks)
        for start in range(0, len(names), 500):
            some = select(*columns).where(c.job.in_(names[start : start + 500])).order_by(c.job, c.position)
            for job, *task in connection.execute(some).all():
                tasks[job].append(tuple(task))
    return [{**dict(zip(_NAMES, row, strict=True)), "tasks": tasks[row.id]} for row in found]
