"""Statistics over many models and many draws, against the plain arithmetic that they cannot do without."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from bench.report import Line
from lib.settings import ROOT
from lib.stats.board_columns import OPEN_LLM_LEADERBOARD_V2
from lib.stats.bootstrap import RESAMPLES, SEED, paired_bootstrap
from lib.stats.upsets import find_upsets

Floats = NDArray[np.float64]

AIM = 3.0
ROUNDS = 5
BOARD = ROOT / "data" / "leaderboards" / "open_llm_leaderboard_v2.csv"
COLUMNS = OPEN_LLM_LEADERBOARD_V2
N_MODELS = 4_500
N_ITEMS = 14_000
RATIO = 2.0


def measure() -> list[Line]:
    """Upsets over all pairs of a board, and bootstraps; rounds of measured and floor in turn, the best of each."""
    size, score, error = _board()
    rng = np.random.default_rng(SEED)
    right = rng.random((2, N_ITEMS)) < np.array([[0.62], [0.60]])
    scores = rng.random((2, N_ITEMS))
    cases: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        (
            f"upsets of {N_MODELS:,} models x {len(COLUMNS)} benchmarks, all pairs, tested and adjusted  "
            "[z and p of the same pairs, one pass of array arithmetic]",
            lambda: find_upsets(size, score, error, ratio=RATIO),
            lambda: _one_pass(size, score, error),
        ),
        (
            f"paired bootstrap, {RESAMPLES:,} draws of {N_ITEMS:,} right and wrong answers  [drawing the random numbers]",
            lambda: paired_bootstrap(*right),
            lambda: np.random.default_rng(SEED).multinomial(N_ITEMS, (0.2, 0.2, 0.6), size=RESAMPLES),
        ),
        (
            f"paired bootstrap, {RESAMPLES:,} draws of {N_ITEMS:,} scores of any kind  [drawing the random numbers]",
            lambda: paired_bootstrap(*scores),
            _draw_questions,
        ),
    ]
    return [Line(what, *_best(measured, floor), AIM) for what, measured, floor in cases]


def _board() -> tuple[Floats, Floats, Floats]:
    """Sizes, scores and errors of the first rows of the shipped board."""
    with BOARD.open(newline="", encoding="utf-8") as lines:
        rows = [row for _, row in zip(range(N_MODELS), csv.DictReader(lines), strict=False)]
    size = np.array([float(row["params_billions"] or "nan") for row in rows])
    score = np.array([[float(row[name] or "nan") for name in COLUMNS] for row in rows])
    error = np.array([[rule.stderr(x) for x, rule in zip(line, COLUMNS.values(), strict=True)] for line in score])
    # What is in no test is left out of the floor, too.
    return size, np.where(error > 0, score, np.nan), np.where(error > 0, error, np.nan)


def _one_pass(size: Floats, score: Floats, error: Floats) -> float:
    """Difference, error, z and p of each pair at the ratio, each number once and nothing kept but a sum."""
    order = np.argsort(size)
    size, score, variance = (
        size[order],
        np.ascontiguousarray(score[order].T),
        np.ascontiguousarray((error[order] ** 2).T),
    )
    room = np.empty((2, *score.shape))
    total = 0.0
    for i, start in enumerate(np.searchsorted(size, RATIO * size)):
        z, spread = room[:, :, start:]
        np.subtract(score[:, i, None], score[:, start:], out=z)
        np.add(variance[:, i, None], variance[:, start:], out=spread)
        np.sqrt(spread, out=spread)
        np.divide(z, spread, out=z)
        np.negative(z, out=z)
        total += float(np.nansum(ndtr(z, out=z)))
    return total


def _draw_questions() -> None:
    rng = np.random.default_rng(SEED)
    block = 40
    for _ in range(RESAMPLES // block):
        rng.integers(0, N_ITEMS, size=(block, N_ITEMS), dtype=np.int32)


def _best(measured: Callable[[], object], floor: Callable[[], object]) -> tuple[float, float]:
    """Seconds of both: the best of a few rounds in turn, since whatever disturbs only adds."""
    times = [(_seconds(measured), _seconds(floor)) for _ in range(ROUNDS)]
    return min(one for one, _ in times), min(one for _, one in times)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
