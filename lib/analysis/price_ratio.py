"""What a model is sold for today, as one number: to set two models beside each other."""

from __future__ import annotations

import numpy as np
import pandas as pd


def listed_today(prices: pd.DataFrame) -> float:
    """USD for a million tokens in and a million out: the median over the hosts that list it now; NaN where nobody does.

    A host with several names counts once, with its cheapest. A price that has an end is no longer asked.

    Args:
        prices: ``model_prices.prices_of``: provider, input_usd_per_mtok, output_usd_per_mtok, valid_to (None: still asked).
    """
    now = prices[prices["valid_to"].isna().to_numpy(bool)]
    both = now["input_usd_per_mtok"].astype(float) + now["output_usd_per_mtok"].astype(float)
    known = both[(both > 0).to_numpy(bool)]
    if known.empty:
        return float("nan")
    return float(np.median(known.groupby(now["provider"].astype(str)).min().to_numpy()))
