"""Places names beside marks so that none touches another name or a mark, on a wide screen and on a phone alike.

The server does not know how wide the reader's screen is, and one cached figure serves all. So positions are offsets in
pixels from the mark, tried in a fixed order, and a candidate counts only if it is free in every size the figure may
have. A name that fits nowhere is left to the hover.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lib.figures.theme import LABEL_SIZE, colour

WIDE, MIDDLE, PHONE = 1020.0, 770.0, 278.0
"""Widths of the plot area in pixels on a wide page, on one of 1280 pixels beside the menu and on a phone of 390."""
MOST = 12
Box = tuple[float, float, float, float]
"""Left, bottom, right, top in pixels."""
GAP = 8.0
MOST_CROSSED = 3
RINGS = (2.2, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""How many times farther than a near name others may stand, with a leader."""


class Label(NamedTuple):
    """A name wanted beside a point.

    Args:
        x, y: The point, in shares of the axes (0 to 1).
        text: What to write, already escaped for Plotly; ``<br>`` parts lines.
        priority: Names with a smaller number are placed first.
        role: Colour of the text.
        is_of_line: The name belongs to a line rather than to a mark, and needs no leader to its point.
    """

    x: float
    y: float
    text: str
    priority: int = 1
    role: str = "ink"
    is_of_line: bool = False


class Placed(NamedTuple):
    """A name with its place: the offset of its anchor from the point, in pixels, up and right positive."""

    label: Label
    dx: float
    dy: float
    xanchor: str
    yanchor: str


_NARROW, _BROAD = set("iljtfrI.,:;'|!()[] 1-"), set("mwMWGOQ%@")


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = LABEL_SIZE) -> float:
    """Width of a text in Source Sans in pixels, on the large side."""
    units = sum(0.34 if c in _NARROW else 0.82 if c in _BROAD else 0.62 if c.isupper() else 0.53 for c in text)
    return units * size


def _candidates(gap: float, *, is_of_line: bool) -> list[tuple[float, float, str, str]]:
    near = [
        (gap, 0, "left", "middle"),
        (-gap, 0, "right", "middle"),
        (0, gap, "center", "bottom"),
        (0, -gap, "center", "top"),
        (gap, gap * 0.7, "left", "bottom"),
        (-gap, gap * 0.7, "right", "bottom"),
        (gap, -gap * 0.7, "left", "top"),
        (-gap, -gap * 0.7, "right", "top"),
    ]
    if is_of_line:  # far from its line a name would seem to be another's
        return near
    steep = [
        (dx * gap / 2, dy * gap, "center", "bottom" if dy > 0 else "top") for dx in (1, -1, 2, -2) for dy in (1, -1)
    ]
    around = [*near[2:], *near[:2], *steep]
    return near + [(dx * ring, dy * ring, xa, ya) for ring in RINGS for dx, dy, xa, ya in around]


def place(
    labels: Sequence[Label],
    marks: np.ndarray,
    lines: Sequence[np.ndarray] = (),
    *,
    height: float,
    strict: int = 1,
    most: int = MOST,
    gap: float = GAP,
    mark_radius: float = 5.0,
) -> list[Placed]:
    """Place as many labels as fit, in the order of priority, then of position in the list.

    Args:
        labels: Names wanted, with their points.
        marks: Points that no name may cover: shape (n, 2), in shares of the axes.
        lines: Lines that no name should cross: arrays of shape (k, 2), in shares of the axes.
        height: Height of the plot area in pixels.
        strict: 2: names keep clear of marks and lines on a wide page and on a phone, and leaders of all but a few marks;
            1: on a phone as far as possible. Of each other and of the edges they always keep clear.
        most: At most this many.
        gap: Pixels between a mark and its name.
        mark_radius: Radius of a mark in pixels.

    Returns:
        The labels that found a place. The same input gives the same places.
    """
    sizes = ((WIDE, height), (MIDDLE, height), (PHONE, height))
    n_clear = len(sizes) if strict == 2 else len(sizes) - 1
    points = np.asarray(marks, dtype=float).reshape(-1, 2)
    crossings = [_dense(np.asarray(line, dtype=float).reshape(-1, 2)) for line in lines]
    along = np.concatenate([*crossings, np.empty((0, 2))])
    # In pixels of each size, once for the thousands of places that are tried.
    scaled = [((points * size).T, (along * size).T) for size in sizes]
    taken: list[list[Box]] = [[] for _ in sizes]
    placed: list[Placed] = []
    for label in sorted(labels, key=lambda one: one.priority):
        if len(placed) == most:
            break
        best: tuple[float, Placed, list[Box]] | None = None
        for order, (dx, dy, xanchor, yanchor) in enumerate(_candidates(gap, is_of_line=label.is_of_line)):
            boxes = [_box(label, size, dx, dy, xanchor, yanchor) for size in sizes]
            here = Placed(label, dx, dy, xanchor, yanchor)
            cost = _cost(boxes, sizes, taken, scaled, n_clear, mark_radius)
            if cost is None or (best is not None and cost + 0.1 * order >= best[0]):
                continue
            if any(_touch(a, b) for s, used in zip(sizes, taken, strict=True) for a in _leader(here, s) for b in used):
                continue
            if strict == 2 and any(_crossed_by_leader(here, size, points) > MOST_CROSSED for size in sizes):
                continue
            best = (cost + 0.1 * order, here, boxes)
        if best is not None:
            placed.append(best[1])
            for used, box, size in zip(taken, best[2], sizes, strict=True):
                used += [box, *_leader(best[1], size)]
    return placed


