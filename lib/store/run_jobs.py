"""The job that a run came out of, where it was evaluated here, with what was told of it before the start."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select

from lib.store import job_tables
from lib.store.db import Store
from lib.store.in_force import is_seen


class RunJob(NamedTuple):
    """A finished task of a job.

    Args:
        job: Its id.
        task: As the job names it.
        estimate: Of the whole job, as JSON; empty where none was made.
    """

    job: str
    task: str
    estimate: dict[str, Any]


def job_of_run(store: Store, run: str) -> RunJob | None:
    """The newest job, of those that the reader may see, whose task became this run (its whole digest)."""
    j, t = job_tables.jobs.c, job_tables.job_tasks.c
    query = (
        select(j.id, t.task, j.estimate)
        .join_from(job_tables.job_tasks, job_tables.jobs, t.job == j.id)
        .where(t.run == run, t.state == "succeeded", is_seen(store.sight, job_tables.jobs))
        .order_by(j.created_at.desc(), j.id)
        .limit(1)
    )
    with store.reading() as connection:
        found = connection.execute(query).first()
    return None if found is None else RunJob(found.id, found.task, dict(found.estimate or {}))
