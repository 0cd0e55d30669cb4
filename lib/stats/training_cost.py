"""What training a model costs: operations, device-hours, dollars, energy, emissions.

FLOP counts a multiply-add as 2; peak rates are dense. Numbers or arrays in (broadcast together), float64 out; NaN in,
NaN out; an impossible value raises :class:`lib.errors.RefusedInput` with the quantity named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.quantities import above_zero, share, zero_or_more

Floats = NDArray[np.float64]

SECONDS_PER_HOUR = 3600.0
MFU_BAND = (0.25, 0.55)
"""Model FLOP utilisation of normal published runs: the 80% band of every estimate of training."""
MFU_BY_GENERATION = {"v100": 0.20, "a100": 0.45, "h100": 0.35, "h800": 0.35}
MFU_ELSEWHERE = 0.40
"""For hardware of which no large run is published: the middle of the band."""
PUE_BY_PLACE = {"hyperscale": 1.1, "cloud": 1.2, "machine room": 1.5}
BEYOND_THE_RUN = (1.1, 2.0)
"""Failed runs, ablations and post-training multiply the final run by this much (OLMo, arXiv 2503.05804)."""


class TrainingCost(NamedTuple):
    """One training run. ``usd``, ``kwh`` and ``tco2e`` are NaN where price, power or carbon intensity are unknown."""

    flop: Floats
    device_hours: Floats
    usd: Floats
    kwh: Floats
    tco2e: Floats


def flop_per_token(
    active_params: ArrayLike,
    *,
    n_layers: ArrayLike = 0,
    n_heads: ArrayLike = 0,
    head_dim: ArrayLike = 0,
    sequence_tokens: ArrayLike = 0,
) -> Floats:
    """6 N + 6 L h d_h s: forward and backward pass of one token with causal attention over s tokens.

    Without a shape the second term is 0. For a mixture of experts N counts the active parameters.

    Source:
        Kaplan et al. 2020, arXiv 2001.08361; Hoffmann et al. 2022, arXiv 2203.15556; the causal half of the attention
        term of PaLM, appendix B, arXiv 2204.02311.
    """
    n = above_zero(active_params, "parameters")
    return 6 * n + attention_flop_per_token(n_layers, n_heads, head_dim, sequence_tokens)


def attention_flop_per_token(
    n_layers: ArrayLike, n_heads: ArrayLike, head_dim: ArrayLike, sequence_tokens: ArrayLike
) -> Floats:
    """6 L h d_h s: scores and values of causal attention, forward and backward, mean over a sequence of s tokens."""
    layers, heads = zero_or_more(n_layers, "layers"), zero_or_more(n_heads, "attention heads")
    width, length = zero_or_more(head_dim, "head size"), zero_or_more(sequence_tokens, "sequence (tokens)")
    return 6 * layers * heads * width * length


def device_hours(flop: ArrayLike, peak_flop_per_s: ArrayLike, mfu: ArrayLike) -> Floats:
    """H = C / (3600 F MFU), F the dense peak rate of one device.

    Source:
        Definition of model FLOP utilisation, PaLM, appendix B, arXiv 2204.02311.
    """
    work, peak = above_zero(flop, "training compute (FLOP)"), above_zero(peak_flop_per_s, "peak rate (FLOP/s)")
    return work / (SECONDS_PER_HOUR * peak * share(mfu, "utilisation (MFU)"))


def implied_mfu(flop: ArrayLike, hours: ArrayLike, peak_flop_per_s: ArrayLike) -> Floats:
    """C / (3600 H F): the utilisation that published device-hours mean. Above 1 is no error of the formula: then the
    hours, the compute or the peak rate do not belong together."""
    work, used = above_zero(flop, "training compute (FLOP)"), above_zero(hours, "device-hours")
    return work / (SECONDS_PER_HOUR * used * above_zero(peak_flop_per_s, "peak rate (FLOP/s)"))


def energy_kwh(hours: ArrayLike, watts_per_device: ArrayLike, pue: ArrayLike) -> Floats:
    """H w PUE / 1000: w the power of one device (its rating when nothing better is known), PUE that of the building."""
    used, watts = above_zero(hours, "device-hours"), above_zero(watts_per_device, "power (watts per device)")
    return used * watts * above_zero(pue, "power usage effectiveness", most=10) / 1000


def emissions_t(kwh: ArrayLike, kg_co2e_per_kwh: ArrayLike) -> Floats:
    """kWh x ci / 1000: tonnes of CO2e at a grid's carbon intensity."""
    intensity = zero_or_more(kg_co2e_per_kwh, "carbon intensity (kg CO2e per kWh)", most=5)
    return zero_or_more(kwh, "energy (kWh)") * intensity / 1000


def training_cost(
    flop: ArrayLike,
    *,
    peak_flop_per_s: ArrayLike,
    mfu: ArrayLike,
    usd_per_device_hour: ArrayLike = np.nan,
    watts_per_device: ArrayLike = np.nan,
    pue: ArrayLike = 1.1,
    kg_co2e_per_kwh: ArrayLike = np.nan,
) -> TrainingCost:
    """Everything that follows from the amount of computing."""
    work = above_zero(flop, "training compute (FLOP)")
    hours = device_hours(work, peak_flop_per_s, mfu)
    kwh = energy_kwh(hours, watts_per_device, pue)
    usd = hours * above_zero(usd_per_device_hour, "price (USD per device-hour)")
    return TrainingCost(work, hours, usd, kwh, emissions_t(kwh, kg_co2e_per_kwh))


def default_mfu(hardware: str) -> float:
    """The utilisation of large published runs on this generation of device, by the beginning of its id."""
    return next((mfu for start, mfu in MFU_BY_GENERATION.items() if hardware.startswith(start)), MFU_ELSEWHERE)
