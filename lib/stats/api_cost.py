"""What calls to a hosted model cost. Prices in US dollars per million tokens; NaN stays NaN: unknown is never free."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MILLION = 1e6


def blended_price(
    usd_in_per_mtok: ArrayLike, usd_out_per_mtok: ArrayLike, weight_in: ArrayLike, weight_out: ArrayLike
) -> Floats:
    """One price from two, (a P_in + b P_out)/(a + b), for a tokens read to b tokens written.

    Args:
        usd_in_per_mtok, usd_out_per_mtok: Price of input and of output.
        weight_in, weight_out: At least 0, not both 0.

    Raises:
        ValueError: If a weight is negative, or both are 0.

    Source:
        Definition. 3:1 is usual for conversations, 10:1 and more where documents are read.
    """
    a, b = np.asarray(weight_in, float), np.asarray(weight_out, float)
    if np.any(a < 0) or np.any(b < 0) or np.any(a + b == 0):
        raise ValueError("weights of a blend are at least 0, and not both 0")
    # A side that has no weight costs nothing, whether or not its price is known.
    read = np.where(a > 0, a * np.asarray(usd_in_per_mtok, float), 0.0)
    written = np.where(b > 0, b * np.asarray(usd_out_per_mtok, float), 0.0)
    return (read + written) / (a + b)


def workload_cost(
    usd_in_per_mtok: ArrayLike,
    usd_out_per_mtok: ArrayLike,
    *,
    input_tokens: ArrayLike,
    output_tokens: ArrayLike,
    cached_input_tokens: ArrayLike = 0.0,
    usd_cached_in_per_mtok: ArrayLike = np.nan,
    batch_multiplier: ArrayLike = 1.0,
) -> Floats:
    """Dollars for a number of tokens: ((in - cached) P_in + cached P_cached + out P_out)/1e6 x m.

    Args:
        input_tokens: All tokens read, those from the cache among them.
        cached_input_tokens: Of these, read from the host's cache.
        usd_cached_in_per_mtok: NaN where the host names no price for them: then they cost as much as all input.
        batch_multiplier: 1 for calls that are answered at once, 0.5 in most offers for a batch.

    Raises:
        ValueError: If a count is negative, or more tokens are cached than read.

    Source:
        Definition.
    """
    read, cached, written = (np.asarray(x, float) for x in (input_tokens, cached_input_tokens, output_tokens))
    if np.any(read < 0) or np.any(cached < 0) or np.any(written < 0):
        raise ValueError("numbers of tokens are at least 0")
    if np.any(cached > read):
        raise ValueError("cached tokens are part of the input")
    usd_in, usd_cached = np.asarray(usd_in_per_mtok, float), np.asarray(usd_cached_in_per_mtok, float)
    usd_cached = np.where(np.isnan(usd_cached), usd_in, usd_cached)
    parts = (
        np.where(amount > 0, amount * np.asarray(price, float), 0.0)
        for amount, price in ((read - cached, usd_in), (cached, usd_cached), (written, usd_out_per_mtok))
    )
    return sum(parts, np.zeros(())) / MILLION * np.asarray(batch_multiplier, float)
