"""A measured rate for a configuration, if there is one: it wins over any estimate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
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
    """The nearest measurement within the limits; the latest of equally near ones; None if there is none."""
    found, distance = _nearest(rows, wanted)
    return found if distance <= 1 else None


def nearest_rate(rows: pd.DataFrame, wanted: Configuration) -> MeasuredRate | None:
    """The measurement with the nearest batch, then the nearest lengths; None where nothing was measured."""
    return _nearest(rows, wanted, by_batch=True)[0]


def differences(found: MeasuredRate, wanted: Configuration) -> str:
    """What a measurement was made with that is not what is asked: ``48 at once, not 32; 512 tokens in, not 1,000``.

    '' where nothing differs. Tokens in do not count for one sequence alone, whose rate is without prompts.
    """
    pairs = [("at once", found.batch, wanted.batch), ("tokens out", found.output_tokens, wanted.output_tokens)]
    if wanted.group not in _ALONE:
        assumed = " (assumed)" if found.is_input_assumed else ""
        pairs.insert(1, (f"tokens in{assumed}", found.input_tokens, wanted.input_tokens))
    told = [(formats.count(is_), words, formats.count(asked)) for words, is_, asked in pairs]
    return "; ".join(f"{is_} {words}, not {asked}" for is_, words, asked in told if is_ != asked)


def _nearest(rows: pd.DataFrame, wanted: Configuration, *, by_batch: bool = False) -> tuple[MeasuredRate | None, float]:
    """A measurement and how far it is, 1 at the limit of what counts as the same configuration."""
    near = alike(rows, wanted)
    pairs = [("batch", wanted.batch, BATCH_WITHIN), ("osl", wanted.output_tokens, LENGTHS_WITHIN)]
    if wanted.group not in _ALONE:
        pairs.append(("input_tokens", wanted.input_tokens, LENGTHS_WITHIN))
    near = near[near["batch"] > 0]
    if near.empty:
        return None, float("inf")
    with np.errstate(divide="ignore"):  # a prompt of no tokens is infinitely far
        apart = [np.abs(np.log(near[name].to_numpy(float) / value)) / np.log1p(within) for name, value, within in pairs]
    furthest = np.max(apart, axis=0)
    dates = near["date"].astype(str).to_numpy(object)
    first = apart[0] if by_batch else furthest
    best = min(
        range(len(near)),
        key=lambda i: (round(float(first[i]), 6), round(float(furthest[i]), 6), [-ord(c) for c in dates[i]]),
    )
    return _rate(near.iloc[best]), float(furthest[best])


def _rate(row: pd.Series) -> MeasuredRate:
    of_accelerators = "GPU energy" in str(row["notes"])
    return MeasuredRate(
        tokens_per_s=float(row["rate"]),
        between_tokens_s=_number(row, "tpot_ms") / 1e3,
        joules_per_token=_number(row, "energy_j_per_output_token") if of_accelerators else float("nan"),
        batch=float(row["batch"]),
        input_tokens=float(row["input_tokens"]),
        output_tokens=float(row["osl"]),
        is_input_assumed=bool(row["is_input_assumed"]),
        **{name: str(row[name]) for name in ("row_id", "engine", "source", "source_url", "date")},
    )


def _number(row: pd.Series, name: str) -> float:
    value = row[name]
    return float("nan") if value is None else float(value)
