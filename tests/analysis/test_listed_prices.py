"""Which prices hold on a day, against a slow plain reading of each row; and the blend."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import listed_prices
from lib.analysis.listed_prices import CHEAPEST, Blend, in_force, offers, per_model

TODAY = "2026-11-21"
DAYS = st.sampled_from(["", "2025-03-01", "2026-02", "2026-06-30", "2026-11-21", "2026-11-22", "2027-01-01"])
SEEN = st.sampled_from(["", "2026-08-22", "2026-08-23", "2026-08-24", "2026-11-21"])


def rows(*given_: dict[str, Any]) -> pd.DataFrame:
    usual = {
        "model": "m", "provider": "p", "api_name": "m", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0,
        "cached_input_usd_per_mtok": np.nan, "batch_input_usd_per_mtok": np.nan, "batch_output_usd_per_mtok": np.nan,
        "valid_from": None, "valid_to": None, "last_seen": TODAY, "is_stale_risk": False, "origin": "shipped",
        "source_digest": "ab" * 32,
    }  # fmt: skip
    return pd.DataFrame([usual | one for one in given_], columns=list(usual))


def last_day(text: str) -> str:
    if len(text) == 7:
        year, month = map(int, text.split("-"))
        following = dt.date(year + month // 12, month % 12 + 1, 1)
        return (following - dt.timedelta(days=1)).isoformat()
    return text


PERIOD = st.fixed_dictionaries(
    {
        "api_name": st.sampled_from(["m", "m-2"]), "valid_from": DAYS, "valid_to": DAYS, "last_seen": SEEN,
        "is_stale_risk": st.booleans(), "input_usd_per_mtok": st.sampled_from([1.0, 2.0, 3.0]),
    }
)  # fmt: skip


@given(st.lists(PERIOD, max_size=6))
def test_what_holds_today_row_by_row(given_: list[dict[str, Any]]) -> None:
    told = [{key: value or None if isinstance(value, str) else value for key, value in one.items()} for one in given_]
    found = in_force(rows(*told), TODAY)
    expected = {}
    for one in given_:
        if one["is_stale_risk"] or last_day(one["valid_from"]) > TODAY:
            continue
        if one["valid_to"] and last_day(one["valid_to"]) <= TODAY:
            continue
        key = (last_day(one["valid_from"]), one["last_seen"])
        if one["api_name"] not in expected or key >= expected[one["api_name"]][0]:
            expected[one["api_name"]] = (key, one)
    assert sorted(found["api_name"]) == sorted(expected)
    for row in found.to_dict("records"):
        _, one = expected[row["api_name"]]
        assert row["input_usd_per_mtok"] == one["input_usd_per_mtok"]
        if one["last_seen"]:
            age = (dt.date.fromisoformat(TODAY) - dt.date.fromisoformat(one["last_seen"])).days
            assert row["age_days"] == age and row["is_current"] == (age <= 90)
        else:
            assert np.isnan(row["age_days"]) and not row["is_current"]


def test_a_future_price_counts_from_its_day() -> None:
    both = rows(
        {"input_usd_per_mtok": 1.0, "valid_from": "2026-07-31", "valid_to": "2027-01-01"},
        {"input_usd_per_mtok": 9.0, "valid_from": "2027-01-01"},
    )
    assert in_force(both, "2026-12-31")["input_usd_per_mtok"].tolist() == [1.0]
    assert in_force(both, "2027-01-01")["input_usd_per_mtok"].tolist() == [9.0]


def test_an_old_price_is_told_with_its_age_and_is_not_current() -> None:
    (old,) = offers(rows({"last_seen": "2026-08-22"}), TODAY)
    assert old.age_days == 91 and not old.is_current
    (fresh,) = offers(rows({"last_seen": "2026-08-22"}, {"provider": "q", "input_usd_per_mtok": 5.0}), TODAY)
    assert fresh.is_current and fresh.n_hosts == 1 and fresh.host == "q"


def test_hosts_the_cheapest_by_a_switch_and_the_readers_own_alone() -> None:
    hosts = rows(*({"provider": name, "input_usd_per_mtok": usd, "output_usd_per_mtok": usd} for name, usd in zip("abc", (1.0, 2.0, 9.0), strict=True)))  # fmt: skip
    (median,) = offers(hosts, TODAY)
    assert (median.usd, median.lowest, median.highest, median.n_hosts, median.host) == (2.0, 1.0, 9.0, 3, "a")
    assert offers(hosts, TODAY, host=CHEAPEST)[0].usd == 1.0
    own = rows({"provider": "mine", "origin": "reader", "input_usd_per_mtok": 4.0, "output_usd_per_mtok": 4.0, "source_digest": None})  # fmt: skip
    (mine,) = offers(pd.concat([hosts, own], ignore_index=True), TODAY)
    assert mine.is_own and mine.usd == 4.0 and mine.source == "" and mine.n_hosts == 1


ASKED = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["m", "n"]), "provider": st.sampled_from(["p", "q", "r"]),
        "api_name": st.sampled_from(["m", "m-2"]), "input_usd_per_mtok": st.sampled_from([0.0, 1.0, 2.0, 3.0]),
        "last_seen": st.sampled_from([None, "2026-08-23", "2026-11-21"]), "origin": st.sampled_from(["shipped", "shipped", "reader"]),
    }
)  # fmt: skip


@given(st.lists(ASKED, max_size=8))
def test_each_model_by_the_cheapest_name_of_each_host(given_: list[dict[str, Any]]) -> None:
    found = {one.model: one for one in per_model(rows(*given_), Blend(1, 0))}
    paid = [one for one in given_ if one["input_usd_per_mtok"] > 0]
    assert list(found) == sorted({one["model"] for one in paid})
    for model, price in found.items():
        asked = [one for one in paid if one["model"] == model]
        own = [one for one in asked if one["origin"] == "reader"]
        hosts: dict[str, dict[str, Any]] = {}
        for one in sorted(own or asked, key=lambda one: (one["input_usd_per_mtok"], one["provider"], one["api_name"])):
            hosts.setdefault(one["provider"], one)
        usd = [one["input_usd_per_mtok"] for one in hosts.values()]
        assert (price.usd, price.lowest, price.highest) == (np.median(usd), min(usd), max(usd))
        assert (price.n_hosts, price.host, price.is_own) == (len(usd), next(iter(hosts)), bool(own))
        assert price.seen_on == max((one["last_seen"] or "" for one in hosts.values()), default="")


@pytest.mark.parametrize(
    ("blend", "usd"),
    [
        (Blend(), (3 * 1.0 + 4.0) / 4),
        (Blend(10, 1), (10 * 1.0 + 4.0) / 11),
        (Blend(3, 1, 0.5), (1.5 * 1.0 + 1.5 * 0.2 + 4.0) / 4),
        (Blend(3, 1, 0.0, True), (3 * 0.5 + 2.0) / 4),
        (Blend(3, 1, 0.5, True), (1.5 * 0.5 + 1.5 * 0.1 + 2.0) / 4),
    ],
)
def test_blends_with_cache_and_batch(blend: Blend, usd: float) -> None:
    full = rows(
        {
            "output_usd_per_mtok": 4.0, "cached_input_usd_per_mtok": 0.2, "batch_input_usd_per_mtok": 0.5,
            "batch_output_usd_per_mtok": 2.0,
        }
    )  # fmt: skip
    assert float(listed_prices.usd_per_mtok(full, blend)[0]) == pytest.approx(usd)
    assert str(round(blend.read)) in blend.words


def test_free_and_half_known_prices_are_none() -> None:
    found = offers(rows({"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}, {"model": "half", "output_usd_per_mtok": np.nan}), TODAY)  # fmt: skip
    assert found == ()
    assert per_model(in_force(rows(), TODAY)) == ()
