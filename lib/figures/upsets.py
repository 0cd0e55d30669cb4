"""Small against large: how many times larger the larger model is, and by how much the smaller one leads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import labels, theme
from lib.figures.legend import Legend, Mark

HEIGHT = 500
HOLDS, LEADS, BEHIND = "holds", "leads", "behind"
LOOKS = {BEHIND: ("square", "large-pale", 4), LEADS: ("circle", "undisclosed", 6), HOLDS: ("circle", "small", 7)}
"""Symbol, role and diameter (px) of each kind, in the order in which they are drawn."""
WORDS = {HOLDS: "holds at 5% false discoveries", LEADS: "leads, not shown", BEHIND: "the larger model leads (a sample)"}
REGIONS = 6
"""Parts of the axis of sizes, one name in each at most."""
TICKS = (2, 3, 4, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
_SPARSE = (2, 5, 10, 20, 50, 100, 300, 1000, 3000, 10000)


def upsets(rows: pd.DataFrame, *, usual: float | None = None) -> go.Figure:
    """Each mark a comparison: ratio of sizes on a logarithmic axis against the lead of the smaller model.

    Args:
        rows: One row per comparison drawn. Columns: ``model`` (what a mark carries), ``small``, ``large`` (names),
            ``benchmark`` (label), ``size_ratio``, ``delta`` (smaller minus larger, a fraction), ``delta_low`` (lower
            bound, NaN none), ``view`` (holds, leads or behind).
        usual: How far two evaluations of the same weights often lie apart, a fraction, dashed; None: not known.

    Returns:
        The figure. ``customdata`` of each mark is its ``model``.
    """
    drawn = rows[(rows["size_ratio"] > 0) & rows["delta"].notna()]
    sizes, leads = _limits(drawn)
    figure = go.Figure()
    named, notes = _names(drawn, sizes, leads)
    figure.add_traces(_lines(named))
    kind_of_trace = theme.scatter_type(len(drawn))
    for kind in LOOKS:
        part = drawn[drawn["view"] == kind]
        if len(part):
            figure.add_trace(_marks(part, kind, kind_of_trace))
    figure.add_hline(y=0, line={"color": theme.colour("muted"), "width": 1.4})
    if usual is not None:
        figure.add_hline(y=100 * usual, line={"color": theme.colour("undisclosed"), "width": 1, "dash": "4px,4px"})
    figure.update_layout(annotations=notes)
    ticks = {float(v): f"{v:,}×" for v in _SPARSE if sizes[0] <= v <= sizes[1]}
    if len(ticks) < 3:
        ticks = {float(v): f"{v:,}×" for v in TICKS if sizes[0] <= v <= sizes[1]}
    y = theme.score_axis("Lead of the smaller model (points)", (leads[0], leads[1])) | {"tickformat": ",d"}
    x = theme.log_axis("How many times larger the larger model is", ticks, sizes)
    return theme.framed(figure, x=x, y=y, height=HEIGHT)


def legend(rows: pd.DataFrame, *, usual: float | None = None) -> Legend:
    """The kinds that are drawn, with their words; the line of zero needs none."""
    entries: Legend = [
        (Mark("circle-open" if kind == LEADS else LOOKS[kind][0], "large" if kind == BEHIND else LOOKS[kind][1]), WORDS[kind])
        for kind in (HOLDS, LEADS, BEHIND)
        if (rows["view"] == kind).any()
    ]  # fmt: skip
    if usual is not None:
        entries.append((Mark("dashed", "undisclosed"), f"run-to-run differences of this board: {_points(usual)}"))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: two that hold, one lead, one in which the larger model leads."""
    columns = ["model", "small", "large", "benchmark", "size_ratio", "delta", "delta_low", "view"]
    rows = [
        ("a", "A 7B", "B 70B", "MMLU", 10.0, 0.07, 0.05, HOLDS),
        ("b", "C 3B", "D 30B", "MMLU", 9.0, 0.21, 0.19, HOLDS),
        ("c", "C 3B", "E 13B", "Grade school maths", 4.3, 0.012, -0.004, LEADS),
        ("d", "A 1B", "B 70B", "MMLU", 70.0, -0.3, np.nan, BEHIND),
    ]
    return {"rows": pd.DataFrame(rows, columns=columns), "usual": 0.004}


def thinned(size_ratio: np.ndarray, delta: np.ndarray, most: int) -> np.ndarray:
    """Positions of at most ``most`` points, the first of each little field of the picture, in the order given.

    Points that would lie on one another are drawn once; where still too many are left the fields grow.
    """
    if not len(size_ratio):
        return np.zeros(0, np.intp)
    x, y = (_share(one) for one in (np.log10(size_ratio), delta))
    places = np.arange(len(x))[::-1]
    for n in (240, 160, 110, 80, 55, 40, 28, 20, 14, 10):
        # Of those written into one field the last stays: the first one, from the end. No sort of millions.
        first = np.full(n * n, -1)
        first[((x * (n - 1)).astype(np.int64) * n + (y * (n - 1)).astype(np.int64))[::-1]] = places
        first = np.sort(first[first >= 0])
        if len(first) <= most:
            break
    return first[:most]


