"""Means of models that were not measured on the same tasks.

A mean over whatever is there is biased: a model that was only run on easy tasks looks best. So an aggregate runs over a
panel, the tasks that all models shown have; a model that misses one has no mean, or bounds. Rows are models, columns
tasks, NaN is missing. Never mix normalised and raw scores in one table.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FEWEST_TASKS = 3
"""Tasks that a model needs for an adjusted mean."""


class Panel(NamedTuple):
    """``is_common`` per task: every model has it. ``is_complete`` per model: it has every task."""

    is_common: Bools
    is_complete: Bools


def panel_of(scores: ArrayLike) -> Panel:
    """Which tasks all models share, and which models have all tasks."""
    there = ~np.isnan(_table(scores))
    return Panel(np.asarray(there.all(axis=0)), np.asarray(there.all(axis=1)))


def mean_over_common(scores: ArrayLike) -> Floats:
    """Mean of each model over the tasks that all of them have; NaN throughout where there is no such task."""
    table = _table(scores)
    common = table[:, panel_of(table).is_common]
    return common.mean(axis=1) if common.shape[1] else np.full(len(table), np.nan)


def panel_mean(scores: ArrayLike) -> Floats:
    """Mean of each model over all tasks; NaN for a model that misses one. Never a mean over what is there."""
    table = _table(scores)
    return table.mean(axis=1) if table.shape[1] else np.full(len(table), np.nan)


class Bounds(NamedTuple):
    low: Floats
    high: Floats


def mean_bounds(scores: ArrayLike, lowest: ArrayLike = 0.0, highest: ArrayLike = 1.0) -> Bounds:
    """Where the mean over all tasks must lie: missing scores at the lowest, and at the highest, possible value.

    ``lowest`` and ``highest`` are one number, or one per task. A complete row has two equal bounds.

    Source:
        Manski 1989, Journal of Human Resources 24:343, bounds without assumptions on what is missing.
    """
    table = _table(scores)
    missing = np.isnan(table)
    return Bounds(*(np.where(missing, np.asarray(end, float), table).mean(axis=1) for end in (lowest, highest)))


def mean_over_available(scores: ArrayLike) -> Floats:
    """The biased mean over what is there, to show beside an honest one; NaN for a model without any score."""
    table = _table(scores)
    there = ~np.isnan(table)
    n = there.sum(axis=1)
    return np.where(there, table, 0.0).sum(axis=1) / np.where(n > 0, n, np.nan)


class Adjusted(NamedTuple):
    """``mean``: expected mean over all tasks, per model; ``task_effect``: how much easier than average each task is.

    ``is_reliable``: the model has at least three tasks, the fewest for which the number is shown.
    """

    mean: Floats
    task_effect: Floats
    is_reliable: Bools


def adjusted_mean(scores: ArrayLike) -> Adjusted:
    """Least squares score = model + task over the cells that are there, task effects summing to 0 over all tasks.

    Assumes that tasks are equally much harder for every model.

    Raises:
        ValueError: If the table falls into parts that share neither model nor task: nothing joins their scales. Rows
            and columns without any score count as such parts.

    Source:
        Additive two-way model, Yates 1934, JASA 29:51.
    """
    table = _table(scores)
    there = ~np.isnan(table)
    if not is_connected(there):
        raise ValueError("the scores fall into groups of models and tasks that share nothing; no common scale exists")
    n_models, n_tasks = table.shape
    model, task = np.nonzero(there)
    # Unknowns: one level per model, one effect per task but the last, which is minus the sum of the others.
    design = np.zeros((len(model), n_models + n_tasks - 1))
    design[np.arange(len(model)), model] = 1.0
    last = task == n_tasks - 1
    design[np.flatnonzero(~last), n_models + task[~last]] = 1.0
    design[last, n_models:] = -1.0
    found = np.asarray(np.linalg.lstsq(design, table[there], rcond=None)[0], float)
    effects = found[n_models:]
    return Adjusted(found[:n_models], np.append(effects, -effects.sum()), there.sum(axis=1) >= FEWEST_TASKS)


def is_connected(there: ArrayLike) -> bool:
    """Whether one can get from every model to every task of the table along cells that are there."""
    cells = np.asarray(there, bool)
    if not cells.size:
        return False
    models = np.zeros(len(cells), bool)
    models[0] = True
    while True:
        tasks = cells[models].any(axis=0)
        wider = cells[:, tasks].any(axis=1) | models
        if (wider == models).all():
            return bool(models.all() and tasks.all())
        models = wider


def _table(scores: ArrayLike) -> Floats:
    table = np.asarray(scores, float)
    if table.ndim != 2:
        raise ValueError("scores must be a table: one row per model, one column per task")
    return table
