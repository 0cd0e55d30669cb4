"""The frontier: models that nothing as cheap, or as small, matches."""

from __future__ import annotations

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
    known = models[cost].notna() & models[score].notna()
    points = models.loc[known.to_numpy(bool), [cost, score]]
    best_at_cost = points.groupby(cost)[score].max()
    best_below = best_at_cost.cummax().shift()
    best, below = points[cost].map(best_at_cost).to_numpy(), points[cost].map(best_below).to_numpy(float)
    marked = known.to_numpy(bool).copy()
    marked[marked] = (points[score].to_numpy() == best) & ~(below >= points[score].to_numpy())
    return models.assign(on_frontier=marked)
