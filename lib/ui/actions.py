"""The row of actions under every page: the view as a report to keep or to send."""

from __future__ import annotations

import re
from functools import partial

import streamlit as st

from lib.access import Reader, may
from lib.report.html import render
from lib.ui import reports
from lib.ui.recorded import Notes


def draw(somebody: Reader, notes: Notes) -> None:
    """Buttons that make their file at the click, from what the page will have drawn by then.

    Args:
        somebody: Strangers take no reports home.
        notes: Of this rerun; still empty while this is drawn.
    """
    if not may(somebody, "share"):
        return
    with st.container(horizontal=True, vertical_alignment="center"), st.popover("Report", icon=":material/article:"):
        st.markdown("This view as one file that opens offline: takeaway, figures, tables, assumptions, sources.")
        _button(notes, "With figures that answer", is_static=False)
        _button(notes, "Pictures only, under 1 MB", is_static=True)


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
    return render(reports.document([view], reports.provenance(notes.frames)), static=is_static)


def file_stem(title: str) -> str:
    """The beginning of a file's name, of letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "report"
