"""The queue as the pages read and change it. Never cached: jobs change by the second, and not with the store's revision."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from lib import formats
from lib.analysis import job_words
from lib.errors import PoundForPoundError
from lib.evals import queue
from lib.evals.jobs import Job, JobEvent, Worker
from lib.evals.matching import SILENT_S
from lib.evals.states import State
from lib.settings import read_settings
from lib.store import clock
from lib.store.jobs import holder_of
from lib.ui import cached, reader
from lib.ui.views.evaluate_queue import ENDED_SHOWN, WAITING_SHOWN, QueueView, queue_view
from lib.ui.views.job import JobView, job_view

SAID = "jobs-said"
RUNNING: tuple[State, ...] = ("running",)
WAITING: tuple[State, ...] = ("queued",)
OVER: tuple[State, ...] = ("succeeded", "failed", "cancelled")


class Looked(NamedTuple):
    """One job as just read, and as its page shows it."""

    job: Job
    view: JobView


def may_change() -> bool:
    """Whether this reader may start, cancel and repeat jobs."""
    return reader.allows("run")


def look() -> QueueView:
    """The queue as it is now."""
    store = cached.store()
    workers = alive()
    counts = queue.counts(store)
    waiting = queue.jobs(store, states=WAITING, limit=WAITING_SHOWN) if counts.get("queued") else []
    return queue_view(
        queue.jobs(store, states=RUNNING) if counts.get("running") else [],
        waiting,
        queue.jobs(store, states=OVER, limit=ENDED_SHOWN),
        counts,
        now=clock.now(),
        n_workers=len(workers),
        is_beside=has_worker_beside(),
        waits_because=lambda job, n_before: _why(job, workers, n_before),
    )


def one(job_id: str) -> Looked | None:
    """A job by its id or the beginning of it; None if there is none."""
    store = cached.store()
    job = queue.job(store, job_id)
    if job is None:
        return None
    why = _why(job, alive(), None) if job.state == "queued" else ""
    return Looked(job, job_view(job, now=clock.now(), why_waiting=why))


def alive() -> list[Worker]:
    """Workers that were heard of lately."""
    return [worker for worker in queue.workers(cached.store()) if worker.silent_s < SILENT_S]


def has_worker_beside() -> bool:
    """Whether the app starts a worker of its own as soon as a job waits."""
    return read_settings().worker != "0"


def events(job_id: str) -> list[JobEvent]:
    """What happened to a job, in order."""
    return queue.events(cached.store(), job_id)


def log(job_id: str) -> str:
    """The end of its log, as plain lines."""
    return job_words.log_lines(queue.log_tail(cached.store(), job_id))


def cancel_button(job_id: str, place: str) -> None:
    """Ends the job at a click; nothing where the reader may not. ``place`` makes the key unique on the page."""
    if _is_theirs(job_id):
        st.button("Cancel", key=f"cancel-{place}-{job_id}", icon=":material/stop_circle:", on_click=_cancel, args=(job_id,))  # fmt: skip


def retry_button(job_id: str) -> None:
    """Puts an ended job back into the queue, where finished tasks stay finished."""
    if _is_theirs(job_id):
        st.button("Try again", key=f"retry-{job_id}", icon=":material/replay:", on_click=_retry, args=(job_id,))


def what_was_said() -> None:
    """What the last click did or why it could not, once."""
    if said := st.session_state.pop(SAID, ""):
        st.info(formats.markdown(said, 400), icon=":material/info:")


def _is_theirs(job_id: str) -> bool:
    """Whether this reader may end and repeat the job: their own, or any for an admin."""
    return may_change() and reader.may_change(holder_of(cached.store(), job_id).owner)


def _why(job: Job, workers: list[Worker], n_before: int | None) -> str:
    if not workers and has_worker_beside() and not n_before:
        return "a worker is being started" if job.needs.device == "cpu" else queue.waits_because(job, workers)
    return queue.waits_because(job, workers, n_before)


def _cancel(job_id: str) -> None:
    if not _is_theirs(job_id):
        return
    try:
        queue.cancel(cached.store(), job_id, reason="by the reader, on the page")
    except PoundForPoundError as told:
        st.session_state[SAID] = f"It could not be cancelled: {told}"
    else:
        st.session_state[SAID] = f"Job {job_id[:12]} is being cancelled; what it had finished stays."


def _retry(job_id: str) -> None:
    if not _is_theirs(job_id):
        return
    try:
        queue.retry(cached.store(), job_id)
    except PoundForPoundError as told:
        st.session_state[SAID] = f"It could not be tried again: {told}"
