"""Amounts as typed: every way of writing one, round trips, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis.amounts import Amount, Kind, message, read
from lib.errors import RefusedInput
from lib.stats.domain import Range


def field(kind: Kind, unit: str = "", least: float = 0, most: float = 1e18, *, is_optional: bool = False) -> Amount:
    return Amount("it", "It", Range("model size", least, most, unit, is_above_least=True), kind, "8B", is_optional=is_optional)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "kind", "unit", "value"),
    [
        ("8B", "count", "parameters", 8e9),
        ("8 billion parameters", "count", "parameters", 8e9),
        ("1.5T tokens", "count", "tokens", 1.5e12),
        ("1e12", "count", "tokens", 1e12),
        ("300,000", "count", "tokens", 300_000),
        (".5m", "count", "tokens", 5e5),
        ("$5M", "usd", "", 5e6),
        ("$ 1,250.50", "usd", "", 1250.5),
        ("2 million dollars", "usd", "", 2e6),
        ("3 USD", "usd", "", 3),
        ("35%", "share", "", 0.35),
        ("0.35", "share", "", 0.35),
        ("700 W", "plain", "W", 700),
        ("  12  ", "plain", "", 12),
    ],
)
def test_ways_of_writing(typed: str, kind: Kind, unit: str, value: float) -> None:
    assert read(field(kind, unit), typed) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "kind", "unit", "said"),
    [
        ("", "count", "tokens", "a number is missing"),
        ("many", "count", "tokens", "not a number"),
        ("8 GB", "count", "parameters", "another unit; expected a number of parameters, for example 8B; found 8 GB"),
        ("$8", "count", "parameters", "another unit"),
        ("8 tokens", "usd", "", "another unit; expected US dollars"),
        ("0", "count", "parameters", "out of range"),
        ("-8B", "count", "parameters", "out of range; expected a number above 0"),
        ("1e300", "count", "parameters", "out of range"),
        ("1e999", "count", "parameters", "out of range"),
        ("8B8", "count", "parameters", "not a number"),
        ("1,5", "count", "parameters", "not a number"),
        ("٣", "count", "parameters", "not a number"),
        ("nan", "count", "parameters", "not a number"),
        ("<b>8</b>", "count", "parameters", "not a number"),
        ("9" * 400, "count", "parameters", "out of range"),
    ],
)
def test_what_is_refused_and_how(typed: str, kind: Kind, unit: str, said: str) -> None:
    with pytest.raises(RefusedInput) as refusal:
        read(field(kind, unit), typed)
    assert refusal.value.place == "it"
    assert said in message(refusal.value) and " at it" not in message(refusal.value)


def test_shares_above_one_are_refused_and_empty_may_be_allowed() -> None:
    with pytest.raises(RefusedInput):
        read(field("share", most=1), "35")
    assert read(field("share", is_optional=True), " ") is None


@given(st.floats(1e-3, 1e6), st.sampled_from([("", 1.0), ("K", 1e3), ("M", 1e6), ("b", 1e9), (" trillion", 1e12)]))
def test_scales_multiply(value: float, scale: tuple[str, float]) -> None:
    assert read(field("count", "tokens", most=1e19), f"{value:.6f}{scale[0]}") == pytest.approx(round(value, 6) * scale[1])  # fmt: skip


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_a_sentence(typed: str) -> None:
    try:
        found = read(field("count", "tokens"), typed)
    except RefusedInput as refusal:
        assert refusal.place == "it" and message(refusal)
    else:
        assert found is not None and 0 < found <= 1e18
