"""The scores of one model on its way: one benchmark, one protocol, a point per state of training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import protocols
from lib.analysis.model_scores import each, is_share

FEWEST_STATES = 3
"""Fewer states make no curve."""


class Curve(NamedTuple):
    """Scores against training tokens.

    Args:
        points: One row per run, by training tokens: model, training_tokens (0: before training), revision, is_final,
            score, ci_low, ci_high, n_samples, run.
        label: The protocol in words, with its benchmark.
        cautions: What is unknown or varies within it.
    """

    points: pd.DataFrame
    label: str
    cautions: tuple[str, ...]


def benchmarks_of(scores: pd.DataFrame) -> pd.Series:
    """Benchmarks with enough states for a curve: name to number of different training tokens, most first.

    Args:
        scores: ``Frames.scores_of`` of all runs of one model that say their training tokens.
    """
    known = scores[scores["score"].notna() & scores["training_tokens"].notna()]
    counts = known.groupby("benchmark")["training_tokens"].nunique()
    counts = counts[counts >= FEWEST_STATES]
    return counts.sort_index().sort_values(ascending=False, kind="stable")


def rise(scores: pd.DataFrame) -> pd.Series:
    """How far the shares of each benchmark moved under any one metric and number of shots: name to points of score."""
    shares = scores[is_share(scores) & scores["training_tokens"].notna().to_numpy(bool)]
    moved = shares.groupby(["benchmark", "metric", "n_shot"], dropna=False)["score"].agg(lambda s: s.max() - s.min())
    return moved.groupby("benchmark").max()


def protocols_of(scores: pd.DataFrame, benchmark: str, catalogue: pd.DataFrame) -> tuple[protocols.Grouping, pd.Series]:
    """The protocols of one benchmark and how many states each has (enough for a curve only), most first.

    The default metric of the benchmark goes first where states are equally many.
    """
    known = scores[scores["training_tokens"].notna()]
    cut = protocols.group(known, [benchmark], catalogue=catalogue)
    states = cut.scores.groupby("identity")["training_tokens"].nunique()
    of_key = {str(key): int(states.get(row["identities"][0], 0)) for key, row in cut.protocols.iterrows()}
    counts = pd.Series(of_key, dtype=float)
    default = catalogue["default_metric"].get(benchmark)
    is_default = pd.Series(
        {str(key): row["metrics"][0] == default for key, row in cut.protocols.iterrows()}, dtype=bool
    )
    kept = counts[counts >= FEWEST_STATES]
    order = np.lexsort((kept.index.to_numpy(str), ~is_default[kept.index].to_numpy(bool), -kept.to_numpy(float)))
    return cut, kept.iloc[order].astype(int)


def curve(grouping: protocols.Grouping, key: str, models: pd.DataFrame) -> Curve:
    """The points of one protocol of ``protocols_of``."""
    row = grouping.protocols.loc[key]
    scores = grouping.scores[grouping.scores["identity"] == row["identities"][0]].reset_index(drop=True)
    is_state = scores["is_checkpoint"].to_numpy(bool)
    # Every state is wanted here; elsewhere a state on the way is not a score of the model.
    measured = each(scores.assign(is_checkpoint=False), scores["run"].astype(str), models).rows
    of_run = scores.assign(is_final=~is_state).drop_duplicates("run").set_index("run")
    of_run = of_run[["training_tokens", "revision", "is_final"]]
    points = measured.join(of_run, on="run")
    points = points.sort_values(["training_tokens", "is_final", "run"], kind="stable").reset_index(drop=True)
    columns = ["model", "training_tokens", "revision", "is_final", "score", "ci_low", "ci_high", "n_samples", "run"]
    return Curve(points[columns], str(row["label"]), tuple(row["cautions"]))
