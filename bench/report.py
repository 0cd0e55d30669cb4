"""Lines of the table that ``python -m bench`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

HEADINGS = ("what", "measured", "floor", "ratio", "aim")


class Line(NamedTuple):
    """One figure.

    Args:
        what: What was timed, and in brackets what the floor is.
        measured, floor: Seconds.
        aim: The largest ratio that is good enough; None for a figure without one.
    """

    what: str
    measured: float
    floor: float
    aim: float | None = None

    @property
    def ratio(self) -> float:
        return self.measured / self.floor

    def cells(self) -> tuple[str, ...]:
        aim = "" if self.aim is None else f"{self.aim:g} {'' if self.ratio <= self.aim else 'missed'}".strip()
        return self.what, _time(self.measured), _time(self.floor), f"{self.ratio:.3g}", aim


def show(lines: Iterable[Line]) -> None:
    """Print the lines as a plain table."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join((first, *rest)).rstrip())


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
