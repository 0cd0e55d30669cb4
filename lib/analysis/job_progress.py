"""How far a job is, how fast it goes and how long it still takes: pure functions of what its worker told and the time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from lib.evals.jobs import Job, TaskProgress
from lib.evals.states import ENDED

ENOUGH_SECONDS = 1.0
"""A rate over less than this is the rate of the first batch and nothing else."""
COUNTED = ("tokens_in", "tokens_out", "cost_usd", "energy_wh")
LARGEST = ("peak_memory_bytes", "device_memory_bytes")


class Total(NamedTuple):
    """A sum over tasks; ``is_whole`` where every task that has begun told its part. None where none did."""

    value: float | None
    is_whole: bool


class Progress(NamedTuple):
    """Where a job stands.

    Args:
        n_ended: Tasks that are over, whatever became of them; of ``n_tasks``.
        share: Part of the work that is done, 0 to 1. Tasks weigh as the estimate has them, or all the same.
        rate: Requests per second of the running task; None before there is one to tell.
        seconds_left: Until the last task ends; None where a part of it cannot be told.
    """

    n_tasks: int
    n_ended: int
    share: float
    rate: float | None
    seconds_left: float | None


def moment(text: str | None) -> datetime | None:
    """A time as the store writes it; None for what is missing or no time."""
    try:
        read = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return read if read is None or read.tzinfo is not None else read.replace(tzinfo=UTC)


def seconds_between(earlier: str | None, later: str | None) -> float | None:
    """Seconds from one time to another, never below 0 (clocks of two machines differ); None if either is unknown."""
    a, b = moment(earlier), moment(later)
    return None if a is None or b is None else max(0.0, (b - a).total_seconds())


def seconds_of(task: TaskProgress, now: str) -> float | None:
    """How long a task has taken or takes so far: as its worker measured it, else by the clock."""
    if task.seconds is not None:
        return task.seconds
    return seconds_between(task.started_at, task.ended_at or now)


def rate(task: TaskProgress, now: str) -> float | None:
    """Requests per second since the task began; None before the first answer and in the first second."""
    seconds = seconds_of(task, now)
    if seconds is None or seconds < ENOUGH_SECONDS or task.n_done <= 0:
        return None
    return task.n_done / seconds


def share(task: TaskProgress) -> float:
    """Part of a task that is done, 0 to 1; 0 where its number of requests is not known yet."""
    if task.state == "succeeded":
        return 1.0
    if not task.n_requests or task.n_requests <= 0:
        return 0.0
    return min(1.0, max(0.0, task.n_done / task.n_requests))


def left_in_task(task: TaskProgress, now: str) -> float | None:
    """Seconds until a running task ends, at the rate so far; None where that cannot be told."""
    speed = rate(task, now)
    if speed is None or task.n_requests is None:
        return None
    return max(0, task.n_requests - task.n_done) / speed


def progress(job: Job, now: str, expected: Sequence[float | None] = ()) -> Progress:
    """Where the job stands.

    Args:
        now: The present, as ``lib.store.clock.now``.
        expected: Seconds that the estimate gave each task, in the order of ``job.tasks``; shorter or with None where
            it said nothing. Time left takes what finished tasks took against what was expected of them into account.

    Source:
        Time left: requests left over requests per second of the running task, and for each waiting task its expected
        time, times the ratio of spent to expected over the ended ones; without an estimate the mean of the ended ones.
    """
    tasks = job.tasks
    told = [expected[n] if n < len(expected) else None for n in range(len(tasks))]
    weights = [one for one in told if one is not None and one > 0]
    by_time = len(weights) == len(tasks)
    weight = [float(one or 0) if by_time else 1.0 for one in told]
    done = sum(w * share(task) for w, task in zip(weight, tasks, strict=True))
    running = next((task for task in tasks if task.state == "running"), None)
    seconds = None if job.state in ENDED else _left(tasks, told, now)
    return Progress(
        len(tasks),
        sum(task.state in ("succeeded", "failed", "cancelled") for task in tasks),
        done / sum(weight) if tasks else 0.0,
        None if running is None else rate(running, now),
        seconds,
    )


def total(tasks: Sequence[TaskProgress], column: str) -> Total:
    """The sum of a column of ``COUNTED`` over the tasks that have begun, the largest of one of ``LARGEST``."""
    begun = [task for task in tasks if task.state != "waiting"]
    told = [float(value) for task in begun if (value := getattr(task, column)) is not None]
    if not told:
        return Total(None, not begun)
    return Total(max(told) if column in LARGEST else sum(told), len(told) == len(begun))


def expected_seconds(job: Job) -> list[float | None]:
    """Seconds that the estimate kept with the job gave each of its tasks; None where it says nothing that is a number.

    The estimate has one entry for all repeats of a task, with low, middle and high; each repeat gets its part of the middle.
    """
    listed = job.estimate.get("tasks")
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    told = {str(row.get("name")): middle(row.get("seconds")) for row in rows}
    times = max(1, job.spec.repeats)
    seconds = [told.get(task.task) for task in job.tasks]
    return [None if one is None else one / times for one in seconds]


def middle(value: object) -> float | None:
    """A number of an estimate, or the middle of its low, middle and high; None for anything else."""
    return _number(value[1] if isinstance(value, (list, tuple)) and len(value) == 3 else value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value < 1e12 else None


def _left(tasks: Sequence[TaskProgress], told: Sequence[float | None], now: str) -> float | None:
    ended = [(seconds_of(task, now), want) for task, want in zip(tasks, told, strict=True) if task.state == "succeeded"]
    spent = [(seconds, want) for seconds, want in ended if seconds is not None]
    pairs = [(seconds, want) for seconds, want in spent if want]
    slower = sum(s for s, _ in pairs) / sum(w for _, w in pairs) if pairs else 1.0
    mean = sum(s for s, _ in spent) / len(spent) if spent else None
    seconds = 0.0
    for task, want in zip(tasks, told, strict=True):
        part: float | None = 0.0
        if task.state == "running":
            part = left_in_task(task, now)
        if task.state == "waiting" or part is None:
            part = want * slower if want is not None else mean
        if part is None:
            return None
        seconds += part
    return seconds
