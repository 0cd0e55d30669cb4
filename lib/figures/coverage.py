"""Models against benchmarks: the score where there is one, and a mark for the reason where there is none."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import coverage as reasons
from lib.figures import theme
from lib.figures.legend import Legend, Mark

ROW_PX = 19
HEAD_PX = 132
LONGEST_NAME, LONGEST_LABEL = 26, 18


class Look(NamedTuple):
    """How a state of a cell is drawn: symbol, colour of the mark, letter in it, colour of the letter, words."""

    symbol: str
    role: str
    letter: str
    text_role: str
    words: str


LOOKS = {
    reasons.SCORED: Look("square", "band", "", "ink", "number: score in %, under the protocol of its column"),
    reasons.NOT_COMPARABLE: Look("square-open", "pale", "≠", "muted", "≠ scored, but not under that protocol"),
    reasons.FAILED: Look("square", "target", "F", "background", "F failed, refused or unreadable"),
    reasons.UNKNOWN: Look("diamond-open", "undisclosed", "?", "ink", "? a row without a value, or a name that waits"),
    reasons.WITHDRAWN: Look("square", "undisclosed-pale", "W", "ink", "W only in withdrawn sources"),
    reasons.NEVER: Look("circle-open", "pale", "", "muted", "never run"),
}
_LEGEND_ROLE = {reasons.SCORED: "good"}


def coverage(cells: pd.DataFrame) -> go.Figure:
    """A grid of models and benchmarks; each cell holds a score or says by mark and letter why there is none.

    Args:
        cells: One row per model and benchmark, whole rows of the grid. Columns: ``model`` (id, '' while a name waits),
            ``name``, ``benchmark``, ``label`` (of the benchmark), ``reason`` (categorical of ``analysis.coverage``),
            ``detail`` (more about the reason, '' for none), ``score``, ``ci_low``, ``ci_high`` (fractions; NaN but for
            scored cells). Models from the top and benchmarks from the left in the order of their first row.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    row, names = _numbered(cells["model"].astype(str) + "\n" + cells["name"].astype(str), cells["name"])
    column, labels = _numbered(cells["benchmark"].astype(str), cells["label"])
    figure = go.Figure()
    for reason, look in LOOKS.items():
        here = (cells["reason"] == reason).to_numpy(bool)
        if here.any():
            figure.add_trace(_marks(cells[here], column[here], row[here], look))
    theme.framed(
        figure,
        x=_axis("Benchmark", [formats.plotly(label, LONGEST_LABEL) for label in labels])
        | {"side": "top", "tickangle": -90, "range": [-0.6, max(len(labels), 1) - 0.4]},
        y=_axis("Model", [formats.plotly(name, LONGEST_NAME) for name in names])
        | {"range": [max(len(names), 1) - 0.4, -0.6]},
        height=HEAD_PX + ROW_PX * max(len(names), 3),
    )
    return figure.update_layout(margin={"l": 10, "r": 12, "t": 10, "b": 10})


def legend(cells: pd.DataFrame) -> Legend:
    """The states that are in the grid, with their words."""
    there = set(cells["reason"].astype(str))
    return [
        (Mark(look.symbol, _LEGEND_ROLE.get(reason, look.role)), look.words)
        for reason, look in LOOKS.items()
        if reason in there
    ]


def example() -> dict[str, Any]:
    """A tiny grid: two models, three benchmarks, five states."""
    rows = [
        ("org/a-7b", "A 7B", "mmlu", "MMLU", reasons.SCORED, "", 0.62, 0.612, 0.628),
        ("org/a-7b", "A 7B", "gsm8k", "GSM8K", reasons.NOT_COMPARABLE, reasons.OTHER_PROTOCOL, np.nan, np.nan, np.nan),
        ("org/a-7b", "A 7B", "piqa", "PIQA", reasons.NEVER, "", np.nan, np.nan, np.nan),
        ("org/b-70b", "B 70B", "mmlu", "MMLU", reasons.FAILED, "refused", np.nan, np.nan, np.nan),
        ("org/b-70b", "B 70B", "gsm8k", "GSM8K", reasons.SCORED, "", 0.71, np.nan, np.nan),
        ("org/b-70b", "B 70B", "piqa", "PIQA", reasons.WITHDRAWN, "withdrawn source", np.nan, np.nan, np.nan),
    ]
    columns = ["model", "name", "benchmark", "label", "reason", "detail", "score", "ci_low", "ci_high"]
    cells = pd.DataFrame(rows, columns=columns)
    return {"cells": cells.assign(reason=pd.Categorical(cells["reason"], reasons.REASONS, ordered=True))}


def _numbered(keys: pd.Series, words: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Place of each row's key in the order of first sight, and the words of each place."""
    codes, _ = pd.factorize(keys)
    first = np.unique(codes, return_index=True)[1]
    return np.asarray(codes, float), [str(words.iloc[place]) for place in first]


def _axis(title: str, words: list[str]) -> dict[str, Any]:
    text = {"size": theme.TEXT_SIZE - 1, "color": theme.colour("muted")}
    return {
        "title": {"text": title, "font": text, "standoff": 6},
        "tickmode": "array",
        "tickvals": list(range(len(words))),
        "ticktext": words,
        "tickfont": text,
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
        "fixedrange": True,
    }


def _marks(cells: pd.DataFrame, x: np.ndarray, y: np.ndarray, look: Look) -> go.Scatter:
    is_scored = not look.letter and look.symbol == "square"
    letters = [formats.score(value, 0).removesuffix("%") for value in cells["score"]] if is_scored else None
    small = look.symbol == "circle-open"
    return go.Scatter(
        x=x,
        y=y,
        mode="markers" if small else "markers+text",
        text=letters if is_scored else ([look.letter] * len(cells) if look.letter else None),
        textfont={"size": theme.TEXT_SIZE - 2, "color": theme.colour(look.text_role)},
        marker={
            "symbol": look.symbol,
            "size": 4 if small else ROW_PX - 3,
            "color": theme.colour(look.role),
            "line": {"width": 1 if look.symbol.endswith("open") else 0, "color": theme.colour(look.role)},
        },
        customdata=cells["model"].astype(object).to_numpy(),
        hovertext=[_hover(row) for row in cells.itertuples()],
        hoverinfo="text",
    )


def _hover(row: Any) -> str:
    lines = [f"<b>{formats.plotly(row.name)}, {formats.plotly(row.label, 60)}</b>"]
    if str(row.reason) == reasons.SCORED:
        lines.append(f"scores {formats.interval(row.score, row.ci_low, row.ci_high)}")
    else:
        lines.append(str(row.reason) + (f": {formats.plotly(row.detail)}" if row.detail else ""))
    return "<br>".join(lines)
