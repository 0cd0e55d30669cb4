"""Score against what it costs, with intervals, the frontier, how sure each place on it is, and the reader's target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.legend import Legend, Mark

HEIGHT = 520
SMALLEST, MORE = 7.0, 6.0
"""Diameter of a mark that is never on the frontier, and what a sure place adds, px."""
SIDES = {"small": ("small", "circle"), "large": ("large", "square"), "undisclosed": ("undisclosed", "diamond")}
"""Side to role and symbol."""
SIDE_WORDS = {"small": "small", "large": "large", "undisclosed": "size undisclosed"}
MOST_TRIED = 30
SURE = 0.5
"""From this probability on a model is called on the frontier."""


def performance_per_dollar(
    rows: pd.DataFrame,
    *,
    cost_label: str,
    score_label: str,
    target: float,
    written: Callable[[object], str] = formats.usd,
    unit: str = "",
    chance: float | None = None,
) -> go.Figure:
    """Each mark a model: cost on a logarithmic axis against score, with its 95% interval.

    Args:
        rows: One row per model. Columns: ``model``, ``name``, ``cost``, ``cost_low``, ``cost_high`` (above 0; the range over
            hosts), ``score``, ``ci_low``, ``ci_high`` (fractions; NaN: drawn hollow), ``side`` (small, large, undisclosed),
            ``p_on``, ``p_near`` (probability of being on the frontier, and within a point of it; NaN unknown), ``on_line``
            (of the line through the scores as they are), ``verdict`` (above, may reach, below, '': against the target),
            ``is_headline`` (the cheapest shown to be above the target), ``told`` (what stands behind the cost).
        cost_label: Title of the axis of costs, with the unit.
        score_label: Title of the axis of scores.
        target: The reader's target, a fraction.
        written: An amount of the cost in words.
        unit: What follows it in a sentence.
        chance: Score of guessing; None: not known.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    drawn = rows[(rows["cost"] > 0) & rows["score"].notna()]
    drawn = drawn.assign(side=drawn["side"].where(drawn["side"].isin(list(SIDES)), "undisclosed"))
    costs = interval_marks.log_limits(pd.concat([drawn["cost"], drawn["cost_low"], drawn["cost_high"]]), room=1.7)
    scores = _limits(drawn, target)
    figure = go.Figure()
    figure.add_traces(list(_ranges(drawn)))
    for side, part in drawn.groupby("side"):
        role = SIDES[str(side)][0]
        figure.add_traces(interval_marks.lines(part, "cost", role=f"{role}-pale", width=1.2))
    line = drawn[drawn["on_line"].to_numpy(bool)].sort_values(["cost", "score"])
    if len(line):
        figure.add_trace(_frontier(line, costs[1]))
    figure.add_traces(list(_marks(drawn, written, unit, target)))
    figure.add_hline(y=target, line={"color": theme.colour("target"), "width": 1.4, "dash": "6px,4px"}, layer="below")
    figure.update_layout(annotations=_names(drawn, line, costs, scores, target))
    ticks = {value: formats.plotly(_tick(written(value))) for value in _steps(*costs)}
    figure = theme.framed(
        figure, x=theme.log_axis(cost_label, ticks, costs), y=theme.score_axis(score_label, scores), height=HEIGHT
    )
    return interval_marks.with_chance(figure, chance if chance is not None and chance > scores[0] else None)


def legend(rows: pd.DataFrame, *, target: float, ranges: str = "range over hosts") -> Legend:
    """The marks that are in the figure, with their words.

    Args:
        rows, target: As for the figure.
        ranges: What the lines to the sides are.
    """
    sides = rows["side"].astype(str)
    entries: Legend = [
        (Mark(symbol, role), SIDE_WORDS[side]) for side, (role, symbol) in SIDES.items() if (sides == side).any()
    ]
    entries += interval_marks.hollow_entry(rows)
    if rows["on_line"].to_numpy(bool).any():
        entries.append((Mark("line", "good"), "frontier; the larger the mark, the surer its place on it"))
    if (rows["cost_high"] > rows["cost_low"]).any():
        entries.append((Mark("line", "undisclosed-pale"), ranges))
    entries.append((Mark("dashed", "target"), f"your target: {target_words(target)}"))
    return entries


