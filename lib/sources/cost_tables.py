"""Cost tables without a store: the shipped ones as they lie in their folder, and a reader's file of measurements."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib.errors import RefusedInput, Unavailable
from lib.sources import hardware, reference_tables
from lib.sources.contract import Candidate
from lib.sources.tables import read_lines, read_row

FOLDER = "cost"
MEASURED = reference_tables.TABLES["measured_inference"]
NEEDED = ("model", "hardware", "kind", "value")
"""Columns without which nothing can be compared; the others are unknown where they are missing."""


class Measured(NamedTuple):
    """A file of measurements.

    Args:
        rows: Columns of ``measured_inference``, index: line of the file.
        refused: Line and reason of rows that cannot be read.
    """

    rows: pd.DataFrame
    refused: tuple[tuple[int, str], ...]


def shipped_table(folder: Path, name: str) -> pd.DataFrame:
    """``hardware`` or a reference table of the folder ``cost`` of the shipped data, columns as declared.

    Raises:
        Unavailable: The file is not there.
        RefusedInput: It is not as declared.
    """
    file = folder / FOLDER / f"{name}.csv"
    if not file.is_file():
        raise Unavailable(f"no shipped table {name}", remedy="Set P4P_SHIPPED_DIR to the folder with files.csv.")
    table = hardware.TABLE if name == "hardware" else reference_tables.TABLES[name]
    return pd.DataFrame(table.rows(Candidate(name=file.name, content=file.read_bytes())))


def measurements_in(candidate: Candidate) -> Measured:
    """Rows of a CSV like ``measured_inference``: columns in any order, further ones are not read.

    Raises:
        RefusedInput: No table at all, or a column is missing that nothing can do without.
    """
    lines = read_lines(candidate, keep_ragged=True)
    header = next(lines)[1]
    if missing := [name for name in NEEDED if name not in header]:
        raise RefusedInput(
            f"a table of measurements needs a column {missing[0]!r}",
            file=candidate.name,
            place="line 1",
            expected=", ".join(MEASURED.columns),
            found=", ".join(header),
        )
    places = [(place, MEASURED.columns[name]) for place, name in enumerate(header) if name in MEASURED.columns]
    columns = [column for _, column in places]
    read, refused = {}, []
    for line, cells in lines:
        if len(cells) != len(header):
            refused.append((line, f"{len(cells)} cells where the header has {len(header)}"))
            continue
        try:
            read[line] = read_row(columns, [cells[place] for place, _ in places], line, candidate.name)
        except RefusedInput as refusal:
            refused.append((line, refusal.message))
    rows = pd.DataFrame.from_dict(read, orient="index", columns=[column.name for column in columns])
    return Measured(rows.reindex(columns=list(MEASURED.columns)), tuple(refused))
