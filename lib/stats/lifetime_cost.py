"""Training and serving together: the model size that is cheapest over a model's life at one quality.

N parameters, D training tokens, I tokens served, FLOP or dollars. Everything broadcasts; NaN in, NaN out; an impossible
value raises :class:`lib.errors.RefusedInput` with the quantity named. Quality is the loss of a law
(``lib.stats.compute_optimal.LossLaw``), which is badly determined beyond ``INDICATIVE`` tokens per parameter.

Source: Sardana et al. 2024, arXiv 2401.00448, equation 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats.compute_optimal import LossLaw, loss, optimal_for
from lib.stats.quantities import above_zero, zero_or_more

Floats = NDArray[np.float64]

INDICATIVE = 200.0
"""Tokens per parameter beyond which the constants of the laws are hardly determined."""
LN_RANGE = 15.0
"""The optimum is looked for up to this many powers of e above the smallest size that can reach the loss."""
BISECTIONS = 90


class EqualQuality(NamedTuple):
    """Two sizes with the same loss, and what each costs over its life (FLOP)."""

    loss: Floats
    train_tokens_large: Floats
    train_tokens_small: Floats
    total_flop_large: Floats
    total_flop_small: Floats
    saving: Floats


class InferenceOptimum(NamedTuple):
    """The size that is cheapest over its life at the quality of a baseline; NaN where the search has no end.

    ``saving`` is a share of the baseline's total. ``total`` is in FLOP, or in units of the price of a training FLOP.
    """

    loss: Floats
    baseline_tokens: Floats
    baseline_total: Floats
    params: Floats
    tokens: Floats
    tokens_per_parameter: Floats
    total: Floats
    saving: Floats


def lifetime_flop(params: ArrayLike, train_tokens: ArrayLike, inference_tokens: ArrayLike) -> Floats:
    """6 N D + 2 N I."""
    n, d = above_zero(params, "parameters"), above_zero(train_tokens, "training tokens")
    return 6 * n * d + 2 * n * zero_or_more(inference_tokens, "tokens served")


def lifetime_usd(
    params: ArrayLike,
    train_tokens: ArrayLike,
    inference_tokens: ArrayLike,
    *,
    train_usd_per_hour: ArrayLike,
    peak_flop_per_s: ArrayLike,
    mfu: ArrayLike,
    serve_usd_per_mtok: ArrayLike,
) -> Floats:
    """6 N D p / (3600 F MFU) + I x (all-in USD per token): utilisation differs between the two, so money, not FLOP."""
    n, d = above_zero(params, "parameters"), above_zero(train_tokens, "training tokens")
    hourly = above_zero(train_usd_per_hour, "price (USD per device-hour)")
    work = 3600 * above_zero(peak_flop_per_s, "peak rate (FLOP/s)") * above_zero(mfu, "utilisation (MFU)", most=1)
    served = zero_or_more(inference_tokens, "tokens served")
    return 6 * n * d * hourly / work + served * zero_or_more(serve_usd_per_mtok, "price (USD per million tokens)") / 1e6


def tokens_for_loss(law: LossLaw, params: ArrayLike, target_loss: ArrayLike) -> Floats:
    """D = (B / (l - E - A N^-alpha))^(1/beta); NaN for a size that no number of tokens brings there."""
    n = above_zero(params, "parameters")
    rest = np.asarray(target_loss, float) - law.E - law.A * n ** -np.asarray(law.alpha, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((law.B / np.where(rest > 0, rest, np.nan)) ** (1 / np.asarray(law.beta, float)))


def equal_quality(
    law: LossLaw, params_large: ArrayLike, params_small: ArrayLike, inference_tokens: ArrayLike
) -> EqualQuality:
    """A compute-optimal model, and a smaller one trained longer until its loss is the same."""
    large, small = above_zero(params_large, "parameters"), above_zero(params_small, "parameters")
    tokens = optimal_for(law, large).tokens
    target = loss(law, large, tokens)
    longer = tokens_for_loss(law, small, target)
    before = lifetime_flop(large, tokens, inference_tokens)
    after = 6 * small * longer + 2 * small * zero_or_more(inference_tokens, "tokens served")
    return EqualQuality(target, tokens, longer, before, after, 1 - after / before)


def inference_optimum(
    law: LossLaw,
    params: ArrayLike,
    inference_tokens: ArrayLike,
    *,
    serve_price_ratio: ArrayLike = 1.0,
    baseline_tokens: ArrayLike | None = None,
) -> InferenceOptimum:
    """The size with the quality of a baseline that needs least computing over its life.

    Args:
        law: Numbers, or arrays of shape (n_draws,): then every draw has its own baseline and optimum.
        params: Size of the baseline.
        inference_tokens: Tokens served in the model's life, read and written.
        serve_price_ratio: Dollars per FLOP of serving over those of training; 1 minimises FLOP.
        baseline_tokens: Training tokens of the baseline; without them its compute-optimal ones.

    Found where the derivative 6 D + 2 w I - 6 alpha A N^-alpha D^(beta+1) / (beta B) of the total is 0, by bisection in
    ln N between the smallest size that can reach the loss and ``LN_RANGE`` above.
    """
    n = above_zero(params, "parameters")
    served = zero_or_more(inference_tokens, "tokens served")
    ratio = above_zero(serve_price_ratio, "price of serving over that of training")
    e, a, b, alpha, beta = (np.asarray(one, float) for one in law)
    tokens = optimal_for(law, n).tokens if baseline_tokens is None else above_zero(baseline_tokens, "training tokens")
    target = loss(law, n, tokens)
    low = np.log(a / (target - e)) / alpha + 0 * served * ratio
    high = low + LN_RANGE
    floor = low
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        size = np.exp(middle)
        rest = target - e - a * size**-alpha
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            d = (b / np.where(rest > 0, rest, 0.0)) ** (1 / beta)
            # In units of D, so that the end of the range, where D is infinite, has a sign, too.
            slope = 6 + 2 * ratio * served / d - 6 * alpha * a * size**-alpha * d**beta / (beta * b)
        is_below = ~(slope > 0)
        low, high = np.where(is_below, middle, low), np.where(is_below, high, middle)
    at_end = high >= floor + LN_RANGE
    size = np.where(at_end, np.nan, np.exp((low + high) / 2))
    best = tokens_for_loss(law, size, target)
    before = 6 * n * tokens + 2 * ratio * n * served
    after = 6 * size * best + 2 * ratio * size * served
    return InferenceOptimum(target, tokens, before, size, best, best / size, after, 1 - after / before)
