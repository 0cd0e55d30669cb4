"""Prices over time against a plain walk through the days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis.price_history import history, of_quality, periods
from tests.analysis.test_listed_prices import rows

TODAY = "2026-01-10"
DAYS = [f"2026-01-{n:02d}" for n in range(1, 15)]
PERIOD = st.fixed_dictionaries(
    {
        "model": st.sampled_from("ab"), "provider": st.sampled_from("pq"), "api_name": st.sampled_from("xy"),
        "valid_from": st.sampled_from(DAYS), "valid_to": st.sampled_from([None, *DAYS]),
        "input_usd_per_mtok": st.sampled_from([1.0, 2.0, 4.0]), "is_stale_risk": st.sampled_from([False, False, True]),
    }
)  # fmt: skip


def on(given_: list[dict[str, Any]], model: str, day: str) -> float:
    """What the model cost on a day, row by row; NaN where nobody listed it."""
    named: dict[tuple[str, str], tuple[str, float]] = {}
    own = [one for one in given_ if one["model"] == model and not one["is_stale_risk"] and one["valid_from"] <= TODAY]
    for one in own:
        # Of the periods of one name the one that began last has the word.
        key = (one["provider"], one["api_name"])
        if one["valid_from"] <= day and (key not in named or one["valid_from"] >= named[key][0]):
            named[key] = (one["valid_from"], one)  # type: ignore[assignment]
    hosts: dict[str, float] = {}
    for (provider, _), (_, row) in named.items():
        held: dict[str, Any] = row  # type: ignore[assignment]
        if held["valid_to"] is None or held["valid_to"] > day:
            usd = 0.75 * held["input_usd_per_mtok"] + 0.25
            hosts[provider] = min(hosts.get(provider, np.inf), usd)
    return float(np.median(list(hosts.values()))) if hosts else float("nan")


def at(steps: Any, day: str) -> float:
    before = steps[steps["day"] <= day]
    return float(before["usd"].iloc[-1]) if len(before) else float("nan")


@settings(max_examples=60)
@given(st.lists(PERIOD, min_size=1, max_size=7, unique_by=lambda one: (one["model"], one["provider"], one["api_name"], one["valid_from"])))  # fmt: skip
def test_every_day_of_both_lines(given_: list[dict[str, Any]]) -> None:
    held = periods(rows(*given_), TODAY)
    one, other = (history(held, model, TODAY) for model in "ab")
    both = of_quality(held, ["a", "b"], TODAY)
    for steps in (one, other, both):
        assert steps["day"].is_monotonic_increasing and (steps["day"] <= TODAY).all()
    for day in DAYS[:10]:
        a, b = on(given_, "a", day), on(given_, "b", day)
        assert np.array_equal([at(one, day), at(other, day)], [a, b], equal_nan=True)
        cheapest = np.nan if np.isnan([a, b]).all() else np.nanmin([a, b])
        assert np.array_equal([at(both, day)], [cheapest], equal_nan=True)


def test_an_unknown_first_day_is_no_step_and_own_prices_are_of_today() -> None:
    told = rows({"valid_from": None}, {"api_name": "y", "valid_from": "2026-01-02", "origin": "reader"})
    assert periods(told, TODAY).empty and history(periods(told, TODAY), "m", TODAY).empty
    assert of_quality(periods(told, TODAY), [], TODAY).empty


def test_a_month_counts_as_its_last_day() -> None:
    (start,) = periods(rows({"valid_from": "2025-02"}), TODAY)["start"]
    assert dt.date.fromordinal(int(start)).isoformat() == "2025-02-28"
