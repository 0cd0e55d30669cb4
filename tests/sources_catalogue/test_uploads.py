"""Plain CSV and Every Eval Ever: what is refused and where, what is recognised, what hostile content becomes."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources import every_eval_ever, plain_csv, plain_csv_header
from lib.sources.contract import Candidate
from lib.sources.registry import importer_for

GOLDEN = Path(__file__).parents[1] / "golden"
RECORD = json.loads((GOLDEN / "every-eval-ever/lm-eval/record.json").read_text("utf-8"))


def csv_file(text: str) -> Candidate:
    return Candidate("mine.csv", text.encode())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("model,benchmark,score\nm,b,high\n", "line 2, column 'score'"),
        ("model,benchmark,score\nm,b,\n", "line 2, column 'score'"),
        ("model,benchmark,score\n,b,0.5\n", "line 2, column 'model'"),
        ("model,benchmark,score,metric\nm,b,56.9,acc\n", "line 2, column 'score'"),
        ("model,benchmark,score\nm,a,0.5\nm,b,70.7\n", "line 3, column 'score'"),
        ("model,benchmark,score,metric\nm,b,70.7,Score\n", "line 2, column 'score'"),
        ("model,benchmark,score\nm,b,-0.5\n", "line 2, column 'score'"),
        ("model,ARC,PIQA\nm,0.5,70.7\n", "line 2, column 'PIQA'"),
        ("model,benchmark,score,unit\nm,b,0.5,permille\n", "line 2, column 'unit'"),
        ("model,benchmark,score,unit\nm,b,120,percent\n", "line 2, column 'score'"),
        ("model,benchmark,score,n\nm,b,0.5,0\n", "line 2, column 'n'"),
        ("model,benchmark,score,metric,n,n_correct\nm,b,0.5,acc,10,11\n", "line 2, column 'n_correct'"),
        ("model,benchmark,score,stderr\nm,b,0.5,-0.1\n", "line 2, column 'stderr'"),
        ("model,benchmark,score,n_shot\nm,b,0.5,-1\n", "line 2, column 'n_shot'"),
        ("model,benchmark,score\nm,b,0.5\nm,b,0.6\n", "line 3, column 'score'"),
        ("model,benchmark,score,colour\nm,b,0.5,red\n", "line 1, column 'colour'"),
        ("model,task,benchmark,score\nm,b,b,0.5\n", "line 1"),
        ("model,ARC,HellaSwag\nm,0.5,x\n", "line 2, column 'HellaSwag'"),
        ("model,ARC\nm,0.5\nm,0.6\n", "line 3, column 'ARC'"),
        ("model,ARC,\nm,0.5,1\n", "line 1"),
        ("model,ARC,PIQA\nm,,\n", ""),
        ("model,ARC\n", ""),
    ],
)
def test_a_refused_csv_names_line_and_column(text, place):
    given_file = csv_file(text)
    assert importer_for(given_file).name == "plain-csv"
    with pytest.raises(RefusedInput) as refusal:
        plain_csv.parse(given_file)
    assert refusal.value.file == "mine.csv"
    assert refusal.value.place == place


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("model,benchmark,accuracy", "no column score: is 'accuracy' meant? Rename it to score"),
        ("Model,Task,Acc", "no column score: is 'Acc' meant? Rename it to score"),
        ("model,benchmark,scroe", "no column score: is 'scroe' meant? Rename it to score"),
        ("model,benchmark,colour", "no column score at line 1"),
        ("model,benchmark", "no column score at line 1"),
        ("model,dataset,score", "no column benchmark: is 'dataset' meant? Rename it to benchmark"),
        ("model,score", "no column benchmark at line 1"),
        ("name,benchmark,score", "no column model: is 'name' meant? Rename it to model"),
        ("model;benchmark;score", "parted by semicolons"),
        ('"Model";"Task";"Score"', "parted by semicolons"),
        ("model;ARC;PIQA", "parted by semicolons"),
        ("model\tbenchmark\tscore", "parted by tabs"),
    ],
)
def test_a_header_that_is_nearly_right_is_asked_about(header, said):
    width = len(header.replace(";", ",").replace("\t", ",").split(","))
    given_file = csv_file(header + "\n" + ",".join(["m", "arc", "0,5".replace(",", "."), "1"][:width]) + "\n")
    assert importer_for(given_file).name == "plain-csv"
    with pytest.raises(RefusedInput) as refusal:
        plain_csv.parse(given_file)
    assert said in refusal.value.message
    assert "expected a number" not in refusal.value.message


@pytest.mark.parametrize("header", ["model,score,ARC", "model,average,mean", "model,ARC,accuracy", "Model,MMLU"])
def test_a_table_with_a_column_per_benchmark_is_still_one(header):
    n = header.count(",")
    (run,) = plain_csv.parse(csv_file(header + "\nm" + ",0.5" * n + "\n")).runs
    assert [result.task for result in run.results] == header.split(",")[1:]


@pytest.mark.parametrize("text", ["a;b;c\n", "models;and;words\n", "benchmark;x\n", "model\n", ";\n"])
def test_other_texts_with_semicolons_are_no_tables(text):
    assert importer_for(csv_file(text)).name != "plain-csv"


def test_headings_in_capitals_and_a_percent_sign_are_read():
    (run,) = plain_csv.parse(csv_file("Model,Benchmark,Score,Unit\nm,arc,70.7,%\n")).runs
    assert run.results[0].score == 0.707
    with pytest.raises(RefusedInput, match="fraction, percent, %"):
        plain_csv.parse(csv_file("model,benchmark,score,unit\nm,arc,70.7,per mille\n"))


def test_a_number_above_one_needs_a_metric_or_percent():
    """70.7 without a word may be a percentage, an Elo or a time: nothing is guessed, and the message says what to write."""
    with pytest.raises(RefusedInput) as refusal:
        plain_csv.parse(csv_file("model,benchmark,score\nm,arc,70.7\n"))
    for word in ("fraction from 0 to 1", "column unit with 'percent'", "column metric", "70.7"):
        assert word in refusal.value.message
    for told, score in (("unit\nm,arc,70.7,percent", 0.707), ("metric\nm,arc,70.7,judge points", 70.7)):
        (run,) = plain_csv.parse(csv_file(f"model,benchmark,score,{told}\n")).runs
        assert run.results[0].score == score


@pytest.mark.parametrize(
    ("metric", "stated", "higher"),
    [
        ("perplexity", "", False), ("Perplexity", "", False), ("word error rate", "", False), ("acc", "", True),
        ("", "", True), ("judge points", "", None), ("judge points", "true", True), ("perplexity", "false", False),
        ("pct_stereotype", "", None),
    ],
)  # fmt: skip
def test_the_direction_is_stated_or_follows_from_the_metric_or_is_unknown(metric, stated, higher):
    text = f"model,benchmark,score,metric,higher_is_better\nm,b,0.5,{metric},{stated}\n"
    assert plain_csv.parse(csv_file(text)).runs[0].results[0].higher_is_better is higher


def test_stated_counts_that_do_not_fit_are_marked():
    text = "model,benchmark,score,metric,n,n_correct\nm,a,0.50,acc,10,5\nm,b,0.50,acc,10,7\n"
    first, second = plain_csv.parse(csv_file(text)).runs[0].results
    assert (first.n_correct, first.stderr_rule, first.flags) == (5, "counts", ())
    assert (second.n_correct, second.stderr, second.flags) == (None, None, ("n-disagrees",))


def test_a_share_that_several_counts_print_alike_has_an_approximate_error():
    text = "model,benchmark,score,metric,n\nm,many,0.456,acc,14042\nm,one,0.456,acc,250\nm,none,0.456,acc,10\n"
    results = {r.task: r for run in plain_csv.SOURCE.parse(csv_file(text)).runs for r in run.results}
    many, one, none = (results[name] for name in ("many", "one", "none"))
    assert (many.n_correct, many.stderr_rule, many.is_approximate) == (None, "counts", True)
    assert many.stderr == pytest.approx((0.456 * 0.544 / 14042) ** 0.5, rel=1e-3)
    assert (one.n_correct, one.is_approximate) == (114, False)
    assert (none.n_correct, none.stderr, none.stderr_rule) == (None, None, "none")


def test_two_tables_of_the_same_name_are_two_documents():
    first = plain_csv.parse(csv_file("model,ARC\nm,0.5\n")).runs[0]
    second = plain_csv.parse(csv_file("model,ARC\nm,0.6\n")).runs[0]
    assert first.evaluator == second.evaluator == "document"
    assert first.document != second.document


@given(st.integers(1, 3000), st.data())
@settings(max_examples=60)
def test_counts_of_a_table_come_back(n, data):
    k = data.draw(st.integers(0, n))
    (run,) = plain_csv.parse(csv_file(f"model,benchmark,score,metric,n\nm,b,{k / n:.6f},acc,{n}\n")).runs
    (result,) = run.results
    assert (result.n_correct, result.n_samples) == (k, n)
    assert result.score == k / n


def record_with(path: list, value: object) -> Candidate:
    record = copy.deepcopy(RECORD)
    part = record
    for key in path[:-1]:
        part = part[key]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return Candidate("r.json", json.dumps(record).encode())


def test_a_record_that_states_no_direction_has_that_of_the_metric():
    place = ["evaluation_results", 0, "metric_config", "lower_is_better"]
    results = [every_eval_ever.parse(record_with(place, value)).runs[0].results[0] for value in (None, True)]
    assert {one.metric for one in results} == {"exact_match"}
    assert [one.higher_is_better for one in results] == [True, False]


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["model_info"], "x", "model_info"),
        (["model_info", "id"], 5, None),
        (["evaluation_results"], [], "evaluation_results"),
        (["evaluation_results"], {"a": 1}, "evaluation_results"),
        (["evaluation_results", 1], "x", "evaluation_results[1]"),
        (["evaluation_results", 1, "score_details"], None, "evaluation_results[1].score_details"),
        (["evaluation_results", 1, "score_details", "score"], "0.5", "evaluation_results[1].score_details.score"),
        (["evaluation_results", 1, "score_details", "score"], True, "evaluation_results[1].score_details.score"),
        (["evaluation_results", 0, "metric_config"], None, "evaluation_results[0].metric_config"),
        (["evaluation_results", 0, "evaluation_name"], None, "evaluation_results[0].evaluation_name"),
    ],
)
def test_a_refused_record_names_the_key(path, value, place):
    given_file = record_with(path, value)
    assert every_eval_ever.recognise(given_file)
    if place is None:
        # A model without a usable id still has its name.
        assert every_eval_ever.parse(given_file).runs[0].spellings == ("EleutherAI/pythia-1b",)
        return
    with pytest.raises(RefusedInput) as refusal:
        every_eval_ever.parse(given_file)
    assert (refusal.value.file, refusal.value.place) == ("r.json", place)


def test_a_record_without_a_model_is_refused():
    record = copy.deepcopy(RECORD)
    record["model_info"] = {"id": "unknown", "name": ""}
    with pytest.raises(RefusedInput, match="names no model"):
        every_eval_ever.parse(Candidate("r.json", json.dumps(record).encode()))


def test_not_a_number_is_kept_as_missing():
    given_file = record_with(["evaluation_results", 0, "score_details", "score"], float("nan"))
    result = every_eval_ever.parse(given_file).runs[0].results[0]
    assert (result.score, result.status, result.flags) == (None, "unparsed", ("not-a-number",))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ["source_metadata"],
    ["eval_library"],
    ["evaluation_timestamp"],
    ["model_info", "additional_details"],
    ["model_info", "additional_details", "num_parameters"],
    ["model_info", "inference_engine"],
    ["evaluation_results", 0, "metric_config", "evaluation_description"],
    ["evaluation_results", 0, "metric_config", "min_score"],
    ["evaluation_results", 0, "source_data"],
    ["evaluation_results", 0, "score_details", "uncertainty"],
    ["evaluation_results", 0, "score_details", "score"],
    ["evaluation_results", 0, "generation_config"],
]


@given(st.sampled_from(PLACES), JSON)
@settings(max_examples=150)
def test_whatever_stands_in_a_record_it_is_read_or_refused(path, value):
    given_file = record_with(path, value)
    try:
        parsed = every_eval_ever.parse(given_file)
    except RefusedInput as refusal:
        assert refusal.place
    else:
        assert parsed.runs[0].results


def test_every_column_of_a_plain_csv_is_documented():
    text = (Path(__file__).parents[2] / "docs/data-formats.md").read_text("utf-8")
    for name in (*plain_csv.LONG, *plain_csv_header.OTHER_NAMES):
        assert f"`{name}`" in text, name
    for name in plain_csv.COUNTED - {"exact match"}:
        assert f"`{name}`" in text, name


def test_the_examples_in_the_document_are_read():
    text = (Path(__file__).parents[2] / "docs/data-formats.md").read_text("utf-8")
    examples = text.split("```csv\n")[1:]
    assert len(examples) == 2
    for example in examples:
        assert plain_csv.parse(csv_file(example.split("```")[0])).runs
