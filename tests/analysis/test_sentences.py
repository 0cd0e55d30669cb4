"""Findings, the table of models and the takeaways: full, one model, nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lib.analysis import findings, labels, measurements, models_table, plane, protocols, records, sizes, takeaways
from lib.schema.text import plain
from tests.analysis import frames


def row(model: str, score: float, n: int = 10000, benchmark: str = "mmlu", **more: Any) -> dict[str, Any]:
    k = round(score * n)
    p = k / n
    return {"model": model, "score": p, "n_samples": n, "n_correct": k, "stderr": math.sqrt(p * (1 - p) / (n - 1)), "benchmark": benchmark, "task": benchmark, **more}  # fmt: skip


MODELS = frames.models(
    [
        {"id": "big", "name": "Big 70B", "params_total": 70e9, "released_on": "2023-02-28"},
        {"id": "equal", "name": "Equal 9B", "params_total": 9e9, "released_on": "2024-01-31"},
        {"id": "lucky", "name": "Lucky 3B", "params_total": 3e9, "released_on": "2024-03-31"},
        {"id": "far", "name": "Far 1B", "params_total": 1e9, "released_on": "2024-06-30"},
        {"id": "closed", "name": "Closed 400B", "params_total": 400e9, "open_weights": False},
        {"id": "moe", "name": "Mixture", "params_total": 100e9, "params_active": 10e9, "is_moe": True},
        {"id": "huge", "name": "Disputed 2B", "params_total": 2e9, "size_status": "disputed"},
    ]
)
SCORES = [row("big", 0.70), row("equal", 0.71), row("lucky", 0.69, 300), row("far", 0.55), row("closed", 0.8), row("moe", 0.7), row("huge", 0.75)]  # fmt: skip


def grouped(rows: list[dict[str, Any]], names: tuple[str, ...] = ("mmlu",)) -> protocols.Grouping:
    catalogue = frames.benchmarks({"mmlu": "MMLU", "arc": "ARC"})
    return protocols.group(frames.scores(rows), names, models=MODELS, catalogue=catalogue)


def test_the_reference_is_the_oldest_of_the_best_known() -> None:
    names = [f"m{i}" for i in range(7)]
    facts = MODELS.loc[["big"] * 7].set_axis(names)
    facts = facts.assign(released_on=pd.date_range("2023-01-01", periods=7), origin="catalogue")
    rows = [{**SCORES[0], "model": name, "run_id": i} for i, name in enumerate(names)]
    grouping = protocols.group(
        frames.scores(rows), ("mmlu",), models=facts, catalogue=frames.benchmarks({"mmlu": "MMLU"})
    )
    measured = measurements.measure(grouping, protocols.widest(grouping), models=facts)
    places = pd.Series([1, 1, 5, 5, 5, 5, 5], index=names)
    # The two oldest are not among the five that are known best.
    assert findings.reference_model(measured, facts, places_measured=places) == "m2"
    assert findings.reference_model(measured, facts) == "m0"


def test_the_headline_is_the_smallest_that_holds_after_holm() -> None:
    grouping = grouped(SCORES)
    measured = measurements.measure(grouping, protocols.widest(grouping, "big"), models=MODELS)
    assert findings.reference_model(measured, MODELS) == "big"
    found = findings.within_margin(measured, MODELS, "big").rows.set_index("model")
    assert found.index.tolist() == ["far", "equal"]  # the disputed size is no candidate; lucky ran on other questions
    assert found["verdict"].to_dict() == {"far": "FAIL", "equal": "PASS"}
    assert found.index[found["is_headline"]].tolist() == ["equal"]
    finding = findings.smallest_within_margin(grouping, MODELS)
    assert plain(finding.sentence) == (
        "Of 2 smaller models tried, Equal 9B (9B) is the smallest shown to be within 2 points of Big 70B (70B) on MMLU, 5-shot, acc, "
        "version 1 · lm-eval 0.4, about 7.8 times smaller."
    )
    assert [span.role for span in finding.sentence if span.role] == ["small", "large", "strong"]
    assert finding.page == "cheapest" and finding.query == {"like": "big", "bench": ["mmlu"]}


def test_nobody_shown_is_said_with_the_counts() -> None:
    finding = findings.smallest_within_margin(grouped([row("big", 0.7, 300), row("equal", 0.7, 300), row("far", 0.3, 300)]), MODELS)  # fmt: skip
    assert plain(finding.sentence).startswith(
        "No model smaller than Big 70B is shown to be within 2 points of it on MMLU"
    )
    assert "1 of 2 are shown to lie further below, for 1 there are too few questions" in plain(finding.sentence)
    assert finding.is_found


def test_a_pass_on_one_benchmark_is_none_on_the_panel() -> None:
    rows = [*SCORES[:2], row("big", 0.6, benchmark="arc"), row("equal", 0.5, benchmark="arc")]
    grouping = grouped(rows, ("mmlu", "arc"))
    measured = measurements.measure(grouping, protocols.widest(grouping), models=MODELS)
    found = findings.within_margin(measured, MODELS, "big").rows
    assert found["verdict"].tolist() == ["FAIL"]
    assert not found["is_headline"].any()


@pytest.mark.parametrize(
    "rows", [[], [row("big", 0.7)], [{"model": "big", "score": 0.7}, {"model": "far", "score": 0.6}]]
)
def test_without_data_the_reason_is_said(rows: list[dict[str, Any]]) -> None:
    finding = findings.smallest_within_margin(grouped(rows), MODELS)
    assert not finding.is_found
    assert plain(finding.sentence).endswith(".")


def test_share_active_in_mixtures() -> None:
    assert plain(findings.active_share(MODELS).sentence) == (
        "In the one mixture of experts that states both, 10% of the parameters work on each token."
    )
    assert not findings.active_share(MODELS.drop("moe")).is_found
    two = pd.concat(
        [MODELS, frames.models([{"id": "m2", "params_total": 100e9, "params_active": 30e9, "is_moe": True}])]
    )
    assert plain(findings.active_share(two).sentence) == (
        "In the median mixture of experts 20% of the parameters work on each token; from 10% to 30%, 2 models."
    )


def test_tokens_then_and_now() -> None:
    models = frames.models(
        [
            {"id": "gpt-3", "params_total": 175e9, "training_tokens": 300e9, "released_on": "2020-05-28"},
            {"id": "gopher", "params_total": 280e9, "training_tokens": 300e9, "released_on": "2021-12-08"},
            {"id": "late", "params_total": 540e9, "training_tokens": 800e9, "released_on": "2022-04-05"},
            {"id": "llama", "params_total": 8e9, "training_tokens": 15e12, "released_on": "2024-04-18"},
            {"id": "tuned", "params_total": 8e9, "tokens_inherited": 15e12, "released_on": "2024-04-18"},
        ]
    )
    assert plain(findings.tokens_then_and_now(models).sentence) == (
        "Before April 2022 the median model above 100 billion parameters saw 1.4 training tokens per parameter (2 models). "
        "Since 2024 the median model up to 10 billion has seen 1,875 (1 model)."
    )
    assert not findings.tokens_then_and_now(models.drop("llama")).is_found
    assert not findings.tokens_then_and_now(models.iloc[:0]).is_found
    found = takeaways.parameters_and_tokens(plane.plane(models))
    assert plain(found).startswith(plain(findings.tokens_then_and_now(models).sentence))


def test_findings_come_in_the_order_of_the_cards() -> None:
    found = findings.findings(MODELS, grouped(SCORES))
    assert [f.page for f in found] == ["parameters-and-tokens", "cheapest", "parameters-and-tokens"]
    assert len(findings.findings(MODELS.iloc[:0], grouped([]))) == 3


def table(models: pd.DataFrame, rows: list[dict[str, Any]], names: tuple[str, ...] = ("mmlu",)) -> pd.DataFrame:
    grouping = grouped(rows, names)
    measured = measurements.measure(grouping, protocols.widest(grouping), models=models)
    runs = pd.DataFrame({"model": ["big", "big", None]})
    return models_table.models_table(sizes.with_size(models), measured, runs)


def test_the_table_has_a_row_for_every_model() -> None:
    found = table(MODELS, SCORES).set_index("model")
    assert found.index.tolist() == MODELS.index.tolist()
    assert found.at["big", "n_runs"] == 2
    assert found.at["equal", "score: mmlu"] == found.at["equal", "score"] == 0.71
    assert found.at["equal", "ci_method"] == "Wilson"
    assert set(found.index[found["on_frontier"]]) == {"far", "huge", "closed"}
    assert found.at["huge", "marks"] == "size disputed"
    assert np.isnan(found.at["lucky", "score"])
    assert not found.at["lucky", "is_complete"]


def test_a_mean_over_an_incomplete_panel_is_not_shown() -> None:
    rows = [*SCORES[:2], row("equal", 0.5, benchmark="arc")]
    found = table(MODELS, rows, ("mmlu", "arc")).set_index("model")
    assert found["score"].notna().sum() == 1
    assert found.at["equal", "score"] == pytest.approx(0.605)
    assert found.at["big", "score: mmlu"] == 0.70
    assert np.isnan(found.at["big", "score: arc"])


def test_the_table_of_nothing_and_of_one() -> None:
    empty = table(MODELS.iloc[:0], [])
    assert empty.empty
    assert set(models_table.PLAIN_COLUMNS) <= set(empty.columns)
    one = table(MODELS.iloc[:1], [])
    assert len(one) == 1
    assert plain(takeaways.models(one, "MMLU", 35e9)) == (
        "1 model, 0 small (at most 35 billion parameters). None of them has a score on MMLU yet."
    )
    assert plain(takeaways.models(empty, "MMLU", 35e9)) == "The store holds no models yet."
    removed = [sizes.Removed("kind", 7)]
    assert plain(takeaways.models(empty, "MMLU", 35e9, removed=removed)) == (
        "No model passes these filters; they removed 7."
    )


def test_models_takeaway_names_the_best_of_each_side() -> None:
    text = plain(takeaways.models(table(MODELS, SCORES), "MMLU", 35e9))
    assert text == (
        "7 models, 4 small (at most 35 billion parameters). On MMLU the best small one scored 75.0% ± 0.8 "
        "(Disputed 2B, 2B); the best large one 80.0% ± 0.8 (Closed 400B, 400B)."
    )
    only_large = table(MODELS.loc[["big"]], SCORES)
    assert "On MMLU the best large one scored 70.0% ± 0.9 (Big 70B, 70B)." in plain(
        takeaways.models(only_large, "MMLU", 35e9)
    )


def recorded(names: list[str], targets: list[float] | None = None, **change: Any) -> records.Records:
    rows = [{**SCORES[MODELS.index.get_loc(name)], **change} for name in names]
    grouping = grouped(rows)
    measured = measurements.measure(grouping, protocols.widest(grouping), models=MODELS)
    return records.records(measured.rows, MODELS, targets)


def test_overview_takes_the_largest_fall() -> None:
    found = recorded(["big", "equal", "far"], [0.5, 0.7])
    assert plain(takeaways.overview(found, "MMLU")) == (
        "Measured one way, 50% of MMLU took 70 billion parameters in February 2023 and 1 billion by June 2024: "
        "about 70 times smaller in 16 months."
    )
    assert [span.role for span in takeaways.overview(found, "MMLU") if span.role] == ["large", "small", "strong"]


def test_overview_says_when_intervals_are_missing_or_reach_below() -> None:
    none = {"stderr": np.nan, "n_samples": np.nan, "n_correct": np.nan}
    assert plain(takeaways.overview(recorded(["big", "equal"], [0.7], **none), "MMLU")).endswith(
        "These scores came without intervals."
    )
    assert plain(takeaways.overview(recorded(["big", "equal"], [0.71]), "MMLU")).endswith(
        "The interval of Equal 9B reaches below 71%, so it may be luck."
    )


def test_overview_of_one_model_of_none_and_as_published() -> None:
    one = plain(takeaways.overview(recorded(["big"]), "MMLU"))
    assert one == (
        "Measured one way, the smallest model known to reach 70% of MMLU is Big 70B (70B), released in February 2023. "
        "The interval of Big 70B reaches below 70%, so it may be luck."
    )
    nothing = plain(takeaways.overview(recorded([]), "MMLU"))
    assert nothing == "No model with a stated size and a release date has been measured on MMLU yet."
    published = recorded(["big", "equal", "far"], [0.5])
    assert plain(takeaways.overview(recorded([]), "MMLU", published)).endswith(
        "As published, where evaluators differ, 50% went from 70 billion to 1 billion."
    )
    assert (
        plain(takeaways.overview(recorded(["big"], [0.9]), "MMLU"))
        == "1 model measured on MMLU, and no target reached yet."
    )


def test_parameters_and_tokens_of_one_and_of_none() -> None:
    one = frames.models([{"id": "a", "name": "A", "params_total": 1e9, "training_tokens": 2e12}])
    assert plain(takeaways.parameters_and_tokens(plane.plane(one))).startswith(
        "A (1B) was trained on 2 trillion tokens, 2,000 per parameter"
    )
    assert plain(takeaways.parameters_and_tokens(plane.plane(one.iloc[:0]))) == (
        "No model here states both its size and its training tokens."
    )
    silent = frames.models([{"id": "a", "params_total": 1e9}])
    assert "1 model left out" in plain(takeaways.parameters_and_tokens(plane.plane(silent)))


def test_boards_are_named_in_words() -> None:
    row = {"evaluator": "board:open-llm-leaderboard-v2", "document": None, "chat_template": None}
    assert labels.evaluator_label(row) == "Open LLM Leaderboard v2"
    assert labels.evaluator_label(row | {"evaluator": "board:somebody-s"}) == "somebody-s"
