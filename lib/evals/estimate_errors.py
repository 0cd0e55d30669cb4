"""How far off an estimate was, once its job has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lib.evals.jobs import Job
from lib.evals.machine import GIB


def came(job: Job) -> dict[str, float | None]:
    """What a finished job took: seconds, memory_gib, tokens_in, tokens_out, cost_usd; None where one task was not measured.

    Seconds are those from start to end, which is what was told; of a job that was begun more than once they are not known.
    """

    def total(values: Sequence[float | int | None]) -> float | None:
        return None if not values or None in values else float(sum(one for one in values if one is not None))

    largest = [task.device_memory_bytes or task.peak_memory_bytes for task in job.tasks]
    return {
        "seconds": _lasted(job),
        "memory_gib": None if not largest or None in largest else max(one for one in largest if one is not None) / GIB,
        "tokens_in": total([task.tokens_in for task in job.tasks]),
        "tokens_out": total([task.tokens_out for task in job.tasks]),
        "cost_usd": total([task.cost_usd for task in job.tasks]),
    }


def _lasted(job: Job) -> float | None:
    if job.attempt > 1 or not job.started_at or not job.ended_at:
        return None
    begun, ended = (datetime.fromisoformat(one) for one in (job.started_at, job.ended_at))
    return max((ended - begun).total_seconds(), 0.0)


def errors(told: Mapping[str, Any], took: Mapping[str, float | None]) -> dict[str, float | None]:
    """What came over what was told, per quantity: 1.2 is a fifth more; None where either is not known or told as 0."""
    found: dict[str, float | None] = {}
    for name, value in took.items():
        said = told.get(name)
        middle = said[1] if isinstance(said, (list, tuple)) and len(said) == 3 else said
        is_known = isinstance(middle, (int, float)) and middle > 0 and value is not None
        found[name] = float(value) / float(middle) if is_known and value is not None else None  # type: ignore[arg-type]
    return found
