"""Bringing the frames up to date after one new run, against building them from nothing."""

from __future__ import annotations

import statistics
import time

from bench.report import Line
from bench.synthetic import Shape, add_run, made_up_store
from lib.store.frames import FrameCache, Frames

REFRESHES = 9
BENCHMARKS = ("mmlu", "arc_challenge", "hellaswag")
AIM = 0.02


def measure(n_runs: int) -> list[Line]:
    """A full build and refreshes on a store of ``n_runs`` runs with 100 results each."""
    shape = Shape(n_runs=n_runs)
    with made_up_store(shape) as (store, _):
        cache = FrameCache(store)
        start = time.perf_counter()
        frames = cache.frames()
        full = time.perf_counter() - start
        n_results = frames.counts["n_results"]
        assert n_results == n_runs * shape.n_results
        refreshed, first_use = [], []
        for seed in range(REFRESHES):
            add_run(store.engine, shape, seed=seed)
            start = time.perf_counter()
            frames = cache.frames()
            refreshed.append(time.perf_counter() - start)
            start = time.perf_counter()
            _use(frames)
            first_use.append(time.perf_counter() - start)
        assert frames.counts["n_results"] == n_results + REFRESHES * shape.n_results
    size = f"{n_runs:,} runs, {n_results:,} results"
    return [
        Line(f"refresh after one new run, median of {REFRESHES}  [full build, {size}]", _middle(refreshed), full, AIM),
        Line(f"refresh, slowest of {REFRESHES}  [full build]", max(refreshed), full, AIM),
        Line(
            "refresh with first use: all frames, scores of three benchmarks  [full build]",
            _middle([a + b for a, b in zip(refreshed, first_use, strict=True)]),
            full,
        ),
    ]


def _use(frames: Frames) -> None:
    """Everything a page may ask for; made at the first request."""
    assert len(frames.models) and len(frames.runs) and len(frames.benchmarks) and frames.counts
    assert len(frames.scores(BENCHMARKS))


def _middle(seconds: list[float]) -> float:
    return statistics.median(seconds)
