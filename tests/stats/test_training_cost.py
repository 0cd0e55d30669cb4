"""Training cost: published runs as printed in the reference, laws of the formulas, impossible values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.stats import training_cost as tc

positive = st.floats(1e-3, 1e6)
A100, H100, V100 = 312e12, 989.4e12, 125e12
# Run, parameters, tokens, peak rate, published hours, implied MFU, default MFU, predicted hours, error in percent.
PUBLISHED = [
    ("LLaMA 7B", 6.738e9, 1.0e12, A100, 82432, 0.437, 0.45, 79990, -3),
    ("LLaMA 65B", 65.284e9, 1.4e12, A100, 1022362, 0.478, 0.45, 1085000, 6),
    ("Llama 2 70B", 68.975e9, 2.0e12, A100, 1720320, 0.428, 0.45, 1638000, -5),
    ("Llama 3 8B", 8.03e9, 15e12, H100, 1.3e6, 0.156, 0.35, 580000, -55),
    ("Llama 3.1 405B", 405.85e9, 15.6e12, H100, 30.84e6, 0.346, 0.35, 30.5e6, -1),
    ("Llama 3.2 3B", 3.2126e9, 9e12, H100, 460e3, 0.106, 0.35, 139e3, -70),
    ("Llama 4 Scout", 17e9, 40e12, H100, 5.0e6, 0.229, 0.35, 3.27e6, -35),
    ("BLOOM 176B", 176.234e9, 366e9, A100, 1082990, 0.318, 0.45, 766000, -29),
    ("GPT-3 175B", 174.564e9, 300e9, V100, 3.552e6, 0.197, 0.20, 3.49e6, -2),
    ("DeepSeek-V3", 37e9, 14.8e12, H100, 2.664e6, 0.346, 0.35, 2.64e6, -1),
    ("TinyLlama", 1.1e9, 300e9, A100, 3456, 0.510, 0.45, 3917, 13),
]
# Device-hours, watts, PUE, kg per kWh, MWh and tonnes computed.
EMISSIONS = [
    (82432, 400, 1.1, 0.385, 36.3, 13.96),
    (184320, 400, 1.1, 0.385, 81.1, 31.22),
    (1.3e6, 700, 1.1, 0.385, 1001, 385),
    (30.84e6, 700, 1.1, 0.376, 23747, 8929),
    (5.0e6, 700, 1.1, 0.352, 3850, 1355),
    (3.552e6, 330, 1.1, 0.429, 1289, 553),
]


@pytest.mark.parametrize(
    ("run", "params", "tokens", "peak", "hours", "mfu", "default", "predicted", "error"), PUBLISHED
)
def test_published_hours(
    run: str, params: float, tokens: float, peak: float, hours: float, mfu: float, default: float, predicted: float, error: int
) -> None:  # fmt: skip
    flop = tc.flop_per_token(params) * tokens
    assert tc.implied_mfu(flop, hours, peak) == pytest.approx(mfu, abs=0.001)
    found = tc.device_hours(flop, peak, default)
    assert found == pytest.approx(predicted, rel=0.004)
    assert round(100 * (float(found) / hours - 1)) == error


@pytest.mark.parametrize(("hours", "watts", "pue", "intensity", "mwh", "tonnes"), EMISSIONS)
def test_published_energy(hours: float, watts: float, pue: float, intensity: float, mwh: float, tonnes: float) -> None:
    kwh = tc.energy_kwh(hours, watts, pue)
    assert kwh / 1000 == pytest.approx(mwh, rel=0.002)
    assert tc.emissions_t(kwh, intensity) == pytest.approx(tonnes, rel=0.002)


@given(positive, positive, st.floats(0.01, 1), st.floats(0.01, 1))
def test_hours_and_utilisation_are_inverse(peta: float, peak: float, mfu: float, other: float) -> None:
    hours = tc.device_hours(peta, peak, mfu)
    assert tc.implied_mfu(peta, hours, peak) == pytest.approx(mfu)
    assert tc.device_hours(peta, peak, other) * other == pytest.approx(float(hours) * mfu)


@given(st.integers(1, 130), st.integers(1, 128), st.integers(8, 256), st.integers(1, 2000))
def test_attention_is_the_sum_over_positions(layers: int, heads: int, size: int, length: int) -> None:
    # Scores and values: 2 x 2 h d_h operations for each earlier token, three passes; position t looks back at t tokens.
    slow = sum(3 * 4 * layers * heads * size * t for t in range(1, length + 1)) / length
    assert tc.attention_flop_per_token(layers, heads, size, length) == pytest.approx(slow, rel=1 / length + 1e-9)


def test_everything_at_once_and_unknown_stays_unknown() -> None:
    found = tc.training_cost([6e21, np.nan], peak_flop_per_s=A100, mfu=0.45, usd_per_device_hour=2.0)
    assert found.usd[0] == pytest.approx(2 * 6e21 / (3600 * A100 * 0.45))
    assert np.isnan(found.usd[1]) and np.isnan(found.kwh).all() and np.isnan(found.tco2e).all()
    assert [tc.default_mfu(one) for one in ("a100-80gb-sxm", "h100-pcie", "v100-32gb-sxm", "l4")] == [0.45, 0.35, 0.20, 0.40]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"flop": 0}, "training compute"),
        ({"peak_flop_per_s": -1}, "peak rate"),
        ({"mfu": 1.2}, "utilisation"),
        ({"mfu": 0}, "utilisation"),
        ({"usd_per_device_hour": -2}, "price"),
        ({"watts_per_device": 0}, "power"),
        ({"pue": 20}, "power usage effectiveness"),
        ({"kg_co2e_per_kwh": -0.1}, "carbon intensity"),
        ({"flop": np.inf}, "training compute"),
    ],
)
def test_impossible_values_are_named(values: dict[str, float], named: str) -> None:
    good = {"flop": 1e21, "peak_flop_per_s": A100, "mfu": 0.4, "usd_per_device_hour": 1.0, "watts_per_device": 400.0, "pue": 1.1, "kg_co2e_per_kwh": 0.4}  # fmt: skip
    with pytest.raises(RefusedInput, match=f"impossible {named}"):
        tc.training_cost(**{**good, **values})  # type: ignore[arg-type]
