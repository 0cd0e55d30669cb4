"""The cost frontier and the target against plain definitions; what each basis costs; the words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lib.analysis import cost_bases, cost_words
from lib.analysis.cost_bases import API, BASES, of_prices, of_running, token_count
from lib.analysis.cost_frontier import ABOVE, BELOW, MAY, SILENT, base_of, cost_frontier, one_per_base, usual_target
from lib.analysis.listed_prices import Price
from lib.schema.text import plain
from tests.analysis import frames

ROW = st.tuples(st.sampled_from([0.1, 0.2, 0.5, 1.0, 3.0]), st.integers(0, 60), st.sampled_from([60, 60, 60, 0]))


def table(given_: list[tuple[float, int, int]]) -> pd.DataFrame:
    """Rows of (cost, right answers, questions); without questions there is no interval."""
    cost, right, n = (np.array(one, float) for one in zip(*given_, strict=True))
    asked = np.where(n > 0, n, 60.0)
    share = right / asked
    has = n > 0
    return pd.DataFrame(
        {
            "model": [f"m{i}" for i in range(len(given_))],
            "name": [f"Model {i}" for i in range(len(given_))],
            "side": "small",
            "cost": cost,
            "score": share,
            "stderr": np.where(has, np.sqrt(share * (1 - share) / (asked - 1)), np.nan),
            "n_samples": np.where(has, asked, np.nan),
            "n_correct": np.where(has, right, np.nan),
            "has_interval": has,
            "sigma": 0.0,
            "shared_sigma": 0.0,
        }
    )


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=12), st.sampled_from([0.3, 0.5, 0.62]))
def test_verdicts_and_headline_by_the_definition(given_: list[tuple[float, int, int]], target: float) -> None:
    found = cost_frontier(table(given_), target)
    records = found.rows.to_dict("records")
    ps = {}
    for row in records:
        if np.isnan(row["n_samples"]):
            assert row["verdict"] == SILENT and np.isnan(row["p"]) and np.isnan(row["p_on"]) and not row["on_line"]
            ps[row["model"]] = 1.0
            continue
        z = (row["score"] - target) / math.sqrt(target * (1 - target) / 60)
        ps[row["model"]] = p = float(1 - norm.cdf(z))
        assert row["p"] == pytest.approx(p, abs=1e-9)
        assert row["verdict"] == (ABOVE if p < 0.05 else MAY if row["score"] > target else BELOW)
    # Holm by hand: the k-th smallest of m is held against 0.05/(m - k + 1), until one fails.
    confirmed: list[str] = []
    for k, model in enumerate(sorted(ps, key=lambda one: ps[one])):
        if ps[model] > 0.05 / (len(ps) - k):
            break
        confirmed.append(model)
    assert {row["model"] for row in records if row["is_confirmed"]} == set(confirmed)
    best = found.headline
    if best is None:
        assert not confirmed
    else:
        cheapest = min(row["cost"] for row in records if row["model"] in confirmed)
        assert best["model"] in confirmed and best["cost"] == cheapest
    merely = found.merely
    above = [row["cost"] for row in records if row["score"] > target]
    assert (merely is None) == (not above) and (merely is None or merely["cost"] == min(above))


@given(st.lists(ROW, min_size=1, max_size=12))
def test_the_line_is_what_nothing_as_cheap_beats(given_: list[tuple[float, int, int]]) -> None:
    # The line takes scores with an interval, all right and all wrong among them.
    records = cost_frontier(table(given_), 0.5).rows.to_dict("records")
    taking = [row for row in records if row["has_interval"]]
    for row in records:
        beaten = any(
            other["cost"] <= row["cost"]
            and other["score"] >= row["score"]
            and (other["cost"] < row["cost"] or other["score"] > row["score"])
            for other in taking
        )
        assert row["on_line"] == (row["has_interval"] and not beaten)
        assert np.isnan(row["p_on"]) == (not row["has_interval"])


def test_a_clear_frontier_is_sure_and_neighbours_share_it() -> None:
    rows = table([(0.1, 20, 60), (1.0, 50, 60), (1.0, 50, 60), (3.0, 21, 60)])
    found = cost_frontier(rows, 0.5).rows.set_index("model")
    assert found.at["m0", "p_on"] == 1.0
    assert 0.4 < found.at["m1", "p_on"] < 0.6 < found.at["m1", "p_on"] + found.at["m2", "p_on"]
    assert found.at["m1", "p_near"] > found.at["m1", "p_on"]
    assert found.at["m3", "p_on"] < 0.01
    again = cost_frontier(rows, 0.5).rows.set_index("model")
    assert again["p_on"].equals(found["p_on"])


def test_one_variant_of_each_base_the_developers_own_first() -> None:
    models = frames.models(
        [
            {"id": "base", "developer": "D"},
            {"id": "chat", "developer": "D", "finetuned_from": "base"},
            {"id": "tuned", "developer": "X", "finetuned_from": "chat"},
            {"id": "quantised", "developer": "D", "variant_of": "chat"},
            {"id": "other", "developer": "Y"},
        ]
    )
    assert base_of("tuned", models) == "base" and base_of("quantised", models) == "base" and base_of("gone", models) == "gone"  # fmt: skip
    rows = pd.DataFrame({"model": ["tuned", "chat", "base", "other"]})
    places = pd.Series({"tuned": 9, "chat": 3, "base": 2})
    assert one_per_base(rows, models, places)["model"].tolist() == ["chat", "other"]
    assert one_per_base(rows.head(1), models, places)["model"].tolist() == ["tuned"]
    looped = frames.models([{"id": "a", "finetuned_from": "b"}, {"id": "b", "finetuned_from": "a"}])
    assert base_of("a", looped) == "b"


def price(model: str, usd: float, **more: Any) -> Price:
    return Price(model, usd, usd, usd, 1, "2026-11-21", "ab" * 32, "host", **more)


def test_old_prices_are_no_cost() -> None:
    found = of_prices([price("a", 1.0), price("b", 2.0, age_days=91.0), price("c", 3.0, is_own=True)])
    assert found.index.tolist() == ["a", "c"] and found["cost"].tolist() == [1.0, 3.0]
    assert found.at["c", "told"] == "your own price" and "host" in found.at["a", "told"]
    assert of_prices([]).empty


def test_running_a_benchmark_and_a_right_answer() -> None:
    tokens = pd.DataFrame(
        {
            "benchmark": ["inspect_evals/arc_easy"] * 2,
            "model": ["x", "y"],
            "mean_prompt_tokens": [100.0, 120.0],
            "mean_answer_tokens": [150.0, 190.0],
        }
    )
    count = token_count(tokens, "arc_easy")
    assert count is not None and (count.prompt, count.answer, count.n_counts) == (110.0, 170.0, 2)
    assert token_count(tokens, "mmlu") is None and token_count(tokens.head(0), "arc_easy") is None
    scores = pd.DataFrame({"score": [0.5, 0.0], "n_samples": [1000.0, 1000.0]}, index=["a", "b"])
    prices = [price("a", 2.0), price("b", 2.0), price("without a score", 1.0)]
    whole = of_running(prices, scores, count, per_correct=False)
    # 280 tokens a question, a thousand questions, two dollars a million.
    assert whole["cost"].tolist() == pytest.approx([0.56, 0.56]) and whole["is_assumed"].all()
    each = of_running(prices, scores, count, per_correct=True)
    assert each.index.tolist() == ["a"] and each.at["a", "cost"] == pytest.approx(0.56 / 500)


def test_words_tell_shown_from_scored() -> None:
    found = cost_frontier(table([(0.1, 33, 60), (1.0, 50, 60)]), 0.5)
    told = plain(cost_words.takeaway(found, BASES[API], "MMLU"))
    assert told == (
        "Of 2 models, the cheapest shown to be above 50% on MMLU is Model 1 at $1.00 per million tokens. "
        "Model 0 scores 55.0% at $0.10, about a tenth of that, but is not shown to be above 50%: 60 questions are too few to tell."
    )  # fmt: skip
    nobody = plain(cost_words.takeaway(cost_frontier(table([(0.1, 33, 60)]), 0.5), BASES[API], "MMLU"))
    assert "No model is shown to be above 50%" in nobody and "without being shown to" in nobody
    empty = cost_frontier(table([(0.1, 33, 60)]).head(0), 0.5)
    assert "No model has both" in plain(cost_words.takeaway(empty, BASES[API], "MMLU"))
    for word in (told, nobody):
        assert not any(bad in word for bad in ("equal", "same", "as good as", "tie ", "noise"))


@pytest.mark.parametrize(("scores", "target"), [([0.31, 0.42, 0.5, 0.58], 0.5), ([], 0.5), ([0.001], 0.05), ([0.999], 0.95)])  # fmt: skip
def test_usual_targets_are_round(scores: list[float], target: float) -> None:
    assert usual_target(pd.Series(scores, dtype=float)) == pytest.approx(target)


def test_memory_needs_a_known_cache() -> None:
    models = frames.models([{"id": "a", "params_total": 8e9, "context_length": 4096}, {"id": "b", "params_total": 1e9}])
    models = models.assign(n_layers=[32.0, np.nan], n_kv_heads=[8.0, np.nan], head_dim=[128.0, np.nan])
    found = cost_bases.of_memory(models, pd.DataFrame(), 16, 4096)
    assert found.index.tolist() == ["a"]
    assert found.at["a", "cost"] == pytest.approx((16e9 + 131072 * 4096) / 1e9) and found.at["a", "fields"] == "memory"


def test_the_probability_of_two_models_is_that_of_their_difference() -> None:
    rows = table([(0.1, 30, 60), (1.0, 33, 60)])
    found = cost_frontier(rows, 0.5).rows.set_index("model")
    spread = math.hypot(*rows["stderr"])
    assert found.at["m0", "p_on"] == 1.0
    assert found.at["m1", "p_on"] == pytest.approx(norm.cdf(0.05 / spread), abs=0.03)
    assert found.at["m1", "p_near"] == pytest.approx(norm.cdf(0.06 / spread), abs=0.03)
    # A cost that is off by a factor may make the dearer one the cheaper.
    unsure = cost_frontier(rows.assign(sigma=2.0), 0.5).rows.set_index("model")
    assert unsure.at["m0", "p_on"] < 0.95
