"""What is in a download of the whole store: every table and column with meaning, unit, type and what missing means.

The words are rows of ``dump_dictionary.csv`` beside this file, which the download carries along and the pages show. A
reference table that is not in it (a reader's own) is written with its columns as text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

HEADER = ("table", "column", "type", "unit", "meaning", "missing")
REFERENCE = "reference/"
_FILE = Path(__file__).with_suffix(".csv")


class Column(NamedTuple):
    """A column.

    Args:
        type: text, integer, number, yes/no or json (a list or object written as JSON).
        unit: Empty for plain text and counts that the meaning names.
        missing: What an empty cell or null means; "never missing" where there is none.
    """

    name: str
    type: str
    unit: str
    meaning: str
    missing: str


class Table(NamedTuple):
    """A table; ``name`` is its file in the download without the ending, ``meaning`` begins with what a row is."""

    name: str
    meaning: str
    columns: tuple[Column, ...]


@cache
def dictionary() -> dict[str, Table]:
    """Every table by name, in the order of the download."""
    found: dict[str, Table] = {}
    with _FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row["column"]:
                found[row["table"]] = Table(row["table"], row["meaning"], ())
                continue
            table = found[row["table"]]
            column = Column(row["column"], row["type"], row["unit"], row["meaning"], row["missing"])
            found[row["table"]] = table._replace(columns=(*table.columns, column))
    return found


def of_reference(name: str, columns: Iterable[str]) -> Table:
    """The entry of a reference table; for one that is not in the dictionary, its columns as text."""
    known = dictionary().get(REFERENCE + name)
    if known is not None:
        return known
    texts = tuple(Column(column, "text", "", "As its source names it.", "not stated") for column in columns)
    return Table(REFERENCE + name, "A table that a reader brought.", texts)


def as_csv(ending: str = "") -> str:
    """The dictionary as CSV text; ``ending`` (``.parquet``) goes behind the names of tables."""
    lines = [",".join(HEADER)]
    with _FILE.open(encoding="utf-8", newline="") as file:
        next(file)
        rows = list(csv.reader(file))
    for table, *rest in rows:
        lines.append(",".join(_quoted(cell) for cell in (table + ending, *rest)))
    return "\n".join(lines) + "\n"


def as_markdown() -> str:
    """The dictionary as a document: docs/data-dictionary.md is held equal to it."""
    parts = [
        "# Data dictionary",
        "Tables and columns of a download of the whole store: `python -m lib dump store.zip`, the page *Data and methods*, "
        "or `/api/v1/store.zip?format=parquet` (or `csv`). One file per table. Only sources in force are in it.",
        "Types: text; integer; number; yes/no (`true`, `false`); json (a list or object as JSON text). Unknown is null in "
        "Parquet and an empty cell in CSV, never 0. `source_id` leads to `sources` with title, address, date and licence, "
        "`run` is the address of a run on the pages (`/run?run=...`). Numbers of runs and sources hold inside one "
        "download, digests for ever.",
    ]
    for table in dictionary().values():
        rows = [f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning} | {c.missing} |" for c in table.columns]
        head = ["| column | type | unit | meaning | missing means |", "|---|---|---|---|---|"]
        parts += [f"## {table.name}", table.meaning, "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
