"""Prices and spellings of one model, on both engines."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lib.store import write
from lib.store.db import Store
from lib.store.model_prices import ALIAS_COLUMNS, PRICE_COLUMNS, aliases_of, prices_of
from tests.factories import model_row, prepared_file, raw_of


def _alias(alias: str, kind: str, model: str = "alpha-7b") -> dict[str, Any]:
    return {"alias": alias, "model_id": model, "kind": kind}


def _price(slug: str, **fields: Any) -> dict[str, Any]:
    return {"provider": "p", "api_name": slug, "model_slug": slug, "input_usd_per_mtok": 1.0, **fields}


def _fill(store: Store) -> None:
    tables = {
        "models": [model_row("alpha-7b"), model_row("beta-1b")],
        "model_aliases": [
            _alias("alpha", "API name"), _alias("alpha-turbo", "served variant"), _alias("org/alpha", "Hugging Face id"),
            _alias("beta", "API name", "beta-1b"),
        ],
        "prices": [
            _price("alpha", valid_from="2024-01-01", valid_from_kind="observed"),
            _price("alpha", valid_from="2025-01-01", output_usd_per_mtok=2.5, is_stale_risk=True),
            _price("alpha-turbo"), _price("org/alpha"), _price("beta"), _price("gamma"),
        ],
    }  # fmt: skip
    write.write_files(store, raw_of(), [prepared_file(tables=tables)])


def test_prices_are_those_of_names_that_mean_the_model(store: Store) -> None:
    _fill(store)
    found = prices_of(store, "alpha-7b")
    assert list(found.columns) == list(PRICE_COLUMNS)
    assert found["api_name"].tolist() == ["alpha", "alpha"]
    assert found["valid_from"].tolist() == ["2025-01-01", "2024-01-01"]
    assert found["output_usd_per_mtok"].iloc[0] == 2.5
    assert pd.isna(found["output_usd_per_mtok"].iloc[1])
    assert found["is_stale_risk"].astype(bool).tolist() == [True, False]
    assert set(found["file"]) == {"a.json"}
    assert prices_of(store, "beta-1b")["api_name"].tolist() == ["beta"]
    nobody = prices_of(store, "nobody")
    assert nobody.empty
    assert nobody["input_usd_per_mtok"].dtype == float


def test_spellings_of_a_model(store: Store) -> None:
    _fill(store)
    write.set_alias(store, "my-alpha", "", "alpha-7b")
    found = aliases_of(store, "alpha-7b")
    assert list(found.columns) == list(ALIAS_COLUMNS)
    assert found["alias"].tolist() == ["my-alpha", "alpha", "alpha-turbo", "org/alpha"]
    assert found["origin"].tolist() == ["reader", "shipped", "shipped", "shipped"]


def test_what_is_withdrawn_says_nothing(store: Store) -> None:
    _fill(store)
    with store.reading() as connection:
        source = connection.exec_driver_sql("select id from sources").scalar_one()
    write.withdraw(store, source)
    assert prices_of(store, "alpha-7b").empty
    assert aliases_of(store, "alpha-7b").empty