def along(
    path: np.ndarray,
    text: str,
    marks: np.ndarray,
    lines: Sequence[np.ndarray] = (),
    *,
    role: str = "muted",
    height: float,
    n: int = 24,
) -> list[Label]:
    """A label for a line, at the first place along it where the name is free; none if there is none.

    Args:
        path: The line inside the plot area, in shares of the axes, starting where the label is wanted most.
        text, marks, lines, height: As for ``place``.
        role: Colour of the text.
        n: How many places to try.
    """
    if not len(path):
        return []
    spots = path[np.linspace(0, len(path) - 1, n).astype(int)]
    for strict in (2, 1):
        for x, y in spots:
            label = Label(float(x), float(y), text, 0, role, is_of_line=True)
            if place([label], marks, lines, height=height, strict=strict):
                return [label]
    return []


def written(placed: Sequence[Placed], at: Sequence[tuple[Any, Any]]) -> list[dict[str, Any]]:
    """Plotly annotations for placed labels.

    Args:
        placed: What ``place`` returned.
        at: For each, its point in the coordinates of the axes (the logarithm on a logarithmic axis).
    """
    return [_written(one, x, y) for one, (x, y) in zip(placed, at, strict=True)]


def _written(one: Placed, x: Any, y: Any) -> dict[str, Any]:
    background = colour("background")
    note = {
        "x": x,
        "y": y,
        "text": one.label.text,
        "xanchor": one.xanchor,
        "yanchor": one.yanchor,
        "borderpad": 0,
        # A halo in the colour of the page keeps a name readable where a phone leaves it no free place.
        "font": {
            "size": LABEL_SIZE,
            "color": colour(one.label.role),
            "shadow": ", ".join(f"{dx}px {dy}px 1px {background}" for dx in (-1, 1) for dy in (-1, 1)),
        },
    }
    if not _has_leader(one):
        return note | {"showarrow": False, "xshift": one.dx, "yshift": one.dy}
    leader = {"arrowhead": 0, "arrowwidth": 0.8, "arrowcolor": colour("undisclosed"), "standoff": 5}
    return note | leader | {"showarrow": True, "ax": one.dx, "ay": -one.dy}


def _dense(line: np.ndarray, step: float = 0.004) -> np.ndarray:
    """Points along a line, close enough together that no name slips between them."""
    parts = [line]
    for a, b in itertools.pairwise(line):
        n = int(np.hypot(*(b - a)) / step)
        if 1 < n < 2000:
            parts.append(a + (b - a) * (np.arange(1, n) / n)[:, None])
    return np.concatenate(parts) if len(line) else line


def _box(label: Label, size: tuple[float, float], dx: float, dy: float, xanchor: str, yanchor: str) -> Box:
    rows = label.text.split("<br>")
    width, height = max(map(text_width, rows)), LABEL_SIZE * 1.25 * len(rows)
    x, y = label.x * size[0] + dx, label.y * size[1] + dy
    left = x - {"left": 0.0, "center": width / 2, "right": width}[xanchor]
    bottom = y - {"bottom": 0.0, "middle": height / 2, "top": height}[yanchor]
    return left, bottom, left + width, bottom + height


def _cost(
    boxes: list[Box],
    sizes: Sequence[tuple[float, float]],
    taken: list[list[Box]],
    scaled: list[tuple[np.ndarray, np.ndarray]],
    n_clear: int,
    radius: float,
) -> float | None:
    """How much a candidate covers, or None where it may not stand; in the first ``n_clear`` sizes it may cover nothing.

    ``scaled``: marks and points along lines for each size, in pixels, arrays of shape (2, n).
    """
    cost = 0.0
    for i, (box, size, used, (points, along)) in enumerate(zip(boxes, sizes, taken, scaled, strict=True)):
        left, bottom, right, top = box
        if left < -2 or right > size[0] + 10 or bottom < -2 or top > size[1] + 4:
            return None
        if any(_touch(box, other) for other in used):
            return None
        covered = _inside(points, box, radius)
        crossed = _inside(along, box, 1.5)
        if i < n_clear and (covered or crossed):
            return None
        cost += covered + (0.05 * crossed)
    return cost


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] + 3 and b[0] < a[2] + 3 and a[1] < b[3] + 1 and b[1] < a[3] + 1


def _has_leader(placed: Placed) -> bool:
    """Whether a thin line leads from the name to its mark: names farther off than the nearest places."""
    return not placed.label.is_of_line and bool(np.hypot(placed.dx, placed.dy) >= 2 * GAP)


def _leader(placed: Placed, size: tuple[float, float]) -> list[Box]:
    """The leader of a name as small boxes from mark to name, empty if it has none."""
    if not _has_leader(placed):
        return []
    x, y = placed.label.x * size[0], placed.label.y * size[1]
    spots = [(x + placed.dx * share, y + placed.dy * share) for share in (0.2, 0.4, 0.6, 0.8)]
    return [(x, y, x, y) for x, y in spots]


def _crossed_by_leader(placed: Placed, size: tuple[float, float], points: np.ndarray) -> int:
    """How many other marks the leader of a name passes over."""
    if not _has_leader(placed) or not len(points):
        return 0
    offset = points * size - np.array([placed.label.x * size[0], placed.label.y * size[1]])
    toward = np.array([placed.dx, placed.dy])
    share = np.clip(offset @ toward / (toward @ toward), 0, 1)
    distance = np.hypot(*(offset - share[:, None] * toward).T)
    # Marks on the very point of the name are not in the way.
    return int(np.count_nonzero((distance < 4) & (np.hypot(*offset.T) > 4)))


def _inside(points: np.ndarray, box: Box, pad: float) -> int:
    if not points.size:
        return 0
    x, y = points
    left, bottom, right, top = box
    return int(np.count_nonzero((x > left - pad) & (x < right + pad) & (y > bottom - pad) & (y < top + pad)))
