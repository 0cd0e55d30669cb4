"""Reference calculations of margins, targets and corrections for many tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lib.stats import multiplicity, noninferiority
from tests.stats.vectors import calculation


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
    unadjusted = min((i for i in range(len(rows)) if passes[i]), key=lambda i: costs[i], default=None)
    return {
        "candidates": details,
        word: None if unadjusted is None else rows[unadjusted]["id"],
        "headline": None if best is None else rows[best]["id"],
    }


@calculation("multiple_testing")
def multiple_testing(given: Any) -> Any:
    return {
        "holm": multiplicity.holm(given["p"]),
        "bh": multiplicity.benjamini_hochberg(given["p"]),
        "by": multiplicity.benjamini_yekutieli(given["p"]),
    }
