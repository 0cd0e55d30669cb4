"""Lineage, memory at fewer bits, printed scores against 16 bits, and tuned against base models."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lib.analysis import tuned, variants
from tests.analysis import frames

MODELS = frames.models(
    [
        {"id": "base", "name": "Base 8B", "params_total": 8e9},
        {"id": "chat", "name": "Base 8B Chat", "params_total": 8e9, "finetuned_from": "base", "kind": "chat"},
        {"id": "r1", "name": "R1-Distill 8B", "params_total": 8e9, "finetuned_from": "base", "kind": "reasoning"},
        {"id": "q4", "name": "Base 8B Q4", "params_total": 8e9, "variant_of": "base"},
        {"id": "chat-2", "name": "Chat again", "params_total": 8e9, "finetuned_from": "chat"},
        {"id": "loop", "name": "Loop", "params_total": 8e9, "finetuned_from": "loop"},
        {"id": "large", "name": "Large 70B", "params_total": 70e9},
    ]
)


def test_lineage_goes_down_step_by_step() -> None:
    found = variants.lineage(MODELS, "base")
    assert found["model"].tolist() == ["base", "q4", "chat", "r1", "chat-2"]
    assert found["step"].tolist() == ["base", "quantised or converted", "fine-tuned", "distilled", "fine-tuned"]
    assert found["depth"].tolist() == [0, 1, 1, 1, 2]
    assert variants.lineage(MODELS, "loop")["model"].tolist() == ["loop"]
    assert variants.lineage(MODELS, "large")["model"].tolist() == ["large"]


def _table(rows: list[dict[str, object]]) -> pd.DataFrame:
    plain = {"base_model": "Base-8B", "params": 8e9, "precision_as_written": "x", "method": "GGUF", "task": "t", "metric": "acc", "n": np.nan, "zip": "z", "member": "m", "note": None}  # fmt: skip
    return pd.DataFrame([{**plain, **row} for row in rows])


def test_fewer_bits_are_held_against_the_same_table() -> None:
    rows = [
        {"bits": 16.0, "value": 60.0, "n": 133},
        {"bits": 4.0, "value": 55.0, "n": 133},
        {"bits": 16.0, "value": 0.70, "task": "u"},
        {"bits": 16.0, "value": 0.72, "task": "u"},
        {"bits": 4.0, "value": 0.69, "task": "u"},
        {"bits": 2.0, "value": 0.60, "task": "u"},
        {"bits": 4.0, "value": 0.5, "task": "u", "member": "another table"},
        {"bits": 16.0, "value": 16.8, "task": "w", "note": "lower is better"},
        {"bits": 4.0, "value": 19.0, "task": "w", "note": "lower is better"},
        {"bits": 4.0, "value": 0.1, "base_model": "Other"},
    ]
    found = variants.bits_evidence(_table(rows), ["base-8b"])
    # The other table has no 16-bit row, so nothing is said of it.
    assert found[["bits", "task"]].to_numpy().tolist() == [[4.0, "t"], [4.0, "u"], [4.0, "w"], [2.0, "u"]]
    first = found.iloc[0]
    se = math.sqrt(0.55 * 0.45 / 132 + 0.6 * 0.4 / 132)
    assert first["delta"] == pytest.approx(-0.05)
    assert first["delta_low"] == pytest.approx(-0.05 - norm.ppf(0.975) * se)
    small = found.iloc[1]
    assert small["delta"] == pytest.approx(-0.01) and math.isnan(small["delta_low"])
    assert variants.NO_COUNT in small["remark"] and variants.WITHIN_SPREAD in small["remark"]
    assert variants.WITHIN_SPREAD not in found.iloc[3]["remark"]
    assert found.iloc[2]["remark"] == variants.BETTER_LOW and found.iloc[2]["delta"] == pytest.approx(2.2)
    assert variants.bits_evidence(_table([]), ["base-8b"]).empty


def test_single_runs_of_one_archive_are_held_against_each_other() -> None:
    rows = [
        {"bits": 16.0, "value": 0.7, "member": "runs/fp16.json", "precision_as_written": "fp16"},
        {"bits": 4.0, "value": 0.6, "member": "runs/nf4.json", "precision_as_written": "nf4"},
        {"bits": 4.0, "value": 0.5, "member": "runs/nf4.json", "precision_as_written": "nf4", "zip": "another"},
    ]
    found = variants.bits_evidence(_table(rows), ["base-8b"])
    assert found["value"].tolist() == [0.6] and found["delta"].tolist() == pytest.approx([-0.1])
    assert found["member"].tolist() == ["runs/nf4.json"]


def test_a_step_without_a_common_protocol_has_no_evidence() -> None:
    rows = [
        {"model": model, "score": score, "n_samples": 2000.0, "n_correct": 2000 * score, "stderr": 0.011, **more}
        for model, score, more in (
            ("base", 0.6, {}),
            ("chat", 0.5, {}),
            ("r1", 0.9, {"evaluator": "board:x"}),
        )
    ]
    scores = frames.scores(rows)
    catalogue = frames.benchmarks({"mmlu": "MMLU"}).assign(part_of=None)
    found = variants.step_evidence(scores, "base", "chat", catalogue)
    assert found["verdict"].tolist() == ["shown worse"] and found["delta"].tolist() == pytest.approx([-0.1])
    assert found["run"].iloc[0] != found["run_base"].iloc[0]
    assert variants.step_evidence(scores, "base", "r1", catalogue).empty


def test_the_command_is_safe_for_a_shell() -> None:
    assert variants.command("org/a", 4, ["mmlu"]) == (
        "lm_eval --model vllm --model_args pretrained=org/a,quantization=bitsandbytes --tasks mmlu --log_samples "
        "--output_path results"
    )
    assert "'pretrained=a; rm -rf b,dtype=auto'" in variants.command("a; rm -rf b", 16, ["mmlu"])
    assert variants.command("", 4, ["mmlu"]) == ""


values = st.floats(0.05, 0.95)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(values, values, st.floats(0.002, 0.05)), min_size=1, max_size=6))
def test_pairs_follow_the_definition(rows: list[tuple[float, float, float]]) -> None:
    facts = []
    means = {}
    for i, (a, b, se) in enumerate(rows):
        facts += [{"id": f"b{i}", "params_total": 1e9}, {"id": f"t{i}", "params_total": 1e9, "finetuned_from": f"b{i}"}]
        means[f"t{i}"], means[f"b{i}"] = (a, se), (b, se)
    models = frames.models(facts)
    frame = pd.DataFrame.from_dict(means, orient="index", columns=["score", "stderr"])
    found = tuned.pairs(frame, models, models["params_total"]).set_index("model")
    p = {f"t{i}": 2 * norm.sf(abs(a - b) / (se * math.sqrt(2))) for i, (a, b, se) in enumerate(rows)}
    ordered = sorted(p, key=lambda one: p[one])
    # Benjamini-Hochberg by its text: the largest rank i with p_(i) <= 0.05 i/m, and all below it.
    largest = max((i + 1 for i, one in enumerate(ordered) if p[one] <= 0.05 * (i + 1) / len(p)), default=0)
    shown = set(ordered[:largest])
    for i, (a, b, _) in enumerate(rows):
        row = found.loc[f"t{i}"]
        assert row["base"] == f"b{i}" and row["delta"] == pytest.approx(a - b)
        expected = tuned.NOT_SHOWN if f"t{i}" not in shown else tuned.BETTER if a > b else tuned.WORSE
        assert row["verdict"] == expected


def test_catching_up_counts_models_and_not_tests() -> None:
    means = pd.DataFrame(
        {"score": [0.8, 0.2, 0.9, 0.5, 0.51], "stderr": [0.01] * 5}, index=["chat", "base", "r1", "large", "chat-2"]
    )
    found = tuned.catch_up(means, MODELS, MODELS["params_total"], 35e9)
    assert found == tuned.CatchUp(n_tuned=3, tuned_above=2, n_base=1, base_above=0, n_large=1, n_tests=4)
    # Nobody is small when everybody is large; a disputed size takes no part.
    assert tuned.catch_up(means, MODELS, MODELS["params_total"], 1e9).n_tests == 0
    doubtful = MODELS.assign(size_status="disputed")
    assert tuned.catch_up(means, doubtful, MODELS["params_total"], 35e9).n_tests == 0
