"""Monthly bills against volume: the interface's straight line, the own side's staircase, and where the cheaper one changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.cost_axis import close_steps, short_usd
from lib.figures.legend import Legend, Mark

HEIGHT = 460
X_AXIS, Y_AXIS = "Requests (a month)", "Bill (USD a month)"


def monthly_bills(curve: pd.DataFrame, flips: pd.DataFrame, *, requests: float, api: str, own: str) -> go.Figure:
    """Two lines on logarithmic axes; diamonds where the cheaper side changes, the dashed line at the reader's volume.

    Args:
        curve: One row per volume, ascending: ``requests`` (a month), ``api``, ``own``, ``own_low``, ``own_high`` (USD a
            month; the last two at the ends of the band of the rate).
        flips: One row per change: ``requests``, ``usd`` (both bills there), ``to`` (``own`` or ``api``: the cheaper one
            from here on).
        requests: The reader's volume.
        api, own: Names of the two sides.
    """
    figure = go.Figure()
    x, y = _limits(curve, requests)
    if len(curve):
        band = {"color": theme.colour("small-pale"), "width": 1}
        for column in ("own_low", "own_high"):
            figure.add_trace(
                go.Scatter(x=curve["requests"], y=curve[column], mode="lines", line=band, hoverinfo="skip")
            )
        for column, role, name in (("api", "large", api), ("own", "small", own)):
            line = {"color": theme.colour(role), "width": 2.4}
            figure.add_trace(
                go.Scatter(x=curve["requests"], y=curve[column], mode="lines", line=line, hoverinfo="skip")
            )
            figure.add_trace(_at(curve, column, requests, role, name))
    if len(flips):
        figure.add_trace(_flips(flips, api, own))
    figure.add_vline(x=requests, line={"color": theme.colour("target"), "width": 1.4, "dash": "6px,4px"})
    figure.update_layout(annotations=_names(curve, flips, requests, api, own, x, y))
    ticks = {v: formats.parameters(v) for v in close_steps(*x)}
    usd = {v: formats.plotly(short_usd(v)) for v in close_steps(*y)}
    return theme.framed(figure, x=theme.log_axis(X_AXIS, ticks, x), y=theme.log_axis(Y_AXIS, usd, y), height=HEIGHT)


def legend(flips: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    found: Legend = [
        (Mark("square", "large"), "through the interface"),
        (Mark("circle", "small"), "on own hardware, pale: ends of the rate's 80% band"),
        (Mark("dashed", "target"), "your volume"),
    ]
    return [*found, (Mark("diamond", "good"), "the cheaper side changes")] if len(flips) else found


def example() -> dict[str, Any]:
    """A tiny figure: one replica up to 10 million requests, one change."""
    requests = np.array([1e6, 3e6, 5.2e6, 1e7, 1.001e7, 2e7])
    own = np.where(requests <= 1e7, 4307.0, 8614.0)
    curve = pd.DataFrame(
        {"requests": requests, "api": requests * 0.000821, "own": own, "own_low": own, "own_high": own * 2}
    )
    flips = pd.DataFrame({"requests": [5.246e6], "usd": [4307.0], "to": ["own"]})
    return {"curve": curve, "flips": flips, "requests": 2e6, "api": "Llama 3.3 70B", "own": "Llama 3.1 8B"}


def _limits(curve: pd.DataFrame, requests: float) -> tuple[tuple[float, float], tuple[float, float]]:
    if curve.empty:
        return (requests / 10, requests * 10), (1.0, 1e4)
    ends = [*curve["requests"], requests]
    bills = curve[["api", "own", "own_low", "own_high"]]
    low = max(float(bills.min().min()), float(bills["own"].min()) / 30, 0.01)
    return (min(ends), max(ends)), (low / 1.3, float(bills.max().max()) * 1.5)


def _at(curve: pd.DataFrame, column: str, requests: float, role: str, name: str) -> go.Scatter:
    """The bill at the reader's volume."""
    usd = float(np.interp(requests, curve["requests"], curve[column]))
    told = f"<b>{formats.plotly(name)}</b><br>{formats.plotly(formats.usd(usd))} a month for {formats.count(requests)} requests: {formats.plotly(formats.usd(usd / requests))} each"
    return go.Scatter(
        x=[requests],
        y=[usd],
        mode="markers",
        marker={"symbol": "square" if role == "large" else "circle", "size": 11, "color": theme.colour(role), "line": {"color": theme.colour("background"), "width": 1.2}},
        hovertext=[told],
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip


def _flips(flips: pd.DataFrame, api: str, own: str) -> go.Scatter:
    names = {"own": own, "api": api}
    told = [
        f"<b>from {formats.count(row.requests)} requests a month</b><br>{formats.plotly(names.get(str(row.to), str(row.to)))} is the cheaper one: "
        f"{formats.plotly(formats.usd(row.usd))} a month"
        for row in flips.itertuples()
    ]
    return go.Scatter(
        x=flips["requests"],
        y=flips["usd"],
        mode="markers",
        marker={"symbol": "diamond", "size": 12, "color": theme.colour("good"), "line": {"color": theme.colour("background"), "width": 1.2}},
        hovertext=told,
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip


def _names(
    curve: pd.DataFrame,
    flips: pd.DataFrame,
    requests: float,
    api: str,
    own: str,
    x: tuple[float, float],
    y: tuple[float, float],
) -> list[dict[str, Any]]:
    if curve.empty:
        return []
    (x0, x1), (y0, y1) = np.log10(x), np.log10(y)

    def share(a: Any, b: Any) -> np.ndarray:
        across = (np.log10(np.asarray(a, float)) - x0) / (x1 - x0)
        return np.column_stack([across, (np.log10(np.maximum(np.asarray(b, float), y[0])) - y0) / (y1 - y0)])

    paths = {column: share(curve["requests"], curve[column]) for column in ("api", "own")}
    here = [float(np.interp(requests, curve["requests"], curve[column])) for column in ("api", "own")]
    marks = np.concatenate([share(flips["requests"], flips["usd"]), share([requests] * 2, here)])
    upright = np.column_stack([np.full(2, share([requests], [1.0])[0, 0]), [0.0, 1.0]])
    wanted = [
        labels.Label(px, py, f"<b>{formats.parameters(at)}</b>", 0, "good")
        for (px, py), at in zip(marks[:3], flips["requests"][:3], strict=False)
    ]
    for column, role, name in (("api", "large", "interface"), ("own", "small", "own hardware")):
        others = [path for key, path in paths.items() if key != column]
        wanted += labels.along(paths[column][::-1], name, marks, [*others, upright], role=role, height=HEIGHT - 66)
    placed = labels.place(wanted, marks, [*paths.values(), upright], height=HEIGHT - 66, strict=1, mark_radius=7)
    return labels.written(placed, [(x0 + one.label.x * (x1 - x0), y0 + one.label.y * (y1 - y0)) for one in placed])
