"""Whether one model, chosen beforehand, is shown to be within a margin of another: the verdict, and its words.

No correction over candidates: there is one. Over several benchmarks the model passes only if it passes each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import cheapest
from lib.analysis.cheapest import FAIL, NO_VERDICT, PASS, TOO_FEW_DATA, Pair
from lib.analysis.cheapest_choice import Standing
from lib.analysis.cheapest_words import points
from lib.stats import noninferiority
from lib.stats.noninferiority import ALPHA

NOT_MEASURED = "NOT MEASURED"


class Quality(NamedTuple):
    """What is shown.

    Args:
        verdict: PASS, FAIL, TOO FEW DATA, NO VERDICT, or NOT_MEASURED where no one way of measuring has both.
        words: After the model's name: ``is shown to be within 2 points of X on each of 6 benchmarks``.
        tests: One row per benchmark, ``cheapest.TEST_COLUMNS``.
        protocol: How both were measured, '' without.
    """

    verdict: str
    words: str
    tests: pd.DataFrame
    protocol: str


def quality(
    stands: Standing | None,
    small: str,
    large: str,
    *,
    chance: Mapping[str, float],
    margin: float,
    names: Mapping[str, str],
    labels: Mapping[str, str],
    pairs: Sequence[Pair] = (),
    alpha: float = ALPHA,
) -> Quality:
    """The verdict on one pair.

    Args:
        stands: The panel under a protocol that contains the large model; None: no benchmark was chosen.
        chance: Score of guessing by benchmark.
        margin: In score.
        names, labels: Of models and benchmarks.
        pairs: Stored answers to the same questions.
    """
    nothing = pd.DataFrame(columns=list(cheapest.TEST_COLUMNS))
    name = names.get(large, large)
    if small == large:
        return Quality(PASS, "is the same model", nothing, "")
    if stands is None or stands.key is None or not {small, large} <= set(stands.complete.models):
        return Quality(NOT_MEASURED, f"was not measured beside {name} one way, so nothing is shown about its quality", nothing, "")  # fmt: skip
    on = _on(stands.complete.benchmarks, labels)
    at_chance, _ = cheapest.against_chance(stands.complete, large, chance)
    if at_chance:
        low = ", ".join(labels.get(one, one) for one in at_chance)
        return Quality(NO_VERDICT, f"gets no verdict: {name} is not distinguishable from guessing on {low}", nothing, stands.label)  # fmt: skip
    chosen = [stands.complete.models.index(small)]
    tests = cheapest.tests(stands.complete, large, chosen, margin=margin, alpha=alpha, pairs=pairs)
    over_all = noninferiority.panel(
        tests["verdict"].to_numpy(object)[None, :], tests["p"].to_numpy(float, na_value=np.nan)[None, :]
    )
    verdict = str(np.asarray(over_all.verdict).ravel()[0])
    within = f"within {points(margin)} of {name} {on}"
    words = {
        PASS: f"is shown to be {within}",
        FAIL: f"is shown not to be {within}",
        TOO_FEW_DATA: f"is not shown to be {within}: too few questions to tell",
        NO_VERDICT: f"is not shown to be {within}: its scores came without intervals",
    }
    return Quality(verdict, words.get(verdict, f"is not shown to be {within}"), tests, stands.label)


def _on(benchmarks: Sequence[str], labels: Mapping[str, str]) -> str:
    if len(benchmarks) == 1:
        return f"on {labels.get(benchmarks[0], benchmarks[0])}"
    return f"on each of {len(benchmarks)} benchmarks"
