"""What surrounds every page: the name, the menu, the size choice, and the foot that says which data this is."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from lib import formats
from lib.store.frames import Frames
from lib.ui import controls, links, progress
from lib.ui.page import small_text

NAME = "Pound :blue[for] Pound"
SIDEBAR_PX = 264
MOTTO = "How small can you go?"
# The marks of small and large. A picture of our own: Streamlit fetches its icons for tabs from another host.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<circle cx="8" cy="22" r="6" fill="#0072B2"/><rect x="15" y="6" width="16" height="16" fill="#D55E00"/></svg>'
)


def sidebar() -> None:
    """Name, menu and the choice that holds on every page."""
    with st.sidebar:
        st.header(NAME, anchor=False)
        small_text(MOTTO)
        for group, pages in groupby(links.PAGES, key=lambda page: page.group):
            with st.container(gap="xxsmall"):
                if group:
                    small_text(group)
                for page in pages:
                    st.page_link(page.path, label=page.title, width="stretch")
        st.divider()
        controls.draw_size()


def top() -> None:
    """A quiet line while the store is being filled, else nothing."""
    progress.show()


def foot(frames: Frames) -> None:
    """Which data this is: digest, number of results, date."""
    n = formats.counted(frames.counts["n_results"], "result")
    updated = formats.date(frames.updated_at) if frames.updated_at else "never"
    st.divider()
    small_text(
        f"Snapshot {frames.digest[:12]} · {n} · updated {updated} · the downloads name each score's run and source"
    )
