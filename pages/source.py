"""What is this file, and what came out of it? One stored source: facts, runs, warnings, raw bytes, withdrawal."""

import streamlit as st

from lib.ui import cached, downloads, page, parts_source
from lib.ui.views import source

asked = str(st.query_params.get("source", "")).strip().lower()

# Load
found, copies = parts_source.found(asked)
if found is None:
    st.stop()
view = source.source_view(cached.frames(), found)

page.heading(view.question)
page.takeaway([parts_source.sentence_of(view.says)])
parts_source.actions(found)
parts_source.facts(found, view)

# What came out of it
if len(view.runs):
    parts_source.runs(view)
    downloads.buttons(view.run_rows, f"source-{found.source['digest'][:12]}")
parts_source.warnings(found)
parts_source.refused(found)
parts_source.around(found, copies)
