"""What one task of a head to head rests on: pairs of answers, counts, or published errors, and its interval by each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lib.analysis.paired import Paired
from lib.analysis.stored_answers import GroupPaired
from lib.stats import intervals, power, verdicts
from lib.stats.paired import WALD as NORMAL
from lib.stats.paired import choose_paired_interval, paired_mean
from lib.stats.verdicts import Evidence

PAIRED_COUNTS, PAIRED_SCORES = "paired, McNemar mid-p", "paired t"
PAIRED_PARTS = "paired, z test over the parts"
POOLED, WALD, NONE = "unpaired, pooled score test", "unpaired, z test", ""
"""How p was had."""
_NAMES = {"wald": "normal, paired", "tango": "Tango"}
Joined = Paired | GroupPaired


class TaskEvidence(NamedTuple):
    """One task before Holm: difference A - B as evidence, its interval, and how they were had."""

    evidence: Evidence
    low: float
    high: float
    interval_method: str
    method: str
    items_needed: float


def from_pairs(of: Joined, margin: float) -> TaskEvidence:
    """From answers to the same questions: McNemar's mid-p where they are right or wrong, else the paired t."""
    if isinstance(of, GroupPaired):
        return _from_group(of, margin)
    if of.n11 is None or of.n10 is None or of.n01 is None or of.n00 is None:
        found = paired_mean(of.a, of.b)
        needed = power.items_needed(margin, float(np.var(of.differences, ddof=1)) if of.n > 1 else np.nan)
        evidence = _one(verdicts.from_scores(of.a, of.b))
        return TaskEvidence(evidence, float(found.low), float(found.high), "Student", PAIRED_SCORES, float(needed))
    four = (of.n11, of.n10, of.n01, of.n00)
    shown = choose_paired_interval(*four)
    needed = power.items_for_margin_paired(of.n10, of.n01, of.n, margin)
    name = _NAMES[str(np.asarray(shown.method)[()])]
    evidence = _one(verdicts.from_pairs(*four))
    return TaskEvidence(evidence, float(shown.low), float(shown.high), name, PAIRED_COUNTS, float(needed))


def _from_group(of: GroupPaired, margin: float) -> TaskEvidence:
    """From the answers to the parts of a group.

    Where every question counts the same and answers are right or wrong, the sums over the parts are counts of one set of
    questions: McNemar's mid-p decides. Otherwise the weighed difference over its error does, by z. The error is that of
    fixed parts in both; Tango's interval is of the sums, and no narrower.
    """
    diff, stderr, p = (float(x) for x in of.difference)
    discordant = np.nan if of.n10 is None or of.n01 is None else float(of.n10 + of.n01)
    half = intervals.two_sided_z(intervals.LEVEL) * (stderr if stderr > 0 else np.nan)
    low, high, name, method = diff - half, diff + half, "normal, paired", PAIRED_PARTS
    needed = float(power.items_needed(margin, of.n * stderr**2))
    if of.counts is not None:
        shown = choose_paired_interval(*of.counts)
        if str(np.asarray(shown.method)[()]) != NORMAL:
            low, high, name = float(shown.low), float(shown.high), "Tango"
        p, method = float(verdicts.from_pairs(*of.counts).p), PAIRED_COUNTS
        needed = float(power.items_for_margin_paired(of.counts[1], of.counts[2], of.n, margin))
    evidence = Evidence(*(np.array([x]) for x in (diff, stderr, p, discordant)))
    return TaskEvidence(evidence, low, high, name, method, needed)


def from_counts(counts: list[float], margin: float) -> TaskEvidence:
    """From right answers and questions of A, then of B; pairing is ignored."""
    k_a, n_a, k_b, n_b = counts
    evidence = _one(verdicts.from_counts(k_a, n_a, k_b, n_b))
    is_hybrid = bool(intervals.is_small_or_extreme(k_a / n_a, n_a) | intervals.is_small_or_extreme(k_b / n_b, n_b))
    half = intervals.two_sided_z(intervals.LEVEL) * float(evidence.stderr[0])
    delta = float(evidence.diff[0])
    low, high = delta - half, delta + half
    if is_hybrid:
        shown = intervals.newcombe(k_a, n_a, k_b, n_b)
        low, high = float(shown.low), float(shown.high)
    needed = float(power.items_for_margin_unpaired(k_a / n_a, k_b / n_b, margin))
    is_pooled = min(n_a, n_b) < intervals.SMALL_SAMPLE
    name = "Newcombe" if is_hybrid else "normal"
    return TaskEvidence(evidence, low, high, name, POOLED if is_pooled else WALD, needed)


def from_errors(row: Mapping[str, Any], errors: list[float], margin: float) -> TaskEvidence | None:
    """From published standard errors; None where one is missing or both are 0.

    Args:
        row: ``score_a``, ``score_b``, ``n_a``, ``n_b``.
        errors: Of A and B.
    """
    a, b = row["score_a"], row["score_b"]
    found = intervals.unpaired_difference(a, errors[0], b, errors[1])
    if not np.isfinite(float(found.p_two_sided)):
        return None
    evidence = _one(verdicts.from_stderrs(a, errors[0], b, errors[1]))
    if np.isfinite([row["n_a"], row["n_b"]]).all():
        needed = power.items_for_margin_from_stderrs(errors[0], row["n_a"], errors[1], row["n_b"], margin)
    else:
        # How many questions a board's column rests on is not always said; each question is right or wrong.
        needed = power.items_for_margin_unpaired(a, b, margin)
    return TaskEvidence(evidence, float(found.low), float(found.high), "normal", WALD, float(needed))


def _one(evidence: Evidence) -> Evidence:
    return Evidence(*(np.atleast_1d(x) for x in evidence))
