"""What is in this run? One results file: scores as a tree, how it was run, its samples, its checkpoints."""

import streamlit as st

from lib.ui import cached, controls, downloads, page, parts_run
from lib.ui.views import run, run_took

asked = str(st.query_params.get("run", "")).strip().lower()

# Load
found = parts_run.found(asked)
if found is None:
    st.stop()
run_id, short = int(found.run["id"]), str(found.run["digest"])[:12]

# Filter
said = st.container()
places = st.columns([4, 4, 4])
with places[0]:
    metrics = cached.made(run.metric_options, run_id=run_id)
    metric = controls.choice("metric", "Metric", metrics)
with places[1]:
    show = controls.choice("show", "In the figure", cached.made(run.show_options, run_id=run_id, metric=metric))
size = controls.size()
view = cached.made(run.run_view, run_id=run_id, metric=metric, show=show, by=size.by, threshold=size.threshold)
with said:
    page.heading(view.question)
    page.takeaway([view.takeaway])
    parts_run.files(found)

# Figure
if view.figure is not None:
    page.figure(view.figure, key="task-intervals", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("task_intervals")
page.left_out(view.left_out, noun="score")

# Table and download
parts_run.scores(view)
downloads.buttons(view.rows, f"run-{short}", has_figure=view.figure is not None)

# How it was run
parts_run.configuration(found)
parts_run.command(found)
parts_run.took(cached.made(run_took.took_view, run_id=run_id), str(found.run["digest"]))

# Its questions and its siblings
parts_run.samples(found)
parts_run.series(cached.made(run.series_view, run_id=run_id, metric=metric), short)
