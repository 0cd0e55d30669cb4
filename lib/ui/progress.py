"""While the store is being filled: one quiet line that counts, and a rerun when there is more to see."""

from __future__ import annotations

import streamlit as st

from lib import formats
from lib.settings import read_settings
from lib.sources.fill import FillState, fill_state, is_filling

SECONDS = 2


def show() -> None:
    """The line, if the store is being filled; it refreshes by itself and draws the page anew when it is done."""
    if running() is not None:
        _line()


def running() -> FillState | None:
    """How far the filling process is; None when there is none, also when one died without saying so."""
    settings = read_settings()
    state = fill_state(settings)
    if state is None or state.finished_at is not None or not is_filling(settings):
        return None
    return state


@st.fragment(run_every=SECONDS)
def _line() -> None:
    state = running()
    if state is None:
        st.rerun()
    words = f"{formats.markdown(state.label or 'Reading the shipped data', 80)}: {formats.count(state.done)} of {formats.counted(state.total, 'file')}"
    share = min(1.0, state.done / state.total) if state.total else 0.0
    st.progress(share, text=f":small[:gray[{words}. Pages show what is in so far.]]")
