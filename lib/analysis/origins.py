"""Where each score comes from, for the rows that a reader takes home: protocol, evaluator, document, run, source."""

from __future__ import annotations

import pandas as pd

from lib.analysis.measurements import Measured
from lib.analysis.models_table import column

OF_RUN = (
    "evaluator", "document", "run", "evaluated_on", "source", "source_title", "source_url", "source_date",
    "imported_at",
)  # fmt: skip
"""Columns of ``Frames.runs``; the source is the run's first live one."""
OF_SOURCE = ("source_title", "source", "source_date", "source_url")


def with_origin(rows: pd.DataFrame, measured: pd.DataFrame, runs: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """The rows with ``protocol`` and those of ``OF_RUN`` that they lack; missing where a row has no score.

    Args:
        rows: One row per model or several, column ``model``.
        measured: One row per model: model, run_id.
        runs: ``Frames.runs``.
        protocol: What the scores have in common, in words.
    """
    found = _runs_of(rows, measured, runs)
    added = found[[name for name in OF_RUN if name not in rows]]
    said = pd.Series(protocol, rows.index, dtype="str").where(found["run"].notna().to_numpy())
    return pd.concat([rows, said.rename("protocol"), added], axis=1)


def with_origins(table: pd.DataFrame, measured: Measured, runs: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """A table of models with where the scores of each benchmark come from.

    Returns:
        The table; ``protocol``, ``evaluator`` and ``document`` (each once, for all scores of the row; missing without
        one); and per benchmark ``run: mmlu`` and ``source: mmlu``: title, name, date and address as far as known.
    """
    shared = pd.DataFrame(None, table.index, ["evaluator", "document"], dtype="str")
    columns = {}
    for benchmark in measured.benchmarks:
        found = _runs_of(table, measured.of(benchmark).reset_index(), runs)
        shared = shared.combine_first(found[list(shared.columns)])
        columns[column(benchmark, "run")] = found["run"]
        columns[column(benchmark, "source")] = _sources_in_words(found)
    said = pd.Series(protocol, table.index, dtype="str").where(shared["evaluator"].notna())
    return pd.concat([table, said.rename("protocol"), shared, pd.DataFrame(columns, table.index)], axis=1)


def _runs_of(rows: pd.DataFrame, measured: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """``OF_RUN`` of the run behind each row's score, index of ``rows``."""
    run_id = rows["model"].map(measured.set_index("model")["run_id"]).astype(float)
    return runs[list(OF_RUN)].reindex(run_id.to_numpy()).set_axis(rows.index)


def _sources_in_words(found: pd.DataFrame) -> pd.Series:
    texts = ("; ".join(str(part) for part in row if pd.notna(part)) for row in found[list(OF_SOURCE)].itertuples(False))
    return pd.Series([text or None for text in texts], found.index, dtype="str")
