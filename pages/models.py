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
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen_set = controls.choice("bench", "Benchmarks", sets) if sets else ""
    with st.popover("More"):
        community = controls.switch("community", "Community models, too", help="Known from a board or an upload only.")
        only_open = controls.switch("open", "Open weights only")
        options = cached.made(models.filter_options, community=community)
        licences = controls.several("licence", "Licence", options["licence"])
    protocols = cached.made(scores.protocol_options, benchmarks=scores.members(chosen_set), community=community)
    protocol = controls.choice("protocol", "Protocol", protocols) if protocols else ""
    size_classes = controls.size_classes()
    families = controls.several("family", "Family", options["family"])
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
if view.figure is not None:
    page.figure(view.figure, key="score-vs-size", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("score_vs_size")

# Table and download
if len(view.table):
    page.table(view.table, key="models-table", alt="Models with sizes and scores", labels=view.labels)
page.left_out(view.left_out)
downloads.buttons(view.rows, "models")
