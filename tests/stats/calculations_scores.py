"""Reference calculations of single scores, groups, and the difference of two unpaired scores."""

from __future__ import annotations

import math
from typing import Any

from lib.stats import board_columns, clusters, intervals, noninferiority, normalisation, recovered
from tests.stats.vectors import calculation


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
    if "prompt_rate" in given:
        return mean_of_two_rates(given)
    raw = normalisation.macro_mean(given["score"], given["stderr"])
    if "chance" not in given:
        return {"macro_mean": raw.mean, "stderr": raw.stderr}
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


def mean_of_two_rates(given: Any) -> Any:
    prompt, instruction = given["prompt_rate"], given["instruction_rate"]
    counts = (given["n_prompts"], given["n_instructions"], given["max_per_prompt"])
    n_effective = recovered.effective_instructions(*counts)
    return {
        "mean": recovered.macro_mean([prompt, instruction]),
        "stderr_prompt": intervals.binary_stderr(prompt * counts[0], counts[0]),
        "n_effective_instructions": n_effective,
        "stderr_instruction_bound": board_columns.proportion_stderr(instruction, n_effective),
        "stderr_bound": recovered.two_rates_stderr_bound(prompt, instruction, *counts),
    }


@calculation("sample_size_from_stderr")
def sample_size_from_stderr(given: Any) -> Any:
    found = recovered.counts_from_stderr(given["acc"], given["acc_stderr"])
    return {"n": found and found.n_samples, "n_correct": found and found.n_correct}


@calculation("clustered_se")
def clustered_se(given: Any) -> Any:
    found = clusters.clustered_mean(given["x"], given["cluster"])
    return {
        "mean": found.mean,
        "stderr_naive": found.stderr_naive,
        "stderr_clustered": found.stderr,
        "stderr_clustered_miller": found.stderr_miller,
    }


@calculation("group_mean")
@calculation("group_pooled_stderr")
def group_mean(given: Any) -> Any:
    scores, stderrs = given["acc"], given["stderr"]
    counts = [recovered.counts_from_stderr(p, se) for p, se in zip(scores, stderrs, strict=True)]
    sizes = given.get("n") or [one.n_samples for one in counts if one]
    n_correct = sum(round(p * n) for p, n in zip(scores, sizes, strict=True))
    return {
        "n_total": sum(sizes),
        "weighted_mean": recovered.weighted_mean(scores, sizes),
        "stderr_pooled_lm_eval": recovered.pooled_stderr(stderrs, sizes),
        "stderr_stratified": recovered.weighted_stderr(stderrs, sizes),
        "stderr_concatenated": intervals.binary_stderr(n_correct, sum(sizes)),
        "macro_mean": recovered.macro_mean(scores),
        "stderr_macro": recovered.macro_stderr(stderrs),
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
