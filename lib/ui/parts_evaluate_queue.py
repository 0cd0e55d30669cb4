"""Evaluate, the queue: what runs, what waits and why, what is over. It refreshes by itself while anything may change."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lib import formats
from lib.evals.matching import START_ONE
from lib.ui import jobs, links, page
from lib.ui.views.evaluate_queue import JobLine, QueueView

QUESTION = "What is being evaluated, and when will it end?"
SECONDS = 2


def show() -> None:
    """The queue, polled in a fragment while anything runs or waits, and standing still otherwise."""
    view = jobs.look()
    if view.is_live:
        _live()
    else:
        _lists(view)


@st.fragment(run_every=SECONDS)
def _live() -> None:
    view = jobs.look()
    if not view.is_live:
        # A full run: what has ended may have brought scores, and nothing is polled any more.
        st.rerun()
    _lists(view)


def _lists(view: QueueView) -> None:
    page.takeaway([view.takeaway])
    jobs.what_was_said()
    if view.n_waiting and not jobs.has_worker_beside() and not jobs.alive():
        st.markdown("Jobs stay queued until a worker runs, here or on another machine:")
        st.code(START_ONE, language=None)
    if not view.is_live and not view.n_ended:
        links.link("evaluate", ":blue[Start one →]", {"part": "start"})
        return
    for line in view.running:
        _running(line)
    if view.waiting:
        st.subheader(f"Waiting ({formats.count(view.n_waiting)})", anchor=False)
        _waiting(view.waiting)
        _more(view.n_waiting - len(view.waiting), "waiting")
    if view.ended:
        st.subheader(f"Ended ({formats.count(view.n_ended)})", anchor=False)
        for line in view.ended:
            _line(line)
        _more(view.n_ended - len(view.ended), "ended")


def _running(line: JobLine) -> None:
    with st.container(border=True, key=f"job-{line.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container():
                _link(line)
            jobs.cancel_button(line.id, "queue")
        st.progress(line.share, text=f":small[{formats.markdown(line.said, 400)}]")


def _waiting(lines: Sequence[JobLine]) -> None:
    for line in lines:
        with st.container(horizontal=True, vertical_alignment="center"):
            _line(line)
            jobs.cancel_button(line.id, "queue")


def _line(line: JobLine) -> None:
    with st.container(gap="xxsmall"):
        _link(line)
        mark = ":material/error: " if line.is_failed else ""
        page.small_text(mark + formats.markdown(line.said, 400))


def _link(line: JobLine) -> None:
    links.link("job", f":blue[{formats.markdown(line.title, 60)} →]", {"job": line.id})


def _more(n: int, what: str) -> None:
    if n > 0:
        page.small_text(f"and {formats.count(n)} more {what}: `python -m lib jobs` lists all of them")
