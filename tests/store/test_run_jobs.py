"""From a run to the job that it came out of."""

from __future__ import annotations

from sqlalchemy import insert, update

from lib.schema.text import plain
from lib.store import job_tables
from lib.store.db import Store
from lib.store.run_jobs import RunJob, job_of_run
from lib.ui.views.run_took import expected

RUN = "a" * 64
ESTIMATE = {"tasks": [{"name": "arc_easy", "seconds": [5.0, 12.0, 40.0]}, {"name": "piqa", "seconds": None}]}


def put(store: Store, job: str, created_at: str, **changed: object) -> None:
    row = {
        "id": job, "turn": int(job[0]), "digest": "d" * 64, "spec": {}, "state": "succeeded", "workflow": f"{job}-1", "needs": {}, "estimate": ESTIMATE,
        "created_at": created_at,
    }  # fmt: skip
    row = {name: value for name, value in {**row, **changed}.items() if name in job_tables.jobs.c}
    store.write(lambda writing: writing.connection.execute(insert(job_tables.jobs).values(**row)))
    task = {"job": job, "position": 0, "task": "arc_easy", "state": "succeeded", "run": RUN}
    store.write(lambda writing: writing.connection.execute(insert(job_tables.job_tasks).values(**task)))


def test_the_newest_that_everybody_may_see(store: Store) -> None:
    assert job_of_run(store, RUN) is None
    put(store, "1" * 12, "2026-11-22T01:00:00+00:00")
    put(store, "2" * 12, "2026-11-22T02:00:00+00:00")
    put(store, "3" * 12, "2026-11-22T03:00:00+00:00", visibility="private")
    assert job_of_run(store, RUN) == RunJob("2" * 12, "arc_easy", ESTIMATE)
    assert job_of_run(store, "b" * 64) is None
    failed = update(job_tables.job_tasks).values(state="failed")
    store.write(lambda writing: writing.connection.execute(failed))
    assert job_of_run(store, RUN) is None


def test_what_was_told_against_what_came() -> None:
    told = expected(ESTIMATE, "arc_easy", 20.0)
    assert told is not None
    assert plain(told) == "Told before the start: about 12 s of answering, 5 s to 40 s; it took 20 s."
    for estimate, task, took in ((ESTIMATE, "piqa", 20.0), (ESTIMATE, "other", 20.0), ({}, "arc_easy", 20.0)):
        assert expected(estimate, task, took) is None
    assert expected(ESTIMATE, "arc_easy", float("nan")) is None
