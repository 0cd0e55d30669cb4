"""What a model is sold for today, as one number: to set two models beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.analysis.listed_prices import in_force


def listed_today(prices: pd.DataFrame, today: str) -> float:
    """USD for a million tokens in and a million out: the median over the hosts that list it now; NaN where nobody does.

    A host with several names counts once, with its cheapest. A price that is not in force, or old, is not asked.

    Args:
        prices: ``model_prices.prices_of``.
        today: ISO day.
    """
    now = in_force(prices.assign(model=""), today)
    now = now[now["is_current"].to_numpy(bool)]
    both = now["input_usd_per_mtok"].astype(float) + now["output_usd_per_mtok"].astype(float)
    known = both[(both > 0).to_numpy(bool)]
    if known.empty:
        return float("nan")
    return float(np.median(known.groupby(now["provider"].astype(str)).min().to_numpy()))
