"""CSV tables with declared columns: the declaration makes the parsers, and an error names file, line and column.

A table is recognised by its header alone: the same set of column names, in any order. Text stays exactly as
written (formulas and markup are harmless here and are escaped where they are shown); an empty cell is None.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lib.errors import RefusedInput
from lib.sources.contract import Candidate

LARGEST_COUNT = 2**63 - 1
MOST_COLUMNS = 2000
MOST_BYTES = 20_000_000
"""Largest table: all of it is held as objects, many times its size. The largest shipped one has 2 MB."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
_FLAGS = {"1": True, "0": False, "true": True, "false": False, "True": True, "False": False}


def read_number(cell: str) -> float:
    """A finite decimal number.

    Raises:
        ValueError: For anything else, also NaN, Infinity, digit separators and numbers beyond double precision.
    """
    text = cell.strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError("a number")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number within double precision")
    return value


def read_count(cell: str) -> int:
    """A whole number of at most 64 bits; ``400000000.0`` and ``4e8`` are whole.

    Raises:
        ValueError: For anything else.
    """
    text = cell.strip()
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and len(digits) <= 19:
        value = int(text)
    else:
        number = read_number(text)
        if not number.is_integer():
            raise ValueError("a whole number")
        value = int(number)
    if abs(value) > LARGEST_COUNT:
        raise ValueError("a whole number of at most 64 bits")
    return value


def read_positive(cell: str) -> int:
    """A whole number above 0.

    Raises:
        ValueError: For anything else; 0 is never written for "unknown".
    """
    value = read_count(cell)
    if value <= 0:
        raise ValueError("a whole number above 0, or an empty cell for unknown")
    return value


def read_date(cell: str) -> str:
    """An ISO date that may stop at the month or the year; kept as text.

    Raises:
        ValueError: For anything else.
    """
    if not _DATE.fullmatch(cell):
        raise ValueError("a date as YYYY-MM-DD, YYYY-MM or YYYY")
    return cell


def read_flag(cell: str) -> bool:
    """True or false, written 1/0 or true/false.

    Raises:
        ValueError: For anything else.
    """
    if cell not in _FLAGS:
        raise ValueError("true, false, 1 or 0")
    return _FLAGS[cell]


def read_list(cell: str) -> list[str]:
    """Names separated by semicolons."""
    return [name for name in (part.strip() for part in cell.split(";")) if name]


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    Args:
        name: As in the header.
        read: From the text of a cell that is not empty to the value; raises ValueError saying what is expected.
        is_required: Whether an empty cell is refused.
        key: Name in the row, where it differs from the header.
    """

    name: str
    read: Callable[[str], Any] | None = None
    is_required: bool = False
    key: str = ""


def text(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, None, required, key or name)


def number(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, read_number, required, key or name)


def count(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, read_count, required, key or name)


def positive(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, read_positive, required, key or name)


def date(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, read_date, required, key or name)


def flag(name: str, *, required: bool = False, key: str = "") -> Column:
    return Column(name, read_flag, required, key or name)


def names(name: str, *, key: str = "") -> Column:
    return Column(name, read_list, False, key or name)


def choice(name: str, allowed: tuple[str, ...], *, required: bool = False) -> Column:
    """A column that holds one of a few words."""

    def read(cell: str) -> str:
        if cell not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return cell

    return Column(name, read, required, name)


class Table:
    """The declaration of one kind of CSV file."""

    def __init__(self, *columns: Column) -> None:
        self.columns = {column.name: column for column in columns}
        if len(self.columns) != len(columns):
            raise ValueError("a column is declared twice")

    def matches(self, candidate: Candidate) -> bool:
        """Whether the header names exactly the declared columns, in any order."""
        header = candidate.csv_header
        return len(header) == len(self.columns) and set(header) == set(self.columns)

    def rows(self, candidate: Candidate) -> list[dict[str, Any]]:
        """Every row as a dictionary of key to value, in file order; empty cells are None.

        Raises:
            RefusedInput: If the header differs, or a cell does not hold what its column declares.
        """
        lines = read_lines(candidate)
        header = next(lines)[1]
        if set(header) != set(self.columns):
            raise RefusedInput(
                "the header does not name the expected columns",
                file=candidate.name,
                place="line 1",
                expected=", ".join(self.columns),
                found=", ".join(header),
            )
        columns = [self.columns[name] for name in header]
        return [read_row(columns, cells, line, candidate.name) for line, cells in lines]


def read_row(columns: list[Column], cells: list[str], line: int, file: str) -> dict[str, Any]:
    """One row by its declared columns.

    Raises:
        RefusedInput: Naming file, line and column.
    """
    row: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if cell == "":
            if column.is_required:
                raise refused_cell(file, line, column.name, expected="a value", found="an empty cell")
            row[column.key] = None
        elif column.read is None:
            row[column.key] = cell
        else:
            try:
                row[column.key] = column.read(cell)
            except ValueError as error:
                raise refused_cell(file, line, column.name, expected=str(error), found=cell) from None
    return row


def refused_cell(file: str, line: int, column: str, *, expected: str, found: object) -> RefusedInput:
    """The refusal of one cell."""
    return RefusedInput(
        "a cell does not hold what its column says",
        file=file,
        place=f"line {line}, column {column!r}",
        expected=expected,
        found=found,
    )


def read_lines(
    candidate: Candidate, *, keep_ragged: bool = False, delimiter: str = ","
) -> Iterator[tuple[int, list[str]]]:
    """Header and rows with the number of the line on which each ends; blank lines are left out.

    With ``keep_ragged`` a row with another number of cells than the header is handed out, too.

    Raises:
        RefusedInput: If the content is larger than ``MOST_BYTES``, is not UTF-8, holds a NUL byte, has no header or one that names a column
            twice or has more than ``MOST_COLUMNS``, or if a row has another number of cells than the header.
    """
    file = candidate.name
    if len(candidate.content) > MOST_BYTES:
        raise RefusedInput(
            "too large for one table",
            file=file,
            expected=f"at most {MOST_BYTES / 1e6:.0f} MB",
            found=f"{len(candidate.content) / 1e6:.1f} MB",
        )
    try:
        content = candidate.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedInput("not UTF-8 text", file=file, place=f"byte {error.start}", expected="UTF-8") from None
    if "\0" in content:
        raise RefusedInput("a NUL byte in a text file", file=file, place=f"character {content.index(chr(0))}")
    reader = csv.reader(io.StringIO(content, newline=""), strict=True, delimiter=delimiter)
    width = 0
    try:
        for cells in reader:
            if not cells:
                continue
            if not width:
                cells = [name.strip() for name in cells]
                width = _header_width(cells, file)
            elif len(cells) != width and not keep_ragged:
                raise RefusedInput(
                    "a row has another number of cells than the header",
                    file=file,
                    place=f"line {reader.line_num}",
                    expected=f"{width} cells",
                    found=f"{len(cells)} cells",
                )
            yield reader.line_num, cells
    except csv.Error as error:
        raise RefusedInput(f"not readable as CSV ({error})", file=file, place=f"line {reader.line_num}") from None
    if not width:
        raise RefusedInput("an empty file", file=file, expected="a header line")


def _header_width(cells: list[str], file: str) -> int:
    if len(cells) > MOST_COLUMNS:
        raise RefusedInput(
            "too many columns", file=file, place="line 1", expected=f"at most {MOST_COLUMNS}", found=len(cells)
        )
    repeated = [name for name, times in Counter(cells).items() if times > 1]
    if repeated:
        raise RefusedInput("the header names a column twice", file=file, place="line 1", found=", ".join(repeated))
    return len(cells)
