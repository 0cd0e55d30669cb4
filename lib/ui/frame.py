"""What surrounds every page: the name, the menu, the size choice, and the foot that says which data this is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

from lib import formats
from lib.store.frames import Frames
from lib.ui import controls, links, progress, recorded, search_box
from lib.ui.page import small_text

SIDEBAR_PX = 264
# The name in Source Sans as outlines: a picture cannot use the font of the page. It follows the reader's light or dark.
WORDMARK = (Path(__file__).parent / "wordmark.svg").read_text(encoding="utf-8")
FOCUS = Path(__file__).parent / "focus.css"
EMBED = Path(__file__).parent / "embed.css"
# Part of the document, not of a page: a reader can click before the page is whole. A script of our own, never of what came
# from outside.
HEAD = f"<script>{(Path(__file__).parent / 'links.js').read_text(encoding='utf-8')}</script>"
# The marks of small and large. A picture of our own: Streamlit fetches its icons for tabs from another host.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<circle cx="8" cy="22" r="6" fill="#0072B2"/><rect x="15" y="6" width="16" height="16" fill="#D55E00"/></svg>'
)


def sidebar() -> None:
    """The name above Streamlit's own menu, which closes on a phone after a click, and below it what holds on every page."""
    st.logo(WORDMARK, size="large")
    st.html(FOCUS)
    if is_embedded():
        # Drawn all the same, and not shown: the size choice is one of its controls.
        st.html(EMBED)
    with st.sidebar:
        search_box.draw()
        controls.draw_size()


def top() -> None:
    """A quiet line while the store is being filled, else nothing."""
    progress.show()


def foot(frames: Frames) -> None:
    """Which data this is: digest, number of results, date."""
    n = formats.counted(frames.counts["n_results"], "result")
    updated = formats.date(frames.updated_at) if frames.updated_at else "never"
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"), recorded.unnoted():
        small_text(f"Snapshot {frames.digest[:12]} · {n} · updated {updated}")
        links.link("data", ":small[Where the numbers come from →]")


def is_embedded() -> bool:
    """Whether the page stands in a frame of another document (``?embed=true``)."""
    return bool(st.context.is_embedded)


def embedded_foot(frames: Frames, path: str) -> None:
    """Of a page in a frame: the way to the whole view in a tab of its own, and which data this is."""
    updated = formats.date(frames.updated_at) if frames.updated_at else "never"
    parts = urlsplit(str(st.context.url or ""))
    whole = f"{parts.scheme}://{parts.netloc}{recorded.address(path)}" if parts.netloc else ""
    with st.container(horizontal=True, vertical_alignment="center"), recorded.unnoted():
        st.markdown(f":small[{formats.web_link(whole, 'Open the whole view in Pound for Pound')}]")
        small_text(f"Snapshot {frames.digest[:12]} · updated {updated}")
