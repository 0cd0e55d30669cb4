"""Measurements: one score per model and benchmark inside a protocol, with its interval.

Where several results share model, protocol and metric, a raw run goes before a board's table before a transcription;
then the one with more questions, then the newer, then the lower run digest. The others are "also in", and how far
they disagree is shown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.comparability import CAUTION_FIELDS
from lib.analysis.protocols import VARYING, Grouping, eligible_models
from lib.stats.intervals import LEVEL, binary_stderr, choose_interval, lower_bound

PRECEDENCE = {"raw": 0, "board": 1, "transcription": 2}

COLUMNS = (
    "model", "benchmark", "score", "stderr", "ci_low", "ci_high", "ci_level", "ci_method", "lower_bound",
    "n_samples", "n_correct", "is_approximate", "has_interval", "higher_is_better", "flags", "cautions", "evaluator",
    "run_id", "run", "run_kind", "evaluated_on", "metric", "n_shot", "also_in", "disagreement",
)  # fmt: skip

_NUMBERS = (
    "score", "stderr", "ci_low", "ci_high", "ci_level", "lower_bound", "n_samples", "n_correct", "n_shot",
    "disagreement",
)  # fmt: skip


class Measured(NamedTuple):
    """Measurements of one protocol.

    Args:
        rows: One row per (model, benchmark), sorted by both. Scores, bounds and ``stderr`` are fractions;
            ``ci_method`` is 'Wilson', 'normal', 'normal, bound' or '' (no interval: NaN ends); ``lower_bound`` is the
            one-sided 95% bound; ``cautions`` is a text, '' for none, of what differs from most others in the
            protocol; ``also_in`` counts further results of the same measurement and ``disagreement`` is the largest
            difference to them (NaN without any); ``higher_is_better`` is True where nobody says otherwise.
        excluded: Results left out, by reason: reason -> number of results.
        benchmarks: The benchmarks of the protocol, in its order.
    """

    rows: pd.DataFrame
    excluded: dict[str, int]
    benchmarks: tuple[str, ...]

    def of(self, benchmark: str) -> pd.DataFrame:
        """The rows of one benchmark, indexed by model."""
        return self.rows[self.rows["benchmark"] == benchmark].set_index("model")


def measure(
    grouping: Grouping, key: str | None, *, models: pd.DataFrame | None = None, include_community: bool = False
) -> Measured:
    """The measurements of one protocol.

    Args:
        grouping: Result of ``protocols.group``.
        key: Key of the protocol; None (there is none) gives no rows.
        models: ``Frames.models``; with it, community models are left out and counted unless included.
    """
    if key is None or grouping.scores.empty:
        return Measured(empty(), {}, ())
    row = grouping.protocols.loc[key]
    scores = grouping.scores[grouping.scores["identity"].isin(row["identities"])]
    kept, excluded = _countable(scores, models, eligible_models(models, include_community))
    return Measured(_one_per_model(kept), excluded, tuple(row["benchmarks"]))


def empty() -> pd.DataFrame:
    """No measurements, with the right columns."""
    types = dict.fromkeys(_NUMBERS, float) | {"is_approximate": bool, "has_interval": bool, "also_in": int}
    return pd.DataFrame(columns=list(COLUMNS)).astype({**types, "higher_is_better": bool})


def _countable(
    scores: pd.DataFrame, models: pd.DataFrame | None, eligible: pd.Index | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    reasons = {
        "name not resolved to a model": scores["model"].isna(),
        "unfinished training state (checkpoint)": scores["is_checkpoint"].astype(bool),
    }
    quantised = scores["quantisation"].notna() & (scores["quantisation"].astype(object) != "")
    if models is not None:
        variants = models.index[models["variant_of"].notna().to_numpy()]
        quantised &= ~scores["model"].isin(variants)
    # Quantised weights are another model; pooled with the original they would pass for it.
    reasons["quantised weights of the model"] = quantised
    if eligible is not None:
        reasons["community model"] = ~scores["model"].isin(eligible)
    left = np.ones(len(scores), bool)
    excluded = {}
    for reason, applies in reasons.items():
        hit = left & applies.to_numpy(bool)
        if hit.any():
            excluded[reason] = int(hit.sum())
        left &= ~hit
    return scores[left], excluded


def _one_per_model(scores: pd.DataFrame) -> pd.DataFrame:
    """The first result of each (model, benchmark) in the order of precedence, with what it stands for."""
    if scores.empty:
        return empty()
    scores = scores.assign(
        _precedence=scores["kind"].map(PRECEDENCE).fillna(len(PRECEDENCE)).to_numpy(float),
        _n=-scores["n_samples"].to_numpy(float, na_value=0.0),
        # A date known to the month sorts before its days; unknown dates come last.
        _date=_newest_first(scores["evaluated_on"]),
    )
    ordered = scores.sort_values(["_precedence", "_n", "_date", "run"], kind="stable")
    groups = ordered.groupby(["model", "benchmark"], sort=True, observed=True)
    first = groups.head(1).sort_values(["model", "benchmark"], kind="stable").reset_index(drop=True)
    spread = groups["score"].agg(["min", "max", "size"]).reset_index()
    score = first["score"].to_numpy(float)
    size = spread["size"].to_numpy(int)
    further = np.maximum(spread["max"].to_numpy(float) - score, score - spread["min"].to_numpy(float))
    stderr, n, k = (first[c].to_numpy(float, na_value=np.nan) for c in ("stderr", "n_samples", "n_correct"))
    stderr = np.where(np.isnan(stderr), binary_stderr(k, n), stderr)
    is_approximate = first["is_approximate"].to_numpy(bool)
    interval = choose_interval(score, stderr, n, k, is_approximate, LEVEL)
    result = first.assign(
        stderr=stderr,
        run_kind=first["kind"],
        ci_low=interval.low,
        ci_high=interval.high,
        ci_level=LEVEL,
        ci_method=interval.method,
        lower_bound=lower_bound(score, stderr, n, k),
        has_interval=~np.isnan(interval.low),
        higher_is_better=first["higher_is_better"].astype("boolean").fillna(True).astype(bool),
        flags=first["flags"].astype(object).fillna(""),
        cautions=_row_cautions(first),
        also_in=size - 1,
        disagreement=np.where(size > 1, further, np.nan),
    )
    return result[list(COLUMNS)].astype(dict.fromkeys(_NUMBERS, float))


def _newest_first(dates: pd.Series) -> np.ndarray:
    text = dates.astype(object).where(dates.notna(), "").astype(str)
    codes, _ = pd.factorize(text, sort=True)
    return -codes


def _row_cautions(rows: pd.DataFrame) -> list[str]:
    """For each row, what is unlike most rows of the same benchmark, or unknown while others know it."""
    cautions: list[list[str]] = [[] for _ in range(len(rows))]
    for field in VARYING:
        values = rows[field].astype(object)
        most = values.groupby(rows["benchmark"].to_numpy()).agg(_most_frequent).reindex(rows["benchmark"]).to_numpy()
        differs = rows[field].notna().to_numpy() & pd.notna(most) & (values.to_numpy() != most)
        for i in np.flatnonzero(differs):
            cautions[i].append(f"{CAUTION_FIELDS[field]} differs from most")
    some_known = rows["n_samples"].notna().groupby(rows["benchmark"].to_numpy()).transform("any").to_numpy()
    for i in np.flatnonzero(rows["n_samples"].isna().to_numpy() & some_known):
        cautions[i].append("number of questions not stated")
    return ["; ".join(words) for words in cautions]


def _most_frequent(values: pd.Series) -> object:
    """The most frequent known value; of equally frequent ones the first in text order, None when none is known."""
    counts = values.value_counts()
    if counts.empty:
        return None
    return min(counts.index[counts == counts.iloc[0]], key=str)
