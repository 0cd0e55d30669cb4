"""Score against model size, with intervals and the frontier of models that no smaller one matches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 480


def score_vs_size(rows: pd.DataFrame, *, size_label: str, score_label: str, chance: float | None = None) -> go.Figure:
    """Each point a model: size on a logarithmic axis against score, with its 95% interval.

    Args:
        rows: One row per model. Columns: ``model``, ``name``, ``size`` (parameters), ``score``, ``ci_low``,
            ``ci_high`` (fractions; NaN interval: drawn hollow), ``is_small`` (by the reader's threshold),
            ``on_frontier`` (no smaller model scores as much). Rows without size or score are not drawn.
        size_label: Title of the size axis.
        score_label: Title of the score axis: benchmark, number of questions, unit.
        chance: Score of guessing, drawn as a dashed line; None: not known.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = rows[(rows["size"] > 0) & rows["score"].notna()]
    sizes, scores = _limits(drawn, chance)
    figure = go.Figure()
    figure.add_traces(_intervals(drawn))
    frontier = drawn[drawn["on_frontier"].astype(bool)].sort_values(["size", "score"])
    if len(frontier):
        figure.add_trace(_frontier(frontier, sizes[1]))
    figure.add_traces(_marks(drawn))
    figure.update_layout(annotations=_names(drawn, frontier, sizes, scores, chance))
    ticks = {v: formats.parameters(v) for v in theme.steps(*sizes, most=6)}
    figure = theme.framed(
        figure, x=theme.log_axis(size_label, ticks, sizes), y=theme.score_axis(score_label, scores), height=HEIGHT
    )
    if chance is not None:
        figure.add_hline(y=chance, line={"color": theme.colour("undisclosed"), "width": 1, "dash": "4px,4px"})
    return figure


def legend(rows: pd.DataFrame, *, chance: float | None = None) -> Legend:
    """The marks that are in the figure, with their words."""
    is_small = rows["is_small"].astype(bool)
    entries: Legend = []
    if is_small.any():
        entries.append((Mark("circle", "small"), "small"))
    if (~is_small).any():
        entries.append((Mark("square", "large"), "large"))
    if rows["ci_low"].isna().any():
        entries.append((Mark("circle-open", "muted"), "no interval can be had"))
    if rows["on_frontier"].any():
        entries.append((Mark("line", "good"), "frontier: no smaller model scores as much"))
    if chance is not None:
        entries.append((Mark("dashed", "undisclosed"), f"guessing scores {formats.score(chance, 0)}"))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: four models, one without an interval."""
    columns = ["model", "name", "size", "score", "ci_low", "ci_high", "is_small", "on_frontier"]
    rows = [
        ("org/a-1b", "A 1B", 1.1e9, 0.31, 0.302, 0.318, True, True),
        ("org/b-7b", "B 7B", 7.2e9, 0.62, 0.612, 0.628, True, True),
        ("org/c-30b", "C 30B", 30e9, 0.58, np.nan, np.nan, True, False),
        ("org/d-70b", "D 70B", 70e9, 0.69, 0.682, 0.698, False, True),
    ]
    return {
        "rows": pd.DataFrame(rows, columns=columns),
        "size_label": COLUMNS["params_total"].axis,
        "score_label": "MMLU, 14,042 questions (%)",
        "chance": 0.25,
    }


def _limits(drawn: pd.DataFrame, chance: float | None) -> tuple[tuple[float, float], tuple[float, float]]:
    if not len(drawn):
        return (1e8, 1e12), (0.0, 1.0)
    low, high = float(drawn["size"].min()), float(drawn["size"].max())
    sizes = (low / 1.5, high * 1.8) if high / low > 10 else (low / 4, high * 4)
    values = [
        *drawn["score"],
        *drawn["ci_low"].dropna(),
        *drawn["ci_high"].dropna(),
        *([] if chance is None else [chance]),
    ]
    return sizes, (min(values) - 0.03, max(values) + 0.04)


def _roles(is_small: bool) -> tuple[str, str]:
    return ("small", "circle") if is_small else ("large", "square")


def _intervals(drawn: pd.DataFrame) -> list[Any]:
    """Thin pale lines under the marks, one trace for small and one for large."""
    traces = []
    for is_small, rows in drawn[drawn["ci_low"].notna()].groupby("is_small"):
        x = np.repeat(rows["size"].to_numpy(dtype=float), 3)
        y = np.column_stack([rows["ci_low"], rows["ci_high"], np.full(len(rows), np.nan)]).ravel()
        line = {"color": theme.colour(_roles(bool(is_small))[0] + "-pale"), "width": 1.4}
        traces.append(theme.scatter_type(len(drawn))(x=x, y=y, mode="lines", line=line, hoverinfo="skip"))
    return traces


def _frontier(frontier: pd.DataFrame, end: float) -> go.Scatter:
    return go.Scatter(
        x=np.append(frontier["size"].to_numpy(dtype=float), end),
        y=np.append(frontier["score"].to_numpy(dtype=float), frontier["score"].iloc[-1]),
        mode="lines",
        line={"shape": "hv", "color": theme.colour("good"), "width": 2},
        hoverinfo="skip",
    )


def _marks(drawn: pd.DataFrame) -> list[Any]:
    """One trace for each of small and large, with and without interval; a crowd is drawn with smaller marks."""
    kind = theme.scatter_type(len(drawn))
    usual, width = (8, 1.2) if kind is go.Scatter else (6, 0.6)
    traces = []
    for (is_small, has_interval), rows in drawn.groupby(["is_small", drawn["ci_low"].notna()], sort=True):
        role, symbol = _roles(bool(is_small))
        fill, edge = theme.colour(role), theme.colour("background")
        if not has_interval:
            fill, edge = edge, fill
        traces.append(
            kind(
                x=rows["size"].to_numpy(dtype=float),
                y=rows["score"].to_numpy(dtype=float),
                mode="markers",
                marker={
                    "symbol": symbol,
                    "opacity": 1,
                    "size": np.where(rows["on_frontier"].to_numpy(dtype=bool), 12, usual),
                    "color": fill,
                    "line": {"color": edge, "width": max(width, 1.2 * (not has_interval))},
                },
                customdata=rows["model"].to_numpy(dtype=object),
                hovertext=[_hover(row) for row in rows.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    return traces


def _hover(row: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.parameters(row.size)} parameters",
        f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}",
    ]
    if not formats.known(row.ci_low):
        lines.append("no interval can be had")
    if row.on_frontier:
        lines.append("no smaller model scores as much")
    return "<br>".join(lines)


def _names(
    drawn: pd.DataFrame,
    frontier: pd.DataFrame,
    sizes: tuple[float, float],
    scores: tuple[float, float],
    chance: float | None,
) -> list[dict[str, Any]]:
    """Names of the frontier's models, the best first, and of the line of guessing."""
    x0, x1 = np.log10(sizes)

    def share(rows: pd.DataFrame) -> np.ndarray:
        y = (rows["score"].to_numpy(dtype=float) - scores[0]) / (scores[1] - scores[0])
        return np.column_stack([(np.log10(rows["size"].to_numpy(dtype=float)) - x0) / (x1 - x0), y])

    named = frontier[::-1]
    wanted = [
        labels.Label(x, y, formats.plotly(name, 32)) for (x, y), name in zip(share(named), named["name"], strict=True)
    ]
    if chance is not None:
        text = f"guessing: {formats.score(chance, 0)}"
        height = (chance - scores[0]) / (scores[1] - scores[0])
        wanted.append(labels.Label(1.0, height, text, 2, "undisclosed", is_of_line=True))
    stairs = []
    corners = share(frontier)
    for i, (x, y) in enumerate(corners):
        stairs += [(x, y), (corners[i + 1][0] if i + 1 < len(corners) else 1.0, y)]
    lines = [np.array(stairs)] if stairs else []
    placed = labels.place(wanted, share(drawn), lines, height=HEIGHT - 66, strict=2, mark_radius=5)
    at = [(x0 + one.label.x * (x1 - x0), scores[0] + one.label.y * (scores[1] - scores[0])) for one in placed]
    return labels.written(placed, [(float(x), float(y)) for x, y in at])
