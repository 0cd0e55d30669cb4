"""What a backup is: one zip with a file of rows per table, every kept file, and a manifest written last.

A row is a line of JSON, an array in the order of the first line, which names the columns; columns of JSON are their text. So a
backup of one engine can be recovered into the other. The manifest counts and sums up the lines of each table; the sum does
not depend on the order of rows, because the two engines order text differently.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.store import access_tables, job_tables  # noqa: F401 - both add their tables to the one list
from lib.store.samples import ENDING
from lib.store.tables import metadata

FORMAT = 1
MANIFEST = "manifest.json"
NAMED = {"raw": "", "samples": ENDING}
"""Folders of files named by their content, with the ending of their names. Those that rows name must be there."""
TREES = ("snapshots", "jobs")
"""Folders that are taken as they lie: pinned states, and the logs and kept answers of evaluations."""
MADE_ANEW = "snapshots/unpacked/"
"""What is unpacked there comes from the files beside it."""
DIGEST = re.compile(r"[0-9a-f]{64}")
_MODULO = 1 << 256
_ENTRY = re.compile(
    r"raw/(?P<a>[0-9a-f]{2})/(?P=a)[0-9a-f]{62}"
    rf"|samples/(?P<b>[0-9a-f]{{2}})/(?P=b)[0-9a-f]{{62}}{re.escape(ENDING)}"
    r"|(?:snapshots|jobs)(?:/[A-Za-z0-9_=+,@-][A-Za-z0-9_=+,@.-]*)+"
)


class TableSum(NamedTuple):
    """Rows of a table, and the sum of their SHA-256, as 64 hexadecimal digits."""

    n_rows: int
    sum: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Args:
        version: Of the tables, as the migrations number them.
        revision: Of the store.
        digest: Of the store, as the foot of every page shows it to a stranger.
        made_at: UTC.
        database: SQLite or PostgreSQL.
        tables: Rows and sum by table.
        n_files: Kept files in the backup.
        missing: Files that rows name and that were missing or damaged when the backup was made.
    """

    version: str
    revision: int
    digest: str
    made_at: str
    database: str
    tables: dict[str, TableSum]
    n_files: int
    missing: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        told = asdict(self) | {"format": FORMAT, "tables": {name: t._asdict() for name, t in self.tables.items()}}
        return json.dumps(told, indent=1)


class Sum:
    """Adds up the lines of a table, whatever their order."""

    def __init__(self) -> None:
        self._n, self._total = 0, 0

    def add(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._n += 1
            self._total += int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")

    def done(self) -> TableSum:
        return TableSum(self._n, f"{self._total % _MODULO:064x}")


def line_of(row: Sequence[Any]) -> str:
    """A row as a line, the same for the same values on both engines; numbers come back bit by bit."""
    return json.dumps(list(row), ensure_ascii=True, separators=(",", ":"))


def table_names() -> list[str]:
    """Every table of ours; the queue's engine keeps its own, which say who runs a job now and are not kept."""
    return sorted(metadata.tables)


def read_manifest(archive: zipfile.ZipFile, file: str) -> Manifest:
    """The manifest of a backup.

    Raises:
        RefusedInput: If the file is no backup, was not finished, or is of a later kind.
    """
    try:
        told = json.loads(archive.read(MANIFEST))
        kind = told.pop("format")
        if kind != FORMAT:
            raise RefusedInput("a backup of a later kind; update this installation", file=file, found=kind)
        tables = {str(name): TableSum(**told_of) for name, told_of in told.pop("tables").items()}
        return Manifest(**told, tables=tables)
    except (KeyError, TypeError, ValueError, AttributeError) as trouble:
        raise RefusedInput(
            "not a backup of Pound for Pound", file=file, expected="a file that `python -m lib backup` wrote"
        ) from trouble


def open_backup(path: Path) -> zipfile.ZipFile:
    """The zip, opened.

    Raises:
        RefusedInput: If there is none.
    """
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise RefusedInput("there is no such file", place="PATH", found=path) from None
    except (zipfile.BadZipFile, OSError) as trouble:
        raise RefusedInput(
            "not a backup of Pound for Pound", file=path.name, expected="a file that `python -m lib backup` wrote"
        ) from trouble


def is_kept_file(name: str) -> bool:
    """Whether an entry is a kept file, at a place where one may lie."""
    return bool(_ENTRY.fullmatch(name)) and not name.startswith(MADE_ANEW)


def table_entry(table: str) -> str:
    """Where the rows of a table lie."""
    return f"tables/{table}.jsonl"
