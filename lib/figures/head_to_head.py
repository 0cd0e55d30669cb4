"""Two models or runs, task by task: both scores at the left, their difference with its interval at the right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.legend import Legend, Mark

ROW, MARGINS = 44, 84
MOST_TASKS = 14
SIDES = (0.0, 0.57), (0.65, 1.0)
"""Where the two parts stand, as shares of the width."""
BY_SIZE = (("circle", "small"), ("square", "large"))
PLAIN = (("circle", "ink"), ("square", "level-2"))
"""Symbol and role of A and of B; blue and orange are left to small and large."""
Looks = tuple[tuple[str, str], tuple[str, str]]
NOT_SHOWN = "hollow: difference not shown"


def head_to_head(rows: pd.DataFrame, differences: pd.DataFrame, *, looks: Looks = BY_SIZE) -> go.Figure:
    """Dumbbells and differences, a row for each task.

    Args:
        rows: One row per task and side, in the order shown. Columns: ``task`` (label), ``is_a``, ``model`` (id), ``name``,
            ``score``, ``ci_low``, ``ci_high`` (fractions; NaN interval: none). Tasks after the fourteenth are not drawn.
        differences: One row per task that has a difference. Columns: ``task``, ``delta``, ``delta_low``, ``delta_high``
            (fractions, A minus B; NaN ends: no interval), ``winner`` (1: A better, -1: B better, 0: not shown, NaN: no
            test), ``words`` (verdict in words).
        looks: Symbol and role of A and of B.

    Returns:
        The figure. ``customdata`` of each mark of a score is the model's id.
    """
    tasks = list(dict.fromkeys(rows["task"]))[:MOST_TASKS]
    place = {task: float(i) for i, task in enumerate(tasks)}
    drawn = rows[rows["task"].isin(tasks) & rows["score"].notna()]
    apart = differences[differences["task"].isin(tasks) & differences["delta"].notna()]
    figure = go.Figure()
    figure.add_traces(_bars(drawn[drawn["task"].isin(apart["task"])], place))
    for is_a, look in zip((False, True), reversed(looks), strict=True):
        figure.add_traces(_scores(drawn[drawn["is_a"].astype(bool) == is_a], place, look))
    figure.add_traces(_differences(apart, place, looks))
    y = theme.score_axis("Task", (max(len(tasks), 1) - 0.4, -0.6)) | {
        "tickformat": None,
        "tickvals": list(place.values()),
        "ticktext": [_wrapped(task) for task in place],
        "showgrid": True,
    }
    x = theme.score_axis("Score (%)", _score_limits(drawn)) | {"domain": SIDES[0], "nticks": 5}
    theme.framed(figure, x=x, y=y, height=ROW * max(len(tasks), 2) + MARGINS)
    other = theme.score_axis("A − B (points)", _difference_limits(apart))
    other |= {"domain": SIDES[1], "tickformat": "", "nticks": 4, "tickangle": 0, "anchor": "y", "zeroline": True}
    other |= {"zerolinecolor": theme.colour("muted"), "zerolinewidth": 1.2}
    figure.update_layout(xaxis2=other, annotations=_numbers(drawn, place, looks))
    return figure


def legend(rows: pd.DataFrame, differences: pd.DataFrame, *, looks: Looks = BY_SIZE) -> Legend:
    """The two marks with the names, then hollow where a difference is not shown."""
    entries: Legend = []
    for is_a, letter, (symbol, role) in zip((True, False), "AB", looks, strict=True):
        names = rows["name"][rows["is_a"].astype(bool) == is_a]
        entries += [(Mark(symbol, role), f"{letter}: {names.iloc[0]}")] if len(names) else []
    if (differences["delta"].notna() & (differences["winner"].fillna(0) == 0)).any():
        entries.append((Mark("circle-open", "undisclosed"), NOT_SHOWN))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: one difference that is shown, one that is not, one without an interval."""
    columns = ["task", "is_a", "model", "name", "score", "ci_low", "ci_high"]
    rows = [
        ("IFEval", True, "org/a-7b", "A 7B", 0.76, 0.72, 0.80),
        ("IFEval", False, "org/b-70b", "B 70B", 0.50, 0.46, 0.54),
        ("GPQA", True, "org/a-7b", "A 7B", 0.29, 0.25, 0.33),
        ("GPQA", False, "org/b-70b", "B 70B", 0.26, 0.22, 0.30),
        ("Arena", True, "org/a-7b", "A 7B", 0.52, np.nan, np.nan),
        ("Arena", False, "org/b-70b", "B 70B", 0.60, np.nan, np.nan),
    ]
    of_task = ["task", "delta", "delta_low", "delta_high", "winner", "words"]
    differences = [
        ("IFEval", 0.26, 0.20, 0.32, 1.0, "A better"),
        ("GPQA", 0.03, -0.03, 0.09, 0.0, "too few data"),
        ("Arena", -0.08, np.nan, np.nan, np.nan, "no interval, no verdict"),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns), "differences": pd.DataFrame(differences, columns=of_task)}


