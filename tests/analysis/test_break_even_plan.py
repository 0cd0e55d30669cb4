"""Break-even of an estimate against a price: what would turn the answer turns it, curves are the bills, refused input."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import break_even_plan as bp
from lib.analysis import break_even_words as words
from lib.analysis import experts_plan, serve_plan
from lib.analysis.break_even_plan import Plan, Workload
from lib.analysis.listed_prices import Price
from lib.analysis.one_pair import NOT_MEASURED, Quality
from lib.analysis.serving_errors import Band
from lib.analysis.serving_estimate import Ask, Estimate, estimate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import ROOT

COST = ROOT / "data" / "cost"
ARCH = pd.read_csv(COST / "model_arch.csv").set_index("model_id")
HARDWARE = pd.read_csv(COST / "hardware.csv").set_index("id")
SHAPES = Shapes(ARCH, {}, frozenset(), tuple(ARCH.index))
NOTHING = pd.DataFrame()
ASK = Ask("llama-3.3-70b", "h100-sxm", "fp8", batch=64, input_tokens=1000, output_tokens=300, n_gpus=2)
PRICE = Price("llama-3.3-70b", (1000 * 0.59 + 300 * 0.77) / 1300, 0.5, 0.9, 3, "2026-11-20", "ab")
SILENT = Quality(NOT_MEASURED, "was not measured", NOTHING, "")


OWN = estimate(ASK, SHAPES, HARDWARE, NOTHING)


@pytest.fixture
def own() -> Estimate:
    return OWN


def at_2400(own: Estimate) -> Estimate:
    """One replica at the rate of the worked example."""
    return own._replace(output_tokens_per_s=Band(2400.0, 2000.0, 2900.0))


def made(own: Estimate, requests: float, **changed: Any) -> Plan:
    work = Workload(1000, 0, 300, requests, 0.5)._replace(**changed)
    return bp.plan(work, PRICE, at_2400(own))


def test_the_worked_example(own: Estimate) -> None:
    found = made(own, 12e6)
    assert found.usd_per_request == pytest.approx(0.000821)
    assert found.bill.own_usd_per_month == pytest.approx(8614) and found.bill.api_usd_per_month == pytest.approx(9852)
    assert found.flips[0] == pytest.approx(5.246e6, rel=1e-3)
    work = Workload(1000, 0, 300, 12e6, 0.5)
    said = " ".join(plain(one) for one in words.takeaway(found, work, SILENT, PRICE, "Small", "Large", "2 × H100"))
    assert "$9,900" in said and "$8,600" in said and "20 Nov 2026, median of 3 hosts" in said
    assert "compares money only" in said and "becomes cheaper at 5,200,000 requests a month" in said


@given(st.floats(1e4, 4e7), st.floats(0.1, 1.0), st.floats(0, 3000))
@settings(max_examples=60)
def test_what_would_turn_it_turns_it(requests: float, u: float, extra: float) -> None:
    own = OWN
    found = made(own, requests, utilisation=u, extra_usd=extra)
    api = float(found.bill.api_usd_per_month)

    def is_own(**changed: Any) -> bool:
        return bool(made(own, requests, **{"utilisation": u, "extra_usd": extra, **changed}).bill.is_own_cheaper)

    if math.isfinite(found.utilisation_needed):
        assert is_own(utilisation=min(found.utilisation_needed * 1.0001, 1.0))
        assert not is_own(utilisation=found.utilisation_needed * 0.999)
    else:
        assert not is_own(utilisation=1.0)
    if math.isfinite(found.usd_per_hour_below):
        for factor, wins in ((0.999, True), (1.001, False)):
            priced = own._replace(ask=own.ask._replace(usd_per_gpu_hour=found.usd_per_hour_below * factor))
            cheaper = bp.plan(Workload(1000, 0, 300, requests, u, extra), PRICE, at_2400(priced)).bill.is_own_cheaper
            assert bool(cheaper) is wins
    else:
        assert api <= extra
    assert bool(found.bill.is_own_cheaper) == (found.price_factor < 1)


def test_the_curve_is_the_bills(own: Estimate) -> None:
    found = made(own, 2e6, extra_usd=100)
    for row in found.curve.iloc[::25].to_dict("records"):
        there = made(own, row["requests"], extra_usd=100)
        assert row["api"] == pytest.approx(float(there.bill.api_usd_per_month))
        assert row["own"] == pytest.approx(float(there.bill.own_usd_per_month))
        assert row["own_low"] <= row["own"] <= row["own_high"]
    assert 2e6 in set(found.curve["requests"]) and found.curve["requests"].is_monotonic_increasing


def test_refused(own: Estimate) -> None:
    with pytest.raises(RefusedInput, match="part of the input") as refusal:
        made(own, 1e6, cached_tokens=2000)
    assert refusal.value.place == "cached"
    unpriced = own._replace(ask=own.ask._replace(usd_per_gpu_hour=math.nan))
    with pytest.raises(RefusedInput, match="no price of this hardware"):
        bp.plan(Workload(1000, 0, 300, 1e6, 0.5), PRICE, unpriced)
    still = own._replace(output_tokens_per_s=Band(math.nan, math.nan, math.nan))
    with pytest.raises(RefusedInput, match="rate of this hardware"):
        bp.plan(Workload(1000, 0, 300, 1e6, 0.5), PRICE, still)


def test_words_of_prices() -> None:
    assert "perhaps not current" in words.price_words(PRICE._replace(age_days=200.0))
    assert words.price_words(PRICE._replace(is_own=True)) == "your own price"
    assert "one host" in words.price_words(PRICE._replace(n_hosts=1))


def test_every_format_says_whether_it_fits() -> None:
    ask = Ask("llama-2-13b", "rtx-4090", batch=1, profile="single-stream")
    found = serve_plan.serve_plan(ask, SHAPES, HARDWARE, NOTHING)
    rows = found.rows.set_index("format")
    assert rows.at["bf16", "kind"] == "" and "does not fit: 26.0 GB of weights" in rows.at["bf16", "reason"]
    assert rows.at["gguf-q4_k_m", "kind"] == "estimated"
    # The same question to the estimator.
    alone = estimate(ask._replace(weight_format="gguf-q4_k_m"), SHAPES, HARDWARE, NOTHING)
    assert rows.at["gguf-q4_k_m", "output_tokens_per_s"] == alone.output_tokens_per_s.value
    said = " ".join(plain(one) for one in serve_plan.takeaway(found, ask, "Llama 2 13B", "RTX 4090"))
    assert "26 GB of weights and does not fit; at 4 bits 8 GB (69% less) and fits" in said.replace("8.0", "8")
    assert "The most bits that fit: GGUF Q8_0" in said
    with pytest.raises(RefusedInput, match="sequences at once"):
        serve_plan.serve_plan(ask._replace(batch=0), SHAPES, HARDWARE, NOTHING)


def test_experts_read_between_active_and_all() -> None:
    ask = Ask("", "h100-sxm", input_tokens=500, output_tokens=500)
    found = experts_plan.experts("mixtral-8x7b", "qwen2.5-14b", ask, SHAPES, HARDWARE, NOTHING)
    read = found.curve["moe"]
    assert read.iloc[0] == pytest.approx(found.moe_active) and read.is_monotonic_increasing
    assert read.iloc[-1] < found.moe_total and read.iloc[-1] > 0.97 * found.moe_total
    assert found.curve["dense"].nunique() == 1
    # Reference: billions of parameters read by batch.
    at = found.curve.set_index("batch")["moe"] / 2e9
    assert [at[b] for b in (1.0, 4.0, 16.0, 64.0)] == pytest.approx([12.7, 32.3, 46.1, 46.6], abs=0.1)
    rows = found.rows.set_index("model")
    assert rows.at["mixtral-8x7b", "n_gpus"] == 2 and rows.at["qwen2.5-14b", "n_gpus"] == 1
    large = experts_plan.experts(
        "deepseek-v3", "qwen2.5-14b", ask._replace(hardware="rtx-4090"), SHAPES, HARDWARE, NOTHING
    )
    assert "does not fit on 16" in large.rows["reason"].iloc[0]
    moes, denses = experts_plan.mixtures(SHAPES, {one: one for one in ARCH.index})
    assert "deepseek-v3" in moes and "llama-2-7b" in denses and not set(moes) & set(denses)
