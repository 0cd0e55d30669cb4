"""The whole store as one zip: a Parquet or CSV file per table, a dictionary of the columns, and where it all came from.

Written forwards only, so that it can be sent while it is made, and a portion of rows at a time, so that memory does not
grow with the store. One reading transaction: every file of a zip shows the same revision. Only what is public and in
force is in it: sources that are withdrawn are left out with everything that came from them alone.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any, Literal, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from lib import formats
from lib.access import Sight
from lib.errors import RefusedInput
from lib.schema.flags import FLAGS
from lib.store import clock, job_tables, tables
from lib.store.db import Store
from lib.store.digest import digest_of
from lib.store.dump_dictionary import REFERENCE, Column, Table, as_csv, dictionary, of_reference
from lib.store.in_force import is_live, is_seen, sight_of

Format = Literal["parquet", "csv"]
FORMATS: tuple[Format, ...] = ("parquet", "csv")
ROWS_AT_ONCE = 10_000
"""Rows in memory at a time, and in a row group of Parquet."""
LARGE_TABLE = 4_000_000
"""From so many rows on a file may pass 2 GiB and takes the longer form of the zip, which old programs do not read."""
_ARROW = {"text": pa.string(), "json": pa.string(), "integer": pa.int64(), "number": pa.float64(), "yes/no": pa.bool_()}
_SIZES: dict[Format, tuple[float, float]] = {"parquet": (1.4e6, 18.0), "csv": (1.3e6, 27.0)}
"""Bytes of the shipped tables and of one result, measured with 200,000 results."""
_CSV_NOTE = (
    "CSV is UTF-8 with a byte-order mark. Text that a spreadsheet would run as a formula begins with an apostrophe; "
    "Parquet holds every text as it is."
)
Rows = Sequence[Sequence[Any]]


class Dumped(NamedTuple):
    """What a download holds: the state it shows, when it was made, and rows by table."""

    revision: int
    digest: str
    made_at: str
    n_rows: dict[str, int]


class Sink(Protocol):
    """Anything that takes bytes in order."""

    def write(self, content: bytes, /) -> Any: ...


def known_format(name: str, *, place: str = "") -> Format:
    """The format of this name.

    Raises:
        RefusedInput: For any other.
    """
    for known in FORMATS:
        if name == known:
            return known
    raise RefusedInput("an unknown format", place=place, expected=" or ".join(FORMATS), found=name)


def file_name(format: Format) -> str:
    """Name for a download."""
    return f"pound-for-pound-{format}.zip"


def megabytes(format: Format, n_results: int) -> float:
    """Size of a download in MB, roughly: what the other tables take, and so much per result."""
    fixed, per_result = _SIZES[format]
    return (fixed + per_result * n_results) / 1e6


def write_dump(store: Store, out: Sink, format: Format) -> Dumped:
    """Write the zip to ``out``, forwards only.

    Args:
        out: Gets the bytes in order; what its ``write`` raises ends the work.
        format: Of the tables. In CSV, text that a spreadsheet would run as a formula begins with an apostrophe.

    Returns:
        What was written. Tables are in the order of the dictionary, reference tables last.
    """
    with store.reading() as connection, zipfile.ZipFile(_Forwards(out), "w") as archive:
        revision = connection.execute(select(tables.store.c.revision)).scalar_one()
        digest = digest_of(connection)
        counts: dict[str, int] = {}
        for name, query in _queries(connection).items():
            table = dictionary()[name]
            n = connection.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
            counts[name] = _write_table(archive, table, format, _portions(connection, query), n)
        for name, query in _references(connection).items():
            columns = connection.execute(query.limit(1)).scalars().first() or {}
            table = of_reference(name, columns)
            rows = ([_of(row[0], table) for row in some] for some in _portions(connection, query))
            counts[table.name] = _write_table(archive, table, format, rows, 0)
        dumped = Dumped(revision, digest, clock.now(), counts)
        archive.writestr("DICTIONARY.csv", "﻿" + as_csv(f".{format}"), zipfile.ZIP_DEFLATED)
        archive.writestr("README.md", _readme(dumped, format, _licences(connection)), zipfile.ZIP_DEFLATED)
    return dumped


def _queries(connection: Connection) -> dict[str, Select[Any]]:
    """One query per table, columns named and ordered as in the dictionary."""
    s, r, m, sight = tables.sources, tables.runs, tables.models, sight_of(connection)
    live = select(s.c.id).where(is_live(sight))
    live_runs = select(tables.run_sources.c.run_id).where(tables.run_sources.c.source_id.in_(live))
    run = func.substr(r.c.digest, 1, 12).label("run")
    of_run = {"run_id": r.c.id, "run": run}
    used = select(r.c.model_id).where(r.c.id.in_(live_runs), r.c.model_id.is_not(None))
    links, results, kept = tables.run_sources, tables.results, tables.sample_files
    took = job_tables.run_measurements
    chosen: dict[str, tuple[Any, dict[str, Any], Any]] = {
        "models": (m, {}, or_(and_(m.c.origin != "community", _from_live(sight, m, live)), m.c.id.in_(used))),
        "sources": (
            s,
            {"source_id": s.c.id, "raw_name": _raw_name()},
            is_live(sight),
        ),
        "runs": (r, of_run, r.c.id.in_(live_runs)),
        "run_sources": (links, {}, links.c.source_id.in_(live)),
        "results": (results.join(r), {"run": run}, results.c.run_id.in_(live_runs)),
        "sample_files": (kept.join(r), {"run": run}, kept.c.source_id.in_(live)),
        "run_measurements": (
            took.join(r),
            {"run": run},
            and_(took.c.run_id.in_(live_runs), took.c.source_id.in_(live)),
        ),
        "refusals": (tables.refusals, {}, is_seen(sight, tables.refusals)),
    }
    queries = {}
    for name, entry in dictionary().items():
        if name.startswith(REFERENCE):
            continue
        table = tables.metadata.tables[name]
        origin, named, condition = chosen[name] if name in chosen else (table, {}, _from_live(sight, table, live))
        stored: dict[str, Any] = {
            "model" if c.name == ("id" if table is m else "model_id") else c.name: c for c in table.c
        }
        known = {**stored, **named}
        columns = [known[c.name].label(c.name) for c in entry.columns]
        query = select(*columns).select_from(origin).order_by(*table.primary_key.columns)
        queries[name] = query if condition is None else query.where(condition)
    return queries


def _raw_name() -> ColumnElement[str]:
    """Name of the raw file, from the source's own: another may have brought the same bytes under a name of theirs."""
    s = tables.sources.c
    before = func.substr(s.name, 1, func.length(s.name) - func.length(s.member) - len("!/"))
    return case((s.member == "", s.name), else_=before)


