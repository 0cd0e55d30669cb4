"""Records over time: the smallest model known to reach each score."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 440
PLOT_HEIGHT = HEIGHT - 66
PUBLISHED_NOTE = "as published, evaluators differ"


def records(steps: pd.DataFrame, *, size_label: str, end_on: object) -> go.Figure:
    """Staircases of record sizes, one a target score, falling over time on a logarithmic axis.

    Args:
        steps: One row per record. Columns: ``target`` (fraction), ``view`` (``protocol`` or ``published``),
            ``released_on`` (date), ``model``, ``name``, ``size`` (parameters, positive), ``score`` (fraction, NaN if
            only the target is known), ``is_filled`` (the lower bound is above the target too; ignored in the
            published view, where no mark is filled), ``evaluator`` (text). Rows without date or size are not drawn.
        size_label: Title of the size axis, as in the column table.
        end_on: Last evaluation date; lines end there, because later nobody looked.

    Returns:
        The figure. ``customdata`` of each mark is the model's id. An empty frame gives empty axes.
    """
    drawn = _drawable(steps)
    end = max([_day(end_on), *drawn["released_on"]]) if len(drawn) else _day(end_on)
    start = (drawn["released_on"].min() if len(drawn) else end - pd.Timedelta(days=730)) - pd.Timedelta(days=75)
    low = drawn["size"].min() / 2.2 if len(drawn) else 1e9
    high = drawn["size"].max() * 1.6 if len(drawn) else 1e11
    high = max(high, low * 10)
    figure = go.Figure()
    roles = _roles(drawn)
    for (view, target), line in _lines(drawn):
        figure.add_traces(_line(line, end, roles[view, target], is_published=view == "published"))
    plane = _Plane(start, end, low, high)
    figure.update_layout(annotations=_names(drawn, plane) + _ends(drawn, plane, roles))
    ticks = {v: formats.parameters(v) for v in theme.steps(low, high, most=9)}
    figure = theme.framed(
        figure,
        x=theme.date_axis(start.date().isoformat(), end.date().isoformat()) | {"showgrid": False, "showline": True},
        y=theme.log_axis(size_label, ticks, (low, high)),
        height=HEIGHT,
    )
    return figure.update_layout(margin_r=44)


def legend(steps: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    entries: Legend = []
    own = steps[steps["view"] == "protocol"]
    if own["is_filled"].any():
        entries.append((Mark("circle", "muted"), "above the score even at the low end of its interval"))
    if (~own["is_filled"].astype(bool)).any():
        entries.append(
            (Mark("circle-open", "muted"), "at or above it, but its interval reaches below, or there is none")
        )
    if (steps["view"] == "published").any():
        entries.append((Mark("dotted", "muted"), PUBLISHED_NOTE))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: two targets, two records each, one published line."""
    rows = [
        (0.5, "protocol", "2023-02-24", "org/llama-33b", "LLaMA 33B", 32.5e9, 0.578, True, "lm-eval 0.4"),
        (0.5, "protocol", "2024-06-07", "org/qwen2-1.5b", "Qwen2 1.5B", 1.54e9, 0.56, True, "lm-eval 0.4"),
        (0.7, "protocol", "2023-11-02", "org/yi-34b", "Yi 34B", 34.4e9, 0.76, True, "lm-eval 0.4"),
        (0.7, "protocol", "2024-06-07", "org/qwen2-7b", "Qwen2 7B", 7.6e9, 0.703, False, "lm-eval 0.4"),
        (0.6, "published", "2021-12-08", "org/gopher", "Gopher", 280e9, 0.60, False, "document"),
        (0.6, "published", "2022-03-29", "org/chinchilla", "Chinchilla", 70e9, 0.676, False, "document"),
    ]
    columns = ["target", "view", "released_on", "model", "name", "size", "score", "is_filled", "evaluator"]
    steps = pd.DataFrame(rows, columns=columns)
    steps["released_on"] = pd.to_datetime(steps["released_on"])
    return {"steps": steps, "size_label": COLUMNS["params_total"].axis, "end_on": dt.date(2025, 3, 1)}


class _Plane:
    """From dates and sizes to shares of the axes."""

    def __init__(self, start: pd.Timestamp, end: pd.Timestamp, low: float, high: float) -> None:
        self.start, self.end = start, end
        self.low, self.high = np.log10(low), np.log10(high)

    def x(self, day: pd.Timestamp) -> float:
        return float((day - self.start) / (self.end - self.start))

    def y(self, size: float) -> float:
        return float((np.log10(size) - self.low) / (self.high - self.low))

    def at(self, x: float, y: float) -> tuple[str, float]:
        """The coordinates of an annotation: a day, and the logarithm of a size."""
        day = self.start + x * (self.end - self.start)
        return day.date().isoformat(), self.low + y * (self.high - self.low)


def _drawable(steps: pd.DataFrame) -> pd.DataFrame:
    """Rows with date and size; published lines first (underneath), then targets from low to high, then by date."""
    kept = steps[steps["released_on"].notna() & (steps["size"] > 0)]
    return kept.sort_values(["view", "target", "released_on"], ascending=[False, True, True], kind="stable")


def _lines(drawn: pd.DataFrame) -> list[tuple[tuple[str, float], pd.DataFrame]]:
    """The rows of each line, in the order of drawing."""
    keys = drawn[["view", "target"]].drop_duplicates().itertuples(index=False)
    return [
        ((str(view), float(target)), drawn[(drawn["view"] == view) & (drawn["target"] == target)])
        for view, target in keys
    ]


