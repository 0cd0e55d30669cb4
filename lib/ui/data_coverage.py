"""Which model has a score on which benchmark, and why not: part of the page about data and methods."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib.store.frames import Frames
from lib.store.withdrawn import only_withdrawn
from lib.ui import cached, controls, downloads, page
from lib.ui.views import coverage, models

ROWS = {"20": "20 models", "40": "40 models", "80": "80 models"}
COLUMNS = {"6": "6 most measured", "12": "12 most measured", "24": "24 most measured"}


def show() -> None:
    """Controls, the matrix as a picture and in words, the protocol of each column."""
    if not cached.frames().counts["n_results"]:
        page.nothing_yet("Here stands which model has a score on which benchmark.")
        return
    said = st.container()
    view = cached.made(_view, **_choices())
    with said:
        page.say(page.markdown(view.takeaway))
    if view.figure is None:
        page.nothing_left("No model passes these filters. Take one away, or search for something shorter.")
        return
    page.figure(view.figure, key="coverage", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("coverage")
    page.table(
        view.table,
        key="coverage-table",
        alt="The same cells in words",
        labels=view.labels,
        traces=view.traces,
    )
    page.part("The protocol of each column")
    page.table(
        view.columns,
        key="coverage-columns",
        alt="Protocol and cells of each benchmark",
        labels=view.column_labels,
        traces=view.column_traces,
    )
    page.left_out(view.left_out)
    downloads.buttons(view.rows, "coverage")


def _choices() -> dict[str, Any]:
    size = controls.size()
    places = st.columns([6, 4, 4, 4, 3], vertical_alignment="bottom")
    with places[4].popover("More"):
        n_models = controls.choice("rows", "Rows", ROWS, default="40")
        n_benchmarks = controls.choice("columns", "Columns, where none are chosen", COLUMNS, default="12")
        community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
    options = cached.made(models.filter_options, community=community)
    with places[0]:
        benchmarks = controls.several(
            "bench", "Benchmarks", cached.made(coverage.benchmark_choices), empty=COLUMNS[n_benchmarks]
        )
    with places[1]:
        families = controls.several("family", "Family", options["family"])
    with places[2]:
        size_classes = controls.size_classes()
    with places[3]:
        search = controls.search()
    return {
        "benchmarks": tuple(benchmarks),
        "n_benchmarks": int(n_benchmarks),
        "n_models": int(n_models),
        "by": size.by,
        "threshold": size.threshold,
        "families": tuple(families),
        "size_classes": tuple(size_classes),
        "community": community,
        "search": search,
    }


def _view(frames: Frames, **choices: Any) -> coverage.CoverageView:
    return coverage.coverage_view(frames, withdrawn=cached.stored(only_withdrawn), **choices)
