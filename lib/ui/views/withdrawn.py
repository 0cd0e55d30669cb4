"""Scores that only withdrawn sources hold, where pages ask why a cell is empty."""

from __future__ import annotations

import pandas as pd

from lib.store.frames import Frames


def placed(frames: Frames, withdrawn: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """The withdrawn scores under the names of their benchmarks."""
    place = frames.state.places.benchmarks.place
    of = [place(task, metric).benchmark for task, metric in zip(withdrawn["task"], withdrawn["metric"], strict=True)]
    placed = withdrawn.assign(benchmark=pd.Series(of, withdrawn.index, dtype=object))
    return placed[placed["benchmark"].isin(names)]
