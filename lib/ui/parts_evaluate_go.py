"""Evaluate, the end of the form: what it will take, the same job elsewhere, whether it was done, and the button."""

from __future__ import annotations

import streamlit as st

from lib import formats
from lib.errors import PoundForPoundError
from lib.evals import queue
from lib.evals.asking import Prepared
from lib.evals.estimate import Estimate
from lib.evals.jobs import Job
from lib.settings import read_settings
from lib.ui import cached, jobs, links, page, reader
from lib.ui.parts_job import exported
from lib.ui.views import evaluate_estimate as views
from lib.ui.views.evaluate_queue import title

REASONS_SHOWN = 3
DONE = {"queued": "waits already", "running": "is running already", "succeeded": "was done already"}


def expected(told: Estimate) -> None:
    """What is not known, and behind a click what it will take, task by task, and what that rests on."""
    if told.unknown:
        shown = "; ".join(formats.one_line(one, 200) for one in told.unknown[:REASONS_SHOWN])
        page.small_text(f"Not known: {formats.markdown(shown, 700)}.")
    document = told.as_json()
    whole, by_task = views.whole(document), views.by_task(document)
    if whole.empty:
        return
    with st.expander("What it will take"):
        page.table(whole, key="expected", alt="What the job will take", labels=views.LABELS)
        if len(by_task) > 1:
            page.table(by_task, key="expected-tasks", alt="What each task will take", labels=views.TASK_LABELS)
        page.small_text(formats.markdown(told.basis, 800))


def start(found: Prepared, priority: int) -> None:
    """The button; the same job that was asked for before is offered first."""
    jobs.what_was_said()
    same = queue.same(cached.store(), found.spec)
    if same is not None:
        _done(same)
    with st.container(horizontal=True, vertical_alignment="center"):
        if jobs.may_change():
            st.button(
                "Start" if same is None else "Run it again",
                key="start",
                type="primary" if same is None else "secondary",
                icon=":material/play_arrow:",
                disabled=bool(found.problems),
                on_click=_start,
                args=(found, priority, same is not None),
            )
        with st.popover("Run it elsewhere", icon=":material/terminal:", type="tertiary"):
            exported(found.spec)
    if not jobs.may_change():
        page.small_text("This installation is open to others: jobs are started on the command line.")


def _done(same: Job) -> None:
    with st.container(border=True, key="same-job"):
        st.markdown(f"This very job **{DONE[same.state]}**, with this model, these tasks and all of these settings.")
        links.link("job", ":blue[See it →]", {"job": same.id})


def _start(found: Prepared, priority: int, again: bool) -> None:
    """Into the queue, which is then shown; the form stays in the address for another start."""
    try:
        put = queue.enqueue(
            cached.store(),
            found.spec,
            needs=found.needs,
            priority=priority,
            estimate=found.estimate.as_json(),
            again=again,
            owner=reader.reader().subject,
            # Of a team: what one evaluates, all of it see. Alone there is nobody to hide it from.
            visibility="workspace" if read_settings().has_login else "public",
        )
    except PoundForPoundError as told:
        st.session_state[jobs.SAID] = f"It could not be queued: {told}"
        return
    st.session_state[jobs.SAID] = f"{title(put.job)} is in the queue."
    st.query_params["part"] = "queue"
