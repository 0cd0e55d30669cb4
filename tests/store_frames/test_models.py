"""Derived columns of the models: dates, mixtures, reader's facts, what is known from memory only."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.store import tables
from lib.store.frames_models import COLUMNS, model_frame, release

EMPTY = dict.fromkeys(tables.models.c.keys())


def _model(name: str, **values: Any) -> dict[str, Any]:
    return {**EMPTY, "id": name, "name": name, "origin": "catalogue", "size_status": "unknown", **values}


def _fact(model: str, field: str, value: str, *, number: int = 1, **values: Any) -> dict[str, Any]:
    shown = {"origin": "shipped", "is_from_memory": False, "source_id": None}
    return {"id": number, "model_id": model, "field": field, "value": value, **shown, **values}


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("2024-02-03", "2024-02-03", "day"),
        ("2024-02", "2024-02-29", "month"),
        ("2023-02", "2023-02-28", "month"),
        ("2023", "2023-12-31", "year"),
        ("2023-13", None, ""),
        ("2023-02-30", None, ""),
        ("spring 2023", None, ""),
        ("0000", None, ""),
        ("", None, ""),
        (None, None, ""),
    ],
)
def test_release(text: str | None, day: str | None, precision: str) -> None:
    found, said = release(text)
    assert said == precision
    assert np.isnat(found) if day is None else found == np.datetime64(day)


@given(day=st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2999-12-31").date()))
def test_a_month_ends_where_the_next_begins(day: Any) -> None:
    found, _ = release(f"{day:%Y-%m}")
    following = found + np.timedelta64(1, "D")
    assert str(following)[8:10] == "01"
    assert str(found)[:7] == f"{day:%Y-%m}"


def test_active_parameters() -> None:
    models = model_frame(
        [
            _model("dense", architecture="dense", params_total=7),
            _model("moe", architecture="hybrid-moe", params_total=8),
            _model("moe-known", architecture="moe", params_total=8, params_active=2),
            _model("by-size", architecture="dense", params_total=8, params_active=2),
            _model("by-class", architecture="MixtralForCausalLM", params_total=8),
            _model("closed", architecture="undisclosed", params_total=8),
            _model("silent", params_total=8),
        ],
        [],
        [],
    )
    assert models["is_moe"].to_dict() == {
        "dense": False,
        "moe": True,
        "moe-known": True,
        "by-size": True,
        "by-class": True,
        "closed": False,
        "silent": False,
    }
    active = models["params_active"]
    assert active["dense"] == 7
    assert active["moe-known"] == active["by-size"] == 2
    assert active[["moe", "by-class", "closed", "silent"]].isna().all()


def test_reader_facts_win_and_the_newest_of_them() -> None:
    facts = [
        _fact("a", "params_total", "3e9", number=9, origin="reader"),
        _fact("a", "params_total", "2e9", number=4, origin="reader"),
        _fact("a", "params_total", "1e9", number=10),
        _fact("a", "training_tokens", "many", number=11, origin="reader"),
        _fact("a", "release_date", "2024-05", number=12, origin="reader"),
        _fact("a", "open_weights", "false", number=13, origin="reader"),
        _fact("gone", "params_total", "1", number=14, origin="reader"),
        _fact("a", "no such field", "1", number=15, origin="reader"),
    ]
    model = model_frame([_model("a", params_total=7, training_tokens=5, open_weights=True)], facts, []).loc["a"]
    assert model["params_total"] == 3e9
    assert model["training_tokens"] == 5
    assert model["released_on"] == pd.Timestamp("2024-05-31")
    assert model["open_weights"] is np.False_ or model["open_weights"] is False


def test_tokens_inherited_is_the_number_of_the_base() -> None:
    models = model_frame(
        [
            _model("base", training_tokens=10**12),
            _model("tuned", tokens_inherited_from="base"),
            _model("lost", tokens_inherited_from="nobody"),
            _model("of-unknown", tokens_inherited_from="lost"),
        ],
        [],
        [],
    )
    assert models.at["tuned", "tokens_inherited"] == 1e12
    assert math.isnan(models.at["tuned", "training_tokens"])
    assert models.loc[["base", "lost", "of-unknown"], "tokens_inherited"].isna().all()


def test_from_memory_only_while_no_source_says_it() -> None:
    facts = [
        _fact("a", "params_total", "1", is_from_memory=True),
        _fact("b", "params_total", "1", is_from_memory=True),
        _fact("b", "params_total", "1", number=2),
        _fact("c", "training_tokens", "1", is_from_memory=True),
        _fact("c", "release_date", "2024", is_from_memory=True),
        _fact("d", "params_active", "1", is_from_memory=True),
    ]
    models = model_frame([_model(name) for name in "abcd"], facts, [{"model_id": "b", "field": "params_total"}])
    assert models["is_size_from_memory"].tolist() == [True, False, False, True]
    assert models["is_tokens_from_memory"].tolist() == [False, False, True, False]
    assert models["is_date_from_memory"].tolist() == [False, False, True, False]
    assert models["has_rumoured_size"].tolist() == [False, True, False, False]


def test_unknown_is_never_zero() -> None:
    models = model_frame([_model("a")], [], [])
    numbers = models.select_dtypes("float64")
    assert numbers.shape[1] >= 12
    assert numbers.isna().all().all()
    assert pd.isna(models.at["a", "open_weights"])
    assert list(models.columns) == list(COLUMNS)
