"""The parts of the page that makes one report of several views."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib import formats
from lib.ui import basket, downloads, links, page

QUESTION = "What goes into the report?"
WAY = "Open a view, choose what you want to show, and press “Add to my report” in the menu “Report” at its end."


def nothing() -> None:
    """For an empty report: how views come into it."""
    page.nothing_left("Nothing has been put aside for a report yet.")
    st.markdown(WAY)
    with st.container(horizontal=True):
        for address in ("overview", "cheapest", "head-to-head"):
            links.link(address, f":blue[{links.title(address)} →]")


def words() -> tuple[str, str]:
    """Title and own text of the whole."""
    title = st.text_input("Title", key=basket.TITLE, max_chars=basket.LONGEST_TITLE, placeholder="Q4 decision")
    note = st.text_area(
        "Your own text, at the top", key=basket.NOTE, max_chars=basket.LONGEST_NOTE, height=100, placeholder="optional"
    )
    return title or "", note or ""


def views(kept: list[basket.Item]) -> dict[int, str]:
    """Each view with a field for the reader's words, and its place; returns the words by the number of the view."""
    notes: dict[int, str] = {}
    for n, one in enumerate(kept):
        with st.container(border=True):
            left, right = st.columns([7, 2], vertical_alignment="center")
            left.markdown(f"**{n + 1}. {formats.markdown(one.view.title, 120)}**")
            with right.container(horizontal=True, horizontal_alignment="right"):
                st.button(
                    "Up",
                    key=f"up-{one.number}",
                    on_click=basket.move_up,
                    args=(one.number,),
                    disabled=not n,
                    type="tertiary",
                )
                st.button(
                    "Take out", key=f"out-{one.number}", on_click=basket.remove, args=(one.number,), type="tertiary"
                )
            notes[one.number] = (
                st.text_area(
                    f"Your own text about view {n + 1}",
                    key=f"note-{one.number}",
                    max_chars=basket.LONGEST_NOTE,
                    height=80,
                    placeholder="optional",
                )
                or ""
            )
    return notes


def take_home(kept: list[basket.Item], title: str, note: str, notes: dict[int, str]) -> None:
    """The two files, and the way back to nothing."""
    stem = f"pound-for-pound-{downloads.stem(title or 'report')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        for label, name, is_static in (
            ("Download report", f"{stem}.html", False),
            ("With pictures only, under 1 MB", f"{stem}-pictures.html", True),
        ):
            st.download_button(
                label,
                data=partial(basket.file, kept, title, note, notes, is_static=is_static),
                file_name=name,
                mime="text/html",
                key=f"report-of-views-{'static' if is_static else 'whole'}",
                on_click="ignore",
                icon=":material/download:",
                type="secondary" if is_static else "primary",
            )
        st.button("Empty it", key="report-clear", on_click=basket.clear, type="tertiary")
    page.small_text(
        "One file that opens offline and asks nothing of any host. It stays here as long as this tab is open."
    )
