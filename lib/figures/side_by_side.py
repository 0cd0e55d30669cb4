"""A few models, benchmark by benchmark, with intervals: the order inside a group is the order of the models."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, theme
from lib.figures.legend import Legend, Mark

ROW, GAP = 18, 16
"""Pixels between two models of a group, and between two groups; a name is as high as a row."""
MARGINS = 76
MOST_BENCHMARKS = 12
LOOKS = (
    ("circle", "ink"), ("square", "level-2"), ("diamond", "level-3"), ("triangle-up", "level-1"),
    ("triangle-down", "level-4"), ("star", "muted"),
)  # fmt: skip
"""Symbol and role of each model in order. Blue and orange are left to small and large."""
NOT_MEASURED = "no score this way"


class _Row(NamedTuple):
    """Where things stand, in pixels from the top of the plot area."""

    centres: dict[tuple[str, str], float]
    ticks: dict[str, float]
    height: float


def side_by_side(rows: pd.DataFrame, *, score_label: str = "Score (%)") -> go.Figure:
    """Marks with intervals, a group of rows for each benchmark.

    Args:
        rows: One row per model and benchmark, both in the order shown, at most six models. Columns: ``model``,
            ``name``, ``benchmark`` (label), ``score``, ``ci_low``, ``ci_high`` (fractions; NaN score: a gap that says
            so; NaN interval: drawn hollow), ``chance`` (score of guessing, NaN unknown), ``against`` (words for the
            difference from the reference, '' for none). Benchmarks after the twelfth are not drawn.
        score_label: Title of the score axis, with the unit.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    models = list(dict.fromkeys(rows["model"]))
    benchmarks = list(dict.fromkeys(rows["benchmark"]))[:MOST_BENCHMARKS]
    drawn = rows[rows["benchmark"].isin(benchmarks)]
    places = _places(models, benchmarks)
    limits = _limits(drawn)
    figure = go.Figure()
    figure.add_traces(_chance(drawn, places, len(models)))
    for model, look in zip(models, LOOKS, strict=False):
        own = drawn[drawn["model"] == model]
        figure.add_traces(_traces(own, places, look))
    figure.update_layout(annotations=_names(drawn, models, places, limits), shapes=_between(places, benchmarks))
    y = theme.score_axis("Benchmark", (places.height, 0.0)) | {
        "tickformat": None,
        "tickvals": list(places.ticks.values()),
        "ticktext": [_wrapped(label) for label in places.ticks],
        "showgrid": False,
    }
    return theme.framed(figure, x=theme.score_axis(score_label, limits), y=y, height=int(places.height) + MARGINS)


