"""Verdicts against a slow plain definition, what models share, what fits, and the words."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.analysis import fits, measurements, protocols, side_by_side, side_by_side_words
from lib.schema.text import plain
from lib.stats import memory
from tests.analysis import frames

NORMAL = NormalDist()
MODELS = ("a", "b", "c")
BENCHMARKS = ("x", "y")


def measured(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows of ``Measured`` with the given fields."""
    full = [
        {"stderr": np.nan, "n_samples": np.nan, "n_correct": np.nan, "higher_is_better": True, **row} for row in rows
    ]
    columns = ["model", "benchmark", "score", "stderr", "n_samples", "n_correct", "higher_is_better"]
    return pd.DataFrame(full, columns=columns).astype(dict.fromkeys(columns[2:6], float))


def wilson_ends(k: float, n: float, z: float) -> tuple[float, float]:
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def slow_test(a: dict[str, float], b: dict[str, float]) -> tuple[float, float, float] | None:
    """p and the 95% interval of a - b, by hand; None for no test."""
    z = NORMAL.inv_cdf(0.975)
    d = a["score"] - b["score"]
    has_counts = all(not math.isnan(one[c]) for one in (a, b) for c in ("n_samples", "n_correct"))
    if has_counts:
        p_a, p_b = a["n_correct"] / a["n_samples"], b["n_correct"] / b["n_samples"]
        n_a, n_b = a["n_samples"], b["n_samples"]
        if n_a < 300 or n_b < 300 or not (0.05 <= p_a <= 0.95) or not (0.05 <= p_b <= 0.95):
            pooled = (a["n_correct"] + b["n_correct"]) / (n_a + n_b)
            spread = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
            (l_a, u_a), (l_b, u_b) = wilson_ends(p_a * n_a, n_a, z), wilson_ends(p_b * n_b, n_b, z)
            low = d - math.sqrt((p_a - l_a) ** 2 + (u_b - p_b) ** 2)
            high = d + math.sqrt((u_a - p_a) ** 2 + (p_b - l_b) ** 2)
            return 2 * NORMAL.cdf(-abs(d / spread)) if spread > 0 else 1.0, low, high
    se = math.sqrt(a["stderr"] ** 2 + b["stderr"] ** 2)
    if math.isnan(se) or se == 0:
        return None
    return 2 * NORMAL.cdf(-abs(d) / se), d - z * se, d + z * se


def slow_verdicts(rows: pd.DataFrame, reference: str) -> dict[tuple[str, str], str]:
    """Holm step by step: the smallest p first, until one is not small enough."""
    cells = {(row["model"], row["benchmark"]): row for row in rows.to_dict("records")}
    words: dict[tuple[str, str], str] = {}
    tests = []
    for model in MODELS:
        for benchmark in BENCHMARKS:
            if model == reference:
                continue
            own, base = cells.get((model, benchmark)), cells.get((reference, benchmark))
            if own is None or base is None:
                words[model, benchmark] = ""
                continue
            found = slow_test(own, base)
            words[model, benchmark] = "no interval, no verdict" if found is None else "not shown"
            if found is not None:
                is_better = (own["score"] > base["score"]) == own["higher_is_better"]
                tests.append((found[0], (model, benchmark), is_better))
    left = len(tests)
    for p, key, is_better in sorted(tests, key=lambda one: one[0]):
        if p * left > 0.05:
            break
        words[key] = "shown better" if is_better else "shown worse"
        left -= 1
    return words


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = []
    for benchmark in BENCHMARKS:
        is_high = draw(st.booleans())
        for model in MODELS:
            kind = draw(st.sampled_from(["counts", "counts", "stderr", "nothing", "absent"]))
            if kind == "absent":
                continue
            row: dict[str, object] = {"model": model, "benchmark": benchmark, "higher_is_better": is_high}
            if kind == "counts":
                n = draw(st.sampled_from([20, 120, 400, 5000]))
                k = draw(st.integers(0, n))
                p = k / n
                row |= {"score": p, "n_samples": n, "n_correct": k, "stderr": math.sqrt(p * (1 - p) / (n - 1))}
            else:
                row["score"] = draw(st.floats(0, 1))
                if kind == "stderr":
                    row["stderr"] = draw(st.sampled_from([0.0, 0.004, 0.02, 0.1]))
            rows.append(row)
    return measured(rows)


