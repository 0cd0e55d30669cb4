"""A figure as a list of simple shapes, for pictures that need no browser: SVG in reports, PNG for previews of links.

It draws what ``lib.figures`` uses of Plotly: lines, marks, filled outlines and letters, linear, logarithmic and date axes,
two plots side by side, straight shapes, annotations with and without a leader, the scale of a colour axis. What a figure
uses beyond that is left out, and a test of every figure says so.
"""

from __future__ import annotations

import html
import itertools
import math
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lib.figures.labels import text_width
from lib.report.lines import inside, pieces
from lib.report.scales import Scale, numbers, scale, ticks

WIDTH = 850.0
"""Of a picture without a screen: its plot is about as wide as one for which ``lib.figures.labels`` has placed the names."""
DEFAULT_HEIGHT = 450.0
TICK_GAP, TITLE_GAP, EDGE = 6.0, 14.0, 6.0
LINE_HEIGHT = 1.25
INVISIBLE = "rgba(0,0,0,0)"


class Line(NamedTuple):
    """A broken line: points, colour, width, dash in pixels ('' for none)."""

    points: list[tuple[float, float]]
    colour: str
    width: float
    dash: str = ""
    opacity: float = 1.0


class Area(NamedTuple):
    """A filled outline."""

    points: list[tuple[float, float]]
    colour: str


class Mark(NamedTuple):
    """A symbol around a point; ``size`` is its height, ``colour`` '' where it is not filled."""

    x: float
    y: float
    symbol: str
    size: float
    colour: str
    edge: str
    edge_width: float
    opacity: float = 1.0


class Words(NamedTuple):
    """A line of text; ``anchor`` start, middle or end; its middle stands at ``y``; ``turn`` in degrees."""

    x: float
    y: float
    text: str
    anchor: str
    size: float
    colour: str
    is_bold: bool = False
    turn: float = 0.0


Shape = Line | Area | Mark | Words


@dataclass
class Drawing:
    """Shapes from back to front, in pixels from the upper left."""

    width: float
    height: float
    shapes: list[Shape] = field(default_factory=list)


class _Plots(NamedTuple):
    """The axes by name (``x``, ``x2``, ``y``), and the edges of the paper around all of them."""

    axes: dict[str, Scale]
    left: float
    right: float
    top: float
    bottom: float


def drawing(spec: dict[str, Any], *, width: float = WIDTH) -> Drawing:
    """The figure.

    Args:
        spec: ``{"data": ..., "layout": ...}`` as Plotly writes it, colours as placeholders or real.
        width: In pixels; the height is the figure's own.
    """
    layout = spec["layout"]
    made = Drawing(width, float(layout.get("height") or DEFAULT_HEIGHT))
    plots = _plots(layout, made)
    below = [one for one in layout.get("shapes", []) if one.get("layer") == "below"]
    _grid(layout, plots, made)
    for shape in below:
        _straight(shape, plots, made)
    for trace in spec["data"]:
        _trace(trace, layout, plots, made)
    for shape in layout.get("shapes", []):
        if shape.get("layer") != "below":
            _straight(shape, plots, made)
    for note in layout.get("annotations", []):
        _annotation(note, plots, made)
    _colour_scale(layout, plots, made)
    return made


def lines_of(text: object) -> list[tuple[str, bool]]:
    """Lines of a Plotly text with whether they are bold; entities read, other tags gone."""
    parts = re.split(r"<br\s*/?>", str(text))
    return [(html.unescape(re.sub(r"</?[a-z]+[^>]*>", "", part)), "<b>" in part) for part in parts]


def _plots(layout: dict[str, Any], made: Drawing) -> _Plots:
    margin = layout.get("margin", {})
    top = float(margin.get("t", 12))
    bottom = made.height - float(margin.get("b", 54))
    right = made.width - float(margin.get("r", 12))
    y_axis = scale(layout.get("yaxis", {}), bottom, top)
    size = _font(y_axis.spec)
    widest = max((text_width(line, size) for _, word in ticks(y_axis) for line, _ in lines_of(word)), default=0.0)
    title = _title(y_axis.spec)
    left = max(float(margin.get("l", 62)), widest + TICK_GAP + EDGE + (TITLE_GAP + size if title else 0))
    axes = {"y": y_axis}
    for name, key in (("x", "xaxis"), ("x2", "xaxis2")):
        if key in layout:
            low, high = layout[key].get("domain") or (0.0, 1.0)
            axes[name] = scale(layout[key], left + low * (right - left), left + high * (right - left))
    if layout.get("xaxis", {}).get("side") == "top":
        top = max(top, 46.0)
        axes["y"] = scale(layout.get("yaxis", {}), bottom, top)
    return _Plots(axes, left, right, top, bottom)


