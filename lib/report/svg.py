"""A drawing as SVG that lies in a page: colours by class, so that the page's light and dark reach into it."""

from __future__ import annotations

import html
import re
from typing import Any

from lib.report.drawing import WIDTH, Area, Line, Mark, Shape, Words, drawing
from lib.report.symbols import outlines

_PLACEHOLDER = re.compile(r"#0000([0-3]\d)")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def svg(spec: dict[str, Any], *, alt: str, width: float = WIDTH) -> str:
    """The figure as one ``svg`` element, with its alternative text as title."""
    made = drawing(spec, width=width)
    shapes = "".join(_shape(one) for one in made.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(made.width)} {_n(made.height)}" role="img">'
        f"<title>{html.escape(alt)}</title>{shapes}</svg>"
    )


def _shape(shape: Shape) -> str:
    if isinstance(shape, Line):
        dash = f' stroke-dasharray="{shape.dash}"' if shape.dash else ""
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        paint = _paint("none", shape.colour, shape.width)
        return f'<polyline points="{points}"{paint}{dash}{_opacity(shape.opacity)}/>'
    if isinstance(shape, Area):
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.points)
        return f'<polygon points="{points}"{_paint(shape.colour, "", 0)}/>'
    if isinstance(shape, Mark):
        return _mark(shape)
    return _words(shape)


def _mark(mark: Mark) -> str:
    paint = _paint(mark.colour or "none", mark.edge, mark.edge_width) + _opacity(mark.opacity)
    if mark.symbol == "circle":
        return f'<circle cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.size / 2)}"{paint}/>'
    path = "".join(
        "M" + "L".join(f"{_n(mark.x + x)} {_n(mark.y + y)}" for x, y in points) + ("Z" if is_closed else "")
        for points, is_closed in outlines(mark.symbol, mark.size)
    )
    return f'<path d="{path}"{paint}/>'


def _words(words: Words) -> str:
    # A third of the size below the middle is where letters of this font stand on.
    y = words.y + words.size * 0.34
    turned = f' transform="rotate({_n(words.turn)} {_n(words.x)} {_n(words.y)})"' if words.turn else ""
    bold = ' font-weight="600"' if words.is_bold else ""
    anchor = "" if words.anchor == "start" else f' text-anchor="{words.anchor}"'
    return (
        f'<text x="{_n(words.x)}" y="{_n(y)}" font-size="{_n(words.size)}"{anchor}{bold}{turned}{_paint(words.colour, "", 0)}>'
        f"{html.escape(words.text)}</text>"
    )


def _paint(fill: str, stroke: str, width: float) -> str:
    """Classes for placeholders, attributes for colours as they are; anything else is not painted."""
    classes, attributes = [], ""
    found = _PLACEHOLDER.fullmatch(fill)
    if found:
        classes.append(f"f{found[1]}")
    else:
        attributes += f' fill="{fill if _COLOUR.fullmatch(fill) else "none"}"'
    if width > 0 and (found := _PLACEHOLDER.fullmatch(stroke)):
        classes.append(f"s{found[1]}")
        attributes += f' stroke-width="{_n(width)}"'
    elif width > 0 and _COLOUR.fullmatch(stroke):
        attributes += f' stroke="{stroke}" stroke-width="{_n(width)}"'
    return (f' class="{" ".join(classes)}"' if classes else "") + attributes


def _opacity(share: float) -> str:
    return f' opacity="{_n(share)}"' if share < 1 else ""


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if value == value else "0"
