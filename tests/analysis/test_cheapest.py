"""The verdicts over a panel and their headline, against definitions written out slowly; and what is asked over."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lib.analysis import cheapest, cheapest_choice, cheapest_words, listed_prices, measurements, panel, protocols
from lib.analysis.cheapest import FAIL, NO_VERDICT, PASS, TOO_FEW_DATA, Pair
from lib.schema.text import plain
from lib.stats import noninferiority
from tests.analysis import frames

NAMES = ("mmlu", "arc")
CHANCE = {"mmlu": 0.25, "arc": 0.25}


def complete(scores: dict[str, list[tuple[float, float]]], names: tuple[str, ...] = NAMES, **more: Any) -> panel.Panel:
    """A panel of (score, number of questions) per model and benchmark; without questions there is no count."""
    rows = []
    for model, own in scores.items():
        for name, (score, n) in zip(names, own, strict=True):
            k = round(score * n) if n == n else math.nan
            p = k / n if n == n else score
            stderr = math.sqrt(p * (1 - p) / (n - 1)) if n == n and n > 1 else more.get("stderr", math.nan)
            rows.append({"model": model, "benchmark": name, "score": p, "stderr": stderr, "n_samples": n, "n_correct": k, "higher_is_better": more.get("high", True), "cautions": "", "run": f"run-{model}", "run_id": len(rows), "run_kind": "raw", "metric": "acc"})  # fmt: skip
    frame = measurements.empty()
    rows_frame = pd.DataFrame(rows, columns=frame.columns.union(pd.Index(["run"])))
    rows_frame["higher_is_better"] = rows_frame["higher_is_better"].astype("boolean")
    return panel.complete(rows_frame, names)


def slow_verdict(small: tuple[int, int], large: tuple[int, int], margin: float, alpha: float) -> str:
    """4.6.1 for many questions and shares near the middle, from the text: L and U are d -+ z se."""
    (k, n), (kl, nl) = small, large
    p, q = k / n, kl / nl
    se = math.sqrt(p * (1 - p) / (n - 1) + q * (1 - q) / (nl - 1))
    d, z = p - q, norm.ppf(1 - alpha)
    return PASS if d - z * se > -margin else FAIL if d + z * se < -margin else TOO_FEW_DATA


shares = st.integers(300, 1500)


@settings(deadline=None, max_examples=60)
@given(
    reference=st.tuples(shares, shares),
    others=st.lists(st.tuples(shares, shares), min_size=1, max_size=5),
    margin=st.sampled_from([0.01, 0.02, 0.1]),
    alpha=st.sampled_from([0.05, 0.01]),
)
def test_verdicts_and_headline_follow_the_definition(
    reference: tuple[int, int], others: list[tuple[int, int]], margin: float, alpha: float
) -> None:
    n = 2000
    scores = {"big": [(k / n, n) for k in reference]}
    scores |= {f"m{i}": [(k / n, n) for k in own] for i, own in enumerate(others)}
    cost = pd.Series({"big": 100.0, **{f"m{i}": 90.0 - i for i in range(len(others))}})
    found = cheapest.answer(complete(scores), "big", cost, chance={}, margin=margin, alpha=alpha)
    assert list(found.rows["cost"]) == sorted(found.rows["cost"])
    p_panel = {}
    for i, own in enumerate(others):
        each = [slow_verdict((k, n), (r, n), margin, alpha) for k, r in zip(own, reference, strict=True)]
        expected = PASS if set(each) == {PASS} else FAIL if FAIL in each else TOO_FEW_DATA
        row = found.rows.set_index("model").loc[f"m{i}"]
        assert row["verdict"] == expected
        ps = []
        for k, r in zip(own, reference, strict=True):
            a, b = k / n, r / n
            se = math.sqrt(a * (1 - a) / (n - 1) + b * (1 - b) / (n - 1))
            ps.append(norm.sf((a - b + margin) / se))
        p_panel[f"m{i}"] = max(ps)
        assert row["p"] == pytest.approx(max(ps), abs=1e-12)
        assert row["decides"] == NAMES[int(np.argmax(ps))]
    # Holm by its text: the i-th smallest p is held against alpha/(m - i + 1), and stops at the first that is larger.
    held = []
    for i, model in enumerate(sorted(p_panel, key=lambda one: p_panel[one])):
        if p_panel[model] > alpha / (len(p_panel) - i):
            break
        held.append(model)
    assert set(found.rows.loc[found.rows["is_confirmed"], "model"]) == set(held)
    best = found.headline
    assert (None if best is None else best["model"]) == (min(held, key=lambda one: cost[one]) if held else None)


def test_candidates_are_fixed_before_verdicts_and_nobody_passes_by_absence() -> None:
    rows = complete({"big": [(0.6, 2000)] * 2, "good": [(0.7, 2000)] * 2, "larger": [(0.9, 2000)] * 2, "bad": [(0.3, 2000)] * 2})  # fmt: skip
    cost = pd.Series({"big": 70.0, "good": 7.0, "larger": 80.0, "absent": 1.0, "bad": 3.0})
    found = cheapest.answer(rows, "big", cost, chance=CHANCE)
    assert found.rows["model"].tolist() == ["bad", "good"]
    # The family of Holm's correction holds the one that fails, too.
    good = found.rows.set_index("model").loc["good"]
    assert good["p_holm"] == pytest.approx(2 * good["p"]) and found.rows["verdict"].tolist() == [FAIL, PASS]
    narrowed = cheapest.answer(rows, "big", cost.drop("bad"), chance=CHANCE)
    assert narrowed.rows["model"].tolist() == ["good"]
    assert narrowed.rows["p_holm"].iloc[0] == good["p"]


def test_a_reference_that_may_be_guessing_gives_no_verdict() -> None:
    rows = complete({"big": [(0.6, 2000), (0.26, 200)], "good": [(0.9, 2000), (0.9, 200)]})
    found = cheapest.answer(rows, "big", pd.Series({"big": 2.0, "good": 1.0}), chance=CHANCE)
    assert found.at_chance == ("arc",)
    assert found.headline is None and found.rows["verdict"].tolist() == [NO_VERDICT]
    average = cheapest.answer(rows, "big", pd.Series({"big": 2.0, "good": 1.0}), chance=CHANCE, is_average=True)
    assert average.headline is None and average.rows["verdict"].tolist() == [NO_VERDICT]
    told = plain(cheapest_words.takeaway(found, {"big": "Big", "good": "Good"}, {"mmlu": "MMLU", "arc": "ARC"}, "size", 2.0, ""))  # fmt: skip
    assert "Big is not distinguishable from guessing on ARC" in told and "no verdict" in told
    # 1.645 standard errors of guessing, and what is not known.
    assert cheapest.against_chance(rows, "big", {"mmlu": 0.25})[1] == ("arc",)
    edge = complete({"big": [(0.25 + 1.65 * math.sqrt(0.25 * 0.75 / 2000), 2000), (0.0, 100)]})
    assert cheapest.against_chance(edge, "big", {"mmlu": 0.25, "arc": 0.0})[0] == ("arc",)


def test_no_interval_no_verdict_and_better_low_is_never_judged() -> None:
    rows = complete({"big": [(0.6, math.nan)] * 2, "good": [(0.9, math.nan)] * 2})
    found = cheapest.answer(rows, "big", pd.Series({"big": 2.0, "good": 1.0}), chance=CHANCE)
    assert found.at_chance == () and found.rows["why_none"].tolist() == [cheapest.NO_INTERVAL]
    assert np.isnan(found.rows["p"]).all() and not found.rows["is_confirmed"].any()
    low = complete({"big": [(0.6, 2000)] * 2, "good": [(0.9, 2000)] * 2}, high=False)
    found = cheapest.answer(low, "big", pd.Series({"big": 2.0, "good": 1.0}), chance=CHANCE)
    assert found.rows["why_none"].tolist() == [cheapest.NO_DIRECTION] and found.headline is None


def test_stored_answers_take_the_place_of_counts() -> None:
    rows = complete({"big": [(0.6, 500)], "good": [(0.6, 500)]}, names=("mmlu",))
    cost = pd.Series({"big": 2.0, "good": 1.0})
    plainly = cheapest.answer(rows, "big", cost, chance=CHANCE)
    assert plainly.rows["verdict"].tolist() == [TOO_FEW_DATA]
    pair = Pair("good", "mmlu", (298, 2, 2, 198), 0.0, 0.004, 500)
    paired = cheapest.answer(rows, "big", cost, chance=CHANCE, pairs=(pair,))
    expected = noninferiority.from_pairs(298, 2, 2, 198, 0.02)
    assert paired.rows["verdict"].tolist() == [PASS] and paired.tests["basis"].tolist() == [cheapest.PAIRED]
    assert paired.rows["p"].iloc[0] == pytest.approx(float(expected.p))
    assert paired.rows["lower"].iloc[0] == pytest.approx(float(expected.lower))


def test_on_average_is_the_mean_difference() -> None:
    scores = {"big": [(0.6, 4000), (0.5, 3000)], "good": [(0.55, 4000), (0.6, 3000)]}
    cost = pd.Series({"big": 2.0, "good": 1.0})
    each = cheapest.answer(complete(scores), "big", cost, chance=CHANCE)
    assert each.rows["verdict"].tolist() == [FAIL]
    found = cheapest.answer(complete(scores), "big", cost, chance=CHANCE, is_average=True)
    se = math.sqrt(sum(p * (1 - p) / (n - 1) for own in scores.values() for p, n in own)) / 2
    assert found.rows["delta"].iloc[0] == pytest.approx(0.025)
    assert found.rows["lower"].iloc[0] == pytest.approx(0.025 - norm.ppf(0.95) * se)
    assert found.rows["p"].iloc[0] == pytest.approx(norm.sf((0.025 + 0.02) / se))
    assert found.rows["verdict"].tolist() == [PASS]
    told = plain(cheapest_words.takeaway(found, {"big": "Big", "good": "Good"}, {"mmlu": "MMLU", "arc": "ARC"}, "size", 2.0, ""))  # fmt: skip
    assert "on average over MMLU and ARC" in told and "each" not in told


RUNS = int(os.environ.get("P4P_SOAK_NULL_RUNS", "150"))
BOUND = 0.065 if RUNS >= 1_000 else 0.05 + 4 * math.sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.parametrize(("n", "p"), [(300, 0.7), (1000, 0.5), (1000, 0.95)])
def test_null_runs_through_the_analysis_of_the_page(n: int, p: float) -> None:
    """200 candidates exactly one margin worse than the reference: a headline that names one is an error."""
    rng = np.random.default_rng(5)
    names = ["big", *(f"m{i}" for i in range(200))]
    template = complete({name: [(0.5, n)] for name in names}, names=("mmlu",))
    order = [names.index(model) for model in template.rows["model"]]
    cost = pd.Series({name: 1000.0 - i for i, name in enumerate(names)})
    named = 0
    for _ in range(RUNS):
        truth = np.full(201, p - 0.02)
        truth[0] = p
        k = rng.binomial(n, truth).astype(float)[order]
        share = k / n
        rows = template.rows.assign(score=share, n_correct=k, stderr=np.sqrt(share * (1 - share) / (n - 1)))
        found = cheapest.answer(template._replace(rows=rows), "big", cost, chance=CHANCE)
        assert len(found.rows) == 200
        named += found.headline is not None
    assert named <= BOUND * RUNS, f"{named} of {RUNS} headlines name a model"


FORBIDDEN = (" equal", " same", " tie", "as good as", "noise", "not worse", "matches")


@pytest.mark.parametrize(
    ("lower", "upper", "said", "expected"),
    [
        (-0.01, 0.03, PASS, "shown to be within 2 points of Big"),
        (-0.018, -0.002, PASS, "slightly worse, shown within 2 points"),
        (0.01, 0.05, PASS, "better, so within 2 points of Big"),
        (-0.09, -0.03, FAIL, "shown to be more than 2 points below Big"),
        (-0.05, 0.03, TOO_FEW_DATA, "too few questions to tell; difference between −5.0 points and +3.0 points"),
    ],
)
def test_words_of_verdicts(lower: float, upper: float, said: str, expected: str) -> None:
    told = cheapest_words.verdict({"verdict": said, "lower": lower, "upper": upper, "why_none": ""}, "Big", 0.02, "")
    assert told == expected
    assert not any(word in told for word in FORBIDDEN)


def test_nobody_passes_is_said_with_the_numbers() -> None:
    rows = complete({"big": [(0.6, 2000)] * 2, "few": [(0.6, 2000)] * 2, "bad": [(0.3, 2000)] * 2})
    found = cheapest.answer(rows, "big", pd.Series({"big": 9.0, "few": 2.0, "bad": 1.0}), chance=CHANCE)
    names = {"big": "Big", "few": "Few", "bad": "Bad"}
    told = plain(cheapest_words.takeaway(found, names, {"mmlu": "MMLU", "arc": "ARC"}, "size", 9.0, ""))
    assert told.startswith("No model smaller than Big is shown to be within 2 points of it on each of MMLU and ARC")
    assert "of 2 candidates 1 shown to be more than 2 points below, 1 with too few questions to tell" in told


def _grouped() -> tuple[pd.DataFrame, pd.DataFrame, protocols.Grouping]:
    catalogue = frames.benchmarks({"mmlu": "MMLU", "arc": "ARC", "hella": "HellaSwag"}).assign(part_of=None)
    catalogue.loc["hella", "category"] = "commonsense"
    models = frames.models([{"id": one, "params_total": size} for one, size in (("big", 70e9), ("a", 7e9), ("b", 3e9))])
    rows = [
        {
            "model": model,
            "benchmark": name,
            "task": name,
            "score": 0.6,
            "n_samples": 2000.0,
            "n_correct": 1200.0,
            **more,
        }
        for model in ("big", "a")
        for name in ("mmlu", "arc")
        for more in ({},)
    ]
    # Elsewhere more models, but not the reference with both; and a board that has one benchmark only.
    rows += [{"model": model, "benchmark": "mmlu", "task": "mmlu", "evaluator": "board:x", "score": 0.5} for model in ("big", "a", "b")]  # fmt: skip
    scores = frames.scores(rows)
    return models, scores, protocols.group(scores, ("mmlu", "arc"), models=models, catalogue=catalogue)


def test_the_protocol_is_the_widest_that_contains_the_reference() -> None:
    models, _, grouping = _grouped()
    stands = cheapest_choice.standing(grouping, "big", ("mmlu", "arc"), models)
    assert stands.complete.models == ["a", "big"] and stands.key is not None
    nobody = cheapest_choice.standing(grouping, "b", ("mmlu", "arc"), models)
    assert nobody.key is None and nobody.complete.models == []


def test_an_ability_is_what_the_reference_has_one_way() -> None:
    _, scores, _ = _grouped()
    catalogue = frames.benchmarks({"mmlu": "MMLU", "arc": "ARC"}).assign(part_of=None, n_models=[3, 2])
    own = scores[scores["model"] == "big"]
    known = cheapest_choice.plain_benchmarks(own, catalogue)
    assert cheapest_choice.abilities(known) == {"knowledge": ["mmlu", "arc"]}
    # The board has three models on the one benchmark that it asks; lm-eval two on both.
    assert cheapest_choice.expanded(["ability:knowledge"], own, known, scores) == ("mmlu",)
    assert cheapest_choice.expanded(["ability:knowledge", "arc"], own, known, scores) == ("arc", "mmlu")
    assert cheapest_choice.expanded(["arc"], own, known, None) == ("arc",)
    assert cheapest_choice.default_benchmarks(known) == ("mmlu",)


def test_limits_decide_who_may_be_named() -> None:
    models = frames.models(
        [
            {"id": "big", "params_total": 70e9},
            {"id": "small", "params_total": 3e9},
            {"id": "quantised", "params_total": 2e9, "variant_of": "small"},
            {"id": "doubtful", "params_total": 2e9, "size_status": "disputed"},
            {"id": "hub", "params_total": 1e9, "origin": "community"},
            {"id": "closed", "licence": "proprietary", "open_weights": False},
        ]
    ).assign(n_layers=np.nan, n_kv_heads=np.nan, head_dim=np.nan)
    shapes = pd.DataFrame()
    _, cost = cheapest_choice.candidates(models, shapes, "big", cheapest_choice.Limits())
    assert cost.to_dict() == {"big": 70e9, "small": 3e9}
    _, cost = cheapest_choice.candidates(models, shapes, "big", cheapest_choice.Limits(card=24, community=True))
    assert cost.to_dict() == {"small": 3e9, "hub": 1e9, "big": 70e9}
    prices = listed_prices.per_model(_prices([("closed", "a", 1.0, 5.0), ("closed", "b", 3.0, 3.0), ("small", "a", 0.0, 0.0)]))  # fmt: skip
    filtered, cost = cheapest_choice.candidates(models, shapes, "big", cheapest_choice.Limits(), by="money", prices=prices)  # fmt: skip
    assert cost["closed"] == 2.5 and np.isnan(cost["big"]) and len(cost) == 2
    assert {"no price known"} <= {one.filter for one in filtered.removed}


def _prices(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["model", "provider", "input_usd_per_mtok", "output_usd_per_mtok"])
    return frame.assign(
        api_name="x", last_seen="2026-11-21", source_digest="ab" * 32, origin="shipped", valid_from="2026-01-01",
        cached_input_usd_per_mtok=np.nan, age_days=0.0,
    )  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(0.01, 50), st.floats(0.01, 50)), min_size=1, max_size=12))  # fmt: skip
def test_price_is_the_median_over_hosts_of_the_cheapest(rows: list[tuple[str, str, float, float]]) -> None:
    found = {one.model: one for one in listed_prices.per_model(_prices(rows))}
    for model in {row[0] for row in rows}:
        hosts: dict[str, float] = {}
        for name, host, given_, made in rows:
            if name == model:
                hosts[host] = min(hosts.get(host, math.inf), 0.75 * given_ + 0.25 * made)
        assert found[model].usd == pytest.approx(float(np.median(list(hosts.values()))))
        assert found[model].n_hosts == len(hosts) and found[model].seen_on == "2026-11-21"
