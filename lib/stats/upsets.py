"""Upsets: every test of a smaller model against a larger one on every task, with the false discoveries controlled.

A test (small, large, task) is eligible when the large model has at least ``ratio`` times the parameters, and both have a
score with an error above 0. H0: the small one is not better. The adjustment runs over all eligible tests, also those in
which the large model leads; what a reader filters away stays in the family.

Source: section head of each function; the family and the words are the project's own rule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtr, ndtri

from lib.stats.intervals import SMALL_SAMPLE
from lib.stats.multiplicity import benjamini_hochberg, benjamini_yekutieli, holm
from lib.stats.paired import FEWEST_DISCORDANT

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Places = NDArray[np.int32]
Bools = NDArray[np.bool_]

RATIOS = (2.0, 4.0, 10.0)
ALPHA = 0.05
_SMALLEST_P = 1e-300


class Upsets(NamedTuple):
    """One entry per listed test, the smallest p first; then what the list was taken from.

    Args:
        small, large, task: Positions in the tables given.
        diff: Score of the small model minus that of the large one.
        z, p: (diff - margin)/stderr, the error pooled below 300 questions, and the one-sided p.
        q: Benjamini-Hochberg over all ``n_tests``: the verdict. Exact where at most ``keep``.
        margin: As given.
        n_tests: Eligible tests.
        n_wins: Those in which the small model scores higher.
        n_without_error: Pairs of scores at the ratio that are not eligible: one has no error or one of 0, or its number
            of questions is unknown on a task where others have few.
    """

    small: Places
    large: Places
    task: Places
    diff: Floats
    z: Floats
    p: Floats
    q: Floats
    margin: float
    n_tests: int
    n_wins: int
    n_without_error: int

    @property
    def stderr(self) -> Floats:
        """Error of each difference."""
        return (self.diff - self.margin) / self.z

    @property
    def q_any(self) -> Floats:
        """Benjamini-Yekutieli, which holds under any dependence of the tests: stands beside ``q``."""
        return benjamini_yekutieli(self.p, self.n_tests)

    @property
    def p_holm(self) -> Floats:
        """Holm over all tests."""
        return holm(self.p, self.n_tests)


class PairedTests(NamedTuple):
    """Tests of which the answers to the same questions are stored: positions, and right answers of only one of the two.

    Args:
        only_small, only_large: NaN where answers are not right or wrong.
        p: One-sided p of another paired test, where the counts are no test of the scores; NaN where they decide. None:
            they decide everywhere.
    """

    small: ArrayLike
    large: ArrayLike
    task: ArrayLike
    only_small: ArrayLike
    only_large: ArrayLike
    p: ArrayLike | None = None

    def has_enough(self) -> Bools:
        """Where the two differ on at least 10 questions, or answers are not right or wrong."""
        discordant = np.asarray(self.only_small, float) + np.asarray(self.only_large, float)
        return ~(discordant < FEWEST_DISCORDANT)

    def one_sided(self) -> Floats:
        """p of "the smaller model is not better": McNemar's one-sided mid-p, or ``p`` where there is one."""
        b, c = (np.nan_to_num(np.asarray(x, float)).astype(np.int64) for x in (self.only_small, self.only_large))
        # P(X > b) + P(X = b)/2 of a fair coin, from the other side: P(X < c) + P(X = c)/2.
        mid = (bdtr(c, b + c, 0.5) + np.where(c > 0, bdtr(np.maximum(c - 1, 0), b + c, 0.5), 0.0)) / 2
        other = np.full(mid.shape, np.nan) if self.p is None else np.asarray(self.p, float)
        return np.where(np.isnan(other), mid, other)


class _Cells(NamedTuple):
    """Tables by (task, model), models by rising size; not eligible cells are NaN.

    ``is_small`` marks cells with fewer than 300 right-or-wrong questions, ``small_tasks`` are the tasks with such cells.
    """

    size: Floats
    score: Floats
    variance: Floats
    n: Floats
    is_small: Bools
    small_tasks: Ints


