"""Many models on one kind of hardware: a row each, and for those without an estimate the reason."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_type_hints

import pandas as pd

from lib.analysis.serving_errors import Band
from lib.analysis.serving_estimate import Ask, Estimate, estimate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput

BANDS = tuple(name for name, kind in get_type_hints(Estimate).items() if kind is Band)
"""Columns that come with ``<name>_low`` and ``<name>_high``."""


def estimates(
    models: Iterable[str], ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame
) -> pd.DataFrame:
    """The same question for each model.

    Args:
        models: Ids; ``ask.model`` is not read.

    Returns:
        Index ``model``, in the order given: kind (measured, estimated or None), reason ('' or why there is no estimate),
        shape_of, n_gpus, params_total, params_active, weight_bytes, cache_bytes, largest_batch, source (of the
        measurement, '' without), and ``BANDS`` with their ends. NaN where unknown.

    Raises:
        RefusedInput: What is wrong with the question whatever the model: hardware, format, a number out of range.
    """
    rows = []
    for model in models:
        try:
            rows.append({"model": model, **_row(estimate(ask._replace(model=model), shapes, hardware, measured))})
        except RefusedInput as refusal:
            if refusal.place not in ("model", "n_gpus", "batch"):
                raise
            rows.append({"model": model, "reason": refusal.message})
    columns = ["model", "kind", "reason", "shape_of", "n_gpus", "params_total", "params_active", "weight_bytes", "cache_bytes", "largest_batch", "source"]  # fmt: skip
    columns += [name for band in BANDS for name in (band, f"{band}_low", f"{band}_high")]
    found = pd.DataFrame(rows, columns=columns).set_index("model")
    found[["reason", "source"]] = found[["reason", "source"]].fillna("")
    return found


def _row(found: Estimate) -> dict[str, object]:
    row: dict[str, object] = {
        "kind": found.kind,
        "reason": "",
        "shape_of": found.shape_of,
        "n_gpus": found.ask.n_gpus,
        "params_total": float(found.parameters.total),
        "params_active": float(found.parameters.active),
        "weight_bytes": found.memory.weights,
        "cache_bytes": found.memory.cache,
        "largest_batch": found.memory.largest_batch,
        "source": found.measured.source if found.measured else "",
    }
    for name in BANDS:
        band: Band = getattr(found, name)
        row |= {name: band.value, f"{name}_low": band.low, f"{name}_high": band.high}
    return row