def target_words(target: float) -> str:
    """``40%``, ``42.5%``."""
    return f"{formats.plain(round(100 * target, 1)) if round(100 * target, 1) < 10 else f'{100 * target:g}'}%"


def example() -> dict[str, Any]:
    """A tiny figure: four models, one without an interval, one of undisclosed size."""
    columns = [
        "model", "name", "cost", "cost_low", "cost_high", "score", "ci_low", "ci_high", "side", "p_on", "p_near", "on_line",
        "verdict", "is_headline", "told",
    ]  # fmt: skip
    rows = [
        ("org/a-1b", "A 1B", 0.02, 0.02, 0.02, 0.31, 0.30, 0.32, "small", 1.0, 1.0, True, "below", False, "one host"),
        ("org/b-7b", "B 7B", 0.1, 0.05, 0.2, 0.52, 0.51, 0.53, "small", 0.97, 1.0, True, "above", True, "3 hosts"),
        (
            "org/c-70b",
            "C 70B",
            0.5,
            0.4,
            0.9,
            0.5,
            np.nan,
            np.nan,
            "large",
            np.nan,
            np.nan,
            False,
            "",
            False,
            "2 hosts",
        ),
        ("org/d", "D", 3.0, 3.0, 3.0, 0.69, 0.68, 0.7, "undisclosed", 1.0, 1.0, True, "above", False, "one host"),
    ]
    return {
        "rows": pd.DataFrame(rows, columns=columns),
        "cost_label": "Price (USD per million tokens, 3 in : 1 out, log scale)",
        "score_label": "MMLU-Pro, 12,032 questions (%)",
        "target": 0.45,
        "unit": " per million tokens",
    }


def _limits(drawn: pd.DataFrame, target: float) -> tuple[float, float]:
    """Ends of the axis of scores: everything that is drawn, and the target where it is not far from it."""
    if drawn.empty:
        return 0.0, 1.0
    low, high = interval_marks.ends(drawn)
    near = 0.5 * (high - low) + 0.05
    low, high = min(low, max(target, low - near)), max(high, min(target, high + near))
    return low - 0.03, high + 0.05


def _steps(low: float, high: float) -> list[float]:
    """Round values 1, 2, 5, 10 ... while they are few, else 1, 3, 10 ...; at least two of them."""
    powers = range(int(np.floor(np.log10(low))), int(np.floor(np.log10(high))) + 1)
    fine = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    within = [one for one in fine if low <= one <= high]
    return within if len(within) <= 7 else theme.steps(low, high, most=7)


def _tick(text: str) -> str:
    """An amount without zeros that say nothing: ``$1``, ``$0.10``, ``$0.003``."""
    return re.sub(r"(\.\d\d\d*?)0+$", r"\1", text).removesuffix(".00")


def _ranges(drawn: pd.DataFrame) -> Iterator[Any]:
    """Thin lines over the prices of the hosts."""
    wide = drawn[(drawn["cost_high"] > drawn["cost_low"]).to_numpy(bool)]
    if len(wide):
        ends = np.column_stack([wide["cost_low"], wide["cost_high"], np.full(len(wide), np.nan)])
        yield go.Scatter(
            x=ends.ravel(),
            y=np.repeat(wide["score"].to_numpy(float), 3),
            mode="lines",
            line={"color": theme.colour("undisclosed-pale"), "width": 1.2},
            hoverinfo="skip",
        )


def _frontier(line: pd.DataFrame, end: float) -> go.Scatter:
    return go.Scatter(
        x=np.append(line["cost"].to_numpy(float), end),
        y=np.append(line["score"].to_numpy(float), line["score"].iloc[-1]),
        mode="lines",
        line={"shape": "hv", "color": theme.colour("good"), "width": 2},
        hoverinfo="skip",
    )


