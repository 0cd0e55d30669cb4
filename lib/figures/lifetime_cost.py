"""What every model size costs that reaches one quality: training alone, and training with all that is served later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.cost_axis import close_steps, from_zero, short_usd
from lib.figures.legend import Legend, Mark

HEIGHT = 440
SIZE_AXIS = "Parameters"
LINES = {"train": ("muted", "training alone"), "total": ("ink", "training and serving")}
MARKS = {"compute-optimal": ("good", "diamond"), "for its whole life": ("small", "circle")}
"""Plan to role and symbol."""


def lifetime_cost(curve: pd.DataFrame, plans: pd.DataFrame, *, cost_label: str, is_in_usd: bool) -> go.Figure:
    """Two lines over model size at one loss, and the two plans on them.

    Args:
        curve: One row per size, ascending: ``size`` (parameters), ``train`` and ``total`` (USD or FLOP), ``tokens``
            (training tokens that bring the size to the loss).
        plans: One row per plan: ``plan``, ``size``, ``low``, ``high`` (its 80% band over refits, NaN unknown),
            ``tokens``, ``train``, ``total``.
        cost_label: Title of the upright axis, with its unit.
        is_in_usd: Whether cost is in USD, else in FLOP.
    """
    word = short_usd if is_in_usd else formats.flop
    sizes, high = _limits(curve, plans)
    figure = go.Figure()
    lines = _drawn(curve)
    for column in lines:
        line = {"color": theme.colour(LINES[column][0]), "width": 2.2 if column == "total" else 1.6}
        figure.add_trace(go.Scatter(x=curve["size"], y=curve[column], mode="lines", line=line, hoverinfo="skip"))
    for row in plans.itertuples():
        figure.add_traces(_plan(row, lines[-1], word))
    figure.update_layout(annotations=_names(curve, plans, lines, sizes, high))
    ticks = {v: formats.parameters(v) for v in close_steps(*sizes)}
    return theme.framed(
        figure, x=theme.log_axis(SIZE_AXIS, ticks, sizes), y=from_zero(cost_label, high, word), height=HEIGHT
    )


def legend(curve: pd.DataFrame, plans: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    words = {
        "compute-optimal": "cheapest to train",
        "for its whole life": "cheapest to train and serve, by the law with the same loss",
    }
    found = [(Mark(MARKS[plan][1], MARKS[plan][0]), words[plan]) for plan in plans["plan"] if plan in MARKS]
    band = [(Mark("line", "undisclosed"), "80% of refits of the law")] if plans["low"].notna().any() else []
    return found + band + [(Mark("line", LINES[one][0]), LINES[one][1]) for one in _drawn(curve)]


def example() -> dict[str, Any]:
    """A tiny figure: five sizes, two plans, one of them without a band."""
    curve = pd.DataFrame(
        {
            "size": [2e9, 4e9, 8e9, 12e9, 16e9],
            "train": [4.0e4, 2.4e4, 1.9e4, 2.2e4, 2.7e4],
            "total": [5.0e4, 4.2e4, 5.6e4, 7.8e4, 1.0e5],
            "tokens": [1.3e12, 4.2e11, 1.6e11, 1.2e11, 1.0e11],
        }
    )
    columns = ["plan", "size", "low", "high", "tokens", "train", "total"]
    rows = [
        ("compute-optimal", 8e9, np.nan, np.nan, 1.6e11, 1.9e4, 5.6e4),
        ("for its whole life", 4e9, 3.7e9, 4.3e9, 4.2e11, 2.4e4, 4.2e4),
    ]
    return {"curve": curve, "plans": pd.DataFrame(rows, columns=columns), "cost_label": "Cost (USD)", "is_in_usd": True}


def _drawn(curve: pd.DataFrame) -> tuple[str, ...]:
    """The lines that differ: one where nothing is served."""
    has_serving = bool(len(curve)) and not np.allclose(curve["train"], curve["total"])
    return ("train", "total") if has_serving else ("train",)


def _limits(curve: pd.DataFrame, plans: pd.DataFrame) -> tuple[tuple[float, float], float]:
    if curve.empty:
        return (1e9, 1e11), 1.0
    ends = [*curve["size"], *plans["low"].dropna(), *plans["high"].dropna()]
    low, high = min(ends), max(ends)
    if high / low < 3:
        low, high = low / 2, high * 2
    return (low / 1.05, high * 1.05), float(curve["total"].max())


def _plan(row: Any, column: str, word: Any) -> list[go.Scatter]:
    """A plan with its band along the size; the mark is on the line that counts."""
    y = float(getattr(row, column))
    role, symbol = MARKS.get(row.plan, ("muted", "circle"))
    traces = []
    if formats.known(row.low) and row.high > row.low:
        line = {"color": theme.colour("undisclosed"), "width": 1.4}
        traces.append(go.Scatter(x=[row.low, row.high], y=[y, y], mode="lines", line=line, hoverinfo="skip"))
    return [
        *traces,
        go.Scatter(
            x=[row.size],
            y=[y],
            mode="markers",
            marker={"symbol": symbol, "size": 13, "color": theme.colour(role), "line": {"color": theme.colour("background"), "width": 1.5}},
            hovertext=[_hover(row, word)],
            hovertemplate="%{hovertext}<extra></extra>",
        ),
    ]  # fmt: skip


def _hover(row: Any, word: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.plan)}</b>",
        f"{formats.parameters(row.size)} parameters",
        f"{formats.tokens(row.tokens)} training tokens",
        f"training: {formats.plotly(word(row.train))}",
        f"training and serving: {formats.plotly(word(row.total))}",
    ]
    if formats.known(row.low) and row.high > row.low:
        lines.append(f"80% of refits: {formats.parameters(row.low)} to {formats.parameters(row.high)} parameters")
    return "<br>".join(lines)


def _names(
    curve: pd.DataFrame, plans: pd.DataFrame, lines: tuple[str, ...], sizes: tuple[float, float], high: float
) -> list[dict[str, Any]]:
    if curve.empty:
        return []
    x0, x1 = np.log10(sizes)
    top = high * 1.05

    def share(x: pd.Series, y: pd.Series) -> np.ndarray:
        return np.column_stack([(np.log10(x.to_numpy(float)) - x0) / (x1 - x0), y.to_numpy(float) / top])

    paths = {one: share(curve["size"], curve[one]) for one in lines}
    marks = share(plans["size"], plans[lines[-1]])
    wanted = [
        labels.Label(x, y, f"<b>{formats.parameters(size)}</b>", 0, MARKS.get(plan, ("muted", ""))[0])
        for (x, y), size, plan in zip(marks, plans["size"], plans["plan"], strict=True)
    ]
    for one in lines:
        others = [path for name, path in paths.items() if name != one]
        wanted += labels.along(paths[one][::-1], LINES[one][1], marks, others, role=LINES[one][0], height=HEIGHT - 66)
    placed = labels.place(wanted, marks, list(paths.values()), height=HEIGHT - 66, strict=1, mark_radius=8)
    return labels.written(placed, [(x0 + one.label.x * (x1 - x0), one.label.y * top) for one in placed])
