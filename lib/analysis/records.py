"""Records over time: the smallest model known to reach a score.

A record is a model that reaches the target and is smaller than every eligible model released before. It is an order
statistic: the luckiest of many near the target, it can only fall, and a closed board leaves a flat line that means
"nobody looked". No trend is fitted through records, and no factor per year is taken from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.directions import higher_is_better
from lib.analysis.measurements import PRECEDENCE
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy

View = Literal["protocol", "published"]

KINDS = ("base", "chat", "reasoning", "multimodal")
COLUMNS = (
    "target", "view", "released_on", "release_precision", "model", "name", "size", "score", "ci_low", "ci_high",
    "is_filled", "evaluator", "is_last", "end_on",
)  # fmt: skip
MOST_TARGETS = 4


class Records(NamedTuple):
    """Steps of the staircases.

    Args:
        steps: One row per record, sorted by target and date: target (fraction), view, released_on, release_precision,
            model, name, size (parameters), score, ci_low, ci_high, is_filled (the one-sided 95% lower bound is above
            the target too; never in the published view), evaluator, is_last (lowest step of its target), end_on.
        excluded: Models with a score that cannot set a record, by reason: reason -> number of models.
        n_models: Models with a score that can.
        end_on: Where flat lines end: the last day on which anybody is known to have evaluated under the protocol, or
            the last release among the models measured when evaluations are undated. NaT without models.
    """

    steps: pd.DataFrame
    excluded: dict[str, int]
    n_models: int
    end_on: pd.Timestamp


def records(
    measured: pd.DataFrame,
    models: pd.DataFrame,
    targets: Sequence[float] | None = None,
    view: View = "protocol",
    *,
    by: SizeBy = "total",
    is_strict: bool = False,
    include_community: bool = False,
    chance: float | None = None,
) -> Records:
    """Staircases of the smallest model known to reach each target.

    Args:
        measured: One row per model: ``Measured.rows`` of one benchmark, ``panel.mean`` (index reset), or
            :func:`published_best`. Columns: model, score, lower_bound, evaluator and, where known, evaluated_on.
        models: ``Frames.models``.
        targets: Fractions; None: :func:`choose_targets`.
        is_strict: Reach means that the lower bound is above the target; scores without an interval never do.
        include_community: Community models and variants count too; for them a reported size is enough.
        chance: Score of guessing; chosen targets lie clearly above it.

    Returns:
        See :class:`Records`. Equal dates: only the smallest model counts; equal sizes too: the better score.

    Source:
        Definitions of the project's methods: eligible are models of the kinds in ``KINDS`` with a size stated by the
        developer and a release date; a month counts as its last day.
    """
    rows, excluded = _eligible(measured, models, by, include_community)
    end_on = _end(measured, rows)
    if targets is None:
        targets = choose_targets(rows, chance=chance)
    parts = [_staircase(rows, target, is_strict=is_strict) for target in targets]
    steps = pd.concat(parts, ignore_index=True) if parts else _staircase(rows.iloc[:0], 0.0, is_strict=False)
    steps = steps.assign(view=view, end_on=end_on)
    if view == "published":
        steps["is_filled"] = False
    return Records(steps[list(COLUMNS)], excluded, len(rows), end_on)


def choose_targets(rows: pd.DataFrame, chance: float | None = None) -> list[float]:
    """Round tens of percent that at least one eligible model reaches, at most four, lowest first.

    The highest ones with two records or more; where there are none, the highest ones reached at all. Targets within
    5 points of guessing say nothing and are left out.
    """
    floor = (chance or 0.0) + 0.05
    steps = {}
    for tenth in range(1, 10):
        if tenth / 10 > floor + 1e-9:
            steps[tenth / 10] = len(_positions(rows, tenth / 10, is_strict=False))
    telling = [target for target, n in steps.items() if n >= 2] or [target for target, n in steps.items() if n]
    return telling[-MOST_TARGETS:]


def published_best(scores: pd.DataFrame, *, metrics: Sequence[str] = ()) -> pd.DataFrame:
    """The best printed score of each model on one benchmark, evaluators differ: for the marked second view only.

    Args:
        scores: ``Frames.scores([benchmark])``: its transcriptions and board tables count, full runs of finished,
            unquantised models, values in 0..1 where high is good.
        metrics: Only these metrics; empty: all.

    Returns:
        One row per model: model, score, lower_bound (NaN), ci_low, ci_high (NaN), evaluator (who measured, as the
        source says), document, run_id, evaluated_on. Of equal scores the board before the document, then the lower digest.
    """
    printed = scores[
        scores["kind"].isin(["transcription", "board"])
        & (scores["status"] == "scored")
        & scores["score"].between(0, 1)
        & scores["model"].notna()
        & ~scores["is_checkpoint"].astype(bool)
        & scores["limit"].isna()
        & scores["quantisation"].isna()
        & higher_is_better(scores).fillna(False).to_numpy(bool)
    ]
    if metrics:
        printed = printed[printed["metric"].isin(metrics)]
    ordered = printed.assign(_score=-printed["score"], _kind=printed["kind"].map(PRECEDENCE).astype(float))
    best = ordered.sort_values(["model", "_score", "_kind", "run"], kind="stable").drop_duplicates("model")
    harness = best["evaluator_version"].astype(object).where(best["evaluator_version"].notna(), None)
    return pd.DataFrame(
        {
            "model": best["model"].to_numpy(object),
            "score": best["score"].to_numpy(float),
            "lower_bound": np.nan,
            "ci_low": np.nan,
            "ci_high": np.nan,
            "evaluator": [
                str(h) if e == "document" and h else str(e) for h, e in zip(harness, best["evaluator"], strict=True)
            ],
            "document": best["document"].to_numpy(object),
            "run_id": best["run_id"].to_numpy(),
            "evaluated_on": best["evaluated_on"].to_numpy(object),
        }
    )


def _eligible(
    measured: pd.DataFrame, models: pd.DataFrame, by: SizeBy, include_community: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Measured models that may set a record, joined with what the catalogue says; and how many may not."""
    facts = models.reindex(measured["model"])
    status = facts["size_status"].astype(object).fillna("unknown").to_numpy()
    is_community = (facts["origin"].astype(object) == "community").to_numpy()
    may_report = is_community & include_community
    higher = pd.Series(True, measured.index) if "higher_is_better" not in measured else measured["higher_is_better"]
    higher = higher.astype("boolean")
    reasons = {
        "no score": measured["score"].isna().to_numpy(),
        "lower is better on this metric": ~higher.fillna(True).to_numpy(bool),
        "not known which way is better on this metric": higher.isna().to_numpy(),
        "not in the catalogue": facts["name"].isna().to_numpy(),
        "community model": is_community & (not include_community),
        "variant of another model": facts["variant_of"].notna().to_numpy() & (not include_community),
        "not a base, chat, reasoning or multimodal model": ~facts["kind"].isin(KINDS).to_numpy() & ~may_report,
        "size not disclosed": ~(facts[SIZE_COLUMNS[by]].to_numpy(float) > 0),
        "size disputed": status == "disputed",
        "size not stated by the developer": (status != "stated") & ~(may_report & (status == "reported")),
        "no release date": facts["released_on"].isna().to_numpy(),
    }
    left = np.ones(len(measured), bool)
    excluded = {}
    for reason, applies in reasons.items():
        hit = left & applies
        if hit.any():
            excluded[reason] = int(hit.sum())
        left &= ~hit
    rows = measured[left].reset_index(drop=True)
    facts = facts[left]
    for column in ("name", "released_on", "release_precision"):
        rows[column] = facts[column].to_numpy()
    rows["size"] = facts[SIZE_COLUMNS[by]].to_numpy(float)
    for column in ("lower_bound", "ci_low", "ci_high"):
        rows[column] = rows.get(column, np.nan)
    rows["evaluator"] = rows.get("evaluator", "")
    # Sorted once: on equal dates only the smaller can be a record, of equal sizes the better score.
    order = np.lexsort((rows["model"].to_numpy(), -rows["score"].to_numpy(float), rows["size"], rows["released_on"]))
    return rows.iloc[order].reset_index(drop=True), excluded


