"""Panels: the benchmarks an aggregate runs over. Every model in it has all of them; the panel is named beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.errors import RefusedInput
from lib.stats.intervals import LEVEL, normal
from lib.stats.normalisation import macro_mean

MEAN_COLUMNS = (
    "score", "stderr", "ci_low", "ci_high", "ci_level", "ci_method", "lower_bound", "is_approximate", "has_interval",
    "cautions",
)  # fmt: skip


class Panel(NamedTuple):
    """Complete rows.

    Args:
        rows: The measurements of models that have every benchmark, sorted by model, then in the panel's order.
        benchmarks: The panel.
        n_incomplete: Models with some of the benchmarks, but not all: left out.
    """

    rows: pd.DataFrame
    benchmarks: tuple[str, ...]
    n_incomplete: int

    @property
    def models(self) -> list[str]:
        return list(self.rows["model"].unique())

    def matrix(self, column: str) -> np.ndarray:
        """Values of a column, shape (models, benchmarks), in the order of ``models`` and ``benchmarks``."""
        return self.rows[column].to_numpy().reshape(-1, len(self.benchmarks))


def complete(measurements: pd.DataFrame, benchmarks: Sequence[str]) -> Panel:
    """The models that have a measurement on every benchmark.

    Args:
        measurements: ``Measured.rows``.
        benchmarks: The panel, at least one, none twice.

    Raises:
        RefusedInput: If the panel is empty or names a benchmark twice.
    """
    names = tuple(benchmarks)
    if not names or len(set(names)) != len(names):
        raise RefusedInput("a panel needs benchmarks, each once", found=", ".join(names))
    rows = measurements[measurements["benchmark"].isin(names)]
    per_model = rows["model"].map(rows["model"].value_counts())
    kept = rows[(per_model == len(names)).to_numpy(bool)]
    position = kept["benchmark"].map({name: i for i, name in enumerate(names)}).to_numpy(int)
    kept = kept.iloc[np.lexsort((position, kept["model"].to_numpy()))].reset_index(drop=True)
    n_models = int(rows["model"].nunique())
    return Panel(kept, names, n_models - len(kept) // len(names))


def mean(panel: Panel) -> pd.DataFrame:
    """Unweighted mean of raw scores over the panel, per model.

    The standard error is sqrt(SUM se²)/T (the benchmarks are fixed, not sampled); a benchmark without one leaves
    the mean without interval. A panel of one benchmark keeps that benchmark's own interval.

    Returns:
        One row per model, index ``model``, ``MEAN_COLUMNS``.

    Raises:
        RefusedInput: If a model lacks a benchmark, or directions differ (a mean of accuracies and perplexities).

    Source:
        Standard error of a macro mean of independent parts.
    """
    t = len(panel.benchmarks)
    if panel.rows.duplicated(["model", "benchmark"]).any() or (panel.rows["model"].value_counts() != t).any():
        raise RefusedInput("an aggregate needs every benchmark of its panel for every model", found=panel.benchmarks)
    if panel.rows["higher_is_better"].nunique() > 1:
        raise RefusedInput("no mean of scores that are better high and scores that are better low")
    models = pd.Index(panel.models, name="model", dtype=object)
    if t == 1:
        return panel.rows.set_index("model")[list(MEAN_COLUMNS)]
    score, stderr = macro_mean(panel.matrix("score").astype(float), _stderr(panel))
    interval, one_sided = normal(score, stderr, LEVEL), normal(score, stderr, 0.90)
    is_approximate = panel.matrix("is_approximate").astype(bool).any(axis=1)
    has_interval = ~np.isnan(interval.low)
    cautions = ["; ".join(dict.fromkeys(c for c in row if c)) for row in panel.matrix("cautions")]
    return pd.DataFrame(
        {
            "score": score,
            "stderr": stderr,
            "ci_low": interval.low,
            "ci_high": interval.high,
            "ci_level": LEVEL,
            "ci_method": np.where(has_interval, np.where(is_approximate, "normal, bound", "normal"), ""),
            "lower_bound": one_sided.low,
            "is_approximate": is_approximate,
            "has_interval": has_interval,
            "cautions": np.array(cautions, dtype=object),
        },
        index=models,
    )[list(MEAN_COLUMNS)]


def _stderr(panel: Panel) -> np.ndarray:
    """Standard errors; a printed 0 (all right or all wrong) counts as unknown."""
    stderr = panel.matrix("stderr").astype(float)
    return np.where(stderr > 0, stderr, np.nan)
