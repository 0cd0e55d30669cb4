"""What is this file, and what came out of it? One stored source: facts, runs, warnings, raw bytes, withdrawal."""

import streamlit as st

from lib.schema.text import sentence
from lib.ui import cached, downloads, page, parts_source, withdrawing

asked = str(st.query_params.get("source", "")).strip().lower()

# Load
found, copies = parts_source.found(asked)
if found is None:
    st.stop()
view = cached.made(parts_source.view, asked=asked, source_id=found.source["id"])

page.heading(view.question)
withdrawing.what_was_done()
page.takeaway([sentence(view.says)])
parts_source.actions(found)
parts_source.facts(found, view)

# What came out of it
if len(view.runs):
    parts_source.runs(view)
    downloads.buttons(view.run_rows, f"source-{found.source['digest'][:12]}")
parts_source.warnings(found)
parts_source.refused(found)
parts_source.around(found, copies)
withdrawing.question()
