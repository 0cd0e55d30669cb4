"""Saturation against a slow plain definition, and the sentences about it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import benchmark_words
from lib.analysis.saturation import judge, saturation
from lib.schema.text import plain
from lib.stats.intervals import choose_interval

Z95 = 1.959963984540054


def rows(cases: list[tuple[int, int] | tuple[float, float]]) -> pd.DataFrame:
    """Measurements from (right, questions), or from (score, standard error) where the second is below 1."""
    made: list[dict[str, Any]] = []
    for i, (first, second) in enumerate(cases):
        if second >= 1:
            p = first / second
            se = math.sqrt(p * (1 - p) / (second - 1)) if second > 1 else np.nan
            row = {"score": p, "stderr": se, "n_samples": float(second), "n_correct": float(first)}
        else:
            row = {"score": first, "stderr": second or np.nan, "n_samples": np.nan, "n_correct": np.nan}
        made.append({"model": f"m{i:03d}", "name": f"M {i}", **row})
    frame = pd.DataFrame(made, columns=["model", "name", "score", "stderr", "n_samples", "n_correct"])
    found = choose_interval(*(frame[c].to_numpy(float) for c in ("score", "stderr", "n_samples", "n_correct")))
    return frame.assign(ci_low=found.low, ci_high=found.high)


def wilson(k: float, n: float) -> tuple[float, float]:
    p, z2 = k / n, Z95**2
    centre, half = (p + z2 / (2 * n)) / (1 + z2 / n), Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return centre - half, centre + half


def slow(frame: pd.DataFrame, ceiling: float, chance: float) -> tuple[int, int, int]:
    """The three counts, one model at a time."""
    judged = [row for row in frame.to_dict("records") if not math.isnan(row["ci_low"])]
    if not judged:
        return 0, 0, 0
    best = max(judged, key=lambda row: (row["score"], [-ord(c) for c in row["model"]]))
    at_ceiling = like_best = like_chance = 0
    for row in judged:
        at_ceiling += row["ci_high"] >= ceiling
        like_best += row["model"] == best["model"] or includes_0(best, row)
        n, k = row["n_samples"], row["n_correct"]
        if not math.isnan(n) and not math.isnan(k):
            z = (row["score"] - chance) / math.sqrt(chance * (1 - chance) / n)
        else:
            z = (row["score"] - chance) / row["stderr"]
        like_chance += z < 1.645
    return at_ceiling, like_best, like_chance


def includes_0(a: dict[str, float], b: dict[str, float]) -> bool:
    d = a["score"] - b["score"]
    have_counts = not any(math.isnan(x[c]) for x in (a, b) for c in ("n_samples", "n_correct"))
    is_easy = all(x["n_samples"] >= 300 and 0.05 <= x["score"] <= 0.95 for x in (a, b))
    if have_counts and not is_easy:
        (la, ua), (lb, ub) = (wilson(x["n_correct"], x["n_samples"]) for x in (a, b))
        low = d - math.hypot(a["score"] - la, ub - b["score"])
        high = d + math.hypot(ua - a["score"], b["score"] - lb)
    else:
        se = math.hypot(a["stderr"], b["stderr"])
        if not se > 0:
            return True
        low, high = d - Z95 * se, d + Z95 * se
    return low <= 0 <= high


counted = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
with_error = st.tuples(st.floats(0.01, 0.99), st.floats(0.001, 0.2))
without = st.tuples(st.floats(0, 1), st.just(0.0))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(counted, with_error, without), max_size=12),
    st.sampled_from([1.0, 0.9351]),
    st.sampled_from([0.25, 0.5, 0.1]),
)
def test_counts_are_those_of_the_plain_definition(cases: list[Any], ceiling: float, chance: float) -> None:
    frame = rows(cases)
    full = saturation(judge(frame, ceiling=ceiling, chance=chance), ceiling=ceiling, chance=chance)
    assert (full.n_at_ceiling, full.n_like_best, full.n_like_chance) == slow(frame, ceiling, chance)
    assert full.n_models == len(cases)
    assert full.n_judged == int(frame["ci_low"].notna().sum())


@pytest.mark.parametrize("chance", [0.0, None])
def test_guessing_that_scores_nothing_is_beaten_by_one_right_answer(chance: float | None) -> None:
    judged = judge(rows([(0, 100), (1, 100), (90, 100)]), chance=chance)
    assert judged["is_like_chance"].tolist() == ([True, False, False] if chance == 0.0 else [False] * 3)


def test_lower_is_better_turns_the_best_around_and_has_no_ceiling() -> None:
    frame = rows([(0.2, 0.01), (0.5, 0.01), (0.21, 0.01)])
    judged = judge(frame, ceiling=None, higher_is_better=False)
    assert judged["is_best"].tolist() == [True, False, False]
    assert judged["is_like_best"].tolist() == [True, False, True]
    full = saturation(judged, ceiling=None)
    assert full.n_at_ceiling == 0
    said = [plain(one) for one in benchmark_words.how_full(judged, full, lambda row: str(row["score"]))]
    assert not any("reaches" in one for one in said)


def test_a_score_without_an_interval_is_never_the_best_to_compare_with() -> None:
    judged = judge(rows([(0.99, 0.0), (0.8, 0.01)]))
    assert judged["is_best"].tolist() == [False, True]
    assert judged["is_like_best"].tolist() == [False, True]


def test_input_is_left_alone() -> None:
    frame = rows([(5, 10), (7, 10)])
    before = frame.copy()
    judge(frame, chance=0.25)
    pd.testing.assert_frame_equal(frame, before)


def test_sentences_say_the_counts() -> None:
    frame = rows([(99, 100), (97, 100), (26, 100)]).assign(size=[7e9, 1e9, 2e9], is_small=True)
    judged = judge(frame, chance=0.25)
    full = saturation(judged, chance=0.25)
    said = " ".join(plain(one) for one in benchmark_words.how_full(judged, full, lambda row: f"{row['score']:.0%}"))
    assert "Of 3 models with an interval 0 reach 100% with it" in said
    assert "1 other model cannot be told from the best, M 0 (99%)" in said
    assert "1 is not shown to be above guessing (25%)" in said
    top = " ".join(plain(one) for one in benchmark_words.takeaway(judged, full, "X", lambda row: "s", is_share=True))
    assert "3 models measured one way on X. The best is M 0 (7B)" in top
    assert "The smallest that cannot be told from it is M 1 (1B)" in top
    assert "No interval reaches 100%" in top


def test_without_intervals_nothing_is_judged() -> None:
    frame = rows([(0.9, 0.0), (0.88, 0.0), (0.5, 0.0)]).assign(size=[70e9, 7e9, 1e9], is_small=[False, True, True])
    judged = judge(frame, chance=0.25)
    full = saturation(judged, chance=0.25)
    assert (full.n_judged, full.best, full.n_like_best) == (0, "", 0)
    (said,) = benchmark_words.how_full(judged, full, lambda row: "s")
    assert "None of the 3 scores here has an interval" in plain(said)
    top = [plain(one) for one in benchmark_words.takeaway(judged, full, "X", lambda row: "s", is_share=True)]
    assert top[1] == "The smallest within 5 points of it is M 1 (7B)."
