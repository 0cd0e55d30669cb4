"""Where nothing is there, how often is something claimed? The product's own functions on made-up models without a difference.

``P4P_SOAK_NULL_RUNS`` (default 100) is how many runs each case has; `make soak` takes 1,000 and the bound of 6.5%: 5% and
two standard errors of a share of 1,000. With fewer runs the bound is 5% and four of their standard errors.
"""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from lib.stats import intervals, multiplicity, noninferiority, upsets, verdicts

RUNS = int(os.environ.get("P4P_SOAK_NULL_RUNS", "100"))
BOUND = 0.065 if RUNS >= 1_000 else 0.05 + 4 * math.sqrt(0.05 * 0.95 / RUNS)
SIZES = np.geomspace(1e8, 1e11, 40)
N_TASKS = 5
SEED = 11


@pytest.mark.parametrize(
    ("n", "p"),
    [(100, 0.5), (100, 0.7), (100, 0.95), (299, 0.5), (300, 0.5), (300, 0.9), (300, 0.06), (1000, 0.5), (1000, 0.95)],
)
def test_null_runs_of_upsets(n: int, p: float) -> None:
    """Every model answers each question right with the same probability, by itself."""
    rng = np.random.default_rng(SEED)
    claimed = 0
    for _ in range(RUNS):
        right = rng.binomial(n, p, size=(len(SIZES), N_TASKS))
        found = upsets.find_upsets(SIZES, right / n, intervals.binary_stderr(right, n), np.full(right.shape, n))
        claimed += bool((found.q <= 0.05).any())
    assert found.n_tests > 3_000
    assert claimed <= BOUND * RUNS, f"{claimed} of {RUNS} runs claim an upset"


@pytest.mark.parametrize(("n", "p", "spread"), [(100, 0.5, 1.5), (100, 0.95, 1.0), (300, 0.7, 3.0)])
def test_null_runs_of_paired_upsets(n: int, p: float, spread: float) -> None:
    """The same with the answers of all models to the same questions stored: some questions are hard for all of them."""
    rng = np.random.default_rng(SEED)
    first = np.searchsorted(SIZES, 2 * SIZES)
    small, large = (np.array(x) for x in zip(*((i, j) for i, at in enumerate(first) for j in range(at, len(SIZES))), strict=True))  # fmt: skip
    claimed = 0
    for _ in range(RUNS):
        chance = 1 / (1 + np.exp(-rng.normal(math.log(p / (1 - p)), spread, size=(N_TASKS, 1, n))))
        right = (rng.random((N_TASKS, len(SIZES), n)) < chance).astype(float)
        alone = right @ (1 - right).transpose(0, 2, 1)
        k = right.sum(axis=2).T
        at = np.repeat(np.arange(N_TASKS), len(small))
        i, j = np.tile(small, N_TASKS), np.tile(large, N_TASKS)
        paired = upsets.PairedTests(i, j, at, alone[at, i, j], alone[at, j, i])
        found = upsets.find_upsets(SIZES, k / n, intervals.binary_stderr(k, n), np.full(k.shape, n), paired=paired)
        claimed += bool((found.q <= 0.05).any())
    assert found.n_tests > 3_000
    assert claimed <= BOUND * RUNS, f"{claimed} of {RUNS} runs claim an upset"


@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize(
    ("n", "p"), [(100, 0.5), (100, 0.95), (300, 0.7), (300, 0.93), (1000, 0.5), (1000, 0.95), (14000, 0.6)]
)
def test_null_runs_of_the_headline(n: int, p: float, n_tasks: int) -> None:
    """200 smaller models, each exactly one margin worse than the reference on every benchmark: naming one is an error."""
    rng = np.random.default_rng(SEED)
    margin, n_candidates = noninferiority.MARGIN, 200
    sizes = np.arange(n_candidates)
    named = 0
    for _ in range(RUNS):
        reference = rng.binomial(n, p, size=n_tasks)
        right = rng.binomial(n, p - margin, size=(n_candidates, n_tasks))
        each = noninferiority.from_counts(right, n, reference, n, margin)
        over_all = noninferiority.panel(each.verdict, each.p)
        named += multiplicity.headline(over_all.p, sizes) is not None
    assert named <= BOUND * RUNS, f"{named} of {RUNS} headlines name a model"


@pytest.mark.parametrize(("n", "p", "q"), [(100, 0.3, 0.32), (198, 0.02, 0.04), (1000, 0.1, 0.12)])
def test_null_runs_of_the_paired_headline(n: int, p: float, q: float) -> None:
    """The same from answers to the same questions: only the small one right with ``p``, only the large one with ``q``."""
    rng = np.random.default_rng(SEED)
    named = 0
    for _ in range(RUNS):
        only_small, only_large, alike = rng.multinomial(n, [p, q, 1 - p - q], size=200).T
        found = noninferiority.from_pairs(alike, only_small, only_large, 0, q - p)
        named += multiplicity.headline(found.p, np.arange(200)) is not None
    assert named <= BOUND * RUNS, f"{named} of {RUNS} headlines name a model"


@pytest.mark.parametrize("rate", [0.02, 0.1])
def test_null_runs_of_a_head_to_head(rate: float) -> None:
    """Two equal models on six tasks: "A better" or "B better" anywhere, or over all, is an error."""
    rng = np.random.default_rng(SEED)
    on_a_task = over_all = 0
    for _ in range(RUNS):
        only_a, only_b, alike = rng.multinomial(800, [rate, rate, 1 - 2 * rate], size=6).T
        evidence = verdicts.from_pairs(alike, only_a, only_b, 0)
        each = verdicts.per_task(evidence)
        better = (verdicts.A_BETTER, verdicts.B_BETTER)
        on_a_task += bool(np.isin(each.verdict, better).any())
        over_all += verdicts.overall(evidence, each).verdict in better
    assert on_a_task <= BOUND * RUNS and over_all <= BOUND * RUNS