def _grid(layout: dict[str, Any], plots: _Plots, made: Drawing) -> None:
    """Grid, ticks and titles of every axis."""
    x_axes = [axis for name, axis in plots.axes.items() if name != "y"]
    y_axis = plots.axes["y"]
    for pixel, word in ticks(y_axis):
        if y_axis.spec.get("showgrid", True):
            for axis in x_axes[:1]:
                made.shapes.append(
                    Line([(axis.start, pixel), (axis.end, pixel)], str(y_axis.spec.get("gridcolor", INVISIBLE)), 1)
                )
        _stacked(made, plots.left - TICK_GAP, pixel, word, "end", _font(y_axis.spec), _font_colour(y_axis.spec))
    for axis in x_axes:
        _x_axis(axis, plots, made)
    if title := _title(y_axis.spec):
        middle = (plots.top + plots.bottom) / 2
        made.shapes.append(
            Words(EDGE + 8, middle, title, "middle", _font(y_axis.spec), _font_colour(y_axis.spec), turn=-90)
        )


def _x_axis(axis: Scale, plots: _Plots, made: Drawing) -> None:
    spec, is_top = axis.spec, axis.spec.get("side") == "top"
    size, colour = _font(spec), _font_colour(spec)
    told = ticks(axis)
    if spec.get("showgrid", True):
        for pixel, _ in told:
            made.shapes.append(
                Line([(pixel, plots.top), (pixel, plots.bottom)], str(spec.get("gridcolor", INVISIBLE)), 1)
            )
    if spec.get("zeroline") and axis.kind == "linear" and axis.low < 0 < axis.high:
        zero = float(axis.pixels([0.0])[0])
        colour_of_zero, width = str(spec.get("zerolinecolor", colour)), float(spec.get("zerolinewidth", 1))
        made.shapes.append(Line([(zero, plots.top), (zero, plots.bottom)], colour_of_zero, width))
    if spec.get("showline"):
        ends = [(axis.start, plots.bottom), (axis.end, plots.bottom)]
        made.shapes.append(Line(ends, str(spec.get("linecolor", colour)), 1))
    y = plots.top - TICK_GAP - size / 2 if is_top else plots.bottom + TICK_GAP + size / 2 + 2
    is_crowded = any(
        b[0] - a[0] < (text_width(a[1], size) + text_width(b[1], size)) / 2 for a, b in itertools.pairwise(told)
    )
    for pixel, word in told:
        if is_crowded and is_top:
            made.shapes.append(Words(pixel, y, lines_of(word)[0][0], "start", size, colour, turn=-30))
        else:
            _stacked(made, pixel, y, word, "middle", size, colour, is_hung=True)
    if title := _title(spec):
        middle = (axis.start + axis.end) / 2
        made.shapes.append(Words(middle, made.height - size / 2 - 4, title, "middle", size, colour))


def _trace(trace: dict[str, Any], layout: dict[str, Any], plots: _Plots, made: Drawing) -> None:
    x_axis, y_axis = plots.axes[trace.get("xaxis", "x")], plots.axes["y"]
    xs, ys = x_axis.pixels(trace.get("x", [])), y_axis.pixels(trace.get("y", []))
    n = min(len(xs), len(ys))
    xs, ys = xs[:n], ys[:n]
    mode = str(trace.get("mode", "lines"))
    opacity = float(trace.get("opacity", 1))
    if trace.get("fill") == "toself":
        known = [(x, y) for x, y in zip(xs.tolist(), ys.tolist(), strict=True) if x == x and y == y]
        made.shapes.append(Area(known, str(trace.get("fillcolor", INVISIBLE))))
    if "lines" in mode:
        line = trace.get("line", {})
        for run in pieces(xs, ys, is_stair=line.get("shape") == "hv"):
            clipped = inside(run, x_axis, y_axis)
            for part in clipped:
                width = float(line.get("width", 2))
                if width:
                    made.shapes.append(
                        Line(part, str(line.get("color", INVISIBLE)), width, _dash(line.get("dash")), opacity)
                    )
    if "markers" in mode:
        _marks(trace, layout, xs, ys, (x_axis, y_axis), made)
    if "text" in mode:
        font = trace.get("textfont", {})
        colours, words = _each(font.get("color"), n), _each(trace.get("text"), n)
        for x, y, word, colour in zip(xs.tolist(), ys.tolist(), words, colours, strict=True):
            if x == x and y == y and word:
                _stacked(made, x, y, str(word), "middle", float(font.get("size", 12)), str(colour))


