"""Which of many candidates are shown to be within a margin of a reference model, and which is the smallest or cheapest?

Three verdicts for each candidate, PASS, FAIL and TOO FEW DATA, each at alpha and not adjusted; over several benchmarks a
candidate passes only if it passes each (intersection-union). The headline is Holm's over all candidates, which are fixed
before any verdict: whoever is cheaper than the reference, is within the reader's limits and has every benchmark. There
is no verdict at all where the reference is not distinguishable from guessing: anything is within a margin of a coin.

Source: Piaggio et al. 2012, JAMA 308:2594; Berger 1982, Technometrics 24:295; Holm 1979, Scand. J. Statistics 6:65.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.analysis.panel import Panel
from lib.stats import multiplicity, noninferiority
from lib.stats.noninferiority import ALPHA, FAIL, MARGIN, NO_VERDICT, PASS, TOO_FEW_DATA
from lib.stats.normalisation import z_against_chance
from lib.stats.tasks import mean_difference

Floats = NDArray[np.float64]

ABOVE_CHANCE_Z = 1.645
"""Below this many standard errors above guessing a score is "not distinguishable from chance"."""

PAIRED, COUNTS, STDERRS = "same questions", "counts, ignores pairing", "standard errors, ignores pairing"
NO_INTERVAL = "no interval"
NO_DIRECTION = "better low, or nobody says which way is better"
AT_CHANCE = "the reference may be guessing"
"""Why there is no verdict on one benchmark."""

TEST_COLUMNS = (
    "model", "benchmark", "score", "score_reference", "delta", "lower", "upper", "stderr", "p", "verdict", "basis",
    "why_none", "n_samples", "cautions", "run", "run_reference",
)  # fmt: skip
ROW_COLUMNS = (
    "model", "cost", "decides", "delta", "lower", "upper", "p", "p_holm", "verdict", "is_confirmed", "is_headline",
    "why_none",
)  # fmt: skip


class Pair(NamedTuple):
    """What one candidate and the reference did on the same questions of one benchmark.

    Args:
        model, benchmark: Of the candidate.
        counts: Questions right in both, only by the candidate, only by the reference, by neither; None where answers are
            not right or wrong.
        delta, stderr: Mean difference of the answers, candidate minus reference, and its standard error.
        n: Common questions.
        cautions: What is unknown or different between the runs, one text.
    """

    model: str
    benchmark: str
    counts: tuple[int, int, int, int] | None
    delta: float
    stderr: float
    n: int
    cautions: str = ""


class Answer(NamedTuple):
    """Every candidate with its verdict.

    Args:
        rows: One row per candidate, cheapest first (``ROW_COLUMNS``): ``decides`` is the benchmark with the largest p, '' on
            average; ``delta``, ``lower`` and ``upper`` are the difference to the reference there and its one-sided bounds;
            ``p`` is the largest over the panel, NaN without a verdict; ``is_confirmed`` is what holds after Holm's
            correction over all rows; ``is_headline`` is the cheapest of those.
        tests: One row per candidate and benchmark (``TEST_COLUMNS``), unadjusted.
        reference: Model id.
        benchmarks: The panel.
        at_chance: Benchmarks on which the reference is not distinguishable from guessing; then no row has a verdict.
        chance_unknown: Benchmarks whose score of guessing nobody states.
        margin, alpha, is_average: As asked.
    """

    rows: pd.DataFrame
    tests: pd.DataFrame
    reference: str
    benchmarks: tuple[str, ...]
    at_chance: tuple[str, ...]
    chance_unknown: tuple[str, ...]
    margin: float
    alpha: float
    is_average: bool

    def having(self, verdict: str) -> pd.DataFrame:
        """The candidates with this verdict, cheapest first."""
        return self.rows[self.rows["verdict"] == verdict]

    @property
    def headline(self) -> pd.Series | None:
        """The cheapest candidate that holds after Holm's correction; None: nobody."""
        found = self.rows[self.rows["is_headline"]]
        return found.iloc[0] if len(found) else None


