"""Marks with 95% intervals: what figures of scores over size or training have in common.

Rows have ``score``, ``ci_low`` and ``ci_high`` (NaN ends: no interval, drawn hollow), ``model`` (id), and, where a side
is meant, ``is_small``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.legend import Legend, Mark

NO_INTERVAL = "no interval can be had"
LARGE = 12
"""Diameter of a mark that stands out, px."""
SIDES = {True: ("small", "circle"), False: ("large", "square")}
"""Role and symbol of a model that is small by the reader's threshold, and of one that is not."""


def lines(rows: pd.DataFrame, x: str, *, role: str, width: float = 1.4, kind: type = go.Scatter) -> list[Any]:
    """Thin lines from end to end under the marks, in one trace; none where no row has an interval.

    Args:
        rows: Those of one role.
        x: Column of the horizontal axis.
        role: Of the colour; the pale one is usual.
        kind: ``go.Scatter``, or ``go.Scattergl`` for a crowd.
    """
    known = rows[rows["ci_low"].notna()]
    if known.empty:
        return []
    ends = np.column_stack([known["ci_low"], known["ci_high"], np.full(len(known), np.nan)])
    return [
        kind(
            x=np.repeat(known[x].to_numpy(dtype=float), 3),
            y=ends.ravel(),
            mode="lines",
            line={"color": theme.colour(role), "width": width},
            hoverinfo="skip",
        )
    ]


def marks(
    rows: pd.DataFrame,
    x: str,
    *,
    role: str,
    symbol: str,
    size: float,
    hover: Callable[[Any], str],
    large: str = "",
    edge: float = 1.2,
    kind: type = go.Scatter,
) -> Iterator[Any]:
    """The marks of one role: a trace of hollow ones, without an interval, and one of filled ones.

    Args:
        rows: Those of one role.
        x: Column of the horizontal axis.
        size: Diameter of a usual mark, px.
        hover: Text of a row as ``itertuples`` gives it; what comes from outside is escaped in it.
        large: Column of those whose mark is ``LARGE`` instead; '' for none.
        edge: Width of the edge of a filled mark, px; that of a hollow one is 1.2 at least.
    """
    own, background = theme.colour(role), theme.colour("background")
    for has_interval, part in rows.groupby(rows["ci_low"].notna(), sort=True):
        fill, line = (own, background) if has_interval else (background, own)
        yield kind(
            x=part[x].to_numpy(dtype=float),
            y=part["score"].to_numpy(dtype=float),
            mode="markers",
            marker={
                "symbol": symbol,
                "opacity": 1,
                "size": np.where(part[large].to_numpy(dtype=bool), LARGE, size) if large else size,
                "color": fill,
                "line": {"color": line, "width": edge if has_interval else max(edge, 1.2)},
            },
            customdata=part["model"].to_numpy(dtype=object),
            hovertext=[hover(row) for row in part.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
        )


def ends(rows: pd.DataFrame, chance: float | None = None) -> tuple[float, float]:
    """Lowest and highest of what is drawn: scores, ends of intervals, the score of guessing. At least one row."""
    values = [*rows["score"], *rows["ci_low"].dropna(), *rows["ci_high"].dropna()]
    values += [] if chance is None else [chance]
    return float(min(values)), float(max(values))


def log_limits(values: pd.Series, *, room: float = 1.8) -> tuple[float, float]:
    """Ends of a logarithmic axis around positive values; a narrow range gets more on both sides, so that it has ticks.

    Args:
        values: At least one, or the axis is that of parameters and tokens at large.
        room: Factor to the right of the largest, for names.
    """
    if values.empty:
        return 1e8, 1e12
    low, high = float(values.min()), float(values.max())
    return (low / 1.5, high * room) if high / low > 10 else (low / 4, high * 4)


def with_chance(figure: go.Figure, chance: float | None) -> go.Figure:
    """The figure with a dashed line at the score of guessing, where that is known."""
    if chance is not None:
        figure.add_hline(y=chance, line={"color": theme.colour("undisclosed"), "width": 1, "dash": "4px,4px"})
    return figure


def side_entries(rows: pd.DataFrame) -> Legend:
    """Small and large, as far as they are there."""
    sides = rows["is_small"].astype(bool)
    return [(Mark(symbol, role), role) for side, (role, symbol) in SIDES.items() if (sides == side).any()]


def hollow_entry(rows: pd.DataFrame) -> Legend:
    """What a hollow mark means, where there is one."""
    return [(Mark("circle-open", "muted"), NO_INTERVAL)] if rows["ci_low"].isna().any() else []


def chance_entry(chance: float | None) -> Legend:
    """What the dashed line is, where it is drawn."""
    return [] if chance is None else [(Mark("dashed", "undisclosed"), f"guessing scores {formats.score(chance, 0)}")]