@settings(deadline=None, max_examples=40)
@given(tables(), st.sampled_from(MODELS))
def test_verdicts_are_those_of_the_plain_definition(rows: pd.DataFrame, reference: str) -> None:
    found = side_by_side.differences(rows, MODELS, BENCHMARKS, reference)
    assert len(found) == (len(MODELS) - 1) * len(BENCHMARKS)
    near = ((found["p_holm"] - 0.05).abs() < 1e-9).to_numpy()
    slow = slow_verdicts(rows, reference)
    for row, is_near in zip(found.to_dict("records"), near, strict=True):
        assert is_near or row["verdict"] == slow[row["model"], row["benchmark"]]
    cells = {(row["model"], row["benchmark"]): row for row in rows.to_dict("records")}
    for row in found.to_dict("records"):
        own, base = cells.get((row["model"], row["benchmark"])), cells.get((reference, row["benchmark"]))
        test = slow_test(own, base) if own and base else None
        if test is None:
            assert math.isnan(row["p"]) and math.isnan(row["delta_low"])
        else:
            assert (row["p"], row["delta_low"], row["delta_high"]) == pytest.approx(test, rel=1e-9, abs=1e-12)


def test_the_family_grows_with_every_comparison() -> None:
    rows = [{"model": m, "benchmark": "x", "score": s, "stderr": 0.01} for m, s in (("a", 0.5), ("b", 0.53))]
    alone = side_by_side.differences(measured(rows), ("a", "b"), ("x",), "a")
    assert alone["verdict"].tolist() == ["shown better"]
    rows += [{"model": "c", "benchmark": "x", "score": 0.5, "stderr": 0.01}]
    together = side_by_side.differences(measured(rows), ("a", "b", "c"), ("x",), "a")
    assert together["verdict"].tolist() == ["not shown", "not shown"]


def test_without_models_or_benchmarks_there_is_nothing() -> None:
    assert side_by_side.differences(measured([]), ("a",), (), "a").empty
    assert side_by_side.differences(measured([]), ("a", "b"), ("x",), "a")["verdict"].tolist() == [""]


def grouped(rows: list[dict[str, object]]) -> protocols.Grouping:
    scores = frames.scores(rows)
    return protocols.group(scores, list(dict.fromkeys(scores["benchmark"])), catalogue=catalogue())


def catalogue() -> pd.DataFrame:
    known = frames.benchmarks({"mmlu": "MMLU", "gsm8k": "GSM8K", "arc": "ARC"})
    return known.assign(part_of="", n_models=[30, 20, 10])


def row(model: str, benchmark: str, **fields: object) -> dict[str, object]:
    return {"model": model, "benchmark": benchmark, "task": benchmark, **fields}


def test_standing_puts_the_fullest_protocol_first() -> None:
    board = {"evaluator": "board:x", "document": "x"}
    rows = [row(m, "mmlu") for m in ("a", "d", "e", "f")] + [row(m, "mmlu", **board) for m in ("a", "b")]
    cut = grouped(rows)
    stand = side_by_side.standing(cut, ("a", "b"))
    assert stand["n_complete"].tolist() == [2, 1]
    assert cut.protocols.at[stand.index[0], "evaluator"] == "board:x"
    assert side_by_side.standing(cut, ("z",)).empty


def test_checkpoints_and_quantised_runs_do_not_stand() -> None:
    cut = grouped([row("a", "mmlu"), row("b", "mmlu", is_checkpoint=True), row("b", "mmlu", quantisation="int8")])
    assert side_by_side.standing(cut, ("a", "b"))["n_complete"].tolist() == [1]


def shared(rows: list[dict[str, object]], models: tuple[str, ...]) -> side_by_side.Shared | None:
    return side_by_side.shared(side_by_side.cut(frames.scores(rows), models, catalogue()), models, catalogue())


