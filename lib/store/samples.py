"""Per-question logs: immutable zstd Parquet files named by content, one per run and task."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Select, select

from lib.access import Sight
from lib.errors import RefusedInput, Unavailable
from lib.store import files, tables
from lib.store.db import Store
from lib.store.in_force import is_live

ENDING = ".parquet"
LOG_COLUMNS = ("run_id", "task", "n_rows", "n_bytes")


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A stored log: digest of the Parquet bytes, rows, size in bytes."""

    digest: str
    n_rows: int
    n_bytes: int


def folder(store: Store) -> Path:
    """``<data_dir>/samples``; files lie below it as ``ab/<digest>.parquet``."""
    return store.settings.data_dir / "samples"


def keep_samples(store: Store, table: pa.Table) -> SampleFile:
    """Write the table; before the transaction that names it. The same table again is the same file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    digest = files.digest_of_bytes(content)
    files.put(folder(store), digest, content, ENDING)
    return SampleFile(digest, table.num_rows, len(content))


def read_samples(store: Store, run_id: int, task: str, columns: Sequence[str] | None = None) -> pa.Table:
    """The log of one task of a run, rows in file order; see ``schema.records.Samples`` for its columns.

    Raises:
        RefusedInput: If there is none, or no live source brought it.
        Unavailable: If the file is gone.
    """
    path = _path(store, run_id, task)
    # Straight to the one file: a data set's machinery for many files costs more than a small log itself.
    with pq.ParquetFile(path) as file:
        return file.read(columns=None if columns is None else list(columns))


def read_pair(
    store: Store, one: tuple[int, str], other: tuple[int, str], columns: Sequence[str] | None = None
) -> tuple[pa.Table, pa.Table]:
    """The logs of two runs, (run id, task) each; opens these two files and no other, however many are stored.

    Args:
        columns: Those to read; a log that lacks one comes without it.

    Raises:
        As ``read_samples``.
    """
    return read_samples(store, *one, columns), read_samples(store, *other, columns)


def logs_of(store: Store, run_ids: Iterable[int]) -> pd.DataFrame:
    """Which logs there are of these live runs: ``LOG_COLUMNS``, by run and task; no file is opened."""
    s = tables.sample_files.c
    wanted = sorted({int(run_id) for run_id in run_ids})
    query = (
        select(*(s[name] for name in LOG_COLUMNS))
        .join(tables.sources, tables.sources.c.id == s.source_id)
        .where(s.run_id.in_(wanted), is_live(store.sight))
        .order_by(s.run_id, s.task, s.source_id)
    )
    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pd.DataFrame(rows, columns=list(LOG_COLUMNS)).drop_duplicates(["run_id", "task"], ignore_index=True)


def sample_columns(store: Store, run_id: int, task: str) -> list[str]:
    """Names of the columns of a log, without reading its rows; errors as for ``read_samples``."""
    return list(pq.read_schema(_path(store, run_id, task)).names)


def which_file(sight: Sight, run_id: int, task: str) -> Select[str]:
    """The query for the file of one log: by primary key, whatever else is stored."""
    s, sources = tables.sample_files.c, tables.sources
    found = select(s.digest).join(sources, sources.c.id == s.source_id).where(s.run_id == run_id, s.task == task)
    return found.where(is_live(sight)).order_by(s.source_id).limit(1)


def _path(store: Store, run_id: int, task: str) -> Path:
    with store.reading() as connection:
        digest = connection.execute(which_file(store.sight, run_id, task)).scalar()
    if digest is None:
        raise RefusedInput("no samples are stored for this run and task", place=f"run {run_id}, task {task}")
    path = files.path_of(folder(store), digest, ENDING)
    if not path.exists():
        raise Unavailable(f"the samples file {digest[:12]} is missing", remedy="Import the file again")
    return path
