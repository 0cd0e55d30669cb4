"""The key ``measured`` of results files: what is there comes in, what cannot be is unknown and said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.schema.records import Measured
from lib.sources.contract import Candidate
from lib.sources.identity import run_digest
from lib.sources.lm_eval_results import parse_results
from lib.store.prepared import file_rows
from tests.factories import prepared_file


def results(**more: Any) -> dict[str, Any]:
    return {
        "results": {"arc_easy": {"acc,none": 0.5}, "piqa": {"acc,none": 0.6}},
        "versions": {"arc_easy": 1.0, "piqa": 1.0},
        "config": {"model": "hf", "model_args": "pretrained=a"},
        **more,
    }


def parsed(document: dict[str, Any]) -> Any:
    return parse_results(Candidate("results_a.json", json.dumps(document).encode()))


WHOLE = {
    "n_requests": 400, "tokens_in": 5_000, "tokens_out": 0, "seconds": 3.25, "load_seconds": 4.5, "peak_memory_bytes": 10**9,
    "device_memory_bytes": 2 * 10**9, "energy_wh": 0.5, "cost_usd": 0.002, "model_bytes": 1_800, "fit_seconds": 0.011,
    "device": "cpu", "is_resumed": True,
}  # fmt: skip


def test_all_of_it_comes_in_by_task() -> None:
    found = parsed(results(measured={"arc_easy": WHOLE, "piqa": {"seconds": 1, "later": 7}}))
    assert found.runs[0].measured == {"arc_easy": Measured(**WHOLE), "piqa": Measured(seconds=1.0)}
    assert found.warnings == []


def test_it_is_not_part_of_the_identity() -> None:
    bare, measured = parsed(results()).runs[0], parsed(results(measured={"arc_easy": WHOLE})).runs[0]
    assert bare.measured == {} and run_digest(bare) == run_digest(measured)


@pytest.mark.parametrize(
    "value", [-1, 1.5, True, "4", [4], 2**70, float("inf"), float("nan")], ids=lambda value: str(value)[:12]
)
def test_an_impossible_count_is_unknown_and_said(value: Any) -> None:
    found = parsed(results(measured={"arc_easy": {"tokens_in": value, "seconds": 2}}))
    assert found.runs[0].measured == {"arc_easy": Measured(seconds=2.0)}
    assert found.warnings == ["measured.arc_easy.tokens_in: not a possible value; unknown."]


@pytest.mark.parametrize(
    "value", [[], "none", 3, {"x" * 400: WHOLE}, {"a": [1]}, {"": WHOLE}, {"a": {"seconds": None}}]
)
def test_what_is_no_measurement_leaves_the_scores(value: Any) -> None:
    found = parsed(results(measured=value))
    assert found.runs[0].measured == {} and len(found.runs[0].results) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2),
)


@given(row=st.dictionaries(st.sampled_from([*WHOLE]), json_values))
def test_whatever_comes_in_can_be_stored(row: dict[str, Any]) -> None:
    [run] = parsed(results(measured={"arc_easy": row})).runs
    file_rows(prepared_file(run))