def _from_live(sight: Sight, table: Any, live: Select[Any]) -> Any:
    is_from = or_(table.c.source_id.is_(None), table.c.source_id.in_(live))
    return and_(is_from, is_seen(sight, table)) if "visibility" in table.c else is_from


def _references(connection: Connection) -> dict[str, Select[Any]]:
    """Rows of each reference table of sources in force, in file order."""
    r = tables.reference_rows.c
    live = r.source_id.in_(select(tables.sources.c.id).where(is_live(sight_of(connection))))
    names = connection.execute(select(r.name).where(live).distinct()).scalars().all()
    return {name: select(r.data).where(r.name == name, live).order_by(r.row) for name in sorted(names)}


def _portions(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows, some at a time, by a cursor that stays on the database's side."""
    result = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE))
    for some in result.partitions():
        yield [tuple(row) for row in some]


def _of(row: dict[str, Any], table: Table) -> list[Any]:
    return [_fitting(row.get(column.name), column) for column in table.columns]


def _fitting(value: Any, column: Column) -> Any:
    """A value of a reference table in the type of its column."""
    if value is None or column.type not in ("integer", "number"):
        return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return int(value) if column.type == "integer" else float(value)


def _write_table(
    archive: zipfile.ZipFile, table: Table, format: Format, portions: Iterable[Sequence[Sequence[Any]]], n: int
) -> int:
    """Write one file of the zip; returns the number of rows."""
    entry = zipfile.ZipInfo(f"{table.name}.{format}", date_time=time.gmtime()[:6])
    # Parquet is packed already; stored without packing, a file of unknown length could not be read forwards.
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    written = 0
    with archive.open(entry, "w", force_zip64=n >= LARGE_TABLE) as file:
        writer = _parquet_writer if format == "parquet" else _csv_writer
        with writer(file, table) as put:
            for rows in portions:
                put(rows)
                written += len(rows)
    return written


