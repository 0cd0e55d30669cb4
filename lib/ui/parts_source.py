"""Parts of the Source page: the file and its bytes, what came out of it, what was refused, and withdrawing it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import formats
from lib.store.details import SourceDetails, is_digest, refusals_of, source_details, sources_beside
from lib.store.frames import Frames
from lib.ui import cached, data_stored, links, origin, page, withdrawing
from lib.ui.traces import Traces
from lib.ui.views.source import KINDS, RUN_LABELS, SourceView, source_view

ROW_PX, MOST_PX = 35, 600
WARNINGS_SHOWN = 100
COPY = "copy"
WITHDRAWING = (
    "Withdrawing takes the file's scores and facts out of every table, figure and search, here and for everybody who uses "
    f"this installation. {withdrawing.MEANING}"
)
RESTORING = "Restoring puts everything that came out of this file back into the tables and figures."


def found(asked: str) -> tuple[SourceDetails | None, list[SourceDetails]]:
    """The source of the address and other copies of the same bytes; otherwise what there is to say instead, and None."""
    several = cached.stored(source_details, digest=asked) if is_digest(asked) else []
    digests = list(dict.fromkeys(one.source["digest"] for one in several))
    if not several:
        _not_found(asked)
        return None, []
    if len(digests) > 1:
        page.heading("What is this file?")
        page.nothing_left(f"Several files begin with {formats.one_line(asked, 64)}. Which one?")
        for one in several:
            start = str(one.source["digest"])[:24]
            links.link("source", f":blue[{formats.markdown(start + ' ' + one.source['name'], 120)}]", {"source": start})
        return None, []
    # Live copies first; the address may name another one by its number in the store.
    ordered = sorted(several, key=lambda one: (one.source["withdrawn_at"] is not None, one.source["id"]))
    wanted = str(st.query_params.get(COPY, ""))
    chosen = next((one for one in ordered if str(one.source["id"]) == wanted), ordered[0])
    return chosen, [one for one in ordered if one is not chosen]


def view(frames: Frames, asked: str, source_id: int) -> SourceView:
    """What is shown of one of the sources that the address names; to be made once per revision."""
    copies = cached.stored(source_details, digest=asked)
    return source_view(frames, next(one for one in copies if one.source["id"] == source_id))


def actions(details: SourceDetails) -> None:
    """The bytes, and on a local installation withdrawing and restoring with what that does."""
    source = details.source
    is_gone, is_local = source["withdrawn_at"] is not None, data_stored.is_local()
    with st.container(horizontal=True, vertical_alignment="center"):
        if not is_gone or is_local:
            origin.raw_button("source", source, "Raw file, untouched")
        ids = [int(source["id"])]
        live, withdrawn = ([], ids) if is_gone else (ids, [])
        withdrawing.buttons("source", live, withdrawn, what="this file", name=str(source["name"]))
    if is_local:
        page.small_text(formats.markdown(RESTORING if is_gone else WITHDRAWING, 600))
    elif data_stored.is_pinned():
        page.small_text(data_stored.PINNED)
    else:
        page.small_text("Only on a local installation can a file be withdrawn or restored.")


def facts(details: SourceDetails, view: SourceView) -> None:
    """What is known of the file; its address as a link."""
    page.table(
        view.facts,
        key="source-facts",
        alt="What is known of this file",
        labels={"what": "What", "value": "Value"},
        height=min(MOST_PX, ROW_PX * (len(view.facts) + 1) + 3),
    )
    if details.source["url"]:
        page.say(f":small[Published at {formats.web_link(details.source['url'], details.source['url'])}]")


def runs(view: SourceView) -> None:
    """Every run that came out of it; a cell leads to the run and the model."""
    page.part(f"What came out of it: {formats.counted(len(view.runs), 'run')}")
    page.table(
        view.runs,
        key="source-runs",
        alt="Runs that came out of this file",
        labels=RUN_LABELS,
        traces=view.traces,
        height=min(MOST_PX, ROW_PX * (len(view.runs) + 1) + 3),
    )
    if len(view.runs) == 1 and view.traces.runs:
        links.to_run(str(view.runs["run"].iloc[0]), "Open the run →")


def warnings(details: SourceDetails) -> None:
    """What the importer skipped or repaired."""
    told = [str(one) for one in details.source["warnings"] or ()]
    if not told:
        return
    with st.expander(f"What was skipped or repaired on import ({formats.count(len(told))})"):
        page.small_text("Each line names its place in the file. Skipped values are in the raw file only.")
        page.code("\n".join(formats.one_line(one, 300) for one in told[:WARNINGS_SHOWN]))
        if len(told) > WARNINGS_SHOWN:
            page.small_text(f"and {formats.count(len(told) - WARNINGS_SHOWN)} more")


def refused(details: SourceDetails) -> None:
    """Other members of the same raw file that could not be taken, and why."""
    rows = cached.stored(refusals_of, raw_digest=str(details.source["raw_digest"]))
    if rows.empty:
        return
    raw = formats.markdown(details.source["raw_name"], 100)
    with st.expander(f"What could not be taken of {raw} ({formats.count(len(rows))})"):
        shown = pd.DataFrame({"file": rows["name"], "reason": rows["reason"]})
        page.table(shown, key="source-refused", alt="Refused files", labels={"file": "File", "reason": "Why not"})


def around(details: SourceDetails, copies: list[SourceDetails]) -> None:
    """The same bytes elsewhere, and what else came in the same raw file."""
    if copies:
        page.part("The same bytes came more than once")
        for one in copies:
            gone = " (withdrawn)" if one.source["withdrawn_at"] else ""
            words = formats.markdown(f"{one.source['name']}{gone}", 140)
            address = {"source": str(one.source["digest"])[:12], COPY: str(one.source["id"])}
            links.link("source", f":blue[{words}]", address)
    own = details.source
    beside = cached.stored(sources_beside, raw_digest=str(own["raw_digest"]), source_id=int(own["id"]))
    if beside.empty:
        return
    raw = formats.markdown(details.source["raw_name"], 100)
    with st.expander(f"What else came in {raw} ({formats.count(len(beside))})"):
        kinds = [KINDS.get(name, name) for name in beside["importer"]]
        states = ["withdrawn" if at else None for at in beside["withdrawn_at"]]
        shown = pd.DataFrame({"file": beside["name"], "is": kinds, "n_results": beside["n_results"], "state": states})
        labels = {"file": "File", "is": "What it is", "state": "State"}
        traces = Traces([], {}, {}, sources=beside["digest"].astype(str).tolist())
        page.table(shown, key="source-beside", alt="Other files of the same raw file", labels=labels, traces=traces)


def _not_found(asked: str) -> None:
    page.heading("What is this file?")
    if not asked:
        page.nothing_left("The address names no file. Every number on the other pages leads to the file it comes from.")
    elif not is_digest(asked):
        page.nothing_left(
            f"“{formats.one_line(asked, 70)}” is no address of a file: that is 8 to 64 digits from 0 to 9 and a to f."
        )
    else:
        page.nothing_left(
            f"No stored file begins with {formats.one_line(asked, 64)}. It may have been replaced by a newer edition."
        )
    links.link("data", ":blue[All files that are stored →]")
