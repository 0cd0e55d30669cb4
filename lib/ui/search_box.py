"""The search that stands beside every page."""

from __future__ import annotations

import streamlit as st

from lib import formats
from lib.store.frames import Frames
from lib.ui import cached, links
from lib.ui.views import search

MOST = 5


def found(frames: Frames, *, words: str, most: int) -> search.Hits:
    """What fits, for ``cached.made``: the field stands beside every page, and its words outlast many reruns."""
    return search.find(cached.made(search.index), words, most)


def draw() -> None:
    """A field and, once something is searched, the best of each kind as links and the way to all of them."""
    words = st.text_input(
        "Search models, benchmarks, runs",
        key="find",
        max_chars=search.LONGEST,
        placeholder="Name, file or run",
    ).strip()
    if not words:
        return
    hits = cached.made(found, words=words, most=MOST)
    if not hits.n_all:
        st.markdown(f":small[Nothing is called “{formats.markdown(words, 40)}”.]")
        return
    for row in hits.models.to_dict("records"):
        links.to_model(str(row["id"]), row["label"])
    for row in hits.benchmarks.to_dict("records"):
        links.to_benchmark(str(row["id"]), f"{row['label']} (benchmark)")
    for row in hits.runs.to_dict("records"):
        links.to_run(str(row["id"]), f"{row['label']} (run)")
    if hits.n_all > len(hits.models) + len(hits.benchmarks) + len(hits.runs):
        links.link("search", f"All {formats.count(hits.n_all)} hits →", {"words": words})
