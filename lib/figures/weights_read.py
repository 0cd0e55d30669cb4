"""Weights that one decode step reads against the number of readers: a mixture of experts between its active and total size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.cost_axis import close_steps
from lib.figures.legend import Legend, Mark

HEIGHT = 420
X_AXIS, Y_AXIS = "Batch (sequences at once)", "Weights read by one step (GB)"
MARKED = (1, 64)


def weights_read(curve: pd.DataFrame, models: pd.DataFrame) -> go.Figure:
    """Two lines; dashed levels for all weights of the mixture and for those that work on one token.

    Args:
        curve: One row per batch, ascending: ``batch`` (sequences), ``moe``, ``dense`` (GB read by a step).
        models: One row per model: ``label``, ``is_moe``, ``total_gb``, ``active_gb`` (weights at this format).
    """
    figure = go.Figure()
    labels_of = {bool(is_moe): str(label) for is_moe, label in zip(models["is_moe"], models["label"], strict=True)}
    moe, dense = labels_of.get(True, ""), labels_of.get(False, "")
    own = models[models["is_moe"].astype(bool)]
    total_gb, active_gb = (float(own[one].iloc[0]) if len(own) else 1.0 for one in ("total_gb", "active_gb"))
    x = (1.0, float(curve["batch"].max())) if len(curve) else (1.0, 512.0)
    values = [total_gb, active_gb, *curve["moe"], *curve["dense"]]
    y = (min(values) / 1.6, max(values) * 1.5)
    for level in (total_gb, active_gb):
        figure.add_hline(y=level, line={"color": theme.colour("pale"), "width": 1.2, "dash": "5px,4px"})
    for column, role, name in (("dense", "large", dense), ("moe", "small", moe)):
        line = {"color": theme.colour(role), "width": 2.4}
        figure.add_trace(go.Scatter(x=curve["batch"], y=curve[column], mode="lines", line=line, hoverinfo="skip"))
        marks = curve[curve["batch"].isin(MARKED) | (np.arange(len(curve)) == len(curve) - 1)]
        figure.add_trace(_marks(marks, column, role, name))
    figure.update_layout(annotations=_names(curve, moe, dense, total_gb, active_gb, x, y))
    sizes = {v: f"{formats.plain(v)} GB" for v in close_steps(*y)}
    batches = {float(v): formats.count(v) for v in (1, 4, 16, 64, 256) if v <= x[1]}
    batches = batches if len(batches) > 1 else {1.0: "1", 2.0: "2"}
    return theme.framed(
        figure,
        x=theme.log_axis(X_AXIS, batches, (x[0] / 1.1, max(x[1], 2.0) * 1.15)),
        y=theme.log_axis(Y_AXIS, sizes, y),
        height=HEIGHT,
    )


def legend() -> Legend:
    """The marks that are in the figure, with their words."""
    return [
        (Mark("circle", "small"), "mixture of experts"),
        (Mark("square", "large"), "dense model"),
        (Mark("dashed", "muted"), "all weights of the mixture, and those of one token"),
    ]


def example() -> dict[str, Any]:
    """A tiny figure: three batches."""
    curve = pd.DataFrame({"batch": [1.0, 16.0, 64.0], "moe": [25.4, 92.2, 93.2], "dense": [65.5, 65.5, 65.5]})
    rows = [("Mixtral 8x7B", True, 93.4, 25.5), ("Qwen2.5 32B", False, 65.5, 65.5)]
    return {"curve": curve, "models": pd.DataFrame(rows, columns=["label", "is_moe", "total_gb", "active_gb"])}


def _marks(rows: pd.DataFrame, column: str, role: str, name: str) -> go.Scatter:
    told = [
        f"<b>{formats.plotly(name)}</b><br>a step for {formats.count(batch)} at once reads {formats.plain(gb)} GB of weights"
        for batch, gb in zip(rows["batch"], rows[column], strict=True)
    ]
    return go.Scatter(
        x=rows["batch"],
        y=rows[column],
        mode="markers",
        marker={"symbol": "square" if role == "large" else "circle", "size": 10, "color": theme.colour(role), "line": {"color": theme.colour("background"), "width": 1.2}},
        hovertext=told,
        hovertemplate="%{hovertext}<extra></extra>",
    )  # fmt: skip


def _names(
    curve: pd.DataFrame, moe: str, dense: str, total_gb: float, active_gb: float, x: tuple[float, float], y: tuple[float, float]
) -> list[dict[str, Any]]:  # fmt: skip
    if curve.empty:
        return []
    x0, x1 = np.log10(x[0] / 1.1), np.log10(max(x[1], 2.0) * 1.15)
    y0, y1 = np.log10(y)

    def share(a: Any, b: Any) -> np.ndarray:
        return np.column_stack(
            [(np.log10(np.asarray(a, float)) - x0) / (x1 - x0), (np.log10(np.asarray(b, float)) - y0) / (y1 - y0)]
        )

    paths = {column: share(curve["batch"], curve[column]) for column in ("moe", "dense")}
    levels = [share([x[0], x[1]], [gb, gb]) for gb in (total_gb, active_gb)]
    marks = np.concatenate(list(paths.values()))[:: max(1, len(curve) // 3)]
    wanted = []
    for column, role, name in (("dense", "large", dense), ("moe", "small", moe)):
        others = [path for key, path in paths.items() if key != column]
        wanted += labels.along(
            paths[column][::-1], formats.plotly(name, 36), marks, [*others, *levels], role=role, height=HEIGHT - 66
        )
    for gb, words in ((total_gb, "all weights"), (active_gb, "weights of one token")):
        line = share(np.geomspace(x[1], x[0], 40), np.full(40, gb))
        wanted += labels.along(line, words, marks, list(paths.values()), role="muted", height=HEIGHT - 66)
    placed = labels.place(wanted, marks, [*paths.values(), *levels], height=HEIGHT - 66, strict=1)
    return labels.written(placed, [(x0 + one.label.x * (x1 - x0), y0 + one.label.y * (y1 - y0)) for one in placed])