def _positions(rows: pd.DataFrame, target: float, *, is_strict: bool) -> np.ndarray:
    """Which eligible rows, sorted by date, size, score and id, are records for a target."""
    score = rows["lower_bound" if is_strict else "score"].to_numpy(float)
    reaching = np.flatnonzero(score > target if is_strict else score >= target)
    size = rows["size"].to_numpy(float)[reaching]
    smallest_before = np.concatenate([[np.inf], np.minimum.accumulate(size)[:-1]]) if len(size) else size
    return reaching[size < smallest_before]


def _staircase(rows: pd.DataFrame, target: float, *, is_strict: bool) -> pd.DataFrame:
    steps = rows.iloc[_positions(rows, target, is_strict=is_strict)]
    is_last = np.arange(len(steps)) == len(steps) - 1
    return steps.assign(target=float(target), is_filled=steps["lower_bound"].to_numpy(float) > target, is_last=is_last)


def _end(measured: pd.DataFrame, rows: pd.DataFrame) -> pd.Timestamp:
    """Last evaluation known, else last release; never before a record."""
    released = rows["released_on"].max()
    text = measured["evaluated_on"] if "evaluated_on" in measured else pd.Series([], dtype=object)
    evaluated = pd.to_datetime(text.dropna().astype(str).str[:10], errors="coerce", format="mixed").max()
    known = [day for day in (released, evaluated) if pd.notna(day)]
    return max(known) if known else pd.NaT  # type: ignore[return-value]
