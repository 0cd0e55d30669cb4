"""The score of one model against the training tokens it had seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.legend import Legend, Mark

HEIGHT = 400
TOKENS_AXIS = "Training tokens seen"


def checkpoint_curve(points: pd.DataFrame, *, score_label: str, chance: float | None = None) -> go.Figure:
    """Each point a state of training: tokens on a logarithmic axis against score, with its 95% interval.

    Args:
        points: One row per state, in the order of training. Columns: ``model`` (id), ``name``, ``training_tokens``
            (0 is before training and has no place on the axis: not drawn),
            ``is_final`` (the finished model: a larger mark), ``score``, ``ci_low``, ``ci_high`` (fractions; NaN
            interval: drawn hollow). Rows without a score are not drawn.
        score_label: Title of the score axis, with its unit.
        chance: Score of guessing, drawn as a dashed line; None: not known.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = points[(points["training_tokens"] > 0) & points["score"].notna()].sort_values(
        "training_tokens", kind="stable"
    )
    tokens, scores = _limits(drawn, chance)
    figure = go.Figure()
    if len(drawn):
        x = drawn["training_tokens"].to_numpy(float)
        figure.add_trace(_intervals(drawn))
        line = {"color": theme.colour("undisclosed-pale"), "width": 1.5}
        figure.add_trace(go.Scatter(x=x, y=drawn["score"].to_numpy(float), mode="lines", line=line, hoverinfo="skip"))
        figure.add_traces(_marks(drawn))
    ticks = {v: formats.tokens(v) for v in theme.steps(*tokens, most=8)}
    figure = theme.framed(
        figure, x=theme.log_axis(TOKENS_AXIS, ticks, tokens), y=theme.score_axis(score_label, scores), height=HEIGHT
    )
    if chance is not None:
        figure.add_hline(y=chance, line={"color": theme.colour("undisclosed"), "width": 1, "dash": "4px,4px"})
    return figure


def legend(points: pd.DataFrame, *, chance: float | None = None) -> Legend:
    """The marks that are in the figure, with their words."""
    drawn = points[(points["training_tokens"] > 0) & points["score"].notna()]
    entries: Legend = [(Mark("circle", "muted"), "a state of training, with its 95% interval")]
    if drawn["ci_low"].isna().any():
        entries.append((Mark("circle-open", "muted"), "no interval can be had"))
    if drawn["is_final"].astype(bool).any():
        entries.append((Mark("circle", "ink"), "the finished model, larger"))
    if chance is not None:
        entries.append((Mark("dashed", "undisclosed"), f"guessing scores {formats.score(chance, 0)}"))
    return entries


def example() -> dict[str, Any]:
    """A tiny curve: three states, one of them without an interval, and the finished model."""
    columns = ["model", "name", "training_tokens", "is_final", "score", "ci_low", "ci_high"]
    rows = [
        ("org/a-1b", "A 1B", 2.1e9, False, 0.27, 0.24, 0.30),
        ("org/a-1b", "A 1B", 2.7e10, False, 0.41, 0.38, 0.44),
        ("org/a-1b", "A 1B", 1.3e11, False, 0.52, np.nan, np.nan),
        ("org/a-1b", "A 1B", 3.0e11, True, 0.56, 0.53, 0.59),
    ]
    return {
        "points": pd.DataFrame(rows, columns=columns),
        "score_label": "LAMBADA, 5,153 questions (%)",
        "chance": 0.25,
    }


def _limits(drawn: pd.DataFrame, chance: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
    if not len(drawn):
        return (1e8, 1e12), (0.0, 1.0)
    low, high = float(drawn["training_tokens"].min()), float(drawn["training_tokens"].max())
    tokens = (low / 1.5, high * 1.5) if high / low > 10 else (low / 4, high * 4)
    ends = [
        *drawn["score"],
        *drawn["ci_low"].dropna(),
        *drawn["ci_high"].dropna(),
        *([] if chance is None else [chance]),
    ]
    return tokens, (min(ends) - 0.03, max(ends) + 0.03)


def _intervals(drawn: pd.DataFrame) -> go.Scatter:
    rows = drawn[drawn["ci_low"].notna()]
    x = np.repeat(rows["training_tokens"].to_numpy(float), 3)
    y = np.column_stack([rows["ci_low"], rows["ci_high"], np.full(len(rows), np.nan)]).ravel()
    line = {"color": theme.colour("undisclosed-pale"), "width": 1.6}
    return go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _marks(drawn: pd.DataFrame) -> list[go.Scatter]:
    """States on the way, and the finished model larger and dark; without an interval hollow."""
    traces = []
    kinds = drawn.groupby([drawn["is_final"].astype(bool), drawn["ci_low"].notna()], sort=True)
    for (is_final, has_interval), rows in kinds:
        edge = theme.colour("ink" if is_final else "muted")
        traces.append(
            go.Scatter(
                x=rows["training_tokens"].to_numpy(float),
                y=rows["score"].to_numpy(float),
                mode="markers",
                marker={
                    "symbol": "circle",
                    "opacity": 1,
                    "size": 12 if is_final else 8,
                    "color": edge if has_interval else theme.colour("background"),
                    "line": {"color": theme.colour("background") if has_interval else edge, "width": 1.4},
                },
                customdata=rows["model"].to_numpy(object),
                hovertext=[_hover(row) for row in rows.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


def _hover(row: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"after {formats.tokens(row.training_tokens)} training tokens",
        f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}",
    ]
    if row.is_final:
        lines.append("the finished model")
    if not formats.known(row.ci_low):
        lines.append("no interval can be had")
    return "<br>".join(lines)