def test_what_the_first_model_shares_goes_before_what_others_share_without_it() -> None:
    board = {"evaluator": "board:x", "document": "x"}
    rows = [row(m, b, **board) for m in ("b", "c", "d") for b in ("mmlu", "arc")] + [
        row(m, "gsm8k") for m in ("a", "b")
    ]
    found = shared(rows, ("a", "b", "c", "d"))
    assert found is not None and found.models == {"a", "b"}
    others = shared(rows, ("b", "a", "c", "d"))
    assert others is not None and others.models == {"b", "c", "d"}
    alone = shared([row("a", "gsm8k"), *rows[:6]], ("a", "b", "c", "d"))
    assert alone is not None and alone.models == {"b", "c", "d"}


def test_together_counts_what_is_measured_one_way() -> None:
    rows = [
        row("a", "mmlu", n_shot=0.0),
        *(row(m, "mmlu", n_shot=5.0) for m in ("b", "c")),
        row("a", "arc"),
        row("b", "arc"),
    ]
    results = side_by_side.cut(frames.scores(rows), ("a", "b", "c"), catalogue())
    assert side_by_side.together(results, "a").to_dict("index") == {
        "arc": {"n_models": 2, "has_first": True},
        "mmlu": {"n_models": 2, "has_first": False},
    }
    assert side_by_side.together(results.iloc[:0], "a").empty


def test_shared_is_what_most_of_the_models_have() -> None:
    board = {"evaluator": "board:x", "document": "x"}
    rows = [row(m, b) for m in ("a", "b") for b in ("mmlu", "gsm8k", "arc")]
    rows += [row(m, "gsm8k", **board) for m in ("a", "b", "c")]
    found = shared(rows, ("a", "b", "c"))
    assert found is not None and found.n_models == 3
    assert found.grouping.protocols["benchmarks"].tolist() == [("gsm8k",)]
    two = shared(rows, ("a", "b"))
    assert two is not None and two.n_models == 2
    assert two.grouping.protocols["benchmarks"].iloc[0] == ("mmlu", "gsm8k", "arc")


def test_what_is_measured_differently_is_not_shared() -> None:
    rows = [row("a", "mmlu", n_shot=0.0), row("b", "mmlu", n_shot=5.0)]
    assert shared(rows, ("a", "b")) is None
    assert shared([], ("a", "b")) is None


def test_the_third_joins_where_two_share_more() -> None:
    rows = [row(m, b) for m in ("a", "b") for b in ("mmlu", "arc")] + [row("c", "mmlu")]
    found = shared(rows, ("a", "b", "c"))
    assert found is not None and found.n_models == 3
    assert found.grouping.protocols["benchmarks"].tolist() == [("mmlu",)]


SHAPE = {"n_layers": 32.0, "n_kv_heads": 8.0, "head_dim": 128.0}
UNSHAPED = dict.fromkeys(SHAPE, np.nan)


def models(*rows: dict[str, object]) -> pd.DataFrame:
    frame = frames.models([{k: v for k, v in one.items() if k not in SHAPE} for one in rows])
    for column in SHAPE:
        frame[column] = [float(one.get(column, np.nan)) for one in rows]  # type: ignore[arg-type]
    return frame


def test_memory_by_hand() -> None:
    known = models(
        {"id": "m", "params_total": 8e9, "context_length": 131072.0, **SHAPE},
        {"id": "short", "params_total": 8e9, "context_length": 2048.0, **SHAPE},
        {"id": "shapeless", "params_total": 8e9},
        {"id": "secret", **SHAPE},
        {"id": "mamba", "params_total": 8e9, "architecture": "state-space", **SHAPE},
    )
    need = fits.needs(known, pd.DataFrame(), 16, 8192)
    assert need.loc["m", "total"] == 16e9 + 131072 * 8192
    assert need.loc["short", "total"] == 16e9 + 131072 * 2048
    assert need.loc["shapeless", "total"] == 16e9
    assert math.isnan(float(need.loc["secret", "total"]))  # type: ignore[arg-type]
    assert need["is_lower_bound"].tolist() == [False, False, True, False, True]
    assert fits.needs(known, pd.DataFrame(), 8, 8192).loc["m", "weights"] == 8.5e9
    assert [fits.smallest_card(need.loc[one]) for one in ("m", "shapeless", "secret")] == [24, 24, None]


