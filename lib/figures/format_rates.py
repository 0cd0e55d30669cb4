"""How fast one model answers in each weight format, with bands; measured rates stand out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.cost_axis import close_steps
from lib.figures.legend import Legend, Mark

ROW_PX, FRAME_PX = 44, 90
MARKS = {"estimated": ("small", "circle"), "measured": ("good", "diamond")}
AXIS = "Output tokens per second"


def format_rates(rows: pd.DataFrame) -> go.Figure:
    """One row a format, most bits on top; a line is the band of an estimate, a hollow mark on the left does not fit.

    Args:
        rows: One row per format: ``label``, ``kind`` (measured, estimated, '' does not fit), ``rate``, ``low``, ``high``
            (tokens per second, NaN unknown), ``gb`` (weights, GB), ``usd`` (per million output tokens with prompts, NaN
            unknown).
    """
    figure = go.Figure()
    known = rows[(rows["kind"] != "") & rows["rate"].notna()]
    low = float(known[["rate", "low"]].min().min()) if len(known) else 1.0
    high = float(known[["rate", "high"]].max().max()) if len(known) else 100.0
    limits = (low / 1.6, high * 1.6)
    for place, row in enumerate(rows.itertuples()):
        figure.add_traces(_row(row, -place, limits[0] * 1.12))
    y = theme.score_axis("Format (GB of weights)", (-len(rows) + 0.5, 0.5)) | {
        "tickformat": "",
        "tickvals": [-place for place in range(len(rows))],
        "ticktext": [f"{formats.plotly(row.label, 30)}, {formats.plain(row.gb)} GB" for row in rows.itertuples()],
        "showgrid": False,
    }
    ticks = {v: formats.plain(v) for v in close_steps(*limits)}
    return theme.framed(
        figure, x=theme.log_axis(AXIS, ticks, limits), y=y, height=FRAME_PX + ROW_PX * max(len(rows), 3)
    )


def legend(rows: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    words = {"estimated": "estimate, with the band that holds 80%", "measured": "measured: wins over the estimate"}
    found: Legend = [
        (Mark(symbol, role), words[kind]) for kind, (role, symbol) in MARKS.items() if (rows["kind"] == kind).any()
    ]
    return [*found, (Mark("circle-open", "undisclosed"), "does not fit")] if (rows["kind"] == "").any() else found


def example() -> dict[str, Any]:
    """A tiny figure: one format that does not fit, an estimate, a measured rate."""
    columns = ["label", "kind", "rate", "low", "high", "gb", "usd"]
    nan = float("nan")
    rows = [
        ("BF16", "", nan, nan, nan, 26.0, nan),
        ("GGUF Q8_0", "estimated", 60.0, 39.0, 92.0, 13.8, 3.1),
        ("GGUF Q4_K_M", "measured", 112.0, 112.0, 112.0, 7.9, 1.9),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns)}


def _row(row: Any, y: float, left: float) -> list[go.Scatter]:
    told = f"<b>{formats.plotly(row.label)}</b><br>weights: {formats.plain(row.gb)} GB"
    if not row.kind or not formats.known(row.rate):
        return [_mark(left, y, "undisclosed", "circle-open", f"{told}<br>does not fit")]
    role, symbol = MARKS.get(row.kind, ("undisclosed", "circle"))
    told += f"<br>{formats.plain(row.rate)} tokens per second, {'measured' if row.kind == 'measured' else 'estimated'}"
    traces = []
    if formats.known(row.low) and row.high > row.low:
        line = {"color": theme.colour(f"{role}-pale" if role == "small" else "undisclosed"), "width": 3}
        traces.append(go.Scatter(x=[row.low, row.high], y=[y, y], mode="lines", line=line, hoverinfo="skip"))
        told += f"<br>80% band: {formats.plain(row.low)} to {formats.plain(row.high)} tokens per second"
    if formats.known(row.usd):
        told += f"<br>{formats.plotly(formats.usd(row.usd))} per million output tokens"
    return [*traces, _mark(float(row.rate), y, role, symbol, told)]


def _mark(x: float, y: float, role: str, symbol: str, told: str) -> go.Scatter:
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"symbol": symbol, "size": 12, "color": theme.colour(role), "line": {"color": theme.colour("background"), "width": 1.2}},
        hovertext=[told],
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip
