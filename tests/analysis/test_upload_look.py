"""Beside whom new scores stand: against the definition, model by model and pair by pair."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.analysis.comparability import compare
from lib.analysis.upload_look import CAUTIONS, FIELDS, standing, words

CHOICES = {
    "evaluator": ["lm-eval 0.4", "helm", None],
    "document": [None],
    "task": ["a", "A", "b"],
    "prompt": ["", "cot"],
    "metric": ["acc", "f1"],
    "filter": ["none"],
    "limit": [None, "10"],
    "task_version": ["1", "2", None],
    "task_hash": [None, "abcd1234"],
    "n_samples": [100.0, 200.0, float("nan")],
    "n_shot": [0.0, 5.0, float("nan")],
    "chat_template": ["none", None],
    "system_instruction": ["none", "1234"],
    "dtype": ["float16", "bfloat16", None],
}
ROW = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})
STORED = st.tuples(ROW, st.sampled_from(["m1", "m2", "m3", "m4", None]), st.sampled_from(["x", "y"]))


def frame(rows):
    made = [{**row, "model": model, "benchmark": benchmark} for row, model, benchmark in rows]
    columns = ["model", "benchmark", *CHOICES]
    return pd.DataFrame(made, columns=columns).assign(is_checkpoint=False, status="scored")


@given(st.lists(STORED, max_size=12), st.lists(ROW, min_size=1, max_size=3), st.sampled_from([None, "m1"]))
def test_each_model_takes_the_best_of_its_scores(stored, new, model):
    scores = frame(stored)
    rows = pd.DataFrame([{"run": i, "model": model, "benchmark": "x", **row} for i, row in enumerate(new)])
    found = standing(rows, scores)
    assert found["run"].tolist() == list(range(len(new)))
    for row, told in zip(new, found.to_dict("records"), strict=True):
        verdicts = {}
        for other, name, benchmark in stored:
            if benchmark == "x" and name not in (None, model):
                verdict = compare({**row, "benchmark": "x"}, {**other, "benchmark": "x"}).verdict
                verdicts.setdefault(name, set()).add(verdict)
        best = Counter(
            next(v for v in ("comparable", "caution", "not comparable") if v in own) for own in verdicts.values()
        )
        assert (told["n_comparable"], told["n_caution"], told["n_not"]) == (
            best["comparable"], best["caution"], best["not comparable"],
        )  # fmt: skip
        assert all(n <= told["n_not"] for _, n in told["refusals"])
        assert not {reason for reason, _ in told["refusals"]} & CAUTIONS
        assert bool(told["refusals"]) == (told["n_not"] > 0)
        assert {reason for reason, _ in told["cautions"]} <= CAUTIONS
        assert bool(told["cautions"]) == (told["n_caution"] > 0)
        assert set(told["beside"]) <= set(verdicts)
        assert words(told)


def test_reasons_are_counted_in_models():
    row = {name: values[0] for name, values in CHOICES.items()}
    scores = frame(
        [(row, "m1", "x"), ({**row, "dtype": "bfloat16"}, "m2", "x"), ({**row, "evaluator": "helm"}, "m3", "x"),
         ({**row, "evaluator": "helm", "metric": "f1"}, "m4", "x"), ({**row, "evaluator": "helm"}, "m2", "x")]
    )  # fmt: skip
    (told,) = standing(pd.DataFrame([{"run": 0, "model": None, "benchmark": "x", **row}]), scores).to_dict("records")
    assert (told["n_comparable"], told["n_caution"], told["n_not"]) == (1, 1, 2)
    assert told["cautions"] == (("different precision", 1),)
    assert told["refusals"] == (("different evaluators", 2), ("different metrics", 1))
    assert told["beside"] == ("m1", "m2")
    assert words(told) == (
        "comparable with 1 of 4 models, with caution with 1 more (different precision); not with 2 (different evaluators)"
    )


def test_checkpoints_and_failures_are_no_company():
    row = {name: values[0] for name, values in CHOICES.items()}
    scores = frame([(row, "m1", "x"), (row, "m2", "x")])
    new = pd.DataFrame([{"run": 0, "model": None, "benchmark": "x", **row}])
    assert standing(new, scores.assign(is_checkpoint=[True, False]))["n_comparable"].tolist() == [1]
    assert standing(new, scores.assign(status=["failed", "scored"]))["n_comparable"].tolist() == [1]
    assert words(standing(new, scores.iloc[:0]).iloc[0]) == "nothing in the store to compare with"
    assert standing(new.iloc[:0], scores).empty


def test_every_field_of_the_rule_is_looked_at():
    """A field that only ``compare`` knows would join ways of measuring that differ."""
    row = {"evaluator": "a", "metric": "acc", "filter": "none", "task": "t", "benchmark": "x", "n_samples": 5.0}
    for name in FIELDS:
        if name in ("benchmark", "task_hash", "document"):
            continue
        a, b = {**row, name: "1"}, {**row, name: "2"}
        assert compare(a, b) != compare(a, a), name


@pytest.mark.parametrize("value", [None, float("nan"), ""])
def test_unknown_is_unknown_however_it_is_written(value):
    row = {name: values[0] for name, values in CHOICES.items()}
    scores = frame([({**row, "chat_template": value}, "m1", "x")])
    (told,) = standing(pd.DataFrame([{"run": 0, "model": None, "benchmark": "x", **row}]), scores).to_dict("records")
    assert told["cautions"] == (("chat template not stated", 1),)
