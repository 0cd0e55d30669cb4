"""Reference calculations of compute-optimal training."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np

from lib.stats import compute_optimal as co
from tests.stats.vectors import SCALING, calculation


def law(params: dict[str, float]) -> co.LossLaw:
    return co.LossLaw(*(params[name] for name in co.LossLaw._fields))


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