def legend(rows: pd.DataFrame) -> Legend:
    """Each model's mark with its name, then what hollow and dashed mean where they occur."""
    names = dict(zip(rows["model"], rows["name"], strict=True))
    entries: Legend = [(Mark(symbol, role), str(name)) for (symbol, role), name in zip(LOOKS, names.values(), strict=False)]  # fmt: skip
    if (rows["score"].notna() & rows["ci_low"].isna()).any():
        entries.append((Mark("circle-open", "muted"), f"hollow: {interval_marks.NO_INTERVAL}"))
    if rows["chance"].gt(0).any():
        entries.append((Mark("dashed", "undisclosed"), "score of guessing"))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: three models on two benchmarks, one score without an interval, one missing."""
    columns = ["model", "name", "benchmark", "score", "ci_low", "ci_high", "chance", "against"]
    rows = [
        ("org/a-70b", "A 70B", "MMLU", 0.69, 0.682, 0.698, 0.25, ""),
        ("org/b-7b", "B 7B", "MMLU", 0.62, 0.612, 0.628, 0.25, "−7.0 points against A 70B, shown worse"),
        ("org/c-8b", "C 8B", "MMLU", 0.66, np.nan, np.nan, 0.25, "−3.0 points against A 70B, no interval, no verdict"),
        ("org/a-70b", "A 70B", "Grade school maths", 0.51, 0.48, 0.54, np.nan, ""),
        ("org/b-7b", "B 7B", "Grade school maths", 0.54, 0.51, 0.57, np.nan, "+3.0 points against A 70B, not shown"),
        ("org/c-8b", "C 8B", "Grade school maths", np.nan, np.nan, np.nan, np.nan, ""),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns), "score_label": "Score (%)"}


def _places(models: list[str], benchmarks: list[str]) -> _Row:
    centres, ticks, top = {}, {}, GAP / 2
    for benchmark in benchmarks:
        for i, model in enumerate(models):
            centres[model, benchmark] = top + (i + 0.5) * ROW
        ticks[benchmark] = top + len(models) * ROW / 2
        top += len(models) * ROW + GAP
    return _Row(centres, ticks, max(top - GAP / 2, 120.0))


def _limits(drawn: pd.DataFrame) -> tuple[float, float]:
    values = pd.concat([drawn["score"], drawn["ci_low"], drawn["ci_high"], drawn["chance"].where(drawn["score"].notna())]).dropna()  # fmt: skip
    if values.empty:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    space = max(0.02, 0.06 * (high - low))
    return low - space, high + space


def _at(own: pd.DataFrame, places: _Row) -> np.ndarray:
    return np.array([places.centres[key] for key in zip(own["model"], own["benchmark"], strict=True)], dtype=float)


def _traces(own: pd.DataFrame, places: _Row, look: tuple[str, str]) -> list[go.Scatter]:
    """One model: thin lines of its intervals under its marks, hollow where there is none."""
    scored = own[own["score"].notna()]
    if scored.empty:
        return []
    symbol, role = look
    colour, background = theme.colour(role), theme.colour("background")
    y = _at(scored, places)
    has_interval = scored["ci_low"].notna().to_numpy(bool)
    x = np.column_stack([scored["ci_low"], scored["ci_high"], np.full(len(scored), np.nan)]).astype(float)[has_interval]
    lines = go.Scatter(
        x=x.ravel(),
        y=np.repeat(y[has_interval], 3),
        mode="lines",
        line={"color": colour, "width": 1.6},
        opacity=0.55,
        hoverinfo="skip",
    )
    marks = go.Scatter(
        x=scored["score"].to_numpy(float),
        y=y,
        mode="markers",
        marker={
            "symbol": symbol,
            "size": 11 if symbol in ("triangle-up", "triangle-down", "star") else 9,
            "opacity": 1,
            "color": [colour if one else background for one in has_interval],
            "line": {"color": [background if one else colour for one in has_interval], "width": 1.5},
        },
        customdata=scored["model"].to_numpy(dtype=object),
        hovertext=[_hover(row) for row in scored.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [lines, marks] if has_interval.any() else [marks]


def _hover(row: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.name)} · {formats.plotly(row.benchmark, 60)}</b>",
        f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}",
    ]
    if not formats.known(row.ci_low):
        lines.append(interval_marks.NO_INTERVAL)
    if row.against:
        lines.append(formats.plotly(row.against, 160))
    return "<br>".join(lines)


def _chance(drawn: pd.DataFrame, places: _Row, n_models: int) -> list[go.Scatter]:
    known = drawn[drawn["chance"].gt(0)].drop_duplicates("benchmark")
    if known.empty:
        return []
    middle = np.array([places.ticks[one] for one in known["benchmark"]])
    half = n_models * ROW / 2 + 2
    x = np.repeat(known["chance"].to_numpy(float), 3)
    y = np.column_stack([middle - half, middle + half, np.full(len(known), np.nan)]).ravel()
    line = {"color": theme.colour("undisclosed"), "width": 1, "dash": "4px,4px"}
    return [go.Scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")]


def _between(places: _Row, benchmarks: list[str]) -> list[dict[str, Any]]:
    """Thin lines between the groups."""
    ends = [places.ticks[one] for one in benchmarks]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(ends)]
    line = {"color": theme.colour("line"), "width": 1}
    return [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line, "layer": "below"}
        for y in middles
    ]


def _names(drawn: pd.DataFrame, models: list[str], places: _Row, limits: tuple[float, float]) -> list[dict[str, Any]]:
    """Each model's name where it first has a score, on the freer side of its interval; and a word for each gap."""
    notes = []
    middle = sum(limits) / 2
    for model, (_, role) in zip(models, LOOKS, strict=False):
        own = drawn[drawn["model"] == model]
        scored = own[own["score"].notna()]
        # A model alone is named in the heading; on a phone its name would reach the labels of the axis.
        if len(scored) and len(models) > 1:
            row = scored.iloc[0]
            is_right = float(row["score"]) > middle
            end = row["ci_low" if is_right else "ci_high"]
            x = float(end if pd.notna(end) else row["score"])
            text = formats.plotly(row["name"], 24)
            notes.append(
                _note(x, _at(scored, places)[0], text, role, "right" if is_right else "left", -8 if is_right else 8)
            )
        gaps = own[own["score"].isna()]
        notes += [_note(limits[0], y, NOT_MEASURED, "undisclosed", "left", 4) for y in _at(gaps, places)]
    return notes


def _note(x: float, y: float, text: str, role: str, xanchor: str, shift: float) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "text": text,
        "showarrow": False,
        "xanchor": xanchor,
        "yanchor": "middle",
        "xshift": shift,
        "borderpad": 0,
        "font": {"size": 12, "color": theme.colour(role)},
    }


def _wrapped(label: str, width: int = 15) -> str:
    """A benchmark's label in at most three short lines, so that a phone keeps room for the marks."""
    lines = [""]
    for word in formats.one_line(label, 3 * width).split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width and len(lines) < 3:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(formats.plotly(line, width + 8) for line in lines)
