"""Which state a reader looks at: the store as it is, or a snapshot. The address says so, and says it on every page."""

from __future__ import annotations

import streamlit as st

KEY = "snapshot"
"""Its name in the address; no page has a control of this name."""
FIELD = "pinned-to"
ABOUT_NOW = frozenset({"evaluate", "own-data", "job"})
"""Pages about what is being done: what was pinned does not change what one can do now."""
_APPLIES = "pinned-applies"


def draw(address: str) -> None:
    """The field that holds it, out of sight: what ``app.py`` draws on every page stays in the address on every page.

    Args:
        address: Of the page that is about to be shown.
    """
    st.session_state[_APPLIES] = address not in ABOUT_NOW
    with st.sidebar, st.container(key=FIELD):
        st.text_input("Snapshot", key=KEY, bind="query-params", max_chars=64)


def asked() -> str:
    """The snapshot that the address names, as it is written there; '' for the store as it is."""
    return wanted() if st.session_state.get(_APPLIES, True) else ""


def wanted() -> str:
    """The same, also on pages that it does not apply to: links from there lead back into the pinned view."""
    return str(st.session_state.get(KEY) or "").strip().lower()


def leave() -> None:
    """To the store as it is; for a callback, before anything is drawn."""
    st.session_state[KEY] = ""
