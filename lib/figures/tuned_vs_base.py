"""Size of tuned models against their difference to the base model that each was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 440
KINDS = {
    "shown better": ("circle", "good", "good"),
    "shown worse": ("triangle-down", "undisclosed", "undisclosed-pale"),
    "": ("diamond-open", "undisclosed", "undisclosed-pale"),
}
WORDS = {"shown better": "tuned shown better", "shown worse": "tuned shown worse", "": "not shown to differ"}


def tuned_vs_base(rows: pd.DataFrame, *, score_label: str, size_label: str = COLUMNS["params_total"].axis) -> go.Figure:
    """Each mark a tuned model.

    Args:
        rows: One row per tuned model. Columns: ``model``, ``name``, ``base_name``, ``size`` (parameters), ``delta``,
            ``delta_low``, ``delta_high`` (tuned minus base with its 95% interval, fractions; NaN ends: no interval),
            ``verdict`` (shown better, shown worse, anything else: not shown). Rows without a size are not drawn.
        score_label: What the difference is of.
        size_label: Title of the axis of sizes.

    Returns:
        The figure, differences in points. ``customdata`` of each mark is the model's id.
    """
    drawn = rows[(rows["size"] > 0) & rows["delta"].notna()]
    drawn = drawn.assign(verdict=drawn["verdict"].where(drawn["verdict"].isin(list(KINDS)), ""))
    sizes = interval_marks.log_limits(drawn["size"])
    ends = 100 * np.concatenate([drawn["delta"], drawn["delta_low"].dropna(), drawn["delta_high"].dropna(), [-0.02, 0.02]])  # fmt: skip
    room = 0.08 * (ends.max() - ends.min())
    heights = (float(ends.min() - room), float(ends.max() + room))
    figure = go.Figure()
    for word, (symbol, role, pale) in reversed(KINDS.items()):
        part = drawn[(drawn["verdict"] == word).to_numpy(bool)]
        known = part[part["delta_low"].notna()]
        if len(known):
            lines = 100 * np.column_stack([known["delta_low"], known["delta_high"], np.full(len(known), np.nan)])
            figure.add_trace(
                go.Scatter(
                    x=np.repeat(known["size"].to_numpy(float), 3),
                    y=lines.ravel(),
                    mode="lines",
                    line={"color": theme.colour(pale), "width": 1.2},
                    hoverinfo="skip",
                )
            )
        if len(part):
            figure.add_trace(_marks(part, symbol, role))
    figure.add_hline(y=0, line={"color": theme.colour("muted"), "width": 1}, layer="below")
    figure.update_layout(annotations=_names(drawn, sizes, heights))
    ticks = {v: formats.parameters(v) for v in theme.steps(*sizes, most=6)}
    y = {**theme.score_axis(f"Tuned minus base, {formats.plotly(score_label, 60)} (points)", heights), "tickformat": "+~g"}  # fmt: skip
    return theme.framed(figure, x=theme.log_axis(size_label, ticks, sizes), y=y, height=HEIGHT)


def legend(rows: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    seen = rows["verdict"].where(rows["verdict"].isin(list(KINDS)), "")
    return [(Mark(symbol, role), WORDS[word]) for word, (symbol, role, _) in KINDS.items() if (seen == word).any()]


def example() -> dict[str, Any]:
    """A tiny figure: one tuned model better, one worse, one not shown, one without an interval."""
    columns = ["model", "name", "base_name", "size", "delta", "delta_low", "delta_high", "verdict"]
    rows = [
        ("org/a-it", "A 1B IT", "A 1B", 1.1e9, 0.05, 0.03, 0.07, "shown better"),
        ("org/b-it", "B 7B IT", "B 7B", 7.2e9, -0.04, -0.06, -0.02, "shown worse"),
        ("org/c-it", "C 30B IT", "C 30B", 30e9, 0.01, -0.01, 0.03, "not shown"),
        ("org/d-it", "D 70B IT", "D 70B", 70e9, 0.02, np.nan, np.nan, "no interval"),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns), "score_label": "mean of 6 benchmarks"}


def _marks(part: pd.DataFrame, symbol: str, role: str) -> go.Scatter:
    is_open = symbol.endswith("-open")
    own, background = theme.colour(role), theme.colour("background")
    return go.Scatter(
        x=part["size"].to_numpy(float),
        y=100 * part["delta"].to_numpy(float),
        mode="markers",
        marker={
            "symbol": symbol.removesuffix("-open"),
            "size": 9,
            "opacity": 1,
            "color": background if is_open else own,
            "line": {"color": own if is_open else background, "width": 1.2},
        },
        customdata=part["model"].to_numpy(object),
        hovertext=[_hover(row) for row in part.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.parameters(row.size)} parameters",
        f"{formats.points(row.delta)} against {formats.plotly(row.base_name)}",
    ]
    if formats.known(row.delta_low):
        lines.append(f"between {formats.points(row.delta_low)} and {formats.points(row.delta_high)}")
    return "<br>".join([*lines, WORDS[row.verdict]])


def _names(drawn: pd.DataFrame, sizes: tuple[float, float], heights: tuple[float, float]) -> list[dict[str, Any]]:
    """Names of the largest differences, up and down."""
    (x0, x1), (y0, y1) = np.log10(sizes), heights
    x = (np.log10(drawn["size"].to_numpy(float)) - x0) / (x1 - x0)
    y = (100 * drawn["delta"].to_numpy(float) - y0) / (y1 - y0)
    order = np.argsort(-np.abs(drawn["delta"].to_numpy(float)), kind="stable")
    names = drawn["name"].to_numpy(object)
    wanted = [labels.Label(float(x[i]), float(y[i]), formats.plotly(names[i], 32)) for i in order]
    placed = labels.place(wanted, np.column_stack([x, y]), height=HEIGHT - 66, strict=2, mark_radius=5, most=10)
    at = [(float(x0 + one.label.x * (x1 - x0)), float(y0 + one.label.y * (y1 - y0))) for one in placed]
    return labels.written(placed, at)
