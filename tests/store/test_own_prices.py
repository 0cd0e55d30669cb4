"""Readers' own prices on both engines: marked, kept through an update, counted in place of listed ones, taken back."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lib.analysis.listed_prices import offers
from lib.errors import RefusedInput
from lib.store import write
from lib.store.db import Store
from lib.store.model_prices import listed_prices, prices_of, unresolved_names
from lib.store.own_prices import OWN, own_prices, remove_price, set_price
from tests.factories import model_row, prepared_file, raw_of

TODAY = "2026-11-21"


def _fill(store: Store, usd: float = 3.0, raw: Any = None) -> None:
    def price(slug: str, **more: Any) -> dict[str, Any]:
        shown = {"input_usd_per_mtok": usd, "output_usd_per_mtok": usd, "valid_from": "2026-01-01", "last_seen": TODAY}
        return {"provider": "p", "api_name": slug, "model_slug": slug, **shown, **more}

    tables = {
        "models": [model_row("alpha-7b")],
        "model_aliases": [
            {"alias": "alpha", "model_id": "alpha-7b", "kind": "API name"},
            {"alias": "alpha-fp8", "model_id": "alpha-7b", "kind": "served variant"},
        ],
        "prices": [
            price("alpha"), price("alpha-fp8", provider="q"), price("nobody"), price("nobody", provider="q"),
            price("gone", valid_to="2026-02-01"),
        ],
    }  # fmt: skip
    write.write_files(store, raw or raw_of(), [prepared_file(tables=tables)])


def test_an_own_price_takes_the_place_of_listed_ones_and_is_taken_back(store: Store) -> None:
    _fill(store)
    before, digest = store.revision(), store.digest()
    set_price(store, "alpha-7b", 1.0, 5.0, entered_on=TODAY, usd_cached_in_per_mtok=0.0, host=" my cloud ")
    assert store.revision() > before and store.digest() != digest
    (price,) = offers(listed_prices(store), TODAY)
    assert price.is_own and price.usd == 2.0 and price.n_hosts == 1 and price.host == "my cloud"
    own = prices_of(store, "alpha-7b")
    assert own["origin"].tolist().count("reader") == 1 and len(own) == 2
    set_price(store, "alpha-7b", 2.0, 2.0, entered_on=TODAY, host="my cloud")
    assert own_prices(store)["input_usd_per_mtok"].tolist() == [2.0]
    assert math.isnan(own_prices(store)["cached_input_usd_per_mtok"].iloc[0])
    remove_price(store, "alpha-7b", "my cloud")
    assert own_prices(store).empty and store.digest() == digest
    (price,) = offers(listed_prices(store), TODAY)
    assert not price.is_own and price.usd == 3.0
    with pytest.raises(RefusedInput, match="no such price"):
        remove_price(store, "alpha-7b", "my cloud")


def test_it_survives_the_prices_being_read_again(store: Store) -> None:
    _fill(store)
    set_price(store, "alpha-7b", 1.0, 1.0, entered_on=TODAY)
    with store.reading() as connection:
        source = connection.exec_driver_sql("select id from sources").scalar_one()
    write.withdraw(store, source)
    write.restore(store, source)
    assert own_prices(store)["provider"].tolist() == [OWN]


@pytest.mark.parametrize("usd", [0.0, -1.0, math.nan, math.inf, 1e9])
def test_what_is_no_price_is_refused(store: Store, usd: float) -> None:
    _fill(store)
    with pytest.raises(RefusedInput):
        set_price(store, "alpha-7b", usd, 1.0, entered_on=TODAY)
    with pytest.raises(RefusedInput):
        set_price(store, "nobody", 1.0, 1.0, entered_on=TODAY)
    with pytest.raises(RefusedInput):
        set_price(store, "alpha-7b", 1.0, 1.0, entered_on="yesterday")
    assert own_prices(store).empty


def test_variants_of_a_host_stay_variants_and_unknown_names_are_listed(store: Store) -> None:
    _fill(store)
    assert set(listed_prices(store)["api_name"]) == {"alpha"}
    assert prices_of(store, "alpha-7b", kind="served variant")["api_name"].tolist() == ["alpha-fp8"]
    unknown = unresolved_names(store)
    assert unknown["model_slug"].tolist() == ["nobody"]
    assert unknown["n_prices"].tolist() == [2] and unknown["providers"].tolist() == [("p", "q")]
