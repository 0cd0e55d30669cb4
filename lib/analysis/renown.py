"""How well known a model is, by evidence: in how many places it was measured."""

from __future__ import annotations

import pandas as pd


def places_measured(runs: pd.DataFrame) -> pd.Series:
    """Number of different evaluators and documents that hold a score of each model.

    Runs of one evaluator count once however many there are, so a series of checkpoints or repeats makes no model famous.

    Args:
        runs: ``Frames.runs``: model (None while unresolved), evaluator, document.

    Returns:
        Counts by model id, sorted by id; models without a run are absent.
    """
    known = runs.loc[runs["model"].notna(), ["model", "evaluator", "document"]].astype(object)
    places = known.drop_duplicates()
    return places.groupby("model").size().sort_index().rename("places_measured")