def _share(values: np.ndarray) -> np.ndarray:
    """Values as shares of their range."""
    return np.asarray((values - values.min()) / max(float(np.ptp(values)), 1e-9), float)


def _limits(drawn: pd.DataFrame) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of the axes: ratios, and leads in points; both sides of zero are always there."""
    if drawn.empty:
        return (1.8, 100.0), (-10.0, 10.0)
    ratios, points = drawn["size_ratio"], 100 * drawn["delta"]
    low, high = min(float(points.min()), 0.0), max(float(points.max()), 0.0)
    space = max(1.0, 0.07 * (high - low))
    return (float(ratios.min()) / 1.12, max(float(ratios.max()) * 1.35, float(ratios.min()) * 4)), (low - space, high + space)  # fmt: skip


def _marks(part: pd.DataFrame, kind: str, trace: type[Any]) -> Any:
    symbol, role, size = LOOKS[kind]
    own, background = theme.colour(role), theme.colour("background")
    is_hollow = kind == LEADS
    return trace(
        x=part["size_ratio"].to_numpy(float),
        y=100 * part["delta"].to_numpy(float),
        mode="markers",
        marker={
            "symbol": symbol,
            "size": size,
            "opacity": 1,
            "color": background if is_hollow else own,
            "line": {"color": own if is_hollow else background, "width": 1.2 if is_hollow else 0.6 * (kind == HOLDS)},
        },
        customdata=part["model"].to_numpy(dtype=object),
        hovertext=[_hover(row) for row in part.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(row: Any) -> str:
    ahead, behind = (row.large, row.small) if row.view == BEHIND else (row.small, row.large)
    lines = [
        f"<b>{formats.plotly(ahead, 48)} over {formats.plotly(behind, 48)} · {formats.plotly(row.benchmark, 40)}</b>",
        f"sizes {formats.times(row.size_ratio)} apart",
        f"leads by {_points(abs(row.delta))}" + (f", at least {_points(row.delta_low)}" if row.view == HOLDS else ""),
    ]
    lines += [] if row.view == BEHIND else [WORDS[row.view]]
    return "<br>".join(lines)


def _points(value: float) -> str:
    return formats.points(value).removeprefix("+")


def _lines(named: pd.DataFrame) -> list[go.Scatter]:
    """From the named marks down to their lower bounds."""
    known = named[named["delta_low"].notna()]
    if known.empty:
        return []
    ends = 100 * np.column_stack([known["delta"], known["delta_low"], np.full(len(known), np.nan)])
    return [
        go.Scatter(
            x=np.repeat(known["size_ratio"].to_numpy(float), 3),
            y=ends.ravel(),
            mode="lines",
            line={"color": theme.colour("ink"), "width": 1.6},
            hoverinfo="skip",
        )
    ]


def _names(
    drawn: pd.DataFrame, sizes: tuple[float, float], leads: tuple[float, float]
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The row of each part of the axis with the largest bound that found a place for its name, and the names."""
    x0, x1 = np.log10(sizes)
    x = (np.log10(drawn["size_ratio"].to_numpy(float)) - x0) / (x1 - x0)
    y = (100 * drawn["delta"].to_numpy(float) - leads[0]) / (leads[1] - leads[0])
    at = drawn.assign(_x=x, _y=y, _region=np.minimum((x * REGIONS).astype(int), REGIONS - 1))
    best = at[(at["view"] == HOLDS).to_numpy(bool)].sort_values("delta_low", ascending=False, kind="stable")
    # The same model twice would say little more than once.
    best = best.drop_duplicates("small").drop_duplicates("_region")
    wanted = [
        labels.Label(float(row["_x"]), float(row["_y"]), f"<b>{formats.plotly(row['small'], 24)}</b><br>over {formats.plotly(row['large'], 24)}")
        for row in best.to_dict("records")
    ]  # fmt: skip
    # Pale squares may be written over, as may the lines down; the first thousand others keep the search quick.
    solid = at[at["view"] != BEHIND][["_x", "_y"]].to_numpy(float)[:1500]
    placed = labels.place(wanted, solid, height=HEIGHT - 66, mark_radius=4)
    chosen = {(one.label.x, one.label.y) for one in placed}
    named = best[np.array([key in chosen for key in zip(best["_x"], best["_y"], strict=True)], dtype=bool)]
    spots = [(x0 + p.label.x * (x1 - x0), leads[0] + p.label.y * (leads[1] - leads[0])) for p in placed]
    return named, labels.written(placed, spots)
