"""Names on the plane of training, and the plane itself: its limits, and the way from values to shares of the axes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib import formats
from lib.figures import labels

HEIGHT = 580
PLOT_HEIGHT = HEIGHT - 110


class Plane:
    """The limits of the plane, and from values to shares of the axes."""

    def __init__(self, drawn: pd.DataFrame) -> None:
        self.sizes = _limits(drawn["size"], (1e8, 1e12))
        self.tokens = _limits(drawn["training_tokens"], (1e10, 3e13))

    def xy(self, size: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """Shares of the axes, shape (n, 2)."""
        (x0, x1), (y0, y1) = np.log10(self.sizes), np.log10(self.tokens)
        x = (np.log10(np.asarray(size, dtype=float)) - x0) / (x1 - x0)
        return np.column_stack([x, (np.log10(np.asarray(tokens, dtype=float)) - y0) / (y1 - y0)])

    def at(self, xy: np.ndarray) -> tuple[float, float]:
        """The coordinates of an annotation: logarithms on both axes."""
        (x0, x1), (y0, y1) = np.log10(self.sizes), np.log10(self.tokens)
        return float(x0 + xy[0] * (x1 - x0)), float(y0 + xy[1] * (y1 - y0))


def _limits(values: pd.Series, empty: tuple[float, float]) -> tuple[float, float]:
    if not len(values):
        return empty
    low, high = float(values.min()) / 1.7, float(values.max()) * 2
    return (low, high) if high / low > 100 else (low / 5, high * 5)


def names(
    drawn: pd.DataFrame,
    lines: pd.DataFrame,
    compute_lines: pd.DataFrame,
    kaplan: pd.DataFrame | None,
    plane: Plane,
    highlight: str | None,
) -> list[dict[str, Any]]:
    """Annotations: names of models, of laws and of lines of equal compute, none over another or over a mark.

    Args:
        drawn, lines, compute_lines, kaplan, highlight: As for the figure.
        plane: The limits of the axes.
    """
    marks = plane.xy(drawn["size"].to_numpy(), drawn["training_tokens"].to_numpy())
    own, is_own = _own_name(drawn, plane, highlight), (drawn["model"] == highlight).to_numpy(bool)
    # What its name covers is as good as a mark to the other names.
    marks = np.concatenate([marks, *(one + np.outer(np.linspace(-0.09, 0.09, 7), [1, 0]) for _, one in own)])
    named = drawn[np.array([bool(label) for label in drawn["label"]], dtype=bool) & ~is_own]
    texts = [
        label if isinstance(label, str) else name for label, name in zip(named["label"], named["name"], strict=True)
    ]
    spots = plane.xy(named["size"].to_numpy(), named["training_tokens"].to_numpy())
    wanted = [labels.Label(x, y, formats.plotly(text, 32), 3) for (x, y), text in zip(spots, texts, strict=True)]
    paths = [_clipped(line, plane) for _, line in lines.groupby("law", sort=False)]
    ends: list[labels.Label] = []
    if kaplan is not None and len(kaplan):
        paths.append(_clipped(kaplan, plane))
    if len(lines):
        ends += labels.along(paths[0], "compute-optimal", marks, paths, height=PLOT_HEIGHT, role="good")
    if kaplan is not None and len(kaplan):
        ends += labels.along(paths[-1], "slope of Kaplan et al. 2020", marks, paths, height=PLOT_HEIGHT, role="muted")
    for flop, line in compute_lines.groupby("flop", sort=True):
        path = _clipped(line, plane)
        if len(path):
            ends += labels.along(
                path[::-1], formats.flop(flop), marks, paths, height=PLOT_HEIGHT, role="undisclosed", n=12
            )
    most = labels.MOST + len(ends)
    placed = labels.place(ends + wanted, marks, paths, height=PLOT_HEIGHT, strict=2, most=most, mark_radius=4)
    at = [plane.at(np.array([one.label.x, one.label.y])) for one in placed]
    return labels.written(placed, at) + [note for note, _ in own]


def _own_name(drawn: pd.DataFrame, plane: Plane, highlight: str | None) -> list[tuple[dict[str, Any], np.ndarray]]:
    """The name of the model that the figure is about, whatever it covers, and where its middle is."""
    rows, found = drawn[(drawn["model"] == highlight).to_numpy(bool)], []
    for name, xy in zip(
        rows["name"], plane.xy(rows["size"].to_numpy(), rows["training_tokens"].to_numpy()), strict=True
    ):
        side = 0 if 0.4 < xy[0] < 0.6 else 1 if xy[0] <= 0.4 else -1
        up = 0 if side else -1 if xy[1] > 0.9 else 1
        anchors = ("center", "left", "right")[side], ("middle", "bottom", "top")[up]
        own = labels.Label(xy[0], xy[1], f"<b>{formats.plotly(name, 32)}</b>")
        (note,) = labels.written([labels.Placed(own, 14 * side, 14 * up, *anchors)], [plane.at(xy)])
        found.append((note, xy + np.array([0.1 * side, 0.05 * up])))
    return found


def _clipped(line: pd.DataFrame, plane: Plane) -> np.ndarray:
    """The part of a straight or gently bent line inside the plane, as dense points in shares of the axes."""
    xy = plane.xy(line["size"].to_numpy(), line["training_tokens"].to_numpy())
    xy = xy[np.argsort(xy[:, 0])]
    x = np.linspace(0, 1, 401)
    inside = (x >= xy[0, 0]) & (x <= xy[-1, 0])
    dense = np.column_stack([x[inside], np.interp(x[inside], xy[:, 0], xy[:, 1])])
    return dense[(dense[:, 1] >= 0) & (dense[:, 1] <= 1)]
