"""How small can you go? The smallest model known to reach each score, over time."""

import streamlit as st

from lib.ui import cached, controls, downloads, links, page
from lib.ui.views import overview, scores

page.heading("How small can you go?")

# Load
benchmarks = cached.made(scores.benchmark_options)
if not benchmarks:
    page.nothing_yet("Here stands the smallest model known to reach each score on a benchmark, over the years.")
    st.stop()

# Filter: the sentence stands above the controls, so its place is kept
said = st.container()
by = controls.size().by
left, middle, right = st.columns([2, 4, 2], vertical_alignment="bottom")
with left:
    benchmark = controls.choice("bench", "Benchmark", benchmarks, default=scores.FAVOURITE)
with middle:
    protocols = cached.made(scores.protocol_options, benchmarks=(benchmark,))
    protocol = controls.choice("measured", "Protocol", protocols) if protocols else ""
with right:
    published = controls.switch("published", "As published, too", default=True, help="A pale line; evaluators differ.")

# Figure
view = cached.made(overview.records_view, benchmark=benchmark, protocol=protocol, by=by, published=published)
with said:
    page.takeaway([view.takeaway])
if view.figure is not None:
    page.figure(view.figure, key="records", alt=view.alt, traces=view.traces)
    page.legend(view.legend, view.coverage)
    page.explain("records")

# Findings
for column, finding in zip(st.columns(3), cached.made(overview.findings_view, by=by), strict=True):
    with column.container(border=True, height="stretch"):
        page.finding(finding)
with st.container(horizontal=True, vertical_alignment="center"):
    st.markdown("**I want to**")
    for entry in links.PAGES:
        if entry.wish:
            links.link(entry.address, f":blue[{entry.wish}]")

# Table and download
if view.figure is not None:
    page.part("The records")
    page.table(view.table, key="records-table", alt="Records", labels=overview.LABELS, traces=view.traces)
    page.left_out(view.left_out)
    downloads.buttons(view.rows, "records", has_figure=True)
