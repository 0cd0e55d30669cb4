"""Which way is better: by the source, by the metric's name, or unknown; and what nobody says where it is unknown."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from lib.analysis import findings, measurements, model_scores, protocols, records, side_by_side, side_by_side_words
from lib.analysis.directions import higher_is_better
from lib.schema.metrics import direction, known_direction
from lib.schema.text import plain
from tests.analysis import frames

SIZES = {"big": 70e9, "small": 1e9}
MODELS = frames.models([{"id": name, "name": name, "params_total": size} for name, size in SIZES.items()])
TOLD = [
    # metric, stated by the source, higher is better
    ("acc", None, True), ("acc", False, False), ("EM", None, True), ("pass@10", None, True), ("score", None, True),
    ("perplexity", None, False), ("Word Perplexity", None, False), ("word_perplexity", None, False),
    ("byte_perplexity", None, False), ("bits_per_byte", None, False), ("ppl", None, False), ("loss", None, False),
    ("validation loss", None, False), ("WER", None, False), ("word error rate (lower is better)", None, False),
    ("mse", None, False), ("perplexity", True, True), ("elo", None, None), ("elo", True, True),
    ("pct_stereotype", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "stated", "higher"), TOLD)
def test_a_source_is_believed_then_the_name(metric: str, stated: bool | None, higher: bool | None) -> None:
    assert direction(metric, stated) is higher


def test_a_name_that_is_no_metric_has_no_direction() -> None:
    assert [known_direction(name) for name in ("", " ", "accomplice", "lossless", "glossary", "(acc)")] == [None] * 6


def test_results_in_a_frame_have_the_directions_of_single_ones() -> None:
    scores = frames.scores([{"metric": metric, "higher_is_better": stated} for metric, stated, _ in TOLD])
    assert [None if pd.isna(one) else one for one in higher_is_better(scores)] == [higher for *_, higher in TOLD]
    assert higher_is_better(frames.scores([])).empty


def measured(metric: str, stated: bool | None, **more: Any) -> measurements.Measured:
    """The small model 10 points above the large one, with counts unless told otherwise."""
    rows: list[dict[str, Any]] = []
    for model, k in (("big", 6000), ("small", 7000)):
        p = k / 10_000
        counts = {"n_samples": 10_000, "n_correct": k, "stderr": math.sqrt(p * (1 - p) / 9_999)}
        rows.append({"model": model, "score": p, "metric": metric, "higher_is_better": stated, **counts, **more})
    catalogue = frames.benchmarks({"mmlu": "MMLU"}).assign(default_metric=metric)
    grouping = protocols.group(frames.scores(rows), ("mmlu",), models=MODELS, catalogue=catalogue)
    return measurements.measure(grouping, protocols.widest(grouping), models=MODELS)


@pytest.mark.parametrize("counts", [{}, {"n_correct": float("nan")}])
@pytest.mark.parametrize(
    ("metric", "stated", "verdict"),
    [
        ("acc", None, "PASS"),
        ("acc", False, ""),
        ("perplexity", None, ""),
        ("perplexity", False, ""),
        ("elo", None, ""),
        ("elo", True, "PASS"),
    ],
)
def test_a_verdict_needs_a_metric_that_is_better_high(
    counts: dict[str, float], metric: str, stated: bool | None, verdict: str
) -> None:
    found = findings.within_margin(measured(metric, stated, **counts), MODELS, "big").rows
    assert found["verdict"].tolist() == [verdict]
    assert found["p"].isna().tolist() == [verdict == ""]
    assert found["is_headline"].tolist() == [verdict == "PASS"]


@pytest.mark.parametrize(
    ("metric", "word", "sentence"),
    [
        ("acc", side_by_side.BETTER, "small is shown to be better than big on this benchmark. "),
        ("perplexity", side_by_side.WORSE, "small is shown to be worse than big on this benchmark. "),
        ("elo", side_by_side.NO_DIRECTION, "small is shown to differ from big on this benchmark, where nobody says which way is better. "),
    ],
)  # fmt: skip
def test_a_difference_is_better_or_worse_only_where_that_is_known(metric: str, word: str, sentence: str) -> None:
    rows = measured(metric, None).rows
    found = side_by_side.differences(rows, ["big", "small"], ["mmlu"], "big")
    assert found["verdict"].tolist() == [word]
    said = side_by_side_words.takeaway(found, "big", {"big": "big", "small": "small"}, 1)
    assert plain(said) == sentence


def test_records_and_shares_know_lower_from_unknown() -> None:
    for metric, reason in (("perplexity", "lower is better on this metric"), ("elo", "not known which way is better on this metric")):  # fmt: skip
        found = records.records(measured(metric, None).rows, MODELS, [0.5])
        assert found.steps.empty and found.excluded == {reason: 2}
    printed = frames.scores([{"kind": "board", "metric": metric, "higher_is_better": None} for metric in ("acc", "perplexity", "elo")])  # fmt: skip
    assert records.published_best(printed.assign(model=["a", "b", "c"]))["model"].tolist() == ["a"]
    assert model_scores.is_share(printed).tolist() == [True, False, True]
