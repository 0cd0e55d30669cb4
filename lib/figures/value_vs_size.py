"""A value that is no share of questions (perplexity, bits per byte, a judge's points) against model size, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.legend import Legend, Mark
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
    for is_small, part in drawn.groupby("is_small", sort=True):
        figure.add_traces(_of_side(part, "small" if is_small else "large", "circle" if is_small else "square"))
    figure.update_layout(annotations=_names(drawn[:NAMED], drawn, sizes, limits, is_log))
    ticks = {v: formats.parameters(v) for v in theme.steps(*sizes, most=6)}
    if is_log:
        y = theme.log_axis(value_label, {v: _tick(v) for v in theme.steps(*limits, most=7)}, limits)
    else:
        y = theme.score_axis(value_label, limits) | {"tickformat": "~g"}
    return theme.framed(figure, x=theme.log_axis(size_label, ticks, sizes), y=y, height=HEIGHT)


def legend(rows: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    is_small = rows["is_small"].astype(bool)
    entries: Legend = []
    if is_small.any():
        entries.append((Mark("circle", "small"), "small"))
    if (~is_small).any():
        entries.append((Mark("square", "large"), "large"))
    if rows["ci_low"].isna().any():
        entries.append((Mark("circle-open", "muted"), "no interval can be had"))
    return entries


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
    if not len(drawn):
        return (1e8, 1e12), (0.0, 1.0), False
    low, high = float(drawn["size"].min()), float(drawn["size"].max())
    sizes = (low / 1.5, high * 1.8) if high / low > 10 else (low / 4, high * 4)
    ends = [drawn["score"], drawn["ci_low"].dropna(), drawn["ci_high"].dropna()]
    values = pd.concat(ends).to_numpy(dtype=float)
    bottom, top = float(values.min()), float(values.max())
    if bottom > 0 and top / bottom > WIDE:
        return sizes, (bottom / 1.5, top * 1.5), True
    room = max((top - bottom) * 0.12, abs(top) * 0.05, 1e-9)
    return sizes, (bottom - room, top + room), False


def _of_side(rows: pd.DataFrame, role: str, symbol: str) -> list[go.Scatter]:
    """Thin pale intervals, then the marks, hollow where there is none."""
    with_interval = rows[rows["ci_low"].notna()]
    traces = []
    if len(with_interval):
        ends = np.column_stack([with_interval["ci_low"], with_interval["ci_high"], np.full(len(with_interval), np.nan)])
        traces.append(
            go.Scatter(
                x=np.repeat(with_interval["size"].to_numpy(dtype=float), 3),
                y=ends.ravel(),
                mode="lines",
                line={"color": theme.colour(f"{role}-pale"), "width": 1.4},
                hoverinfo="skip",
            )
        )
    own, background = theme.colour(role), theme.colour("background")
    for is_hollow, part in rows.groupby(rows["ci_low"].isna().to_numpy(), sort=True):
        fill, edge = (background, own) if is_hollow else (own, background)
        traces.append(
            go.Scatter(
                x=part["size"].to_numpy(dtype=float),
                y=part["score"].to_numpy(dtype=float),
                mode="markers",
                marker={
                    "symbol": symbol,
                    "size": 9,
                    "opacity": 1,
                    "color": fill,
                    "line": {"color": edge, "width": 1.2},
                },
                customdata=part["model"].to_numpy(dtype=object),
                hovertext=[_hover(row) for row in part.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


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
