"""Reference calculations of two models on the same questions, over several tasks, and of what could have been seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib.stats import bootstrap, intervals, paired, panels, power, tasks, verdicts
from tests.stats.vectors import calculation

PAIR = ("n11", "n10", "n01", "n00")
SCORES = ("a", "se_a", "b", "se_b")
COUNTS = ("k_a", "n_a", "k_b", "n_b")


@calculation("paired_binary")
def paired_binary(given: Any) -> Any:
    a, b = np.array(given["a"]), np.array(given["b"])
    mean, counts = paired.paired_mean(a, b), paired.count_pairs(a, b)
    tested = paired.mcnemar(counts.only_a, counts.only_b)
    return {
        "diff": mean.diff,
        "stderr_paired": paired.paired_stderr(counts.only_a, counts.only_b, counts.n),
        "stderr_unpaired": np.hypot(*(intervals.binary_stderr(x.sum(), x.size) for x in (a, b))),
        "correlation": mean.correlation,
        "z": mean.t,
        "p_two_sided_z": mean.p_z,
        "n_a_only": counts.only_a,
        "n_b_only": counts.only_b,
        "p_mcnemar_exact": tested.p_exact,
        "p_mcnemar_mid": tested.p_mid,
        "bootstrap_se_exact": bootstrap.paired_bootstrap_stderr(counts.only_a, counts.only_b, counts.n),
    }


@calculation("mcnemar")
def mcnemar(given: Any) -> Any:
    found = paired.mcnemar(given["a_only"], given["b_only"])
    return found._asdict() | {"chi2_cc": found.chi2_corrected}


@calculation("paired_bootstrap")
def paired_bootstrap(given: Any) -> Any:
    found = bootstrap.paired_bootstrap_counts(given["a_only"], given["b_only"], given["n"], given["resamples"])
    return {
        "diff": found.diff,
        "se": found.stderr,
        "ci95": [found.low, found.high],
        "share_le_zero": found.share_at_most_zero,
    }


@calculation("paired_interval")
def paired_interval(given: Any) -> Any:
    n11, n10, n01, n00 = (given[key] for key in PAIR)
    n = n11 + n10 + n01 + n00
    bound = paired.choose_paired_interval(n11, n10, n01, n00, intervals.ONE_SIDED)
    tango, newcombe = paired.tango(n10, n01, n), paired.newcombe_paired(n11, n10, n01, n00)
    wald = paired.wald_paired(n10, n01, n)
    return {
        "diff": bound.diff,
        "tango_ci95": [tango.low, tango.high],
        "newcombe_ci95": [newcombe.low, newcombe.high],
        "wald_ci95": [wald.low, wald.high],
        "method_used": str(bound.method),
        "lower_one_sided_95": bound.low,
        "upper_one_sided_95": bound.high,
        "p_mid": paired.mcnemar(n10, n01).p_mid,
    }


@calculation("sign_test")
def sign_test(given: Any) -> Any:
    found = tasks.sign_test(given["wins"], given["losses"], given.get("ties", 0))
    return found._asdict() | {"win_rate_ties_half": found.win_rate}


@calculation("multi_task_mean_diff")
def multi_task_mean_diff(given: Any) -> Any:
    found = tasks.mean_difference(given["diff"], given["stderr"])
    return {
        "mean": found.mean,
        "stderr": found.stderr,
        "z": found.z,
        "stouffer_z": found.stouffer_z,
        "ivw_mean": found.weighted_mean,
        "ivw_stderr": found.weighted_stderr,
        "heterogeneity_q": found.q,
        "heterogeneity_p": found.p_q,
    }


@calculation("items_needed")
def items_needed(given: Any) -> Any:
    found = float(
        power.items_needed(
            given["delta"], given["omega2"], given["sigma2_a"], given["sigma2_b"], given["k_a"], given["k_b"],
            given["alpha"], given["power"],
        )
    )  # fmt: skip
    return {"n": found, "n_ceil": np.ceil(found)}


@calculation("smallest_detectable_difference")
def smallest_detectable_difference(given: Any) -> Any:
    within = given["sigma2"]
    return {
        f"mde_k{answers}": power.smallest_detectable(
            given["n"], given["omega2"], within, within, answers, answers, given["alpha"], given["power"]
        )
        for answers in range(1, 101)
    }


@calculation("items_needed_for_margin")
def items_needed_for_margin(given: Any) -> Any:
    found: dict[str, float] = {}
    if "paired" in given:
        pair = given["paired"]
        found["n_paired"] = float(
            power.items_for_margin_paired(pair["n10"], pair["n01"], pair["n"], given["margin"], given["power"])
        )
    if "unpaired" in given:
        shares = given["unpaired"]
        found["n_unpaired"] = float(
            power.items_for_margin_unpaired(shares["p_a"], shares["p_b"], given["margin"], given["power"])
        )
    return found | {f"{key}_ceil": np.ceil(value) for key, value in found.items()}


@calculation("head_to_head_verdict")
def head_to_head_verdict(given: Any) -> Any:
    margin, rows = given["margin"], given["tasks"]
    evidence = verdicts.join(*(_evidence(row) for row in rows))
    each = verdicts.per_task(evidence, margin)
    over_all = verdicts.overall(evidence, each, margin)
    return {
        "tasks": [
            {
                "task": row["task"],
                "diff": evidence.diff[i],
                "se": evidence.stderr[i],
                "p": evidence.p[i],
                "mde": each.detectable[i],
                "discordant": evidence.discordant[i],
                "holm": each.p_holm[i],
                "verdict": each.verdict[i],
            }
            for i, row in enumerate(rows)
        ],
        "q": over_all.q,
        "p_q": over_all.p_q,
        "panel_mean": over_all.mean,
        "panel_se": over_all.stderr,
        "panel_p": over_all.p,
        "panel_mde": over_all.detectable,
        "overall": over_all.verdict,
    }


def _evidence(row: Any) -> verdicts.Evidence:
    for keys, made in (
        (PAIR, verdicts.from_pairs),
        (COUNTS, verdicts.from_counts),
        (SCORES, verdicts.from_stderrs),
    ):
        if all(key in row for key in keys):
            return made(*(np.nan if row[key] is None else row[key] for key in keys))
    raise KeyError(" or ".join(", ".join(keys) for keys in (PAIR, COUNTS, SCORES)))


@calculation("coverage_hazard")
def coverage_hazard(given: Any) -> Any:
    names, task_names = list(given["scores"]), given["tasks"]
    table = np.array([given["scores"][name] for name in names], float)
    panel = panels.panel_of(table)
    return {
        "mean_available": dict(zip(names, panels.mean_over_available(table), strict=True)),
        "common_tasks": [task for task, is_common in zip(task_names, panel.is_common, strict=True) if is_common],
        "mean_common": dict(zip(names, panels.mean_over_common(table), strict=True)),
        "complete_models": [name for name, is_complete in zip(names, panel.is_complete, strict=True) if is_complete],
    }


@calculation("coverage_adjusted_mean")
def coverage_adjusted_mean(given: Any) -> Any:
    table = np.array(given["scores"], float)
    found = panels.adjusted_mean(table)
    return {
        "adjusted_mean": found.mean,
        "task_effect": found.task_effect,
        "available_mean": panels.mean_over_available(table),
    }
