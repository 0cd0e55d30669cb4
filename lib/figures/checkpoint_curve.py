"""The score of one model against the training tokens it had seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, theme
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
        figure.add_traces(interval_marks.lines(drawn, "training_tokens", role="undisclosed-pale", width=1.6))
        line = {"color": theme.colour("undisclosed-pale"), "width": 1.5}
        figure.add_trace(go.Scatter(x=x, y=drawn["score"].to_numpy(float), mode="lines", line=line, hoverinfo="skip"))
        figure.add_traces(_marks(drawn))
    ticks = {v: formats.tokens(v) for v in theme.steps(*tokens, most=8)}
    figure = theme.framed(
        figure, x=theme.log_axis(TOKENS_AXIS, ticks, tokens), y=theme.score_axis(score_label, scores), height=HEIGHT
    )
    return interval_marks.with_chance(figure, chance)


def legend(points: pd.DataFrame, *, chance: float | None = None) -> Legend:
    """The marks that are in the figure, with their words."""
    drawn = points[(points["training_tokens"] > 0) & points["score"].notna()]
    entries: Legend = [(Mark("circle", "muted"), "a state of training, with its 95% interval")]
    entries += interval_marks.hollow_entry(drawn)
    if drawn["is_final"].astype(bool).any():
        entries.append((Mark("circle", "ink"), "the finished model, larger"))
    return entries + interval_marks.chance_entry(chance)


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
    tokens = interval_marks.log_limits(drawn["training_tokens"], room=1.5)
    if drawn.empty:
        return tokens, (0.0, 1.0)
    low, high = interval_marks.ends(drawn, chance)
    return tokens, (low - 0.03, high + 0.03)


def _marks(drawn: pd.DataFrame) -> list[Any]:
    """States on the way, and the finished model larger and dark; without an interval hollow."""
    traces: list[Any] = []
    for is_final, rows in drawn.groupby(drawn["is_final"].astype(bool), sort=True):
        role, size = ("ink", interval_marks.LARGE) if is_final else ("muted", 8)
        traces += interval_marks.marks(
            rows, "training_tokens", role=role, symbol="circle", size=size, hover=_hover, edge=1.4
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
        lines.append(interval_marks.NO_INTERVAL)
    return "<br>".join(lines)
