"""Head to head: is A better than B, per task and over all tasks? Four verdicts, and no fifth.

In this order: no comparison or no error, no verdict; paired with fewer than 10 discordant questions, too few data; p
after Holm over all tasks shown at most 0.05, A or B better; smallest detectable difference above the margin and 5
points, too few data; otherwise no difference shown. The last one never means equal. The interval beside a verdict is
not adjusted. Adding a task changes the family.

Source: Holm 1979 for the tasks, Cochran 1954 for "depends on the task", Fagerland et al. 2013 for the mid-p; the order
of the decisions is the project's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from lib.stats.intervals import SMALL_SAMPLE, binary_stderr, pooled_z, unpaired_difference
from lib.stats.multiplicity import holm
from lib.stats.paired import FEWEST_DISCORDANT, as_counts, mcnemar, paired_mean, paired_stderr
from lib.stats.power import detectable_from_stderr
from lib.stats.tasks import mean_difference

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

A_BETTER = "A better"
B_BETTER = "B better"
NO_DIFFERENCE_SHOWN = "no difference shown"
TOO_FEW_DATA = "too few data"
DEPENDS = "depends on the task"
NO_VERDICT = ""

MARGIN = 0.02
ALPHA = 0.05
COARSEST = 0.05
"""A comparison that could not have seen 5 points (or the margin, if larger) has too few data."""


class Evidence(NamedTuple):
    """One entry per task: difference a - b, its error, two-sided p, discordant questions (NaN: not paired counts).

    A task that may not be compared, or without an error, has p NaN. It gets no verdict and is no test.
    """

    diff: Floats
    stderr: Floats
    p: Floats
    discordant: Floats


def from_pairs(both: ArrayLike, only_a: ArrayLike, only_b: ArrayLike, neither: ArrayLike) -> Evidence:
    """Right and wrong answers to the same questions: paired error, McNemar's mid-p."""
    counts = as_counts(both, only_a, only_b, neither)
    a, b, n = counts.only_a, counts.only_b, counts.n
    return Evidence((a - b) / n, paired_stderr(a, b, n), mcnemar(a, b).p_mid, a + b)


def from_scores(score_a: ArrayLike, score_b: ArrayLike) -> Evidence:
    """Scores of any kind of the same questions (last axis): paired error and paired t."""
    found = paired_mean(score_a, score_b)
    return Evidence(found.diff, found.stderr, found.p_t, np.full(np.shape(found.diff), np.nan))


def from_stderrs(score_a: ArrayLike, stderr_a: ArrayLike, score_b: ArrayLike, stderr_b: ArrayLike) -> Evidence:
    """Published scores and errors, pairing ignored: two-sided z. Two errors of 0 are no evidence (NaN)."""
    found = unpaired_difference(score_a, stderr_a, score_b, stderr_b)
    return Evidence(found.diff, found.stderr, found.p_two_sided, np.full(np.shape(found.diff), np.nan))


def from_counts(k_a: ArrayLike, n_a: ArrayLike, k_b: ArrayLike, n_b: ArrayLike) -> Evidence:
    """Counts of right answers, pairing ignored: z of the errors, with fewer than 300 questions the pooled score test.

    All right, or all wrong, on both sides: p is 1 and the error 0, so that no detectable difference is known.
    """
    k_a, n_a, k_b, n_b = np.broadcast_arrays(*(np.asarray(x, float) for x in (k_a, n_a, k_b, n_b)))
    se_a, se_b = binary_stderr(k_a, n_a), binary_stderr(k_b, n_b)
    diff, stderr = k_a / np.where(n_a > 0, n_a, np.nan) - k_b / np.where(n_b > 0, n_b, np.nan), np.hypot(se_a, se_b)
    known = np.isfinite(stderr)
    pooled = pooled_z(*(np.where(known, x, np.nan) for x in (k_a, n_a, k_b, n_b)))
    z = np.where(np.minimum(n_a, n_b) < SMALL_SAMPLE, pooled, diff / np.where(stderr > 0, stderr, np.nan))
    alike = known & (stderr == 0) & (diff == 0)
    # One side all right, the other all wrong: no error, but the pooled test has an answer.
    z = np.where(known & np.isnan(z), pooled, z)
    return Evidence(diff, stderr, np.where(alike, 1.0, 2 * ndtr(-np.abs(z))), np.full(diff.shape, np.nan))


