"""Outlines of the marks, as Plotly draws them, around the point they stand for."""

from __future__ import annotations

import math

Outline = tuple[list[tuple[float, float]], bool]
"""Points and whether the line is closed."""


def outlines(symbol: str, size: float) -> list[Outline]:
    """Outlines of a symbol of this size (its diameter, in pixels); an unknown symbol is a circle."""
    r = size / 2
    if symbol == "square":
        return [([(-r, -r), (r, -r), (r, r), (-r, r)], True)]
    if symbol == "diamond":
        d = r * 1.3
        return [([(0, -d), (d, 0), (0, d), (-d, 0)], True)]
    if symbol.startswith("triangle"):
        side, half, base = 2 * r / math.sqrt(3), r / 2, r
        up = [(-side, half), (side, half), (0.0, -base)]
        return [(up if symbol == "triangle-up" else [(x, -y) for x, y in up], True)]
    if symbol == "star":
        return [(_star(r * 1.4), True)]
    if symbol in ("x", "x-thin"):
        d = r * 0.9
        return [([(-d, -d), (d, d)], False), ([(-d, d), (d, -d)], False)]
    if symbol == "line-ns":
        return [([(0, -r * 1.4), (0, r * 1.4)], False)]
    if symbol == "line-ew":
        return [([(-r * 1.4, 0), (r * 1.4, 0)], False)]
    if symbol == "circle-x":
        d = r / math.sqrt(2)
        return [*_circle(r), ([(-d, -d), (d, d)], False), ([(-d, d), (d, -d)], False)]
    if symbol == "circle-dot":
        return [*_circle(r), *_circle(max(r / 6, 0.8))]
    return _circle(r)


def _circle(r: float, n: int = 28) -> list[Outline]:
    turn = 2 * math.pi / n
    return [([(r * math.cos(i * turn), r * math.sin(i * turn)) for i in range(n)], True)]


def _star(r: float) -> list[tuple[float, float]]:
    points = []
    for i in range(10):
        length = r if i % 2 == 0 else r * 0.382
        angle = math.pi * i / 5 - math.pi / 2
        points.append((length * math.cos(angle), length * math.sin(angle)))
    return points