def answer(
    complete: Panel,
    reference: str,
    cost: pd.Series,
    *,
    chance: Mapping[str, float],
    margin: float = MARGIN,
    alpha: float = ALPHA,
    is_average: bool = False,
    pairs: Sequence[Pair] = (),
) -> Answer:
    """Verdicts and the headline.

    Args:
        complete: The models with every benchmark, the reference among them.
        reference: Model id.
        cost: Index: the models that may be named, by the reader's limits; values what is to be small (parameters, USD).
            Of these, those below the reference's cost with a complete panel are the candidates.
        chance: Score of guessing by benchmark; missing or NaN where nobody states it.
        margin: In score, above 0.
        alpha: One-sided level of every verdict, and of the headline after Holm's correction.
        is_average: Judge the mean difference over the panel instead of each benchmark.
        pairs: Stored answers to the same questions, where there are any.

    Raises:
        KeyError: If the reference has no complete panel, or no cost.
    """
    names = np.array(complete.models, dtype=object)
    limit = float(cost.loc[reference])
    costs = cost.reindex(names).to_numpy(float)
    # A missing cost compares as false: who has none is no candidate.
    chosen = np.flatnonzero((costs < limit) & (names != reference))
    at_chance, unknown = against_chance(complete, reference, chance)
    every = tests(complete, reference, chosen, margin=margin, alpha=alpha, pairs=pairs)
    if at_chance:
        every = every.assign(verdict=NO_VERDICT, p=np.nan, basis="", why_none=AT_CHANCE)
    together = _average if is_average else _each
    rows = together(every, len(complete.benchmarks), margin, alpha)
    rows = rows.assign(model=names[chosen], cost=costs[chosen])
    # Everyone with a complete panel was tried, also who got no verdict: such a p cannot help anyone.
    p = rows["p"].fillna(1.0).to_numpy(float)
    best = multiplicity.headline(p, rows["cost"].to_numpy(float), alpha)
    holm = multiplicity.holm(p)
    rows = rows.assign(
        p_holm=np.where(rows["p"].notna(), holm, np.nan),
        is_confirmed=(holm <= alpha) & rows["p"].notna().to_numpy(),
        is_headline=np.arange(len(rows)) == (-1 if best is None else best),
    )
    ordered = rows[list(ROW_COLUMNS)].sort_values(["cost", "model"], kind="stable", ignore_index=True)
    return Answer(ordered, every, reference, complete.benchmarks, at_chance, unknown, margin, alpha, is_average)


