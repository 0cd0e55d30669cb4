"""The ladder of one base: the memory of each step's weights at the left, what it gains or loses at the right."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import theme
from lib.figures.legend import Legend, Mark

ROW, MARGINS = 54, 84
MOST_STEPS = 14
LABEL_WIDTH = 15
SIDES = (0.0, 0.36), (0.45, 1.0)
"""Where memory and differences stand, as shares of the width."""
_PIECE = re.compile(r"[^\s_|-]*[\s_|-]*")
SPREAD = 0.32
"""Benchmarks of one step lie within so much of a row above and below its middle."""
KINDS = {
    "shown better": ("circle", "good"),
    "shown worse": ("triangle-down", "muted"),
    "not shown": ("diamond-open", "undisclosed"),
    "": ("circle-open", "undisclosed"),
}
WORDS = {
    "shown better": "a benchmark, shown better than the base",
    "shown worse": "shown worse",
    "not shown": "not shown to differ",
    "": "without an interval",
}
BASE = "the base, at 0"
NO_NUMBER = ("no quality evidence", "in its own unit")


def variant_ladder(steps: pd.DataFrame, parts: pd.DataFrame) -> go.Figure:
    """A row for each step, the base at the top.

    Args:
        steps: One row per step, in the order shown. Columns: ``step`` (label, each once), ``model`` (id), ``is_base``,
            ``weights`` (bytes, NaN unknown), ``is_at_least`` (weights are a lower bound), ``delta``, ``delta_low``,
            ``delta_high`` (mean difference from the base in fractions; NaN: none, or it depends on the benchmark; NaN ends:
            no interval), ``said`` (what there is to say of its quality, in words). Steps after the fourteenth are not drawn.
        parts: One row per benchmark of a step. Columns: ``step``, ``what`` (benchmark), ``delta``, ``delta_low``,
            ``delta_high`` (as above, of this benchmark), ``verdict`` (a key of ``KINDS``; anything else: no interval).

    Returns:
        The figure, differences in points. ``customdata`` of each mark is the model's id.
    """
    drawn = steps[:MOST_STEPS].reset_index(drop=True)
    place = {str(step): float(i) for i, step in enumerate(drawn["step"])}
    own = _spread(parts[parts["step"].isin(list(place)) & parts["delta"].notna()], place)
    own = own.assign(model=own["step"].map(dict(zip(drawn["step"], drawn["model"], strict=True))))
    figure = go.Figure([*_memory(drawn), *_differences(own), *_means(drawn)])
    y = theme.score_axis("Model (bits)", (max(len(drawn), 1) - 0.4, -0.6)) | {
        "tickformat": None,
        "tickvals": list(place.values()),
        "ticktext": [_wrapped(step) for step in place],
    }
    known = drawn["weights"].dropna() / 1e9
    x = theme.score_axis("Memory (GB)", (0.0, 1.45 * float(known.max()) if len(known) else 1.0))
    x |= {"domain": SIDES[0], "tickformat": "~g", "nticks": 3}
    theme.framed(figure, x=x, y=y, height=ROW * max(len(drawn), 2) + MARGINS)
    limits = _limits(own, drawn)
    other = theme.score_axis("Against the base (points)", limits) | {
        "domain": SIDES[1],
        "tickformat": "+~g",
        "nticks": 5,
    }
    other |= {"anchor": "y", "zeroline": True, "zerolinecolor": theme.colour("muted"), "zerolinewidth": 1.2}
    figure.update_layout(xaxis2=other, annotations=[*_sizes(drawn), *_silent(drawn, limits)])
    return figure


def legend(steps: pd.DataFrame, parts: pd.DataFrame) -> Legend:
    """The marks that are in the figure, with their words."""
    shown = steps[:MOST_STEPS]
    entries: Legend = [
        (Mark("square", "ink"), "the base"),
        (Mark("circle", "muted"), "made of it: memory of the weights"),
    ]
    seen = _kind(parts[parts["step"].isin(shown["step"]) & parts["delta"].notna()]["verdict"])
    entries += [(Mark(*KINDS[word]), WORDS[word]) for word in KINDS if (seen == word).any()]
    if shown["delta"].notna().any():
        entries.append((Mark("line", "ink"), "upright: mean over the benchmarks, where they agree"))
    return entries


def example() -> dict[str, Any]:
    """A tiny ladder: the base, one step with an interval, one without, one on which the benchmarks disagree, one silent."""
    of_step = ["step", "model", "is_base", "weights", "is_at_least", "delta", "delta_low", "delta_high", "said"]
    steps = [
        ("A 8B at 16 bits", "org/a-8b", True, 16e9, False, np.nan, np.nan, np.nan, ""),
        ("8 bits, q8_0", "org/a-8b", False, 8.5e9, False, np.nan, np.nan, np.nan, "no quality evidence"),
        ("2 bits, x", "org/a-8b", False, 2e9, True, -0.062, np.nan, np.nan, "no interval, no verdict"),
        ("A 8B Code", "org/a-8b-code", False, 16e9, False, -0.02, -0.03, -0.01, "shown worse"),
        ("A 8B Chat", "org/a-8b-chat", False, np.nan, False, np.nan, np.nan, np.nan, "depends on the benchmark"),
    ]
    of_part = ["step", "what", "delta", "delta_low", "delta_high", "verdict"]
    parts = [
        ("2 bits, x", "MMLU", -0.062, np.nan, np.nan, "no interval, no verdict"),
        ("A 8B Code", "GPQA", -0.02, -0.03, -0.01, "shown worse"),
        ("A 8B Chat", "IFEval", 0.3, 0.25, 0.35, "shown better"),
        ("A 8B Chat", "BBH", -0.01, -0.03, 0.01, "not shown"),
    ]
    return {"steps": pd.DataFrame(steps, columns=of_step), "parts": pd.DataFrame(parts, columns=of_part)}


def _kind(verdicts: pd.Series) -> pd.Series:
    return verdicts.where(verdicts.isin(list(KINDS)), "")


def _spread(parts: pd.DataFrame, place: dict[str, float]) -> pd.DataFrame:
    """Benchmarks of a step one below the other inside its row, highest difference on top."""
    own = parts.assign(kind=_kind(parts["verdict"]))
    order = own.groupby("step")["delta"].rank(method="first", ascending=False).to_numpy(float) - 1
    n = own.groupby("step")["delta"].transform("size").to_numpy(float)
    share = np.divide(order, n - 1, out=np.full(len(own), 0.5), where=n > 1)
    at = np.array([place[str(step)] for step in own["step"]], dtype=float)
    return own.assign(at=at + SPREAD * (2 * share - 1))


def _memory(drawn: pd.DataFrame) -> list[go.Scatter]:
    """A pale line from nothing to the memory, with a mark at its end: dark and square for the base, hollow if unknown."""
    if drawn.empty:
        return []
    size, at = drawn["weights"].fillna(0.0).to_numpy(float) / 1e9, drawn.index.to_numpy(float)
    is_base, is_known = drawn["is_base"].to_numpy(bool), drawn["weights"].notna().to_numpy(bool)
    role = [theme.colour("ink" if one else "muted") for one in is_base]
    background = theme.colour("background")
    lines = go.Scatter(
        x=np.column_stack([np.zeros(len(size)), size, np.full(len(size), np.nan)]).ravel(),
        y=np.repeat(at, 3),
        mode="lines",
        line={"color": theme.colour("undisclosed-pale"), "width": 5},
        hoverinfo="skip",
    )
    marks = go.Scatter(
        x=size,
        y=at,
        mode="markers",
        marker={
            "symbol": ["square" if one else "circle" for one in is_base],
            "size": 11,
            "opacity": 1,
            "color": [own if known else background for own, known in zip(role, is_known, strict=True)],
            "line": {
                "color": [background if known else own for own, known in zip(role, is_known, strict=True)],
                "width": 1.2,
            },
        },
        customdata=drawn["model"].to_numpy(object),
        hovertext=[_memory_hover(row) for row in drawn.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [lines, marks]


def _memory_hover(row: Any) -> str:
    return f"<b>{formats.plotly(row.step)}</b><br>weights in memory: {_size(row)}<br>{formats.plotly(row.said, 120)}"


def _size(row: Any) -> str:
    if not formats.known(row.weights):
        return "not known"
    words = f"{formats.plain(row.weights / 1e9)} GB"
    return f"at least {words}" if row.is_at_least else words


def _differences(own: pd.DataFrame) -> list[go.Scatter]:
    """Thin lines of the intervals, then the marks of each kind of verdict."""
    traces = []
    known = own[own["delta_low"].notna()]
    if len(known):
        ends = 100 * np.column_stack([known["delta_low"], known["delta_high"], np.full(len(known), np.nan)])
        line = {"color": theme.colour("undisclosed-pale"), "width": 1.4}
        y = np.repeat(known["at"].to_numpy(float), 3)
        traces.append(go.Scatter(x=ends.ravel(), y=y, mode="lines", line=line, hoverinfo="skip", xaxis="x2"))
    background = theme.colour("background")
    for kind, (symbol, role) in reversed(KINDS.items()):
        part = own[(own["kind"] == kind).to_numpy(bool)]
        if part.empty:
            continue
        is_open, colour = symbol.endswith("-open"), theme.colour(role)
        traces.append(
            go.Scatter(
                x=100 * part["delta"].to_numpy(float),
                y=part["at"].to_numpy(float),
                mode="markers",
                marker={
                    "symbol": symbol.removesuffix("-open"),
                    "size": 7,
                    "opacity": 1,
                    "color": background if is_open else colour,
                    "line": {"color": colour if is_open else background, "width": 1},
                },
                customdata=part["model"].to_numpy(object),
                hovertext=[_part_hover(row) for row in part.itertuples()],
                hovertemplate="%{hovertext}<extra></extra>",
                xaxis="x2",
            )
        )
    return traces


def _part_hover(row: Any) -> str:
    lines = [f"<b>{formats.plotly(row.step)}: {formats.plotly(row.what, 60)}</b>", f"{formats.points(row.delta)} against the base"]  # fmt: skip
    if formats.known(row.delta_low):
        lines.append(f"between {formats.points(row.delta_low)} and {formats.points(row.delta_high)}")
    return "<br>".join([*lines, formats.plotly(row.verdict, 80)])


def _means(drawn: pd.DataFrame) -> list[go.Scatter]:
    """An upright dash at the mean of a step, where its benchmarks agree."""
    known = drawn[drawn["delta"].notna()]
    if known.empty:
        return []
    at, gap = known.index.to_numpy(float), np.full(len(known), np.nan)
    mean = 100 * known["delta"].to_numpy(float)
    return [
        go.Scatter(
            x=np.column_stack([mean, mean, gap]).ravel(),
            y=np.column_stack([at - 0.42, at + 0.42, gap]).ravel(),
            mode="lines",
            line={"color": theme.colour("ink"), "width": 2},
            hovertext=[text for row in known.itertuples() for text in [_mean_hover(row)] * 3],
            hovertemplate="%{hovertext}<extra></extra>",
            xaxis="x2",
        )
    ]


def _mean_hover(row: Any) -> str:
    lines = [f"<b>{formats.plotly(row.step)}</b>", f"mean {formats.points(row.delta)} against the base"]
    if formats.known(row.delta_low):
        lines.append(f"between {formats.points(row.delta_low)} and {formats.points(row.delta_high)}")
    return "<br>".join([*lines, formats.plotly(row.said, 120)])


def _limits(own: pd.DataFrame, drawn: pd.DataFrame) -> tuple[float, float]:
    values = [
        100 * v for rows in (own, drawn) for name in ("delta", "delta_low", "delta_high") for v in rows[name].dropna()
    ]
    low, high = min([-2.0, *values]), max([2.0, *values])
    space = 0.08 * (high - low)
    return low - space, high + space


def _sizes(drawn: pd.DataFrame) -> list[dict[str, Any]]:
    """The memory beside its mark."""
    x = drawn["weights"].fillna(0.0).to_numpy(float) / 1e9
    told = [_size(row).removesuffix(" GB").replace("at least", "≥") for row in drawn.itertuples()]
    return [
        {
            "x": x[at],
            "y": float(at),
            "text": text,
            "showarrow": False,
            "xanchor": "left",
            "xshift": 8,
            "borderpad": 0,
            "font": {"size": 12, "color": theme.colour("ink" if is_base else "muted")},
        }
        for at, (text, is_base) in enumerate(zip(told, drawn["is_base"], strict=True))
    ]


def _silent(drawn: pd.DataFrame, limits: tuple[float, float]) -> list[dict[str, Any]]:
    """Words in the place of marks, where nothing was measured."""
    told = [BASE if one else said for one, said in zip(drawn["is_base"], drawn["said"], strict=True)]
    return [
        {
            "x": 0.0 if text == BASE else (limits[0] + limits[1]) / 2,
            "y": float(at),
            "xref": "x2",
            "text": formats.plotly(text),
            "showarrow": False,
            "borderpad": 2,
            "bgcolor": theme.colour("background"),
            "font": {"size": 12, "color": theme.colour("muted")},
        }
        for at, text in enumerate(told)
        if text in (BASE, *NO_NUMBER)
    ]


def _wrapped(label: str) -> str:
    """A label in at most three short lines, parted at blanks and after signs, so that a phone keeps room for the marks."""
    lines = [""]
    for piece in filter(None, _PIECE.findall(formats.one_line(label, 60))):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > LABEL_WIDTH:
            lines.append("")
        lines[-1] += piece
    return "<br>".join(formats.plotly(line.strip(), LABEL_WIDTH + 6) for line in lines[:3])
