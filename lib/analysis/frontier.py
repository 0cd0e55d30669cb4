"""The frontier: models that nothing as cheap, or as small, matches."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.stats.frontier import on_frontier


def mark_frontier(models: pd.DataFrame, *, cost: str, score: str) -> pd.DataFrame:
    """Mark the models that no cheaper-or-equal model matches or beats.

    Args:
        models: One row per model. ``cost`` is to be small (parameters, dollars), ``score`` to be large. Rows that
            miss either are kept and never marked.
        cost: Name of the cost column.
        score: Name of the score column.

    Returns:
        A copy, same rows in the same order, with a boolean column ``on_frontier``. Of models equal in both, all are
        marked.

    Source:
        Pareto optimality for two objectives.
    """
    costs, scores = (models[name].to_numpy(float, na_value=np.nan) for name in (cost, score))
    return models.assign(on_frontier=on_frontier(costs, scores))
