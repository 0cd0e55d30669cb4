"""How own results come to stand beside the public ones: a guide for four kinds of reader."""

import streamlit as st

from lib.ui import cached, page, parts_own_data
from lib.ui.views import own_data

page.heading("How do I put my own results beside these?")

# Load
view = cached.made(own_data.own_data_view)
page.takeaway([view.takeaway])

# Filter
asked = st.query_params.get("have")
st.session_state["have"] = asked if asked in own_data.READERS else "lm-eval"
chosen = st.segmented_control(
    "I have",
    list(own_data.READERS),
    format_func=lambda value: own_data.READERS[value],
    key="have",
    required=True,
    on_change=lambda: st.query_params.update(have=st.session_state["have"]),
)
assert chosen is not None  # required

# Guide
first, rest = own_data.parts(own_data.READERS[chosen])
parts_own_data.guide(first)
if chosen == "csv":
    st.download_button(
        "Download the example",
        data=own_data.example,
        file_name=own_data.EXAMPLE.name,
        mime="text/csv",
        key="example-csv",
        on_click="ignore",
        icon=":material/download:",
    )
    page.small_text("The same as a table, cells as they are written:")
    st.dataframe(own_data.example_table(), key="example", alt="The example file", hide_index=True, placeholder="–")
parts_own_data.guide(rest)

# Own files
parts_own_data.in_this_store(view.n_waiting)

# For everybody
for heading in own_data.FOR_ALL:
    st.subheader(heading, anchor=False)
    parts_own_data.guide(own_data.sections()[heading])
