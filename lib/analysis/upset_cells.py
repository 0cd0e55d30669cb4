"""Who may be tested for upsets, and on what: one score per model and benchmark, with everything left out counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.analysis.measurements import Measured
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy

Floats = NDArray[np.float64]

FEWEST_FOR_REPEATS = 3
"""Scores on so many benchmarks that agree to the last digit, and the size with them: the same weights under two names."""
BASE, TUNED, UNKNOWN = "base", "tuned", ""
_UNITS = {
    "community model": "scores of community models",
    "quantised weights of the model": "scores of quantised weights",
    "unfinished training state (checkpoint)": "scores of unfinished training states (checkpoints)",
    "name not resolved to a model": "scores whose name waits for a model",
}
"""``Measured.excluded`` counts results; beside counts of models the unit must be said."""
_TUNED_KINDS = ("chat", "reasoning")


class Cells(NamedTuple):
    """Models that may be tested, and their scores.

    Args:
        models: One row per model, index ``model`` by id: ``Frames.models`` with ``size`` (parameters), ``base_family``
            (family of the model that it was made from in the end; '' unknown) and ``tuning`` (base, tuned or '').
        benchmarks: In the order of the columns.
        score, stderr: By model and benchmark; high is good, NaN where there is none. Fractions.
        n: Questions behind a share of right answers, NaN where the score is something else.
        run: Beginning of the digest of the run behind each score, '' for none.
        cautions: What is unlike most scores of the protocol, '' for nothing.
        excluded: What may not be tested, by reason: reason -> number of models or scores.
    """

    models: pd.DataFrame
    benchmarks: tuple[str, ...]
    score: Floats
    stderr: Floats
    n: Floats
    run: NDArray[np.object_]
    cautions: NDArray[np.object_]
    excluded: dict[str, int]


def cells(measured: Measured, models: pd.DataFrame, *, by: SizeBy = "total") -> Cells:
    """Who may be tested, on what.

    Not eligible, and counted: models whose size is unknown or disputed, quantised or converted weights, the same weights
    under a second name (same size, and the same scores to the last digit on three benchmarks or more; the catalogue's
    name stays), repeated evaluations of one model, and scores of which nobody knows whether high is good. Scores where
    low is good change their sign.

    Args:
        measured: ``measure``, which has left out checkpoints, runs on a part of the questions and, unless asked for,
            community models, and counted them.
        models: ``Frames.models``.
        by: Total or active parameters.
    """
    rows, excluded = measured.rows, {_UNITS.get(reason, reason): n for reason, n in measured.excluded.items()}
    directed = rows["higher_is_better"].notna().to_numpy(bool)
    _count(excluded, "scores where nobody knows whether high is good", int((~directed).sum()))
    rows = rows[directed]
    facts = models[models.index.isin(rows["model"])]
    size = facts[SIZE_COLUMNS[by]].to_numpy(float, na_value=np.nan)
    kept = np.ones(len(facts), bool)
    for reason, applies in (
        ("models of unknown size", ~(size > 0)),
        ("models of disputed size", (facts["size_status"] == "disputed").to_numpy(bool)),
        ("quantised or converted weights", _stated(facts["variant_of"])),
    ):
        _count(excluded, reason, int((kept & applies).sum()))
        kept &= ~applies
    facts = facts.assign(size=size, base_family=base_families(models).reindex(facts.index), tuning=_tuning(facts))[kept]
    # Of the same weights under two names the first stays: the catalogue's, then the one that sorts first.
    facts = facts.iloc[np.lexsort((facts.index.to_numpy(str), facts["origin"].eq("community").to_numpy(bool)))]
    rows = rows[rows["model"].isin(facts.index)]
    table = _tables(rows, facts.index, measured.benchmarks)
    is_repeat = _repeats(facts["size"].to_numpy(float), table.score)
    _count(excluded, "scores that repeat another of the same weights", int(rows["also_in"].sum()))
    _count(excluded, "models with size and scores of another, taken for the same weights", int(is_repeat.sum()))
    at = np.flatnonzero(~is_repeat)
    return Cells(
        facts.iloc[at],
        measured.benchmarks,
        table.score[at],
        table.stderr[at],
        table.n[at],
        table.run[at],
        table.cautions[at],
        excluded,
    )


def base_families(models: pd.DataFrame) -> pd.Series:
    """Family of the model that each one was made from in the end, by id; its own where that is not in the store, '' unknown.

    Args:
        models: ``Frames.models``: family, finetuned_from, variant_of.
    """
    parents = models["variant_of"].astype(object).where(_stated(models["variant_of"]), models["finetuned_from"])
    up = {str(k): str(v) for k, v in parents.items() if isinstance(v, str) and v and v in models.index}
    family = {str(k): v if isinstance(v, str) else "" for k, v in models["family"].astype(object).items()}

    def top(model: str) -> str:
        seen = {model}
        while (parent := up.get(model, "")) and parent not in seen:
            seen.add(model := parent)
        return model

    return pd.Series([family[top(str(one))] or family[str(one)] for one in models.index], models.index, dtype=object)


def _tuning(models: pd.DataFrame) -> list[str]:
    """Base, tuned, or '' where the kind does not say it."""
    is_made = _stated(models["finetuned_from"])
    kinds = models["kind"].astype(object)
    return [BASE if k == "base" else TUNED if made or k in _TUNED_KINDS else UNKNOWN for k, made in zip(kinds, is_made, strict=True)]  # fmt: skip


class _Tables(NamedTuple):
    score: Floats
    stderr: Floats
    n: Floats
    run: NDArray[np.object_]
    cautions: NDArray[np.object_]


def _tables(measured: pd.DataFrame, models: pd.Index, benchmarks: Sequence[str]) -> _Tables:
    """The measurements by model and benchmark."""
    i = models.get_indexer(pd.Index(measured["model"].astype(object)))
    j = pd.Index(list(benchmarks), dtype=object).get_indexer(pd.Index(measured["benchmark"].astype(object)))
    sign = np.where(measured["higher_is_better"].to_numpy(bool), 1.0, -1.0)
    # A number of questions makes a share of right answers only where the right ones were counted.
    n = measured["n_samples"].where(measured["n_correct"].notna()).to_numpy(float)

    def placed(values: np.ndarray, empty: object, kind: type) -> np.ndarray:
        table: np.ndarray = np.full((len(models), len(benchmarks)), empty, dtype=kind)
        table[i, j] = values
        return table

    run, cautions = (measured[name].astype(object).fillna("").to_numpy() for name in ("run", "cautions"))
    return _Tables(
        placed(measured["score"].to_numpy(float) * sign, np.nan, float),
        placed(measured["stderr"].to_numpy(float), np.nan, float),
        placed(n, np.nan, float),
        placed(run, "", object),
        placed(cautions, "", object),
    )


def _repeats(size: Floats, score: Floats) -> NDArray[np.bool_]:
    """Rows that are an earlier one again: same size, same scores, on enough benchmarks."""
    known = pd.DataFrame(np.column_stack([size, score]))
    enough = (~np.isnan(score)).sum(axis=1) >= FEWEST_FOR_REPEATS
    return known.duplicated(keep="first").to_numpy(bool) & enough


def _count(excluded: dict[str, int], reason: str, n: int) -> None:
    if n:
        excluded[reason] = excluded.get(reason, 0) + n


def _stated(column: pd.Series) -> NDArray[np.bool_]:
    return (column.notna() & (column.astype(object) != "")).to_numpy(bool)
