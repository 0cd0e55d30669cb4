"""Upsets: where a smaller model beats a larger one, tested over a whole family of comparisons at once.

A family is every eligible (small, large, benchmark) test of one protocol, one ratio of sizes, one set of benchmarks and
one set of models. Its adjusted values are computed once; what a reader filters away is hidden and stays counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from lib.analysis.measurements import Measured
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy
from lib.stats.intervals import SMALL_SAMPLE
from lib.stats.upsets import ALPHA, RATIOS, PairedTests, find_upsets

__all__ = ["ALPHA", "RATIOS", "Cells", "Family", "PairedTests", "Sample", "cells", "families", "family", "rows"]

Floats = NDArray[np.float64]
Places = NDArray[np.integer]

EVERY_WIN = 0.5
MANY_MODELS = 1_000
"""From here on only wins with p up to 5% are listed; the millions of weaker ones are counted."""
DRAWN = 150_000
"""Tests in which the larger model leads, of which a figure shows some: at most so many are kept."""
FEWEST_FOR_REPEATS = 3
"""Scores on so many benchmarks that agree to the last digit, and the size with them: the same weights under two names."""
SEED = 11

BASE, TUNED, UNKNOWN = "base", "tuned", ""
_UNITS = {
    "community model": "scores of community models",
    "quantised weights of the model": "scores of quantised weights",
    "unfinished training state (checkpoint)": "scores of unfinished training states (checkpoints)",
    "name not resolved to a model": "scores whose name waits for a model",
}
"""``Measured.excluded`` counts results; beside counts of models the unit must be said."""
_TUNED_KINDS = ("chat", "reasoning")


class Cells(NamedTuple):
    """Models that may be tested, and their scores.

    Args:
        models: One row per model, index ``model`` by id: ``Frames.models`` with ``size`` (parameters), ``base_family``
            (family of the model that it was made from in the end; '' unknown) and ``tuning`` (base, tuned or '').
        benchmarks: In the order of the columns.
        score, stderr: By model and benchmark; high is good, NaN where there is none. Fractions.
        n: Questions behind a share of right answers, NaN where the score is something else.
        run: Beginning of the digest of the run behind each score, '' for none.
        cautions: What is unlike most scores of the protocol, '' for nothing.
        excluded: What may not be tested, by reason: reason -> number of models or scores.
    """

    models: pd.DataFrame
    benchmarks: tuple[str, ...]
    score: Floats
    stderr: Floats
    n: Floats
    run: NDArray[np.object_]
    cautions: NDArray[np.object_]
    excluded: dict[str, int]


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


def cells(measured: Measured, models: pd.DataFrame, *, by: SizeBy = "total") -> Cells:
    """Who may be tested, on what.

    Not eligible, and counted: models whose size is unknown or disputed, quantised or converted weights, the same weights
    under a second name (same size, and the same scores to the last digit on three benchmarks or more; the catalogue's
    name stays), repeated evaluations of one model, and scores of which nobody knows whether high is good. Scores where
    low is good change their sign.

    Args:
        measured: ``measure``, which has left out checkpoints, runs on a part of the questions and, unless asked for,
            community models, and counted them.
        models: ``Frames.models``.
        by: Total or active parameters.
    """
    rows, excluded = measured.rows, {_UNITS.get(reason, reason): n for reason, n in measured.excluded.items()}
    directed = rows["higher_is_better"].notna().to_numpy(bool)
    _count(excluded, "scores where nobody knows whether high is good", int((~directed).sum()))
    rows = rows[directed]
    facts = models[models.index.isin(rows["model"])]
    size = facts[SIZE_COLUMNS[by]].to_numpy(float, na_value=np.nan)
    kept = np.ones(len(facts), bool)
    for reason, applies in (
        ("models of unknown size", ~(size > 0)),
        ("models of disputed size", (facts["size_status"] == "disputed").to_numpy(bool)),
        ("quantised or converted weights", _stated(facts["variant_of"])),
    ):
        _count(excluded, reason, int((kept & applies).sum()))
        kept &= ~applies
    facts = facts.assign(size=size, base_family=base_families(models).reindex(facts.index), tuning=_tuning(facts))[kept]
    # Of the same weights under two names the first stays: the catalogue's, then the one that sorts first.
    facts = facts.iloc[np.lexsort((facts.index.to_numpy(str), facts["origin"].eq("community").to_numpy(bool)))]
    rows = rows[rows["model"].isin(facts.index)]
    table = _tables(rows, facts.index, measured.benchmarks)
    is_repeat = _repeats(facts["size"].to_numpy(float), table.score)
    _count(excluded, "scores that repeat another of the same weights", int(rows["also_in"].sum()))
    _count(excluded, "models with size and scores of another, taken for the same weights", int(is_repeat.sum()))
    at = np.flatnonzero(~is_repeat)
    return Cells(
        facts.iloc[at],
        measured.benchmarks,
        table.score[at],
        table.stderr[at],
        table.n[at],
        table.run[at],
        table.cautions[at],
        excluded,
    )


def families(of: Cells, paired: PairedTests | None = None) -> dict[float, Family]:
    """The family of each ratio, all of them precomputed: 2, 4 and 10 times the size."""
    return {ratio: family(of, ratio, paired) for ratio in RATIOS}


def family(of: Cells, ratio: float = RATIOS[0], paired: PairedTests | None = None) -> Family:
    """Test every smaller model against every one at least ``ratio`` times its size, on every benchmark.

    Args:
        of: Result of ``cells``.
        ratio: Above 1.
        paired: Tests of which the answers to the same questions are stored, positions in the cells.

    Source:
        ``lib.stats.upsets.find_upsets``.
    """
    size = of.models["size"].to_numpy(float)
    keep = EVERY_WIN if len(size) < MANY_MODELS else ALPHA
    found = find_upsets(size, of.score, of.stderr, of.n, ratio=ratio, keep=keep, paired=paired)
    # A list of every win would hold those with z = 0, which nobody leads.
    is_win = found.diff > 0
    n_listed, q = int(is_win.sum()), found.q
    if n_listed < len(is_win):
        found = found._replace(**{name: getattr(found, name)[is_win] for name in ("small", "large", "task", "diff", "z", "p", "q")})  # fmt: skip
        q = found.q
    small, large = found.small.astype(np.int32), found.large.astype(np.int32)
    q_any = found.q_any
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
    )


def rows(of: Family, at: Places, *, r90: pd.Series | None = None) -> pd.DataFrame:
    """Listed tests as rows, in the order given.

    Args:
        of: The family.
        at: Positions in its list.
        r90: ``run_to_run.r90_of`` the evaluator.

    Returns:
        small, large (ids), small_name, large_name, benchmark, size_small, size_large, size_ratio, score_small,
        score_large, delta (fractions), stderr (of it), delta_low (``Family.critical``), z, p, q, q_any, holds, holds_any,
        is_below_r90 (the difference is smaller than two evaluations of the same weights often differ), cautions (text),
        run_small, run_large.
    """
    own = of.cells
    small, large, task = of.small[at], of.large[at], of.task[at]
    ids, names = own.models.index.to_numpy(object), own.models["name"].to_numpy(object)
    size = own.models["size"].to_numpy(float)
    benchmarks = np.array(own.benchmarks, dtype=object)[task]
    delta = of.lead(at)
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
            "stderr": delta / of.z[at],
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


def base_families(models: pd.DataFrame) -> pd.Series:
    """Family of the model that each one was made from in the end, by id; its own where that is not in the store, '' unknown.

    Args:
        models: ``Frames.models``: family, finetuned_from, variant_of.
    """
    parents = models["variant_of"].astype(object).where(_stated(models["variant_of"]), models["finetuned_from"])
    up = {str(k): str(v) for k, v in parents.items() if isinstance(v, str) and v and v in models.index}
    family = {str(k): v if isinstance(v, str) else "" for k, v in models["family"].astype(object).items()}

    def top(model: str) -> str:
        seen = {model}
        while (parent := up.get(model, "")) and parent not in seen:
            seen.add(model := parent)
        return model

    return pd.Series([family[top(str(one))] or family[str(one)] for one in models.index], models.index, dtype=object)


def _tuning(models: pd.DataFrame) -> list[str]:
    """Base, tuned, or '' where the kind does not say it."""
    is_made = _stated(models["finetuned_from"])
    kinds = models["kind"].astype(object)
    return [BASE if k == "base" else TUNED if made or k in _TUNED_KINDS else UNKNOWN for k, made in zip(kinds, is_made, strict=True)]  # fmt: skip


class _Tables(NamedTuple):
    score: Floats
    stderr: Floats
    n: Floats
    run: NDArray[np.object_]
    cautions: NDArray[np.object_]


def _tables(measured: pd.DataFrame, models: pd.Index, benchmarks: Sequence[str]) -> _Tables:
    """The measurements by model and benchmark."""
    i = models.get_indexer(pd.Index(measured["model"].astype(object)))
    j = pd.Index(list(benchmarks), dtype=object).get_indexer(pd.Index(measured["benchmark"].astype(object)))
    sign = np.where(measured["higher_is_better"].to_numpy(bool), 1.0, -1.0)
    # A number of questions makes a share of right answers only where the right ones were counted.
    n = measured["n_samples"].where(measured["n_correct"].notna()).to_numpy(float)

    def placed(values: np.ndarray, empty: object, kind: type) -> np.ndarray:
        table: np.ndarray = np.full((len(models), len(benchmarks)), empty, dtype=kind)
        table[i, j] = values
        return table

    run, cautions = (measured[name].astype(object).fillna("").to_numpy() for name in ("run", "cautions"))
    return _Tables(
        placed(measured["score"].to_numpy(float) * sign, np.nan, float),
        placed(measured["stderr"].to_numpy(float), np.nan, float),
        placed(n, np.nan, float),
        placed(run, "", object),
        placed(cautions, "", object),
    )


def _repeats(size: Floats, score: Floats) -> NDArray[np.bool_]:
    """Rows that are an earlier one again: same size, same scores, on enough benchmarks."""
    known = pd.DataFrame(np.column_stack([size, score]))
    enough = (~np.isnan(score)).sum(axis=1) >= FEWEST_FOR_REPEATS
    return known.duplicated(keep="first").to_numpy(bool) & enough


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
    eligible = (of.stderr > 0) & ~np.isnan(of.score)
    # As ``find_upsets`` has it: where some scores rest on few questions, those without their number are not tested.
    eligible &= ~((eligible & (of.n < SMALL_SAMPLE)).any(axis=0) & np.isnan(of.n))
    is_tested = eligible[small, task] & eligible[large, task]
    is_behind = is_tested & (of.score[small, task] <= of.score[large, task])
    return Sample(*(one[is_behind].astype(np.int32) for one in (small, large, task)))


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


def _count(excluded: dict[str, int], reason: str, n: int) -> None:
    if n:
        excluded[reason] = excluded.get(reason, 0) + n


def _stated(column: pd.Series) -> NDArray[np.bool_]:
    return (column.notna() & (column.astype(object) != "")).to_numpy(bool)
