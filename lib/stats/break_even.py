"""When serving a model oneself costs less than an API: one workload drives both sides, replicas are whole.

Dollars, tokens, requests, months of 730 hours. Numbers or arrays in (broadcast together), float64 out; NaN in, NaN out;
an impossible value raises :class:`lib.errors.RefusedInput` with the quantity named.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import RefusedInput
from lib.stats.api_cost import workload_cost
from lib.stats.quantities import above_zero, share, zero_or_more
from lib.stats.serving_cost import HOURS_PER_MONTH

Floats = NDArray[np.float64]

HOURS_PER_YEAR = 8760.0
UTILISATION = {"people by day": 0.5, "batch work": 0.9}
"""Share of paid time that can be filled."""


class Workload(NamedTuple):
    """Tokens of one request, cached ones among those that go in, and requests a month."""

    input_tokens: ArrayLike
    cached_tokens: ArrayLike
    output_tokens: ArrayLike
    requests_per_month: ArrayLike


class ApiPrice(NamedTuple):
    """USD per million tokens; ``multiplier`` is 0.5 in most batch offers."""

    input_usd_per_mtok: ArrayLike
    cached_usd_per_mtok: ArrayLike
    output_usd_per_mtok: ArrayLike
    multiplier: ArrayLike = 1.0


class Replica(NamedTuple):
    """What one copy of the model costs a month, and how many requests it can take."""

    usd_per_month: Floats
    requests_per_month: Floats


class BreakEven(NamedTuple):
    """Both monthly bills.

    ``break_even_requests`` is where one replica costs as much as the API; it is one only if one replica can take them
    (``is_within_one_replica``); above, costs rise in steps.
    """

    api_usd_per_request: Floats
    api_usd_per_month: Floats
    replica_usd_per_month: Floats
    requests_per_replica: Floats
    replicas: Floats
    own_usd_per_month: Floats
    break_even_requests: Floats
    is_within_one_replica: NDArray[np.bool_]
    is_own_cheaper: NDArray[np.bool_]


class TokensOnly(NamedTuple):
    """The same without a request shape: a check of the arithmetic only. ``utilisation`` above 1: never."""

    usd_per_month: Floats
    break_even_mtok_per_month: Floats
    capacity_mtok_per_month: Floats
    utilisation: Floats
    can_win: NDArray[np.bool_]


def api_usd_per_request(workload: Workload, price: ApiPrice) -> Floats:
    """((i - c) P_in + c P_cached + o P_out) / 1e6 x m; cached tokens without a price cost as much as other input.

    Raises:
        RefusedInput: More tokens are cached than go in.
    """
    i, c, o = _tokens(workload)
    return workload_cost(
        zero_or_more(price.input_usd_per_mtok, "price of input (USD per million tokens)"),
        zero_or_more(price.output_usd_per_mtok, "price of output (USD per million tokens)"),
        input_tokens=i,
        output_tokens=o,
        cached_input_tokens=c,
        usd_cached_in_per_mtok=zero_or_more(
            price.cached_usd_per_mtok, "price of cached input (USD per million tokens)"
        ),
        batch_multiplier=share(price.multiplier, "share of the list price"),
    )


def replica(
    *,
    n_devices: ArrayLike,
    usd_per_device_hour: ArrayLike,
    output_tokens_per_s: ArrayLike,
    output_tokens: ArrayLike,
    utilisation: ArrayLike,
) -> Replica:
    """K = n p 730 a month, for at most Q = X / o x u x 3600 x 730 requests."""
    hourly = above_zero(n_devices, "devices") * above_zero(usd_per_device_hour, "price (USD per device-hour)")
    rate = above_zero(output_tokens_per_s, "throughput (output tokens per second)")
    requests_per_s = rate / above_zero(output_tokens, "output (tokens per request)")
    filled = share(utilisation, "utilisation")
    return Replica(hourly * HOURS_PER_MONTH, requests_per_s * filled * 3600 * HOURS_PER_MONTH)


def replicas_needed(requests_per_month: ArrayLike, requests_per_replica: ArrayLike) -> Floats:
    """ceil(R / Q): whole replicas."""
    asked = above_zero(requests_per_month, "requests a month")
    return np.ceil(asked / above_zero(requests_per_replica, "requests that one replica can take"))


def break_even(workload: Workload, price: ApiPrice, one: Replica, *, extra_usd_per_month: ArrayLike = 0) -> BreakEven:
    """Both bills of one workload at the prices of one host."""
    return bills(
        workload.requests_per_month, api_usd_per_request(workload, price), one, extra_usd_per_month=extra_usd_per_month
    )


def bills(
    requests_per_month: ArrayLike, usd_per_request: ArrayLike, one: Replica, *, extra_usd_per_month: ArrayLike = 0
) -> BreakEven:
    """Both bills; ``extra_usd_per_month`` is for people and spare capacity of the own side.

    R* = (K + extra) / (A / R), where one replica and the extra cost as much as the API. A tie is won by the API: nobody
    moves for nothing. Where the API is free there is no break-even (NaN).
    """
    asked = above_zero(requests_per_month, "requests a month")
    extra = zero_or_more(extra_usd_per_month, "further cost (USD a month)")
    per_request = zero_or_more(usd_per_request, "price of a request (USD)")
    api = asked * per_request
    n = replicas_needed(asked, one.requests_per_month)
    own = n * one.usd_per_month + extra
    star = (one.usd_per_month + extra) / np.where(per_request > 0, per_request, np.nan)
    shape = np.broadcast_shapes(own.shape, api.shape)
    return BreakEven(
        per_request,
        api,
        np.asarray(one.usd_per_month, float),
        np.asarray(one.requests_per_month, float),
        n,
        own,
        star,
        np.asarray(star <= one.requests_per_month, bool),
        np.broadcast_to(np.asarray(own < api, bool), shape),
    )


def flips(api_usd_per_request_: float, one: Replica, most_requests: float, *, extra_usd_per_month: float = 0) -> Floats:
    """Requests a month at which the cheaper side changes, ascending, up to ``most_requests``; at most 1,000.

    With k replicas, (k-1) Q < R <= k Q, the own side costs k K + extra: it becomes the cheaper one at
    R = (k K + extra) / a where that lies inside the step, and the dearer one again at k Q, just above which one more
    replica is paid, if then (k+1) K + extra is above a k Q.
    """
    a = float(zero_or_more(api_usd_per_request_, "price of a request (USD)"))
    k_usd, q = float(one.usd_per_month), float(one.requests_per_month)
    most = float(above_zero(most_requests, "requests a month"))
    extra = float(zero_or_more(extra_usd_per_month, "further cost (USD a month)"))
    if a == 0:
        return np.array([])
    k = np.arange(1, min(1000, int(np.ceil(most / q))) + 1, dtype=float)
    rises = (k * k_usd + extra) / a
    down = rises[((k - 1) * q < rises) & (rises < k * q)]
    # At the end of step k the own side is the cheaper one, and one replica more makes it the dearer one.
    up = (k * q)[(k * k_usd + extra < a * k * q) & ((k + 1) * k_usd + extra > a * k * q)]
    found = np.sort(np.concatenate([down, up]))
    return found[found <= most]


def tokens_only(
    *,
    usd_per_device_hour: ArrayLike,
    n_devices: ArrayLike,
    api_blended_usd_per_mtok: ArrayLike,
    capacity_tokens_per_s: ArrayLike,
    hours_per_month: ArrayLike = HOURS_PER_MONTH,
) -> TokensOnly:
    """Monthly cost against a blended price, in tokens: no request shape, so a check of the arithmetic only."""
    hours = above_zero(hours_per_month, "hours a month", most=744)
    monthly = above_zero(usd_per_device_hour, "price (USD per device-hour)") * above_zero(n_devices, "devices") * hours
    needed = monthly / above_zero(api_blended_usd_per_mtok, "price (USD per million tokens)")
    capacity = above_zero(capacity_tokens_per_s, "throughput (tokens per second)") * 3600 * hours / 1e6
    return TokensOnly(monthly, needed, capacity, needed / capacity, np.asarray(needed <= capacity, bool))


def amortised_usd_per_hour(
    *,
    purchase_usd: ArrayLike,
    years: ArrayLike,
    utilisation: ArrayLike,
    watts: ArrayLike,
    usd_per_kwh: ArrayLike,
    hours_per_year: float = HOURS_PER_YEAR,
) -> Floats:
    """Price of one useful hour of owned hardware: price / (years x 8760 x u) + watts x USD per kWh / 1000.

    Power is counted only while in use.
    """
    bought = zero_or_more(purchase_usd, "purchase (USD)")
    hours = above_zero(years, "years", most=50) * hours_per_year * share(utilisation, "utilisation")
    power = zero_or_more(watts, "power (watts)") * zero_or_more(usd_per_kwh, "price of power (USD per kWh)") / 1000
    return bought / hours + power


def _tokens(workload: Workload) -> tuple[Floats, Floats, Floats]:
    i = above_zero(workload.input_tokens, "input (tokens per request)")
    c = zero_or_more(workload.cached_tokens, "cached input (tokens per request)")
    o = above_zero(workload.output_tokens, "output (tokens per request)")
    if np.any(c > i):
        raise RefusedInput("impossible cached input (tokens per request)", place="cached input (tokens per request)", expected="at most the input, of which it is a part", found=f"{np.max(c):.10g}")  # fmt: skip
    return i, c, o
