"""Sharing the view that is on the screen: its address, pinned to the data as they are now."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

import streamlit as st

from lib import formats
from lib.errors import PoundForPoundError
from lib.store import snapshots
from lib.ui import cached, page, pinned

MADE = "share-made"
NAME = "share-name"


class Shared(NamedTuple):
    """What was shared last in this session: the view's address of now, the pinned one, and the snapshot's name."""

    view: str
    address: str
    name: str


@st.fragment
def draw() -> None:
    """A button whose panel pins the view and shows its address to copy. A part of its own: the page is not drawn again."""
    with st.popover("Share this view", icon=":material/link:", key="share"):
        here = cached.snapshot()
        if here is not None:
            st.markdown("This view is pinned. Whoever opens its address sees the same numbers:")
            st.code(address(here.short), language=None, wrap_lines=True)
            return
        st.markdown(
            "A pinned link shows these numbers for good, whatever is imported or withdrawn later. It says what has changed "
            "since, and leads to the view as it is then."
        )
        st.text_input("Name, if you like", key=NAME, max_chars=snapshots.LONGEST_NAME, placeholder="Q4 decision")
        if st.button("Make a pinned link", key="share-make", type="primary", icon=":material/push_pin:"):
            _make()
        _show()


def address(snapshot: str = "") -> str:
    """The address of the view on the screen, with every choice in it.

    Args:
        snapshot: Beginning of the digest that it is to be pinned to; '' for the data of whenever it is opened.
    """
    pairs = [
        (name, value)
        for name in st.query_params
        if name != pinned.KEY
        for value in dict.fromkeys(st.query_params.get_all(name))
    ]
    if snapshot:
        pairs.append((pinned.KEY, snapshot))
    return (st.context.url or "").split("?")[0] + (f"?{urlencode(pairs)}" if pairs else "")


def _make() -> None:
    """Pin the store as it is. The first who shares a state waits some seconds, the next gets the same snapshot."""
    store = cached.live_store()
    try:
        with st.spinner("Keeping the data as they are. This takes some seconds, once for each state of the data."):
            made = snapshots.take(store, str(st.session_state.get(NAME) or ""))
    except PoundForPoundError as trouble:
        st.error(formats.markdown(str(trouble), 300))
        return
    st.session_state[MADE] = Shared(address(), address(made.short), made.name)


def _show() -> None:
    """What was made, as long as it is about the view on the screen."""
    made: Shared | None = st.session_state.get(MADE)
    if made is None or made.view != address():
        return
    name = f" “{formats.markdown(made.name, 100)}”" if made.name else ""
    st.markdown(f"Pinned{name}. Copy the address:")
    st.code(made.address, language=None, wrap_lines=True)
    page.small_text("And this one always shows the newest data:")
    st.code(made.view, language=None, wrap_lines=True)
