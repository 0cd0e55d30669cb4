"""Is A really better than B? Two models or runs, task by task: differences, verdicts, and what the data cannot tell."""

import streamlit as st

from lib.ui import cached, controls, downloads, page, parts_brief
from lib.ui import parts_head_to_head as parts
from lib.ui.views import head_to_head_choice as choice

# Load
title, said = st.container(), st.container()
if not cached.frames().counts["n_models"]:
    page.heading(parts.QUESTION)
    page.nothing_yet("Here two models or runs stand head to head, with verdicts that the data can carry.")
    st.stop()

# Filter
places = st.columns([4, 4, 5, 3, 2], vertical_alignment="bottom")
with places[4].popover("More"):
    margin = controls.choice(
        "margin", "Margin: a difference that matters", choice.MARGINS, default=choice.DEFAULT_MARGIN
    )
    community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
chosen = parts.choose(places[0], places[1], community=community)
if chosen.a is None or chosen.b is None or chosen.a.key == chosen.b.key:
    with title:
        page.heading(parts.QUESTION)
    page.nothing_left("Choose two different models or runs above; the store must hold results of both.")
    st.stop()
known = parts.shared(chosen.a, chosen.b)
way = ""
tasks: tuple[str, ...] = ()
if known.of:
    with places[2]:
        way = controls.choice("measured", "Measured by", known.ways)
    with places[3]:
        tasks = parts.task_choice(known, way)

# Figure
view = parts.view(chosen.a, chosen.b, way, tasks, margin)
with title:
    page.heading(view.question)
with said:
    page.takeaway(view.said)
parts.states(view)
if view.figure is not None:
    page.figure(view.figure, key="head-to-head", alt=view.alt, traces=view.marks)
page.legend(view.legend, view.coverage)
if view.figure is not None:
    page.explain("head_to_head", method=parts.METHOD)

# Tables, single questions, download
if len(view.table):
    parts.tables(view)
    parts.disagreements(view, chosen.a, chosen.b, way, tasks, margin)
page.left_out(view.left_out, noun="task")
parts.ways_on(chosen.a, chosen.b)
parts_brief.brief(chosen.a, chosen.b, margin)
downloads.buttons(view.rows, "head-to-head", has_figure=view.figure is not None)
