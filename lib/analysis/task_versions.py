"""Versions of one benchmark's task in the evaluators that write result files, and what changing them does to scores.

A version is what must agree before two raw scores compare: evaluator, task, version or hash, and shots. Where two
versions measured the same model the difference is told, as information: the two are never put into one comparison.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from lib.analysis.comparability import CAUTION_FIELDS, compare
from lib.store.benchmarks import filter_rank, metric_rank

UNIT = ("evaluator", "task", "version", "n_shot")
VERSIONS = (*UNIT, "harness", "measures", "n_runs", "n_models", "run")
PAIRS = ("a", "b", "metric", "verdict", "reasons", "n_common", "median", "largest", "largest_model", "runs")
MOST_PAIRS = 40
NO_VERSION = "not stated"


def versions(scores: pd.DataFrame) -> pd.DataFrame:
    """The versions that occur, most runs first.

    Args:
        scores: Rows of ``protocols.Grouping.scores`` of one benchmark.

    Returns:
        One row per (evaluator, task, version, n_shot) of raw runs: ``version`` is the task's version, ``hash ...`` where
        only its hash is known, or "not stated"; ``n_shot`` NaN for unknown; ``harness`` the versions of the evaluator,
        ``measures`` the metrics with their filters, both joined by ", "; ``n_runs``, ``n_models`` (checkpoints and
        community models included); ``run`` one of the runs.
    """
    raw = _raw(scores)
    if raw.empty:
        return pd.DataFrame(columns=list(VERSIONS))
    by_unit = raw.groupby("unit", sort=False)
    n_runs, n_models = by_unit["run_id"].nunique().to_dict(), by_unit["model"].nunique().to_dict()
    rows = []
    for unit, part in raw.drop_duplicates(["unit", "identity", "evaluator_version"]).groupby("unit", sort=False):
        first = part.iloc[0]
        rows.append(
            (
                *(first[field] for field in UNIT),
                _joined(part["evaluator_version"].dropna().unique()),
                _joined(part["measure"].unique()),
                n_runs[unit],
                n_models[unit],
                str(first["run"]),
                unit,
            )
        )
    found = pd.DataFrame(rows, columns=[*VERSIONS, "unit"])
    order = ["n_runs", *UNIT]
    return found.sort_values(order, ascending=[False, True, True, True, True], kind="stable", ignore_index=True)


def pairs(scores: pd.DataFrame, benchmark: str, default_metric: str | None) -> pd.DataFrame:
    """Two versions at a time with as many shots: are they comparable, and how far apart are models measured by both?

    Args:
        scores: As for ``versions``.
        benchmark, default_metric: For the metric that both report, the headline one first.

    Returns:
        One row per two versions: ``a`` and ``b`` (positions in ``versions``), ``metric`` (with its filter; '' where they
        share none), ``verdict`` and ``reasons`` of ``comparability.compare``, ``n_common`` models measured by both
        (finished states only), ``median`` and ``largest`` of score in b minus score in a (NaN without common models;
        ``largest`` by size, with its sign), ``largest_model``, and ``runs`` of that model in both, parted by a blank. At most ``MOST_PAIRS``, those with most
        models in common first.
    """
    raw = _raw(scores)
    known = versions(scores)
    if len(known) < 2:
        return pd.DataFrame(columns=list(PAIRS))
    parts: dict[object, pd.DataFrame] = dict(iter(raw.groupby("unit", sort=False)))
    rows = []
    for i, j in combinations(range(len(known)), 2):
        # A missing number of shots equals a missing one.
        if str(known.at[i, "n_shot"]) == str(known.at[j, "n_shot"]):
            a, b = parts[known.at[i, "unit"]], parts[known.at[j, "unit"]]
            rows.append((i, j, *_pair(a, b, benchmark, default_metric)))
    found = pd.DataFrame(rows, columns=list(PAIRS))
    return found.sort_values("n_common", ascending=False, kind="stable", ignore_index=True)[:MOST_PAIRS]


def _raw(scores: pd.DataFrame) -> pd.DataFrame:
    """Raw rows with ``version``, ``measure`` (metric and filter) and ``unit``, a number per version."""
    raw = scores[(scores["kind"] == "raw").to_numpy(bool)]
    # All of these are the same within an identity, and there are few identities.
    one = raw.drop_duplicates("identity")
    version, digest, filters = _filled(one["task_version"]), _filled(one["task_hash"]), _filled(one["filter"])
    stated = version.where(version != "", ("hash " + digest.str[:7]).where(digest != "", NO_VERSION))
    measure = _filled(one["metric"]) + ("," + filters).where(~filters.isin(["", "none"]), "")
    of_one = pd.DataFrame({"version": stated, "measure": measure}).set_index(one["identity"].to_numpy())
    key = list(zip(one["evaluator"], one["task"], stated, one["n_shot"].astype(str), strict=True))
    of_one["unit"] = pd.factorize(pd.Index(key, tupleize_cols=False))[0]
    return raw.assign(**{c: raw["identity"].map(of_one[c]).to_numpy() for c in of_one.columns})


def _pair(a: pd.DataFrame, b: pd.DataFrame, benchmark: str, default_metric: str | None) -> tuple[Any, ...]:
    shared = _measures(a) & _measures(b)
    if not shared:
        judged = compare(_representative(a), _representative(b))
        return "", judged.verdict, "; ".join(judged.reasons), 0, np.nan, np.nan, "", ""
    metric, filter_ = min(shared, key=lambda one: _rank(one, benchmark, default_metric))
    of_a, of_b = (p[(p["metric"] == metric).to_numpy(bool) & (p["filter"] == filter_).to_numpy(bool)] for p in (a, b))
    judged = compare(_representative(of_a), _representative(of_b))
    told = str(of_a["measure"].iloc[0]), judged.verdict, "; ".join(judged.reasons)
    both = set(_finished(of_a)["model"]) & set(_finished(of_b)["model"])
    if not both:
        return *told, 0, np.nan, np.nan, "", ""
    one, two = _one_per_model(of_a, both), _one_per_model(of_b, both)
    difference = two["score"] - one["score"]
    extreme = str(difference.abs().idxmax())
    runs = " ".join((str(one.at[extreme, "run"]), str(two.at[extreme, "run"])))
    return *told, len(both), float(difference.median()), float(difference[extreme]), extreme, runs


def _measures(rows: pd.DataFrame) -> set[tuple[str, str]]:
    one = rows.drop_duplicates("identity")
    return set(zip(one["metric"], one["filter"], strict=True))


def _finished(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of models as they were published: no checkpoints, no quantised weights, no names that wait for a model."""
    quantised = rows["quantisation"].notna() & (rows["quantisation"] != "")
    return rows[(rows["model"].notna() & ~rows["is_checkpoint"].astype(bool) & ~quantised).to_numpy(bool)]


