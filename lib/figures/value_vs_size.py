"""A value that is no share of questions (perplexity, bits per byte, a judge's points) against model size, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.interval_marks import SIDES
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS

HEIGHT = 420
NAMED = 6
WIDE = 30.0
"""Values that differ by more than this factor are drawn on a logarithmic axis."""


def value_vs_size(rows: pd.DataFrame, *, size_label: str, value_label: str) -> go.Figure:
    """Each point a model: size on a logarithmic axis against a value in the metric's own unit, with its 95% interval.

    Args:
        rows: One row per model, the best first (they get names). Columns: ``model``, ``name``, ``size`` (parameters),
            ``score``, ``ci_low``, ``ci_high`` (own unit; NaN interval: drawn hollow), ``is_small`` (by the reader's
            threshold). Rows without size or value are not drawn.
        size_label: Title of the size axis.
        value_label: Title of the other axis: benchmark, metric, which way is better.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = rows[(rows["size"] > 0) & rows["score"].notna()]
    sizes, limits, is_log = _limits(drawn)
    figure = go.Figure()
    for side, part in drawn.groupby("is_small", sort=True):
        role, symbol = SIDES[bool(side)]
        figure.add_traces(interval_marks.lines(part, "size", role=f"{role}-pale"))
        figure.add_traces(list(interval_marks.marks(part, "size", role=role, symbol=symbol, size=9, hover=_hover)))
    figure.update_layout(annotations=_names(drawn[:NAMED], drawn, sizes, limits, is_log))
    ticks = {v: formats.parameters(v) for v in theme.steps(*sizes, most=6)}
    if is_log:
        y = theme.log_axis(value_label, {v: _tick(v) for v in theme.steps(*limits, most=7)}, limits)
    else:
        y = theme.score_axis(value_label, limits) | {"tickformat": "~g"}
    return theme.framed(figure, x=theme.log_axis(size_label, ticks, sizes), y=y, height=HEIGHT)


def legend(rows: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    return interval_marks.side_entries(rows) + interval_marks.hollow_entry(rows)


def example() -> dict[str, Any]:
    """A tiny figure: three models, one without an interval."""
    columns = ["model", "name", "size", "score", "ci_low", "ci_high", "is_small"]
    rows = [
        ("org/c-70b", "C 70B", 70e9, 6.1, 6.0, 6.2, False),
        ("org/b-7b", "B 7B", 7e9, 9.4, 9.3, 9.5, True),
        ("org/a-1b", "A 1B", 1e9, 14.2, np.nan, np.nan, True),
    ]
    return {
        "rows": pd.DataFrame(rows, columns=columns),
        "size_label": COLUMNS["params_total"].axis,
        "value_label": "WikiText, word_perplexity (lower is better)",
    }


def _limits(drawn: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float], bool]:
    sizes = interval_marks.log_limits(drawn["size"])
    if drawn.empty:
        return sizes, (0.0, 1.0), False
    bottom, top = interval_marks.ends(drawn)
    if bottom > 0 and top / bottom > WIDE:
        return sizes, (bottom / 1.5, top * 1.5), True
    room = max((top - bottom) * 0.12, abs(top) * 0.05, 1e-9)
    return sizes, (bottom - room, top + room), False


def _hover(row: Any) -> str:
    interval = formats.known(row.ci_low)
    between = f", between {formats.plain(row.ci_low)} and {formats.plain(row.ci_high)}" if interval else ""
    return "<br>".join(
        [
            f"<b>{formats.plotly(row.name)}</b>",
            f"{formats.parameters(row.size)} parameters",
            f"{formats.plain(row.score)}{between}, in the metric's own unit",
        ]
    )


def _tick(value: float) -> str:
    """A power of ten in words that stay short: 1, 300, 30K, 10²¹."""
    if value < 1e6:
        return formats.plain(value)
    return formats.flop(value).removesuffix(" FLOP")


def _names(
    named: pd.DataFrame,
    drawn: pd.DataFrame,
    sizes: tuple[float, float],
    limits: tuple[float, float],
    is_log: bool,
) -> list[dict[str, Any]]:
    x0, x1 = np.log10(sizes)
    y0, y1 = np.log10(limits) if is_log else limits

    def share(rows: pd.DataFrame) -> np.ndarray:
        y = rows["score"].to_numpy(dtype=float)
        height = ((np.log10(y) if is_log else y) - y0) / (y1 - y0)
        return np.column_stack([(np.log10(rows["size"].to_numpy(dtype=float)) - x0) / (x1 - x0), height])

    wanted = [
        labels.Label(x, y, formats.plotly(name, 32)) for (x, y), name in zip(share(named), named["name"], strict=True)
    ]
    placed = labels.place(wanted, share(drawn), [], height=HEIGHT - 66, strict=2, mark_radius=5)
    # On logarithmic axes Plotly places annotations by the logarithm.
    at = [(x0 + one.label.x * (x1 - x0), y0 + one.label.y * (y1 - y0)) for one in placed]
    return labels.written(placed, [(float(x), float(y)) for x, y in at])
