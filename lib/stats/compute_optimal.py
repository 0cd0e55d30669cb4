"""Compute-optimal training: closed forms of L = E + A N^-alpha + B D^-beta under C = 6 N D.

N parameters (count), D training tokens (repeats counted), C training compute (FLOP), L loss (nats per token of the
Chinchilla corpus). Everything broadcasts; missing in, missing out. Sources: Kaplan et al. 2020, arXiv 2001.08361
(6ND); Hoffmann et al. 2022, arXiv 2203.15556, equations 2 and 4 (the law); Besiroglu et al. 2024, arXiv 2404.10102
(the default parameters). Valid for dense decoders, one pass, 1e18 to 1e26 FLOP.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

FLOP_PER_PF_DAY = 8.64e19
FLOP_RANGE = (1e18, 1e26)
"""Training compute for which an optimal allocation is stated at all."""
BAND = (10.0, 90.0)
"""Percentiles over the refits that make the 80% band."""
EXACT_BUDGETS = 400


class LossLaw(NamedTuple):
    """Parameters of the law: numbers, or arrays with one entry per refit ("draw")."""

    E: Floats | float
    A: Floats | float
    B: Floats | float
    alpha: Floats | float
    beta: Floats | float


class Exponents(NamedTuple):
    """N_opt = G (C/6)^a, D_opt = (C/6)^b / G, L_opt = E + K (C/6)^-gamma."""

    a: Floats
    b: Floats
    G: Floats
    gamma: Floats
    K: Floats


class Allocation(NamedTuple):
    params: Floats
    tokens: Floats
    tokens_per_parameter: Floats
    loss: Floats


class OptimalTraining(NamedTuple):
    flop: Floats
    tokens: Floats
    tokens_per_parameter: Floats


def training_flop(params: ArrayLike, tokens: ArrayLike) -> Floats:
    """C = 6 N D, in FLOP; N active parameters for a mixture of experts. Attention adds 8% to 33% on top."""
    return 6.0 * np.asarray(params, float) * np.asarray(tokens, float)


def exponents(law: LossLaw) -> Exponents:
    """a = beta/(alpha+beta), b = alpha/(alpha+beta), G = (alpha A/(beta B))^(1/(alpha+beta)), gamma, K."""
    alpha, beta = np.asarray(law.alpha, float), np.asarray(law.beta, float)
    total = alpha + beta
    g = np.exp((np.log(alpha * law.A) - np.log(beta * law.B)) / total)
    return Exponents(
        a=beta / total,
        b=alpha / total,
        G=g,
        gamma=alpha * beta / total,
        K=law.A * g**-alpha + law.B * g**beta,
    )


def allocate(law: LossLaw, flop: ArrayLike) -> Allocation:
    """Parameters, tokens, tokens per parameter and loss of the best split of a compute budget.

    Minimises L under 6ND = C; beyond ``FLOP_RANGE`` the numbers extrapolate and are not to be shown.
    """
    e = exponents(law)
    budget = np.asarray(flop, float) / 6
    params, tokens = e.G * budget**e.a, budget**e.b / e.G
    return Allocation(params, tokens, tokens / params, law.E + e.K * budget**-e.gamma)


def optimal_for(law: LossLaw, params: ArrayLike) -> OptimalTraining:
    """Compute and tokens for which a size is compute-optimal: C = 6 (N/G)^(1/a)."""
    e = exponents(law)
    n = np.asarray(params, float)
    flop = 6 * (n / e.G) ** (1 / e.a)
    tokens = flop / (6 * n)
    return OptimalTraining(flop, tokens, tokens / n)


def loss(law: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Floats:
    """L = E + A N^-alpha + B D^-beta; comparable on the law's corpus and tokenizer only."""
    n, d = np.asarray(params, float), np.asarray(tokens, float)
    return law.E + law.A * n ** -np.asarray(law.alpha, float) + law.B * d ** -np.asarray(law.beta, float)


