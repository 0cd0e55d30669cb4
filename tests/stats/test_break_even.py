"""Break-even: both bills against a slow count of replicas, flips against a search, the arithmetic of the reference."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.stats import break_even as be

tokens = st.integers(1, 20_000)
usd = st.floats(0.01, 50)


@given(
    tokens,
    st.floats(0, 1),
    tokens,
    st.integers(1, 10**8),
    usd,
    usd,
    usd,
    st.floats(1, 50_000),
    st.integers(1, 8),
    st.floats(0.05, 1),
)
def test_both_bills_by_counting(
    i: int, cached: float, o: int, requests: int, p_in: float, p_out: float, hourly: float, rate: float, n: int, u: float
) -> None:  # fmt: skip
    c = int(cached * i)
    one = be.replica(n_devices=n, usd_per_device_hour=hourly, output_tokens_per_s=rate, output_tokens=o, utilisation=u)
    found = be.break_even(be.Workload(i, c, o, requests), be.ApiPrice(p_in, p_in / 2, p_out), one)
    api = requests * ((i - c) * p_in / 1e6 + c * p_in / 2 / 1e6 + o * p_out / 1e6)
    most = rate / o * u * 3600 * 730
    assume(requests / most < 1e4 and abs(requests / most - round(requests / most)) > 1e-9)
    replicas = 1
    while replicas * most < requests:
        replicas += 1
    assert found.replicas == replicas
    assert found.api_usd_per_month == pytest.approx(api)
    assert found.own_usd_per_month == pytest.approx(replicas * n * hourly * 730)
    assert bool(found.is_own_cheaper) == (replicas * n * hourly * 730 < requests * float(found.api_usd_per_request))
    star = float(found.break_even_requests)
    assert star * float(found.api_usd_per_request) == pytest.approx(n * hourly * 730)
    assert bool(found.is_within_one_replica) == (star <= float(one.requests_per_month))


@given(st.floats(0.2, 5), st.floats(10, 3000), st.floats(100, 5000), st.floats(0, 4000))
def test_flips_by_walking(price: float, k_usd: float, q: float, extra: float) -> None:
    one = be.Replica(np.asarray(k_usd), np.asarray(q))
    most = 6.4 * q
    found = be.flips(price, one, most, extra_usd_per_month=extra)
    assert list(found) == sorted(found) and all(0 < f <= most for f in found)

    def is_own_cheaper(r: float) -> bool:
        return math.ceil(r / q - 1e-12) * k_usd + extra < price * r

    edges = [0.0, *found, most]
    states = []
    for left, right in itertools.pairwise(edges):
        if right - left < 1e-6 * q:
            assume(False)
        at = [left + (right - left) * s for s in (0.001, 0.31, 0.5, 0.77, 0.999)]
        states.append({is_own_cheaper(r) for r in at})
    assert all(len(one_state) == 1 for one_state in states)
    assert all(a != b for a, b in itertools.pairwise(states))


def test_worked_workload() -> None:
    one = be.replica(
        n_devices=2, usd_per_device_hour=2.95, output_tokens_per_s=2400, output_tokens=300, utilisation=0.5
    )
    price = be.ApiPrice(0.59, 0.59, 0.77)
    assert one.usd_per_month == pytest.approx(4307) and one.requests_per_month == pytest.approx(10.512e6)
    found = be.break_even(be.Workload(1000, 0, 300, [5e6, 12e6]), price, one)
    assert found.own_usd_per_month == pytest.approx([4307, 8614])
    assert found.api_usd_per_month == pytest.approx([4105, 9852])
    assert found.is_own_cheaper.tolist() == [False, True]
    assert found.break_even_requests == pytest.approx(5.246e6, rel=1e-4)
    # One more replica is paid just above 10.512 million requests and is worth it only a little later (10.492 < 10.512).
    assert be.flips(0.000821, one, 20e6) == pytest.approx([5.246041e6])
    assert be.flips(0.0006, one, 20e6) == pytest.approx([7.178333e6, 10.512e6, 14.356667e6])


def test_tokens_only() -> None:
    found = be.tokens_only(usd_per_device_hour=2.95, n_devices=1, api_blended_usd_per_mtok=0.065, capacity_tokens_per_s=7952)  # fmt: skip
    assert found.utilisation == pytest.approx(1.59, abs=0.005) and not found.can_win
    dearer = be.tokens_only(usd_per_device_hour=2.95, n_devices=1, api_blended_usd_per_mtok=0.1031, capacity_tokens_per_s=7952)  # fmt: skip
    assert dearer.can_win


def test_free_interfaces_and_further_costs() -> None:
    one = be.Replica(np.asarray(1000.0), np.asarray(1e6))
    free = be.break_even(be.Workload(10, 0, 10, 100), be.ApiPrice(0, 0, 0), one)
    assert np.isnan(free.break_even_requests) and not free.is_own_cheaper and not free.is_within_one_replica
    assert not len(be.flips(0, one, 1e9))
    extra = be.break_even(be.Workload(10, 0, 10, 100), be.ApiPrice(1, 1, 1), one, extra_usd_per_month=500)
    assert extra.own_usd_per_month == 1500
    owned = be.amortised_usd_per_hour(purchase_usd=1599, years=3, utilisation=0.5, watts=450, usd_per_kwh=0.13)
    assert owned == pytest.approx(2 * 1599 / 26280 + 0.0585)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: be.api_usd_per_request(be.Workload(10, 11, 1, 1), be.ApiPrice(1, 1, 1)), "cached input"),
        (lambda: be.api_usd_per_request(be.Workload(0, 0, 1, 1), be.ApiPrice(1, 1, 1)), "input"),
        (lambda: be.api_usd_per_request(be.Workload(1, 0, 0, 1), be.ApiPrice(1, 1, 1)), "output"),
        (lambda: be.api_usd_per_request(be.Workload(1, 0, 1, 1), be.ApiPrice(1, 1, -1)), "price of output"),
        (lambda: be.replica(n_devices=1, usd_per_device_hour=1, output_tokens_per_s=0, output_tokens=1, utilisation=1), "throughput"),
        (lambda: be.replica(n_devices=1, usd_per_device_hour=1, output_tokens_per_s=1, output_tokens=1, utilisation=1.01), "utilisation"),
        (lambda: be.replicas_needed(0, 1), "requests a month"),
        (lambda: be.amortised_usd_per_hour(purchase_usd=1, years=0, utilisation=1, watts=1, usd_per_kwh=1), "years"),
    ],
)  # fmt: skip
def test_impossible_values_are_named(call: object, named: str) -> None:
    with pytest.raises(RefusedInput, match=f"impossible {named}"):
        call()  # type: ignore[operator]
