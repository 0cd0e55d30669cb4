"""Which points of the plane carry a name: notable ones, one per region, none over another."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from lib.formats import one_line

SPAN_PX = (700.0, 480.0)
CHARACTER_PX, LINE_PX, GAP_PX = 6.6, 17.0, 8.0
MOST_CHARACTERS = 24
FEWEST_PLACES = 5
"""A model measured in fewer places is not called well known, also in a year in which nobody measured much."""
WELL_KNOWN = 20
"""So many go before the extremes of the plane."""
_REMARK = re.compile(r" \([^()\d]*\)$")


def choose_labels(points: pd.DataFrame, n: int = 30, places_measured: pd.Series | None = None) -> list[str]:
    """Models to name, most notable first; the same points give the same names in any order of rows.

    Notable, in turn: the one with most and with fewest tokens per parameter, the largest and the smallest; then those
    measured in most places as a share of the most that a model of their year was, so that the many evaluations of today
    do not push GPT-3 out; of equal shares the earlier. Base models go before those made
    from them, which share their point; models in one place only come last. A name is left out when its text, written to the right of the point,
    would touch another name. The figure places a dozen of them and leaves out what finds no room.

    Args:
        points: ``Plane.points``.
        n: At most so many.
        places_measured: Counts by model id (``renown.places_measured``); None: none is better known than another.
    """
    if points.empty or n <= 0:
        return []
    order = points.sort_values(["model"], kind="stable").reset_index(drop=True)
    xy = _pixels(order)
    width = order["name"].map(lambda name: CHARACTER_PX * len(_written(name))).to_numpy(float)
    chosen: list[int] = []
    for i in _by_notability(order, places_measured):
        if all(_is_apart(xy[i], width[i], xy[j], width[j]) for j in chosen):
            chosen.append(i)
        if len(chosen) == n:
            break
    return [str(order["model"].iloc[i]) for i in chosen]


def labelled(points: pd.DataFrame, n: int = 30, places_measured: pd.Series | None = None) -> pd.DataFrame:
    """The points, most notable first, with the names in ``label`` ('' for the others)."""
    chosen = choose_labels(points, n, places_measured)
    rank = points["model"].map({model: i for i, model in enumerate(chosen)}).astype(float)
    named = points.assign(label=points["name"].where(rank.notna(), "").map(_written))
    return named.iloc[np.lexsort((points["model"].to_numpy(), rank.fillna(np.inf).to_numpy()))].reset_index(drop=True)


def _written(name: str) -> str:
    """A name short enough to stand beside a mark: without a remark in brackets, unless it holds the size."""
    return one_line(_REMARK.sub("", name), MOST_CHARACTERS)


def _pixels(points: pd.DataFrame) -> np.ndarray:
    """Positions on a figure of usual size, shape (points, 2)."""
    columns = []
    for name, span in zip(("size", "training_tokens"), SPAN_PX, strict=True):
        logs = np.log10(points[name].to_numpy(float))
        extent = np.ptp(logs)
        columns.append((logs - logs.min()) / extent * span if extent else np.full(len(logs), span / 2))
    return np.column_stack(columns)


def _by_notability(points: pd.DataFrame, places_measured: pd.Series | None) -> list[int]:
    ratio = points["tokens_per_parameter"]
    extremes = [ratio.idxmax(), ratio.idxmin(), points["size"].idxmax(), points["size"].idxmin()]
    places = 0.0 * ratio if places_measured is None else points["model"].map(places_measured).fillna(0.0)
    most = places.groupby(points["released_on"].dt.year).transform("max")
    ranked = points.assign(
        _is_tuned=points["is_inherited"] | (points["kind"] != "base"),
        _is_obscure=places < FEWEST_PLACES,
        _share=-(places / most.clip(lower=FEWEST_PLACES)).fillna(0.0),
        _day=points["released_on"].fillna(pd.Timestamp.max.floor("s")),
        _size=-points["size"],
    ).sort_values(["_is_obscure", "_is_tuned", "_share", "_day", "_size", "model"], kind="stable")
    n_known = 0 if places_measured is None else WELL_KNOWN
    return [int(i) for i in dict.fromkeys([*ranked.index[:n_known], *extremes, *ranked.index])]


def _is_apart(a: np.ndarray, width_a: float, b: np.ndarray, width_b: float) -> bool:
    """Whether two marks with their names to the right touch."""
    left, right = (a, width_a), (b, width_b)
    if a[0] > b[0]:
        left, right = right, left
    return bool(abs(a[1] - b[1]) >= LINE_PX or left[0][0] + GAP_PX + left[1] + GAP_PX < right[0][0])
