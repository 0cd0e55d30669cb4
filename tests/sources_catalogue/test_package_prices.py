"""Prices of the package: this release adds nothing, a newer one adds what differs, and no price is shown twice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from genai_prices import types
from genai_prices.data import providers as of_this_release

from lib.analysis.listed_prices import folded, in_force
from lib.settings import ROOT
from lib.sources import package_prices, prices
from lib.sources.contract import Candidate
from lib.sources.package_prices import SHIPPED_RELEASE, Installed, as_csv, file_name, newer_rows

SEEN = "2027-01-15"


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, Any]]:
    path = ROOT / "data" / "cost" / "api_prices.csv"
    return prices.TABLE.rows(Candidate(name=path.name, content=path.read_bytes()))


def _package(*models: Any, host: str = "openai", release: str = "0.3.0") -> Installed:
    return Installed(release, SEEN, [SimpleNamespace(id=host, models=list(models))])


def _model(name: str, listed: Any, variants: Any = None) -> Any:
    return types.ModelInfo(id=name, match=types.ClauseEquals(equals=name), prices=listed, price_variants=variants)


def _price(usd_in: str, usd_out: str | None = None, **more: Any) -> Any:
    return types.ModelPrice(
        input_mtok=Decimal(usd_in), output_mtok=None if usd_out is None else Decimal(usd_out), **more
    )


def test_this_release_adds_nothing(shipped: list[dict[str, Any]]) -> None:
    assert package_prices.installed() is None
    assert newer_rows(Installed(SHIPPED_RELEASE, SEEN, of_this_release), shipped) == []
    assert f"genai-prices {SHIPPED_RELEASE}" in (ROOT / "data" / "cost" / "README.md").read_text(encoding="utf-8")


def test_a_newer_release_adds_what_it_says_and_no_price_twice(shipped: list[dict[str, Any]]) -> None:
    # The same prices in a newer release: seen again, and in no other way new where the history has them.
    again = newer_rows(Installed("0.3.0", SEEN, of_this_release), shipped)
    assert again and all(row["last_seen"] == SEEN for row in again)
    content = as_csv(again)
    found = prices.SOURCE.parse(Candidate(name=file_name(Installed("0.3.0", SEEN, ())), content=content)).tables[
        "prices"
    ]
    assert len(found) == len(again)
    (mini,) = [row for row in found if (row["provider"], row["api_name"]) == ("openai", "gpt-4o-mini")]
    (before,) = [row for row in shipped if (row["provider"], row["api_name"]) == ("openai", "gpt-4o-mini") and not row["valid_to"]]  # fmt: skip
    assert {key: mini[key] for key in ("model_slug", "valid_from", "input_usd_per_mtok")} == {key: before[key] for key in ("model_slug", "valid_from", "input_usd_per_mtok")}  # fmt: skip
    both = pd.DataFrame([before | {"origin": "shipped"}, mini]).assign(model="m")
    once = folded(both)
    assert once["last_seen"].tolist() == [SEEN]
    (now,) = in_force(both, SEEN).to_dict("records")
    assert now["last_seen"] == SEEN and now["is_current"]


def test_a_changed_price_begins_on_its_day_and_ends_the_one_before(shipped: list[dict[str, Any]]) -> None:
    announced = types.ConditionalPrice(types.StartDateConstraint(dt.date(2026, 12, 24)), prices=_price("0.05", "0.2"))
    later = types.ConditionalPrice(types.StartDateConstraint(dt.date(2027, 6, 1)), prices=_price("0.01", "0.02"))
    unchanged = types.ConditionalPrice(prices=_price("0.15", "0.6"))
    rows = newer_rows(_package(_model("gpt-4o-mini", [unchanged, announced, later])), shipped)
    assert [(row["valid_from"], row["valid_from_kind"], row["input_usd_per_mtok"]) for row in rows] == [
        ("2026-12-24", "announced", 0.05),
        ("2027-06-01", "announced", 0.01),
    ]
    told = prices.TABLE.rows(Candidate(name="x.csv", content=as_csv(rows)))
    old = [row for row in shipped if (row["provider"], row["api_name"]) == ("openai", "gpt-4o-mini")]
    every = pd.DataFrame([*old, *(row | {"origin": "shipped"} for row in told)]).assign(model="m")
    assert in_force(every, "2026-12-01")["input_usd_per_mtok"].tolist() == [0.15]
    assert in_force(every, SEEN)["input_usd_per_mtok"].tolist() == [0.05]


def test_a_price_without_a_day_was_observed_and_hours_thresholds_and_halves_are_dealt_with() -> None:
    tiered = types.TieredPrices(base=Decimal(2), tiers=[types.Tier(start=200_000, price=Decimal(4))])
    batch = types.PriceVariant(when={"processing": "batch"}, prices=_price("1", "3"))
    night = types.ConditionalPrice(
        types.TimeOfDateConstraint(dt.time(0, tzinfo=dt.UTC), dt.time(8, tzinfo=dt.UTC)), prices=_price("9", "9")
    )
    usual = types.ConditionalPrice(prices=types.ModelPrice(input_mtok=tiered, output_mtok=Decimal(6), cache_read_mtok=Decimal("0.2")))  # fmt: skip
    rows = newer_rows(_package(_model("Org/New Model:1", [usual, night], [batch]), _model("half", _price("1"))), [])
    (row,) = rows
    assert (row["provider"], row["model_name"], row["valid_from"], row["valid_from_kind"]) == ("openai", "new-model-1", SEEN, "observed")  # fmt: skip
    assert [row[name] for name in package_prices.COLUMNS[3:8]] == [2.0, 6.0, 0.2, 1.0, 3.0]
    assert newer_rows(_package(_model("x", _price("1", "1")), host="x-ai"), [])[0]["provider"] == "xai"
