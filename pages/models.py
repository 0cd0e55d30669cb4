"""Which model, among those that fit? Sizes, tokens, scores with intervals, licences."""

import streamlit as st

from lib.ui import cached, controls, downloads, page
from lib.ui.views import models, scores

page.heading("Which model, among those that fit?")

# Load
sets = cached.made(scores.benchmark_sets)
if not cached.frames().counts["n_models"]:
    page.nothing_yet("Here stand all models with their sizes, training tokens and scores.")
    st.stop()

# Filter
said = st.container()
size = controls.size()
places = st.columns([5, 5, 4, 4, 4, 3], vertical_alignment="bottom")
with places[5].popover("More"):
    community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
    only_open = controls.switch("open", "Open weights only")
    options = cached.made(models.filter_options, community=community)
    licences = controls.several("licence", "Licence", options["licence"])
with places[0]:
    chosen_set = controls.choice("set", "Benchmarks", sets) if sets else ""
with places[1]:
    protocols = cached.made(scores.protocol_options, benchmarks=scores.members(chosen_set), community=community)
    protocol = controls.choice("protocol", "Protocol", protocols) if protocols else ""
with places[2]:
    size_classes = controls.size_classes()
with places[3]:
    families = controls.several("family", "Family", options["family"])
with places[4]:
    search = controls.search()

# Figure
view = cached.made(
    models.models_view,
    chosen_set=chosen_set,
    protocol=protocol,
    by=size.by,
    threshold=size.threshold,
    families=tuple(families),
    licences=tuple(licences),
    size_classes=tuple(size_classes),
    only_open=only_open,
    community=community,
    search=search,
)
with said:
    page.takeaway([view.takeaway])
if view.table.empty:
    page.nothing_left("No model passes these filters. Take one away, or search for something shorter.")
    controls.offer("community", view.n_community, "community model", "called so")
if view.figure is not None:
    page.figure(view.figure, key="score-vs-size", alt=view.alt, traces=view.traces)
    page.legend(view.legend, view.coverage)
    page.explain("score_vs_size")

# Table and download
if len(view.table):
    alt = "Models with sizes and scores"
    page.table(view.table, key="models-table", alt=alt, labels=view.labels, traces=view.traces, can_compare=True)
page.left_out(view.left_out)
downloads.buttons(view.rows, "models", has_figure=view.figure is not None)