def _day(value: object) -> pd.Timestamp:
    return pd.Timestamp(str(value)[:10])


def _roles(drawn: pd.DataFrame) -> dict[tuple[str, float], str]:
    targets = sorted(drawn["target"].unique())
    levels = theme.levels(len(targets))
    return {
        (view, target): levels[i] if view == "protocol" else "pale"
        for i, target in enumerate(targets)
        for view in ("protocol", "published")
    }


def _line(line: pd.DataFrame, end: pd.Timestamp, role: str, *, is_published: bool) -> list[go.Scatter]:
    colour, background = theme.colour(role), theme.colour("background")
    days = [*line["released_on"], end]
    stairs = go.Scatter(
        x=np.array(days, dtype="datetime64[D]"),
        y=np.append(line["size"].to_numpy(dtype=float), line["size"].iloc[-1]),
        mode="lines",
        line={"shape": "hv", "color": colour, "width": 1.8 if is_published else 2.6, "dash": "2px,3px" if is_published else "solid"},
        hoverinfo="skip",
    )  # fmt: skip
    filled = line["is_filled"].to_numpy(dtype=bool) & (not is_published)
    marks = go.Scatter(
        x=line["released_on"].to_numpy(dtype="datetime64[D]"),
        y=line["size"].to_numpy(dtype=float),
        mode="markers",
        marker={
            "opacity": 1,
            "size": 7 if is_published else 10,
            "color": [colour if f or is_published else background for f in filled],
            "line": {"color": [background if f or is_published else colour for f in filled], "width": 1.6},
        },
        customdata=line["model"].to_numpy(dtype=object),
        hovertext=[_hover(row, is_published) for row in line.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [stairs, marks]


def _hover(row: Any, is_published: bool) -> str:
    target = formats.score(row.target, 0)
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.parameters(row.size)} parameters, released {formats.date(row.released_on)}",
    ]
    if formats.known(row.score):
        lines.append(f"scores {formats.score(row.score)}; the line is {target}")
    lines.append(f"measured by {formats.plotly(row.evaluator)}")
    if is_published:
        lines.append(PUBLISHED_NOTE)
    elif not row.is_filled:
        lines.append(f"not shown to be above {target}: its interval reaches below, or there is none")
    return "<br>".join(lines)


def _named(name: str, size: float) -> str:
    """The name, with the size where the name does not say one."""
    short = formats.one_line(name, 28)
    return short if re.search(r"\d\s?[BMTbmt]\b", short) else f"{short} {formats.parameters(size)}"


def _names(drawn: pd.DataFrame, plane: _Plane) -> list[dict[str, Any]]:
    """First and last model of each line, and the words of the published ones, where there is room."""
    wanted: dict[tuple[str, float], labels.Label] = {}
    paths = [_path(line, plane) for _, line in _lines(drawn)]
    for (view, _), line in _lines(drawn):
        is_published = view == "published"
        for row, priority in ((line.iloc[-1], 1), (line.iloc[0], 0)):
            if is_published and priority == 1:
                continue
            x, y = plane.x(row["released_on"]), plane.y(row["size"])
            text = formats.plotly(_named(row["name"], row["size"]))
            wanted[text, x] = labels.Label(x, y, text, priority + 2 * is_published, "muted")
    marks = np.array([(plane.x(d), plane.y(s)) for d, s in zip(drawn["released_on"], drawn["size"], strict=True)])
    placed = labels.place(list(wanted.values()), marks, paths, height=PLOT_HEIGHT)
    return labels.written(placed, [plane.at(one.label.x, one.label.y) for one in placed])


def _path(line: pd.DataFrame, plane: _Plane) -> np.ndarray:
    """The corners of a staircase, in shares of the axes."""
    corners: list[tuple[float, float]] = []
    for day, size in zip(line["released_on"], line["size"], strict=True):
        if corners:
            corners.append((plane.x(day), corners[-1][1]))
        corners.append((plane.x(day), plane.y(size)))
    corners.append((1.0, corners[-1][1]))
    return np.array(corners)


def _ends(drawn: pd.DataFrame, plane: _Plane, roles: dict[tuple[str, float], str]) -> list[dict[str, Any]]:
    """The target at the end of its line, in the margin; texts closer than a line's height are pushed apart."""
    ends = sorted((line["size"].iloc[-1], target) for (view, target), line in _lines(drawn) if view == "protocol")
    notes, last = [], -np.inf
    for size, target in ends:
        height = plane.y(size) * PLOT_HEIGHT
        shift = max(0.0, last + 16 - height)
        last = height + shift
        x, y = plane.at(1.0, plane.y(size))
        notes.append(
            {
                "x": x,
                "y": y,
                "text": f"<b>{formats.score(target, 0)}</b>",
                "showarrow": False,
                "xanchor": "left",
                "xshift": 5,
                "yshift": shift,
                "font": {"size": 14, "color": theme.colour(roles["protocol", target])},
            }
        )
    for (view, target), line in _lines(drawn):
        if view == "published":
            x, y = plane.at(1.0, plane.y(line["size"].iloc[-1]))
            words = f"{formats.score(target, 0)} {PUBLISHED_NOTE.replace(', ', ',<br>')}"
            place = {"xanchor": "right", "xshift": -2, "yanchor": "top", "yshift": -4, "align": "right"}
            font = {"size": labels.LABEL_SIZE, "color": theme.colour("undisclosed")}
            notes.append({"x": x, "y": y, "text": words, "showarrow": False, "borderpad": 0, "font": font} | place)
    return notes
