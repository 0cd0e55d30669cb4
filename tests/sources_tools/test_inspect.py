"""Logs of Inspect: archives of both kinds, what each value of a scorer means, and hostile archives."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources.archives import Limits, is_zip
from lib.sources.contract import Candidate
from lib.sources.inspect_log import SOURCE, spellings_of
from lib.sources.registry import importer_for
from lib.sources.walk import Raw
from tests.sources_tools.made_archives import eval_archive

SPEC = {"task": "t", "model": "hf/org/m", "created": "2026-01-02T00:00:00Z", "config": {}, "dataset": {"samples": 9}}


def sample(number: int, value: Any, epoch: int = 1) -> dict[str, Any]:
    return {
        "id": number, "epoch": epoch, "input": f"q{number}", "target": "a",
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
        "output": {"choices": [{"message": {"content": "a"}}]}, "scores": {"match": {"value": value, "answer": "a"}},
    }  # fmt: skip


def documents(values: list[Any], accuracy: float, stderr: float, **header: Any) -> dict[str, Any]:
    scored = {
        "name": "match",
        "scorer": "match",
        "metrics": {"accuracy": {"value": accuracy}, "stderr": {"value": stderr}},
    }
    results = {"total_samples": len(values), "completed_samples": len(values), "scores": [scored]}
    head = {"version": 2, "status": "success", "eval": SPEC, "results": results, "stats": {}} | header
    rows = {f"samples/{i}_epoch_1.json": sample(i, value) for i, value in enumerate(values)}
    return {"_journal/start.json": {}, **rows, "header.json": head}


def as_json(made: dict[str, Any]) -> bytes:
    rows = [made[name] for name in made if name.startswith("samples/")]
    return json.dumps(made["header.json"] | {"samples": rows}).encode()


@given(st.lists(st.sampled_from(["C", "I"]), min_size=2, max_size=40))
def test_json_deflate_and_zstandard_hold_the_same_run(values):
    k, n = values.count("C"), len(values)
    p = k / n
    made = documents(values, p, math.sqrt(p * (1 - p) / (n - 1)))
    parsed = [
        SOURCE.parse(Candidate("x", content)).runs[0]
        for content in (as_json(made), eval_archive(made), eval_archive(made, zstandard=True))
    ]
    assert parsed[0].results == parsed[1].results == parsed[2].results
    assert parsed[0].samples[0].table.equals(parsed[1].samples[0].table)
    assert parsed[0].samples[0].table.equals(parsed[2].samples[0].table)
    (result,) = parsed[0].results
    assert (result.n_samples, result.n_correct, result.score) == (n, k, pytest.approx(p))
    column = parsed[0].samples[0].table.column("metric:accuracy").to_pylist()
    assert column == [1.0 if value == "C" else 0.0 for value in values]


@pytest.mark.parametrize(
    ("value", "number", "status"),
    [("C", 1.0, "scored"), ("I", 0.0, "scored"), ("P", 0.5, "scored"), ("N", 0.0, "unparsed"), (True, 1.0, "scored"),
     (0.25, 0.25, "scored"), (float("nan"), None, "missing"), ("odd", None, "missing"), (None, None, "missing")],
)  # fmt: skip
def test_each_value_keeps_its_meaning(value, number, status):
    made = documents([value, "C"], 0.5, 0.5)
    (run,) = SOURCE.parse(Candidate("x", as_json(made))).runs
    row = run.samples[0].table.to_pylist()[0]
    assert (row["metric:accuracy"], row["status"]) == (number, status)


def test_counts_come_only_from_questions_that_bear_the_score_out():
    (result,) = SOURCE.parse(Candidate("x", as_json(documents(["C", "C", "I", "I"], 0.75, 0.25)))).runs[0].results
    assert (result.score, result.n_correct, result.stderr_rule) == (0.75, 3, "counts")  # of the printed error
    (result,) = SOURCE.parse(Candidate("x", as_json(documents(["C", "P", "I", "I"], 0.375, 0.2394)))).runs[0].results
    assert (result.n_samples, result.n_correct, result.stderr_rule) == (4, None, "published")


def test_a_mean_over_several_tries_is_no_count():
    made = documents(["C", "C", "C", "I"], 0.75, 0.2)
    made["header.json"]["eval"] = SPEC | {"config": {"epochs": 2}}
    made["header.json"]["results"]["completed_samples"] = 8
    made |= {f"samples/{i}_epoch_2.json": sample(i, value, 2) for i, value in enumerate(["C", "C", "I", "C"])}
    run = SOURCE.parse(Candidate("x.eval", eval_archive(made))).runs[0]
    (result,) = run.results
    assert (result.n_samples, result.n_correct, result.stderr) == (4, None, 0.2)
    assert run.samples[0].table.num_rows == 8


def test_a_log_is_one_file_and_no_folder():
    content = eval_archive(documents(["C", "I"], 0.5, 0.5))
    assert not is_zip(content)
    (member,) = Raw("a.eval", "a.eval", content).members()
    assert importer_for(Candidate(member.name, member.content)).name == "inspect-log"


@pytest.mark.parametrize("zstandard", [False, True])
def test_inside_a_zip_of_logs_each_is_one_member(zstandard):
    from tests.ingest.archives import zipped

    logs = {f"logs/{i}.eval": eval_archive(documents(["C", "I"], 0.5, 0.5), zstandard=zstandard) for i in range(2)}
    members = list(Raw("logs.zip", "logs.zip", zipped(logs)).members())
    assert [member.path for member in members] == ["logs/0.eval", "logs/1.eval"]
    for member in members:
        assert len(SOURCE.parse(Candidate(member.name, member.content)).runs[0].results) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": "error", "results": {"total_samples": 9, "completed_samples": 2, "scores": []}}, "did not end"),
        ({"status": "started", "results": None}, "did not end"),
        ({"results": {"scores": []}}, "no scores"),
        ({"eval": SPEC | {"model": ""}}, "names no model"),
        ({"eval": SPEC | {"task": None}}, "names no task"),
    ],
)
def test_what_is_no_result_is_refused(change, reason):
    with pytest.raises(RefusedInput, match=reason):
        SOURCE.parse(Candidate("x", as_json(documents(["C"], 1.0, 0.0, **change))))


def test_a_journal_alone_is_a_run_that_did_not_end():
    with pytest.raises(RefusedInput, match="did not end"):
        SOURCE.parse(Candidate("x.eval", eval_archive({"_journal/start.json": {"eval": SPEC}})))


def test_sizes_that_an_archive_claims_are_not_believed():
    made = documents(["C", "I"], 0.5, 0.5)
    for claimed in (1, 10**6, 2**31):
        content = eval_archive(made, zstandard=True, claimed={"samples/0_epoch_1.json": claimed})
        with pytest.raises(RefusedInput, match=r"damaged|larger"):
            SOURCE.parse(Candidate("x.eval", content))
    bomb = made | {"samples/1_epoch_1.json": b'{"id": 1, "x": "' + b" " * (Limits.ratio_from_bytes * 20) + b'"}'}
    for zstandard in (False, True):
        with pytest.raises(RefusedInput, match=r"too tightly|larger"):
            SOURCE.parse(Candidate("x.eval", eval_archive(bomb, zstandard=zstandard)))


@pytest.mark.parametrize(
    ("model", "names", "provider"),
    [
        ("openai/gpt-4o-mini", ("openai/gpt-4o-mini", "gpt-4o-mini"), "openai"),
        ("hf/Qwen/Qwen2.5-0.5B", ("Qwen/Qwen2.5-0.5B", "Qwen2.5-0.5B"), "hf"),
        ("ollama/llama3.1", ("llama3.1",), "ollama"),
        ("openai-api/lab/deepseek-r1", ("deepseek-r1",), "lab"),
        ("bare", ("bare",), None),
    ],
)
def test_who_serves_a_model_is_not_who_made_it(model, names, provider):
    assert spellings_of(model) == (names, provider)


@given(st.binary(max_size=300))
def test_damaged_archives_give_messages(tail):
    content = eval_archive(documents(["C", "I"], 0.5, 0.5), zstandard=True)
    for hostile in (content[: len(content) // 2] + tail, content[:60] + tail + content[60:]):
        with contextlib.suppress(RefusedInput):
            SOURCE.parse(Candidate("x.eval", hostile))
