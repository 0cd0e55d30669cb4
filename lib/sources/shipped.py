"""The data that ships with the project: ``files.csv`` names every file with origin, licence, date and row count."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lib.errors import Unavailable
from lib.sources.contract import Candidate
from lib.sources.tables import Table, choice, count, date, flag, text

MANIFEST = "files.csv"
STAGES = ("catalogue", "boards", "tables", "runs", "samples")
"""What a file brings. A page can open when the catalogue is in; the rest follows in the order of the manifest."""

TABLE = Table(
    text("path", required=True),
    text("title", required=True),
    text("url"),
    text("licence", required=True),
    text("attribution"),
    date("published_on"),
    count("n_rows", required=True),
    choice("stage", STAGES, required=True),
    flag("is_imported", required=True),
)


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """One shipped file.

    Args:
        path: Relative to the folder of shipped data, with ``/``.
        title: What it is, for readers.
        url: Where it comes from; None for what was compiled for the project.
        licence: Licence of the origin, or "facts".
        attribution: Line to show with the numbers; None where none is asked for.
        published_on: ISO date, may stop at the month or the year; None when unknown.
        n_rows: Rows of a CSV without its header, members of a zip.
        stage: A value of ``STAGES``.
        is_imported: False for files kept for later: formats that no importer reads yet.
    """

    path: str
    title: str
    url: str | None
    licence: str
    attribution: str | None
    published_on: str | None
    n_rows: int
    stage: str
    is_imported: bool


def shipped_files(folder: Path) -> tuple[ShippedFile, ...]:
    """Every shipped file in the order of import: the models first, since everything refers to them.

    Raises:
        Unavailable: If the folder holds no manifest.
        RefusedInput: If the manifest is not as declared; names line and column.
    """
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise Unavailable(f"No shipped data in {folder}", remedy="Set P4P_SHIPPED_DIR to the folder with files.csv.")
    rows = TABLE.rows(Candidate(name=MANIFEST, content=manifest.read_bytes()))
    files = [ShippedFile(**row) for row in rows]
    return tuple(sorted(files, key=lambda file: STAGES.index(file.stage)))
