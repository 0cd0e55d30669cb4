"""Prices of calls against plain definitions, one token at a time."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.stats.api_cost import blended_price, workload_cost
from tests.stats import calculations_prices
from tests.stats.vectors import CALCULATIONS, SHIPPED

PRICES = st.floats(0, 500)
COUNTS = st.integers(0, 40)


@pytest.mark.parametrize("kind", ["blended_price", "api_cost_of_a_workload"])
def test_reference_values(kind: str) -> None:
    assert calculations_prices.__doc__
    cases = [one for one in json.loads((SHIPPED / "cost.json").read_text())["vectors"] if one["kind"] == kind]
    assert cases
    for case in cases:
        found = CALCULATIONS[kind](case["inputs"])
        for name, value in case["expected"].items():
            assert float(found[name]) == pytest.approx(value, rel=case["rel_tol"])


@given(PRICES, PRICES, COUNTS, COUNTS, COUNTS, PRICES, st.sampled_from([1.0, 0.5]))
def test_a_workload_token_by_token(
    usd_in: float, usd_out: float, fresh: int, cached: int, out: int, usd_cached: float, multiplier: float
) -> None:
    total = 0.0
    for price, n in ((usd_in, fresh), (usd_cached, cached), (usd_out, out)):
        for _ in range(n):
            total += price / 1e6
    found = workload_cost(
        usd_in,
        usd_out,
        input_tokens=fresh + cached,
        output_tokens=out,
        cached_input_tokens=cached,
        usd_cached_in_per_mtok=usd_cached,
        batch_multiplier=multiplier,
    )
    assert float(found) == pytest.approx(total * multiplier, rel=1e-9, abs=1e-15)


@given(PRICES, PRICES, st.integers(0, 20), st.integers(0, 20))
def test_a_blend_is_the_mean_price_of_its_tokens(usd_in: float, usd_out: float, a: int, b: int) -> None:
    if a + b == 0:
        with pytest.raises(ValueError, match="weights"):
            blended_price(usd_in, usd_out, a, b)
        return
    assert float(blended_price(usd_in, usd_out, a, b)) == pytest.approx(np.mean([usd_in] * a + [usd_out] * b))


def test_unknown_is_never_free() -> None:
    assert math.isnan(float(blended_price(np.nan, 1.0, 3, 1)))
    assert float(blended_price(1.0, np.nan, 1, 0)) == 1.0
    assert math.isnan(float(workload_cost(1.0, np.nan, input_tokens=10, output_tokens=1)))
    assert float(workload_cost(1.0, np.nan, input_tokens=1e6, output_tokens=0)) == 1.0
    # Without a price of its own a cached token costs what any token read costs.
    told = {"input_tokens": 1e6, "output_tokens": 0, "cached_input_tokens": 4e5}
    assert float(workload_cost(2.0, 1.0, **told)) == 2.0
    assert float(workload_cost(2.0, 1.0, usd_cached_in_per_mtok=0.5, **told)) == pytest.approx(1.4)


@pytest.mark.parametrize(("read", "cached", "out"), [(-1, 0, 0), (1, 2, 0), (1, 0, -1), (1, -1, 0)])
def test_impossible_counts_are_refused(read: int, cached: int, out: int) -> None:
    with pytest.raises(ValueError):
        workload_cost(1.0, 1.0, input_tokens=read, cached_input_tokens=cached, output_tokens=out)
