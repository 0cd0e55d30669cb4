"""What would training, tuning and serving cost, and when does self-hosting pay? One part each, chosen in the address."""

import streamlit as st

from lib.ui import page
from lib.ui import parts_planner as shared
from lib.ui import parts_planner_break_even as break_even
from lib.ui import parts_planner_experts as experts
from lib.ui import parts_planner_serve as serve
from lib.ui import parts_planner_train as train
from lib.ui import parts_planner_tune as tune

PARTS = {
    "serve": ("Serve", serve),
    "break-even": ("Break-even", break_even),
    "experts": ("Mixture of experts", experts),
    "train": ("Train", train),
    "tune": ("Tune", tune),
}

asked = st.query_params.get("part")
name = asked if asked in PARTS else "serve"


def _to_address() -> None:
    st.query_params["part"] = st.session_state["part"]


page.heading(PARTS[name][1].QUESTION)
# The address carries the name of the part, which a binding would replace by the words on the button.
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
if shared.devices().empty:
    page.nothing_yet("Here stands what training, tuning and serving a model would cost.")
    st.stop()
PARTS[name][1].show()
