"""The legend as a line of words: each mark with what it means. The page writes it under the figure."""

from __future__ import annotations

from typing import NamedTuple

_GLYPHS = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle-up": "▲",
    "triangle-down": "▼",
    "triangle-down-open": "▽",
    "star": "★",
    "circle-open": "○",
    "square-open": "□",
    "diamond-open": "◇",
    "dot": "⊙",
    "crossed": "⊗",
    "line": "—",
    "dotted": "┄",
    "dashed": "╌",
    "band": "▬",
}


class Mark(NamedTuple):
    """A mark of the legend: its symbol (a key of the glyphs) and its role in ``theme``."""

    symbol: str
    role: str

    @property
    def glyph(self) -> str:
        """The character that stands for the mark in running text."""
        return _GLYPHS[self.symbol]


Legend = list[tuple[Mark, str]]
"""Entries in reading order: the mark, and its words in plain text (to be escaped where they are shown)."""
