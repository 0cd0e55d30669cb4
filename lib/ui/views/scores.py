"""What several pages ask of the scores: which benchmarks and protocols there are, and the measurements of one."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import measurements, protocols
from lib.schema.boards import LEADERBOARD_SIX
from lib.store.frames import Frames

LEADERBOARD = "open-llm-leaderboard-v2"
LEADERBOARD_LABEL = "Open LLM Leaderboard v2 (six)"
FAVOURITE = "mmlu"
FEWEST_MODELS = 3
"""Benchmarks that fewer models have been measured on are not offered; nothing can be compared on them."""


class Choice(NamedTuple):
    """Measurements under the protocol in force.

    Args:
        grouping: All protocols of the benchmarks.
        key: The protocol in force; None when there is none.
        label: The protocol in words, plain text.
        measured: Its measurements.
    """

    grouping: protocols.Grouping
    key: str | None
    label: str
    measured: measurements.Measured

    @property
    def rows(self) -> pd.DataFrame:
        """The results that the measurements were taken from, as ``Frames.scores`` has them."""
        own: tuple[int, ...] = () if self.key is None else tuple(self.grouping.protocols["identities"][self.key])
        return self.grouping.scores[self.grouping.scores["identity"].isin(own)]

    @property
    def cautions(self) -> tuple[str, ...]:
        return () if self.key is None else tuple(self.grouping.protocols["cautions"][self.key])


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


def members(chosen: str) -> tuple[str, ...]:
    """The benchmarks of a set."""
    return LEADERBOARD_SIX if chosen == LEADERBOARD else (chosen,)


@lru_cache(maxsize=8)
def grouping(frames: Frames, benchmarks: tuple[str, ...], community: bool = False) -> protocols.Grouping:
    """The protocols of these benchmarks; kept for the views that ask for the same next. Read-only."""
    return protocols.group(
        frames.scores(benchmarks),
        benchmarks,
        models=frames.models,
        catalogue=frames.benchmarks,
        include_community=community,
    )


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


@lru_cache(maxsize=16)
def choice(frames: Frames, benchmarks: tuple[str, ...], protocol: str, community: bool = False) -> Choice:
    """The measurements under a protocol; the widest where ``protocol`` is not one of these benchmarks'. Read-only.

    Kept for the next: most changes of a page leave benchmarks and protocol as they are.
    """
    cut = grouping(frames, benchmarks, community)
    key = protocol if protocol in cut.protocols.index else protocols.widest(cut)
    label = "" if key is None else str(cut.protocols.at[key, "label"])
    measured = measurements.measure(cut, key, models=frames.models, include_community=community)
    return Choice(cut, key, label, measured)


def baseline(frames: Frames, benchmarks: tuple[str, ...]) -> float | None:
    """Score of guessing on one benchmark; None for several, or when it is not known."""
    if len(benchmarks) != 1 or benchmarks[0] not in frames.benchmarks.index:
        return None
    return formats.number(frames.benchmarks.at[benchmarks[0], "random_baseline"])


def label_of(frames: Frames, benchmark: str) -> str:
    """What people call a benchmark."""
    known = frames.benchmarks
    return str(known.at[benchmark, "label"]) if benchmark in known.index else benchmark
