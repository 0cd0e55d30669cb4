"""The look of every figure: roles, their colours in light and dark, axes with words, the frame.

A figure never names a colour, only a role. ``colour(role)`` is a placeholder: one of Streamlit's literal colours
(``#000001`` ... for ``chartCategoricalColors``, ``#000011`` ... for the sequential and ``#000021`` ... for the diverging
list) that the browser replaces, wherever it stands in the figure, by the theme's colour. So one cached figure serves
light and dark. ``real_colours`` makes the same replacement here, for PNG and reports.

The three lists below belong into ``.streamlit/config.toml``; ``tests/figures`` holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, log10
from typing import Any, Literal

import plotly.graph_objects as go

Mode = Literal["light", "dark"]
MODES: tuple[Mode, ...] = ("light", "dark")

# One row a role: (light, dark). The order is the order in the theme's list.
_CATEGORICAL: dict[str, tuple[str, str]] = {
    "small": ("#0072B2", "#56B4E9"),
    "large": ("#D55E00", "#F28E4B"),
    "good": ("#00805E", "#33C39A"),
    "undisclosed": ("#7C8792", "#8C99A6"),
    "target": ("#B4578F", "#E3A3CB"),
    "muted": ("#5B6673", "#9BA8B5"),
    "line": ("#E2E7EC", "#28323D"),
    "grid": ("#EDF0F3", "#1D2630"),
    "ink": ("#16202C", "#E9EEF3"),
    "background": ("#FFFFFF", "#0F151C"),
}
# No scale of ours diverges, so Streamlit's third list carries what the ten places of the first cannot.
_SERIES: dict[str, tuple[str, str]] = {
    "level-1": ("#B4578F", "#E3A3CB"),
    "level-2": ("#7A63B5", "#B7A4EE"),
    "level-3": ("#1F7F8C", "#5CC4CF"),
    "level-4": ("#00805E", "#33C39A"),
    "pale": ("#B6BEC7", "#596673"),
    "band": ("#DDF1EA", "#15302C"),
    "compute-line": ("#D3DAE0", "#34404C"),
    "small-pale": ("#B5D5E8", "#234A62"),
    "large-pale": ("#F3CDB0", "#60402A"),
    "undisclosed-pale": ("#D3D8DD", "#3A444F"),
}
_SCORE_STOPS = (("#D9E6EF", "#8FBEDB", "#2F87BD", "#08456E"), ("#1E3A4E", "#2F6E99", "#5FB5E8", "#D9F0FF"))
LEVELS = ("level-1", "level-2", "level-3", "level-4")


def _blend(low: str, high: str, share: float) -> str:
    pair = zip(bytes.fromhex(low[1:]), bytes.fromhex(high[1:]), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pair)


def _scale(stops: tuple[str, ...], n: int = 10) -> list[str]:
    """``n`` evenly spaced colours through the stops."""
    result = []
    for i in range(n):
        place = i / (n - 1) * (len(stops) - 1)
        left = min(int(place), len(stops) - 2)
        result.append(_blend(stops[left], stops[left + 1], place - left))
    return result


CATEGORICAL_LIGHT = [light for light, _ in _CATEGORICAL.values()]
CATEGORICAL_DARK = [dark for _, dark in _CATEGORICAL.values()]
SEQUENTIAL_LIGHT = _scale(_SCORE_STOPS[0])
SEQUENTIAL_DARK = _scale(_SCORE_STOPS[1])
DIVERGING_LIGHT = [light for light, _ in _SERIES.values()]
DIVERGING_DARK = [dark for _, dark in _SERIES.values()]

_PLACEHOLDER = {
    **{role: f"#0000{i:02d}" for i, role in enumerate(_CATEGORICAL, start=1)},
    **{role: f"#0000{i:02d}" for i, role in enumerate(_SERIES, start=21)},
}
SCORE_SCALE = [[i / 9, f"#0000{11 + i}"] for i in range(10)]
"""Colour scale for scores, in placeholders."""

_REAL: dict[Mode, dict[str, str]] = {
    "light": {
        f"#0000{i:02d}": c for i, c in enumerate(CATEGORICAL_LIGHT + SEQUENTIAL_LIGHT + DIVERGING_LIGHT, start=1)
    },
    "dark": {f"#0000{i:02d}": c for i, c in enumerate(CATEGORICAL_DARK + SEQUENTIAL_DARK + DIVERGING_DARK, start=1)},
}

FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", sans-serif'
TEXT_SIZE = 13
LABEL_SIZE = 12.5


def colour(role: str) -> str:
    """The placeholder of a role; a KeyError names a role that does not exist."""
    return _PLACEHOLDER[role]


def real_colour(role: str, mode: Mode) -> str:
    """The colour of a role in one mode, for text and marks outside figures."""
    return _REAL[mode][_PLACEHOLDER[role]]


def placeholders(mode: Mode) -> dict[str, str]:
    """Every placeholder with its colour in one mode, for whoever replaces them elsewhere (a report does it in the browser)."""
    return dict(_REAL[mode])


def real_colours(figure: go.Figure, mode: Mode) -> go.Figure:
    """A copy of the figure with the colours of one mode in place of the placeholders, for PNG, SVG and reports.

    Background, plot area and font get their colours here, which on a page come from the page's theme.
    """
    real = _REAL[mode]

    def replaced(value: Any) -> Any:
        if isinstance(value, str):
            for placeholder in [p for p in real if p in value] if "#0000" in value else ():
                value = value.replace(placeholder, real[placeholder])
            return value
        if isinstance(value, Mapping):
            # Names and numbers of models are data, not style: they keep a text that looks like a placeholder.
            return {k: v if k in ("customdata", "x", "y", "ids") else replaced(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [replaced(v) for v in value]
        return value

    spec = replaced(figure.to_plotly_json())
    spec["layout"].update(paper_bgcolor=real_colour("background", mode), plot_bgcolor=real_colour("background", mode))
    return go.Figure(spec)


def levels(n: int) -> list[str]:
    """Roles for ``n`` lines in order, spread over the four tints; more than four repeat (each line carries its name)."""
    if n <= 1:
        return [LEVELS[0]] * n
    if n <= len(LEVELS):
        return [LEVELS[round(i * (len(LEVELS) - 1) / (n - 1))] for i in range(n)]
    return [LEVELS[i % len(LEVELS)] for i in range(n)]


# Traces

WEBGL_ABOVE = 1500


def scatter_type(n: int) -> type[go.Scatter] | type[go.Scattergl]:
    """The trace for a cloud of ``n`` points: WebGL above 1,500, where SVG becomes slow."""
    return go.Scattergl if n > WEBGL_ABOVE else go.Scatter


# Axes


def log_axis(title: str, ticks: Mapping[float, str], limits: tuple[float, float]) -> dict[str, Any]:
    """A logarithmic axis with the given ticks, in words.

    Args:
        title: Quantity and unit.
        ticks: Value to word.
        limits: Smallest and largest value on the axis.
    """
    return _axis(title) | {
        "type": "log",
        "range": [log10(limits[0]), log10(limits[1])],
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
    }


def score_axis(title: str, limits: tuple[float, float]) -> dict[str, Any]:
    """An axis of fractions, shown as percentages."""
    return _axis(title) | {"range": list(limits), "tickformat": ".0%", "nticks": 8}


def date_axis(first: str, last: str) -> dict[str, Any]:
    """An axis of years; it needs no title."""
    return _axis("") | {
        "type": "date",
        "range": [first, last],
        "dtick": "M12",
        "tickformat": "%Y",
        "tick0": "2000-01-01",
    }


def steps(low: float, high: float, most: int) -> list[float]:
    """Round values between two positive numbers: 1, 3, 10, 30 ...; if that gives more than ``most``, powers of ten."""
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    for factors in ((1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        within = [v for v in values if low <= v <= high]
        if len(within) <= most:
            break
    return within


def _axis(title: str) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"size": TEXT_SIZE, "color": colour("muted")}, "standoff": 12},
        "tickfont": {"size": TEXT_SIZE, "color": colour("muted")},
        "gridcolor": colour("grid"),
        "linecolor": colour("line"),
        "showgrid": True,
        "showline": False,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
    }


def framed(figure: go.Figure, *, x: dict[str, Any], y: dict[str, Any], height: int) -> go.Figure:
    """The figure with axes, font, margins and hover as every figure has them."""
    figure.update_layout(
        template=go.layout.Template(),  # Plotly's own adds its colours and 7 kB to every figure
        height=height,
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        font={"family": FONT, "size": TEXT_SIZE, "color": colour("ink")},
        margin={"l": 62, "r": 12, "t": 12, "b": 54, "pad": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={
            "align": "left",
            "bgcolor": colour("background"),
            "bordercolor": colour("line"),
            "font": {"family": FONT, "size": TEXT_SIZE, "color": colour("ink")},
        },
        # Plotly's own bar is grey on a ground of its own and hides what is drawn below it.
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": colour("pale"), "activecolor": colour("muted")},
        xaxis=x,
        yaxis=y,
    )
    for trace in figure.data:
        if "markers" in (getattr(trace, "mode", None) or ""):
            # A chosen mark must not make the others pale: pale has a meaning of its own.
            trace.update(unselected={"marker": {"opacity": 1}}, selected={"marker": {"opacity": 1}})
    return figure