def find_upsets(
    params: ArrayLike,
    scores: ArrayLike,
    stderrs: ArrayLike,
    n_samples: ArrayLike | None = None,
    *,
    ratio: float = RATIOS[0],
    margin: float = 0.0,
    keep: float = ALPHA,
    paired: PairedTests | None = None,
) -> Upsets:
    """Test every smaller model against every larger one on every task, and adjust over all of them.

    Args:
        params: Parameters of each model, NaN unknown. All total, or all active.
        scores: One row per model, one column per task; NaN where there is none. Larger is better: of a
            metric that is better low, the scores with their sign changed.
        stderrs: Standard errors, same shape. A score without one, or with one of 0, is in no test.
        n_samples: Questions behind each score, same shape, NaN where the metric is not right or wrong. Below 300 on
            either side z is the pooled score statistic (p_s - p_l)/sqrt(p(1-p)(1/n_s + 1/n_l)). On a task with such
            scores, scores without their number of questions are not eligible. None: no metric is right or wrong, or
            all have 300 questions.
        ratio: A large model has at least so many times the parameters.
        margin: Tests "better by more than this" instead of "better".
        keep: Tests with a one-sided p up to this are listed; at least the level of discoveries. 0.5 lists every win.
        paired: Tests whose p is to be that of the paired answers instead; those that are not eligible are passed over.
            Fewer than 10 questions on which the two differ are too few: such a test counts and is never listed. Their
            ``z`` is the normal quantile of that p, their ``diff`` still that of the scores.

    Returns:
        The listed tests. O(M² T) time, O(M T + listed) memory: the tables are sorted by size, and each model is tested
        against all large enough ones at once. Dropping p above ``keep`` before the adjustment is exact, because
        Benjamini-Hochberg never rejects them at that level and they cannot lower a smaller q below it.

    Raises:
        ValueError: If there are paired tests and a margin. If the shapes differ, the ratio does not make the large model larger, or ``keep`` is not in 0 to 0.5.

    Source:
        Benjamini and Hochberg 1995, JRSS-B 57:289; Benjamini and Yekutieli 2001, Annals of Statistics 29:1165.
    """
    if not 0 < keep <= 0.5:
        raise ValueError("the p up to which tests are listed must be above 0 and at most 0.5")
    if paired is not None and margin:
        raise ValueError("paired tests are of no difference, not of a margin above 0")
    order, cells, both_known = _cells(params, scores, stderrs, n_samples, ratio)
    first = np.searchsorted(cells.size, ratio * cells.size, side="left")
    critical = float(ndtri(1 - keep))
    listed, n_wins = _all_pairs(cells, first, margin, critical)
    n_tests, n_scores = _n_pairs(np.isfinite(cells.score), first), _n_pairs(both_known, first)
    if paired is not None:
        listed = _with_paired(listed, paired, order, cells, first, critical)
    small, large, task, diff, z = listed.take(_falling(listed.z))
    # Rounding may put a p at the border a hair above it; the adjustment is told that all are at most ``keep``.
    p = np.minimum(ndtr(-z), keep)
    q = benjamini_hochberg(p, n_tests)
    return Upsets(order[small], order[large], task, diff, z, p, q, margin, n_tests, n_wins, n_scores - n_tests)


class _Listed(NamedTuple):
    """Listed tests, models in order of size."""

    small: Places
    large: Places
    task: Places
    diff: Floats
    z: Floats

    def take(self, which: Ints | Bools) -> _Listed:
        return _Listed(self.small[which], self.large[which], self.task[which], self.diff[which], self.z[which])


def _all_pairs(cells: _Cells, first: Ints, margin: float, critical: float) -> tuple[_Listed, int]:
    """Each model against all that are large enough at once: tests with z from ``critical`` on, and wins among all."""
    places: list[Ints] = []
    leads: list[Floats] = []
    variances: list[Floats] = []
    n_wins, n_listed = 0, np.zeros((len(first), len(cells.score)), np.intp)
    for i, start in enumerate(first):
        if start == len(first):
            break
        diff = cells.score[:, i, None] - cells.score[:, start:]
        n_wins += int(np.count_nonzero(diff > 0))
        variance = _variance(cells, i, int(start))
        is_listed = _exceeds(diff - margin if margin else diff, variance, critical)
        n_listed[i] = np.count_nonzero(is_listed, axis=1)
        places.append(np.flatnonzero(is_listed))
        leads.append(diff.take(places[-1]))
        variances.append(variance.take(places[-1]))
    diff, variance = np.concatenate([np.zeros(0), *leads]), np.concatenate([np.zeros(0), *variances])
    return _Listed(*_named(places, n_listed, first), diff, (diff - margin) / np.sqrt(variance)), n_wins


def _with_paired(
    listed: _Listed, paired: PairedTests, order: Places, cells: _Cells, first: Ints, critical: float
) -> _Listed:
    """The listed tests with those of ``paired`` put in place of theirs, or added, or dropped, by their own p."""
    place = np.full(int(order.max(initial=-1)) + 2, -1)
    place[order] = np.arange(len(order))
    small, large = (place[np.minimum(np.asarray(x, np.intp), len(place) - 1)] for x in (paired.small, paired.large))
    task = np.asarray(paired.task, np.intp)
    diff = cells.score[task, small] - cells.score[task, large]
    eligible = (small >= 0) & (large >= first[small]) & np.isfinite(diff)
    z = -ndtri(np.maximum(paired.one_sided(), _SMALLEST_P))
    added = eligible & (z >= critical) & paired.has_enough()

    def key(i: NDArray[np.integer], j: NDArray[np.integer], t: NDArray[np.integer]) -> NDArray[np.int64]:
        return (np.asarray(i, np.int64) * len(order) + j) * len(cells.score) + t

    stays = listed.take(~np.isin(key(listed.small, listed.large, listed.task), key(small, large, task)[eligible]))
    small, large, task = (x[added].astype(np.int32) for x in (small, large, task))
    return _Listed(
        np.concatenate([stays.small, small]),
        np.concatenate([stays.large, large]),
        np.concatenate([stays.task, task]),
        np.concatenate([stays.diff, diff[added]]),
        np.concatenate([stays.z, z[added]]),
    )