def join(*evidence: Evidence) -> Evidence:
    """The tasks of several pieces of evidence, one after the other."""
    return Evidence(*(np.concatenate([np.atleast_1d(x) for x in columns]) for columns in zip(*evidence, strict=True)))


class TaskVerdicts(NamedTuple):
    """Per task: Holm-adjusted p (NaN: no test), smallest detectable difference (NaN: unknown), verdict."""

    p_holm: Floats
    detectable: Floats
    verdict: Texts


def per_task(evidence: Evidence, margin: float = MARGIN, alpha: float = ALPHA) -> TaskVerdicts:
    """The verdict on each task, Holm over all that have a p-value.

    Args:
        evidence: One list of tasks.
        margin: What the reader calls a difference, in the unit of the scores.
        alpha: Level after Holm.
    """
    diff, stderr, p, discordant = (np.atleast_1d(np.asarray(x, float)) for x in evidence)
    tested = np.isfinite(p) & np.isfinite(diff)
    adjusted = np.full(p.shape, np.nan)
    adjusted[tested] = holm(p[tested])
    detectable = detectable_from_stderr(stderr, alpha)
    verdict = _decide(diff, adjusted, detectable, margin, alpha)
    verdict[tested & (discordant < FEWEST_DISCORDANT)] = TOO_FEW_DATA
    return TaskVerdicts(adjusted, detectable, verdict)


def _decide(diff: Floats, p: Floats, detectable: Floats, margin: float, alpha: float) -> Texts:
    """Rules 3 to 5 for tests whose p is known; an unknown detectable difference is too few data."""
    verdict = np.full(np.shape(p), NO_DIFFERENCE_SHOWN, dtype=object)
    verdict[~(detectable <= max(margin, COARSEST))] = TOO_FEW_DATA
    verdict[(p <= alpha) & (diff > 0)] = A_BETTER
    verdict[(p <= alpha) & (diff < 0)] = B_BETTER
    verdict[np.isnan(p)] = NO_VERDICT
    return verdict


class Overall(NamedTuple):
    """Over the tasks with an error above 0; NaN where there are none.

    ``is_used`` marks them. With the verdict "depends on the task" the mean is not to be shown: it hides the answer.
    """

    verdict: str
    mean: float
    stderr: float
    p: float
    detectable: float
    q: float
    p_q: float
    is_used: NDArray[np.bool_]


def overall(evidence: Evidence, tasks: TaskVerdicts, margin: float = MARGIN, alpha: float = ALPHA) -> Overall:
    """One verdict over all tasks: the panel mean when the tasks agree, otherwise "depends on the task".

    They disagree when Cochran's Q is significant, or when A is better on one task and B on another: Q has little power
    with few noisy tasks. One task alone, or the only one with an error, has its own verdict. Of the mean one test is made, without Holm.
    """
    diff, stderr, p, _ = (np.atleast_1d(np.asarray(x, float)) for x in evidence)
    used = np.isfinite(diff) & np.isfinite(p) & (stderr > 0)
    found = mean_difference(diff[used], stderr[used])
    values = {
        "mean": float(found.mean),
        "stderr": float(found.stderr),
        "p": float(found.p),
        "detectable": float(detectable_from_stderr(found.stderr, alpha)),
        "q": float(found.q),
        "p_q": float(found.p_q),
    }
    verdicts = tasks.verdict[tasks.verdict != NO_VERDICT]
    if len(verdicts) <= 1:
        verdict = str(verdicts[0]) if len(verdicts) else NO_VERDICT
    elif {A_BETTER, B_BETTER} <= set(verdicts) or found.p_q <= alpha:
        verdict = DEPENDS
    elif used.sum() <= 1:
        verdict = str(tasks.verdict[used][0]) if used.any() else TOO_FEW_DATA
    else:
        verdict = str(_decide(found.mean, found.p, detectable_from_stderr(found.stderr, alpha), margin, alpha)[()])
    return Overall(verdict, **values, is_used=used)
