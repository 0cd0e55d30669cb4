"""Energy of serving: joules per token, kilowatt-hours and grams of CO2e per million tokens. Everything broadcasts.

Counts the accelerators only; the machine around them adds 20% to 60%. Intensities of one table only within a
comparison: tables count differently (with or without the building of power stations).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

POWER_FRACTION = 0.73
POWER_FRACTION_2024 = 0.42
PUE = 1.2
_STEPS = ((12.0, 0.64), (100.0, 0.75), (np.inf, 0.82))


class Energy(NamedTuple):
    """Per output token and per million of them, prompts included."""

    gpu_joules_per_token: Floats
    kwh_per_mtok: Floats
    g_co2e_per_mtok: Floats


def power_fraction(batch: ArrayLike) -> Floats:
    """Average over rated power of a loaded accelerator: 0.64 below 12 sequences, 0.75 to 100, 0.82 above; NaN unknown: 0.73.

    Source:
        ML.ENERGY leaderboard v3 (2025-12), H100 and B200; between 12 and 40 the middle step is taken.
    """
    b = np.asarray(batch, float)
    found = np.select([b < _STEPS[0][0], b <= _STEPS[1][0]], [_STEPS[0][1], _STEPS[1][1]], _STEPS[2][1])
    return np.where(np.isnan(b), POWER_FRACTION, found)


def energy(
    tdp_w: ArrayLike,
    n_gpus: ArrayLike,
    output_tokens_per_s: ArrayLike,
    fraction: ArrayLike = POWER_FRACTION,
    pue: ArrayLike = PUE,
    kg_co2e_per_kwh: ArrayLike = np.nan,
) -> Energy:
    """J = n TDP phi/X; kWh per million = J/3.6 PUE; g = kWh ci 1000. NaN without rated power or intensity."""
    watts = np.asarray(n_gpus, float) * np.asarray(tdp_w, float) * np.asarray(fraction, float)
    return per_million(watts / np.asarray(output_tokens_per_s, float), pue, kg_co2e_per_kwh)


def per_million(gpu_joules_per_token: ArrayLike, pue: ArrayLike = PUE, kg_co2e_per_kwh: ArrayLike = np.nan) -> Energy:
    """The same from joules per token that are known, measured for instance."""
    joules = np.asarray(gpu_joules_per_token, float)
    kwh = joules / 3.6 * np.asarray(pue, float)
    return Energy(joules, kwh, kwh * np.asarray(kg_co2e_per_kwh, float) * 1000)
