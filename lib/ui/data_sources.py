"""The files that the numbers were read from, how to get them, and how to withdraw one: part of the page about data."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from lib import formats
from lib.report.document import Table
from lib.store.frames import Frames
from lib.ui import cached, controls, data_stored, finished, links, origin, page, withdrawing
from lib.ui.recorded import note
from lib.ui.views import data

SHOWN = ["title", "n_files", "n_runs", "n_results", "n_refused", "kind", "published", "imported", "licence", "state"]
COUNTS = ("n_files", "n_runs", "n_results", "n_refused")
WIDTHS: dict[str, Any] = {"title": 330, "licence": "medium"}


def show() -> None:
    """Collections, the files of the chosen one or of a search, refusals; withdrawing for who may."""
    held = cached.made(data_stored.collections)
    if held.rows.empty:
        page.nothing_yet("Here stands every file that a number on these pages was read from.")
        return
    withdrawing.what_was_done()
    rows = held.rows
    options = cached.made(data_stored.collection_options)
    asked = str(st.query_params.get("file", ""))
    if asked not in options and (rows["key"] == asked).any():
        options = options | {asked: data.option(rows[rows["key"] == asked].iloc[0])}
    places = st.columns([3, 2], vertical_alignment="bottom")
    with places[0]:
        chosen = controls.choice("file", "Look into", options, default="")
    with places[1]:
        search = controls.search("q2", "Search files")
    if chosen in data.GATHERED:
        _gathered(held, chosen, search)
    elif chosen:
        (row,) = rows[rows["key"] == chosen].to_dict("records")
        _collection(held, {str(name): value for name, value in row.items()})
        _members(held, chosen, search)
    else:
        if search:
            _members(held, "", search)
        _to_gathered(options)
        page.part("Collections")
        _collections(rows)
    if chosen not in data.GATHERED:
        _refusals(held, chosen)
    withdrawing.question()


def _to_gathered(options: dict[str, str]) -> None:
    """Links to what is gathered: a number of withdrawn files must lead to them."""
    with st.container(horizontal=True):
        for key in data.GATHERED:
            if key in options:
                words = options[key][:1].upper() + options[key][1:]
                links.link("data", f":blue[{formats.markdown(words)} →]", {"part": "sources", "file": key})


def _gathered(held: data.Collections, key: str, search: str) -> None:
    """Files of every collection that have something in common, and a way to bring all withdrawn ones back."""
    told = {
        data.YOURS: "Files that were imported here and did not come with the project, the last ones first.",
        data.WITHDRAWN: "What only these files hold is on no page. Nothing of them is deleted.",
    }
    hint = " Choose a row to open it, or to change whether it is used." if data_stored.is_local() else ""
    page.small_text(told[key] + hint)
    if key == data.WITHDRAWN:
        own = data.gathered(held, key)
        _change_buttons("gathered", own, "all of them" if len(own) > 1 else "this file", "every withdrawn file")
    _members(held, key, search)


def _collections(rows: pd.DataFrame) -> None:
    """One row a collection; choosing one opens it."""
    words = {"n_files": "Files", "n_runs": "Runs", "n_results": "Results", "n_refused": "Refused"}
    config: dict[str, Any] = {
        name: st.column_config.NumberColumn(words[name], format="localized")
        if name in words
        else st.column_config.TextColumn(data.LABELS[name], width=WIDTHS.get(name))
        for name in SHOWN
    }
    # A selection that belongs to other rows must not open one of these.
    key = f"collections-{cached.frames().revision}"
    note(
        Table(
            cached.made(_shown), {**data.LABELS, **words}, "Collections of files with their licences, dates and counts"
        )
    )
    st.dataframe(
        finished.arrow(cached.made(_shown)),
        key=key,
        alt="Collections of files with their licences, dates and counts",
        hide_index=True,
        column_config=config,
        on_select=partial(_open, key, rows["key"].tolist()),
        selection_mode="single-row",
        height=min(560, 38 + 35 * len(rows)),
    )
    totals = [formats.counted(rows[name].sum(), word) for name, word in zip(COUNTS, ("file", "run", "result", "refused file"), strict=True)]  # fmt: skip
    page.small_text(
        f"Together {', '.join(totals)}, counted as the files hold them: a run that lies in two files counts twice. "
        "Choose a row to open it."
    )


def _shown(frames: Frames) -> pd.DataFrame:
    """The columns of the table of collections."""
    return cached.made(data_stored.collections).rows[SHOWN]


def _open(key: str, keys: list[str]) -> None:
    chosen = st.session_state[key]["selection"]["rows"]
    if chosen:
        st.query_params["file"] = keys[chosen[0]]


def _collection(held: data.Collections, row: dict[str, Any]) -> None:
    """What is known of one collection, its raw file, and withdrawing it whole."""
    with st.container(border=True):
        page.say(f"**{formats.web_link(row['url'], row['title'], 160)}**")
        counts = [formats.counted(row["n_files"], "file"), formats.counted(row["n_runs"], "run")]
        counts += [formats.counted(row["n_results"], "result")]
        told = [
            *counts,
            f"licence {formats.markdown(row['licence'], 160)}",
            f"published {formats.markdown(row['published'], 20)}",
            f"imported {row['imported']}",
            *([f"{formats.counted(row['n_refused'], 'file')} refused"] if row["n_refused"] else []),
        ]
        page.say(f":small[`{formats.one_line(str(row['file']).replace('`', ''), 110)}` · {' · '.join(told)}]")
        if row["n_withdrawn"]:
            st.warning(
                f"Withdrawn: {formats.counted(row['n_withdrawn'], 'file')} of {formats.count(row['n_files'])}. "
                "What only they hold is on no page.",
                icon=":material/visibility_off:",
            )
        own = held.sources[held.sources["key"] == row["key"]]
        with st.container(horizontal=True, vertical_alignment="center"):
            whole = {"raw_digest": row["raw_digest"], "member": "", "name": row["file"]}
            origin.raw_button(f"whole-{row['key']}", whole, "Raw file")
            if len(own) == 1:
                links.to_source(str(own["digest"].iloc[0]), "The source →")
            _change_buttons(
                f"whole-{row['key']}", own, "all its files" if len(own) > 1 else "this file", str(row["file"])
            )
        if not data_stored.is_local() and len(own):
            _why_no_form(str(row["file"]))


def _members(held: data.Collections, key: str, search: str) -> None:
    """The files of a collection, or of all that a search finds; a chosen one can be withdrawn alone."""
    found = data.members(held, key, search)
    page.part(f"Files ({formats.count(found.n)})")
    if not found.n:
        page.nothing_left("No file has a name with all of these words. Try fewer of them.")
        return
    if found.n > len(found.ids):
        page.small_text(f"The first {formats.count(len(found.ids))} are shown; a search narrows them.")
    page.table(
        found.table,
        key="members",
        alt="Files with what was read from each",
        labels=data.LABELS,
        traces=found.traces,
        height=min(420, 38 + 35 * len(found.ids)),
    )
    state: Any = st.session_state.get("members")
    cells = (state["selection"].get("cells") or []) if state else []
    if data_stored.is_local() and cells and origin.chosen_cell("members", found.traces, found.table):
        source = held.sources[held.sources["id"] == found.ids[int(cells[0][0])]]
        with st.container(horizontal=True):
            _change_buttons("member", source, "this file", str(source["name"].iloc[0]))


def _refusals(held: data.Collections, key: str) -> None:
    rows = held.refusals if not key else held.refusals[held.refusals["key"] == key]
    if rows.empty:
        return
    page.part(f"Refused ({formats.count(len(rows))})")
    page.small_text(
        "Files that no importer could take. Nothing of them is on any page, unless the reason says that an earlier importer "
        "read them; they are kept as they came."
    )
    page.table(
        rows[["file", "reason", "inside", "refused_at"]].reset_index(drop=True),
        key="refusals",
        alt="Refused files with the reason for each",
        labels=data.LABELS,
    )


def _change_buttons(key: str, sources: pd.DataFrame, what: str, name: str) -> None:
    """Withdraw what is in use of these sources, restore what is withdrawn."""
    is_withdrawn = sources["withdrawn_at"].notna()
    live, withdrawn = ([int(one) for one in sources["id"][chosen]] for chosen in (~is_withdrawn, is_withdrawn))
    withdrawing.buttons(key, live, withdrawn, what=what, name=name)


def _why_no_form(name: str) -> None:
    if data_stored.is_pinned():
        page.small_text(data_stored.PINNED)
        return
    page.small_text(
        "This installation is open to others, so a file is withdrawn by who runs it, on the command line, and not here:"
    )
    st.code(f"python -m lib withdraw {quoted(name)}\npython -m lib restore {quoted(name)}", language=None)


def quoted(text: str) -> str:
    """A text for a shell's command line, on one line."""
    return shlex.quote(formats.one_line(text, 200))
