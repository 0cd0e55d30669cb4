"""The reference vectors: independent results for the calculations of the product, dispatched by kind.

``make vectors FILES="a.json b.json"`` checks other files of the same shape (tests/stats/vectors.py says which); then
every case of theirs must be of a known kind. Of the shipped ones all of stats.json and cost.json must be, and of
scaling.json those that the product computes so far.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.stats.vectors import (
    CALCULATIONS,
    SHIPPED,
    Case,
    assert_agrees,
    cases,
    check,
    chosen_files,
    find_calculations,
)

PARTS = find_calculations()
LATER = {
    "chinchilla_bootstrap", "chinchilla_refit", "chinchilla_refit_lad", "compute_equivalent_gain",
    "emergence_metric", "hoffmann_table_a4", "moe_effective", "objective_values", "obs_pca",
    "obs_sigmoid", "obs_sigmoid_free_ceiling", "pearce_total_parameters", "punching_above_weight", "pythia_holdout",
    "pythia_sigmoid",
}  # fmt: skip
"""Kinds of scaling.json that the product does not compute yet."""


def wanted() -> list[Case]:
    found = [case for file in chosen_files() for case in cases(file)]
    if os.environ.get("P4P_VECTORS"):
        return found
    return [case for case in found if case.problem or case.vector["kind"] not in LATER]


@pytest.mark.parametrize("case", wanted(), ids=lambda case: case.name)
def test_vector(case: Case) -> None:
    check(case)


def test_no_kind_is_lost() -> None:
    names = ("stats", "scaling", "cost")
    shipped = {name: {case.vector["kind"] for case in cases(SHIPPED / f"{name}.json")} for name in names}
    assert all(part.__doc__ for part in PARTS.values())
    assert len(cases(SHIPPED / "stats.json")) == 48
    assert len(cases(SHIPPED / "cost.json")) == 34
    assert set(CALCULATIONS) == shipped["stats"] | shipped["cost"] | (shipped["scaling"] - LATER)
    assert shipped["scaling"] >= LATER


GOOD: dict[str, Any] = {
    "kind": "mcnemar",
    "inputs": {"a_only": 25, "b_only": 11},
    "expected": {"p_mid": 0.0200738},
    "tolerance": {"rel": 1e-5, "abs": 0},
}


def test_a_file_of_ones_own_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my own.json"
    file.write_text(json.dumps({"vectors": [GOOD, {**GOOD, "expected": {"p_mid": 0.021}}]}))
    monkeypatch.setenv("P4P_VECTORS", f"'{file}'")
    right, wrong = wanted()
    check(right)
    with pytest.raises(AssertionError, match=r"p_mid: expected 0\.021 within"):
        check(wrong)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is not JSON"),
        ("[]", 'expected an object with a list "vectors"'),
        ('{"vectors": []}', 'expected an object with a list "vectors"'),
        ('{"vectors": [1]}', "is not an object"),
        (json.dumps({"vectors": [{"kind": "mcnemar"}]}), 'has no "inputs"'),
        (json.dumps({"vectors": [{**GOOD, "tolerance": 1}]}), '"tolerance" is not an object'),
        (json.dumps({"vectors": [{**GOOD, "tolerance": None}]}), 'has no "tolerance" and no "rel_tol"'),
        (json.dumps({"vectors": [{**GOOD, "tolerance": None, "rel_tol": "1%"}]}), '"rel_tol" is not a number'),
        (json.dumps({"vectors": [{**GOOD, "tolerance": None, "rel_tol": 1}]}), '"rel_tol" is not a number'),
        (json.dumps({"vectors": [{**GOOD, "kind": "no_such"}]}), "no calculation for the kind 'no_such'; known kinds"),
        (json.dumps({"vectors": [{**GOOD, "inputs": {}}]}), "the inputs are not those of the kind 'mcnemar'"),
        (json.dumps({"vectors": [{**GOOD, "expected": {"p_best": 1}}]}), "p_best is not computed"),
        (None, "cannot be read"),
    ],
)
def test_trouble_with_a_file_is_said(tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "mine.json"
    if content is not None:
        file.write_text(content)
    (case,) = cases(file)
    with pytest.raises(AssertionError) as error:
        check(case)
    assert said in str(error.value)


def test_one_number_may_be_the_tolerance(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    given = {key: value for key, value in GOOD.items() if key != "tolerance"}
    file.write_text(json.dumps({"vectors": [{**given, "rel_tol": 1e-5}, {**given, "rel_tol": 0}]}))
    near, exact = cases(file)
    check(near)
    with pytest.raises(AssertionError, match="p_mid: expected"):
        check(exact)


def test_the_nearest_entry_of_a_tolerance_applies() -> None:
    tolerance = {"a": {"abs": 0.5}, "default": {"rel": 0.1}}
    assert_agrees({"a": [1.4], "b": 1.09, "c": float("nan")}, {"a": [1.0], "b": 1.0, "c": None}, tolerance)
    for found in ({"a": [1.6], "b": 1.0}, {"a": [1.0], "b": 1.2}, {"a": [1.0, 2.0], "b": 1.0}):
        with pytest.raises(AssertionError):
            assert_agrees(found, {"a": [1.0], "b": 1.0}, tolerance)
    with pytest.raises(AssertionError):
        assert_agrees({"a": 0.0}, {"a": None}, tolerance)
    with pytest.raises(AssertionError):
        assert_agrees({"a": float("nan")}, {"a": 0.0}, tolerance)
