"""Records over time against the vector and against a slow staircase."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis.records import COLUMNS, published_best, records
from tests.analysis import frames

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "stats.json").read_text())["vectors"]
STAIRCASES = [vector for vector in VECTORS if vector["kind"] == "record_staircase"]


def last_day(written: str | None) -> str | None:
    return None if written is None else str(pd.Period(written).end_time.date())


def measured(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["model", "score", "lower_bound", "evaluator", "evaluated_on"])


def test_the_vectors_are_there() -> None:
    assert STAIRCASES


@pytest.mark.parametrize("vector", STAIRCASES, ids=lambda v: v["id"])
def test_vector(vector: dict[str, Any]) -> None:
    rows = vector["inputs"]["models"]
    models = frames.models(
        [{"id": r["id"], "name": r["id"], "released_on": last_day(r["released"]), "params_total": r["params"], "size_status": r["size_status"]} for r in rows]
    )  # fmt: skip
    scores = measured(
        [{"model": r["id"], "score": r["score"], "lower_bound": np.nan if r["stderr"] is None else r["score"] - 1.6448536269514722 * r["stderr"]} for r in rows]
    )  # fmt: skip
    for kind, is_strict in (("point_estimate", False), ("lower_bound", True)):
        found = records(scores, models, [vector["inputs"]["target"]], is_strict=is_strict)
        steps = found.steps
        listed = [
            {"date": str(s.released_on.date()), "id": s.model, "params": s.size, "filled": bool(s.is_filled)}
            for s in steps.itertuples()
        ]
        assert listed == vector["expected"][kind]
        assert found.excluded == {"size disputed": 1, "no release date": 1}


entries = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.sampled_from(["2023-01-01", "2023-06-30", "2024-01-01", None]),
            "size": st.sampled_from([1e9, 3e9, 7e9, 70e9, np.nan]),
            "active": st.sampled_from([5e8, np.nan]),
            "is_moe": st.booleans(),
            "score": st.sampled_from([0.4, 0.5, 0.6, np.nan]),
            "bound": st.sampled_from([0.35, 0.5, 0.55, np.nan]),
            "status": st.sampled_from(["stated", "stated", "disputed", "reported"]),
            "kind": st.sampled_from(["base", "chat", "code"]),
            "origin": st.sampled_from(["catalogue", "catalogue", "community"]),
        }
    ),
    max_size=10,
)


@settings(deadline=None)
@given(entries, st.booleans(), st.booleans(), st.sampled_from(["total", "active"]))
def test_staircase_by_definition(rows: list[dict[str, Any]], is_strict: bool, community: bool, by: str) -> None:
    models = frames.models(
        [{"id": f"m{i}", "released_on": r["day"], "params_total": r["size"], "params_active": r["active"] if r["is_moe"] else np.nan, "is_moe": r["is_moe"], "size_status": r["status"], "kind": r["kind"], "origin": r["origin"]} for i, r in enumerate(rows)]
    )  # fmt: skip
    scores = measured([{"model": f"m{i}", "score": r["score"], "lower_bound": r["bound"]} for i, r in enumerate(rows)])
    found = records(scores, models, [0.5], is_strict=is_strict, by=by, include_community=community)
    expected = []
    eligible = []
    for i, r in enumerate(rows):
        size = models.at[f"m{i}", "params_total" if by == "total" else "params_active"]
        is_community = r["origin"] == "community"
        sized = r["status"] == "stated" or (community and is_community and r["status"] == "reported")
        kind = r["kind"] != "code" or (community and is_community)
        if r["day"] and size > 0 and sized and kind and r["score"] == r["score"] and (community or not is_community):
            eligible.append((r["day"], size, -r["score"], f"m{i}", r))
    for day, size, _, model, r in sorted(eligible, key=lambda e: e[:4]):
        reaches = r["bound"] > 0.5 if is_strict else r["score"] >= 0.5
        smaller = all(size < e[1] for e in expected)
        if reaches and smaller:
            expected.append((day, size, model, r["bound"] > 0.5))
    steps = found.steps
    assert [(str(s.released_on.date()), s.size, s.model, s.is_filled) for s in steps.itertuples()] == expected
    assert steps["is_last"].tolist() == [False] * (len(expected) - 1) + [True] * bool(expected)
    assert found.n_models == len(eligible)
    assert found.n_models + sum(found.excluded.values()) == len(rows)


def three() -> tuple[pd.DataFrame, pd.DataFrame]:
    models = frames.models(
        [
            {"id": "a", "params_total": 70e9, "released_on": "2023-01-31"},
            {"id": "b", "params_total": 7e9, "released_on": "2023-06-30"},
            {"id": "c", "params_total": 1e9, "released_on": "2024-01-31"},
        ]
    )
    rows = [("a", 0.72), ("b", 0.65), ("c", 0.41)]
    return measured([{"model": m, "score": s, "lower_bound": s - 0.04, "evaluator": "x"} for m, s in rows]), models


def test_targets_are_round_tens_reached_and_above_chance() -> None:
    scores, models = three()
    assert sorted(records(scores, models).steps["target"].unique()) == [0.3, 0.4, 0.5, 0.6]
    assert sorted(records(scores, models, chance=0.25).steps["target"].unique()) == [0.4, 0.5, 0.6]
    alone = records(scores.iloc[:1], models)
    assert sorted(alone.steps["target"].unique()) == [0.4, 0.5, 0.6, 0.7]
    assert alone.steps["is_last"].all()


def test_flat_lines_end_at_the_last_evaluation() -> None:
    scores, models = three()
    assert records(scores, models).end_on == pd.Timestamp("2024-01-31")
    dated = scores.assign(evaluated_on=["2024-09", None, "2024-03-01"])
    found = records(dated, models)
    assert found.end_on == pd.Timestamp("2024-09-01")
    assert (found.steps["end_on"] == found.end_on).all()


def test_the_published_view_fills_nothing_and_keeps_the_evaluator() -> None:
    rows = [
        {"model": "a", "score": 0.7, "kind": "transcription", "evaluator": "document", "document": "R", "evaluator_version": "Lab A"},
        {"model": "a", "score": 0.71, "kind": "board", "evaluator": "board:x"},
        {"model": "a", "score": 0.9, "kind": "raw"},
        {"model": "b", "score": 65.0, "kind": "board", "evaluator": "board:x"},
        {"model": "b", "score": 0.6, "kind": "board", "evaluator": "board:x", "limit": "100"},
        {"model": "c", "score": 0.5, "kind": "transcription", "evaluator": "document", "document": "R", "evaluator_version": "Lab A"},
    ]  # fmt: skip
    best = published_best(frames.scores(rows))
    assert best.set_index("model")["evaluator"].to_dict() == {"a": "board:x", "c": "Lab A"}
    assert best["score"].tolist() == [0.71, 0.5]
    found = records(best.assign(lower_bound=0.99), three()[1], [0.5], "published")
    assert found.steps["model"].tolist() == ["a", "c"]
    assert not found.steps["is_filled"].any()
    assert (found.steps["view"] == "published").all()


def test_lower_is_better_sets_no_record() -> None:
    scores, models = three()
    found = records(scores.assign(higher_is_better=False), models, [0.5])
    assert found.steps.empty
    assert found.excluded == {"lower is better on this metric": 3}


def test_nothing_at_all() -> None:
    found = records(measured([]), frames.models([]))
    assert list(found.steps.columns) == list(COLUMNS)
    assert found.steps.empty
    assert pd.isna(found.end_on)
    assert published_best(frames.scores([])).empty
