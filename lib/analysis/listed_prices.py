"""One price per model from what several hosts ask: the median over hosts, blended from input and output."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

INPUT_SHARE = 0.75
"""Three tokens read for each token written; the blend is stated wherever the price is shown."""
BLEND = "three tokens in for each token out"


class Price(NamedTuple):
    """What a model costs at its hosts.

    Args:
        model: Id.
        usd: USD per million tokens, blended; the median over hosts of each host's cheapest name.
        lowest, highest: Over hosts.
        n_hosts: How many ask a price.
        seen_on: The latest day on which one of the prices was still listed, as written; '' unknown.
        source: Digest of the file of the prices; '' for a reader's own.
    """

    model: str
    usd: float
    lowest: float
    highest: float
    n_hosts: int
    seen_on: str
    source: str


def per_model(rows: pd.DataFrame) -> tuple[Price, ...]:
    """One price per model, by model.

    Args:
        rows: ``lib.store.model_prices.current_prices``. A price of 0 for both is a free tier and is left out.

    Source:
        Definition; the median, because the cheapest host is often one that limits or quantises.
    """
    blend = INPUT_SHARE * rows["input_usd_per_mtok"] + (1 - INPUT_SHARE) * rows["output_usd_per_mtok"]
    paid = rows.assign(usd=blend)[blend > 0]
    found = []
    for model, own in paid.groupby("model", sort=True):
        hosts = own.groupby("provider")["usd"].min()
        days = own["last_seen"].dropna().astype(str)
        files = own["source_digest"].dropna().astype(str)
        found.append(
            Price(
                str(model),
                float(hosts.median()),
                float(hosts.min()),
                float(hosts.max()),
                len(hosts),
                days.max() if len(days) else "",
                files.iloc[0] if len(files) else "",
            )
        )
    return tuple(found)
