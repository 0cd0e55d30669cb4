"""The reference vectors: independent results for the calculations that the product has so far.

``COVERED`` is what is covered now; a kind that disappears from the tests or from the files fails here.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib.stats import compute_optimal as co
from lib.stats import intervals, multiplicity, noninferiority, normalisation

ROOT = Path(__file__).resolve().parents[2]
SCALING = ROOT / "data" / "scaling"
VECTORS = [
    vector
    for name in ("stats", "scaling")
    for vector in json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text())["vectors"]
]
COVERED = {
    "allocation", "approach12_power_laws", "binary_intervals", "compute_6nd", "elasticity", "holm_headline",
    "inverse_allocation", "loss_and_equivalent_compute", "macro_mean_stderr", "mean_of_binary", "multiple_testing",
    "nested_effective_n", "newcombe_difference", "noninferiority", "noninferiority_verdict",
    "normalise_leaderboard_v2", "normalised_stderr", "overtrained_ratio", "tokens_per_param_interval",
    "unpaired_difference",
}  # fmt: skip
"""``record_staircase`` is covered beside the code it tests, in tests/analysis/test_records.py."""

CALCULATIONS: dict[str, Callable[[Any], Any]] = {}


def calculation(kind: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def register(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        CALCULATIONS[kind] = function
        return function

    return register


def law(params: dict[str, float]) -> co.LossLaw:
    return co.LossLaw(*(params[name] for name in co.LossLaw._fields))


@calculation("mean_of_binary")
def mean_of_binary(given: Any) -> Any:
    k, n, level = given["k"], given["n"], given["confidence"]
    stderr = intervals.binary_stderr(k, n)
    return {
        "mean": k / n,
        "stderr": stderr,
        "stderr_ddof0": stderr * math.sqrt((n - 1) / n),
        "normal_ci": intervals.normal(k / n, stderr, level),
        **binary_intervals(given),
    }


@calculation("binary_intervals")
def binary_intervals(given: Any) -> Any:
    k, n, level = given["k"], given["n"], given["confidence"]
    return {
        "wilson_ci": intervals.wilson(k, n, level),
        "clopper_pearson_ci": intervals.clopper_pearson(k, n, level),
        "jeffreys_ci": intervals.jeffreys(k, n, level),
        "uniform_prior_ci": intervals.uniform_prior(k, n, level),
    }


@calculation("normalise_leaderboard_v2")
def normalise_leaderboard_v2(given: Any) -> Any:
    chance = {"murder_mysteries": 1 / 2, "object_placements": 1 / 5, "team_allocation": 1 / 3}
    return {
        "single": [normalisation.leaderboard_v2(row["raw"], row["lower"]) for row in given["single"]],
        "musr": normalisation.leaderboard_v2_mean(
            list(given["musr"].values()), [chance[name] for name in given["musr"]]
        ),
    }


@calculation("normalised_stderr")
def normalised_stderr(given: Any) -> Any:
    return {
        "score": normalisation.above_chance(given["raw"], given["lower"]),
        "stderr": normalisation.above_chance_stderr(given["stderr"], given["lower"]),
        "z_vs_chance": normalisation.z_against_chance(given["raw"], given["stderr"], given["lower"]),
    }


@calculation("macro_mean_stderr")
def macro_mean_stderr(given: Any) -> Any:
    raw = normalisation.macro_mean(given["score"], given["stderr"])
    above = normalisation.macro_mean(
        normalisation.above_chance(given["score"], given["chance"]),
        normalisation.above_chance_stderr(given["stderr"], given["chance"]),
    )
    return {
        "macro_mean": raw.mean,
        "stderr": raw.stderr,
        "normalised_mean": above.mean,
        "normalised_stderr": above.stderr,
    }


@calculation("nested_effective_n")
def nested_effective_n(given: Any) -> Any:
    p, sizes = given["p"], given["set_sizes"]
    nested = normalisation.nested_effective_n(sizes)
    return {
        "n_distinct": nested.n_distinct,
        "n_sum": sum(sizes),
        "n_eff_size_weighted": nested.n_effective_size_weighted,
        "n_eff_macro": nested.n_effective_macro,
        "stderr_size_weighted": math.sqrt(p * (1 - p) / nested.n_effective_size_weighted),
        "stderr_macro": math.sqrt(p * (1 - p) / nested.n_effective_macro),
        "stderr_naive": math.sqrt(p * (1 - p) / sum(sizes)),
    }


@calculation("newcombe_difference")
def newcombe_difference(given: Any) -> Any:
    counts = (given["k_a"], given["n_a"], given["k_b"], given["n_b"])
    two_sided, one_sided = intervals.newcombe(*counts), intervals.newcombe(*counts, intervals.ONE_SIDED)
    return {
        "diff": two_sided.diff,
        "ci95": [two_sided.low, two_sided.high],
        "lower_one_sided_95": one_sided.low,
        "upper_one_sided_95": one_sided.high,
        "z_pooled": intervals.pooled_z(*counts),
    }


@calculation("unpaired_difference")
def unpaired_difference(given: Any) -> Any:
    found = intervals.unpaired_difference(given["a"], given["se_a"], given["b"], given["se_b"], given["confidence"])
    greater = noninferiority.from_difference(found.diff, found.stderr, margin=0.0).p
    return {
        "diff": found.diff, "se": found.stderr, "z": found.z, "p_two_sided": found.p_two_sided,
        "p_one_sided_greater": greater, "ci_low": found.low, "ci_high": found.high, "prob_a_greater_b": 1 - greater,
    }  # fmt: skip


@calculation("noninferiority")
def noninferiority_one(given: Any) -> Any:
    found = noninferiority.from_stderrs(given["a"], given["se_a"], given["b"], given["se_b"], given["margin"])
    other = noninferiority.from_stderrs(given["b"], given["se_b"], given["a"], given["se_a"], given["margin"])
    se = math.hypot(given["se_a"], given["se_b"])
    return {
        "z_noninferior": (found.diff + given["margin"]) / se,
        "p_noninferior": found.p,
        "p_equivalence": max(found.p, other.p),
    }


@calculation("noninferiority_verdict")
def noninferiority_verdict(given: Any) -> Any:
    if "k_small" in given:
        found = noninferiority.from_counts(
            given["k_small"], given["n_small"], given["k_large"], given["n_large"], given["margin"]
        )
        return {key: getattr(found, key) for key in ("diff", "lower", "upper", "p")} | {"verdict": str(found.verdict)}
    rows = given["benchmarks"]
    found = noninferiority.from_stderrs(
        *([row[key] for row in rows] for key in ("small", "se_small", "large", "se_large")), given["margin"]
    )
    over_panel = noninferiority.panel([found.verdict], [found.p])
    return {
        "benchmarks": [
            {key: getattr(found, key)[i] for key in ("diff", "lower", "upper", "p", "verdict")}
            for i in range(len(rows))
        ],
        "p_panel": over_panel.p[0],
        "verdict_panel": over_panel.verdict[0],
    }


@calculation("holm_headline")
def holm_headline(given: Any) -> Any:
    rows, alpha = given["candidates"], given["alpha"]
    if "target" in given:
        k, n = ([row[key] for row in rows] for key in ("k", "n"))
        found = noninferiority.above_target(given["target"], np.divide(k, n), np.nan, n, k)
        details = [{"lower": found.lower[i], "above": bool(found.is_above[i])} for i in range(len(rows))]
        p, passes, cost, word = found.p, found.is_above, "cost", "cheapest_unadjusted"
    else:
        diff, se = (np.array([[b[key] for b in row["benchmarks"]] for row in rows]) for key in ("diff", "se"))
        each = noninferiority.from_difference(diff, se, given["margin"], alpha)
        p, verdict = noninferiority.panel(each.verdict, each.p)
        details = [{"p_panel": p[i], "verdict": verdict[i]} for i in range(len(rows))]
        passes, cost, word = verdict == noninferiority.PASS, "params", "smallest_unadjusted"
    holm = multiplicity.holm(p)
    for i, detail in enumerate(details):
        detail |= {"id": rows[i]["id"], "holm": holm[i]} | ({"p": p[i]} if "target" in given else {})
    costs = np.array([row[cost] for row in rows])
    best = multiplicity.headline(p, costs, alpha)
    unadjusted = min((i for i in range(len(rows)) if passes[i]), key=lambda i: costs[i])
    return {
        "candidates": details,
        word: rows[unadjusted]["id"],
        "headline": None if best is None else rows[best]["id"],
    }


@calculation("multiple_testing")
def multiple_testing(given: Any) -> Any:
    return {
        "holm": multiplicity.holm(given["p"]),
        "bh": multiplicity.benjamini_hochberg(given["p"]),
        "by": multiplicity.benjamini_yekutieli(given["p"]),
    }


@calculation("compute_6nd")
def compute_6nd(given: Any) -> Any:
    rows = []
    for row in given:
        flop = co.training_flop(row["n_params"], row["tokens"])
        ratio = row["tokens"] / row["n_params"]
        rows.append({"flop": flop, "tokens_per_param": ratio, "pf_days": flop / co.FLOP_PER_PF_DAY})
    return rows


@calculation("allocation")
def allocation(given: Any) -> Any:
    result = {}
    for name, params in given["params"].items():
        best = co.allocate(law(params), given["C"])
        result[name] = [
            {"C": c, "n_opt": best.params[i], "d_opt": best.tokens[i], "tokens_per_param": best.tokens_per_parameter[i], "loss": best.loss[i]}
            for i, c in enumerate(given["C"])
        ]  # fmt: skip
    return result


@calculation("inverse_allocation")
def inverse_allocation(given: Any) -> Any:
    found = co.optimal_for(law(given["params"]), given["n_params"])
    return {"C": found.flop, "tokens": found.tokens, "tokens_per_param": found.tokens_per_parameter}


@calculation("approach12_power_laws")
def approach12_power_laws(given: Any) -> Any:
    with (SCALING / given["file"]).open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    result = {}
    for approach in ("approach1", "approach2"):
        flop, n, d = (
            [float(row[key]) for row in rows if row["approach"] == approach]
            for key in ("train_flop_printed", "n_params", "train_tokens_printed")
        )
        by_size, by_tokens = co.fit_power_law(flop, n), co.fit_power_law(flop, d)
        result[approach] = {
            "n_exponent": by_size.exponent, "n_coefficient": by_size.coefficient,
            "d_exponent": by_tokens.exponent, "d_coefficient": by_tokens.coefficient,
        }  # fmt: skip
    return result


@calculation("loss_and_equivalent_compute")
def loss_and_equivalent_compute(given: Any) -> Any:
    it = law(given["params"])
    return [
        {
            "loss": co.loss(it, n, d),
            "compute": co.training_flop(n, d),
            "equivalent_optimal_compute": co.equivalent_flop(it, co.loss(it, n, d)),
            "efficiency": co.efficiency(it, n, d),
            "share_param_term": co.parameter_share(it, n, d),
        }
        for _, n, d in given["models"]
    ]


@calculation("elasticity")
def elasticity(given: Any) -> Any:
    return co.exponents(law(given))._asdict()


@calculation("tokens_per_param_interval")
def tokens_per_param_interval(given: Any) -> Any:
    found = co.optimal_ratio_percentiles(draws(), given["C"], (10, 50, 90))
    return {"p10_p50_p90": found.T}


@calculation("overtrained_ratio")
def overtrained_ratio(given: Any) -> Any:
    n, d = ([row[key] for row in given["models"]] for key in ("n_params", "tokens"))
    found = co.overtraining(law(given["params"]), n, d)
    names = {
        "flop": found.flop,
        "tokens_per_param": found.tokens_per_parameter,
        "optimal_tokens_per_param_equal_compute": found.optimal_tokens_per_parameter,
        "ratio_equal_compute": found.ratio_equal_compute,
        "optimal_tokens_equal_params": found.optimal_tokens_equal_size,
        "ratio_equal_params": found.ratio_equal_size,
    }
    return [{key: values[i] for key, values in names.items()} for i in range(len(n))]


def draws() -> co.LossLaw:
    table = np.genfromtxt(SCALING / "refit_bootstrap_draws.csv", delimiter=",", names=True)
    return co.LossLaw(*(table[name] for name in co.LossLaw._fields))


# The bound for two rates on the same prompts is a rule of the board columns, and is tested there.
HERE = [v for v in VECTORS if v["kind"] in COVERED and v["id"] != "macro_ifeval_bound"]


@pytest.mark.parametrize("vector", HERE, ids=lambda v: f"{v['kind']}-{v['id']}")
def test_vector(vector: dict[str, Any]) -> None:
    found = CALCULATIONS[vector["kind"]](vector["inputs"])
    assert_agrees(found, vector["expected"], vector["tolerance"])


def test_no_kind_is_lost() -> None:
    assert set(CALCULATIONS) == COVERED
    assert {vector["kind"] for vector in VECTORS} >= COVERED | {"record_staircase"}


def assert_agrees(found: Any, expected: Any, tolerance: dict[str, Any], path: str = "") -> None:
    """Everything expected is there and within tolerance; an entry named after a field holds below it."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            below = tolerance.get(key, tolerance)
            assert_agrees(found[key], value, below if isinstance(below, dict) else tolerance, f"{path}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for i, value in enumerate(expected):
            assert_agrees(found[i], value, tolerance, f"{path}[{i}]")
    elif isinstance(expected, bool | str) or expected is None:
        assert found == expected, path
    else:
        limits = tolerance.get("default", tolerance)
        assert abs(float(found) - expected) <= limits["abs"] + limits["rel"] * abs(expected), (path, found, expected)