def parameter_share(law: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Floats:
    """Share of the reducible loss L - E that the parameter term makes; equals a at the optimum."""
    by_size = law.A * np.asarray(params, float) ** -np.asarray(law.alpha, float)
    return by_size / (loss(law, params, tokens) - law.E)


def equivalent_flop(law: LossLaw, loss_value: ArrayLike) -> Floats:
    """Compute-optimal budget with the same loss: C_eq = 6 (K/(L - E))^(1/gamma); NaN at or below E."""
    e = exponents(law)
    reducible = np.asarray(loss_value, float) - law.E
    return 6 * (e.K / np.where(reducible > 0, reducible, np.nan)) ** (1 / e.gamma)


def efficiency(law: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Floats:
    """C_eq/(6ND), at most 1: how much of the compute the best split would have needed for that loss."""
    return equivalent_flop(law, loss(law, params, tokens)) / training_flop(params, tokens)


class PowerLaw(NamedTuple):
    """y = coefficient * x^exponent."""

    coefficient: float
    exponent: float

    def at(self, x: ArrayLike) -> Floats:
        return self.coefficient * np.asarray(x, float) ** self.exponent


def fit_power_law(x: ArrayLike, y: ArrayLike) -> PowerLaw:
    """Least squares in logs, as approaches 1 and 2 of Hoffmann et al. are drawn (their Tables 3 and A3).

    Raises:
        ValueError: With fewer than two different positive x.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if not (np.all(x > 0) and np.all(y > 0)) or np.unique(x).size < 2:
        raise ValueError("a power law needs two different positive points")
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return PowerLaw(float(np.exp(intercept)), float(exponent))


class Overtraining(NamedTuple):
    """Times over-trained (above 1) or under-trained (below 1), at equal compute and at equal size."""

    flop: Floats
    tokens_per_parameter: Floats
    optimal_tokens_per_parameter: Floats
    ratio_equal_compute: Floats
    optimal_tokens_equal_size: Floats
    ratio_equal_size: Floats


def overtraining(law: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Overtraining:
    """r_C = (D/N)/(D/N)_opt(C) at C = 6ND, and r_N = D/D_opt(N).

    r_C says how far from the best split of the compute that was spent; r_N how many times the tokens that would make
    this size the right one; r_N = r_C^(1/(2a)). Over-trained is no mistake: it buys cheap serving. NaN where the
    compute lies outside ``FLOP_RANGE``.
    """
    n, d = np.asarray(params, float), np.asarray(tokens, float)
    flop = training_flop(n, d)
    flop_stated = np.where((flop >= FLOP_RANGE[0]) & (flop <= FLOP_RANGE[1]), flop, np.nan)
    ratio = d / n
    optimal = allocate(law, flop_stated).tokens_per_parameter
    tokens_equal_size = np.where(np.isnan(flop_stated), np.nan, optimal_for(law, n).tokens)
    return Overtraining(flop, ratio, optimal, ratio / optimal, tokens_equal_size, d / tokens_equal_size)


class Band(NamedTuple):
    low: Floats
    high: Floats


def optimal_ratio_percentiles(draws: LossLaw, flop: ArrayLike, percentiles: tuple[float, ...] = BAND) -> Floats:
    """Percentiles of the optimal tokens per parameter over refits of the law, draw by draw.

    Args:
        draws: Arrays of shape (n_draws,), at least one draw.
        flop: Compute budgets, any shape; NaN gives NaN.
        percentiles: In percent.

    Returns:
        Shape (len(percentiles), *flop.shape). Interpolated linearly in the logarithm between order statistics;
        beyond ``EXACT_BUDGETS`` different budgets also between budgets 0.04 apart in ln C (off by less than 0.1%).
    """
    e = exponents(draws)
    flop = np.asarray(flop, float)
    # ln (D/N)_opt is a straight line in ln C for every draw, and percentiles pass through the logarithm.
    slope, intercept = e.b - e.a, -2 * np.log(e.G)
    points, back = np.unique(np.log(flop / 6).ravel(), return_inverse=True)
    values = np.full((len(percentiles), points.size), np.nan)
    known = np.isfinite(points)
    if known.any():
        wanted = points[known]
        n_steps = int((wanted[-1] - wanted[0]) / 0.04) + 2
        at = wanted if wanted.size <= max(EXACT_BUDGETS, n_steps) else np.linspace(wanted[0], wanted[-1], n_steps)
        lines = np.multiply.outer(at, slope)
        lines += intercept
        found = _percentiles(lines, percentiles)
        values[:, known] = [np.interp(wanted, at, row) for row in found]
    return np.exp(values[:, back]).reshape(len(percentiles), *flop.shape)


def _percentiles(rows: Floats, percentiles: tuple[float, ...]) -> Floats:
    """numpy's linear percentile along the last axis, by one partition in place."""
    at = [q / 100 * (rows.shape[-1] - 1) for q in percentiles]
    below = [int(np.floor(x)) for x in at]
    above = [int(np.ceil(x)) for x in at]
    rows.partition(sorted({*below, *above}), axis=-1)
    return np.stack(
        [rows[:, lo] + (x - lo) * (rows[:, hi] - rows[:, lo]) for x, lo, hi in zip(at, below, above, strict=True)]
    )


def overtraining_band(draws: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Band:
    """80% band of r_C: 10th and 90th percentile over the draws, each draw with its own optimum.

    NaN where the compute lies outside ``FLOP_RANGE``.
    """
    n, d = np.asarray(params, float), np.asarray(tokens, float)
    flop = training_flop(n, d)
    stated = np.where((flop >= FLOP_RANGE[0]) & (flop <= FLOP_RANGE[1]), flop, np.nan)
    low, high = optimal_ratio_percentiles(draws, stated)
    # The ratio falls where the optimum rises, so the ends change places.
    return Band(d / n / high, d / n / low)


def equal_size_band(draws: LossLaw, params: ArrayLike, tokens: ArrayLike) -> Band:
    """80% band of r_N, draw by draw; the alternative to :func:`overtraining_band`.

    NaN where the compute lies outside ``FLOP_RANGE``.
    """
    n, d = np.broadcast_arrays(np.asarray(params, float), np.asarray(tokens, float))
    flop = training_flop(n, d)
    stated = (flop >= FLOP_RANGE[0]) & (flop <= FLOP_RANGE[1])
    size = np.where(stated, n, np.nan)
    optimal = optimal_for(draws, size[..., None]).tokens
    low, high = np.percentile(optimal, BAND, axis=-1)
    return Band(d / high, d / low)


def kaplan_slope(flop: ArrayLike, anchor_params: float = 175e9, anchor_tokens: float = 300e9) -> Allocation:
    """Kaplan's exponents (N ~ C^0.73, D ~ C^0.27) through one anchor, by default GPT-3. A slope, not an optimum.

    The level is not theirs: non-embedding parameters and the critical-batch correction make it incomparable with
    6ND of total parameters. It enters no ratio; ``loss`` is NaN.
    """
    times = np.asarray(flop, float) / (6 * anchor_params * anchor_tokens)
    params, tokens = anchor_params * times**0.73, anchor_tokens * times**0.27
    return Allocation(params, tokens, tokens / params, np.full_like(params, np.nan))
