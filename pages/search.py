"""What is there under this name? Models, benchmarks and runs whose names hold the words of the address."""

import streamlit as st

from lib import formats
from lib.schema.text import Span, sentence
from lib.ui import cached, links, page, search_box
from lib.ui.views import search

MOST = 50

words = str(st.query_params.get("words", ""))[: search.LONGEST]
page.heading(f"What is there under “{words}”?" if words else "What are you looking for?")
hits = cached.made(search_box.found, words=words, most=MOST)
if not words:
    page.nothing_left("The search field beside the page finds models, benchmarks and runs by their names.")
elif not hits.n_all:
    page.nothing_left("Nothing has a name with all of these words. Try fewer of them.")
else:
    page.takeaway([sentence(Span(formats.counted(hits.n_all, "hit"), "strong"), " by name.")])
for title, found, n, leads_to in (
    ("Models", hits.models, hits.n[0], links.to_model),
    ("Benchmarks", hits.benchmarks, hits.n[1], links.to_benchmark),
    ("Runs and their files", hits.runs, hits.n[2], links.to_run),
):
    if n:
        page.part(f"{title} ({formats.count(n)})")
        with st.container(gap="xxsmall"):
            for row in found.to_dict("records"):
                leads_to(str(row["id"]), f"{row['label']} · {row['note']}" if row["note"] else str(row["label"]))
        if n > len(found):
            page.small_text(f"The first {len(found)} are shown; another word narrows it.")
