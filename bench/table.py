"""The table of 4,500 models, filtered in one rerun, against a page with the same finished figure and table."""

from __future__ import annotations

import statistics

from streamlit.proto.WidgetStates_pb2 import WidgetState

from bench.floors import floors
from bench.report import Line
from bench.synthetic import Shape, made_up_store
from bench.viewer import Seen, Viewer, server, viewer

AIM = 1.3
SHAPE = Shape(n_runs=4_500, n_models=4_500, n_community=4_000, tasks=("mmlu", "arc_challenge"), metrics=("acc",))
WORDS = ("m", "ma", "mad", "made", "made ", "made u", "made up")
"""Typed into the search: all of them leave every made-up model."""
LABEL = "Search"
PLACES = {"filtered": "community=true", "filtered, with its figure": "community=true&set=mmlu"}
"""Query of the Models page: benchmarks that the made-up models have no score on, so that there is a table only, and one
that they have."""


def measure() -> list[Line]:
    """A search never made and the same again, where there is a table only and where there is a figure, too."""
    lines = []
    with made_up_store(SHAPE, with_catalogue=True) as (_, folder), floors() as bare:
        for number, (words, query) in enumerate(PLACES.items()):
            with (
                server("serve.py", {"P4P_DATA_DIR": str(folder)}) as running,
                viewer(running.address, "models", query) as reader,
            ):
                seen = reader.rerun()
                field = next(e.text_input.id for e in seen.elements if e.text_input.label == LABEL)
                first, last = _typed(reader, field)
                again, last = _typed(reader, field)
            bare.add(f"models-{number}", last)
            floor = statistics.median(bare.reruns(f"models-{number}"))
            rows = f"a table of {SHAPE.n_models:,} models and more, {words}"
            known = "[a page with the same finished figure and table]"
            lines += [
                Line(
                    f"{rows}, a search made before, median of {len(again)}  {known}",
                    statistics.median(again),
                    floor,
                    AIM,
                ),
                Line(f"{rows}, a new search, median of {len(first)}  {known}", statistics.median(first), floor, AIM),
            ]
    return lines


def _typed(reader: Viewer, field: str) -> tuple[list[float], Seen]:
    """Seconds of each letter, and the page after the last."""
    times = []
    for words in WORDS:
        seen = reader.rerun(WidgetState(id=field, string_value=words))
        if seen.error:
            raise RuntimeError(f"the page shows an error: {seen.error}")
        times.append(seen.seconds)
    return times, seen
