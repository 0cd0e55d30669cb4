"""A measured rate for a configuration, if there is one: it wins over any estimate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import serving_rows as of

BATCH_WITHIN, LENGTHS_WITHIN = 0.10, 0.20
"""A measurement is of the same configuration if its mean batch and its tokens per request differ by no more than this."""
_ALONE = (of.SINGLE, of.EAGER)


class Configuration(NamedTuple):
    """What has to agree: ids and group exactly, formats by what is stored, numbers within the limits above."""

    model: str
    hardware: str
    weight_format: str
    group: str
    n_gpus: int
    batch: float
    input_tokens: float
    output_tokens: float
    is_expert_parallel: bool = False


class MeasuredRate(NamedTuple):
    """One measurement.

    Args:
        tokens_per_s: Output tokens of all sequences together.
        between_tokens_s, joules_per_token: NaN where they were not measured; joules of the accelerators only.
        batch, input_tokens, output_tokens: As measured.
        is_input_assumed: The source does not say how long prompts were.
        row_id, engine, source, source_url, date: Where it is from.
    """

    tokens_per_s: float
    between_tokens_s: float
    joules_per_token: float
    batch: float
    input_tokens: float
    output_tokens: float
    is_input_assumed: bool
    row_id: str
    engine: str
    source: str
    source_url: str
    date: str


def alike(rows: pd.DataFrame, wanted: Configuration) -> pd.DataFrame:
    """Rows of the same model, format and devices at any batch and length, smallest batch first.

    Args:
        rows: ``serving_rows.Measurements.rows``.
    """
    stored = {"fp16": "bf16", "fp4": "nvfp4"}
    fits = (
        (rows["model"] == wanted.model)
        & (rows["hardware"] == wanted.hardware)
        & (rows["weight_format"].replace(stored) == stored.get(wanted.weight_format, wanted.weight_format))
        & (rows["group"] == wanted.group)
        & (rows["n_gpus"] == wanted.n_gpus)
    )
    if wanted.n_gpus > 1:
        fits &= rows["is_expert_parallel"] == wanted.is_expert_parallel
        fits &= rows["n_devices"] == wanted.n_gpus
    return rows[fits].sort_values(["batch", "row_id"])


def measured_rate(rows: pd.DataFrame, wanted: Configuration) -> MeasuredRate | None:
    """The nearest measurement of a configuration; the latest of equally near ones; None if there is none."""
    near = alike(rows, wanted)
    apart = [
        np.abs(np.log(near["batch"].to_numpy(float) / wanted.batch)) / np.log1p(BATCH_WITHIN),
        np.abs(np.log(near["osl"].to_numpy(float) / wanted.output_tokens)) / np.log1p(LENGTHS_WITHIN),
    ]
    if wanted.group not in _ALONE:
        apart.append(
            np.abs(np.log(near["input_tokens"].to_numpy(float) / wanted.input_tokens)) / np.log1p(LENGTHS_WITHIN)
        )
    furthest = np.max(apart, axis=0) if len(near) else np.empty(0)
    fits = np.flatnonzero(furthest <= 1)
    if not fits.size:
        return None
    dates = near["date"].astype(str).to_numpy(object)
    # numpy's order is stable: by distance, among equal ones the latest first.
    best = min(fits, key=lambda i: (round(float(furthest[i]), 6), [-ord(c) for c in dates[i]]))
    row = near.iloc[int(best)]
    return MeasuredRate(
        tokens_per_s=float(row["rate"]),
        between_tokens_s=_number(row, "tpot_ms") / 1e3,
        joules_per_token=_number(row, "energy_j_per_output_token")
        if "GPU energy" in str(row["notes"])
        else float("nan"),
        batch=float(row["batch"]),
        input_tokens=float(row["input_tokens"]),
        output_tokens=float(row["osl"]),
        is_input_assumed=bool(row["is_input_assumed"]),
        **{name: str(row[name]) for name in ("row_id", "engine", "source", "source_url", "date")},
    )


def _number(row: pd.Series, name: str) -> float:
    value = row[name]
    return float("nan") if value is None else float(value)
