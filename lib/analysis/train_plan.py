"""A plan of training: compute-optimal and inference-aware sizes by every law, what they cost, and whether text lasts.

One of three things is given: a budget, a model size, or a number of tokens; the law gives the other two. Sizes carry the
80% band of the refits where a law has some; hours, dollars and energy carry that of the utilisation (MFU 25% to 55%).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.plane import DEFAULT_LAW, loss_draws, loss_law
from lib.errors import RefusedInput
from lib.stats import compute_optimal, data_limits, lifetime_cost, training_cost
from lib.stats.compute_optimal import BAND, FLOP_RANGE, LossLaw
from lib.stats.lifetime_cost import INDICATIVE
from lib.stats.training_cost import MFU_BAND

Goal = Literal["budget", "size", "data"]
LAWS = {
    DEFAULT_LAW: "refit of 2024 (Besiroglu et al.)",
    "refit_huber_240": "our refit of the same 240 runs",
    "hoffmann2022_unrounded": "Chinchilla, approach 3 (Hoffmann et al. 2022)",
    "sardana2024_used": "as used by Sardana et al. 2024",
}
HAS_DRAWS = (DEFAULT_LAW, "refit_huber_240")
"""Laws fitted to the runs of which the refits were drawn."""
REPEATED_LAW = "muennighoff2023_c4"
PLAN_COLUMNS = (
    "law", "label", "plan", "params", "params_low", "params_high", "tokens", "tokens_low", "tokens_high",
    "tokens_per_parameter", "loss", "flop", "device_hours", "hours_low", "hours_high", "usd", "usd_low", "usd_high",
    "kwh", "tco2e", "total_usd", "total_flop", "saving", "saving_low", "saving_high", "is_indicative",
)  # fmt: skip
OPTIMAL, AWARE = "compute-optimal", "for its whole life"
N_DRAWN = 250
"""Refits of the 1,000 that the band of the inference-aware size is made of: every fourth."""


class Ask(NamedTuple):
    """What is asked, every assumption in it.

    Args:
        goal, amount: USD, parameters, or training tokens.
        peak_flop_per_s: Dense peak of one device.
        mfu: Utilisation.
        usd_per_device_hour, watts, kg_co2e_per_kwh: None where unknown.
        pue: Of the building.
        served: Tokens read and written in the model's life; 0: it is not served.
        serving_ratio: What a FLOP costs when serving, over one of training.
        different: Different tokens at hand; None: as many as wanted.
        beyond: Factor for failed runs, ablations and post-training.
    """

    goal: Goal
    amount: float
    peak_flop_per_s: float
    mfu: float
    usd_per_device_hour: float | None
    watts: float | None
    pue: float
    kg_co2e_per_kwh: float | None
    served: float
    serving_ratio: float
    different: float | None
    beyond: float = 1.0

    @property
    def usd_per_flop(self) -> float:
        """Of training; NaN where the price is unknown."""
        price = np.nan if self.usd_per_device_hour is None else self.usd_per_device_hour
        return price / (3600 * self.peak_flop_per_s * self.mfu)


class Plans(NamedTuple):
    """Everything that follows.

    Args:
        rows: ``PLAN_COLUMNS``, two rows a law: compute-optimal, and inference-aware (where something is served).
        curve: Of the chosen law: size, train, total (USD where the price is known, else FLOP), tokens, at the quality of
            its compute-optimal plan.
        limits: Of the chosen law, a row a plan: plan, tokens, different, epochs, worth (mean of a token), last (worth in
            the last pass), effective, stock_share with stock_low and stock_high.
        is_in_usd: Unit of the curve.
    """

    rows: pd.DataFrame
    curve: pd.DataFrame
    limits: pd.DataFrame
    is_in_usd: bool


def plans(laws: pd.DataFrame | None, draws: pd.DataFrame | None, ask: Ask, chosen: str = DEFAULT_LAW) -> Plans:
    """Plans by every law that the table has.

    Args:
        laws: Reference table ``loss_law_parameters``.
        draws: Reference table ``refit_bootstrap_draws``; without it there are no bands of sizes.
        chosen: Law of the curve and of the limits.

    Raises:
        RefusedInput: A budget without a price; or the compute of the chosen law lies outside the range in which an
            optimum is stated. Place is the name of the field.
    """
    refits = loss_draws(draws)
    parts = []
    for name, label in LAWS.items():
        law = loss_law(laws, name)
        # Another law may lie outside its range where the chosen one does not: then it has no row.
        if law is not None and (name == chosen or _is_stated(law, ask)):
            parts += _of_law(name, label, law, refits if name in HAS_DRAWS else None, ask)
    rows = pd.DataFrame(parts, columns=list(PLAN_COLUMNS))
    own = rows[rows["law"] == chosen]
    law = loss_law(laws, chosen)
    if own.empty or law is None:
        empty = pd.DataFrame(columns=["size", "train", "total", "tokens"], dtype=float)
        return Plans(rows, empty, pd.DataFrame(columns=list(_LIMITS)), bool(np.isfinite(ask.usd_per_flop)))
    return Plans(rows, _curve(law, own, ask), _limits(own, ask), bool(np.isfinite(ask.usd_per_flop)))


def optimum(law: LossLaw, ask: Ask) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and tokens of the compute-optimal plan; of a law of draws, arrays.

    Raises:
        RefusedInput: As for :func:`plans`.
    """
    if ask.goal == "budget":
        if ask.usd_per_device_hour is None:
            raise RefusedInput("a budget needs a price of a device-hour", place="rate", expected="USD per device-hour")
        best = compute_optimal.allocate(law, ask.amount / ask.beyond / ask.usd_per_flop)
        return best.params, best.tokens
    if ask.goal == "size":
        return np.asarray(ask.amount + 0 * np.asarray(law.alpha)), compute_optimal.optimal_for(law, ask.amount).tokens
    e = compute_optimal.exponents(law)
    params = 6 * (ask.amount * e.G) ** (1 / e.b) / (6 * ask.amount)
    return params, np.asarray(ask.amount + 0 * params)


