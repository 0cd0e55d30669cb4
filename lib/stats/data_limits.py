"""Limits of text: what repeated tokens are worth, and how much public text there is.

N parameters, D training tokens (repeats counted), U different tokens. Everything broadcasts; NaN in, NaN out; an
impossible value raises :class:`lib.errors.RefusedInput` with the quantity named.

Sources: Muennighoff et al. 2023, arXiv 2305.16264, equations 5 and 6 and appendix A (182 runs of 7M to 9B parameters,
up to 500 epochs; runs that repetition hurt were left out, so the formula cannot show over-fitting); Villalobos et al.
2024, arXiv 2211.04325 v2, table 1 and figure 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.compute_optimal import LossLaw
from lib.stats.quantities import above_zero

Floats = NDArray[np.float64]

R_D_STAR = 15.387756
"""How fast repeated tokens lose their worth."""
R_N_STAR = 5.309743
"""How fast parameters in excess of the different tokens lose theirs."""
GOOD_EPOCHS, USELESS_EPOCHS = 4, 40
"""Up to 4 passes a repeated token is almost as good as a new one; beyond 40 it adds hardly anything."""


class Stock(NamedTuple):
    """Tokens of a stock of text with an interval; ``is_effective``: adjusted for quality and for repeating it."""

    name: str
    tokens: float
    low: float
    high: float
    is_effective: bool


STOCKS = (
    Stock("Common Crawl, as it is", 130e12, 100e12, 260e12, False),
    Stock("indexed web, as it is", 510e12, 130e12, 2100e12, False),
    Stock("whole web, as it is", 3100e12, 1900e12, 5200e12, False),
    Stock("public text, effective, repetition included", 3e14, 1e14, 1e15, True),
)
EFFECTIVE_STOCK = STOCKS[-1]
FULL_USE_YEARS = (2026, 2028, 2032)
"""Median and range of the year in which training sets as large as the effective stock are expected."""


class Repeated(NamedTuple):
    """What a training set of repeated tokens is worth."""

    loss: Floats
    effective_params: Floats
    effective_tokens: Floats
    epochs: Floats
    base_params: Floats


class Worth(NamedTuple):
    """Of a number of passes: effective tokens per different token, mean worth of a token, worth of one in the last pass."""

    effective_over_unique: Floats
    mean_value: Floats
    marginal_value: Floats


def repetition_value(epochs: ArrayLike, r_d_star: float = R_D_STAR) -> Worth:
    """1 + R* (1 - exp(-R/R*)) with R = epochs - 1, over the passes; its limit is 1 + R*.

    Less than one pass is text that is not repeated: each token is worth one.
    """
    passes = above_zero(epochs, "epochs")
    repeats = np.maximum(passes - 1, 0)
    effective = np.minimum(passes, 1) + r_d_star * -np.expm1(-repeats / r_d_star)
    return Worth(effective, effective / passes, np.exp(-repeats / r_d_star))


def data_constrained(
    law: LossLaw,
    params: ArrayLike,
    tokens: ArrayLike,
    unique_tokens: ArrayLike,
    *,
    r_d_star: float = R_D_STAR,
    r_n_star: float = R_N_STAR,
) -> Repeated:
    """Loss with D tokens of which U are different: D' and N' take the places of D and N in the law.

    Args:
        law: The data-constrained one (``muennighoff2023_c4``), with equal exponents of size and tokens.
    """
    n, d = above_zero(params, "parameters"), above_zero(tokens, "training tokens")
    u = np.minimum(above_zero(unique_tokens, "different tokens"), d)
    epochs = d / u
    effective_tokens = u * repetition_value(epochs, r_d_star).effective_over_unique
    base = np.minimum((np.asarray(law.A) / law.B) ** (1 / np.asarray(law.alpha, float)) * u, n)
    excess = np.maximum(n / base - 1, 0)
    effective_params = base + base * r_n_star * -np.expm1(-excess / r_n_star)
    value = law.E + law.A * effective_params ** -np.asarray(law.alpha, float)
    value = value + law.B * effective_tokens ** -np.asarray(law.beta, float)
    return Repeated(value, effective_params, effective_tokens, epochs, base)


def epochs_for(tokens: ArrayLike, unique_tokens: ArrayLike) -> Floats:
    """Passes over the different tokens that a training set takes; below 1 not all of them are used."""
    return above_zero(tokens, "training tokens") / above_zero(unique_tokens, "different tokens")
