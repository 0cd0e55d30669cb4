"""Costs that are estimated: serving a model oneself, the energy of that, and training it. Each with how far it may be off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.cost_bases import COST_COLUMNS, nothing
from lib.analysis.devices import price_words
from lib.analysis.listed_prices import Blend
from lib.analysis.serving_errors import Band
from lib.analysis.serving_estimate import MEASURED, Ask, Estimate, estimate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput
from lib.stats import inference_energy
from lib.stats.training_cost import MFU_BAND, training_cost

_Z = 1.2815515655446004
"""Of a band that holds 80%."""
TRAINING_MFU = math.sqrt(MFU_BAND[0] * MFU_BAND[1])
TRAINING_SIGMA = math.log(MFU_BAND[1] / MFU_BAND[0]) / (2 * _Z)
"""ln(cost) of a training run around its median: utilisation between the ends of the band in 80% of runs, each lab its own.

Source: methods of this project, the band from published runs (``lib.stats.training_cost``).
"""
FEWEST_PARAMETERS = 1e6


class Serving(NamedTuple):
    """How a model is served.

    Args:
        hardware: Id of the table of hardware.
        weight_format: Key of ``weight_formats.FORMATS``.
        batch: Sequences at once.
        utilisation: Share of paid time that is filled.
        blend: Tokens read and written.
        usd_per_hour: The reader's price of a device-hour; None: the one of the table of hardware.
    """

    hardware: str
    weight_format: str
    batch: int
    utilisation: float
    blend: Blend = Blend()
    usd_per_hour: float | None = None


def of_serving(
    models: Sequence[str],
    how: Serving,
    shapes: Shapes,
    hardware: pd.DataFrame,
    measured: pd.DataFrame,
    *,
    is_energy: bool,
) -> pd.DataFrame:
    """USD, or kWh, per million tokens of models served on chosen hardware, on the fewest devices that hold them.

    Args:
        models: Ids; those without a known shape, or that no number of devices holds, get no row.
        shapes, hardware, measured: As for ``serving_estimate.estimate``.

    Returns:
        Index ``model``, ``cost_bases.COST_COLUMNS``. ``sigma`` is the deviation of ln(measured/predicted) of the group of
        measurements, with the model left out of the fit; 0 for a measured rate. Hardware and its price are the reader's
        choice and the same for all, so nothing is drawn for them.
    """
    rows, named = [], []
    for model in models:
        if model not in shapes.of_model:
            continue
        ask = Ask(
            model,
            how.hardware,
            how.weight_format,
            how.batch,
            n_gpus=None,
            utilisation=how.utilisation,
            usd_per_gpu_hour=how.usd_per_hour,
            blend=(how.blend.read, how.blend.written),
        )
        try:
            found = estimate(ask, shapes, hardware, measured)
        except RefusedInput:
            continue
        band = found.kwh_per_mtok if is_energy else found.usd_blended
        if band.value > 0:
            rows.append(_row(band, found, hardware, is_own=how.usd_per_hour is not None and not is_energy))
            named.append(model)
    if not rows:
        return nothing()
    return pd.DataFrame(rows, columns=list(COST_COLUMNS), index=pd.Index(named, name="model", dtype=object))


def of_training(
    models: pd.DataFrame, hardware: pd.DataFrame, name: str, usd_per_hour: float | None = None
) -> pd.DataFrame:
    """USD of one training run of 6 N D operations on one kind of hardware, as if everybody had used that.

    Args:
        models: ``Frames.models``: params_active, training_tokens (its own, or those of the model that it was made from).
        hardware: Table ``hardware``, index id.
        usd_per_hour: The reader's price of a device-hour; None: the one of the table.
        name: Id of the hardware; without a price or a rate nothing comes back.

    Source:
        ``lib.stats.training_cost``: MFU between 0.25 and 0.55 in 80% of runs, per model; the price of a device-hour is shared.
    """
    device = hardware.loc[name]
    rate, usd = device[["bf16_tflops_dense", "usd_per_hour"]].to_numpy(float, na_value=np.nan)
    usd = usd if usd_per_hour is None else usd_per_hour
    own = models["training_tokens"].to_numpy(float, na_value=np.nan)
    inherited = models["tokens_inherited"].to_numpy(float, na_value=np.nan)
    tokens = np.where(own > 0, own, inherited)
    active = models["params_active"].to_numpy(float, na_value=np.nan)
    can = (active >= FEWEST_PARAMETERS) & (tokens > 0)
    if not (rate > 0 and usd > 0 and can.any()):
        return nothing()
    found = training_cost(
        6 * active[can] * tokens[can], peak_flop_per_s=rate * 1e12, mfu=TRAINING_MFU, usd_per_device_hour=usd
    )
    told = [
        f"{formats.flop(flop)}, {formats.counted(hours, 'hour')} of one {device['name']}"
        for flop, hours in zip(np.atleast_1d(found.flop), np.atleast_1d(found.device_hours), strict=True)
    ]
    cost = np.atleast_1d(found.usd)
    spread = math.exp(_Z * TRAINING_SIGMA)
    return pd.DataFrame(
        {
            "cost": cost,
            "cost_low": cost / spread,
            "cost_high": cost * spread,
            "sigma": TRAINING_SIGMA,
            "shared_sigma": 0.0,
            "told": told,
            "source": "",
            "fields": "training",
            "is_assumed": True,
            "is_own": usd_per_hour is not None,
        },
        index=pd.Index(models.index[can].astype(object), name="model"),
    )[list(COST_COLUMNS)]


def price_assumed(device: Any, usd_per_hour: float | None) -> str:
    """The price of a device-hour that is counted with: the reader's, or the listed one with its source and date.

    Args:
        device: Row of the table of hardware.
    """
    if usd_per_hour is not None:
        return f"{formats.usd(usd_per_hour)} a device-hour, your own price"
    return price_words(device) or "no price of this hardware is listed"


def power_assumed(device: Any, batch: int) -> str:
    """What the energy of serving is counted with."""
    watts = formats.number(device["tdp_w"])
    if watts is None:
        return "no rated power of this hardware is published"
    share = float(inference_energy.power_fraction(batch))
    return (
        f"{formats.plain(watts)} W rated, {formats.score(share, 0)} of it drawn with {formats.counted(batch, 'request')} at once "
        f"(ML.ENERGY, 2025-12), a building that takes {formats.plain(inference_energy.PUE)} times that (PUE); "
        "processors, memory and idle time not counted"
    )


def _row(band: Band, found: Estimate, hardware: pd.DataFrame, *, is_own: bool) -> tuple[object, ...]:
    is_sure = math.isfinite(band.high) and math.isfinite(band.low)
    sigma = math.log(band.high / band.value) / _Z if is_sure else math.nan
    device = str(hardware.at[found.ask.hardware, "name"])
    told = f"{found.ask.n_gpus} × {device}, {found.kind}"
    if found.kind == MEASURED and found.measured is not None:
        told += f" ({found.measured.engine}, {found.measured.date})"
    low, high = (band.low, band.high) if is_sure else (band.value, band.value)
    return band.value, low, high, sigma, 0.0, told, "", "shape", found.kind != MEASURED, is_own
