"""Parts of the page for own results: pieces of the guide, the reader's own files in this store, and where to name, withdraw and restore them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from lib import formats
from lib.ui import cached, data_stored, links, page
from lib.ui.views.data import YOURS
from lib.ui.views.own_data import blocks

FILES_SHOWN = 8
WRAPPED = Path(__file__).parent / "guide.css"


def guide(text: str) -> None:
    """A part of the guide; lines of code and names in tables are wrapped, for they are wider than a phone."""
    st.html(WRAPPED)
    for piece, is_code in blocks(text):
        if is_code:
            st.code(piece, language=None, wrap_lines=True)
        else:
            st.markdown(piece)


def in_this_store(n_waiting: int) -> None:
    """The reader's own files, each with its page; then the two places where things are changed.

    Args:
        n_waiting: Names that wait for a model.
    """
    st.subheader("What of yours is in this store", anchor=False)
    files = cached.made(data_stored.own_files, most=FILES_SHOWN)
    if not files.n:
        st.markdown("Nothing yet: every file here came with the project.")
    for file in files.first:
        words = f":blue[{formats.markdown(file.words, 140)}]"
        if file.digest:
            links.link("source", words, {"source": file.digest[:12]})
        else:
            links.link("data", words, {"part": "sources", "file": file.key})
    if files.n > FILES_SHOWN:
        links.link("data", f":blue[All {formats.count(files.n)} of your files →]", {"part": "sources", "file": YOURS})
    waits = "waits" if n_waiting == 1 else "wait"
    is_local = data_stored.is_local()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{formats.counted(n_waiting, 'name')}** in this store {waits} for a model.")
        links.link(
            "data",
            f":blue[Names: {'say what one means, and undo it' if is_local else 'what waits'} →]",
            {"part": "names"},
        )
    links.link(
        "data", f":blue[Sources: {'withdraw and restore files' if is_local else 'every file'} →]", {"part": "sources"}
    )
    if not is_local:
        page.small_text("This installation is open to others: names and files are changed on the command line.")