def _bars(drawn: pd.DataFrame, place: dict[str, float]) -> list[go.Scatter]:
    """A thick pale line between the two scores of a task, where they may be compared."""
    x: list[float] = []
    y: list[float] = []
    for task, own in drawn.groupby("task", sort=False):
        if len(own) > 1:
            x += [float(own["score"].min()), float(own["score"].max()), np.nan]
            y += [place[str(task)]] * 3
    line = {"color": theme.colour("undisclosed-pale"), "width": 5}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")] if x else []


def _scores(own: pd.DataFrame, place: dict[str, float], look: tuple[str, str]) -> list[go.Scatter]:
    if own.empty:
        return []
    symbol, role = look
    return [
        go.Scatter(
            x=own["score"].to_numpy(float),
            y=[place[task] for task in own["task"]],
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 12,
                "opacity": 1,
                "color": theme.colour(role),
                "line": {"color": theme.colour("background"), "width": 1},
            },
            customdata=own["model"].to_numpy(dtype=object),
            hovertext=[_score_hover(row) for row in own.itertuples()],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ]


def _score_hover(row: Any) -> str:
    letter = "A" if row.is_a else "B"
    told = f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}"
    return f"<b>{letter}: {formats.plotly(row.name)} · {formats.plotly(row.task, 60)}</b><br>{told}"


def _differences(apart: pd.DataFrame, place: dict[str, float], looks: Looks) -> list[go.Scatter]:
    """Thin lines of the intervals, then marks: in the colour of who is better, hollow where nobody is shown to be."""
    if apart.empty:
        return []
    at = np.array([place[task] for task in apart["task"]])
    delta, low, high = (100 * apart[c].to_numpy(float) for c in ("delta", "delta_low", "delta_high"))
    has_interval = np.isfinite(low) & np.isfinite(high)
    ends = np.column_stack([low, high, np.full(len(low), np.nan)])[has_interval].ravel()
    lines = go.Scatter(
        x=ends,
        y=np.repeat(at[has_interval], 3),
        mode="lines",
        line={"color": theme.colour("muted"), "width": 1.6},
        hoverinfo="skip",
        xaxis="x2",
    )
    winner = apart["winner"].fillna(0).to_numpy(float)
    background = theme.colour("background")
    look = [looks[0] if one > 0 else looks[1] if one < 0 else ("circle", "undisclosed") for one in winner]
    marks = go.Scatter(
        x=delta,
        y=at,
        mode="markers",
        marker={
            "symbol": [symbol for symbol, _ in look],
            "size": 11,
            "opacity": 1,
            "color": [theme.colour(role) if one else background for (_, role), one in zip(look, winner, strict=True)],
            "line": {
                "color": [
                    background if one else theme.colour(role) for (_, role), one in zip(look, winner, strict=True)
                ],
                "width": 1.6,
            },
        },
        hovertext=[_difference_hover(row) for row in apart.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
        xaxis="x2",
    )
    return [lines, marks] if has_interval.any() else [marks]


def _difference_hover(row: Any) -> str:
    lines = [f"<b>{formats.plotly(row.task, 60)}</b>", f"A minus B: {formats.points(row.delta)}"]
    if formats.known(row.delta_low) and formats.known(row.delta_high):
        ends = (formats.points(one).removesuffix(" points") for one in (row.delta_low, row.delta_high))
        lines.append(f"95% interval {' to '.join(ends)} points")
    lines.append(formats.plotly(row.words, 120))
    return "<br>".join(lines)


def _score_limits(drawn: pd.DataFrame) -> tuple[float, float]:
    if drawn.empty:
        return 0.0, 1.0
    low, high = float(drawn["score"].min()), float(drawn["score"].max())
    # Room for the numbers, which stand outside of the marks.
    space = max(0.08, 0.55 * (high - low))
    return low - space, high + space


def _difference_limits(apart: pd.DataFrame) -> tuple[float, float]:
    values = [100 * v for name in ("delta", "delta_low", "delta_high") for v in apart[name].dropna()]
    low, high = min([-2.0, *values]), max([2.0, *values])
    space = 0.08 * (high - low)
    return low - space, high + space


def _numbers(drawn: pd.DataFrame, place: dict[str, float], looks: Looks) -> list[dict[str, Any]]:
    """The score beside each mark, on its outer side."""
    notes = []
    for task, own in drawn.groupby("task", sort=False):
        scores = own["score"].to_numpy(float)
        is_a = own["is_a"].to_numpy(bool)
        for score, a in zip(scores, is_a, strict=True):
            is_right = score > scores.min() or (len(scores) > 1 and scores.min() == scores.max() and a)
            notes.append(
                {
                    "x": score,
                    "y": place[str(task)],
                    "text": formats.score(score, 0),
                    "showarrow": False,
                    "xanchor": "left" if is_right else "right",
                    "yanchor": "middle",
                    "xshift": 9 if is_right else -9,
                    "borderpad": 0,
                    "font": {"size": 12, "color": theme.colour(looks[0 if a else 1][1])},
                }
            )
    return notes


def _wrapped(label: str, width: int = 13) -> str:
    """A label in at most two short lines, so that a phone keeps room for the marks."""
    lines = [""]
    for word in formats.one_line(label, 2 * width).split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width and len(lines) < 2:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(formats.plotly(line, width + 8) for line in lines)
