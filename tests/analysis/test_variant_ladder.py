"""The ladder of one base: memory of named formats, means where benchmarks agree, rungs without evidence."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, norm

from lib.analysis import variant_ladder, variants
from lib.analysis.variant_ladder import DEPENDS, FEWER_BITS, NO_EVIDENCE, OWN_UNIT, Ladder

STEPS = pd.DataFrame(
    [("base", "Base 8B", "base", "", 0), ("chat", "Base 8B Chat", "fine-tuned", "base", 1)],
    columns=list(variants.STEP_COLUMNS),
)
PARAMS = {"base": 8e9, "chat": 8e9}
NOTHING = pd.DataFrame(columns=list(variants.EVIDENCE_COLUMNS))


def _printed(rows: list[dict[str, object]]) -> pd.DataFrame:
    plain = {"bits": 4.0, "precision": "q4km", "method": "GGUF", "task": "t", "metric": "acc", "value": 0.5, "value_16": 0.5, "delta": 0.0, "delta_low": np.nan, "delta_high": np.nan, "spread": 0.0, "remark": "", "member": "m"}  # fmt: skip
    return pd.DataFrame([{**plain, **row} for row in rows], columns=list(variants.TABLE_COLUMNS))


def _evidence(deltas: list[tuple[float, float]]) -> pd.DataFrame:
    """Differences with their standard errors, each on a benchmark of its own."""
    rows = [
        {"model": "chat", "benchmark": f"b{i}", "delta": d, "delta_low": d - 1.959964 * se, "delta_high": d + 1.959964 * se, "verdict": "not shown"}
        for i, (d, se) in enumerate(deltas)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(variants.EVIDENCE_COLUMNS))


def _ladder(printed: list[dict[str, object]], evidence: pd.DataFrame = NOTHING) -> Ladder:
    return variant_ladder.ladder(STEPS, PARAMS, _printed(printed), {"chat": evidence})


def test_named_formats_take_their_own_bits() -> None:
    for written, bits, expected in (
        ("Ollama: q4_K_M", 4, (4.89, False)),
        ("q2ks", 2, (2.97, False)),
        ("q2_K", 2, (3.16, False)),
        ("Qwen3 whole with llama.cpp, Q5_K_M (unsloth)", 5, (5.7, False)),
        ("nf4", 4, (4.5, False)),
        ("nf4_loftq_r256", 4, (4.5, True)),
        ("mlx-community: 8bit", 8, (8, True)),
    ):
        assert variant_ladder.stored_bits(written, bits) == expected


def test_every_quantisation_that_a_table_names_is_a_rung() -> None:
    found = _ladder([{"delta": -0.01}, {"bits": 2.0, "precision": "opt-rtn (2bit)", "delta": -0.2}]).rungs
    assert found["name"].tolist() == ["Base 8B at 16 bits", "Base 8B at 8 bits", "4 bits, q4km", "2 bits, opt-rtn", "Base 8B Chat"]  # fmt: skip
    assert found["made"].tolist() == ["base", FEWER_BITS, FEWER_BITS, FEWER_BITS, "fine-tuned"]
    assert found["weights"].tolist() == pytest.approx([16e9, 8.5e9, 4.89e9, 2e9, 16e9])
    assert found["is_at_least"].tolist() == [False, False, False, True, False]
    assert found["saved"].tolist() == pytest.approx([0, 0.46875, 0.694375, 0.875, 0])
    assert found["verdict"].tolist() == ["", NO_EVIDENCE, "no interval, no verdict", "no interval, no verdict", NO_EVIDENCE]  # fmt: skip
    unknown = variant_ladder.ladder(STEPS, {"base": math.nan, "chat": 8e9}, _printed([]), {"chat": NOTHING}).rungs
    assert unknown["weights"].isna().tolist() == [True, True, True, False] and unknown["saved"].isna().all()


def test_a_printed_average_and_other_units_are_no_benchmarks() -> None:
    rows = [
        {"delta": -0.02},
        {"delta": -0.04, "task": "u"},
        {"delta": -0.5, "task": "Average, as printed"},
        {"delta": 3.0, "task": "wikitext", "remark": variants.BETTER_LOW},
        {"delta": 3.0, "task": "wikitext", "remark": variants.BETTER_LOW, "precision": "nf4"},
    ]
    found = _ladder(rows).rungs.set_index("name")
    assert found.at["4 bits, q4km", "n"] == 2
    assert found.at["4 bits, q4km", "delta"] == pytest.approx(-0.03)
    assert found.at["4 bits, nf4", "verdict"] == OWN_UNIT and math.isnan(found.at["4 bits, nf4", "delta"])


def test_metrics_of_the_same_questions_count_once() -> None:
    ends = {"delta_low": -0.1 - 1.959964 * 0.05, "delta_high": -0.1 + 1.959964 * 0.05}
    rows = [{"delta": -0.1, **ends}, {"delta": -0.1, "metric": "acc_norm", **ends}]
    found = _ladder(rows).rungs.set_index("name").loc["4 bits, q4km"]
    # Two metrics of one task: the error of one, not that of two independent tests.
    assert found["n"] == 1 and found["delta_low"] == pytest.approx(ends["delta_low"])
    assert found["verdict"] == "shown worse"


def test_a_metric_without_an_error_leaves_its_task_without_one() -> None:
    rows = [{"delta": -0.1, "delta_low": -0.11, "delta_high": -0.09}, {"delta": -0.1, "metric": "acc_norm"}]
    found = _ladder(rows).rungs.set_index("name").loc["4 bits, q4km"]
    assert found["n"] == 1 and found["verdict"] == "no interval, no verdict"


def test_verdicts_of_means_are_corrected_over_the_rungs() -> None:
    # Each alone has a p of 0.03; of two that is too much.
    half = 1.959964 * 0.1 / float(norm.isf(0.015))
    row = {"delta": -0.1, "delta_low": -0.1 - half, "delta_high": -0.1 + half}
    assert _ladder([row]).rungs["verdict"].tolist().count("shown worse") == 1
    two = _ladder([row, {**row, "bits": 2.0, "precision": "q2ks"}]).rungs
    assert two["verdict"].tolist().count("shown worse") == 0 and two["verdict"].tolist().count("not shown") == 2


errors = st.floats(0.005, 0.05)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(st.floats(-0.4, 0.4), errors), min_size=1, max_size=8))
def test_a_mean_stands_only_where_the_benchmarks_agree(deltas: list[tuple[float, float]]) -> None:
    found = _ladder([], _evidence(deltas)).rungs.iloc[-1]
    d, se = np.array(deltas).T
    weight = 1 / se**2
    q = (weight * (d - (weight * d).sum() / weight.sum()) ** 2).sum()
    # Chi-squared is a gamma variable: another way to the same p.
    p_q = gamma.sf(q / 2, (len(d) - 1) / 2) if len(d) > 1 else 1.0
    if abs(p_q - 0.05) < 1e-6:
        return
    assert found["n"] == len(d)
    if p_q <= 0.05:
        assert found["verdict"] == DEPENDS and math.isnan(found["delta"])
        return
    mean, error = d.mean(), math.sqrt((se**2).sum()) / len(d)
    assert found["delta"] == pytest.approx(mean)
    assert found["delta_high"] == pytest.approx(mean + 1.959964 * error, abs=1e-9)
    p = 2 * norm.sf(abs(mean / error))
    if abs(p - 0.05) > 1e-6:
        expected = ("shown better" if mean > 0 else "shown worse") if p <= 0.05 else "not shown"
        assert found["verdict"] == expected


def test_a_missing_error_leaves_a_mean_without_interval() -> None:
    evidence = _evidence([(0.1, 0.01), (0.12, 0.01)])
    evidence.loc[1, ["delta_low", "delta_high"]] = np.nan
    found = _ladder([], evidence).rungs.iloc[-1]
    assert found["delta"] == pytest.approx(0.11) and math.isnan(found["delta_low"])
    assert found["verdict"] == "no interval, no verdict"


def test_benchmarks_where_low_is_good_are_left_out() -> None:
    found = variant_ladder.ladder(
        STEPS, PARAMS, _printed([]), {"chat": _evidence([(0.1, 0.01), (0.1, 0.01)])}, frozenset({"b1"})
    )
    assert found.rungs["n"].iloc[-1] == 1 and found.parts["task"].tolist() == ["b0"]
