"""What goes into the report? Views that were put aside, in order, with the reader's own words, as one file."""

import streamlit as st

from lib.ui import basket, page
from lib.ui import parts_report as parts

page.heading(parts.QUESTION)
kept = basket.items()
if not kept:
    parts.nothing()
    st.stop()
title, note = parts.words()
notes = parts.views(kept)
parts.take_home(list(kept), title, note, notes)
