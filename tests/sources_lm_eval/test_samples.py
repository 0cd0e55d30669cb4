"""Per-question logs: layouts, values, filters, and how a log meets its scores."""

import hashlib
import json

import pytest

from lib.errors import RefusedInput
from lib.sources import lm_eval_samples
from lib.sources.contract import Candidate
from lib.sources.lm_eval_job_logs import find_run
from tests.sources_lm_eval.golden_cases import GOLDEN, candidate_of, case_folders, source_for

CASES = [pytest.param(folder, id=folder.name) for folder in case_folders("lm-eval-samples")]


def new_row(doc_id, value, **more):
    return {
        "doc_id": doc_id,
        "doc": {"q": doc_id},
        "target": "x",
        "arguments": {"gen_args_0": {"arg_0": f"prompt {doc_id}", "arg_1": " a"}},
        "resps": [[["-1.0", "True"]]],
        "filtered_resps": ["a"],
        "acc": value,
        **more,
    }


def lines(rows):
    return b"\n".join(json.dumps(row).encode() for row in rows) + b"\n"


def read(content, name="samples_t_2025-01-02T03-04-05.jsonl", neighbours=None):
    candidate = Candidate(name, content, neighbours or {})
    assert lm_eval_samples.SOURCE.recognise(candidate)
    return lm_eval_samples.SOURCE.parse(candidate)


@pytest.mark.parametrize("folder", CASES)
def test_every_row_of_the_raw_log_is_there(folder):
    candidate = candidate_of(folder)
    text = candidate.content.decode()
    raw = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    (run,) = source_for(candidate).parse(candidate).runs
    table = run.samples[0].table.to_pydict()
    assert table["sample_id"] == [row["doc_id"] for row in raw]
    for name, column in table.items():
        if name.startswith("metric:"):
            for value, row in zip(column, raw, strict=True):
                written = row.get(name.removeprefix("metric:"))
                if isinstance(written, int | float):
                    assert value == float(written)
                elif isinstance(written, str) and "prompt_0" in row:
                    assert value == (float(written == "True") if written in ("True", "False") else float(written))
                else:
                    assert value is None
    for prompt, digest, row in zip(table["prompt"], table["prompt_hash"], raw, strict=True):
        assert digest == row.get("prompt_hash", hashlib.sha256(prompt.encode()).hexdigest())


def test_lines_and_array_and_one_line_give_the_same():
    rows = [new_row(0, 1.0), new_row(1, 0.0), new_row(2, True)]
    by_lines = read(lines(rows)).runs[0]
    by_array = read(json.dumps(rows, indent=2).encode(), "samples_t_2025-01-02T03-04-05.json").runs[0]
    assert by_lines.samples[0].table.equals(by_array.samples[0].table)
    assert by_lines.results == by_array.results
    assert read(lines(rows[:1])).runs[0].samples[0].table.num_rows == 1


def test_a_log_alone_is_a_run_with_counts():
    run = read(
        lines([new_row(i, float(i % 4 > 0)) for i in range(40)]), "out/org__name/samples_t_2025-01-02T03-04-05.jsonl"
    ).runs[0]
    (result,) = run.results
    assert (result.task, result.n_samples, result.n_correct, result.score) == ("t", 40, 30, 0.75)
    assert (result.stderr_rule, result.flags, result.score_published) == ("counts", ("from-samples",), None)
    assert result.stderr == pytest.approx((0.75 * 0.25 / 39) ** 0.5)
    assert run.spellings[0] == "org/name"
    assert (run.evaluated_on, run.stamp) == ("2025-01-02", "2025-01-02T03-04-05")


def test_filters_are_scores_of_their_own():
    rows = [new_row(i, v, filter=f, metrics=["acc"]) for i in range(3) for f, v in (("strict", 0.0), ("flexible", 1.0))]
    run = read(lines(rows)).runs[0]
    assert {r.filter: (r.n_samples, r.n_correct) for r in run.results} == {"strict": (3, 0), "flexible": (3, 3)}
    assert run.samples[0].table.num_rows == 6


def test_unnamed_filters_are_told_apart_by_order():
    rows = [new_row(i, v) for i in range(3) for v in (0.0, 1.0)]
    run = read(lines(rows)).runs[0]
    assert {r.filter: r.n_correct for r in run.results} == {"unnamed-1": 0, "unnamed-2": 3}


def test_values_that_are_no_number_are_null_and_told():
    rows = [new_row(0, [1, 0], ppl=[-3.0, 1], word="truthful"), new_row(1, float("inf"))]
    parsed = read(lines(rows))
    table = parsed.runs[0].samples[0].table
    assert all(table.column(f"metric:{name}").null_count == 2 for name in ("acc", "ppl", "word"))
    assert parsed.runs[0].results == []
    assert len(parsed.warnings) == 3


def test_old_prompts_are_hashed_and_chat_messages_unwrapped():
    old = new_row(0, 1.0, arguments=[["the prompt", " a"], ["other", " b"]])
    flat = new_row(1, 1.0, arguments=["the prompt", " a"])
    chat = new_row(2, 1.0, arguments={"gen_args_0": {"arg_0": ['[{"role": "user"}]']}})
    table = read(lines([old, flat, chat])).runs[0].samples[0].table.to_pydict()
    assert table["prompt"] == ["the prompt", "the prompt", '[{"role": "user"}]']
    assert table["prompt_hash"][0] == table["prompt_hash"][1] == hashlib.sha256(b"the prompt").hexdigest()
    assert table["doc_hash"] == [None] * 3


