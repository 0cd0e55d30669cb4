"""What answering took, of the live runs: one measurement per run and task, with the rates that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from lib.store import job_tables, tables
from lib.store.benchmarks import Benchmarks
from lib.store.bulk import portions
from lib.store.frames_runs import TEXT
from lib.store.in_force import is_live, sight_of
from lib.store.prepared import MEASURED_COLUMNS

RowsByRun = Mapping[int, tuple[tuple[Any, ...], ...]]
"""Of each run: rows of task and ``MEASURED_COLUMNS``, by task."""
_TEXTS, _FLAGS = {"device"}, {"is_resumed"}
COLUMNS = ("run_id", "run", "model", "task", "benchmark", *MEASURED_COLUMNS)


def rows_by_run(connection: Connection, run_ids: Iterable[int] | None = None) -> dict[int, tuple[tuple[Any, ...], ...]]:
    """Measurements of these runs, or of all, from live sources; runs without any are absent.

    Where a run was measured twice, one from beginning to end goes before one that was resumed, then the newer source.
    """
    m, s = job_tables.run_measurements.c, tables.sources.c
    query = (
        select(m.run_id, m.task, *(m[name] for name in MEASURED_COLUMNS))
        .join(tables.sources, s.id == m.source_id)
        .where(is_live(sight_of(connection)))
        .order_by(m.run_id, m.task, m.is_resumed.desc(), m.source_id)
    )
    found: dict[int, dict[str, tuple[Any, ...]]] = {}
    for some in [None] if run_ids is None else portions(run_ids):
        for row in connection.execute(query if some is None else query.where(m.run_id.in_(some))):
            found.setdefault(row[0], {})[row[1]] = tuple(row[1:])
    return {run_id: tuple(of_run.values()) for run_id, of_run in found.items()}


def measured_frame(rows: RowsByRun, runs: pd.DataFrame, benchmarks: Benchmarks) -> pd.DataFrame:
    """``COLUMNS``, a row per run and task, by run and task.

    Counts and amounts are float64 with NaN for unknown, ``device`` is text with NaN, ``is_resumed`` yes or no.

    Args:
        rows: Of ``rows_by_run``; those of runs that are not in ``runs`` are left out.
        runs: ``Frames.runs``.
    """
    found = [(run_id, *row) for run_id in sorted(rows) if run_id in runs.index for row in rows[run_id]]
    run_ids = np.array([row[0] for row in found], dtype=np.int64)
    own = runs.loc[run_ids]
    data: dict[str, Any] = {"run_id": run_ids, "run": own["run"].array, "model": own["model"].array}
    data["task"] = pd.array([row[1] for row in found], dtype=TEXT)
    data["benchmark"] = pd.array([benchmarks.place(row[1], "").benchmark for row in found], dtype=TEXT)
    for at, name in enumerate(MEASURED_COLUMNS, start=2):
        data[name] = _column(name, [row[at] for row in found])
    return pd.DataFrame(data, columns=list(COLUMNS))


def _column(name: str, values: Sequence[Any]) -> NDArray[Any] | Any:
    if name in _TEXTS:
        return pd.array(list(values), dtype=TEXT)
    return np.array(values, dtype=bool if name in _FLAGS else np.float64)
