"""Scores of one run, a row a task, with intervals and the score of guessing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, theme
from lib.figures.legend import Legend, Mark

ROW_PX = 23
FRAME_PX = 84
LONGEST_NAME = 34
MOST_ROWS = 60
"""More rows are no picture; who calls shows the first of them and counts the rest."""
_HALF_TICK = 0.34


def task_intervals(rows: pd.DataFrame, *, score_label: str, role: str = "small") -> go.Figure:
    """Each row a task, its score with the 95% interval; the first row is at the top.

    Args:
        rows: One row per task, at most ``MOST_ROWS``. Columns: ``task`` (words to the left), ``score``, ``ci_low``, ``ci_high``
            (fractions; NaN interval: drawn hollow), ``is_group`` (the score of a whole), ``chance`` (score of guessing; NaN:
            not known), ``n_samples`` (NaN: not known), ``metric`` (words). Rows without a score are not drawn.
        score_label: Title of the score axis.
        role: small, large or undisclosed: the model's size.

    Returns:
        The figure; its height grows with the rows.
    """
    drawn = rows[rows["score"].notna()].reset_index(drop=True)
    drawn = drawn.assign(place=-np.arange(len(drawn), dtype=float))
    figure = go.Figure()
    figure.add_traces(_chances(drawn))
    figure.add_traces(_intervals(drawn, role))
    figure.add_traces(_marks(drawn, role))
    x, y = theme.score_axis(score_label, _limits(drawn)), _task_axis(drawn)
    return theme.framed(figure, x=x, y=y, height=FRAME_PX + ROW_PX * max(len(drawn), 3))


def legend(rows: pd.DataFrame, *, role: str = "small") -> Legend:
    """The marks that are in the figure, with their words."""
    drawn = rows[rows["score"].notna()]
    is_group = drawn["is_group"].astype(bool)
    entries: Legend = []
    if (~is_group & drawn["ci_low"].notna()).any():
        entries.append((Mark("circle", role), "score of a task with its 95% interval"))
    if is_group.any():
        entries.append((Mark("diamond", role), "score of a group of tasks"))
    entries += interval_marks.hollow_entry(drawn)
    if drawn["chance"].notna().any():
        entries.append((Mark("dashed", "undisclosed"), "score of guessing"))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: a group, two tasks, one without an interval."""
    columns = ["task", "score", "ci_low", "ci_high", "is_group", "chance", "n_samples", "metric"]
    rows = [
        ("arc_easy", 0.70, 0.68, 0.72, False, 0.25, 2376.0, "acc"),
        ("mmlu", 0.27, 0.26, 0.28, True, 0.25, 14042.0, "acc"),
        ("squad2", 0.41, np.nan, np.nan, False, np.nan, np.nan, "f1"),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns), "score_label": "Score (%)"}


def _task_axis(drawn: pd.DataFrame) -> dict[str, Any]:
    """Names to the left of their rows; the title is needed by those who do not see that."""
    names = [formats.plotly(name, LONGEST_NAME) for name in drawn["task"]]
    return theme.score_axis("Task", (-max(len(drawn), 1) + 0.4, 0.6)) | {
        "tickformat": "",
        "nticks": 0,
        "tickvals": drawn["place"].tolist(),
        "ticktext": names,
        "showgrid": False,
    }


def _limits(drawn: pd.DataFrame) -> tuple[float, float]:
    values = [v for name in ("score", "ci_low", "ci_high", "chance") for v in drawn[name].dropna()]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    return (max(low - 0.04, -0.02) if low >= 0 else low - 0.04), high + 0.03


def _chances(drawn: pd.DataFrame) -> list[go.Scatter]:
    """A short upright dash in each row whose chance is known."""
    known = drawn[drawn["chance"].notna()]
    if known.empty:
        return []
    gap = np.full(len(known), np.nan)
    place = known["place"].to_numpy(float)
    x = np.column_stack([known["chance"], known["chance"], gap]).ravel()
    y = np.column_stack([place - _HALF_TICK, place + _HALF_TICK, gap]).ravel()
    line = {"color": theme.colour("undisclosed"), "width": 1.6, "dash": "2px,2px"}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")]


def _intervals(drawn: pd.DataFrame, role: str) -> list[go.Scatter]:
    known = drawn[drawn["ci_low"].notna()]
    if known.empty:
        return []
    place = known["place"].to_numpy(float)
    x = np.column_stack([known["ci_low"], known["ci_high"], np.full(len(known), np.nan)]).ravel()
    y = np.repeat(place, 3)
    line = {"color": theme.colour(f"{role}-pale"), "width": 4}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")]


def _marks(drawn: pd.DataFrame, role: str) -> list[go.Scatter]:
    if drawn.empty:
        return []
    is_group = drawn["is_group"].to_numpy(bool)
    has_interval = drawn["ci_low"].notna().to_numpy(bool)
    full, empty = theme.colour(role), theme.colour("background")
    return [
        go.Scatter(
            x=drawn["score"].to_numpy(float),
            y=drawn["place"].to_numpy(float),
            mode="markers",
            marker={
                "symbol": ["diamond" if group else "circle" for group in is_group],
                "size": [10 if group else 8 for group in is_group],
                "color": [full if has else empty for has in has_interval],
                "line": {"color": [empty if has else full for has in has_interval], "width": 1.2},
                "opacity": 1,
            },
            hovertext=[_hover(row) for row in drawn.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ]


def _hover(row: Any) -> str:
    scored = f"{formats.plotly(row.metric, 60)}: {formats.interval(row.score, row.ci_low, row.ci_high)}"
    of = f" of {formats.counted(row.n_samples, 'question')}" if formats.known(row.n_samples) else ""
    lines = [f"<b>{formats.plotly(row.task)}</b>", scored + of]
    if formats.known(row.chance):
        lines.append(f"guessing scores {formats.score(row.chance, 0)}")
    if not formats.known(row.ci_low):
        lines.append(interval_marks.NO_INTERVAL)
    return "<br>".join(lines)
