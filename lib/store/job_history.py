"""What evaluations took that ended well: one row per finished task, for estimates of the next."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import select

from lib.store import job_tables
from lib.store.db import Store

MOST = 2_000


class PastTask(NamedTuple):
    """A task of a job that succeeded. What was not measured or not asked for is None.

    Args:
        model: As the job wrote it.
        device: ``cpu``, ``cuda``, ``mps``: what the job needed.
        seconds: Of answering, without loading.
    """

    model: str
    device: str
    task: str
    num_fewshot: int | None
    limit: float | None
    batch_size: int
    is_chat: bool
    n_requests: int
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    peak_memory_bytes: int | None
    device_memory_bytes: int | None
    ended_at: str


def finished_tasks(store: Store, backend: str) -> list[PastTask]:
    """The latest tasks of a backend that succeeded and were not resumed, the newest first."""
    j, t = job_tables.jobs.c, job_tables.job_tasks.c
    own = (t.task, t.n_requests, t.tokens_in, t.tokens_out, t.seconds, t.peak_memory_bytes)
    query = (
        select(j.spec, j.needs, *own, t.device_memory_bytes, t.ended_at)
        .join_from(job_tables.job_tasks, job_tables.jobs, t.job == j.id)
        .where(t.state == "succeeded", t.is_resumed.is_(False), t.seconds > 0, t.n_requests > 0)
        .where(j.spec["backend"].as_string() == backend)
        .order_by(t.ended_at.desc(), t.job, t.position)
        .limit(MOST)
    )
    with store.reading() as connection:
        return [_past(row._mapping) for row in connection.execute(query)]


def _past(row: Any) -> PastTask:
    spec, needs = dict(row["spec"]), dict(row["needs"])
    arguments = spec.get("model_args") or {}
    named = (arguments.get(name) for name in ("pretrained", "model", "path"))
    return PastTask(
        model=next((str(name) for name in named if name), str(spec.get("backend"))),
        device=needs.get("device") or "cpu",
        task=row["task"],
        num_fewshot=spec.get("num_fewshot"),
        limit=spec.get("limit"),
        batch_size=spec.get("batch_size") or 1,
        is_chat=bool(spec.get("apply_chat_template")),
        n_requests=row["n_requests"],
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
        seconds=row["seconds"],
        peak_memory_bytes=row["peak_memory_bytes"],
        device_memory_bytes=row["device_memory_bytes"],
        ended_at=row["ended_at"] or "",
    )