def _of_law(name: str, label: str, law: LossLaw, refits: LossLaw | None, ask: Ask) -> list[dict[str, object]]:
    params, tokens = (float(one) for one in optimum(law, ask))
    flop = float(compute_optimal.training_flop(params, tokens))
    if not _is_stated(law, ask):
        raise RefusedInput(
            f"training compute of {formats.flop(flop)} lies outside what the laws are stated for",
            place=ask.goal,
            expected=f"an amount that leads to {formats.flop(FLOP_RANGE[0])} to {formats.flop(FLOP_RANGE[1])}",
        )
    drawn = optimum(refits, ask) if refits is not None else None
    first = {"law": name, "label": label, "plan": OPTIMAL, **_plan(law, params, tokens, ask), **_bands(drawn)}
    if ask.served <= 0:
        return [first]
    found = lifetime_cost.inference_optimum(law, params, ask.served, serve_price_ratio=ask.serving_ratio / ask.beyond, baseline_tokens=tokens)  # fmt: skip
    second = {"law": name, "label": label, "plan": AWARE, **_plan(law, float(found.params), float(found.tokens), ask)}
    second["saving"] = float(found.saving)
    if refits is not None and drawn is not None:
        second |= _aware_bands(refits, drawn, ask)
    return [first, second]


def _is_stated(law: LossLaw, ask: Ask) -> bool:
    """Whether the compute lies in the range in which an optimum is stated."""
    flop = float(compute_optimal.training_flop(*optimum(law, ask)))
    return FLOP_RANGE[0] <= flop <= FLOP_RANGE[1]


