"""Which results are of one measurement: the fields of an identity, and whole numbers for their combinations.

Rows with one code are of one benchmark and comparable; what is unknown is equal to unknown only, except the number of
questions, whose absence joins the most frequent number of otherwise equal rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.analysis.comparability import DOCUMENT, task_name

FAMILY = ("evaluator", "document", "chat_template", "system_instruction")
"""Fields that every benchmark of one protocol shares."""

PER_BENCHMARK = ("benchmark", "task_name", "prompt", "task_identity", "metric", "filter", "n_shot")
IDENTITY = (*FAMILY, *PER_BENCHMARK, "n_samples")
_COARSE = (*(field for field in IDENTITY if field not in ("task_identity", "n_samples")), "task_version")


def identified(scores: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows that may enter a protocol with ``task_identity``, ``task_name`` and ``identity``; and how many may not, by reason.

    Args:
        scores: ``Frames.scores``.
    """
    kept, excluded = _usable(scores)
    kept = kept.assign(task_identity=_task_identity(kept), task_name=task_names(kept))
    kept["identity"] = _identity_codes(kept)
    return kept, excluded


def coarse_codes(scores: pd.DataFrame) -> np.ndarray:
    """One whole number per combination of the plain fields of an identity, shape (rows,), for a first look at many rows.

    Results of one identity share it; results that share it may still differ in the number of questions or in the hash of
    the task.

    Args:
        scores: ``Frames.scores``.
    """
    return combined_codes(scores.assign(task_name=task_names(scores)), _COARSE)


def _usable(scores: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Rows that may enter a protocol, and how many may not, by the first reason that applies."""
    flags = scores["flags"].astype(object).fillna("").astype(str)
    evaluator = filled(scores["evaluator"])
    reasons = {
        "no score": (scores["status"] != "scored") | scores["score"].isna(),
        "run on a part of the questions": scores["limit"].notna() & (filled(scores["limit"]) != ""),
        "value outside what the metric allows": flags.str.contains(r"\bout-of-range\b", regex=True),
        "evaluator or document not known": (evaluator == "")
        | ((evaluator == DOCUMENT) & (filled(scores["document"]) == "")),
        "metric not known": (filled(scores["metric"]) == "") | (filled(scores["filter"]) == ""),
    }
    left = np.ones(len(scores), bool)
    excluded = {}
    for reason, applies in reasons.items():
        hit = applies.to_numpy(bool) & left
        if hit.any():
            excluded[reason] = int(hit.sum())
        left &= ~hit
    return scores[left].reset_index(drop=True), excluded


def filled(column: pd.Series) -> pd.Series:
    """Text with '' for unknown."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.fillna("")
    return column.astype(object).where(column.notna(), "").astype(str)


def _task_identity(scores: pd.DataFrame) -> pd.Series:
    """Version where it is stated, else the hash of the task, else ''."""
    version, digest = filled(scores["task_version"]), filled(scores["task_hash"])
    return version.where(version != "", ("#" + digest).where(digest != "", ""))


def task_names(scores: pd.DataFrame) -> pd.Series:
    """``comparability.task_name`` of every row."""
    return scores["task"].map({task: task_name(str(task)) for task in scores["task"].unique()})


def codes_of(column: pd.Series) -> np.ndarray:
    """Whole numbers from 0: equal values, equal numbers; unknown (missing or '') is a value of its own."""
    codes, values = pd.factorize(column)
    if not pd.api.types.is_numeric_dtype(column):
        is_empty = np.asarray(pd.Index(values).astype(object) == "", dtype=bool)
        codes = np.where(np.isin(codes, np.flatnonzero(is_empty)), -1, codes)
    return np.asarray(codes, np.int64) + 1


def n_values(codes: np.ndarray, group: np.ndarray) -> np.ndarray:
    """How many different known values each group has, shape (groups,); groups are numbered from 0."""
    known, n = codes > 0, int(codes.max(initial=0)) + 1
    pairs = np.unique(group[known] * n + codes[known])
    return np.bincount(pairs // n, minlength=int(group.max(initial=-1)) + 1)


def combined_codes(scores: pd.DataFrame, fields: Sequence[str]) -> np.ndarray:
    """One whole number per distinct combination of the fields."""
    combined = np.zeros(len(scores), np.int64)
    for field in fields:
        codes = codes_of(scores[field])
        # Renumbered after every field, so that the product cannot overflow.
        combined = pd.factorize(combined * (codes.max(initial=0) + 1) + codes)[0].astype(np.int64)
    return combined


def _identity_codes(scores: pd.DataFrame) -> np.ndarray:
    """Codes of IDENTITY; a row without a number of questions joins the most frequent number of its otherwise equal rows."""
    base = combined_codes(scores, IDENTITY[:-1])
    n = scores["n_samples"].to_numpy(float, na_value=np.nan)
    counted = pd.DataFrame({"base": base, "n": n}).dropna().value_counts().reset_index()
    # Most frequent first; of equally frequent ones the larger, so that the order of rows decides nothing.
    usual = counted.sort_values(["count", "n"], ascending=False).drop_duplicates("base").set_index("base")["n"]
    joined = np.where(np.isnan(n), usual.reindex(base).to_numpy(), n)
    return combined_codes(pd.DataFrame({"base": base, "n": joined}), ("base", "n"))
