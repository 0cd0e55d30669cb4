"""Importing the shipped lm-eval files, against parsing the same bytes and one bulk insert of the same rows."""

from __future__ import annotations

import json
import tempfile
import time
import zipfile
from pathlib import Path

import orjson
from sqlalchemy import create_engine, insert, select

from bench.report import Line
from lib.settings import ROOT, read_settings
from lib.sources.ingest import ingest
from lib.store import tables
from lib.store.db import open_store

AIM = 3.0
SHIPPED = ROOT / "data" / "lm-eval-runs"


def measure(n_zips: int | None = None) -> list[Line]:
    """Import into an empty store; the floor is taken afterwards on the same bytes and rows."""
    zips = sorted(SHIPPED.glob("*.zip"))[:n_zips]
    contents = [content for path in zips for content in _members(path)]
    with tempfile.TemporaryDirectory(prefix="p4p-bench-") as folder:
        settings = read_settings({"P4P_DATA_DIR": folder, "P4P_FILL": "0"})
        store = open_store(settings)
        try:
            start = time.perf_counter()
            summary = ingest(store, zips, settings=settings, shipped=True)
            measured = time.perf_counter() - start
            with store.reading() as connection:
                rows = [tuple(row) for row in connection.execute(select(tables.results))]
        finally:
            store.close()
        parsing = min(_time_to_parse(contents) for _ in range(3))
        # The disk is the noisy part: the best of three is nearest to what it can do.
        inserting = min(_time_to_insert(rows, Path(folder) / f"floor-{number}.sqlite") for number in range(3))
    what = f"import of {summary.imported:,} files, {len(rows):,} results"
    return [
        Line(
            f"{what}  [parse {sum(map(len, contents)) / 1e6:.0f} MB + one insert]", measured, parsing + inserting, AIM
        ),
        Line("  of the floor: parsing", parsing, parsing + inserting),
        Line("  of the floor: inserting", inserting, parsing + inserting),
    ]


def _members(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist() if name.lower().endswith((".json", ".jsonl"))]


def _time_to_parse(contents: list[bytes]) -> float:
    start = time.perf_counter()
    for content in contents:
        _parse(content)
    return time.perf_counter() - start


def _parse(content: bytes) -> None:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        # NaN, which the fast parser refuses, or JSON Lines.
        try:
            json.loads(content)
        except ValueError:
            for line in content.splitlines():
                if line.strip():
                    json.loads(line)


def _time_to_insert(rows: list[tuple[object, ...]], path: Path) -> float:
    """One executemany into the product's own table, with its key and checks, and one commit."""
    engine = create_engine(f"sqlite:///{path}")
    tables.results.create(engine, checkfirst=False)
    text = str(insert(tables.results).compile(dialect=engine.dialect))
    start = time.perf_counter()
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        cursor = connection.connection.cursor()
        cursor.executemany(text, rows)
    taken = time.perf_counter() - start
    engine.dispose()
    return taken
