"""The row of actions under every page: the view as a report to keep or to send."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib import formats
from lib.access import Reader, may
from lib.ui import basket, links, reports
from lib.ui.recorded import Notes

WITHOUT = frozenset({"report", "search", "evaluate", "job"})
"""Pages that show no view: what is typed there, or what goes on."""


def draw(somebody: Reader, address: str, notes: Notes) -> None:
    """Buttons that make their file at the click, from what the page will have drawn by then.

    Args:
        somebody: Strangers take no reports home.
        address: Of the page.
        notes: Of this rerun; still empty while this is drawn.
    """
    if not may(somebody, "share") or address in WITHOUT:
        return
    with st.popover("Report", icon=":material/article:"):
        st.markdown("This view as one file that opens offline: takeaway, figures, tables, assumptions, sources.")
        _button(notes, "Download report", is_static=False)
        _button(notes, "With pictures only, under 1 MB", is_static=True)
        n = len(basket.items())
        st.button("Add to my report", key="report-add", on_click=basket.add, args=(notes,), icon=":material/add:")
        if n:
            links.link("report", f":blue[My report of {formats.counted(n, 'view')} →]")


def _button(notes: Notes, label: str, *, is_static: bool) -> None:
    st.download_button(
        label,
        data=partial(_file, notes, is_static=is_static),
        file_name="pound-for-pound-pictures.html" if is_static else "pound-for-pound.html",
        mime="text/html",
        key=f"report-{'static' if is_static else 'whole'}",
        on_click="ignore",
        icon=":material/download:",
    )


def _file(notes: Notes, *, is_static: bool) -> bytes:
    view = reports.view_of(notes)
    return reports.file([view], reports.provenance(notes.frames), is_static=is_static).content
