"""Upsets: where a smaller model beats a larger one, tested over a whole family of comparisons at once.

A family is every eligible (small, large, benchmark) test of one protocol, one ratio of sizes, one set of benchmarks and
one set of models. Its adjusted values are computed once; what a reader filters away is hidden and stays counted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from lib.analysis.upset_answers import IGNORES, StoredAnswers, place_of
from lib.analysis.upset_cells import BASE, TUNED, UNKNOWN, Cells, base_families, cells
from lib.stats.intervals import SMALL_SAMPLE
from lib.stats.upsets import ALPHA, RATIOS, find_upsets

__all__ = [
    "ALPHA",
    "BASE",
    "RATIOS",
    "TUNED",
    "UNKNOWN",
    "Cells",
    "Family",
    "Sample",
    "StoredAnswers",
    "base_families",
    "cells",
    "families",
    "family",
    "rows",
]

Floats = NDArray[np.float64]
Places = NDArray[np.integer]

EVERY_WIN = 0.5
MANY_MODELS = 1_000
"""From here on only wins with p up to 5% are listed; the millions of weaker ones are counted."""
DRAWN = 150_000
"""Tests in which the larger model leads, of which a figure shows some: at most so many are kept."""
SEED = 11


class Sample(NamedTuple):
    """Some of the tests in which the larger model leads, or both score alike: positions in the cells."""

    small: Places
    large: Places
    task: Places


class Family(NamedTuple):
    """Every test of a family; those in which the smaller model leads are listed, the smallest p first.

    Args:
        cells: What was tested.
        ratio: A large model has at least so many times the parameters.
        small, large, task: Positions in the cells, one per listed test. The first ``n_holds`` hold.
        z: Of each listed test; p is its upper tail.
        q, q_any: Benjamini-Hochberg (the verdict, exact where at most 5%) and Benjamini-Yekutieli, over all ``n_tests``.
        n_tests, n_wins: Eligible tests, and those in which the smaller model scores higher.
        n_holds, n_holds_any: Wins with q, and with q_any, of at most 5%.
        n_without_error: Pairs of scores that are not eligible: one has no error, or one of 0, or no number of questions.
        keep: Wins with a p up to this are listed; the others are only counted.
        behind: See ``Sample``.
        answers: What stored answers to the same questions say of some tests; None: pairing is ignored in all.
        answered: Of each listed test its position in ``answers``, -1 where pairing is ignored.
        n_paired: Leads that were tested on answers to the same questions, listed or not.
        n_too_few: Those of them that are not listed, because the two answer fewer than 10 questions differently, or because the
            answers stored, a few less than those behind the scores, do not lead.
    """

    cells: Cells
    ratio: float
    small: Places
    large: Places
    task: Places
    z: Floats
    q: Floats
    q_any: Floats
    n_tests: int
    n_wins: int
    n_holds: int
    n_holds_any: int
    n_without_error: int
    keep: float
    behind: Sample
    answers: StoredAnswers | None
    answered: NDArray[np.int64]
    n_paired: int
    n_too_few: int

    @property
    def n_leads(self) -> int:
        """Wins that are not shown."""
        return self.n_wins - self.n_holds

    @property
    def n_false(self) -> float:
        """How many of those that hold are false at most, on average over many such families."""
        return ALPHA * self.n_holds

    @property
    def critical(self) -> float:
        """Standard errors from a difference to its lower bound.

        One-sided, at 5% of bounds too high among those that hold: a difference holds exactly where its bound is above 0.

        Source:
            False coverage rate of selected intervals: Benjamini and Yekutieli 2005, JASA 100:71.
        """
        return float(ndtri(1 - ALPHA * max(self.n_holds, 1) / max(self.n_tests, 1)))

    def lead(self, at: Places) -> Floats:
        """Score of the smaller model minus that of the larger one, of listed tests."""
        score, task = self.cells.score, self.task[at]
        return np.asarray(score[self.small[at], task] - score[self.large[at], task], float)

    def lower(self, at: Places) -> Floats:
        """Lower bound of each difference; see ``critical``."""
        lead = self.lead(at)
        return np.asarray(lead * (1 - self.critical / self.z[at]), float)


def families(of: Cells, answers: StoredAnswers | None = None) -> dict[float, Family]:
    """The family of each ratio, all of them precomputed: 2, 4 and 10 times the size."""
    return {ratio: family(of, ratio, answers) for ratio in RATIOS}


def family(of: Cells, ratio: float = RATIOS[0], answers: StoredAnswers | None = None) -> Family:
    """Test every smaller model against every one at least ``ratio`` times its size, on every benchmark.

    Args:
        of: Result of ``cells``.
        ratio: Above 1.
        answers: Tests of which the answers to the same questions are stored (``upset_answers.stored_answers``).

    Source:
        ``lib.stats.upsets.find_upsets``.
    """
    size = of.models["size"].to_numpy(float)
    keep = EVERY_WIN if len(size) < MANY_MODELS else ALPHA
    paired = None if answers is None else answers.tests
    found = find_upsets(size, of.score, of.stderr, of.n, ratio=ratio, keep=keep, paired=paired)
    # A list of every win would hold those with z = 0, which nobody leads.
    is_win = found.diff > 0
    n_listed, q = int(is_win.sum()), found.q
    if n_listed < len(is_win):
        found = found._replace(**{name: getattr(found, name)[is_win] for name in ("small", "large", "task", "diff", "z", "p", "q")})  # fmt: skip
        q = found.q
    small, large = found.small.astype(np.int32), found.large.astype(np.int32)
    q_any = found.q_any
    answered = place_of(answers, small, large, found.task)
    return Family(
        of,
        ratio,
        small,
        large,
        found.task.astype(np.int16),
        found.z,
        q,
        q_any,
        found.n_tests,
        found.n_wins,
        int((q <= ALPHA).sum()),
        int((q_any <= ALPHA).sum()),
        found.n_without_error,
        keep,
        _behind(of, ratio),
        answers,
        answered,
        n_paired := _paired_leads(of, ratio, answers),
        # Where weak leads are not listed at all, those of too few questions are among the weak.
        n_paired - int((answered >= 0).sum()) if keep == EVERY_WIN else 0,
    )


def rows(of: Family, at: Places, *, r90: pd.Series | None = None) -> pd.DataFrame:
    """Listed tests as rows, in the order given.

    Args:
        of: The family.
        at: Positions in its list.
        r90: ``run_to_run.r90_of`` the evaluator.

    Returns:
        small, large (ids), small_name, large_name, benchmark, size_small, size_large, size_ratio, score_small,
        score_large, delta (fractions), stderr (of it), is_paired (the p is of answers to the same questions), method (of
        the test), n_paired (common questions), only_small, only_large (right in one only; NaN where pairing is ignored, or
        answers are not right or wrong), delta_low (``Family.critical``), z, p, q, q_any, holds, holds_any,
        is_below_r90 (the difference is smaller than two evaluations of the same weights often differ), cautions (text),
        run_small, run_large.
    """
    own = of.cells
    small, large, task = of.small[at], of.large[at], of.task[at]
    ids, names = own.models.index.to_numpy(object), own.models["name"].to_numpy(object)
    size = own.models["size"].to_numpy(float)
    benchmarks = np.array(own.benchmarks, dtype=object)[task]
    delta, is_paired = of.lead(at), of.answered[at] >= 0
    usual = np.full(len(task), np.nan) if r90 is None else r90.reindex(benchmarks).to_numpy(float)
    return pd.DataFrame(
        {
            "small": ids[small],
            "large": ids[large],
            "small_name": names[small],
            "large_name": names[large],
            "benchmark": benchmarks,
            "size_small": size[small],
            "size_large": size[large],
            "size_ratio": size[large] / size[small],
            "score_small": own.score[small, task],
            "score_large": own.score[large, task],
            "delta": delta,
            "stderr": np.where(is_paired, _of(of, at, "stderr"), delta / of.z[at]),
            "is_paired": is_paired,
            "method": np.where(is_paired, _of(of, at, "method"), IGNORES).astype(object),
            "n_paired": _of(of, at, "n").astype(float),
            **{name: _of(of, at, name).astype(float) for name in ("only_small", "only_large")},
            "delta_low": of.lower(at),
            "z": of.z[at],
            "p": ndtr(-of.z[at]),
            "q": of.q[at],
            "q_any": of.q_any[at],
            "holds": np.asarray(at) < of.n_holds,
            "holds_any": of.q_any[at] <= ALPHA,
            "is_below_r90": delta < usual,
            "cautions": _cautions(own, small, large, task),
            "run_small": own.run[small, task],
            "run_large": own.run[large, task],
        }
    )


def _of(of: Family, at: Places, name: str) -> NDArray[np.object_]:
    """What the stored answers say of listed tests; NaN without them."""
    if of.answers is None:
        return np.full(len(at), np.nan, object)
    own = of.answers if name in StoredAnswers._fields else of.answers.tests
    values = np.append(np.asarray(getattr(own, name), object), np.nan)
    return np.asarray(values[of.answered[at]], object)


def _paired_leads(of: Cells, ratio: float, answers: StoredAnswers | None) -> int:
    """Leads with stored answers, at this ratio."""
    if answers is None:
        return 0
    small, large, task = (np.asarray(one, np.int64) for one in answers.tests[:3])
    size = of.models["size"].to_numpy(float)
    is_win = (size[large] >= ratio * size[small]) & (of.score[small, task] > of.score[large, task])
    eligible = _eligible(of)
    is_eligible = eligible[small, task] & eligible[large, task]
    return int((is_win & is_eligible).sum())


def _behind(of: Cells, ratio: float) -> Sample:
    """Tests in which the larger model leads, evenly drawn where there are too many; always the same ones."""
    size = of.models["size"].to_numpy(float)
    order = np.argsort(size, kind="stable")
    first = np.searchsorted(size[order], ratio * size[order], side="left")
    ends, n_tasks = np.cumsum(len(size) - first), len(of.benchmarks)
    total = int(ends[-1]) * n_tasks if len(ends) else 0
    draws = np.arange(total) if total <= DRAWN else np.random.default_rng(SEED).integers(0, total, DRAWN)
    pair, task = np.divmod(draws, max(n_tasks, 1))
    i = np.searchsorted(ends, pair, side="right")
    before = ends - (len(size) - first)
    small, large = order[i], order[(first[i] + pair - before[i]) if len(ends) else i]
    eligible = _eligible(of)
    is_tested = eligible[small, task] & eligible[large, task]
    is_behind = is_tested & (of.score[small, task] <= of.score[large, task])
    return Sample(*(one[is_behind].astype(np.int32) for one in (small, large, task)))


def _eligible(of: Cells) -> NDArray[np.bool_]:
    """Which cells are tested; as ``find_upsets`` has it: where some scores rest on few questions, those without their number are not."""
    eligible = (of.stderr > 0) & ~np.isnan(of.score)
    has_few: NDArray[np.bool_] = np.asarray((eligible & (of.n < SMALL_SAMPLE)).any(axis=0))
    return np.asarray(eligible & ~(has_few[None, :] & np.isnan(of.n)))


def _cautions(of: Cells, small: Places, large: Places, task: Places) -> list[str]:
    """What is unlike between the two, or unlike most others, of each test."""
    tuning = of.models["tuning"].to_numpy(object)
    told = []
    for i, j, t in zip(small, large, task, strict=True):
        parts = [part for one in (of.cautions[i, t], of.cautions[j, t]) for part in str(one).split("; ") if part]
        if tuning[i] and tuning[j] and tuning[i] != tuning[j]:
            parts.append(f"a {tuning[i]} model over a {tuning[j]} one")
        told.append("; ".join(dict.fromkeys(parts)))
    return told