def against_chance(
    complete: Panel, reference: str, chance: Mapping[str, float]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Benchmarks on which the reference is not distinguishable from guessing, and those where guessing is not known.

    z = (p - c)/sqrt(c(1 - c)/n) below 1.645; without n the score's own standard error takes the place of the root. A score
    without either is not judged: it has no interval, so nothing is shown by it anyway. Where guessing scores 0, a score
    above 0 is distinguishable.
    """
    rows = complete.rows[complete.rows["model"] == reference].set_index("benchmark")
    low, unknown = [], []
    for name in complete.benchmarks:
        guess = float(chance.get(name, np.nan))
        score, n, stderr = rows.loc[name, ["score", "n_samples", "stderr"]].to_numpy(float)
        if np.isnan(guess):
            unknown.append(name)
        elif guess <= 0:
            low += [name] if score <= 0 else []
        else:
            spread = np.sqrt(guess * (1 - guess) / n) if n > 0 else stderr
            # NaN compares as false: nothing is known of how sure the score is.
            low += [name] if float(z_against_chance(score, spread, guess)) < ABOVE_CHANCE_Z else []
    return tuple(low), tuple(unknown)


def tests(
    complete: Panel,
    reference: str,
    chosen: Sequence[int] | NDArray[np.intp],
    *,
    margin: float = MARGIN,
    alpha: float = ALPHA,
    pairs: Sequence[Pair] = (),
) -> pd.DataFrame:
    """Every chosen model against the reference on every benchmark of the panel, unadjusted: ``TEST_COLUMNS``.

    Stored answers to the same questions decide where there are some (Tango's score test for right and wrong, the paired
    difference otherwise), then counts of right answers (Newcombe's bounds where the normal ones do not hold), then
    standard errors. No verdict without an interval, and none on a metric that is not known to be better high.

    Args:
        complete: The models with every benchmark.
        reference: Model id, one of them.
        chosen: Positions among ``complete.models``.
    """
    names = complete.models
    at, of = names.index(reference), np.asarray(chosen, int)
    score, stderr, n, k = (complete.matrix(c).astype(float) for c in ("score", "stderr", "n_samples", "n_correct"))
    by_stderr = noninferiority.from_stderrs(score[of], stderr[of], score[at], stderr[at], margin, alpha)
    by_counts = noninferiority.from_counts(k[of], n[of], k[at], n[at], margin, alpha)
    has_counts = ~np.isnan(k[of]) & ~np.isnan(k[at])
    merged = [np.where(has_counts, c, s) for c, s in zip(by_counts, by_stderr, strict=True)]
    shape = score[of].shape
    cautions, runs = complete.matrix("cautions"), complete.matrix("run")
    flat = pd.DataFrame(
        {
            "model": np.repeat(np.array(names, dtype=object)[of], shape[1]),
            "benchmark": np.tile(np.array(complete.benchmarks, dtype=object), shape[0]),
            "score": score[of].ravel(),
            "score_reference": np.tile(score[at], shape[0]),
            "delta": merged[0].ravel().astype(float),
            "lower": merged[1].ravel().astype(float),
            "upper": merged[2].ravel().astype(float),
            "stderr": np.hypot(stderr[of], stderr[at]).ravel(),
            "p": merged[3].ravel().astype(float),
            "verdict": merged[4].ravel(),
            "basis": np.where(has_counts, COUNTS, STDERRS).ravel().astype(object),
            "n_samples": n[of].ravel(),
            "cautions": cautions[of].ravel(),
            "run": runs[of].ravel(),
            "run_reference": np.tile(runs[at], shape[0]),
        }
    )
    flat["why_none"] = np.where(flat["verdict"] == NO_VERDICT, NO_INTERVAL, "").astype(object)
    flat = _with_pairs(flat, pairs, margin, alpha)
    is_high = complete.rows["higher_is_better"].astype("boolean").fillna(False).to_numpy(bool).reshape(score.shape)[of]
    silent = ~is_high.ravel()
    flat.loc[silent, ["verdict", "why_none"]] = [NO_VERDICT, NO_DIRECTION]
    none = (flat["verdict"] == NO_VERDICT).to_numpy()
    flat.loc[none, "p"] = np.nan
    flat.loc[none, "basis"] = ""
    return flat[list(TEST_COLUMNS)]


def _with_pairs(flat: pd.DataFrame, pairs: Sequence[Pair], margin: float, alpha: float) -> pd.DataFrame:
    """The tests with those of stored answers in the place of the unpaired ones."""
    where = {key: i for i, key in enumerate(zip(flat["model"], flat["benchmark"], strict=True))} if pairs else {}
    for pair in pairs:
        row = where.get((pair.model, pair.benchmark))
        if row is None:
            continue
        found = (
            noninferiority.from_pairs(*pair.counts, margin, alpha)
            if pair.counts is not None
            else noninferiority.from_difference(pair.delta, pair.stderr, margin, alpha)
        )
        diff, lower, upper, p, verdict = (one.item() for one in map(np.asarray, found))
        if verdict == NO_VERDICT:
            continue
        told = "; ".join(str(part) for part in (flat.at[row, "cautions"], pair.cautions) if part)
        columns = ["delta", "lower", "upper", "stderr", "p", "verdict", "basis", "why_none", "n_samples", "cautions"]
        flat.loc[row, columns] = [diff, lower, upper, pair.stderr, p, verdict, PAIRED, "", float(pair.n), told]
    return flat


def _each(every: pd.DataFrame, n_benchmarks: int, margin: float, alpha: float) -> pd.DataFrame:
    """One row per model: PASS on each benchmark, and the benchmark with the largest p."""

    def matrix(column: str) -> NDArray[np.object_]:
        return every[column].to_numpy(object).reshape(-1, n_benchmarks)

    over_all = noninferiority.panel(matrix("verdict"), matrix("p").astype(float))
    worst = np.where(np.isnan(matrix("p").astype(float)), np.inf, matrix("p").astype(float)).argmax(axis=1)
    line = np.arange(len(worst))
    found = {c: matrix(c)[line, worst] for c in ("benchmark", "delta", "lower", "upper", "why_none")}
    return pd.DataFrame(
        {
            "decides": found["benchmark"],
            **{c: found[c].astype(float) for c in ("delta", "lower", "upper")},
            "p": over_all.p.astype(float),
            "verdict": over_all.verdict,
            "why_none": np.where(over_all.verdict == NO_VERDICT, found["why_none"], "").astype(object),
        }
    )


def _average(every: pd.DataFrame, n_benchmarks: int, margin: float, alpha: float) -> pd.DataFrame:
    """One row per model: the mean difference over the panel, which says nothing about any one benchmark."""
    delta, stderr = (every[c].to_numpy(float).reshape(-1, n_benchmarks) for c in ("delta", "stderr"))
    has_all = (every["verdict"].to_numpy(object).reshape(-1, n_benchmarks) != NO_VERDICT).all(axis=1) & (stderr > 0).all(axis=1)  # fmt: skip
    filled = np.where(has_all[:, None], stderr, 1.0)
    mean = mean_difference(delta, filled)
    found = noninferiority.from_difference(mean.mean, np.where(has_all, mean.stderr, np.nan), margin, alpha)
    verdict = found.verdict
    why = every["why_none"].to_numpy(object).reshape(-1, n_benchmarks)
    reasons = [next((one for one in row if one), NO_INTERVAL) for row in why]
    return pd.DataFrame(
        {
            "decides": "",
            "delta": found.diff,
            "lower": found.lower,
            "upper": found.upper,
            "p": np.where(verdict == NO_VERDICT, np.nan, found.p),
            "verdict": verdict,
            "why_none": np.where(verdict == NO_VERDICT, reasons, "").astype(object),
        }
    )


__all__ = [
    "ALPHA",
    "FAIL",
    "MARGIN",
    "NO_VERDICT",
    "PASS",
    "TOO_FEW_DATA",
    "Answer",
    "Pair",
    "against_chance",
    "answer",
    "tests",
]
