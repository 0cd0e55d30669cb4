"""Reference calculations of lists of models: ranks, frontier, cost, upsets, records."""

from __future__ import annotations

import csv
from typing import Any

import numpy as np
import pandas as pd

from lib.analysis.records import records
from lib.stats import bradley_terry as bt
from lib.stats import cost, frontier, intervals, ranks, upsets
from tests.analysis import frames
from tests.stats.vectors import SCALING, calculation

MANY = 100_000
"""Draws where the product takes 2,000: the expected values are exact, and seeds must not decide."""


@calculation("bradley_terry")
def bradley_terry(given: Any) -> Any:
    found = bt.bradley_terry(given["wins"])
    return {
        "log_strength": found.strength,
        "prob_0_beats_1": bt.win_probability(found.strength[0], found.strength[1]),
    }


@calculation("friedman_nemenyi")
def friedman_nemenyi(given: Any) -> Any:
    table = np.array(given["scores"], float)
    found = ranks.friedman(table)
    return {
        "mean_rank": found.mean_rank,
        "friedman_chi2": found.chi2,
        "p": found.p,
        "nemenyi_cd": ranks.critical_difference(*table.shape),
    }


@calculation("rank_intervals")
def rank_intervals(given: Any) -> Any:
    found = ranks.rank_intervals(given["score"], given["stderr"], given["alpha"])
    return {
        "rank_low": found.best,
        "rank_high": found.worst,
        "prob_best": ranks.probability_best(given["score"], given["stderr"]),
    }


@calculation("pareto_mask")
def pareto_mask(given: Any) -> Any:
    values = (np.array(given[key], float) for key in ("cost", "score"))
    return {"on_frontier": frontier.on_frontier(*values).tolist()}


@calculation("pareto_probability")
def pareto_probability(given: Any) -> Any:
    found = frontier.frontier_probability(given["cost"], given["score"], given["stderr"], resamples=MANY)
    return {"prob_on_frontier": found.on}


@calculation("cost_measures")
def cost_measures(given: Any) -> Any:
    n, scores = given["items"], given["accuracy"]
    total = np.array(given["cost_per_1000_items"]) * n / 1000
    return {
        "dollar_per_correct": cost.cost_per_correct(total, scores, n),
        "dollar_per_net_correct": cost.cost_per_correct_above_chance(total, scores, n, given["chance"]),
        "marginal_dollar_per_point": cost.marginal_cost_per_point(given["cost_per_1000_items"], scores),
    }


@calculation("upsets_small")
def upsets_small(given: Any) -> Any:
    tables = (np.array(given[key], float) for key in ("params", "score", "stderr"))
    found = upsets.find_upsets(*tables, ratio=given["min_ratio"], keep=given["alpha"])
    return {
        "n_tests": found.n_tests,
        "n_observed_wins": found.n_wins,
        "significant": [
            {key: getattr(found, key)[i] for key in ("small", "large", "task", "diff", "z", "q")}
            for i in np.flatnonzero(found.q <= given["alpha"])
        ],
    }


@calculation("upsets_real")
def upsets_real(given: Any) -> Any:
    names, params, scores, stderrs = _published(given["files"], given["tasks"], given["metric"])
    found = upsets.find_upsets(params, scores, stderrs, ratio=given["min_ratio"], keep=given["alpha"])
    alpha = given["alpha"]
    top: dict[str, Any] = {}
    if len(found.z):
        small, large, task = (int(x[0]) for x in (found.small, found.large, found.task))
        top = {"small": names[small], "large": names[large], "task": given["tasks"][task]}
        top |= {"z": found.z[0], "diff": found.diff[0]}
    return {
        "n_models": len(names),
        "n_tests": found.n_tests,
        "n_observed_wins": found.n_wins,
        "n_p05": len(found.p),
        "n_bh": int((found.q <= alpha).sum()),
        "n_by": int((found.q_any <= alpha).sum()),
        "n_holm": int((found.p_holm <= alpha).sum()),
        "largest_z": top,
    }


def _published(files: list[str], tasks: list[str], metric: dict[str, str]) -> tuple[list[str], Any, Any, Any]:
    """Names, sizes, scores and errors from files of data/scaling; of a model with checkpoints the last one."""
    rows: list[dict[str, str]] = []
    for name in files:
        with (SCALING / name).open(newline="") as lines:
            read = list(csv.DictReader(lines))
        last: dict[str, int] = {}
        for row in read:
            last[row["model"]] = max(last.get(row["model"], 0), int(row.get("step", 0)))
        rows += [row for row in read if int(row.get("step", 0)) == last[row["model"]]]
    names = list(dict.fromkeys(row["model"] for row in rows))
    params = np.full(len(names), np.nan)
    scores, stderrs = np.full((2, len(names), len(tasks)), np.nan)
    for row in rows:
        place = names.index(row["model"])
        params[place] = float(row.get("n_params_total") or row["n_params_nominal"])
        if row["task"] in tasks and row["metric"] == metric[row["task"]]:
            column = tasks.index(row["task"])
            scores[place, column], stderrs[place, column] = float(row["value"]), float(row["stderr"])
    return names, params, scores, stderrs


@calculation("record_staircase")
def record_staircase(given: Any) -> Any:
    rows = given["models"]
    models = frames.models(
        [{"id": r["id"], "name": r["id"], "released_on": _last_day(r["released"]), "params_total": r["params"], "size_status": r["size_status"]} for r in rows]
    )  # fmt: skip
    score = np.array([r["score"] for r in rows], float)
    stderr = np.array([r["stderr"] for r in rows], float)
    bound = intervals.lower_bound(score, stderr, np.nan, np.nan)
    scores = pd.DataFrame({"model": [r["id"] for r in rows], "score": score, "lower_bound": bound})
    scores = scores.assign(evaluator="lm-eval 0.4", evaluated_on="2024-06-01")
    return {
        name: [
            {"date": str(s.released_on.date()), "id": s.model, "params": s.size, "filled": bool(s.is_filled)}
            for s in records(scores, models, [given["target"]], is_strict=is_strict).steps.itertuples()
        ]
        for name, is_strict in (("point_estimate", False), ("lower_bound", True))
    }


def _last_day(written: str | None) -> str | None:
    return None if written is None else str(pd.Period(written).end_time.date())