def _marks(
    trace: dict[str, Any],
    layout: dict[str, Any],
    xs: np.ndarray,
    ys: np.ndarray,
    axes: tuple[Scale, Scale],
    made: Drawing,
) -> None:
    marker, n = trace.get("marker", {}), len(xs)
    edge = marker.get("line", {})
    colours = _scaled(marker, layout, n) if "coloraxis" in marker else _each(marker.get("color"), n)
    sizes, symbols, opacities = (_each(marker.get(key), n) for key in ("size", "symbol", "opacity"))
    edges, widths = _each(edge.get("color"), n), _each(edge.get("width"), n)
    for i, (x, y) in enumerate(zip(xs.tolist(), ys.tolist(), strict=True)):
        if x != x or y != y or not (axes[0].is_inside(x) and axes[1].is_inside(y)):
            continue
        symbol = str(symbols[i] or "circle")
        is_open = "-open" in symbol
        own = str(colours[i] or INVISIBLE)
        width = float(widths[i] if widths[i] is not None else 0)
        made.shapes.append(
            Mark(
                x,
                y,
                symbol.replace("-open", ""),
                float(sizes[i] or 6),
                "" if is_open else own,
                own if is_open else str(edges[i] or INVISIBLE),
                max(width, 1.0) if is_open else width,
                float(opacities[i] if opacities[i] is not None else 1) * float(trace.get("opacity", 1)),
            )
        )


def _scaled(marker: dict[str, Any], layout: dict[str, Any], n: int) -> list[Any]:
    """Colours of values on the colour axis, each the nearest stop: placeholders cannot be mixed."""
    axis = layout.get(str(marker["coloraxis"]), {})
    stops = axis.get("colorscale") or []
    low, high = float(axis.get("cmin", 0)), float(axis.get("cmax", 1))
    colours: list[Any] = []
    for value in numbers(marker.get("color"))[:n]:
        if value != value or not stops:
            colours.append(INVISIBLE)
            continue
        share = min(max((value - low) / (high - low or 1), 0), 1)
        colours.append(min(stops, key=lambda stop: abs(float(stop[0]) - share))[1])
    return colours


def _straight(shape: dict[str, Any], plots: _Plots, made: Drawing) -> None:
    """A line of the layout; other kinds of shapes are not in use."""
    if shape.get("type") != "line":
        return
    ends = [
        (
            _place("x", shape[f"x{n}"], str(shape.get("xref", "x")), plots),
            _place("y", shape[f"y{n}"], str(shape.get("yref", "y")), plots),
        )
        for n in (0, 1)
    ]
    line = shape.get("line", {})
    if all(math.isfinite(one) for end in ends for one in end):
        made.shapes.append(
            Line(ends, str(line.get("color", INVISIBLE)), float(line.get("width", 1)), _dash(line.get("dash")))
        )


def _annotation(note: dict[str, Any], plots: _Plots, made: Drawing) -> None:
    x = _place("x", note.get("x"), str(note.get("xref", "x")), plots, is_position=True)
    y = _place("y", note.get("y"), str(note.get("yref", "y")), plots, is_position=True)
    if not (math.isfinite(x) and math.isfinite(y)):
        return
    font = note.get("font", {})
    size, colour = float(font.get("size", 12.5)), str(font.get("color", INVISIBLE))
    dx, dy = float(note.get("xshift") or 0), -float(note.get("yshift") or 0)
    if note.get("showarrow", True):
        dx, dy = float(note.get("ax") or 0), float(note.get("ay") or 0)
        _leader(note, x, y, dx, dy, made)
    lines = lines_of(note.get("text", ""))
    height = size * LINE_HEIGHT * len(lines)
    up = {"top": 0.0, "middle": -height / 2, "bottom": -height}[str(note.get("yanchor", "middle"))]
    anchor = {"left": "start", "center": "middle", "right": "end"}[str(note.get("xanchor", "center"))]
    for n, (line, is_bold) in enumerate(lines):
        middle = y + dy + up + size * LINE_HEIGHT * (n + 0.5)
        made.shapes.append(Words(x + dx, middle, line, anchor, size, colour, is_bold))


