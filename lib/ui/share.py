"""Sharing the view that is on the screen: its address, pinned to the data as they are now."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import streamlit as st

from lib import formats
from lib.access import PUBLIC, WORKSPACE, Sight
from lib.errors import PoundForPoundError
from lib.settings import read_settings
from lib.store import snapshots
from lib.ui import cached, page, pinned, reader

MADE, NAME, AUDIENCE = "share-made", "share-name", "share-for"
AUDIENCES = {
    "me": "Only I: my private results are in it",
    "members": "Members: the results of the workspace are in it, private ones are not",
    "everybody": "Everybody who can reach this installation: only public results are in it",
}
_FOR = {"public": "everybody who can reach this installation", "workspace": "members", "private": "you alone"}


class Shared(NamedTuple):
    """What was shared last in this session.

    Args:
        view: The address of the view with the data of now.
        address: The pinned one.
        name: Of the snapshot.
        audience: Who may open it.
    """

    view: str
    address: str
    name: str
    audience: str


@st.fragment
def draw() -> None:
    """A button whose panel pins the view and shows its address to copy. A part of its own: the page is not drawn again."""
    with st.popover("Share this view", icon=":material/link:", key="share"):
        here = cached.snapshot()
        if here is not None:
            st.markdown("This view is pinned. Whoever may open it sees these numbers at this address:")
            st.code(address(here.short), language=None, wrap_lines=True)
        elif not reader.allows("share"):
            st.markdown("This address always shows the newest data:")
            st.code(address(), language=None, wrap_lines=True)
        else:
            _form()


def _form() -> None:
    st.markdown(
        "A pinned link shows these numbers for good, whatever is imported or withdrawn later. It says what has changed "
        "since, and leads to the view as it is then."
    )
    st.text_input("Name, if you like", key=NAME, max_chars=snapshots.LONGEST_NAME, placeholder="Q4 decision")
    sight = _sight()
    if st.button("Make a pinned link", key="share-make", type="primary", icon=":material/push_pin:"):
        _make(sight)
    _show()


def _sight() -> Sight:
    """Whose sight the snapshot is to have: a question for whoever sees more than everybody."""
    own = cached.live_sight()
    if own == PUBLIC:
        return PUBLIC
    offered = [key for key in AUDIENCES if key != "me" or own.owner]
    chosen = st.radio("Who can open it?", offered, format_func=AUDIENCES.__getitem__, key=AUDIENCE)
    return {"me": own, "members": WORKSPACE, "everybody": PUBLIC}[chosen or offered[-1]]


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
    here, known = urlsplit(st.context.url or ""), urlsplit(read_settings().url)
    # Behind a proxy the browser's own address is right as a rule; the one that was set is right always.
    place = known if known.netloc else here
    return place._replace(path=here.path, query=urlencode(pairs), fragment="").geturl()


def _make(sight: Sight) -> None:
    """Pin the store as it is. The first who shares a state waits some seconds, the next gets the same snapshot."""
    store = cached.live_store().seen_by(sight)
    try:
        with st.spinner("Keeping the data as they are. This takes some seconds, once for each state of the data."):
            made = snapshots.take(store, str(st.session_state.get(NAME) or ""), by=reader.reader().subject)
    except PoundForPoundError as trouble:
        st.error(formats.markdown(str(trouble), 300))
        return
    st.session_state[MADE] = Shared(address(), address(made.short), made.name, _FOR[made.visibility])


def _show() -> None:
    """What was made, as long as it is about the view on the screen."""
    made: Shared | None = st.session_state.get(MADE)
    if made is None or made.view != address():
        return
    name = f" “{formats.markdown(made.name, 100)}”" if made.name else ""
    st.markdown(f"Pinned{name} for {made.audience}. Copy the address:")
    st.code(made.address, language=None, wrap_lines=True)
    page.small_text("And this one always shows the newest data:")
    st.code(made.view, language=None, wrap_lines=True)