def _falling(z: Floats) -> Ints:
    """Order of falling z, equal ones as they came: a stable sort of millions, at a fraction of its time."""
    order = np.argsort(-z)
    ordered = z[order]
    # Half of a board's z are tied. Group number and place in one integer sort as pairs.
    key = np.zeros(len(z), np.int64)
    np.cumsum(ordered[1:] != ordered[:-1], out=key[1:])
    key <<= 32
    key |= order
    key.sort()
    return (key & 0xFFFFFFFF).astype(np.intp)


def _named(places: list[Ints], n_listed: Ints, first: Ints) -> tuple[Places, Places, Places]:
    """Small model, large model and task of the places listed in each row's table of differences (tasks by models).

    ``n_listed`` counts them by row and task. Small integers: millions of tests may be listed.
    """
    n_models, n_tasks = n_listed.shape
    small = np.repeat(np.arange(n_models, dtype=np.int32), n_listed.sum(axis=1))
    task = np.repeat(np.tile(np.arange(n_tasks, dtype=np.int32), n_models), n_listed.ravel())
    before = np.arange(n_tasks) * (n_models - first)[:, None] - first[:, None]
    flat = np.concatenate([np.zeros(0, np.intp), *places])
    return small, (flat - np.repeat(before.ravel(), n_listed.ravel())).astype(np.int32), task


def _cells(
    params: ArrayLike, scores: ArrayLike, stderrs: ArrayLike, n_samples: ArrayLike | None, ratio: float
) -> tuple[Places, _Cells, Bools]:
    """Order of the models by size, the tables in that order, and where there is a score at all."""
    size, score, error = (np.asarray(x, float) for x in (params, scores, stderrs))
    n = np.full(score.shape, np.nan) if n_samples is None else np.asarray(n_samples, float)
    if size.ndim != 1 or score.ndim != 2 or score.shape != error.shape or n.shape != score.shape:
        raise ValueError("one size per model, and scores, errors and questions as tables of models by tasks are needed")
    if len(size) != len(score) or not ratio > 1:
        raise ValueError("as many sizes as rows are needed, and a ratio above 1")
    sized = np.flatnonzero(size > 0)
    order = sized[np.argsort(size[sized], kind="stable")].astype(np.int32)
    score, error, n = (np.ascontiguousarray(x[order].T) for x in (score, error, n))
    there = np.isfinite(score)
    eligible = there & (error > 0) & np.isfinite(error)
    is_small = eligible & (n < SMALL_SAMPLE)
    eligible &= ~(is_small.any(axis=1, keepdims=True) & np.isnan(n))
    blank = np.where(eligible, 0.0, np.nan)
    small_tasks = np.flatnonzero(is_small.any(axis=1))
    return order, _Cells(size[order], score + blank, error**2 + blank, n, is_small, small_tasks), there


def _variance(cells: _Cells, i: int, start: int) -> Floats:
    """Variance of the difference to each model from ``start`` on: of the errors, or pooled below 300 questions."""
    variance = cells.variance[:, i, None] + cells.variance[:, start:]
    for task in cells.small_tasks:
        own_n, other_n = cells.n[task, i], cells.n[task, start:]
        own, other = cells.score[task, i], cells.score[task, start:]
        pooled = cells.is_small[task, start:] | cells.is_small[task, i]
        # The sign says which way is better; a share that is better low comes with it changed.
        p = np.abs(own * own_n + other * other_n) / (own_n + other_n)
        variance[task] = np.where(pooled, p * (1 - p) * (1 / own_n + 1 / other_n), variance[task])
    return variance


def _exceeds(lead: Floats, variance: Floats, critical: float) -> Bools:
    """Where lead/sqrt(variance) >= critical >= 0, without a root or a quotient; NaN never."""
    return (lead > 0) & (lead * lead >= critical * critical * variance)


def _n_pairs(there: Bools, first: Ints) -> int:
    """Pairs at the ratio that both have a cell, over all tasks: (task, model) marks, models by rising size."""
    reversed_count = np.cumsum(there[:, ::-1], axis=1)[:, ::-1]
    padded = np.concatenate([reversed_count, np.zeros((len(there), 1), np.int64)], axis=1)
    return int((there * padded[:, first]).sum())
