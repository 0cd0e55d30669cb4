"""The frontier: models that nothing as cheap matches, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RESAMPLES = 2_000
SEED = 20_231_107
NEAR = 0.01
"""Within so much of the best at its cost a model counts as near the frontier."""
ON = 0.5
ROBUSTLY_ON = 0.95


def on_frontier(cost: ArrayLike, score: ArrayLike) -> Bools:
    """Mark what no other cheaper-or-equal model matches or beats, over the last axis.

    i is dominated when another has cost <= and score >= with one of them strict; models equal in both are all kept.
    ``cost`` is to be small, ``score`` large; what misses either is never marked. O(M log M).

    Source:
        Pareto optimality for two objectives.
    """
    cost, score = np.broadcast_arrays(np.asarray(cost, float), np.asarray(score, float))
    known = ~np.isnan(cost) & ~np.isnan(score)
    cost, score = np.where(known, cost, np.inf), np.where(known, score, -np.inf)
    order = np.lexsort((-score, cost), axis=-1)
    c, s = np.take_along_axis(cost, order, -1), np.take_along_axis(score, order, -1)
    sorted_mark, _ = _marks(c, s)
    mark = np.empty(sorted_mark.shape, bool)
    np.put_along_axis(mark, order, sorted_mark, -1)
    return mark & known


def _marks(cost: Floats, score: Floats) -> tuple[Bools, Floats]:
    """Marks, and the best score at no more cost; sorted by cost and at each cost the best first."""
    best = np.maximum.accumulate(score, axis=-1)
    before = np.concatenate([np.full((*score.shape[:-1], 1), -np.inf), best[..., :-1]], axis=-1)[..., : score.shape[-1]]
    mark = score > before
    repeats = np.zeros(score.shape, bool)
    repeats[..., 1:] = (score[..., 1:] == score[..., :-1]) & (cost[..., 1:] == cost[..., :-1])
    place = np.arange(score.shape[-1])
    first = np.maximum.accumulate(np.where(repeats, 0, place), axis=-1)
    return np.take_along_axis(mark, first, -1), best


class FrontierProbability(NamedTuple):
    """Per model: shares of replicates on the frontier, and within a point of it; NaN without cost or error."""

    on: Floats
    near: Floats


def frontier_probability(
    cost: ArrayLike,
    score: ArrayLike,
    stderr: ArrayLike,
    log_cost_sigma: ArrayLike = 0.0,
    shared_sigma: ArrayLike = 0.0,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> FrontierProbability:
    """How often a model is on the frontier when scores, and costs where uncertain, are drawn again.

    Args:
        cost: One positive number per model.
        score: Likewise.
        stderr: Standard error of each score. Models without one (or with 0) take no part and get no probability.
        log_cost_sigma: Deviation of ln(cost) of each model by itself; 0 for a price that is known.
        shared_sigma: Deviation of ln(cost) from what models share (the price of a device-hour): one draw per replicate
            moves all of them together. 0 for models that it does not touch.
        resamples: Replicates.
        seed: Of numpy's PCG64.

    Returns:
        ``on``: call a model "on the frontier" from 0.5 and "robustly" from 0.95. Near-duplicates split it between
        them; ``near``, the share of replicates within 0.01 of the best at no more cost, does not suffer from that.
    """
    c, s, se, own, shared = np.broadcast_arrays(
        *(np.asarray(x, float) for x in (cost, score, stderr, log_cost_sigma, shared_sigma))
    )
    usable = (c > 0) & np.isfinite(c) & np.isfinite(s) & (se > 0) & np.isfinite(own + shared)
    on, near = np.full(s.shape, np.nan), np.full(s.shape, np.nan)
    if not usable.any():
        return FrontierProbability(on, near)
    c, s, se, own, shared = (x[usable] for x in (c, s, se, own, shared))
    rng = np.random.default_rng(seed)
    shape = (resamples, len(s))
    # Sorted once where costs are exact; the error of equal draws is nil.
    order = np.argsort(c, kind="stable")
    drawn = (s + se * rng.standard_normal(shape))[:, order]
    costs = c[order]
    if own.any() or shared.any():
        noise = own * rng.standard_normal(shape) + shared * rng.standard_normal((resamples, 1))
        drawn_costs = np.exp(np.log(costs) + noise[:, order])
        by_cost = np.argsort(drawn_costs, axis=-1)
        found = _marks_of_groups(np.take_along_axis(drawn_costs, by_cost, -1), np.take_along_axis(drawn, by_cost, -1))
        marked, close = (np.empty(shape, bool) for _ in range(2))
        np.put_along_axis(marked, by_cost, found[0], -1)
        np.put_along_axis(close, by_cost, found[1], -1)
    else:
        marked, close = _marks_of_groups(costs, drawn)
    places = np.flatnonzero(usable)[order]
    on[places], near[places] = marked.mean(axis=0), close.mean(axis=0)
    return FrontierProbability(on, near)


def _marks_of_groups(cost: Floats, score: Floats) -> tuple[Bools, Bools]:
    """On the frontier, and near it; columns by rising cost, equal costs in any order."""
    best = np.maximum.accumulate(score, axis=-1)
    width = score.shape[-1]
    is_last = np.ones(cost.shape, bool)
    is_last[..., :-1] = cost[..., 1:] > cost[..., :-1]
    last = np.where(is_last, np.arange(width), width)
    last = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
    at_cost = best[..., last] if cost.ndim == 1 else np.take_along_axis(best, last, -1)
    return score >= at_cost, score >= at_cost - NEAR
