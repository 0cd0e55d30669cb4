"""A drawing as PNG, for previews of links: the picture that a chat or a mail shows beside an address. No browser needed."""

from __future__ import annotations

import io
import itertools
import math
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from lib.figures import theme
from lib.report.drawing import Area, Drawing, Line, Mark, Words, drawing
from lib.report.symbols import outlines

FONT_FILE = Path(__file__).parent / "assets" / "source-sans-3.woff2"
REGULAR, BOLD = 400, 650
CARD_WIDTH, CARD_HEIGHT = 1200, 630
"""As those who show previews ask for it."""
EDGE = 48
SHARPER = 2
"""Everything is drawn so many times larger and made smaller, which smooths the edges."""
TITLE_PX, TEXT_PX, NAME_PX = 46, 27, 24
MOST_TITLE_LINES, MOST_TEXT_LINES = 2, 3
LEAST_FIGURE_PX = 220
LONGEST_TEXT, LONGEST_WORD = 2_000, 80


def card(title: str, told: str, spec: dict[str, Any] | None) -> bytes:
    """A preview: the question, the takeaway, and as much of the figure as there is room for.

    Args:
        title, told: Plain text.
        spec: The figure as Plotly writes it; None for none.
    """
    paper = _Paper(CARD_WIDTH, CARD_HEIGHT)
    y = paper.name(EDGE - 8)
    y = paper.paragraph(title, y + 26, TITLE_PX, BOLD, "ink", MOST_TITLE_LINES)
    y = paper.paragraph(told, y + 14, TEXT_PX, REGULAR, "muted", MOST_TEXT_LINES if spec is not None else 9)
    room = CARD_HEIGHT - y - 34
    if spec is not None and room >= LEAST_FIGURE_PX:
        wide = CARD_WIDTH - 2 * EDGE
        # Names that stand away from their marks were placed for a higher figure.
        near = [note for note in spec["layout"].get("annotations", []) if note.get("showarrow") is False]
        made = drawing({**spec, "layout": {**spec["layout"], "height": room, "annotations": near}}, width=wide)
        paper.draw(made, EDGE, y + 18)
    return paper.png()


