"""The parts of a job's page: how it stands (live), its scores, the estimate against what came, its log, what happened, what was asked."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from lib import formats
from lib.evals.export import as_yaml, command_lines
from lib.evals.jobs import Job
from lib.evals.spec import JobSpec
from lib.evals.task_list import task_list
from lib.ui import cached, controls, jobs, links, page
from lib.ui.views import evaluate_estimate
from lib.ui.views import job as views
from lib.ui.views.evaluate_form import address_of
from lib.ui.views.job import JobView
from lib.ui.views.job_scores import job_scores
from lib.ui.views.run import COLUMN_LABELS

SECONDS, LOG_SECONDS = 1, 2
ROW_PX = 35
TALLEST, LINES_SHOWN = 500, 20
COMMANDS_SHOWN = 12


def found(asked: str) -> jobs.Looked | None:
    """The job of the address; otherwise what there is to say instead, and None."""
    looked = jobs.one(asked) if views.is_id(asked) else None
    if looked is None:
        page.heading("How far is this evaluation?")
        page.nothing_left(
            f"No job has the id “{formats.one_line(asked, 60)}”." if asked else "The address names no job."
        )
        links.link("evaluate", ":blue[All evaluations →]", {"part": "queue"})
    return looked


def standing(looked: jobs.Looked) -> None:
    """How the job stands; while it runs or waits this part alone is drawn anew every second."""
    if looked.view.is_live:
        _live(looked.job.id)
    else:
        _standing(looked.job.id, looked.view)


@st.fragment(run_every=SECONDS)
def _live(job_id: str) -> None:
    looked = jobs.one(job_id)
    if looked is None or not looked.view.is_live:
        # A full run: the scores are in the store now, and nothing is polled any more.
        st.rerun()
    _standing(job_id, looked.view)


def _standing(job_id: str, view: JobView) -> None:
    page.takeaway(view.takeaway)
    jobs.what_was_said()
    if view.is_live:
        st.progress(view.share, text=f":small[{formats.markdown(view.bar, 200)}]")
    if view.can_cancel:
        jobs.cancel_button(job_id, "job")
    if view.can_retry:
        jobs.retry_button(job_id)
    page.table(
        view.table,
        key="job-tasks" if view.is_live else "job-tasks-ended",
        alt="The tasks of this job",
        labels=views.LABELS,
        # While it runs the table is drawn anew every second, and nobody can choose from it.
        traces=view.traces if view.outcomes and not view.is_live else None,
        height=_height(len(view.table)),
    )


def scores(view: JobView) -> None:
    """What it scored so far, and the ways from there; nothing before the first task has ended."""
    if not view.outcomes:
        return
    runs = tuple(dict.fromkeys(one.run[:12] for one in view.outcomes))
    found = cached.made(job_scores, runs=runs)
    page.part("What it scored")
    if found.table.empty:
        page.small_text("The store has no score of these runs: they were withdrawn, or have just been imported.")
        return
    page.table(
        found.table,
        key="job-scores",
        alt="Scores of this job with 95% intervals",
        labels=COLUMN_LABELS,
        traces=found.traces,
        height=_height(len(found.table)),
    )
    if found.n_more:
        page.small_text(f"and {formats.count(found.n_more)} more on the pages of the runs")
    with st.container(gap="xxsmall"):
        if found.model[0]:
            links.to_model(found.model[0], f"Everything about {found.model[1]} →")
        _head_to_head(runs[0], found.model)
        for name, label in found.benchmarks[:6]:
            links.to_benchmark(name, f"Beside all other models on {label} →")
    if found.waiting:
        _names(found.waiting)


def _head_to_head(run: str, model: tuple[str, str]) -> None:
    words = f":blue[Hold {formats.markdown(model[1] or 'this run', 60)} against any other, head to head →]"
    links.link("head-to-head", words, {"a": model[0] or run})


def _names(waiting: str) -> None:
    page.small_text(
        f"“{formats.markdown(waiting, 80)}” is the name of no model in the catalogue, so these scores are on the pages of their runs "
        "only."
    )
    links.link("data", ":blue[Say which model it is, and it stands in every table →]", {"part": "names"})


def estimate(job: Job) -> None:
    """What was expected before the start beside what came, once it is done; nothing where either is not known."""
    table = evaluate_estimate.against(job) if job.state == "succeeded" else None
    if table is None or table.empty:
        return
    page.part("Expected, and what came")
    page.table(
        table,
        key="job-estimate",
        alt="What was expected of this job and what came",
        labels=evaluate_estimate.LABELS,
        height=_height(len(table)),
    )
    if basis := job.estimate.get("basis"):
        page.small_text(f"Expected from: {formats.markdown(basis, 600)}")


def asked_for(job: Job) -> None:
    """What was asked, as commands and YAML for elsewhere, and the form filled in with it."""
    with st.expander("What was asked for"):
        exported(job.spec)
    links.link("evaluate", ":blue[Change something and ask again →]", address_of(job.spec))


def exported(spec: JobSpec) -> None:
    """A job as commands of lm-eval and as a file that ``lm_eval`` and this page read."""
    told = command_lines(spec, task_list())
    page.code("\n\n".join(told.commands[:COMMANDS_SHOWN]))
    if len(told.commands) > COMMANDS_SHOWN:
        page.small_text(f"and {formats.count(len(told.commands) - COMMANDS_SHOWN)} more; the YAML file has all tasks")
    for note in told.notes:
        page.small_text(f"{formats.markdown(note[:1].upper() + note[1:], 400)}.")
    st.download_button(
        "Download as YAML",
        data=lambda: as_yaml(spec),
        file_name="job.yaml",
        mime="application/yaml",
        key="job-yaml",
        on_click="ignore",
        icon=":material/download:",
    )


def log(looked: jobs.Looked) -> None:
    """The end of the log, when the reader asks for it; live while the job is."""
    if not controls.switch("log", "Show the log"):
        return
    if looked.view.is_live:
        _live_log(looked.job.id)
    else:
        _log(looked.job.id)


@st.fragment(run_every=LOG_SECONDS)
def _live_log(job_id: str) -> None:
    _log(job_id)


def _log(job_id: str) -> None:
    lines = jobs.log(job_id)
    if lines:
        height: int | Literal["content"] = TALLEST if lines.count("\n") >= LINES_SHOWN else "content"
        st.code(lines, language=None, height=height, wrap_lines=True)
    else:
        page.small_text("The log is empty so far.")


def events(job_id: str) -> None:
    """What happened to it, behind a click."""
    told = jobs.events(job_id)
    if told:
        with st.expander(f"What happened ({formats.counted(len(told), 'event')})"):
            table = views.events_table(told)
            page.table(table, key="job-events", alt="What happened to this job, last first", labels=views.EVENT_LABELS, height=_height(len(table)))  # fmt: skip


def _height(n_rows: int) -> int:
    return min(ROW_PX * (n_rows + 1) + 3, TALLEST)