def _marks(drawn: pd.DataFrame, written: Callable[[object], str], unit: str, target: float) -> Iterator[Any]:
    """A trace for each side, with and without interval; the larger a mark, the surer its place on the frontier."""
    background = theme.colour("background")
    for side, (role, symbol) in SIDES.items():
        of_side = drawn[(drawn["side"] == side).to_numpy(bool)]
        for has_interval, part in of_side.groupby(of_side["ci_low"].notna(), sort=True):
            own = theme.colour(role)
            # Unlikely ones first, so that a sure mark lies on top.
            ordered = part.assign(p=part["p_on"].fillna(0.0)).sort_values("p", kind="stable")
            yield go.Scatter(
                x=ordered["cost"].to_numpy(float),
                y=ordered["score"].to_numpy(float),
                mode="markers",
                marker={
                    "symbol": symbol,
                    "opacity": 1,
                    "size": SMALLEST + MORE * ordered["p"].to_numpy(float),
                    "color": own if has_interval else background,
                    "line": {"color": background if has_interval else own, "width": 1 if has_interval else 1.4},
                },
                customdata=ordered["model"].to_numpy(object),
                hovertext=[_hover(row, written, unit, target) for row in ordered.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
            )


def _hover(row: Any, written: Callable[[object], str], unit: str, target: float) -> str:
    goal = target_words(target)
    against = {
        "above": f"shown to be above {goal}",
        "may reach": f"scores above {goal}, not shown to be",
        "below": f"scores below {goal}",
    }
    lines = [
        f"<b>{formats.plotly(row.name)}</b>",
        f"{formats.plotly(written(row.cost))}{unit}{f' ({formats.plotly(row.told, 120)})' if row.told else ''}",
        f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}",
    ]
    if formats.known(row.p_on):
        on, near = formats.score(row.p_on, 0), formats.score(row.p_near, 0)
        lines.append(f"on the frontier with probability {on}, within a point of it {near}")
    lines.append(against.get(str(row.verdict), interval_marks.NO_INTERVAL))
    return "<br>".join(line for line in lines if line)


def _names(
    drawn: pd.DataFrame,
    line: pd.DataFrame,
    costs: tuple[float, float],
    scores: tuple[float, float],
    target: float,
) -> list[dict[str, Any]]:
    """Names of the headline and of those most likely on the frontier, then of those nearest to it; and of the target."""
    x0, x1 = np.log10(costs)

    def share(rows: pd.DataFrame) -> np.ndarray:
        y = (rows["score"].to_numpy(float) - scores[0]) / (scores[1] - scores[0])
        return np.column_stack([(np.log10(rows["cost"].to_numpy(float)) - x0) / (x1 - x0), y])

    ranked = drawn.assign(
        rank=np.where(drawn["is_headline"].to_numpy(bool), 2.0, drawn["p_on"].fillna(0.0)),
        near=drawn["p_near"].fillna(0.0),
    ).sort_values(["rank", "near", "score"], ascending=False, kind="stable")
    named = ranked.head(MOST_TRIED)
    wanted = [
        labels.Label(x, y, formats.plotly(name, 28), 0 if rank >= SURE else 1)
        for (x, y), name, rank in zip(share(named), named["name"], named["rank"], strict=True)
    ]
    height = (target - scores[0]) / (scores[1] - scores[0])
    if 0 < height < 1:
        told = f"your target: {target_words(target)}"
        wanted.insert(0, labels.Label(1.0, float(height), told, 0, "target", is_of_line=True))
    corners = share(line)
    stairs = []
    for i, (x, y) in enumerate(corners):
        stairs += [(x, y), (corners[i + 1][0] if i + 1 < len(corners) else 1.0, y)]
    lines = [np.array(stairs)] if stairs else []
    lines += [np.array([(0.0, height), (1.0, height)])] if 0 < height < 1 else []
    asked = [formats.plotly(name, 28) for name in drawn.loc[drawn["is_headline"].to_numpy(bool), "name"]]
    placed: list[labels.Placed] = []
    for strict in (2, 1):
        placed = labels.place(wanted, share(drawn), lines, height=HEIGHT - 66, strict=strict, mark_radius=6)
        # The answer has its name, if need be over a mark on a phone.
        if set(asked) <= {one.label.text for one in placed}:
            break
    at = [(x0 + one.label.x * (x1 - x0), scores[0] + one.label.y * (scores[1] - scores[0])) for one in placed]
    return labels.written(placed, [(float(x), float(y)) for x, y in at])