def _one_per_model(rows: pd.DataFrame, models: set[str]) -> pd.DataFrame:
    """Score and run of these models, sorted by model: most questions, then newest, then lowest digest."""
    kept = _finished(rows[rows["model"].isin(models).to_numpy(bool)])
    kept = kept.assign(date=_filled(kept["evaluated_on"])).sort_values("run", kind="stable")
    kept = kept.sort_values(["n_samples", "date"], ascending=False, kind="stable", na_position="last")
    return kept.drop_duplicates("model").set_index("model")[["score", "run"]].sort_index()


def _rank(measure: tuple[str, str], benchmark: str, default_metric: str | None) -> tuple[float, int, str, str]:
    metric, filter_ = measure
    rank = metric_rank(benchmark, default_metric, metric)
    return float("inf") if rank is None else float(rank), filter_rank(filter_), metric, filter_


def _representative(rows: pd.DataFrame) -> dict[str, Any]:
    """One row for the rule, without what differs from run to run: that is no property of the version."""
    return {str(k): v for k, v in rows.iloc[0].to_dict().items() if k not in CAUTION_FIELDS}


def _joined(values: Any) -> str:
    return ", ".join(sorted(str(value) for value in values))


def _filled(column: pd.Series) -> pd.Series:
    return column.astype(object).where(column.notna(), "").astype(str)
