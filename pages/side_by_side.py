"""How do a few models compare? Facts, scores with intervals, and the differences that are shown."""

import streamlit as st

from lib.ui import cached, controls, downloads, page
from lib.ui import parts_side_by_side as parts
from lib.ui.views import side_by_side as sides
from lib.ui.views import side_by_side_choice as choice

# Load
title, said, who = st.container(), st.container(), st.container()
if not cached.frames().counts["n_models"]:
    page.heading(parts.QUESTION)
    page.nothing_yet("Here stand two to six models beside each other, with sizes, memory and scores.")
    st.stop()

# Filter
places = st.columns([5, 6, 2], vertical_alignment="bottom")
more = places[2].popover("More")
preset = parts.presets(more)
offered = cached.made(choice.offered, **preset._asdict())
with who:
    chosen = parts.choose(offered.options, offered.names, offered.suggested)
    parts.remarks(chosen, offered.names, offered.rule)
if not chosen.models:
    with title:
        page.heading(parts.QUESTION)
    page.nothing_left("Choose two to six models above, or take a preset away.")
    st.stop()
sets = cached.made(choice.benchmark_sets, models=chosen.models)
with places[0]:
    chosen_set = controls.choice("set", "Benchmarks", sets.options, default=sets.default) if sets.options else ""
with places[1]:
    protocols = cached.made(choice.protocol_options, models=chosen.models, chosen_set=chosen_set)
    measured = controls.choice("measured", "Measured by", protocols) if protocols else ""
with more:
    against = controls.choice("against", "Held against", {one: offered.names[one] for one in chosen.models})

# Figure
view = cached.made(
    sides.side_by_side_view,
    models=chosen.models,
    chosen_set=chosen_set,
    measured=measured,
    against=against,
    bits=preset.bits,
    context=preset.context,
)
with title:
    page.heading(view.question)
with said:
    page.takeaway([view.takeaway] if view.takeaway else [])
    parts.bases(view)
if view.figure is not None:
    page.figure(view.figure, key="side-by-side", alt=view.alt, traces=view.marks)
page.legend(view.legend, view.coverage)
parts.gaps(view)
if view.figure is not None:
    page.explain("side_by_side", method=parts.METHOD)

# Tables and download
parts.tables(view, preset, offered.removed)
downloads.buttons(view.rows, "side-by-side", has_figure=view.figure is not None)
