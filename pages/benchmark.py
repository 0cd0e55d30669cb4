"""Who does well on one benchmark, at what size? Without a name in the address: which benchmarks are there?"""

import streamlit as st

from lib.ui import cached, controls, downloads, page, parts_benchmark
from lib.ui.views import benchmark, benchmark_about

name = str(st.query_params.get("benchmark", ""))

# Load
if not len(cached.frames().benchmarks):
    page.heading("Which benchmarks are there?")
    page.nothing_yet("Here stands every benchmark with its models, protocols, versions and known faults.")
    st.stop()
if name not in cached.frames().benchmarks.index:
    parts_benchmark.index(name)
    st.stop()
about = cached.made(benchmark_about.about_view, benchmark=name)
page.heading(f"Who does well on {about.label}, at what size?")

# Filter
said = st.container()
size = controls.size()
left, right = st.columns([5, 1], vertical_alignment="bottom")
with right.popover("More"):
    community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
known = cached.made(benchmark.protocols_view, benchmark=name, community=community)
with left:
    protocol = controls.choice("measured", "Protocol", known.options) if known.options else ""

# Figure
view = cached.made(
    benchmark.benchmark_view,
    benchmark=name,
    protocol=protocol,
    by=size.by,
    threshold=size.threshold,
    community=community,
)
with said:
    page.takeaway(view.takeaway)
    parts_benchmark.words(about)
if not len(view.table):
    page.nothing_left(parts_benchmark.why_empty(known, community=community))
if view.figure is not None:
    page.figure(view.figure, key="benchmark", alt=view.alt, traces=view.traces)
    page.legend(view.legend, view.coverage)
    page.explain(view.figure_name, method=parts_benchmark.METHOD)

# Table and download
if len(view.table):
    page.table(view.table, key="scores", alt=f"Models on {about.label}", labels=view.labels, traces=view.traces)
page.left_out(view.left_out)
if len(view.table):
    downloads.buttons(view.rows, f"benchmark-{name}", has_figure=view.figure is not None)

# About it
parts_benchmark.how_full(view, {"benchmark": name})
parts_benchmark.faults(about.notes)
parts_benchmark.facts(about)
parts_benchmark.other_protocols(known, protocol, {"benchmark": name})
parts_benchmark.versions(about.versions, about.label)
