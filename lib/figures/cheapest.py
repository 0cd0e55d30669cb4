"""Size or price of candidates against their difference to a reference model, with one-sided bounds and the margin."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.legend import Legend, Mark
from lib.schema.columns import COLUMNS

HEIGHT = 480
FLOOR = 0.2
"""Differences further below the margin than this are drawn at the lower edge, as a fraction."""
MOST_TRIED = 40
"""Names that are tried for a place: a dozen find one, and hundreds would take seconds."""
KINDS = {
    "PASS": ("circle", "good", "good"),
    "TOO FEW DATA": ("diamond-open", "undisclosed", "undisclosed-pale"),
    "FAIL": ("triangle-down-open", "undisclosed", "undisclosed-pale"),
    "": ("circle-open", "undisclosed", "undisclosed-pale"),
}
"""Verdict to symbol, role of the mark and role of its line."""
WORDS = {
    "PASS": "shown to be within the margin",
    "TOO FEW DATA": "too few questions to tell",
    "FAIL": "shown to be below the margin",
    "": "no verdict",
}


def cheapest(
    rows: pd.DataFrame,
    *,
    reference_name: str,
    reference_cost: float,
    margin: float,
    is_money: bool = False,
    size_label: str = COLUMNS["params_total"].axis,
    on: str = "",
) -> go.Figure:
    """Each mark a candidate; the reference is a square at a difference of 0.

    Args:
        rows: One row per candidate. Columns: ``model``, ``name``, ``cost`` (parameters, or USD per million tokens),
            ``delta``, ``lower``, ``upper`` (difference to the reference and its one-sided bounds, fractions),
            ``verdict`` (PASS, FAIL, TOO FEW DATA; anything else: none), ``is_confirmed`` (holds after Holm's correction:
            drawn larger), ``benchmark`` (what people call the one that decides; '' for one or the average).
        reference_name: Name of the reference.
        reference_cost: In the unit of ``cost``.
        margin: In score.
        is_money: ``cost`` is a price.
        size_label: Title of the axis of sizes.
        on: What the difference is of, for the title of its axis: ``MMLU``, ``the benchmark that decides``.

    Returns:
        The figure, differences in points. ``customdata`` of each mark is the candidate's id.
    """
    drawn = rows[(rows["cost"] > 0) & rows["delta"].notna()]
    drawn = drawn.assign(verdict=drawn["verdict"].where(drawn["verdict"].isin(list(KINDS)), ""))
    known = pd.concat([drawn["cost"], pd.Series([reference_cost] if reference_cost > 0 else [], dtype=float)])
    costs = interval_marks.log_limits(known)
    low, high = _ends(drawn, margin)
    figure = go.Figure()
    for word in reversed(KINDS):
        part = drawn[(drawn["verdict"] == word).to_numpy(bool)]
        figure.add_traces(_bounds(part, KINDS[word][2], low))
    for word in reversed(KINDS):
        part = drawn[(drawn["verdict"] == word).to_numpy(bool)]
        if len(part):
            figure.add_trace(_marks(part, word, low, reference_name, margin, is_money))
    if reference_cost > 0:
        figure.add_trace(_reference(reference_name, reference_cost, is_money))
    figure.add_hline(y=0, line={"color": theme.colour("line"), "width": 1}, layer="below")
    figure.add_hline(
        y=-100 * margin, line={"color": theme.colour("target"), "width": 1.4, "dash": "6px,4px"}, layer="below"
    )
    figure.update_layout(annotations=_names(drawn, reference_name, reference_cost, margin, costs, (low, high)))
    ticks = {v: formats.usd(v) if is_money else formats.parameters(v) for v in theme.steps(*costs, most=6)}
    x = theme.log_axis("Price (USD per million tokens)" if is_money else size_label, ticks, costs)
    title = f"Difference{f' on {formats.plotly(on, 60)}' if on else ''} (points)"
    y = {**theme.score_axis(title, (low, high)), "tickformat": "+~g"}
    return theme.framed(figure, x=x, y=y, height=HEIGHT)


def legend(rows: pd.DataFrame, *, margin: float) -> Legend:
    """The marks that are in the figure, with their words.

    Args:
        rows, margin: As for the figure.
    """
    told = f"the margin, {formats.plain(100 * margin)} points"
    entries: Legend = [(Mark("square", "large"), "the reference"), (Mark("dashed", "target"), told)]
    for word, (symbol, role, _) in KINDS.items():
        if (rows["verdict"] == word).any():
            entries.append((Mark(symbol, role), WORDS[word]))
    if rows["is_confirmed"].astype(bool).any():
        entries.append((Mark("circle", "good"), "larger: also after correcting for all that were tried"))
    if (rows["verdict"].eq("FAIL") & (rows["delta"] < -(FLOOR + margin))).any():
        entries.append((Mark("triangle-down-open", "undisclosed"), "on the lower edge: further below"))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: four candidates of three verdicts."""
    columns = ["model", "name", "cost", "delta", "lower", "upper", "verdict", "is_confirmed", "benchmark"]
    rows = [
        ("org/a-1b", "A 1B", 1.1e9, -0.31, -0.33, -0.29, "FAIL", False, "MMLU"),
        ("org/b-7b", "B 7B", 7.2e9, -0.012, -0.035, 0.011, "TOO FEW DATA", False, "GPQA"),
        ("org/c-14b", "C 14B", 14e9, 0.004, -0.012, 0.02, "PASS", False, "MMLU"),
        ("org/d-30b", "D 30B", 30e9, 0.03, 0.018, 0.042, "PASS", True, "MMLU"),
    ]
    return {
        "rows": pd.DataFrame(rows, columns=columns),
        "reference_name": "Large 70B",
        "reference_cost": 70e9,
        "margin": 0.02,
        "on": "the benchmark that decides",
    }


