"""Lines of a drawn figure: where they begin and end, and what of them lies inside the plot."""

from __future__ import annotations

import itertools

import numpy as np

from lib.report.scales import Scale


def pieces(xs: np.ndarray, ys: np.ndarray, *, is_stair: bool) -> list[list[tuple[float, float]]]:
    """Connected pieces; a gap in the values parts them."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs.tolist(), ys.tolist(), strict=True):
        if x != x or y != y:
            found.append([])
            continue
        if is_stair and found[-1]:
            found[-1].append((x, found[-1][-1][1]))
        found[-1].append((x, y))
    return [piece for piece in found if len(piece) > 1]


def inside(points: list[tuple[float, float]], x: Scale, y: Scale) -> list[list[tuple[float, float]]]:
    """The parts of a line inside the plot."""
    left, right = sorted((x.start, x.end))
    top, bottom = sorted((y.start, y.end))
    if all(left <= a <= right and top <= b <= bottom for a, b in points):
        return [points]
    found: list[list[tuple[float, float]]] = []
    for a, b in itertools.pairwise(points):
        cut = _cut(a, b, (left, top, right, bottom))
        if cut is None:
            continue
        if found and found[-1][-1] == cut[0]:
            found[-1].append(cut[1])
        else:
            found.append([cut[0], cut[1]])
    return found


def _cut(
    a: tuple[float, float], b: tuple[float, float], box: tuple[float, float, float, float]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """The part of a segment inside a box, by Liang and Barsky."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    first, last = 0.0, 1.0
    for slope, room in ((-dx, a[0] - box[0]), (dx, box[2] - a[0]), (-dy, a[1] - box[1]), (dy, box[3] - a[1])):
        if slope == 0:
            if room < 0:
                return None
        elif slope < 0:
            first = max(first, room / slope)
        else:
            last = min(last, room / slope)
    if first > last:
        return None
    return (a[0] + first * dx, a[1] + first * dy), (a[0] + last * dx, a[1] + last * dy)
