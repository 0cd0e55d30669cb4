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
from lib.analysis.directions import higher_is_better
from lib.analysis.protocols import VARYING, Grouping, among, eligible_models
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
            difference to them (NaN without any); ``higher_is_better`` is ``boolean``, NA where nobody knows.
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
    return pd.DataFrame(columns=list(COLUMNS)).astype({**types, "higher_is_better": "boolean"})


def _countable(
    scores: pd.DataFrame, models: pd.DataFrame | None, eligible: pd.Index | None
) -> tuple[pd.DataFrame, dict[str, int]]:
    reasons: dict[str, pd.Series | np.ndarray] = {
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
        reasons["community model"] = ~among(scores["model"], eligible)
    left = np.ones(len(scores), bool)
    excluded = {}
    for reason, applies in reasons.items():
        hit = left & np.asarray(applies, bool)
        if hit.any():
            excluded[reason] = int(hit.sum())
        left &= ~hit
    return scores[left], excluded


def _one_per_model(scores: pd.DataFrame) -> pd.DataFrame:
    """The first result of each (model, benchmark) in the order of precedence, with what it stands for."""
    if scores.empty:
        return empty()
    order = _order(scores)
    model, benchmark = (pd.factorize(scores[c], sort=True)[0][order] for c in ("model", "benchmark"))
    is_first = np.concatenate([[True], (np.diff(model) != 0) | (np.diff(benchmark) != 0)])
    starts = np.flatnonzero(is_first)
    first = scores.iloc[order[starts]].reset_index(drop=True)
    values = scores["score"].to_numpy(float)[order]
    size = np.diff(np.append(starts, len(order)))
    lowest, highest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    score = first["score"].to_numpy(float)
    further = np.maximum(highest - score, score - lowest)
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
        higher_is_better=higher_is_better(first),
        flags=first["flags"].astype(object).fillna(""),
        cautions=_row_cautions(first),
        also_in=size - 1,
        disagreement=np.where(size > 1, further, np.nan),
    )
    return result[list(COLUMNS)].astype(dict.fromkeys(_NUMBERS, float))


def _order(scores: pd.DataFrame) -> np.ndarray:
    """Rows by model and benchmark, and inside one measurement by precedence, questions, date and digest."""
    n = scores["n_samples"].to_numpy(float, na_value=0.0)
    precedence = scores["kind"].map(PRECEDENCE).to_numpy(float, na_value=float(len(PRECEDENCE)))
    model, benchmark = (pd.factorize(scores[c], sort=True)[0] for c in ("model", "benchmark"))
    several = pd.Series(model * (benchmark.max(initial=0) + 1) + benchmark).duplicated(keep=False).to_numpy()
    date, run = np.zeros(len(scores), int), np.zeros(len(scores), int)
    # Texts are ranked only where there is something to choose between: that is the slow part.
    date[several] = -pd.factorize(_text(scores["evaluated_on"][several]), sort=True)[0]
    run[several] = pd.factorize(_text(scores["run"][several]), sort=True)[0]
    return np.lexsort((run, date, -n, precedence, benchmark, model))


def _text(column: pd.Series) -> pd.Series:
    """Text with '' for unknown, so that unknown dates are the oldest."""
    return column.astype(object).where(column.notna(), "").astype(str)


def _row_cautions(rows: pd.DataFrame) -> np.ndarray:
    """For each row, what is unlike most rows of the same benchmark, or unknown while others know it."""
    cautions = np.full(len(rows), "", dtype=object)
    benchmark = rows["benchmark"].astype(object).to_numpy()
    for field in VARYING:
        if rows[field].nunique() < 2:
            continue
        values = rows[field].astype(object)
        most = values.groupby(benchmark).agg(_most_frequent).reindex(benchmark).to_numpy()
        differs = rows[field].notna().to_numpy() & pd.notna(most) & (values.to_numpy() != most)
        _add(cautions, differs, f"{CAUTION_FIELDS[field]} differs from most")
    is_known = rows["n_samples"].notna()
    if not is_known.all():
        some_known = is_known.groupby(benchmark).transform("any").to_numpy()
        _add(cautions, ~is_known.to_numpy() & some_known, "number of questions not stated")
    return cautions


def _add(cautions: np.ndarray, where: np.ndarray, words: str) -> None:
    cautions[where] = [f"{before}; {words}" if before else words for before in cautions[where]]


def _most_frequent(values: pd.Series) -> object:
    """The most frequent known value; of equally frequent ones the first in text order, None when none is known."""
    counts = values.value_counts()
    if counts.empty:
        return None
    return min(counts.index[counts == counts.iloc[0]], key=str)