def _plan(law: LossLaw, params: float, tokens: float, ask: Ask) -> dict[str, object]:
    flop = float(compute_optimal.training_flop(params, tokens))
    work = flop * ask.beyond
    known = {"usd_per_device_hour": ask.usd_per_device_hour, "watts_per_device": ask.watts, "kg_co2e_per_kwh": ask.kg_co2e_per_kwh}  # fmt: skip
    given = {key: np.nan if value is None else value for key, value in known.items()}
    cost = training_cost.training_cost(work, peak_flop_per_s=ask.peak_flop_per_s, mfu=ask.mfu, pue=ask.pue, **given)
    hours = [float(training_cost.device_hours(work, ask.peak_flop_per_s, mfu)) for mfu in reversed(MFU_BAND)]
    price = given["usd_per_device_hour"]
    total = work + ask.serving_ratio * 2 * params * ask.served
    return {
        "params": params,
        "tokens": tokens,
        "tokens_per_parameter": tokens / params,
        "loss": float(compute_optimal.loss(law, params, tokens)),
        "flop": flop,
        "device_hours": float(cost.device_hours),
        "hours_low": hours[0],
        "hours_high": hours[1],
        "usd": float(cost.usd),
        "usd_low": hours[0] * price,
        "usd_high": hours[1] * price,
        "kwh": float(cost.kwh),
        "tco2e": float(cost.tco2e),
        "total_flop": total,
        "total_usd": total * ask.usd_per_flop,
        "saving": 0.0,
        "is_indicative": tokens / params > INDICATIVE,
    }


def _bands(drawn: tuple[np.ndarray, np.ndarray] | None) -> dict[str, float]:
    if drawn is None:
        return {}
    names = ("params_low", "params_high", "tokens_low", "tokens_high")
    ends = [float(end) for values in drawn for end in np.percentile(values, BAND)]
    return dict(zip(names, ends, strict=True))


def _aware_bands(refits: LossLaw, drawn: tuple[np.ndarray, np.ndarray], ask: Ask) -> dict[str, float]:
    """Each refit with its own compute-optimal plan and its own optimum."""
    every = slice(None, None, max(1, len(drawn[0]) // N_DRAWN))
    some = LossLaw(*(np.asarray(one)[every] for one in refits))
    found = lifetime_cost.inference_optimum(some, drawn[0][every], ask.served, serve_price_ratio=ask.serving_ratio / ask.beyond, baseline_tokens=drawn[1][every])  # fmt: skip
    low, high = np.nanpercentile(found.saving, BAND)
    return {**_bands((found.params, found.tokens)), "saving_low": float(low), "saving_high": float(high)}


def _curve(law: LossLaw, own: pd.DataFrame, ask: Ask) -> pd.DataFrame:
    """Cost of every size that reaches the quality of the compute-optimal plan, from well below the best to well above."""
    target = float(own["loss"].iloc[0])
    sizes = own["params"].to_numpy(float)
    size = np.geomspace(np.nanmin(sizes) / 4, np.nanmax(sizes) * 3, 121)
    # The sizes of the plans are on the line.
    size = np.unique(np.concatenate([size, sizes[np.isfinite(sizes)]]))
    tokens = lifetime_cost.tokens_for_loss(law, size, target)
    unit = ask.usd_per_flop if np.isfinite(ask.usd_per_flop) else 1.0
    train = 6 * size * tokens * ask.beyond * unit
    total = train + 2 * size * ask.served * ask.serving_ratio * unit
    found = pd.DataFrame({"size": size, "train": train, "total": total, "tokens": tokens})
    # A size that hardly reaches the loss needs tokens without end; nobody wants to see that far up.
    return found[found["total"] <= 4 * found["total"].min()].reset_index(drop=True)


_LIMITS = (
    "plan",
    "tokens",
    "different",
    "epochs",
    "worth",
    "last",
    "effective",
    "stock_share",
    "stock_low",
    "stock_high",
)


def _limits(own: pd.DataFrame, ask: Ask) -> pd.DataFrame:
    tokens = own["tokens"].to_numpy(float)
    different = tokens if ask.different is None else np.minimum(ask.different, tokens)
    epochs = data_limits.epochs_for(tokens, different)
    worth = data_limits.repetition_value(epochs)
    stock = data_limits.EFFECTIVE_STOCK
    columns = (
        own["plan"].to_numpy(object), tokens, different, epochs, worth.mean_value, worth.marginal_value,
        different * worth.effective_over_unique, tokens / stock.tokens, tokens / stock.high, tokens / stock.low,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(_LIMITS, columns, strict=True)))
