"""The table of models: one row per model with sizes, tokens, scores with intervals, and what is doubtful."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.analysis import panel
from lib.analysis.frontier import mark_frontier
from lib.analysis.measurements import Measured
from lib.analysis.sizes import is_open

PLAIN_COLUMNS = (
    "model", "name", "family", "developer", "kind", "architecture", "size_class", "side", "is_small", "size",
    "params_total", "params_active", "is_moe", "training_tokens", "is_inherited", "tokens_per_parameter",
    "context_length", "licence", "open_weights", "released_on", "release_precision", "n_runs", "marks", "score",
    "ci_low", "ci_high", "ci_method", "cautions", "is_complete", "on_frontier",
)  # fmt: skip
PER_BENCHMARK = ("score", "ci_low", "ci_high", "ci_method", "n_samples", "cautions", "disagreement")


def column(benchmark: str, field: str) -> str:
    """Name of the column that holds a field of one benchmark: ``score: mmlu``."""
    return f"{field}: {benchmark}"


def models_table(models: pd.DataFrame, measured: Measured, runs: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row per model, the order of ``models``.

    Args:
        models: Result of ``sizes.with_size``, filtered.
        measured: Scores under one protocol.
        runs: ``Frames.runs``, to count runs.

    Returns:
        ``PLAIN_COLUMNS``, then for every benchmark of the protocol the fields of ``PER_BENCHMARK`` (see
        :func:`column`). ``score`` with its interval is the mean over the whole panel, NaN for models that lack a
        benchmark (``is_complete`` False); with one benchmark it is that score. ``training_tokens`` are the model's
        own or, with ``is_inherited``, those of the model it was made from. ``marks`` names what is doubtful, '' for
        nothing. ``on_frontier``: no smaller model scores as much.
    """
    own = models["training_tokens"].to_numpy(float, na_value=np.nan)
    inherited = models["tokens_inherited"].to_numpy(float, na_value=np.nan)
    tokens = np.where(own > 0, own, inherited)
    total = models["params_total"].to_numpy(float, na_value=np.nan)
    table = models.assign(
        model=models.index,
        training_tokens=tokens,
        is_inherited=~(own > 0) & (inherited > 0),
        tokens_per_parameter=tokens / np.where(total > 0, total, np.nan),
        open_weights=is_open(models),
        n_runs=_n_runs(models.index, runs),
        marks=_marks(models),
    ).reset_index(drop=True)
    table = _with_panel(table, measured)
    table = mark_frontier(table, cost="size", score="score")
    fields = [table[list(PLAIN_COLUMNS)]]
    for benchmark in measured.benchmarks:
        one = measured.of(benchmark)[list(PER_BENCHMARK)].reindex(table["model"]).reset_index(drop=True)
        fields.append(one.rename(columns={field: column(benchmark, field) for field in PER_BENCHMARK}))
    return pd.concat(fields, axis=1)


def _n_runs(models: pd.Index, runs: pd.DataFrame | None) -> np.ndarray:
    if runs is None or runs.empty:
        return np.zeros(len(models), int)
    return runs["model"].value_counts().reindex(models, fill_value=0).to_numpy(int)


def _marks(models: pd.DataFrame) -> list[str]:
    """What is doubtful about each model, joined by "; "."""
    conditions = (
        ("size from memory", models["is_size_from_memory"]),
        ("tokens from memory", models["is_tokens_from_memory"]),
        ("date from memory", models["is_date_from_memory"]),
        ("size disputed", models["size_status"] == "disputed"),
        ("size reported by others", models["size_status"] == "reported"),
        ("size rumoured", models["has_rumoured_size"]),
        ("tokens estimated by others", models["tokens_status"] == "estimated"),
    )
    words: list[list[str]] = [[] for _ in range(len(models))]
    for text, applies in conditions:
        for i in np.flatnonzero(applies.fillna(False).to_numpy(bool)):
            words[i].append(text)
    return ["; ".join(of_model) for of_model in words]


def _with_panel(table: pd.DataFrame, measured: Measured) -> pd.DataFrame:
    fields = ["score", "ci_low", "ci_high", "ci_method", "cautions"]
    mean = pd.DataFrame(columns=fields)
    if measured.benchmarks and not measured.rows.empty:
        mean = panel.mean(panel.complete(measured.rows, measured.benchmarks))
    found = mean[fields].reindex(table["model"]).reset_index(drop=True)
    table = table.assign(**{c: found[c].astype(float) for c in fields[:3]})
    table = table.assign(**{c: found[c].astype(object).where(found[c].notna(), "") for c in fields[3:]})
    return table.assign(is_complete=table["score"].notna())
