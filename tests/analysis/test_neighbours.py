"""Neighbours in size against a plain definition: sorting by hand, one rule after the other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import measurements
from lib.analysis.neighbours import LARGER, SAME, SMALLER, THIS, neighbours
from tests.analysis import frames

MODELS = st.lists(
    st.fixed_dictionaries(
        {
            "params_total": st.sampled_from([1e9, 2e9, 7e9, 7e9, 13e9, float("nan")]),
            "origin": st.sampled_from(["catalogue", "catalogue", "catalogue", "community"]),
            "size_status": st.sampled_from(["stated", "stated", "disputed"]),
            "variant_of": st.sampled_from([None, None, None, "m0"]),
            "released_on": st.sampled_from(["2023-01-31", "2023-07-01", "2024-05-01", None]),
            "is_measured": st.sampled_from([True, True, True, False]),
        }
    ),
    min_size=1,
    max_size=14,
)


def _measured(names: list[str]) -> measurements.Measured:
    rows = measurements.empty().reindex(range(len(names)))
    rows = rows.assign(model=names, benchmark="mmlu", score=np.linspace(0.3, 0.7, len(names)), run="ab", cautions="")
    return measurements.Measured(rows, {}, ("mmlu",))


def _slow(rows: list[dict[str, Any]], n: int) -> list[tuple[str, str]]:
    """(model, relation) around m0, smallest first; nothing where m0 has no size or no score."""
    own = rows[0]
    if not own["is_measured"] or math.isnan(own["params_total"]):
        return []
    fits = [
        row
        for row in rows[1:]
        if row["is_measured"]
        and row["origin"] != "community"
        and row["size_status"] != "disputed"
        and row["variant_of"] is None
        and not math.isnan(row["params_total"])
    ]

    def key(row: dict[str, Any]) -> tuple[float, float, str]:
        known = row["released_on"] is not None and own["released_on"] is not None
        days = abs((pd.Timestamp(row["released_on"]) - pd.Timestamp(own["released_on"])).days) if known else math.inf
        return abs(row["params_total"] - own["params_total"]), days, row["id"]

    size = own["params_total"]
    smaller = sorted((row for row in fits if row["params_total"] < size), key=key)[:n]
    same = sorted((row for row in fits if row["params_total"] == size), key=key)[:n]
    larger = sorted((row for row in fits if row["params_total"] > size), key=key)[:n]
    told = [(row, SMALLER) for row in smaller] + [(row, SAME) for row in same] + [(own, THIS)]
    told += [(row, LARGER) for row in larger]
    return sorted((row["id"], relation) for row, relation in told)


@settings(max_examples=40, deadline=None)
@given(MODELS, st.integers(1, 4))
def test_neighbours_are_those_of_the_plain_definition(drawn: list[dict[str, Any]], n: int) -> None:
    rows = [{"id": f"m{i}", **row} for i, row in enumerate(drawn)]
    models = frames.models([{k: v for k, v in row.items() if k != "is_measured"} for row in rows])
    measured = _measured([row["id"] for row in rows if row["is_measured"]])
    found = neighbours(models, measured, "m0", n=n)
    assert sorted(zip(found.rows["model"], found.rows["relation"], strict=True)) == _slow(rows, n)
    assert found.rows["size"].is_monotonic_increasing
    scores = measured.rows.set_index("model")["score"]
    assert all(scores[row["model"]] == row["score"] for row in found.rows.to_dict("records"))


def test_those_of_the_same_size_that_are_not_shown_are_counted() -> None:
    models = frames.models([{"id": f"m{i}", "params_total": 7e9} for i in range(9)])
    found = neighbours(models, _measured([f"m{i}" for i in range(9)]), "m0", n=5)
    assert found.n_same_left == 3
    assert len(found.rows) == 6