class _Paper:
    """A sheet on which shapes are drawn in the colours of light."""

    def __init__(self, width: int, height: int) -> None:
        self._colours = theme.placeholders("light")
        self._width, self._height = width, height
        ground = theme.real_colour("background", "light")
        self._image = Image.new("RGB", (width * SHARPER, height * SHARPER), ground)
        self._pen = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        out = io.BytesIO()
        smooth = self._image.resize((self._width, self._height), Image.Resampling.LANCZOS)
        smooth.save(out, "PNG", optimize=True)
        return out.getvalue()

    def name(self, y: float) -> float:
        """The name of the product, with the marks of small and large; returns where it ends."""
        small, large = (theme.real_colour(role, "light") for role in ("small", "large"))
        self._pen.ellipse(self._box(EDGE, y + 11, EDGE + 12, y + 23), fill=small)
        self._pen.rectangle(self._box(EDGE + 16, y, EDGE + 36, y + 20), fill=large)
        self._text(EDGE + 48, y + 12, "Pound for Pound", NAME_PX, BOLD, theme.real_colour("ink", "light"))
        return y + 24

    def paragraph(self, text: str, y: float, size: int, weight: int, role: str, most: int) -> float:
        """Lines of text as wide as the sheet, at most so many; returns where they end."""
        font = _font(size * SHARPER, weight)
        room = (self._width - 2 * EDGE) * SHARPER
        lines = _wrapped(text, font, room, most)
        for n, line in enumerate(lines):
            self._text(EDGE, y + size * 1.2 * (n + 0.5), line, size, weight, theme.real_colour(role, "light"))
        return y + size * 1.2 * len(lines)

    def draw(self, made: Drawing, left: float, top: float) -> None:
        """All shapes of a drawing, moved."""
        for shape in made.shapes:
            if isinstance(shape, Line):
                self._line([(x + left, y + top) for x, y in shape.points], shape)
            elif isinstance(shape, Area):
                colour = self._colour(shape.colour)
                if colour and len(shape.points) > 2:
                    self._pen.polygon([self._at(x + left, y + top) for x, y in shape.points], fill=colour)
            elif isinstance(shape, Mark):
                self._mark(shape, left, top)
            else:
                self._words(shape, left, top)

    def _line(self, points: list[tuple[float, float]], line: Line) -> None:
        colour = self._colour(line.colour, line.opacity)
        if not colour:
            return
        width = max(1, round(line.width * SHARPER))
        for piece in _dashed(points, line.dash):
            self._pen.line([self._at(x, y) for x, y in piece], fill=colour, width=width, joint="curve")

    def _mark(self, mark: Mark, left: float, top: float) -> None:
        fill, edge = self._colour(mark.colour, mark.opacity), self._colour(mark.edge, mark.opacity)
        x, y = mark.x + left, mark.y + top
        width = max(1, round(mark.edge_width * SHARPER)) if mark.edge_width > 0 and edge else 0
        if mark.symbol == "circle":
            r = mark.size / 2
            box = self._box(x - r, y - r, x + r, y + r)
            self._pen.ellipse(box, fill=fill or None, outline=edge if width else None, width=width or 1)
            return
        for points, is_closed in outlines(mark.symbol, mark.size):
            at = [self._at(x + dx, y + dy) for dx, dy in points]
            if is_closed and fill:
                self._pen.polygon(at, fill=fill)
            if width:
                self._pen.line([*at, at[0]] if is_closed else at, fill=edge, width=width)

    def _words(self, words: Words, left: float, top: float) -> None:
        colour = self._colour(words.colour)
        if colour:
            weight = BOLD if words.is_bold else REGULAR
            self._text(
                words.x + left, words.y + top, words.text, words.size, weight, colour, words.anchor, turn=words.turn
            )

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        weight: int,
        colour: str,
        anchor: str = "start",
        turn: float = 0.0,
    ) -> None:
        font = _font(round(size * SHARPER), weight)
        where = {"start": "lm", "middle": "mm", "end": "rm"}[anchor]
        if not turn:
            self._pen.text(self._at(x, y), text, font=font, fill=colour, anchor=where)
            return
        wide = math.ceil(font.getlength(text)) + 8
        own = Image.new("L", (wide, wide), 0)
        at = {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        ImageDraw.Draw(own).text((at, wide / 2), text, font=font, fill=255, anchor=where)
        turned = own.rotate(-turn, resample=Image.Resampling.BICUBIC, center=(at, wide / 2))
        place = self._at(x, y)
        self._image.paste(colour, (round(place[0] - at), round(place[1] - wide / 2)), turned)

    def _colour(self, colour: str, opacity: float = 1.0) -> str:
        """The real colour, paler where it lets the ground shine through; '' for none."""
        real = self._colours.get(colour, colour)
        if len(real) != 7 or not real.startswith("#"):
            return ""
        if opacity >= 1:
            return real
        parts = (round(255 + (part - 255) * max(opacity, 0)) for part in bytes.fromhex(real[1:]))
        return "#" + "".join(f"{part:02X}" for part in parts)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * SHARPER, y * SHARPER

    def _box(self, *edges: float) -> tuple[float, ...]:
        return tuple(edge * SHARPER for edge in edges)


def _wrapped(text: str, font: Any, room: float, most: int) -> list[str]:
    """Words put into lines; what does not fit ends in an ellipsis."""
    lines: list[str] = []
    for word in (one[:LONGEST_WORD] for one in text[:LONGEST_TEXT].split()):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    kept = lines[:most]
    if len(lines) > most:
        kept[-1] += "…"
    for n, line in enumerate(kept):
        while len(line) > 1 and font.getlength(line) > room:
            line = line.removesuffix("…")[:-1] + "…"
        kept[n] = line
    return kept


def _dashed(points: list[tuple[float, float]], dash: str) -> list[list[tuple[float, float]]]:
    """A line cut into its dashes."""
    if not dash:
        return [points]
    pattern = [max(float(one), 0.5) for one in dash.split()]
    pieces: list[list[tuple[float, float]]] = []
    n, left = 0, pattern[0]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        length, at = math.dist((ax, ay), (bx, by)), 0.0
        while length - at > 1e-9:
            step = min(left, length - at)
            ends = [(ax + (bx - ax) * s / length, ay + (by - ay) * s / length) for s in (at, at + step)]
            if n % 2 == 0:
                pieces.append(ends)
            at, left = at + step, left - step
            if left <= 1e-9:
                n += 1
                left = pattern[n % len(pattern)]
    return pieces


@cache
def _font(size: int, weight: int) -> Any:
    try:
        font = ImageFont.truetype(str(FONT_FILE), size)
        font.set_variation_by_axes([weight])
    except OSError:  # a FreeType that cannot read this kind of file
        return ImageFont.load_default(size)
    return font
