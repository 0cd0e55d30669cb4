"""What looks like lm-eval and is not is refused with its own reason; merged bigscience files are read."""

import json

import pytest

from lib.errors import RefusedInput
from lib.sources import bigscience_merged, not_evaluations
from lib.sources.contract import Candidate
from tests.sources_lm_eval.golden_cases import GOLDEN, candidate_of, source_for

METRICS = {"acc": 0.5, "acc_stderr": 0.1}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("r.json", {"config_general": {}, "results": [METRICS]}, "form of lighteval"),
        ("r.json", {"results": [{"task_name": "x", "acc": 0.5}]}, "multi-prompt branch"),
        ("r.json", {"results": {"lite": {"arc": METRICS}}}, "expected values"),
        ("r.json", {"results": {"AIME24": {"accuracy_avg": 0.5}}, "config": {}, "git_hash": "x"}, "Evalchemy"),
        ("r.json", {"results": 5, "config": {}}, "not an object of tasks"),
        ("r.json", {"results": {"a": {"acc": 1}}, "tool": "other"}, "not an object of tasks"),
        ("r.json", {"adapter_spec": {}, "request_states": []}, "HELM"),
        ("r.json", {"hello": 1}, "not of a known evaluation tool"),
        ("r.json", [], "list of rows"),
        ("r.json", [{"session_id": 1, "chat_history": []}], "ZeroEval"),
        ("r.json", b'{"results": {"a": {"acc": 0.', "cut off"),
        (
            "x.jsonl",
            b'{"doc_id": 1, "ctx": "", "pred": ""}\n{"doc_id": 2, "ctx": "", "pred": ""}\n',
            "predictions without",
        ),
        ("x.jsonl", b'{"doc_id": 1, "answer": ""}\n{"doc_id": 2}\n', "neither lm-eval's arguments"),
        ("a/LICENSE-x", b"Permission is hereby granted, free of charge", "a licence"),
        ("README.md", b"# Results", "a document"),
        ("job.log", b"Loading checkpoint", "text that a program"),
        ("x.csv", b"model,score\na,1\n", "columns no importer knows"),
        ("x.pkl", b"\x80\x04\x95", "a pickle"),
        ("x", b"", "empty"),
        ("x", b"anything", "not an evaluation file"),
    ],
)
def test_each_neighbour_is_refused_with_its_reason(name, content, reason):
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    candidate = Candidate(name, content)
    assert source_for(candidate) is not_evaluations.SOURCE
    with pytest.raises(RefusedInput, match=reason):
        not_evaluations.SOURCE.parse(candidate)


def test_a_results_file_cut_by_its_writer_names_the_position():
    candidate = candidate_of(GOLDEN / "lm-eval-results" / "stability-ai")
    with pytest.raises(RefusedInput) as refused:
        source_for(candidate).parse(candidate)
    assert refused.value.place.startswith("line 45 column 3")


def test_every_prompt_of_a_merged_file_is_a_score():
    candidate = candidate_of(GOLDEN / "bigscience-merged" / "bloom-3b")
    raw = json.loads(candidate.content)["results"]
    expected = {}
    for key, by_time in raw.items():
        (metrics,) = by_time.values()
        for metric, value in metrics.items():
            if isinstance(value, float) and not metric.endswith("_stderr"):
                identity = (metrics.get("task_name", key), metrics.get("prompt_name", ""), metric)
                assert identity not in expected
                expected[identity] = (value, metrics.get(f"{metric}_stderr"))
    (run,) = bigscience_merged.SOURCE.parse(candidate).runs
    assert {(r.task, r.prompt, r.metric): (r.score_published, r.stderr_published) for r in run.results} == expected
    assert len(expected) > 500
    several = [r for r in run.results if r.task == "axb"]
    assert len({r.prompt for r in several}) == 10
    assert all("several-prompts" in r.flags and r.n_samples == 1104 for r in several)
    assert run.spellings == ("evaluation/results/tr11/bloom2b5/bslmeval.json",)


def test_of_several_runs_of_a_prompt_the_latest_is_taken_and_told():
    times = {"2022-07-07-15-16-12": {"acc": 0.1}, "2022-07-09-15-16-12": {"acc": 0.2}}
    candidate = Candidate("b.json", json.dumps({"results": {"t": times}, "versions": {"t": 0}}).encode())
    assert source_for(candidate) is bigscience_merged.SOURCE
    parsed = bigscience_merged.SOURCE.parse(candidate)
    assert [r.score for r in parsed.runs[0].results] == [0.2]
    assert parsed.runs[0].evaluated_on == "2022-07-09"
    assert "latest" in parsed.warnings[0]