@contextmanager
def _parquet_writer(file: IO[bytes], table: Table) -> Iterator[Callable[[Rows], None]]:
    """Takes portions of rows, each a row group; the columns carry their meaning and unit."""
    fields = [
        pa.field(c.name, _ARROW[c.type], metadata={"meaning": c.meaning, "unit": c.unit, "missing": c.missing})
        for c in table.columns
    ]
    schema = pa.schema(fields)
    with pq.ParquetWriter(_Forwards(file), schema, compression="zstd") as writer:

        def put(rows: Rows) -> None:
            columns = zip(*rows, strict=True) if rows else ((),) * len(fields)
            arrays = [
                pa.array([_as_json(v) for v in values] if column.type == "json" else values, _ARROW[column.type])
                for values, column in zip(columns, table.columns, strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))

        yield put


@contextmanager
def _csv_writer(file: IO[bytes], table: Table) -> Iterator[Callable[[Rows], None]]:
    """Takes portions of rows; UTF-8 with the byte-order mark that spreadsheets ask for."""
    kinds = [column.type for column in table.columns]
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([formats.csv_cell(column.name) for column in table.columns])

        def put(rows: Rows) -> None:
            writer.writerows([[_cell(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in rows])

        yield put


def _cell(value: Any, kind: str) -> Any:
    if value is None or kind in ("integer", "number"):
        return value
    if kind == "yes/no":
        return "true" if value else "false"
    return formats.csv_cell(_as_json(value) if kind == "json" else value)


def _as_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _Forwards(io.RawIOBase):
    """Passes bytes on and counts them; cannot be read or go back, so nothing that was sent is changed afterwards."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any, /) -> int:
        self._out.write(bytes(content))
        self._at += len(content)
        return len(content)

    def tell(self) -> int:
        return self._at


def _licences(connection: Connection) -> list[tuple[str, int]]:
    """Licences as their publishers name them, with the number of sources in force."""
    licence = tables.sources.c.licence
    query = select(licence, func.count()).where(is_live(sight_of(connection))).group_by(licence)
    return sorted(((row[0] or "not stated", row[1]) for row in connection.execute(query)), key=lambda one: (-one[1], one[0]))  # fmt: skip


def _readme(dumped: Dumped, format: Format, licences: Sequence[tuple[str, int]]) -> str:
    rows = [f"| {n}.{format} | {rows} | {_line(_meaning(n))} |" for n, rows in dumped.n_rows.items()]
    flags = [f"- `{flag}`: {meaning}" for flag, meaning in FLAGS.items()]
    csv_note = "\n\n" + _CSV_NOTE if format == "csv" else ""
    return "\n".join(
        (
            "# Pound for Pound: the whole store\n",
            f"Revision {dumped.revision} of the store, digest `{dumped.digest}`, written {dumped.made_at}. Every file shows",
            "this one state. Sources that were withdrawn are not in it.\n",
            "Unknown is null or an empty cell, never 0. DICTIONARY.csv says what each column means, its unit, its type,",
            "and what a missing value means. A result leads by `run_id` to its run, a run by run_sources to its sources,",
            f"a source to title, address, date and licence.{csv_note}\n",
            "| file | rows | a row is |\n|---|---|---|",
            *rows,
            "\n## Marks in results.flags\n",
            *flags,
            "\n## Licences\n",
            "The data keep the licences of their sources; cite the sources you use. sources holds them one by one:\n",
            "| licence, as its publisher names it | sources |\n|---|---|",
            *(f"| {_line(licence)} | {n} |" for licence, n in licences),
            "",
        )
    )


def _meaning(name: str) -> str:
    return of_reference(name.removeprefix(REFERENCE), ()).meaning if name.startswith(REFERENCE) else dictionary()[name].meaning  # fmt: skip


def _line(text: str) -> str:
    return formats.one_line(text, 400).replace("|", "/")
