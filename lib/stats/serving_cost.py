"""Dollars of serving oneself, from rates and the price of a device-hour. Everything broadcasts; missing stays missing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.serving import Served

Floats = NDArray[np.float64]

HOURS_PER_MONTH = 730.0
BLEND = (3.0, 1.0)
"""Input to output tokens of a usual chat."""


def usd_per_mtok(
    usd_per_gpu_hour: ArrayLike, n_gpus: ArrayLike, tokens_per_s: ArrayLike, utilisation: ArrayLike = 1.0
) -> Floats:
    """n p/(3600 rate u) x 10⁶: dollars per million tokens; u is the share of paid time spent serving at that rate."""
    hourly = np.asarray(usd_per_gpu_hour, float) * np.asarray(n_gpus, float)
    return hourly / (3600 * np.asarray(tokens_per_s, float) * np.asarray(utilisation, float)) * 1e6


class TokenCost(NamedTuple):
    """USD per million tokens.

    Args:
        input: Reading prompts alone.
        output: Writing alone.
        output_all_in: Per output token with its share of the prompts.
        blended: Input and output weighted ``BLEND``, or as asked.
    """

    input: Floats
    output: Floats
    output_all_in: Floats
    blended: Floats


def token_cost(
    served: Served,
    usd_per_gpu_hour: ArrayLike,
    n_gpus: ArrayLike,
    utilisation: ArrayLike = 1.0,
    blend: tuple[float, float] = BLEND,
) -> TokenCost:
    """What the tokens of a server cost that is paid by the hour; blended (a P_in + b P_out)/(a + b)."""
    read, written, all_in = (
        usd_per_mtok(usd_per_gpu_hour, n_gpus, rate, utilisation)
        for rate in (served.prefill_tokens_per_s, served.decode_tokens_per_s, served.output_tokens_per_s)
    )
    weight_in, weight_out = blend
    return TokenCost(read, written, all_in, (weight_in * read + weight_out * written) / (weight_in + weight_out))