def _leader(note: dict[str, Any], x: float, y: float, dx: float, dy: float, made: Drawing) -> None:
    length = math.hypot(dx, dy)
    gap = float(note.get("standoff") or 0)
    if length <= gap:
        return
    near = (x + dx * gap / length, y + dy * gap / length)
    made.shapes.append(
        Line([(x + dx, y + dy), near], str(note.get("arrowcolor", INVISIBLE)), float(note.get("arrowwidth") or 1))
    )


def _colour_scale(layout: dict[str, Any], plots: _Plots, made: Drawing) -> None:
    """The bar of the colour axis, above the plot at the right."""
    axis = layout.get("coloraxis")
    if not axis or not axis.get("colorbar"):
        return
    bar = axis["colorbar"]
    length, thick, size = float(bar.get("len", 200)), float(bar.get("thickness", 9)), _font(bar)
    left, top = plots.right - length, plots.top - 36
    stops = axis.get("colorscale") or []
    step = length / max(len(stops), 1)
    for n, (_, colour) in enumerate(stops):
        x = left + n * step
        corners = [(x, top), (x + step + 0.4, top), (x + step + 0.4, top + thick), (x, top + thick)]
        made.shapes.append(Area(corners, str(colour)))
    own = {**bar, "range": [axis.get("cmin", 0), axis.get("cmax", 1)]}
    for pixel, word in ticks(scale(own, left, plots.right)):
        made.shapes.append(Words(pixel, top + thick + size / 2 + 4, word, "middle", size, _font_colour(bar)))


def _place(way: str, value: object, reference: str, plots: _Plots, *, is_position: bool = False) -> float:
    """The pixel of a coordinate along ``x`` or ``y``; NaN where its axis is not there."""
    name, _, domain = reference.partition(" ")
    if name == "paper":
        start, end = (plots.left, plots.right) if way == "x" else (plots.bottom, plots.top)
        return start + float(numbers(value)[0]) * (end - start)
    axis = plots.axes.get(name)
    if axis is None:
        return math.nan
    if domain:
        return axis.at_share(float(numbers(value)[0]))
    return float(axis.pixels([value], is_position=is_position)[0])


def _stacked(
    made: Drawing, x: float, y: float, text: str, anchor: str, size: float, colour: str, *, is_hung: bool = False
) -> None:
    """One or several lines of text around ``y``, or from ``y`` downwards."""
    lines = lines_of(text)
    first = 0.0 if is_hung else -(len(lines) - 1) / 2
    for n, (line, is_bold) in enumerate(lines):
        made.shapes.append(Words(x, y + (first + n) * size * LINE_HEIGHT, line, anchor, size, colour, is_bold))


def _each(value: Any, n: int) -> list[Any]:
    """A property of each mark: given once for all, or for each."""
    if isinstance(value, dict) and "bdata" in value:
        value = numbers(value).tolist()
    if isinstance(value, list):
        return value[:n] + [None] * (n - len(value))
    return [value] * n


def _dash(dash: object) -> str:
    """Pixels of a dash; '' for none."""
    named = {"dash": "6,4", "dot": "2,3", "dashdot": "6,3,2,3", "longdash": "10,5"}
    text = named.get(str(dash), str(dash or ""))
    return text.replace("px", "").replace(",", " ") if re.fullmatch(r"[\d., px]+", text) else ""


def _title(spec: dict[str, Any]) -> str:
    title = spec.get("title") or {}
    return lines_of(title.get("text") or "")[0][0] if isinstance(title, dict) else str(title)


def _font(spec: dict[str, Any]) -> float:
    return float((spec.get("tickfont") or {}).get("size", 13))


def _font_colour(spec: dict[str, Any]) -> str:
    return str((spec.get("tickfont") or {}).get("color", INVISIBLE))