def _ends(drawn: pd.DataFrame, margin: float) -> tuple[float, float]:
    """Ends of the axis in points: everything above, and below as far as the floor."""
    low, high = -2.5 * margin, 1.5 * margin
    if len(drawn):
        low = min(low, float(np.nanmin(drawn["lower"].fillna(drawn["delta"]))))
        high = max(high, float(np.nanmax(drawn["upper"].fillna(drawn["delta"]))))
    low = max(low, -(FLOOR + margin))
    room = 0.06 * (high - low)
    return 100 * (low - room), 100 * (high + room)


def _bounds(part: pd.DataFrame, role: str, low: float) -> list[Any]:
    known = part[part["lower"].notna() & part["upper"].notna() & (100 * part["upper"] > low)]
    if known.empty:
        return []
    ends = 100 * np.column_stack([known["lower"], known["upper"], np.full(len(known), np.nan)])
    ends[:, 0] = np.maximum(ends[:, 0], low)
    return [
        theme.scatter_type(len(known))(
            x=np.repeat(known["cost"].to_numpy(float), 3),
            y=ends.ravel(),
            mode="lines",
            line={"color": theme.colour(role), "width": 1.4},
            hoverinfo="skip",
        )
    ]


def _marks(part: pd.DataFrame, word: str, low: float, reference: str, margin: float, is_money: bool) -> Any:
    symbol, role, _ = KINDS[word]
    is_open = symbol.endswith("-open")
    kind = theme.scatter_type(len(part))
    edge = theme.colour(role if is_open else "background")
    return kind(
        x=part["cost"].to_numpy(float),
        y=_heights(part, low),
        mode="markers",
        marker={
            # An open symbol has no fill of its own, so the line of its bounds would run through it.
            "symbol": symbol.removesuffix("-open"),
            "size": np.where(part["is_confirmed"].to_numpy(bool), interval_marks.LARGE, 8),
            "color": theme.colour("background" if is_open else role),
            "opacity": 1,
            "line": {"color": edge, "width": 1.2},
        },
        customdata=part["model"].to_numpy(object),
        hovertext=[_hover(row, reference, margin, is_money) for row in part.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _heights(part: pd.DataFrame, low: float) -> np.ndarray:
    """Differences in points, those below the axis on its edge."""
    return np.maximum(100 * part["delta"].to_numpy(float), low + 0.8)


def _reference(name: str, cost: float, is_money: bool) -> go.Scatter:
    told = f"{formats.usd(cost)} per million tokens" if is_money else f"{formats.parameters(cost)} parameters"
    return go.Scatter(
        x=[cost],
        y=[0.0],
        mode="markers",
        marker={
            "symbol": "square",
            "size": 11,
            "color": theme.colour("large"),
            "line": {"color": theme.colour("background"), "width": 1.2},
        },
        hovertext=[f"<b>{formats.plotly(name)}</b><br>the reference, {told}"],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: Any, reference: str, margin: float, is_money: bool) -> str:
    cost = f"{formats.usd(row.cost)} per million tokens" if is_money else f"{formats.parameters(row.cost)} parameters"
    on = f" on {formats.plotly(row.benchmark)}" if row.benchmark else ""
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        cost,
        f"{formats.points(row.delta)}{on}",
    ]
    if formats.known(row.lower) and formats.known(row.upper):
        lines.append(f"between {formats.points(row.lower)} and {formats.points(row.upper)}")
    lines.append(f"{WORDS[row.verdict]}{f' of {formats.plain(100 * margin)} points' if row.verdict else ''}")
    if row.is_confirmed:
        lines.append("also after correcting for all that were tried")
    return "<br>".join(lines)


def _names(
    drawn: pd.DataFrame,
    reference: str,
    cost: float,
    margin: float,
    costs: tuple[float, float],
    heights: tuple[float, float],
) -> list[dict[str, Any]]:
    """Names of the reference and of those that pass, the confirmed and the smallest first, and of the margin."""
    x0, x1 = np.log10(costs)
    y0, y1 = heights

    def share(x: Any, y: Any) -> np.ndarray:
        return np.column_stack([(np.log10(np.asarray(x, float)) - x0) / (x1 - x0), (np.asarray(y, float) - y0) / (y1 - y0)])  # fmt: skip

    passing = drawn[(drawn["verdict"] == "PASS").to_numpy(bool)]
    passing = passing.sort_values(["is_confirmed", "cost"], ascending=[False, True], kind="stable").head(MOST_TRIED)
    spots = share(passing["cost"], 100 * passing["delta"]) if len(passing) else np.empty((0, 2))
    wanted = [
        labels.Label(float(x), float(y), formats.plotly(name, 32))
        for (x, y), name in zip(spots, passing["name"], strict=True)
    ]
    points = share(drawn["cost"], _heights(drawn, y0)) if len(drawn) else np.empty((0, 2))
    if cost > 0:
        own = share([cost], [0.0])
        wanted.insert(0, labels.Label(float(own[0][0]), float(own[0][1]), formats.plotly(reference, 32), 0, "large"))
        points = np.vstack([points, own])
    line = (-100 * margin - y0) / (y1 - y0)
    told = f"{formats.plain(100 * margin)} points below"
    wanted.append(labels.Label(1.0, float(line), told, 0, "target", is_of_line=True))
    lines = [np.array([(0.0, line), (1.0, line)])]
    placed = labels.place(wanted, points, lines, height=HEIGHT - 66, strict=2, mark_radius=6)
    at = [(float(x0 + one.label.x * (x1 - x0)), float(y0 + one.label.y * (y1 - y0))) for one in placed]
    return labels.written(placed, at)
