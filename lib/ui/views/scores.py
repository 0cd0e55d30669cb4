"""What several pages ask of the scores: which benchmarks and protocols there are, and the measurements of one."""

from __future__ import annotations

from lib import formats
from lib.analysis.protocol_choice import LEADERBOARD, LEADERBOARD_LABEL, Choice, choice, grouping, members
from lib.schema.boards import LEADERBOARD_SIX
from lib.store.frames import Frames

FAVOURITE = "mmlu"
FEWEST_MODELS = 3
"""Benchmarks that fewer models have been measured on are not offered; nothing can be compared on them."""


def benchmark_options(frames: Frames) -> dict[str, str]:
    """Benchmarks where high is good and several models have a score: name to label, most models first."""
    known = frames.benchmarks
    fits = (known["n_models"] >= FEWEST_MODELS) & (known["direction"].fillna("higher") != "lower")
    if not fits.any():
        fits = known["n_models"] > 0
    shown = known[fits].sort_values("n_models", ascending=False, kind="stable")
    return {str(name): str(label) for name, label in shown["label"].items()}


def benchmark_sets(frames: Frames) -> dict[str, str]:
    """The six of the leaderboard where the store has them all, then every benchmark alone."""
    single = benchmark_options(frames)
    six = {LEADERBOARD: LEADERBOARD_LABEL} if set(LEADERBOARD_SIX) <= set(frames.benchmarks.index) else {}
    return six | single


def protocol_options(frames: Frames, benchmarks: tuple[str, ...], community: bool = False) -> dict[str, str]:
    """Protocols in which models can be compared: key to words with the count, widest first.

    A printed number without a second one in its table makes a protocol of one model; those are offered only where
    there is nothing else.
    """
    known = grouping(frames, benchmarks, community).protocols
    shown = known[known["n_models"] > 1] if (known["n_models"] > 1).any() else known[known["n_models"] > 0]
    # The control beside it names the benchmark.
    own = f"{label_of(frames, benchmarks[0])}, "
    return {
        str(key): f"{formats.counted(row['n_models'], 'model')} · {str(row['label']).removeprefix(own)}"
        for key, row in shown.iterrows()
    }


def baseline(frames: Frames, benchmarks: tuple[str, ...]) -> float | None:
    """Score of guessing on one benchmark; None for several, or when it is not known."""
    if len(benchmarks) != 1 or benchmarks[0] not in frames.benchmarks.index:
        return None
    return formats.number(frames.benchmarks.at[benchmarks[0], "random_baseline"])


def label_of(frames: Frames, benchmark: str) -> str:
    """What people call a benchmark."""
    known = frames.benchmarks
    return str(known.at[benchmark, "label"]) if benchmark in known.index else benchmark


__all__ = [
    "LEADERBOARD",
    "Choice",
    "baseline",
    "benchmark_options",
    "benchmark_sets",
    "choice",
    "grouping",
    "label_of",
    "members",
    "protocol_options",
]
