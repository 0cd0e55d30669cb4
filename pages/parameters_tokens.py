"""Who trained how much, and was it enough? Parameters against training tokens."""

import streamlit as st

from lib.ui import cached, controls, downloads, page
from lib.ui.views import plane, scores

page.heading("Who trained how much, and was it enough?")

# Load
if not cached.frames().counts["n_models"]:
    page.nothing_yet("Here stand the models by parameters and training tokens, with the compute-optimal band.")
    st.stop()

# Filter
said = st.container()
by = controls.size().by
first, last = cached.made(plane.year_range)
places = st.columns([3, 4, 3, 4, 2])
with places[0]:
    benchmark = controls.choice("colour", "Colour by", cached.made(plane.colour_options))
with places[1]:
    protocols = cached.made(scores.protocol_options, benchmarks=(benchmark,))
    protocol = controls.choice("scored", "Protocol", protocols) if protocols else ""
with places[2]:
    years = controls.years(first, last)
with places[3]:
    laws = controls.several("laws", "Laws", plane.LAWS, default=["refit"], empty="none")
with places[4]:
    weights = controls.choice("weights", "Weights", plane.WEIGHTS)

# Figure
view = cached.made(
    plane.plane_view,
    benchmark=benchmark,
    protocol=protocol,
    by=by,
    years=None if years == (first, last) else years,
    laws=tuple(laws),
    weights=weights,
)
with said:
    page.takeaway([view.takeaway])
if view.figure is not None:
    page.figure(view.figure, key="plane", alt=view.alt, traces=view.traces)
    page.legend(view.legend, view.coverage)
    page.explain("parameters_tokens", method=plane.METHOD)
else:
    page.nothing_left("No model passes these filters with a published size and number of training tokens.")

# Table and download
page.left_out(view.left_out, view.left_out_rows)
if len(view.table):
    alt = "Models by training tokens per parameter"
    page.table(view.table, key="plane-table", alt=alt, labels=plane.LABELS, traces=view.traces, can_compare=True)
    downloads.buttons(view.rows, "parameters-and-tokens", has_figure=view.figure is not None)