def test_windows_and_latent_attention_come_from_the_table_of_shapes() -> None:
    columns = ["model_id", "n_layers", "n_kv_heads", "head_dim", "mla_kv_lora_rank", "mla_rope_dim", "n_global_layers", "sliding_window"]  # fmt: skip
    shapes = pd.DataFrame(
        [("gem", 42, 8, 256, 0, 0, 21, 4096), ("deep", 61, 128, 128, 512, 64, 61, 0)], columns=columns
    )
    known = models(
        {"id": "gem", "params_total": 9e9},
        {"id": "deep", "params_total": 671e9},
        {"id": "tuned", "params_total": 671e9, "finetuned_from": "deep"},
        {"id": "other", "params_total": 9e9, **SHAPE},
    )
    cache = fits.needs(known, shapes, 16, 8192)["cache"]
    assert cache.tolist() == [2113929216.0, 70272.0 * 8192, 70272.0 * 8192, 131072.0 * 8192]


def test_presets_count_what_they_take() -> None:
    known = models(
        {"id": "fits", "params_total": 2.5e9, "licence": "Apache-2.0", "context_length": 32768.0, **SHAPE},
        {"id": "large", "params_total": 70e9, **SHAPE},
        {"id": "closed", "open_weights": False, "licence": "Proprietary"},
        {"id": "sizeless"},
        {"id": "short", "params_total": 1e9, "context_length": 2048.0, **SHAPE},
        {"id": "unsaid", "params_total": 1e9, **SHAPE},
        {"id": "noncommercial", "params_total": 1e9, "licence": "CC-BY-NC-4.0", "context_length": 9000.0},
        {"id": "upload", "params_total": 1e9, "origin": "community"},
    )
    need = fits.needs(known, pd.DataFrame(), 16, 8192)
    kept = fits.narrowed(known, need, card=8, licences=("free",), shortest_context=8192)
    assert kept.models.index.tolist() == ["fits"]
    assert {one.filter: one.n_removed for one in kept.removed} == {
        "community models": 1,
        "weights not open, or not stated": 1,
        "size not disclosed": 1,
        "does not fit 8 GB": 1,
        "licence": 1,
        "context not stated": 1,
        "context shorter": 1,
    }
    assert len(fits.narrowed(known, need, include_community=True).models) == 8


@settings(deadline=None, max_examples=25)
@given(st.floats(1e8, 1e12), st.sampled_from(fits.CARDS), st.sampled_from([16, 8, 4]))
def test_the_smallest_card_is_the_first_that_holds_it(params: float, card: int, bits: fits.Bits) -> None:
    need = fits.needs(models({"id": "m", "params_total": params, **SHAPE}), pd.DataFrame(), bits, 8192).iloc[0]
    total = params * fits.BITS_PER_WEIGHT[bits] / 8 + 131072 * 8192
    holds = [one for one in fits.CARDS if total <= 0.88 * one * 1e9]
    assert fits.smallest_card(need) == (min(holds) if holds else None)
    assert (need["total"] <= float(memory.usable(card))) == (card in holds)


@pytest.mark.parametrize(
    ("licence", "is_open", "expected"),
    [
        ("Apache-2.0", True, "free"), ("MIT", None, "free"), ("BSD-3-Clause", True, "free"),
        ("Modified MIT", True, "conditions"), ("Llama 2 Community Licence", True, "conditions"),
        ("Gemma Terms of Use", True, "conditions"), ("CC-BY-NC-4.0", True, "research"),
        ("OPT-175B licence (non-commercial)", True, "research"), ("Research only", True, "research"),
        ("Mistral Non-Production Licence", True, "research"), ("Proprietary", None, "closed"),
        ("Apache-2.0", False, "closed"), (None, True, "unstated"), ("n/a", True, "unstated"), (np.nan, None, "unstated"),
        ("Mitsubishi Licence", True, "conditions"), ("CC-BY-SA-4.0", True, "free"),
    ],
)  # fmt: skip
def test_licences_by_name(licence: object, is_open: bool | None, expected: str) -> None:
    assert fits.licence_class(licence, is_open) == expected


