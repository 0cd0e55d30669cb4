"""Parts of the Run page: the files, the table of scores, the configuration, the command, the samples, the series."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import formats
from lib.analysis.command_line import command_line
from lib.store.details import RunDetails, is_digest, run_details, runs_beginning
from lib.store.run_jobs import job_of_run
from lib.ui import cached, data_stored, downloads, links, origin, page, parts_samples
from lib.ui.views.run import RunView, SeriesView
from lib.ui.views.run_took import TookView, expected
from lib.ui.views.run_words import configuration as configured
from lib.ui.views.run_words import model_words

FILES_SHOWN = 3
ROW_PX, MOST_PX = 35, 770
JSON_CHARACTERS = 20_000


def found(asked: str) -> RunDetails | None:
    """The run of the address, live and of this revision; otherwise what there is to say instead, and None."""
    details = cached.stored(run_details, digest=asked) if is_digest(asked) else None
    if details is None:
        _not_found(asked)
        return None
    if not details.is_live:
        _withdrawn(details)
        return None
    if int(details.run["id"]) not in cached.frames().runs.index:
        page.heading("What is in this run?")
        page.nothing_left("This run has just been imported. Load the page again.")
        return None
    return details


def files(details: RunDetails) -> None:
    """Every file that the run is in, with its page and its bytes; withdrawn ones are named as such."""
    shown, more = details.sources[:FILES_SHOWN], details.sources[FILES_SHOWN:]
    for n, source in enumerate(shown):
        _file(n, source, "In" if n == 0 else "Also in")
    if more:
        with st.expander(f"Also in {formats.counted(len(more), 'other file')}"):
            for n, source in enumerate(more, start=len(shown)):
                _file(n, source, "Also in")


def scores(view: RunView) -> None:
    """The tree of scores, and what its notes mean."""
    height = min(MOST_PX, ROW_PX * (len(view.table) + 1) + 3)
    page.table(
        view.table,
        key="run-scores",
        alt="Scores of this run: tasks, groups and their parts",
        labels=view.labels,
        traces=view.traces,
        height=height,
    )
    if view.notes:
        with st.expander("What the notes mean"):
            for words, meaning in view.notes.items():
                page.say(f"**{formats.markdown(words)}**: {formats.markdown(meaning, 300)}")


def configuration(details: RunDetails) -> None:
    """How the run was made, as far as the file says; and what it does not say."""
    told = configured(details.run)
    page.part("How was it run?")
    page.table(
        told.table,
        key="run-configuration",
        alt="Configuration of this run",
        labels={"what": "What", "value": "As the file says"},
        height=min(MOST_PX, ROW_PX * (len(told.table) + 1) + 3),
    )
    if told.silent:
        page.small_text(f"The file does not say: {formats.markdown(', '.join(told.silent), 600)}.")
    if told.rest:
        with st.expander("Everything else that is kept of the configuration"):
            _json(told.rest)


def command(details: RunDetails) -> None:
    """The command that does it again, and what it leaves open."""
    made = command_line(details.run, details.results)
    if details.run["kind"] != "raw":
        return
    page.part("Which command does it again?")
    if made.text:
        page.code(made.text)
        page.small_text("Put together from what the file says. " + formats.markdown(" ".join(made.unknown), 1500))
    else:
        page.say(formats.markdown(" ".join(made.unknown), 600))


def took(view: TookView | None, digest: str) -> None:
    """What answering took, where it was measured; what was expected, and the job, where it ran here."""
    if view is None:
        return
    page.part("What did it take?")
    page.say(page.markdown(view.said))
    job = cached.stored(job_of_run, run=digest)
    if job is not None:
        told = expected(job.estimate, job.task, view.seconds)
        if told is not None:
            page.say(page.markdown(told))
        links.link("job", f":blue[The job that it came out of, {job.job} →]", {"job": job.job})
    page.table(
        view.table,
        key="run-took",
        alt="Time, tokens, memory and money of each task of this run",
        labels=view.labels,
        traces=view.traces,
        height=min(MOST_PX, ROW_PX * (len(view.table) + 1) + 3),
    )
    page.small_text(formats.markdown(view.notes, 600))
    downloads.buttons(view.rows, f"measured-{digest[:12]}")


def samples(details: RunDetails) -> None:
    """The questions and answers, where there are any."""
    if len(details.samples):
        parts_samples.samples(details)


def series(view: SeriesView | None, short: str) -> None:
    """Other training states of the same model beside this one."""
    if view is None:
        return
    page.part("How did it get there?")
    page.small_text(f"{formats.markdown(view.said, 300)} Each row is one task measured the same way in all of them.")
    page.table(
        view.table,
        key="run-series",
        alt="Scores of the training states of this model",
        labels=view.labels,
        traces=view.traces,
        height=min(MOST_PX, ROW_PX * (len(view.table) + 1) + 3),
    )
    downloads.buttons(view.rows, f"checkpoints-{short}")


def _file(n: int, source: dict[str, Any], begins: str) -> None:
    withdrawn = source["withdrawn_at"]
    with st.container(horizontal=True, vertical_alignment="center"):
        if withdrawn is not None:
            page.say(f":small[{begins} {origin.source_words(source)}: **withdrawn** on {formats.date(withdrawn)}.]")
        else:
            page.say(f":small[{begins} {origin.source_words(source)}.]")
        links.to_source(source["digest"], "About this file →")
        if withdrawn is None:
            origin.raw_button(f"run-{n}", source)


def _json(rest: dict[str, Any]) -> None:
    if len(repr(rest)) > JSON_CHARACTERS:
        page.small_text("Too long to show here; the raw file has it.")
    else:
        st.json(rest)


def _withdrawn(details: RunDetails) -> None:
    name = model_words(cached.frames(), details.run)
    page.heading(f"What was in this run of {formats.one_line(name, 60)}?")
    page.say("Every file that held this run was withdrawn, so its numbers are in no table and no figure.")
    for n, source in enumerate(details.sources):
        _file(n, source, "It was in")
    if data_stored.is_local():
        page.small_text("The page of the file can restore it.")


def _not_found(asked: str) -> None:
    page.heading("What is in this run?")
    several = runs_beginning(cached.store(), asked)
    if several:
        page.nothing_left(f"Several runs begin with {formats.one_line(asked, 64)}. Which one?")
        for row in several:
            start = str(row["digest"])[:24]
            links.link("run", f":blue[{formats.markdown(start + ' ' + row['spelling'], 100)}]", {"run": start})
        return
    if not asked:
        page.nothing_left("The address names no run. A run is one results file; search for its name beside this page.")
    elif not is_digest(asked):
        page.nothing_left(
            f"“{formats.one_line(asked, 70)}” is no address of a run: that is 8 to 64 digits from 0 to 9 and a to f."
        )
    else:
        page.nothing_left(
            f"No run begins with {formats.one_line(asked, 64)}. It may have been replaced by a newer reading of its file."
        )
    page.say(
        "The search field beside the page finds runs by their file, their model and the beginning of their digest."
    )
    links.link("data", ":blue[All files that are stored →]")
