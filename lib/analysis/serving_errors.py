"""How far estimates of serving are off, found once and kept: the bands that pages and commands show.

``python -m bench serving`` computes these again from data/cost/measured_inference.csv and says where they have moved.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from lib.analysis import serving_rows as of

LEVEL = 0.80
"""Of the bands: the same as for training and for the laws of scaling."""
_Z = 1.2815515655446004

LOG_DEVIATION = {
    of.SERVING_2025: 0.2778,
    of.SERVING_2024: 0.1736,
    of.OFFLINE: 0.2824,
    of.STATIC: 0.1812,
    of.SINGLE: 0.3340,
    of.EAGER: 1.0250,
    of.PREFILL: 0.8473,
}
"""Root mean square of ln(estimated / measured rate) over rows of models that the overheads were not fitted to."""
ENERGY_LOG_DEVIATION = {of.SERVING_2025: 0.2831, of.SERVING_2024: 0.1978}
"""The same of joules per token; other groups have no measured ones, and no band."""


class Band(NamedTuple):
    """A value with the range that holds it in ``LEVEL`` of cases; NaN where errors are not known."""

    value: float
    low: float
    high: float


def lognormal(value: float, log_deviation: float) -> Band:
    """value x exp(-+ 1.28 s): errors of rates are factors, not differences."""
    factor = math.exp(_Z * log_deviation)
    return Band(value, value / factor, value * factor)


def weighted_sum(parts: tuple[tuple[float, float], ...]) -> Band:
    """Sum of independent amounts, each with its log deviation, as one lognormal with the sum's own spread.

    s = sqrt(sum (v_i s_i)²) / sum v_i, to first order.
    """
    total = sum(value for value, _ in parts)
    if not total > 0:  # also where a part is not known
        return Band(total, math.nan, math.nan)
    return lognormal(total, math.hypot(*(value * deviation for value, deviation in parts)) / total)
