"""What the command line writes where: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import orjson

from lib.sources.texts import for_terminal


def say(text: str) -> None:
    """A message to standard error; control characters from hostile names are shown, not obeyed."""
    sys.stderr.write(for_terminal(text, limit=2000) + "\n")
    sys.stderr.flush()


def put(text: str = "") -> None:
    """A line of the result."""
    sys.stdout.write(for_terminal(text, limit=10_000) + "\n")


def put_json(value: Any) -> None:
    """One JSON object; what JSON cannot hold (NaN) is null."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    sys.stdout.write(text.decode() + "\n")


def put_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their longest cell, two blanks apart."""
    lines = [list(header), *([for_terminal(cell, limit=80) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        put("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


class ProgressLine:
    """How far a long work is: one line that is overwritten on a terminal, a line now and then elsewhere."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._width = 0

    def show(self, text: str, *, is_milestone: bool = False) -> None:
        """Show the state. A milestone is written even where lines cannot be overwritten."""
        line = for_terminal(text, limit=110)
        if self._is_terminal:
            sys.stderr.write("\r" + line.ljust(self._width))
            sys.stderr.flush()
            self._width = len(line)
        elif is_milestone:
            say(line)

    def end(self) -> None:
        if self._is_terminal and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
