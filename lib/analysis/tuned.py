"""Base against tuned models across the catalogue: what tuning adds, and whether tuned small models catch large base ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lib.stats import multiplicity
from lib.stats.intervals import unpaired_difference
from lib.stats.noninferiority import ALPHA

BETTER, WORSE, NOT_SHOWN, NO_INTERVAL = "shown better", "shown worse", "not shown", "no interval"
PAIR_COLUMNS = ("model", "base", "size", "score", "score_base", "delta", "delta_low", "delta_high", "p", "q", "verdict")
RATIO = 2.0


class CatchUp(NamedTuple):
    """How many small models are shown to score above at least one large base model at least twice their size.

    Args:
        n_tuned, n_base: Small tuned and small base models with a pair.
        tuned_above, base_above: Of them, those shown above one.
        n_large: Large base models in a pair.
        n_tests: The family, over which false discoveries are controlled.
    """

    n_tuned: int
    tuned_above: int
    n_base: int
    base_above: int
    n_large: int
    n_tests: int


def pairs(means: pd.DataFrame, models: pd.DataFrame, size: pd.Series) -> pd.DataFrame:
    """Every tuned model against the model it was tuned from, where both have a score: ``PAIR_COLUMNS``, by size.

    Two-sided z test of two standard errors, pairing ignored; Benjamini-Hochberg over all pairs, 5% false discoveries.

    Args:
        means: Index model: score and stderr under one protocol.
        models: ``Frames.models``.
        size: Parameters by model, NaN unknown.
    """
    base = models["finetuned_from"].astype(object).reindex(means.index)
    rows = means[base.isin(means.index).to_numpy(bool)]
    of = base.reindex(rows.index)
    a, b = rows, means.reindex(of)
    score, stderr = a["score"].to_numpy(float), a["stderr"].to_numpy(float)
    found = unpaired_difference(score, stderr, b["score"].to_numpy(float), b["stderr"].to_numpy(float))
    p = np.asarray(found.p_two_sided, float)
    known = ~np.isnan(p)
    q = np.full(len(p), np.nan)
    q[known] = multiplicity.benjamini_hochberg(p[known])
    verdict = np.where(~known, NO_INTERVAL, np.where(q <= ALPHA, np.where(found.diff > 0, BETTER, WORSE), NOT_SHOWN))
    table = pd.DataFrame(
        {
            "model": rows.index.astype(object).to_numpy(),
            "base": of.to_numpy(object),
            "size": size.reindex(rows.index).to_numpy(float),
            "score": a["score"].to_numpy(float),
            "score_base": b["score"].to_numpy(float),
            "delta": found.diff,
            "delta_low": found.low,
            "delta_high": found.high,
            "p": p,
            "q": q,
            "verdict": verdict.astype(object),
        }
    )
    return table[list(PAIR_COLUMNS)].sort_values(["size", "model"], kind="stable", ignore_index=True)


def catch_up(means: pd.DataFrame, models: pd.DataFrame, size: pd.Series, threshold: float) -> CatchUp:
    """Do tuned small models catch large base ones? One-sided tests of small against large, as for upsets.

    Args:
        means, models, size: As for ``pairs``.
        threshold: Small means at most this many parameters.
    """
    known = means[(means["stderr"] > 0).to_numpy(bool)]
    sizes = size.reindex(known.index).to_numpy(float)
    facts = models.reindex(known.index)
    is_tuned = facts["finetuned_from"].notna().to_numpy(bool)
    is_base = ~is_tuned & (facts["kind"] == "base").to_numpy(bool)
    sure = (facts["size_status"] != "disputed").to_numpy(bool) & (sizes > 0)
    small = np.flatnonzero(sure & (sizes <= threshold) & (is_tuned | is_base))
    large = np.flatnonzero(sure & (sizes > threshold) & is_base)
    score, se = known["score"].to_numpy(float), known["stderr"].to_numpy(float)
    eligible = sizes[large][None, :] >= RATIO * sizes[small][:, None]
    z = (score[small][:, None] - score[large][None, :]) / np.hypot(se[small][:, None], se[large][None, :])
    above = np.zeros(eligible.shape, bool)
    if eligible.any():
        above[eligible] = multiplicity.benjamini_hochberg(ndtr(-z[eligible])) <= ALPHA
    has, wins, tuned = eligible.any(axis=1), above.any(axis=1), is_tuned[small]
    n_large = int(eligible.any(axis=0).sum())
    return CatchUp(int((has & tuned).sum()), int((wins & tuned).sum()), int((has & ~tuned).sum()), int((wins & ~tuned).sum()), n_large, int(eligible.sum()))  # fmt: skip
