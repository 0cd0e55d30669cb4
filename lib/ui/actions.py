"""The row of actions under every page: the view as a report to keep or to send."""

from __future__ import annotations

import re
from functools import partial

import streamlit as st

from lib.access import Reader, may
from lib.report.html import render
from lib.store.db import Store
from lib.store.frames import Frames
from lib.ui import cached, reports
from lib.ui.recorded import Notes


def draw(somebody: Reader, notes: Notes, frames: Frames) -> None:
    """Buttons that make their file at the click, from what the page will have drawn by then.

    Args:
        somebody: Strangers take no reports home.
        notes: Of this rerun; still empty while this is drawn.
        frames: Of this rerun.
    """
    if not may(somebody, "share"):
        return
    store = cached.store()
    with st.container(horizontal=True, vertical_alignment="center"), st.popover("Report", icon=":material/article:"):
        st.markdown("This view as one file that opens offline: takeaway, figures, tables, assumptions, sources.")
        _button(notes, frames, store, "With figures that answer", is_static=False)
        _button(notes, frames, store, "Pictures only, under 1 MB", is_static=True)


def _button(notes: Notes, frames: Frames, store: Store, label: str, *, is_static: bool) -> None:
    st.download_button(
        label,
        data=partial(_file, notes, frames, store, is_static=is_static),
        file_name="pound-for-pound-pictures.html" if is_static else "pound-for-pound.html",
        mime="text/html",
        key=f"report-{'static' if is_static else 'whole'}",
        on_click="ignore",
        icon=":material/download:",
    )


def _file(notes: Notes, frames: Frames, store: Store, *, is_static: bool) -> bytes:
    view = reports.view_of(notes, frames, store)
    return render(reports.document([view], reports.provenance(frames)), static=is_static)


def file_stem(title: str) -> str:
    """The beginning of a file's name, of letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "report"
