"""Memory that each way of fine-tuning takes on one device, part by part, against what the device has."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.cost_axis import from_zero
from lib.figures.legend import Legend, Mark

HEIGHT = 300
PARTS = {
    "weights": ("level-2", "weights"),
    "states": ("level-3", "gradients and optimiser"),
    "activations": ("level-1", "activations"),
    "logits": ("level-4", "logits"),
    "spare": ("pale", "fragmentation and runtime"),
}
"""Column to role and words, in the order of the bars."""
AXIS = "Memory on each device (GB)"


def tuning_memory(rows: pd.DataFrame, *, memory_gb: float, device: str) -> go.Figure:
    """One bar a way, from the left: what it is made of; the dashed line is the memory of the device.

    Args:
        rows: One row a way, the first on top: ``label``, ``weights``, ``states``, ``activations``, ``logits``, ``spare``
            (GB), ``fits``.
        memory_gb: Of one device.
        device: Its name, for the hover.
    """
    figure = go.Figure()
    ends = rows[list(PARTS)].sum(axis=1)
    high = max([memory_gb, *ends]) if len(rows) else memory_gb
    for place, row in enumerate(rows.itertuples()):
        figure.add_traces(_bar(row, -place, device))
    figure.add_vline(x=memory_gb, line={"color": theme.colour("target"), "width": 1.6, "dash": "6px,4px"})
    figure.update_layout(
        annotations=[
            {
                "x": memory_gb, "y": 1.0, "yref": "paper", "yanchor": "bottom", "showarrow": False,
                "xanchor": "left" if memory_gb < high / 2 else "right",
                "text": f"one device: {formats.plain(memory_gb)} GB",
                "font": {"size": theme.LABEL_SIZE, "color": theme.colour("target")},
            }
        ]
    )  # fmt: skip
    y = theme.score_axis("Way of tuning (by name)", (-len(rows) + 0.5, 0.6)) | {
        "tickformat": "",
        "tickvals": [-place for place in range(len(rows))],
        "ticktext": [formats.plotly(one, 40) for one in rows["label"]],
        "showgrid": False,
    }
    x = from_zero(AXIS, high, lambda v: f"{formats.plain(v)} GB")
    drawn = theme.framed(figure, x=x, y=y, height=HEIGHT)
    drawn.update_layout(margin={"t": 34})
    return drawn


def legend(rows: pd.DataFrame) -> Legend:
    """The parts that are in the figure, with their words."""
    found: Legend = [(Mark("square", role), words) for part, (role, words) in PARTS.items() if (rows[part] > 0).any()]
    return [*found, (Mark("dashed", "target"), "memory of one device")]


def example() -> dict[str, Any]:
    """A tiny figure: two ways, one of which fits."""
    columns = ["label", *PARTS, "fits"]
    rows = [("every parameter", 16.1, 112.4, 1.4, 1.6, 27.0, False), ("QLoRA", 5.7, 0.5, 1.4, 1.6, 2.5, True)]
    return {"rows": pd.DataFrame(rows, columns=columns), "memory_gb": 24.0, "device": "RTX 4090"}


def _bar(row: Any, y: float, device: str) -> list[go.Scatter]:
    left = 0.0
    traces = []
    for part, (role, words) in PARTS.items():
        width = float(getattr(row, part))
        if not width > 0:
            continue
        told = f"<b>{formats.plotly(row.label)}, {formats.plotly(device, 40)}</b><br>{words}: {formats.plain(width)} GB"
        traces.append(
            go.Scatter(
                x=[left, left + width / 2, left + width],
                y=[y, y, y],
                mode="lines",
                line={"color": theme.colour(role), "width": 26},
                hovertext=[told] * 3,
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
        left += width
    return traces
