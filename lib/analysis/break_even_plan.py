"""Serving a small model oneself against the interface of a large one: both bills, where they cross, and what would turn them.

One workload drives both sides. The own side comes in whole replicas at the rate of an estimate, or of a measurement.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.listed_prices import Price
from lib.analysis.serving_estimate import Estimate
from lib.errors import RefusedInput
from lib.stats import break_even
from lib.stats.break_even import HOURS_PER_MONTH, BreakEven, Replica

N_STEPS = 240
MOST_FLIPS = 12
"""Flips that are listed; beyond, the staircase crosses again and again near one price."""


class Workload(NamedTuple):
    """Tokens of a request, cached ones among those that go in, requests a month, and further cost of the own side."""

    input_tokens: float
    cached_tokens: float
    output_tokens: float
    requests: float
    utilisation: float
    extra_usd: float = 0.0


class Plan(NamedTuple):
    """Both sides.

    Args:
        usd_per_request, usd_lowest, usd_highest: Of the interface: by the hosts' median or the cheapest, and over hosts.
        bill: At the reader's volume.
        own_low, own_high: The own bill at the ends of the rate's band (USD a month); the fast end is the low bill.
        flips: Requests a month at which the cheaper side changes, ascending.
        flips_fast, flips_slow: The first of them at the ends of the band; NaN: none.
        utilisation_needed: Share of time to be filled from which the own side is cheaper at this volume; NaN: at none.
        usd_per_hour_below: Price of a device-hour below which it is; NaN: at none.
        price_factor: The own side is cheaper once the interface costs this many times what it does.
        curve: requests, api, own, own_low, own_high (USD a month).
    """

    usd_per_request: float
    usd_lowest: float
    usd_highest: float
    bill: BreakEven
    own_low: float
    own_high: float
    flips: tuple[float, ...]
    flips_fast: float
    flips_slow: float
    utilisation_needed: float
    usd_per_hour_below: float
    price_factor: float
    curve: pd.DataFrame


def plan(work: Workload, price: Price, own: Estimate) -> Plan:
    """Both bills.

    Args:
        price: Of the interface, blended by the workload's own tokens (``listed_prices.offers`` with such a blend).
        own: Of one replica, at the workload's lengths; its price and rate must be known.

    Raises:
        RefusedInput: No price or no rate; place is the field. More tokens cached than read.
    """
    if work.cached_tokens > work.input_tokens:
        raise RefusedInput("cached tokens are part of the input", place="cached", expected=f"at most {work.input_tokens:g}", found=f"{work.cached_tokens:g}")  # fmt: skip
    hourly, rate = float(own.ask.usd_per_gpu_hour or math.nan), own.output_tokens_per_s
    if not hourly > 0:
        raise RefusedInput("no price of this hardware is known", place="rate", expected="what you pay for a device-hour")  # fmt: skip
    if not rate.value > 0:
        raise RefusedInput("the rate of this hardware is not known", place="rack", expected="hardware with a published matrix rate")  # fmt: skip
    tokens = work.input_tokens + work.output_tokens
    per_request, lowest, highest = (one * tokens / 1e6 for one in (price.usd, price.lowest, price.highest))
    middle, slow, fast = (_replica(work, own, one) for one in (rate.value, rate.low, rate.high))
    bill = break_even.bills(work.requests, per_request, middle, extra_usd_per_month=work.extra_usd)
    most = _far(work, bill)
    found = {name: break_even.flips(per_request, one, most, extra_usd_per_month=work.extra_usd) for name, one in (("middle", middle), ("slow", slow), ("fast", fast))}  # fmt: skip
    return Plan(
        per_request,
        lowest,
        highest,
        bill,
        _own(work.requests, fast, work),
        _own(work.requests, slow, work),
        tuple(float(one) for one in found["middle"][:MOST_FLIPS]),
        _first(found["fast"]),
        _first(found["slow"]),
        _utilisation_needed(work, own, bill),
        (float(bill.api_usd_per_month) - work.extra_usd)
        / (float(bill.replicas) * (own.ask.n_gpus or 1) * HOURS_PER_MONTH)
        if float(bill.api_usd_per_month) > work.extra_usd
        else math.nan,
        float(bill.own_usd_per_month / bill.api_usd_per_month) if float(bill.api_usd_per_month) > 0 else math.nan,
        _curve(work, per_request, (middle, fast, slow), most),
    )


def _replica(work: Workload, own: Estimate, rate: float) -> Replica:
    return break_even.replica(
        n_devices=own.ask.n_gpus or 1,
        usd_per_device_hour=own.ask.usd_per_gpu_hour or math.nan,
        output_tokens_per_s=rate,
        output_tokens=work.output_tokens,
        utilisation=work.utilisation,
    )


def _own(requests: float, one: Replica, work: Workload) -> float:
    n = break_even.replicas_needed(requests, one.requests_per_month)
    return float(n * one.usd_per_month) + work.extra_usd


def _first(flips: np.ndarray) -> float:
    return float(flips[0]) if len(flips) else math.nan


def _far(work: Workload, bill: BreakEven) -> float:
    """Up to which volume is looked: well above the reader's, one replica's, and where the bills of one would meet."""
    star = float(bill.break_even_requests)
    known = [work.requests * 4, float(bill.requests_per_replica) * 3.2]
    return max([*known, star * 2] if star < 100 * known[1] else known)


def _utilisation_needed(work: Workload, own: Estimate, bill: BreakEven) -> float:
    """With n replicas the own side is cheaper if n K + extra is below the interface's bill; n must take R at u <= 1."""
    spare = float(bill.api_usd_per_month) - work.extra_usd
    k = float(bill.replica_usd_per_month)
    n = math.ceil(spare / k) - 1 if spare > 0 else 0
    if n < 1:
        return math.nan
    at_full = float(bill.requests_per_replica) / work.utilisation
    needed = work.requests / (n * at_full)
    return needed if needed <= 1 else math.nan


def _curve(work: Workload, per_request: float, sides: tuple[Replica, Replica, Replica], most: float) -> pd.DataFrame:
    low = min(work.requests / 20, most / 200)
    grid = np.geomspace(max(low, 1.0), most, N_STEPS)
    # Both ends of every step of the own side, as far as they can be seen apart.
    for one in sides:
        q = float(one.requests_per_month)
        ends = q * np.arange(1, min(int(most / q), 40) + 1)
        grid = np.concatenate([grid, ends, ends * (1 + 1e-9)])
    requests = np.unique(np.concatenate([grid, [work.requests]]))
    requests = requests[(requests >= max(low, 1.0)) & (requests <= most)]
    columns = {"requests": requests, "api": requests * per_request}
    for name, one in zip(("own", "own_low", "own_high"), sides, strict=True):
        columns[name] = np.asarray(break_even.replicas_needed(requests, one.requests_per_month) * one.usd_per_month) + work.extra_usd  # fmt: skip
    return pd.DataFrame(columns)
