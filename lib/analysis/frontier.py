"""The frontier: models that nothing as cheap, or as small, matches."""

from __future__ import annotations

import numpy as np
import pandas as pd


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
    known = np.flatnonzero(~np.isnan(costs) & ~np.isnan(scores))
    # By cost, and at each cost the best first.
    order = known[np.lexsort((-scores[known], costs[known]))]
    is_first = np.diff(costs[order], prepend=-np.inf) > 0
    best = scores[order][is_first]
    below = np.concatenate([[-np.inf], np.maximum.accumulate(best)[:-1]]) if len(best) else best
    group = np.cumsum(is_first) - 1
    marked = np.zeros(len(models), bool)
    marked[order] = (scores[order] == best[group]) & (below[group] < best[group])
    return models.assign(on_frontier=marked)
