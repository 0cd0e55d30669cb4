"""Bring results: drop files and see what they are before they are stored; and what one has brought. One part each."""

import streamlit as st

from lib.ui import links, page, reader
from lib.ui import parts_upload as new
from lib.ui import parts_upload_mine as mine

PARTS = {"new": ("Upload", new), "mine": ("My uploads", mine)}

asked = st.query_params.get("part")
name = asked if asked in PARTS else next(iter(PARTS))


def _to_address() -> None:
    st.query_params["part"] = st.session_state["part"]


page.heading(PARTS[name][1].QUESTION)
if not reader.allows("upload"):
    st.markdown("Your role here is to read: ask whoever runs this installation to let you bring results.")
    links.link("own-data", ":blue[How results get here →]")
    st.stop()
st.session_state["part"] = name
st.segmented_control(
    "Part of this page",
    list(PARTS),
    format_func=lambda part: PARTS[part][0],
    key="part",
    required=True,
    label_visibility="collapsed",
    on_change=_to_address,
)
PARTS[name][1].show()
