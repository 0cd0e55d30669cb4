"""Which worker can serve which job, and why a job waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lib.evals.jobs import Job, Needs, Worker

SILENT_S = 60.0
"""A worker that has not been heard of for so long counts as dead."""
START_ONE = "python -m lib worker"


def lacks(needs: Needs, *, device: str, memory_gib: float | None, backends: Sequence[str]) -> str:
    """What a worker lacks for a job, in words that follow "no worker with"; empty when it lacks nothing.

    A job that needs no device in particular runs anywhere. Memory that either side does not know is no hindrance: the
    backend's own check comes before the start, and a child that runs out of memory takes nothing with it.
    """
    if needs.backend not in backends:
        return f"the backend {needs.backend}"
    if needs.device not in ("cpu", device):
        return needs.device
    if needs.device == device and needs.memory_gib and memory_gib is not None and needs.memory_gib > memory_gib:
        return f"{needs.memory_gib:.3g} GiB"
    return ""


def choose(rows: Sequence[Any], has: Mapping[str, Any]) -> Any | None:
    """The first of the waiting jobs that this worker can serve; of equal priority those for its own device first.

    Args:
        rows: In the order of their turn, with ``needs`` and ``priority``.
        has: device, memory_gib, backends.
    """
    able = [row for row in rows if not lacks(Needs(**row.needs), **_of(has))]
    return min(able, key=lambda row: (-row.priority, row.needs["device"] != has["device"]), default=None)


def waits_because(job: Job, workers: Sequence[Worker], n_before: int | None = None) -> str:
    """Why a queued job is not at work, one clause.

    Args:
        job: In the state queued; of another state: an empty text.
        workers: As ``lib.evals.queue.workers`` gives them.
        n_before: How many jobs have their turn before it, where known.
    """
    if job.state != "queued":
        return ""
    alive = [worker for worker in workers if worker.silent_s < SILENT_S]
    if not alive:
        return f"no worker is running: {START_ONE}"
    missing = [
        lacks(job.needs, device=worker.device, memory_gib=worker.memory_gib, backends=worker.backends)
        for worker in alive
    ]
    if all(missing):
        # What the nearest of them lacks: a backend is installed more easily than memory.
        device = [what for what in missing if what.endswith("GiB")]
        return f"no worker with {(device or missing)[0]}"
    if job.worker is not None:
        return f"about to start on {job.worker}"
    if n_before:
        return f"{n_before} {'job' if n_before == 1 else 'jobs'} before it"
    able = [worker for worker, what in zip(alive, missing, strict=True) if not what]
    return "it is next" if any(worker.job is None for worker in able) else "the worker is busy with another job"


def _of(has: Mapping[str, Any]) -> dict[str, Any]:
    return {"device": has["device"], "memory_gib": has["memory_gib"], "backends": has["backends"]}
