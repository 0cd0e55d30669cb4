"""Where does each number come from? Sources, coverage, names, methods, downloads."""

import streamlit as st

from lib.schema.text import sentence
from lib.ui import (
    cached,
    data_api,
    data_audit,
    data_costs,
    data_coverage,
    data_downloads,
    data_methods,
    data_names,
    data_sources,
    data_stored,
    page,
)

PARTS = {
    "sources": ("Sources", data_sources.show),
    "coverage": ("Coverage", data_coverage.show),
    "names": ("Names", data_names.show),
    "methods": ("Methods", data_methods.show),
    "costs": ("Cost estimates", data_costs.show),
    "downloads": ("Downloads", data_downloads.show),
    "api": ("Programs", data_api.show),
    "audit": ("Who did what", data_audit.show),
}

page.heading("Where does each number come from?")
if cached.frames().counts["n_sources"]:
    page.takeaway([cached.made(data_stored.takeaway)])
else:
    page.takeaway([sentence("Nothing has been imported yet.")])


def _to_address() -> None:
    st.query_params["part"] = st.session_state["part"]


# The address carries the name of the part, which a binding would replace by the words on the button.
asked = st.query_params.get("part")
st.session_state["part"] = asked if asked in PARTS else "sources"
chosen = st.segmented_control(
    "Part of this page",
    list(PARTS),
    format_func=lambda part: PARTS[part][0],
    key="part",
    required=True,
    label_visibility="collapsed",
    on_change=_to_address,
)
PARTS[chosen or "sources"][1]()
