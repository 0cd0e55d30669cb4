"""Sentences about one model: what is known of it, and where it stands against compute-optimal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import takeaways
from lib.analysis.plane import Plane
from lib.schema.text import Sentence, Span, sentence


def known(model: pd.Series, place: Plane, scores: pd.DataFrame, *, n_runs: int, n_checkpoints: int) -> Sentence:
    """Size, tokens and scores of one model, in at most three sentences.

    Args:
        model: Its row of ``Frames.models``.
        place: ``plane.plane`` of it alone: one point or none.
        scores: ``ModelScores.rows``: benchmark, part_of.
        n_runs: Its runs, those of checkpoints left out.
        n_checkpoints: Runs of states on the way.
    """
    first = takeaways.parameters_and_tokens(place) if len(place.points) else _without_point(model)
    doubt = " Its sources disagree on the size by more than a quarter." if model["size_status"] == "disputed" else ""
    whole = scores[scores["part_of"] == ""] if len(scores) else scores
    if not len(scores):
        told: list[str | Span] = [" No score of it is known yet."]
    else:
        on = formats.counted(whole["benchmark"].nunique(), "benchmark")
        parts = len(scores) - len(whole)
        told = [
            " The store holds ",
            Span(f"{formats.counted(len(whole), 'score')} on {on}", "strong"),
            f" (and {formats.count(parts)} on their parts)" if parts else "",
            f", from {formats.counted(n_runs, 'run')}",
            f"; {formats.counted(n_checkpoints, 'more run')} of states on the way" if n_checkpoints else "",
            ".",
        ]
    return (*first, *sentence(doubt, *told))


def _without_point(model: pd.Series) -> Sentence:
    """Size and tokens where one of them is not published."""
    size = formats.number(model["params_total"])
    tokens = formats.number(model["training_tokens"]) or formats.number(model["tokens_inherited"])
    name = Span(str(model["name"]), "strong")
    if size is None and tokens is None:
        return sentence(name, ": neither its size nor its training tokens are published.")
    if size is None:
        return sentence(name, f" was trained on {formats.tokens_in_words(tokens)} tokens; its size is not published.")
    words = Span(f"{formats.parameters_in_words(size)} parameters", "strong")
    if tokens is None:
        return sentence(name, " has ", words, "; its training tokens are not published.")
    return sentence(name, " has ", words, f"; {formats.tokens_in_words(tokens)} training tokens are stated for it.")


def against_optimal(place: Plane) -> Sentence:
    """Over- or under-training of one model: by what factor, the 80% band, and the optimum of the same compute.

    Args:
        place: ``plane.plane`` of it alone.
    """
    if not len(place.points):
        reason = str(place.left_out["reason"].iloc[0]) if len(place.left_out) else "nothing is known of it"
        return sentence(Span("It has no place on this plane", "strong"), f": {reason}.")
    point = place.points.iloc[0]
    ratio, low, high = (float(point[name]) for name in ("ratio_equal_compute", "ratio_low", "ratio_high"))
    per_parameter = formats.plain(point["tokens_per_parameter"])
    if not np.isfinite([ratio, low, high]).all():
        why = str(point["ratio_text"])
        return sentence(
            Span(f"{per_parameter} training tokens per parameter", "strong"),
            f"; {why}." if why else ".",
        )
    # The law speaks of dense models only, whose parameters are the same however they are counted.
    best = formats.plain(float(point["tokens_per_parameter"]) / ratio)
    if ratio >= 1:
        factor, band = f"{formats.times(ratio)} the {best}", f"{formats.plain(low)} to {formats.plain(high)} times"
    else:
        factor, band = (
            f"{formats.score(ratio, 0)} of the {best}",
            f"{formats.score(low, 0)} to {formats.score(high, 0)}",
        )
    verdict, tail = "Within the range of compute-optimal", ""
    if low > 1:
        verdict = "Trained past compute-optimal"
        tail = " That is no mistake: a small model trained for longer is cheaper to use."
    elif high < 1:
        verdict = "Stopped short of compute-optimal"
    return sentence(
        Span(verdict, "strong"),
        f": {per_parameter} training tokens per parameter, {factor} that the same compute calls for "
        f"(80% band: {band}).{tail}",
    )