def test_suggestions_take_the_best_of_three_classes() -> None:
    rows = [("a1", 1e9, "bantam", 0.3), ("a2", 2e9, "bantam", 0.4), ("b", 7e9, "feather", 0.5), ("b2", 6e9, "feather", 0.5),
            ("c", 70e9, "heavy", 0.7), ("c2", 60e9, "heavy", 0.6), ("d", 9e9, "welter", 0.9), ("u", np.nan, "undisclosed", 0.99)]  # fmt: skip
    scored = pd.DataFrame(rows, columns=["model", "size", "size_class", "score"])
    assert fits.suggested(scored, is_preset=False) == ("c", "b2", "a2")
    assert fits.suggested(scored, is_preset=True) == ("c", "d", "u")
    assert fits.suggested(scored[:0], is_preset=False) == ()


def said(rows: list[tuple[str, str, str]], n: int) -> str:
    found = pd.DataFrame(rows, columns=["model", "benchmark", "verdict"])
    names = {one: one.upper() for one in "abcdefr"}
    return plain(side_by_side_words.takeaway(found, "r", names, n)).strip()


def test_words_say_what_is_shown_and_what_is_not() -> None:
    better, worse, not_shown, none = "shown better", "shown worse", "not shown", "no interval, no verdict"
    assert said([("a", str(i), v) for i, v in enumerate([better] * 4 + [not_shown] * 2)], 6) == (
        "A is shown to be better than R on 4 of 6 benchmarks; on 2 the difference is not shown."
    )
    assert said([("a", str(i), v) for i, v in enumerate([better, worse, worse, none, ""])], 5) == (
        "A is shown to be worse than R on 2 of 5 benchmarks and better on 1; on 1 there is no interval and no verdict, "
        "on 1 one of them has no score."
    )
    assert said([("a", "x", not_shown), ("a", "y", none)], 2) == (
        "A is shown to differ from R on none of 2 benchmarks (1 without an interval)."
    )
    assert said([("a", "x", not_shown)], 1) == "A is not shown to differ from R on this benchmark."
    assert said([("a", "x", better)], 1) == "A is shown to be better than R on this benchmark."
    assert "no verdict" in said([("a", "x", none)], 1)
    assert "no score measured the same way" in said([("a", "x", "")], 1)
    assert said([], 3).startswith("R stands alone")
    many = said([(m, "x", better) for m in "abcde"], 1)
    assert many.endswith("Of the 3 comparisons of the other 3 models with R, 3 are shown better and 0 worse.")
    for text in ("equal", "significant", "same score"):
        assert text not in many


def test_headings_name_a_few_and_count_many() -> None:
    assert side_by_side_words.question(["A", "B"]) == "How do A and B compare?"
    assert side_by_side_words.question(["A", "B", "C"]) == "How do A, B and C compare?"
    assert side_by_side_words.question(list("ABCD")) == "How do these 4 models compare?"
    assert side_by_side_words.question([]).endswith("?")
    cut = side_by_side_words.short("DeepSeek-R1-Distill-Qwen Long Name 14B")
    assert cut.endswith("… 14B") and len(cut) <= side_by_side_words.NAME_LENGTH


def test_gaps_are_named() -> None:
    rows = pd.DataFrame([("a", "x"), ("a", "y"), ("b", "x")], columns=["model", "benchmark"])
    names, labels = {one: one.upper() for one in "abc"}, {"x": "X", "y": "Y"}
    assert (
        side_by_side_words.lacking(rows, "abc", "xy", names, labels) == "B lacks Y; C has no score measured this way."
    )
    assert side_by_side_words.lacking(rows, "a", "xy", names, labels) == ""


def test_measured_rows_have_what_the_tests_need() -> None:
    assert {"score", "stderr", "n_samples", "n_correct", "higher_is_better"} <= set(measurements.COLUMNS)
