"""The queue as the page shows it: what runs, what waits and why, what is over. Computed anew at every look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lib import formats
from lib.analysis import job_progress, job_words
from lib.evals.jobs import Job, TaskProgress
from lib.evals.states import ENDED, State
from lib.schema.text import Sentence, Span, sentence

WAITING_SHOWN, ENDED_SHOWN = 10, 20


class JobLine(NamedTuple):
    """One job in a list.

    Args:
        title: The model; plain text.
        said: What was asked of it and how it stands, a few words parted by dots; plain text.
        share: Part of the work that is done, 0 to 1.
        is_failed: To be marked.
    """

    id: str
    title: str
    said: str
    share: float
    is_failed: bool = False


class QueueView(NamedTuple):
    """The queue. ``n_waiting`` and ``n_ended`` count all, the lists hold the first of them."""

    takeaway: Sentence
    running: tuple[JobLine, ...]
    waiting: tuple[JobLine, ...]
    ended: tuple[JobLine, ...]
    n_waiting: int
    n_ended: int

    @property
    def is_live(self) -> bool:
        """Whether anything may change by itself."""
        return bool(self.running or self.n_waiting)


def queue_view(
    running: Sequence[Job],
    waiting: Sequence[Job],
    ended: Sequence[Job],
    counts: Mapping[State, int],
    *,
    now: str,
    n_workers: int,
    is_beside: bool = False,
    waits_because: Callable[[Job, int], str],
) -> QueueView:
    """The queue at this moment.

    Args:
        running, waiting, ended: Jobs as the queue lists them: next in turn first, last ended first.
        counts: Number of jobs by state.
        n_workers: Workers that were heard of lately.
        is_beside: The app starts a worker of its own when a job waits that this machine can serve.
        waits_because: Why a queued job is not running, given how many have their turn before it.
    """
    expected = {job.id: job_progress.expected_seconds(job) for job in running}
    standing = {job.id: job_progress.progress(job, now, expected[job.id]) for job in running}
    n_waiting = counts.get("queued", 0)
    n_ended = sum(n for state, n in counts.items() if state in ENDED)
    left = [one.seconds_left for one in standing.values() if one.seconds_left is not None]
    return QueueView(
        _takeaway(len(running), n_waiting, min(left, default=None), n_workers or int(is_beside), ended[:1], now),
        tuple(_running(job, standing[job.id], now) for job in running),
        tuple(_waiting(job, waits_because(job, n)) for n, job in enumerate(waiting[:WAITING_SHOWN])),
        tuple(_ended(job, now) for job in ended[:ENDED_SHOWN]),
        n_waiting,
        n_ended,
    )


def title(job: Job) -> str:
    """The model and what was asked of it: ``pythia-70m: arc_easy and piqa``."""
    return f"{job_words.model_name(job.spec)}: {job_words.asked(job.spec)}"


def numbers(tasks: Sequence[TaskProgress]) -> list[str]:
    """Tokens and dollars of some tasks in words, what is not known or no tokens at all left out."""
    told = []
    for column, words in (("tokens_in", "tokens in"), ("tokens_out", "tokens out")):
        found = job_progress.total(tasks, column)
        # Choosing between answers writes none: a known 0 there is nothing to tell.
        if found.value:
            told.append(f"{_at_least(found)}{formats.count(found.value)} {words}")
    spent = job_progress.total(tasks, "cost_usd")
    if spent.value is not None:
        told.append(f"{_at_least(spent)}{formats.usd(spent.value)}")
    return told


def _at_least(total: job_progress.Total) -> str:
    return "" if total.is_whole else "at least "


def _takeaway(
    n_running: int, n_waiting: int, next_end: float | None, n_workers: int, last: Sequence[Job], now: str
) -> Sentence:
    if n_running:
        parts: list[str | Span] = [Span(formats.counted(n_running, "job"), "strong"), _verb(n_running, " runs", " run")]
        if n_waiting:
            parts += [", ", Span(formats.count(n_waiting), "strong"), _verb(n_waiting, " waits", " wait")]
        if next_end is not None:
            parts += ["; the next ends in ", Span(job_words.about(next_end), "strong")]
        return sentence(*parts, ".")
    if n_waiting:
        why = "; the next begins in a moment." if n_workers else ": no worker is running."
        begins = "Nothing runs, " if not n_workers else ""
        return sentence(begins, Span(formats.counted(n_waiting, "job"), "strong"), _verb(n_waiting, " waits", " wait"), why)  # fmt: skip
    if not last:
        return sentence("No evaluation has been asked for yet.")
    past = job_words.ago(job_progress.seconds_between(last[0].ended_at, now))
    became = job_words.STATES[last[0].state]
    return sentence("Nothing runs and nothing waits. The last job was ", Span(became, "strong"), f" {past}." if past else ".")  # fmt: skip


def _verb(n: int, one: str, several: str) -> str:
    return one if n == 1 else several


def _running(job: Job, standing: job_progress.Progress, now: str) -> JobLine:
    current = next((task for task in job.tasks if task.state == "running"), None)
    told = [job_words.asked(job.spec), f"{standing.n_ended} of {formats.counted(standing.n_tasks, 'task')} done"]
    if current is None:
        told.append(between(standing))
    else:
        told.append(f"{job_words.task_name(current.task, 40)}: {requests(current)}")
    told += [one for one in (job_words.per_second(standing.rate), _left(standing)) if one]
    return JobLine(job.id, job_words.model_name(job.spec), " · ".join(told + numbers(job.tasks)), standing.share)


def between(standing: job_progress.Progress) -> str:
    """What a running job does while none of its tasks runs."""
    if not standing.n_ended:
        return "starting: the model is being loaded"
    return "putting its results away" if standing.n_ended == standing.n_tasks else "between two tasks"


def requests(task: TaskProgress) -> str:
    """How far a task is: ``120 of 400 requests``; ``loading`` before the first."""
    if task.n_requests is None:
        return "loading" if not task.n_done else formats.counted(task.n_done, "request")
    return f"{formats.count(task.n_done)} of {formats.counted(task.n_requests, 'request')}"


def _left(standing: job_progress.Progress) -> str:
    told = job_words.about(standing.seconds_left)
    return f"{told} left" if told else ""


def _waiting(job: Job, why: str) -> JobLine:
    told = [job_words.asked(job.spec)]
    if why:
        told.append(formats.one_line(job_words.without_escapes(why), 160))
    if job.reason:
        told.append(job_words.reason(job, 160))
    if job.attempt:
        told.append(f"taken up {formats.counted(job.attempt, 'time')} before")
    return JobLine(job.id, job_words.model_name(job.spec), " · ".join(told), 0.0)


def _ended(job: Job, now: str) -> JobLine:
    told = [job_words.asked(job.spec), job_words.STATES[job.state]]
    if past := job_words.ago(job_progress.seconds_between(job.ended_at, now)):
        told.append(past)
    seconds = job_progress.seconds_between(job.started_at, job.ended_at)
    if seconds is not None:
        told.append(f"took {job_words.took(seconds)}")
    told += numbers(job.tasks)
    if job.reason and job.state != "succeeded":
        told.append(job_words.reason(job, 160))
    return JobLine(job.id, job_words.model_name(job.spec), " · ".join(told), 1.0, job.state == "failed")
