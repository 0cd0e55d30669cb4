"""One job as its page shows it: how it stands, task by task, what it took against what was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import job_progress, job_words
from lib.evals.jobs import Job, JobEvent, TaskProgress
from lib.evals.states import ENDED, may_follow
from lib.schema.text import Sentence, Span, sentence
from lib.ui.traces import Traces
from lib.ui.views.evaluate_queue import between, numbers, requests

LABELS = {
    "task": "Task",
    "state": "State",
    "score:requests": "Requests",
    "score:rate": "Speed",
    "score:left": "Time",
    "score:tokens_in": "Tokens in",
    "score:tokens_out": "Tokens out",
    "score:cost": "Dollars",
    "score:memory": "Memory, peak",
    "score:device": "Memory of the device, peak",
    "score:energy": "Energy",
    "said": "To note",
}
MAY_MISS = ("score:tokens_in", "score:tokens_out", "score:cost", "score:memory", "score:device", "score:energy", "said")
"""Columns that are left out where no task says anything in them."""
_ID = re.compile(r"[0-9a-f]{6,12}")
EVENT_LABELS = {"at": "When", "kind": "What", "data": "Details"}


class Outcome(NamedTuple):
    """A finished task and the run that it became (the beginning of its digest)."""

    task: str
    run: str


class JobView(NamedTuple):
    """A job.

    Args:
        name: The model; plain text.
        share: Part of the work that is done, 0 to 1.
        bar: Words at the bar of progress; '' once it is over.
        table: One row per task, columns of ``LABELS``.
        outcomes: Tasks that became runs; several repeats are several.
    """

    name: str
    question: str
    takeaway: tuple[Sentence, ...]
    share: float
    bar: str
    table: pd.DataFrame
    traces: Traces
    outcomes: tuple[Outcome, ...]
    is_live: bool
    can_cancel: bool
    can_retry: bool


def job_view(job: Job, *, now: str, why_waiting: str = "") -> JobView:
    """The job at this moment.

    Args:
        why_waiting: Why a queued job is not running.
    """
    expected = job_progress.expected_seconds(job)
    standing = job_progress.progress(job, now, expected)
    name = job_words.model_name(job.spec)
    is_live = job.state not in ENDED
    return JobView(
        name,
        f"How far is the evaluation of {name}?" if is_live else f"What came of the evaluation of {name}?",
        _takeaway(job, standing, now, why_waiting),
        standing.share,
        _bar(job, standing) if is_live else "",
        *_table(job, now),
        tuple(Outcome(task.task, task.run) for task in job.tasks if task.run),
        is_live,
        may_follow(job.state, "cancelled"),
        may_follow(job.state, "asked again"),
    )


def is_id(text: str) -> bool:
    """Whether a text can be the id of a job, or the beginning of one."""
    return _ID.fullmatch(text) is not None


def events_table(events: Sequence[JobEvent]) -> pd.DataFrame:
    """What happened, last first: columns of ``EVENT_LABELS``, all text."""
    rows = [
        {
            "at": formats.one_line(event.at.replace("T", " ").removesuffix("Z"), 25),
            "kind": formats.one_line(job_words.without_escapes(event.kind), 40),
            "data": formats.one_line(
                job_words.without_escapes("; ".join(f"{key}: {value}" for key, value in event.data.items())), 300
            )
            or None,
        }
        for event in reversed(events)
    ]
    return pd.DataFrame(rows, columns=list(EVENT_LABELS))


def _takeaway(job: Job, standing: job_progress.Progress, now: str, why_waiting: str) -> tuple[Sentence, ...]:
    match job.state:
        case "queued":
            why = formats.one_line(job_words.without_escapes(why_waiting), 200).rstrip(". ")
            return (sentence("It ", Span("waits", "strong"), f": {why}." if why else " for a worker."),)
        case "running":
            return (_while_running(job, standing),)
        case "succeeded":
            return (_when_done(job, now),)
    what = {"failed": "It failed", "cancelled": "It was cancelled"}[job.state]
    kept = sum(task.state == "succeeded" for task in job.tasks)
    reason = job_words.reason(job, 240)
    told = [sentence(Span(what, "strong"), f": {reason}." if reason else ".")]
    if kept:
        told.append(sentence(Span(formats.counted(kept, "task"), "strong"), f" of {len(job.tasks)} had been finished and kept."))  # fmt: skip
    if job.state == "failed":
        told.append(sentence(_again(job)))
    return tuple(told)


def _again(job: Job) -> str:
    if job.is_retryable:
        return "This may pass when it is tried again; what was answered before is kept."
    return "Trying again as it is would end the same way: change what the message names first."


def _while_running(job: Job, standing: job_progress.Progress) -> Sentence:
    parts: list[str | Span] = [
        Span(f"{standing.n_ended} of {formats.counted(standing.n_tasks, 'task')}", "strong"),
        " is done" if standing.n_tasks == 1 else " are done",
    ]
    if left := job_words.about(standing.seconds_left):
        parts += ["; it ends in ", Span(left, "strong")]
    if told := numbers(job.tasks):
        parts.append(f", {', '.join(told)} so far")
    return sentence(*parts, ".")


def _when_done(job: Job, now: str) -> Sentence:
    n = len(job.tasks)
    parts: list[str | Span] = [
        Span("The task is done" if n == 1 else f"All {formats.count(n)} tasks are done", "strong")
    ]
    seconds = job_progress.seconds_between(job.started_at, job.ended_at)
    if seconds is not None:
        parts += [" in ", Span(job_words.took(seconds), "strong")]
    if told := numbers(job.tasks):
        parts.append(f", with {', '.join(told)}")
    return sentence(*parts, ".")


def _bar(job: Job, standing: job_progress.Progress) -> str:
    current = next((task for task in job.tasks if task.state == "running"), None)
    if job.state == "queued":
        return "waiting"
    if current is None:
        return between(standing)
    told = [f"{job_words.task_name(current.task, 60)}: {requests(current)}", job_words.per_second(standing.rate)]
    return " · ".join(one for one in told if one)


def _table(job: Job, now: str) -> tuple[pd.DataFrame, Traces]:
    rows = pd.DataFrame([_row(job, task, now) for task in job.tasks], columns=list(LABELS)).astype(object)
    rows = rows.where(rows.notna(), None)
    empty = [column for column in MAY_MISS if rows[column].isna().all()]
    runs = [task.run or "" for task in job.tasks]
    shown = rows.drop(columns=empty)
    # The benchmark is left open: the card then leads to the run, whose page has all its scores.
    return shown, Traces([""] * len(runs), dict.fromkeys(shown.columns, runs))


def _row(job: Job, task: TaskProgress, now: str) -> dict[str, str | None]:
    name = job_words.task_name(task.task)
    is_running = task.state == "running"
    seconds = job_progress.seconds_of(task, now) if task.state != "waiting" else None
    left = job_words.about(job_progress.left_in_task(task, now)) if is_running else ""
    return {
        "task": name if job.spec.repeats == 1 else f"{name}, time {task.repeat + 1}",
        "state": job_words.TASK_STATES[task.state],
        "score:requests": None
        if task.state == "waiting"
        else requests(task).removesuffix(" requests").removesuffix(" request"),
        "score:rate": job_words.per_second(job_progress.rate(task, now)) or None,
        "score:left": f"{left} left" if left else None if seconds is None else job_words.took(seconds),
        "score:tokens_in": _known(task.tokens_in, formats.count),
        "score:tokens_out": _known(task.tokens_out, formats.count),
        "score:cost": _known(task.cost_usd, formats.usd),
        "score:memory": _known(task.peak_memory_bytes, job_words.gib),
        "score:device": _known(task.device_memory_bytes, job_words.gib),
        "score:energy": _known(task.energy_wh, lambda wh: f"{formats.plain(wh)} Wh"),
        "said": _note(task),
    }


def _known(value: float | None, words: object) -> str | None:
    return None if value is None else str(words(value))  # type: ignore[operator]


def _note(task: TaskProgress) -> str | None:
    told = []
    if task.n_empty:
        told.append(f"{formats.counted(task.n_empty, 'answer')} without any text")
    if task.is_resumed:
        told.append("went on from kept answers: the last digits may differ")
    return "; ".join(told) or None
