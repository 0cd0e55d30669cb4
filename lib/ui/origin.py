"""The card under a table that says where the chosen number comes from, and leads there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd
import streamlit as st

from lib import formats
from lib.analysis import labels
from lib.schema.columns import COLUMNS
from lib.settings import read_settings
from lib.sources.received import file_name, received
from lib.store.details import source_details, source_named, sources_of_run
from lib.store.frames import Frames
from lib.ui import cached, links
from lib.ui.traces import Trace, Traces

HINT = "Choose a cell to see where its number comes from."
TICK = "Tick two to six models to put them side by side."
RUNS_SHOWN = 8
FEWEST, MOST = 2, 6
FIELD_WORDS = {"release_date": "Released", "params_weights": "Parameters, counted from the weights"}
_OF = ":of"


def on_choice(key: str, traces: Traces) -> Any:
    """What Streamlit calls when the reader chooses a cell: notes which rows the choice was made in."""

    def chosen() -> None:
        st.session_state[key + _OF] = traces.stamp

    return chosen


class Cell(NamedTuple):
    """A chosen cell: where it comes from, its column, and the position of its row."""

    trace: Trace
    column: str
    row: int


def chosen_cell(key: str, traces: Traces, rows: pd.DataFrame) -> Cell | None:
    """The chosen cell; None without a choice, or one made in other rows."""
    cells = _chosen(key, traces, "cells")
    if not cells:
        return None
    row, column = int(cells[0][0]), str(cells[0][1])
    trace = traces.at(row, column)
    if trace is None or column not in rows.columns or row >= len(rows):
        return None
    return Cell(trace, column, row)


def chosen_mark(key: str, traces: Traces, column: str) -> Trace | None:
    """Trace of the chosen mark of a figure, whose marks carry ids of models; None without a choice."""
    points = _chosen(key, traces, "points")
    model = points[0].get("customdata") if points else None
    model = model[0] if isinstance(model, list) and model else model
    found = [traces.at(row, column) for row, one in enumerate(traces.models) if model and one == model]
    told = [one for one in found if one is not None]
    # A model may stand in several rows: its mark then has the runs of all of them.
    runs = dict.fromkeys(run for one in told for run in one.runs)
    return told[0]._replace(runs=tuple(runs)) if told else None


def ticked(key: str, traces: Traces) -> list[str]:
    """Models of the ticked rows, in the order of the rows, each once."""
    rows = sorted(int(row) for row in _chosen(key, traces, "rows"))
    found = [traces.at(row, "name") for row in rows]
    return list(dict.fromkeys(one.model for one in found if one is not None and one.model))


def _chosen(key: str, traces: Traces, kind: Literal["cells", "rows", "points"]) -> list[Any]:
    """What is chosen in a table or figure; nothing where the choice was made in other rows."""
    state: Any = st.session_state.get(key)
    chosen = (state["selection"].get(kind) or []) if state else []
    # The stamp of a large table takes longer than the rest of it, and most readers choose nothing.
    return chosen if chosen and st.session_state.get(key + _OF) == traces.stamp else []


def compare(models: list[str]) -> None:
    """The way to the ticked models side by side; a hint while they are too few or too many."""
    if len(models) > MOST:
        st.markdown(f":small[{len(models)} models are ticked; at most {MOST} fit side by side.]")
    elif len(models) >= FEWEST:
        links.link("side-by-side", f":blue[Put these {len(models)} models side by side →]", {"models": models})
    elif models:
        st.markdown(":small[One model is ticked; tick another to put them side by side.]")


def card(key: str, trace: Trace, heading: str, shown: str = "") -> None:
    """Where one number comes from: its runs or facts, each with its source, the raw file, and the pages about them.

    Args:
        heading: Of the column; plain text.
        shown: The number as the reader saw it; plain text, '' for none.
    """
    frames = cached.frames()
    with st.container(border=True, key=f"origin-{key}"):
        names = frames.models["name"]
        name, other = (str(names[one]) if one in names.index else None for one in (trace.model, trace.against))
        title = heading if name is None else name if heading == COLUMNS["name"].label else f"{heading} of {name}"
        title = title if name is None or other is None else f"{heading}: {name} against {other}"
        n_asked = n_questions(frames, trace) if "%" in shown else None
        told = f"{shown}, {formats.counted(n_asked, 'question')}" if n_asked else shown
        st.markdown(f"**{formats.markdown(title, 160)}**" + (f": {formats.markdown(told, 160)}" if told else ""))
        for n, run in enumerate(trace.runs[:RUNS_SHOWN]):
            _run(f"{key}-{n}", frames, run, is_named=other is not None)
        if len(trace.runs) > RUNS_SHOWN:
            st.markdown(f":small[and {formats.counted(len(trace.runs) - RUNS_SHOWN, 'run')} more]")
        if trace.fields:
            _facts(key, frames, trace)
        if trace.fields and other is not None:
            st.markdown(f":small[**{formats.markdown(other, 80)}**]")
            _facts(f"{key}-against", frames, trace._replace(model=trace.against))
        if trace.source and not trace.runs:
            _file(key, trace.source)
        label = str(frames.benchmarks["label"].get(trace.benchmark, ""))
        if not trace.runs and not trace.fields and not trace.source and title not in (name, label):
            st.markdown(":small[No result stands here, so there is nothing to trace.]")
        with st.container(horizontal=True):
            if name is not None:
                links.to_model(trace.model, f"All about {name} →")
            if other is not None:
                links.to_model(trace.against, f"All about {other} →")
                if not key.startswith("head"):
                    links.link(
                        "head-to-head", ":blue[These two, head to head →]", {"a": trace.model, "b": trace.against}
                    )
            if label:
                links.to_benchmark(trace.benchmark, f"All about {label} →")
            if trace.source:
                links.to_source(trace.source, "The source →")


def n_questions(frames: Frames, trace: Trace) -> int | None:
    """How many questions a score of one benchmark in one run rests on; None where that is not one number, or unknown."""
    if not trace.benchmark or len(trace.runs) != 1:
        return None
    known = frames.runs
    results = frames.scores_of(known.index[(known["run"] == trace.runs[0][:12]).to_numpy(bool)])
    counts = results["n_samples"][(results["benchmark"] == trace.benchmark).to_numpy(bool)].dropna().unique()
    return int(counts[0]) if len(counts) == 1 else None


def raw_button(key: str, source: Mapping[str, Any], words: str = "Raw file") -> None:
    """A button that hands out the bytes of a source, untouched.

    Args:
        source: A row of ``sources``: raw_digest, member, name.
    """
    store, settings, row = cached.store(), read_settings(), dict(source)
    st.download_button(
        words,
        data=lambda: received(store, row, settings),
        file_name=formats.one_line(file_name(row), 120),
        mime="application/octet-stream",
        key=f"raw-{key}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def source_words(source: Mapping[str, Any]) -> str:
    """A source in one line of Markdown: file, title with its address, licence, dates."""
    title = source.get("title")
    parts = [f"`{formats.one_line(str(source['name']).replace('`', ''), 110)}`"]
    parts += [f"of {formats.web_link(source.get('url'), title)}"] if title else []
    licence, published = source.get("licence"), source.get("published_on")
    parts += [f"licence {formats.markdown(licence, 60)}"] if licence else []
    # What stands nowhere on the web was put together for this project: its date is that of the collection.
    way = "published" if source.get("url") else "collected"
    parts += [f"{way} {formats.markdown(published, 20)}"] if published else []
    parts += [f"imported {formats.date(source.get('imported_at'))}"]
    return ", ".join(parts)


def _run(key: str, frames: Frames, run: str, *, is_named: bool) -> None:
    """One run in a line, its file, and the way to both; ``is_named``: its model is said, for there are several."""
    found = cached.stored(sources_of_run, run=run)
    if not found:
        st.markdown(f":small[Run {formats.markdown(run)} is no longer there: its source was withdrawn.]")
        return
    known = frames.runs[frames.runs["run"] == run[:12]]
    words = []
    if len(known):
        row = known.iloc[0]
        words = [str(frames.models["name"].get(row["model"], row["model_name"]))] if is_named else []
        words += [labels.evaluator_label({str(name): value for name, value in row.items()})]
        words += [f"evaluated {formats.date(row['evaluated_on'])}" if pd.notna(row["evaluated_on"]) else ""]
        # A file may have thousands of rows: this is how one finds the row.
        words += [
            f"called “{formats.one_line(row['model_name'], 80)}” in the file" if pd.notna(row["model_name"]) else ""
        ]
    told = formats.markdown(" · ".join(word for word in words if word), 300)
    also = f"; also in {formats.counted(len(found) - 1, 'other file')}" if len(found) > 1 else ""
    st.markdown(f":small[{told}. From {source_words(found[0])}{also}.]")
    with st.container(horizontal=True, vertical_alignment="center"):
        links.to_run(run, f"Open run {run[:12]} →")
        raw_button(key, found[0])


def _file(key: str, source: str) -> None:
    """The file that a number without a run stands in."""
    found = [one.source for one in cached.stored(source_details, digest=source)]
    live = [one for one in found if not one["withdrawn_at"]]
    if live:
        st.markdown(f":small[From {source_words(live[0])}.]")
        raw_button(f"{key}-source", live[0])


def _facts(key: str, frames: Frames, trace: Trace) -> None:
    """Every value that a source gives for the fields behind a number."""
    facts = frames.facts(trace.model)
    facts = facts[facts["field"].isin(trace.fields)]
    files = []
    for fact in facts.to_dict("records"):
        field = str(fact["field"])
        words = FIELD_WORDS.get(field) or (COLUMNS[field].label if field in COLUMNS else field.replace("_", " "))
        value = formats.shown(field, formats.number(_number(fact["value"])) or fact["value"]) if field in COLUMNS else fact["value"]  # fmt: skip
        source = formats.web_link(fact["source_url"], fact["source_title"] or "no source named")
        memory = ", from memory" if fact["is_from_memory"] else ""
        own = ", entered by a reader" if fact["origin"] == "reader" else ""
        st.markdown(f":small[{formats.markdown(f'{words}: {value}', 160)}, from {source}{memory}{own}.]")
        files.append(fact["file"])
    if facts.empty:
        known = frames.models.reindex([trace.model])
        is_known = any(field in known and known[field].notna().all() for field in trace.fields)
        words = (
            "The catalogue says so, without a source of its own"
            if is_known
            else "No source gives a value: it is not known"
        )
        st.markdown(f":small[{words}.]")
    for n, file in enumerate(dict.fromkeys(one for one in files if one)):
        source_row = cached.stored(source_named, name=str(file))
        if source_row is not None:
            raw_button(f"{key}-fact-{n}", source_row, f"Raw file {file_name(source_row)}")


def _number(text: object) -> object:
    try:
        return float(str(text))
    except ValueError:
        return None
