"""Sizes, weight classes and filters that count what they take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import sizes
from lib.schema.sizes import WEIGHT_CLASSES
from tests.analysis import frames


@given(st.lists(st.one_of(st.floats(1, 1e13), st.just(np.nan))))
def test_weight_class_includes_its_lower_bound(values: list[float]) -> None:
    for value, key in zip(values, sizes.weight_class(np.array(values)), strict=True):
        expected = [one.key for one in WEIGHT_CLASSES if one.low <= value < one.high] or ["undisclosed"]
        assert [key] == expected


@pytest.mark.parametrize(
    ("size", "key"), [(1e9, "bantam"), (999999999, "fly"), (15e9, "middle"), (100e9, "super-heavy")]
)
def test_bounds(size: float, key: str) -> None:
    assert sizes.weight_class(np.array([size])).tolist() == [key]


MODELS = frames.models(
    [
        {"id": "dense", "params_total": 35e9, "released_on": "2024-01-31"},
        {"id": "moe", "params_total": 47e9, "params_active": 13e9, "is_moe": True, "developer": "Other"},
        {"id": "silent-moe", "params_total": 100e9, "is_moe": True, "released_on": None},
        {"id": "closed", "open_weights": None, "kind": "chat"},
        {"id": "org/x", "origin": "community", "params_total": 1e9},
        {"id": "q", "variant_of": "dense", "params_total": 35e9},
    ]
)


def test_size_by_total_and_by_active() -> None:
    total = sizes.with_size(MODELS)
    assert total["side"].tolist() == ["small", "large", "large", "undisclosed", "small", "small"]
    assert total["is_small"].tolist() == [True, False, False, False, True, True]
    active = sizes.with_size(MODELS, "active", 10e9)
    assert active["side"].tolist() == ["large", "large", "undisclosed", "undisclosed", "small", "large"]
    assert active["size_class"].tolist() == ["middle", "welter", "undisclosed", "undisclosed", "bantam", "middle"]
    assert sizes.with_size(MODELS.iloc[:0]).empty


@given(st.text(max_size=3))
def test_a_search_finds_part_of_a_name_or_id_whatever_the_capitals(search: str) -> None:
    found = sizes.keep(sizes.with_size(MODELS), include_community=True, include_variants=True, search=search)
    texts = [f"{name}\n{model}".casefold() for model, name in MODELS["name"].items()]
    assert found.mask.tolist() == [search.casefold() in text for text in texts]
    assert found.models.index.tolist() == MODELS.index[found.mask].tolist()
    n_removed = len(MODELS) - len(found.models)
    assert found.removed == ((sizes.Removed("search", n_removed),) if n_removed else ())


def test_filters_count_what_they_take() -> None:
    sized = sizes.with_size(MODELS)
    found = sizes.keep(sized, size_range=(1e9, 50e9), only_open_weights=True, released=("2024-01-01", None))
    assert found.models.index.tolist() == ["dense", "moe"]
    assert [tuple(one) for one in found.removed] == [
        ("community models", 1), ("quantised or converted variants", 1), ("size not disclosed", 1), ("size", 1),
    ]  # fmt: skip
    everything = sizes.keep(sized, include_community=True, include_variants=True)
    assert (len(everything.models), everything.removed) == (len(MODELS), ())


@given(
    st.lists(st.sampled_from(["dense", "moe", "closed"])),
    st.sampled_from([(), ("middle",), ("undisclosed", "heavy")]),
    st.sampled_from([None, ("2024-01-01", "2024-01-31"), (None, "2020-01-01")]),
    st.booleans(),
)
def test_removed_and_kept_add_up(
    kinds: list[str], classes: tuple[str, ...], released: tuple[str | None, str | None] | None, is_open: bool
) -> None:
    sized = sizes.with_size(MODELS)
    found = sizes.keep(
        sized, kinds=kinds, size_classes=classes, released=released, only_open_weights=is_open, developers=["Developer"]
    )
    assert len(found.models) + sum(one.n_removed for one in found.removed) == len(MODELS)
