"""Figures as pictures without a browser: every figure, mark for mark, against the definition of its axes."""

from __future__ import annotations

import html as markup
import itertools
import json
import math
import re
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.figures import labels, theme
from lib.report.drawing import Line, Mark, Words, drawing, lines_of
from lib.report.lines import inside
from lib.report.scales import numbers, scale, ticks
from lib.report.svg import svg
from tests.report.documents import figures
from tests.report.reading import Reading

FIGURES = figures()
SPECS: dict[str, dict[str, Any]] = {name: json.loads(one.to_json()) for name, one in FIGURES.items()}
# What the drawing knows of a trace; a figure that uses more has to be taught to it.
TRACE_KEYS = {
    "type", "mode", "x", "y", "xaxis", "line", "marker", "text", "textfont", "fill", "fillcolor", "opacity", "customdata",
    "hoverinfo", "hovertemplate", "hovertext", "selected", "unselected", "name", "showlegend", "cliponaxis", "hoverlabel",
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_used_that_is_not_drawn(name: str) -> None:
    for trace in SPECS[name]["data"]:
        assert set(trace) <= TRACE_KEYS and trace["type"] in ("scatter", "scattergl")
        assert trace.get("fill", "toself") == "toself" and trace.get("line", {}).get("shape", "hv") in ("hv", "linear")
    assert {one["type"] for one in SPECS[name]["layout"].get("shapes", [])} <= {"line"}
    assert {key for key in SPECS[name]["layout"] if "axis" in key} <= {"xaxis", "xaxis2", "yaxis", "coloraxis"}


def _expected_marks(spec: dict[str, Any]) -> int:
    """Marks with a place inside their axes, counted by hand."""
    layout, n = spec["layout"], 0
    for trace in spec["data"]:
        if "markers" not in trace.get("mode", ""):
            continue
        key = trace.get("xaxis", "x").replace("x", "xaxis")
        for x, y in zip(_values(trace["x"], layout[key]), _values(trace["y"], layout["yaxis"]), strict=True):
            n += all(
                v == v and min(low, high) <= v <= max(low, high)
                for v, (low, high) in ((x, _range(layout[key])), (y, _range(layout["yaxis"])))
            )
    return n


def _values(given: Any, axis: dict[str, Any]) -> list[float]:
    told = numbers(given, axis.get("type", "linear"))
    return [math.log10(v) if v > 0 else math.nan for v in told] if axis.get("type") == "log" else told.tolist()


def _range(axis: dict[str, Any]) -> tuple[float, float]:
    low, high = numbers(axis["range"], axis.get("type", "linear"))
    return float(low), float(high)


@pytest.mark.parametrize("name", FIGURES)
def test_every_mark_and_every_name_is_there(name: str) -> None:
    made = drawing(SPECS[name])
    marks = [one for one in made.shapes if isinstance(one, Mark)]
    # A mark on the very edge is counted by either side or by none.
    assert abs(len(marks) - _expected_marks(SPECS[name])) <= 1
    words = [one.text for one in made.shapes if isinstance(one, Words)]
    for note in SPECS[name]["layout"].get("annotations", []):
        assert all(line in words for line, _ in lines_of(note["text"]))
    for axis in ("xaxis", "xaxis2", "yaxis"):
        title = (SPECS[name]["layout"].get(axis) or {}).get("title", {}).get("text", "")
        assert not title or markup.unescape(title) in words


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_leaves_the_paper(name: str) -> None:
    made = drawing(SPECS[name])
    for one in made.shapes:
        if isinstance(one, Mark):
            assert 0 <= one.x <= made.width and 0 <= one.y <= made.height
        elif isinstance(one, Words) and not one.turn:
            wide = labels.text_width(one.text, one.size)
            left = one.x - {"start": 0.0, "middle": wide / 2, "end": wide}[one.anchor]
            assert left > -12 and left + wide < made.width + 40, one
            assert 0 <= one.y <= made.height


@pytest.mark.parametrize("name", FIGURES)
def test_the_picture_has_roles_for_colours_and_no_other_attribute(name: str) -> None:
    picture = svg(SPECS[name], alt='a "b" <c>')
    read = Reading(picture)
    assert not read.faults
    assert "#0000" not in picture, "a placeholder would be drawn as it is"
    assert read.text.startswith('a "b" <c>')
    used = {one for _, told in read.tags for one in told.get("class", "").split()}
    known = {f"{kind}{one[-2:]}" for one in theme.placeholders("light") for kind in "fs"}
    assert used and used <= known


@given(
    st.sampled_from(["linear", "log"]),
    st.floats(-3, 3),
    st.floats(0.1, 5),
    st.lists(st.floats(-50, 2000), min_size=1, max_size=6),
)
def test_places_against_the_definition(kind: str, low: float, span: float, values: list[float]) -> None:
    high = low + span
    axis = scale({"type": kind, "range": [low, high]}, 100.0, 400.0)
    for value, pixel in zip(values, axis.pixels(values).tolist(), strict=True):
        if kind == "log" and value <= 0:
            assert math.isnan(pixel)
            continue
        at = math.log10(value) if kind == "log" else value
        assert pixel == pytest.approx(100 + 300 * (at - low) / (high - low), rel=1e-9, abs=1e-6)


def test_ticks_as_plotly_chooses_them() -> None:
    def words(spec: dict[str, Any]) -> list[str]:
        return [word for _, word in ticks(scale(spec, 0, 100))]

    assert words({"range": [0, 1], "nticks": 5, "tickformat": ".0%"}) == ["0%", "20%", "40%", "60%", "80%", "100%"]
    assert words({"range": [-0.3, 0.5], "nticks": 4, "tickformat": "+~g"}) == ["−0.2", "0", "+0.2", "+0.4"]
    assert words({"type": "date", "range": ["2021-11-01", "2024-03-01"]}) == ["2022", "2023", "2024"]
    assert words({"type": "log", "range": [8.9, 10.2]}) == ["1,000,000,000", "10,000,000,000"]
    assert words({"range": [0, 10], "tickvals": [1, 5, 50], "ticktext": ["a", "b", "c"]}) == ["a", "b"]


def test_packed_numbers_dates_and_gaps() -> None:
    packed = json.loads(go.Figure(go.Scatter(x=np.array([1.5, np.nan, 3.0]))).to_json())["data"][0]["x"]
    assert isinstance(packed, dict)
    assert numbers(packed).tolist()[::2] == [1.5, 3.0] and np.isnan(numbers(packed)[1])
    assert numbers(["1970-01-02", "not a day", None], "date").tolist()[0] == 86_400_000.0
    assert np.isnan(numbers(["1970-01-02", "not a day", None], "date")[1:]).all()


POINTS = st.lists(st.tuples(st.floats(-50, 150), st.floats(-50, 150)), min_size=2, max_size=5)


@given(POINTS)
def test_lines_are_cut_at_the_edges(points: list[tuple[float, float]]) -> None:
    x, y = scale({"range": [0, 1]}, 0.0, 100.0), scale({"range": [0, 1]}, 100.0, 0.0)
    kept = inside(points, x, y)
    for part in kept:
        assert all(-1e-6 <= a <= 100 + 1e-6 and -1e-6 <= b <= 100 + 1e-6 for a, b in part)
    # Slowly: of many places along the line those inside are near what was kept, and no others.
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        for share in np.linspace(0, 1, 9):
            at = (ax + share * (bx - ax), ay + share * (by - ay))
            if 1 < at[0] < 99 and 1 < at[1] < 99:
                assert any(_is_on(at, p, q) for part in kept for p, q in itertools.pairwise(part))


def _is_on(at: tuple[float, float], p: tuple[float, float], q: tuple[float, float]) -> bool:
    length = math.dist(p, q)
    return abs(math.dist(p, at) + math.dist(at, q) - length) < 1e-6 * max(1.0, length) + 1e-6


def test_dashes_and_steps_are_kept() -> None:
    made = drawing(SPECS["records"])
    lines = [one for one in made.shapes if isinstance(one, Line)]
    assert any(one.dash for one in lines)
    stairs = [one for one in lines if len(one.points) > 3]
    assert stairs and all(
        a[0] == pytest.approx(b[0]) or a[1] == pytest.approx(b[1])
        for one in stairs
        for a, b in zip(one.points, one.points[1:], strict=False)
    )
    assert re.search(r'stroke-dasharray="[\d. ]+"', svg(SPECS["records"], alt=""))