RESULTS = json.dumps(
    {
        "results": {"t": {"acc,none": 0.5}},
        "versions": {},
        "config": {"model": "hf", "model_args": "pretrained=org/real"},
    }
).encode()


@pytest.mark.parametrize(
    ("beside", "is_attached"),
    [
        ({"results_2025-01-02T03-04-05.json": RESULTS}, True),
        ({"x_2025-01-02T03:04:05.json": RESULTS}, True),
        ({"results_2025-01-02T03-04-06.json": RESULTS}, False),
        ({"results_2025-01-02T03-04-05.json": RESULTS.replace(b'"t"', b'"other"')}, False),
        ({"results_2025-01-02T03-04-05.json": b"{"}, False),
        ({"samples_t2_2025-01-02T03-04-05.jsonl": lines([new_row(0, 1.0)])}, False),
    ],
)
def test_a_log_meets_its_results_file_by_stamp_and_task(beside, is_attached):
    run = read(lines([new_row(0, 1.0)]), "samples_t_2025-01-02T03-04-05.jsonl", beside).runs[0]
    if is_attached:
        assert run.config["attach_to"] == hashlib.sha256(RESULTS).hexdigest()
        assert (run.spellings, run.results, len(run.samples)) == (("org/real",), [], 1)
    else:
        assert "attach_to" not in run.config
        assert len(run.results) == 1


@pytest.mark.parametrize(
    ("name", "task", "spelling"),
    [
        ("out/org__m/samples_a_b_c_2025-01-02T03-04-05.123.jsonl", "a_b_c", "org/m"),
        ("samples_g::t_2025-01-02T03-04-05.jsonl", "g::t", None),
        ("pretrained=EleutherAI__pythia-2.8b_winogrande.jsonl", "winogrande", "EleutherAI/pythia-2.8b"),
        ("pretrained__google__flan-t5-xl,parallelize__True_bbh_fewshot_x.jsonl", "bbh_fewshot_x", "google/flan-t5-xl"),
        ("whatever.json", "whatever", None),
    ],
)
def test_task_and_model_from_the_file_name(name, task, spelling):
    run = read(lines([new_row(0, 1.0)]), name).runs[0]
    assert run.samples[0].task == task
    assert run.spellings == ((spelling, name) if spelling else (name,))


LOG = (
    "noise\nhf-causal (pretrained=/m/{m},revision=step3), limit: {limit}, provide_description: False, num_fewshot: 5, "
    "batch_size: 16\n|Task|Version|Metric|Value|   |Stderr|\n|----|------:|------|----:|---|-----:|\n"
    "|other|0|acc|0.9000|±|0.01|\n|wino|0|acc|{value}|±|0.01|\n|    | |acc_norm|0.1|±|0.01|\n\n"
)


def log(m="x", value="0.6500", limit="None"):
    return LOG.format(m=m, value=value, limit=limit).encode()


def test_the_job_log_names_model_and_shots():
    folder = GOLDEN / "lm-eval-samples" / "write-out-winogrande"
    run = lm_eval_samples.SOURCE.parse(candidate_of(folder)).runs[0]
    assert run.spellings[0] == "/users/adbt150/archive/Llama-2-7b-hf"
    assert [r.n_shot for r in run.results] == [5]
    assert run.evaluator == "lm-eval 0.3"


def test_a_job_log_counts_only_if_task_and_score_agree():
    scores = {"acc": 0.65}
    found = find_run({"a.txt": log()}, "wino", scores)
    assert found is not None
    assert (found.arguments, found.n_shot, found.limit) == ("pretrained=/m/x,revision=step3", 5, None)
    assert find_run({"a.txt": log(limit="10")}, "wino", scores).limit == "10"
    assert find_run({"a.txt": log(value="0.6400")}, "wino", scores) is None
    assert find_run({"a.txt": log()}, "piqa", scores) is None
    assert find_run({"a.json": log()}, "wino", scores) is None
    assert find_run({"a.txt": log(), "b.log": log(m="y")}, "wino", scores) is None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (lines([new_row(0, 1.0)]) + b'{"doc_id": 1, "doc', "line 2"),
        (lines([new_row(0, 1.0)]) + b"[1]\n", "row 2"),
        (lines([new_row(0, 1.0), {"doc_id": 1}]), "row 2"),
        (lines([new_row(0, 1.0), new_row("one", 1.0)]), "row 2.doc_id"),
        (lines([new_row(0, 1.0), new_row(-1, 1.0)]), "row 2.doc_id"),
        (lines([new_row(0, 1.0), new_row(True, 1.0)]), "row 2.doc_id"),
    ],
)
def test_a_damaged_log_is_refused_whole(content, place):
    with pytest.raises(RefusedInput) as refused:
        read(content)
    assert refused.value.place.startswith(place)


def test_both_filters_of_the_current_release():
    folder = GOLDEN / "lm-eval-samples" / "made-0.4.13-p4p_sums"
    run = lm_eval_samples.SOURCE.parse(candidate_of(folder)).runs[0]
    table = run.samples[0].table.to_pydict()
    assert {name: table["filter"].count(name) for name in set(table["filter"])} == {
        "strict-match": 9,
        "flexible-extract": 9,
    }
