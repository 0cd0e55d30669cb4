"""Run lm-eval on my model: start a job, watch the queue, bring own questions. One part each, chosen in the address."""

import streamlit as st

from lib.ui import page
from lib.ui import parts_evaluate_queue as queue
from lib.ui import parts_evaluate_start as start
from lib.ui import parts_own_tasks as own

PARTS = {
    "start": ("Start", start),
    "queue": ("Queue", queue),
    "own": ("Own questions", own),
}

asked = st.query_params.get("part")
name = asked if asked in PARTS else next(iter(PARTS))


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
PARTS[name][1].show()
