"""Which way is better, for every result: as its source says, else by the name of its metric, else unknown."""

from __future__ import annotations

import pandas as pd

from lib.schema.metrics import known_direction


def higher_is_better(scores: pd.DataFrame) -> pd.Series:
    """Whether higher is better: ``boolean``, NA where neither the source nor the metric's name says it.

    Args:
        scores: One row per result: ``higher_is_better`` (as stated, NA for not stated) and ``metric``.
    """
    stated = scores["higher_is_better"].astype("boolean")
    silent = stated.isna()
    if silent.any():
        by_name = [known_direction(str(metric)) for metric in scores["metric"][silent]]
        stated = stated.mask(silent, pd.Series(by_name, scores.index[silent], dtype="boolean"))
    return stated
