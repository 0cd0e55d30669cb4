"""Costs that were measured: of the runs of the scores, whole or not at all, against a plain definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis import measured_costs
from lib.analysis.cost_bases import COST_COLUMNS
from lib.analysis.measured_costs import SUMMED, of_money, of_scores, of_time, told

NAMES = ("a", "b")
BENCHMARKS = ("arc", "piqa")
number = st.none() | st.integers(0, 1000)


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = ["run", "benchmark", *SUMMED, "device"]
    made = pd.DataFrame(rows, columns=columns)
    return made.astype({**dict.fromkeys(SUMMED, float), "run": object, "benchmark": object, "device": object})


def row(run: str, benchmark: str, **known: Any) -> dict[str, Any]:
    return {"run": run, "benchmark": benchmark, "device": "cpu", **known}


def scores(runs: dict[str, str], **more: Any) -> pd.DataFrame:
    values = {"score": 0.5, "n_samples": 200.0, **more}
    return pd.DataFrame({"run": list(runs.values())} | values, pd.Index(runs, name="model"))


@given(
    st.lists(
        st.fixed_dictionaries(
            {"run": st.sampled_from(["r1", "r2", "r3"]), "benchmark": st.sampled_from([*BENCHMARKS, "other"])}
            | dict.fromkeys(SUMMED, number)
        ),
        max_size=8,
    ),
    st.sampled_from([("arc",), BENCHMARKS]),
)
def test_sums_are_whole_or_unknown(rows: list[dict[str, Any]], wanted: tuple[str, ...]) -> None:
    runs = {"a": "r1 r2", "b": "r3"}
    found = of_scores(scores(runs), frame([{**one, "device": None} for one in rows]), wanted)
    for model, its in runs.items():
        own = [one for one in rows if one["run"] in its.split() and one["benchmark"] in wanted]
        if {one["benchmark"] for one in own} != set(wanted):
            assert model not in found.index
            continue
        for name in SUMMED:
            values = [one[name] for one in own]
            value = found.at[model, name]
            assert math.isnan(value) if None in values else value == sum(values)


def test_only_the_runs_of_the_scores_count() -> None:
    took = of_scores(scores({"a": "r1"}), frame([row("r1", "arc", seconds=10), row("r9", "arc", seconds=99)]), ["arc"])
    found = of_time(scores({"a": "r1"}), took)
    assert found.loc["a", "cost"] == 10 / 200 and list(found.columns) == list(COST_COLUMNS)
    assert found.loc["a", ["sigma", "shared_sigma", "is_assumed", "fields"]].tolist() == [0, 0, False, "run"]


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_no_time_is_no_cost(seconds: float | None) -> None:
    took = of_scores(scores({"a": "r1"}), frame([row("r1", "arc", seconds=seconds)]), ["arc"])
    assert of_time(scores({"a": "r1"}), took).empty
    unknown = scores({"a": "r1"}, n_samples=np.nan)
    assert of_time(unknown, took.assign(seconds=3.0)).empty


def test_dollars_for_all_questions_and_for_a_right_answer() -> None:
    own = scores({"a": "r1", "b": "r2"})
    took = of_scores(own, frame([row("r1", "arc", cost_usd=0.5), row("r2", "arc", seconds=3)]), ["arc"])
    assert of_money(own, took, per_correct=False)["cost"].to_dict() == {"a": 0.5}
    assert of_money(own, took, per_correct=True)["cost"].to_dict() == {"a": pytest.approx(0.5 / 100)}
    nobody = own.assign(score=0.0)
    assert of_money(nobody, took, per_correct=True).empty  # no right answer has no price


def test_nothing_measured() -> None:
    none = of_scores(scores({"a": "r1"}), frame([]), ["arc"])
    assert (
        none.empty
        and of_time(scores({"a": "r1"}), none).empty
        and of_money(scores({"a": "r1"}), none, per_correct=True).empty
    )


def test_words_leave_out_what_is_unknown() -> None:
    known = {"n_requests": 1600.0, "tokens_in": 16148.0, "tokens_out": 845.0, "seconds": 12.3, "device": "cpu"}
    assert told(known) == "1,600 requests, 16,148 tokens in, 845 out, 12 s on cpu"
    assert told(dict.fromkeys(SUMMED, math.nan) | {"device": "", "n_requests": 1.0}) == "1 request"
    assert measured_costs.RUN_OF == "run"
