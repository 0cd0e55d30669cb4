"""Which benchmarks are asked about, under which protocol, and the measurements that follow from both."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

import pandas as pd

from lib.analysis import measurements, protocols
from lib.schema.boards import LEADERBOARD_SIX

LEADERBOARD = "open-llm-leaderboard-v2"
LEADERBOARD_LABEL = "Open LLM Leaderboard v2 (six)"


class Scores(Protocol):
    """What a choice needs of ``Frames``."""

    def __hash__(self) -> int: ...
    @property
    def models(self) -> pd.DataFrame: ...
    @property
    def benchmarks(self) -> pd.DataFrame: ...
    def scores(self, benchmarks: Iterable[str]) -> pd.DataFrame: ...


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


def members(chosen: str) -> tuple[str, ...]:
    """The benchmarks of a set."""
    return LEADERBOARD_SIX if chosen == LEADERBOARD else (chosen,)


@lru_cache(maxsize=8)
def grouping(frames: Scores, benchmarks: tuple[str, ...], community: bool = False) -> protocols.Grouping:
    """The protocols of these benchmarks; kept for the views that ask for the same next. Read-only."""
    return protocols.group(
        frames.scores(benchmarks),
        benchmarks,
        models=frames.models,
        catalogue=frames.benchmarks,
        include_community=community,
    )


@lru_cache(maxsize=16)
def choice(frames: Scores, benchmarks: tuple[str, ...], protocol: str, community: bool = False) -> Choice:
    """The measurements under a protocol; the widest where ``protocol`` is not one of these benchmarks'. Read-only.

    Kept for the next: most changes of a page leave benchmarks and protocol as they are.
    """
    cut = grouping(frames, benchmarks, community)
    key = protocol if protocol in cut.protocols.index else protocols.widest(cut)
    label = "" if key is None else str(cut.protocols.at[key, "label"])
    measured = measurements.measure(cut, key, models=frames.models, include_community=community)
    return Choice(cut, key, label, measured)
