"""The files that the numbers were read from, how to get them, and how to withdraw one: part of the page about data."""

from __future__ import annotations

import shlex
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from lib import formats
from lib.store import withdrawal
from lib.ui import cached, controls, data_stored, links, origin, page
from lib.ui.views import data

SHOWN = ["title", "n_files", "n_runs", "n_results", "n_refused", "kind", "published", "imported", "licence", "state"]
COUNTS = ("n_files", "n_runs", "n_results", "n_refused")
WIDTHS: dict[str, Any] = {"title": 330, "licence": "medium"}
ASKED, SAID = "data-asked", "data-said"


def show() -> None:
    """Collections, the files of the chosen one or of a search, refusals; withdrawing for who may."""
    held = cached.made(data_stored.collections)
    if held.rows.empty:
        page.nothing_yet("Here stands every file that a number on these pages was read from.")
        return
    _what_was_done()
    rows = held.rows
    options = {"": "all collections"} | {
        str(row["key"]): f"{row['title']} · {formats.counted(row['n_files'], 'file')}"
        for row in rows.to_dict("records")
    }
    places = st.columns([3, 2], vertical_alignment="bottom")
    with places[0]:
        chosen = controls.choice("file", "Look into", options, default="")
    with places[1]:
        search = controls.search("q2", "Search files")
    if chosen:
        (row,) = rows[rows["key"] == chosen].to_dict("records")
        _collection(held, {str(name): value for name, value in row.items()})
        _members(held, chosen, search)
    else:
        if search:
            _members(held, "", search)
        st.subheader("Collections", anchor=False)
        _collections(rows)
    _refusals(held, chosen)
    _asked()


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
    st.dataframe(
        rows[SHOWN],
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


def _open(key: str, keys: list[str]) -> None:
    chosen = st.session_state[key]["selection"]["rows"]
    if chosen:
        st.query_params["file"] = keys[chosen[0]]


def _collection(held: data.Collections, row: dict[str, Any]) -> None:
    """What is known of one collection, its raw file, and withdrawing it whole."""
    with st.container(border=True):
        st.markdown(f"**{formats.web_link(row['url'], row['title'], 160)}**")
        counts = [formats.counted(row["n_files"], "file"), formats.counted(row["n_runs"], "run")]
        counts += [formats.counted(row["n_results"], "result")]
        told = [
            *counts,
            f"licence {formats.markdown(row['licence'], 160)}",
            f"published {formats.markdown(row['published'], 20)}",
            f"imported {row['imported']}",
            *([f"{formats.counted(row['n_refused'], 'file')} refused"] if row["n_refused"] else []),
        ]
        st.markdown(f":small[`{formats.one_line(str(row['file']).replace('`', ''), 110)}` · {' · '.join(told)}]")
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
            if data_stored.is_local():
                _change_buttons(f"whole-{row['key']}", own, "all its files" if len(own) > 1 else "this file")
        if not data_stored.is_local() and len(own):
            _why_no_form(str(row["file"]))


def _members(held: data.Collections, key: str, search: str) -> None:
    """The files of a collection, or of all that a search finds; a chosen one can be withdrawn alone."""
    found = data.members(held, key, search)
    st.subheader(f"Files ({formats.count(found.n)})", anchor=False)
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
        is_wide=True,
        traces=found.traces,
        height=min(420, 38 + 35 * len(found.ids)),
    )
    state: Any = st.session_state.get("members")
    cells = (state["selection"].get("cells") or []) if state else []
    if data_stored.is_local() and cells and origin.chosen_cell("members", found.traces, found.table):
        source = held.sources[held.sources["id"] == found.ids[int(cells[0][0])]]
        with st.container(horizontal=True):
            _change_buttons("member", source, "this file")


def _refusals(held: data.Collections, key: str) -> None:
    rows = held.refusals if not key else held.refusals[held.refusals["key"] == key]
    if rows.empty:
        return
    st.subheader(f"Refused ({formats.count(len(rows))})", anchor=False)
    page.small_text("Files that no importer could take. Nothing of them is on any page; they are kept as they came.")
    page.table(
        rows[["file", "reason", "inside", "refused_at"]].reset_index(drop=True),
        key="refusals",
        alt="Refused files with the reason for each",
        labels=data.LABELS,
    )


def _change_buttons(key: str, sources: pd.DataFrame, what: str) -> None:
    """Withdraw what is in use, restore what is withdrawn; both ask first."""
    is_withdrawn = sources["withdrawn_at"].notna()
    for word, rows, is_back in (("Withdraw", sources[~is_withdrawn], False), ("Restore", sources[is_withdrawn], True)):
        if len(rows):
            st.button(
                f"{word} {what}" if len(rows) == len(sources) else f"{word} {formats.counted(len(rows), 'file')}",
                key=f"{word.lower()}-{key}",
                icon=":material/undo:" if is_back else ":material/visibility_off:",
                type="tertiary",
                on_click=_ask,
                args=([int(one) for one in rows["id"]], is_back),
            )


def _ask(ids: list[int], is_back: bool) -> None:
    st.session_state[ASKED] = (ids, is_back)


def _forget() -> None:
    st.session_state.pop(ASKED, None)


def _asked() -> None:
    """The dialog, while a question is open."""
    asked = st.session_state.get(ASKED)
    if asked is None or not data_stored.is_local():
        return
    ids, is_back = asked
    title = "Restore?" if is_back else "Withdraw?"
    st.dialog(title, on_dismiss=_forget)(_confirm)(ids, is_back)


def _confirm(ids: list[int], is_back: bool) -> None:
    store = cached.store()
    effect = withdrawal.effect_of_restoring(store, ids) if is_back else withdrawal.effect_of_withdrawing(store, ids)
    files = formats.counted(effect.n_sources, "file")
    moved = f"**{formats.counted(effect.n_runs, 'run')}** with **{formats.counted(effect.n_results, 'result')}**"
    if is_back:
        st.markdown(f"{files} will be used again: {moved} will come back to the pages.")
    else:
        st.markdown(f"{files} will be withdrawn: {moved} will leave the pages.")
        st.markdown(
            "Runs that another file holds, too, stay. Nothing is deleted, and the same file stays withdrawn when it is "
            "imported again. It can be restored here at any time."
        )
    with st.container(horizontal=True):
        if st.button("Restore" if is_back else "Withdraw", key="confirm", type="primary"):
            n = withdrawal.restore_all(store, ids) if is_back else withdrawal.withdraw_all(store, ids)
            done = "restored" if is_back else "withdrawn"
            st.session_state[SAID] = f"{formats.counted(n, 'file')} {done}: {moved.replace('*', '')}."
            _forget()
            st.rerun()
        if st.button("Keep as it is", key="keep"):
            _forget()
            st.rerun()


def _what_was_done() -> None:
    said = st.session_state.pop(SAID, None)
    if said:
        st.success(said, icon=":material/check:")


def _why_no_form(name: str) -> None:
    page.small_text(
        "This installation is open to others, so a file is withdrawn by who runs it, on the command line, and not here:"
    )
    st.code(f"python -m lib withdraw {quoted(name)}\npython -m lib restore {quoted(name)}", language=None)


def quoted(text: str) -> str:
    """A text for a shell's command line, on one line."""
    return shlex.quote(formats.one_line(text, 200))
