"""Jobs as a queue would tell them: running, waiting, over, and with texts that are written to break a page."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Literal

from sqlalchemy import insert

from lib.evals.jobs import Job, Needs, TaskProgress
from lib.evals.spec import JobSpec
from lib.store import job_tables as t
from lib.store.db import Store, Writing

NOW = "2026-11-22T12:00:00Z"
EARLIER = "2026-11-22T11:58:00Z"
HOSTILE = "<img src=x onerror=alert(1)> **bold** [link](http://evil.example) :red[x] $x^2$"
ESCAPES = "\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\ \u202egnp.exe"


def spec(**changes: Any) -> JobSpec:
    """A job of two tasks on a small model."""
    given: dict[str, Any] = {
        "backend": "hf",
        "tasks": ("arc_easy", "piqa"),
        "model_args": {"pretrained": "EleutherAI/pythia-70m"},
        "limit": 100.0,
    }
    return JobSpec(**{**given, **changes})


def task(position: int, name: str, **changes: Any) -> TaskProgress:
    """A task that waits, unless changed."""
    return replace(TaskProgress(position, name), **changes)


def job(**changes: Any) -> Job:
    """A running job: its first task is done, half of the second is answered after two minutes."""
    asked = changes.pop("spec", spec())
    given: dict[str, Any] = {
        "id": "3f2a9c01b7de",
        "digest": asked.digest,
        "state": "running",
        "needs": Needs(asked.backend),
        "attempt": 1,
        "created_at": "2026-11-22T11:55:00Z",
        "started_at": "2026-11-22T11:56:00Z",
        "tasks": (
            task(0, "arc_easy", state="succeeded", n_done=400, n_requests=400, tokens_in=12_000, tokens_out=0, seconds=60.0,
                 peak_memory_bytes=2**30, run="ab" * 32, started_at="2026-11-22T11:57:00Z", ended_at=EARLIER),
            task(1, "piqa", state="running", request_type="loglikelihood", n_done=100, n_requests=200, tokens_in=3_000,
                 tokens_out=0, started_at=EARLIER),
        ),
    }  # fmt: skip
    return Job(spec=asked, **{**given, **changes})


ESTIMATE = {
    "seconds": [60.0, 110.0, 300.0],
    "memory_gib": 0.9,
    "tokens_in": [13_000.0, 15_300.0, 18_000.0],
    "tokens_out": [0.0, 0.0, 0.0],
    "cost_usd": None,
    "tasks": [{"name": "arc_easy", "seconds": [20, 50, 90]}, {"name": "piqa", "seconds": [20, 60, 90]}],
    "basis": HOSTILE,
    "unknown": [],
}


def waiting(n: int = 1) -> list[Job]:
    """Jobs that wait."""
    return [
        job(id=f"{n:012x}", state="queued", attempt=0, started_at=None, tasks=(task(0, "arc_easy"), task(1, "piqa")))
        for n in range(1, n + 1)
    ]


def ended(state: Literal["succeeded", "failed", "cancelled"] = "succeeded", **changes: Any) -> Job:
    """A job that is over."""
    first, second = job().tasks
    last = replace(second, state=state, n_done=200 if state == "succeeded" else 100, seconds=240.0)
    given = {"id": "e" * 12, "state": state, "ended_at": NOW, "tasks": (first, last)}
    return job(**{**given, **changes})


def hostile() -> Job:
    """A job whose every text comes from somebody who means harm."""
    asked = spec(
        model_args={"pretrained": HOSTILE, "base_url": "http://user:hunter2@evil.example/v1"},
        tasks=("arc_easy", "piqa"),
    )
    return ended("failed", spec=asked, id="bad0bad0bad0", reason=f"{HOSTILE} {ESCAPES} " + "x" * 5_000, worker=HOSTILE)


def keep(store: Store, *jobs: Job, log: str = "") -> None:
    """Writes jobs as a queue and a worker would have left them; nothing is there to run them."""

    def work(writing: Writing) -> None:
        for turn, job in enumerate(jobs):
            row = asdict(job) | {"spec": job.spec.as_json(), "workflow": f"{job.id}-1", "log_tail": log, "turn": turn}
            tasks = row.pop("tasks")
            writing.connection.execute(insert(t.jobs).values(**row))
            writing.connection.execute(insert(t.job_tasks), [{**task, "job": job.id} for task in tasks])
            event = {"job": job.id, "at": NOW, "kind": "taken up", "data": {"worker": HOSTILE}}
            writing.connection.execute(insert(t.job_events).values(**event))

    store.write(work)
