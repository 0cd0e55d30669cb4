"""Lines of the table that ``python -m bench`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

HEADINGS = ("what", "measured", "floor", "ratio", "aim")


class Line(NamedTuple):
    """One figure.

    Args:
        what: What was timed, and in brackets what the floor is.
        measured, floor: Seconds, or megabytes with ``unit``.
        aim: The largest ratio that is good enough; None for a figure without one.
        most: The largest measured value that is good enough, where that and no ratio is the aim.
        unit: What they are measured in.
    """

    what: str
    measured: float
    floor: float
    aim: float | None = None
    most: float | None = None
    unit: Literal["s", "MB"] = "s"

    @property
    def ratio(self) -> float:
        return self.measured / self.floor if self.floor else float("inf")

    def cells(self) -> tuple[str, ...]:
        told = [(self.ratio, self.aim, "{:g}"), (self.measured, self.most, f"{{:g}} {self.unit}")]
        aims = [f"{words.format(aim)} {'' if value <= aim else 'missed'}".strip() for value, aim, words in told if aim]
        shown = _time if self.unit == "s" else _megabytes
        return self.what, shown(self.measured), shown(self.floor), f"{self.ratio:.3g}", ", ".join(aims)


def show(lines: Iterable[Line], *, as_markdown: bool = False) -> None:
    """Print the lines as a plain table, or as one for ``docs/speed.md``."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    if as_markdown:
        rows.insert(1, ("---",) * len(HEADINGS))
        print("\n".join(f"| {' | '.join(row)} |" for row in rows))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join((first, *rest)).rstrip())


def _megabytes(megabytes: float) -> str:
    return f"{megabytes:.2f} MB"


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
