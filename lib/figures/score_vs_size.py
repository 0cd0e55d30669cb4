"""Score against model size, with intervals and the frontier of models that no smaller one matches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.interval_marks import SIDES
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 480


def score_vs_size(
    rows: pd.DataFrame,
    *,
    size_label: str,
    score_label: str,
    chance: float | None = None,
    frontier: pd.DataFrame | None = None,
) -> go.Figure:
    """Each point a model: size on a logarithmic axis against score, with its 95% interval.

    Args:
        rows: One row per model. Columns: ``model``, ``name``, ``size`` (parameters), ``score``, ``ci_low``,
            ``ci_high`` (fractions; NaN interval: drawn hollow), ``is_small`` (by the reader's threshold),
            ``on_frontier`` (no smaller model scores as much). Rows without size or score are not drawn.
        size_label: Title of the size axis.
        score_label: Title of the score axis: benchmark, number of questions, unit.
        chance: Score of guessing, drawn as a dashed line; None: not known.
        frontier: ``size`` and ``score`` of the models of the line, also of those that are not drawn; None: of those of
            the rows that are on the frontier.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = rows[(rows["size"] > 0) & rows["score"].notna()]
    line = drawn[drawn["on_frontier"].astype(bool)] if frontier is None else frontier
    line = line.sort_values(["size", "score"])
    sizes, scores = _limits(drawn, line, chance)
    figure = go.Figure()
    kind = theme.scatter_type(len(drawn))
    for side, part in drawn.groupby("is_small"):
        figure.add_traces(interval_marks.lines(part, "size", role=f"{SIDES[bool(side)][0]}-pale", kind=kind))
    if len(line):
        figure.add_trace(_frontier(line, sizes[1]))
    figure.add_traces(_marks(drawn))
    figure.update_layout(annotations=_names(drawn, line, sizes, scores, chance))
    ticks = {v: formats.parameters(v) for v in theme.steps(*sizes, most=6)}
    figure = theme.framed(
        figure, x=theme.log_axis(size_label, ticks, sizes), y=theme.score_axis(score_label, scores), height=HEIGHT
    )
    return interval_marks.with_chance(figure, chance)


def legend(rows: pd.DataFrame, *, chance: float | None = None, has_hidden: bool = False) -> Legend:
    """The marks that are in the figure, with their words.

    Args:
        rows, chance: As for the figure.
        has_hidden: The line is that of more models than the rows.
    """
    entries = interval_marks.side_entries(rows) + interval_marks.hollow_entry(rows)
    if has_hidden:
        entries.append(
            (Mark("line", "good"), "frontier of all models, those filtered out too: no smaller one scores as much")
        )
    elif rows["on_frontier"].any():
        entries.append((Mark("line", "good"), "frontier: no smaller model scores as much"))
    return entries + interval_marks.chance_entry(chance)


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


def _limits(
    drawn: pd.DataFrame, line: pd.DataFrame, chance: float | None
) -> tuple[tuple[float, float], tuple[float, float]]:
    sizes = interval_marks.log_limits(pd.concat([drawn["size"], line["size"]]))
    if drawn.empty:
        return sizes, (0.0, 1.0)
    low, high = interval_marks.ends(drawn, chance)
    return sizes, (min(low, line["score"].min()) - 0.03, max(high, line["score"].max()) + 0.04)


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
    usual, edge = (8, 1.2) if kind is go.Scatter else (6, 0.6)
    traces: list[Any] = []
    for side, rows in drawn.groupby("is_small", sort=True):
        role, symbol = SIDES[bool(side)]
        traces += interval_marks.marks(
            rows,
            "size",
            role=role,
            symbol=symbol,
            size=usual,
            large="on_frontier",
            hover=_hover,
            edge=edge,
            kind=kind,
        )
    return traces


def _hover(row: Any) -> str:
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.parameters(row.size)} parameters",
        f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}",
    ]
    if not formats.known(row.ci_low):
        lines.append(interval_marks.NO_INTERVAL)
    if row.on_frontier:
        lines.append("no smaller model scores as much")
    return "<br>".join(lines)


def _names(
    drawn: pd.DataFrame,
    line: pd.DataFrame,
    sizes: tuple[float, float],
    scores: tuple[float, float],
    chance: float | None,
) -> list[dict[str, Any]]:
    """Names of the frontier's models, the best first, and of the line of guessing."""
    x0, x1 = np.log10(sizes)

    def share(rows: pd.DataFrame) -> np.ndarray:
        y = (rows["score"].to_numpy(dtype=float) - scores[0]) / (scores[1] - scores[0])
        return np.column_stack([(np.log10(rows["size"].to_numpy(dtype=float)) - x0) / (x1 - x0), y])

    named = drawn[drawn["on_frontier"].astype(bool)].sort_values(["size", "score"])[::-1]
    wanted = [
        labels.Label(x, y, formats.plotly(name, 32)) for (x, y), name in zip(share(named), named["name"], strict=True)
    ]
    if chance is not None:
        text = f"guessing: {formats.score(chance, 0)}"
        height = (chance - scores[0]) / (scores[1] - scores[0])
        wanted.append(labels.Label(1.0, height, text, 2, "undisclosed", is_of_line=True))
    stairs = []
    corners = share(line)
    for i, (x, y) in enumerate(corners):
        stairs += [(x, y), (corners[i + 1][0] if i + 1 < len(corners) else 1.0, y)]
    lines = [np.array(stairs)] if stairs else []
    placed = labels.place(wanted, share(drawn), lines, height=HEIGHT - 66, strict=2, mark_radius=5)
    at = [(x0 + one.label.x * (x1 - x0), scores[0] + one.label.y * (scores[1] - scores[0])) for one in placed]
    return labels.written(placed, [(float(x), float(y)) for x, y in at])
