"""Importers of per-question logs: golden files, what is refused and where, hostile values, ends of a question kept apart."""

import copy
import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.sources import registry, tora, zero_eval
from lib.sources.contract import Candidate
from lib.sources.identity import run_digest
from lib.sources.question_rows import Answered, Budget
from tests.samples.golden_questions import CASES, GOLDEN, SOURCES, candidate_of, summary

NASTY = [
    None, True, 0, -1, 1e308, 2**63, "", " ", "x" * 5000, "\x00", "\ud800", "<script>", "=1+1", [], {}, [[]], [None],
    {"a": {"b": []}}, "1e999", "9" * 400, "1/0", {"is_correct": 1, "solution": 2}, float("nan"),
]  # fmt: skip


def rows_of(case):
    """The rows of a golden file, and the way back to bytes."""
    content = candidate_of(case).content
    if content.lstrip()[:1] == b"[":
        return json.loads(content), lambda rows: json.dumps(rows).encode()
    if content.lstrip()[:1] == b"{":
        back = lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows)  # noqa: E731
        return [json.loads(line) for line in content.splitlines()], back
    return list(csv.reader(io.StringIO(content.decode()))), as_csv


def as_csv(rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def changed(case, change):
    """The golden file with its rows changed in place."""
    rows, back = rows_of(case)
    change(rows)
    return Candidate(candidate_of(case).name, back(rows))


def refusal(case, change):
    candidate = changed(case, change)
    with pytest.raises(RefusedInput) as refused:
        SOURCES[case.parts[0]].parse(candidate)
    return refused.value


def case_of(text):
    return next(case for case in CASES if str(case) == text)


def test_every_importer_has_a_case():
    assert {case.parts[0] for case in CASES} == set(SOURCES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_golden(case):
    candidate = candidate_of(case)
    assert registry.importer_for(candidate) is SOURCES[case.parts[0]]
    assert [i.name for i in registry.importers() if i.priority < 60 and i.recognise(candidate)] == [case.parts[0]]
    parsed = SOURCES[case.parts[0]].parse(candidate)
    assert summary(parsed) == json.loads((GOLDEN / case / "expected.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_runs_of_one_file_are_different_runs_and_the_same_twice(case):
    once, again = (SOURCES[case.parts[0]].parse(candidate_of(case)).runs for _ in range(2))
    digests = [run_digest(run) for run in once]
    assert len(set(digests)) == len(digests)
    assert digests == [run_digest(run) for run in again]


@pytest.mark.parametrize(
    ("case", "change", "place"),
    [
        ("gsm8k-2021/four-systems", lambda rows: rows[2].pop("6b_finetuning"), "line 3.6b_finetuning"),
        ("gsm8k-2021/four-systems", lambda rows: rows[1]["175b_finetuning"].update(is_correct="yes"), "line 2.175b"),
        ("gsm8k-2021/four-systems", lambda rows: rows[3].pop("question"), "line 4"),
        ("tora/code-34b", lambda rows: rows[1].update(gt="\\frac{1}{2}"), "line 2.gt"),
        ("tora/code-34b", lambda rows: rows[1].update(idx=0), "line 2.idx"),
        ("tora/code-34b", lambda rows: rows[3].update(pred="18"), "line 4.pred"),
        ("tora/code-34b", lambda rows: rows[3].pop("pred"), "line 4"),
        ("zero-eval/crux", lambda rows: rows[1].update(generator="other/model"), "row 2"),
        ("zero-eval/crux", lambda rows: rows[2].update(id=rows[1]["id"]), "row 3.id"),
        ("zero-eval/gsm", lambda rows: rows[2].update(answer="many"), "row 3.answer"),
        ("zero-eval/gsm", lambda rows: rows[0].update(output="text"), "row 1.output"),
        ("mmlu-pro/llama-2-7b", lambda rows: rows[1].update(question_id=70), "row 2.question_id"),
        ("mmlu-pro/llama-2-7b", lambda rows: rows[1].update(options="A or B"), "row 2.options"),
        ("mmlu-pro/llama-2-7b", lambda rows: rows[3].update(pred=3), "row 4.pred"),
        ("mmlu-pro/llama-2-7b", lambda rows: rows[3].update(answer="all"), "row 4.answer"),
        ("route-llm/anatomy", lambda rows: rows[2].__setitem__(1, "maybe"), "line 13, column 'mistralai"),
        ("route-llm/anatomy", lambda rows: rows[3].append("True"), "line 19"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_place(case, change, place):
    assert refusal(case_of(case), change).place.startswith(place)


def test_five_ends_of_a_question_stay_apart():
    def change(rows):
        rows[1].update(pred=["no number"])
        rows[2].update(pred=[""], code=[""])
        rows[3].update(pred=["7"])

    candidate = changed(case_of("tora/code-34b"), change)
    (run,) = tora.SOURCE.parse(candidate).runs
    table = run.samples[0].table
    assert table["status"].to_pylist() == ["scored", "unparsed", "failed", "scored", "unparsed", "scored"]
    assert table["metric:acc"].to_pylist() == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    (result,) = run.results
    assert (result.n_correct, result.n_samples) == (1, 6)
    assert run.config["answers"] == {"failed": 1, "scored": 3, "unparsed": 2}


def test_a_question_without_a_mark_is_missing_and_not_counted():
    candidate = changed(case_of("route-llm/anatomy"), lambda rows: rows[2].__setitem__(1, ""))
    parsed = SOURCES["route-llm"].parse(candidate)
    mixtral, gpt = (run.results[0] for run in parsed.runs)
    assert (mixtral.n_samples, gpt.n_samples) == (3, 4)
    assert parsed.runs[0].samples[0].table["status"].to_pylist() == ["scored", "missing", "scored", "scored"]
    assert parsed.warnings == ["samples mmlu_anatomy: 1 of 4 questions have no mark; not counted."]


def test_without_any_mark_there_is_a_row_that_says_so():
    def change(rows):
        for row in rows:
            row["6b_finetuning"]["is_correct"] = None

    run = SOURCES["gsm8k-2021"].parse(changed(case_of("gsm8k-2021/four-systems"), change)).runs[0]
    assert [(r.status, r.score, r.n_samples) for r in run.results] == [("missing", None, None)]


def test_a_file_that_repeats_its_questions_for_many_models_has_an_end():
    models = [f"m{number}" for number in range(50)]
    rows = [["prompt", *models], *([f"{n}" + "x" * 30_000, *["True"] * 50] for n in range(100))]
    candidate = Candidate("a.csv", as_csv(rows))
    with pytest.raises(RefusedInput, match="too much for the logs of one file") as refused:
        SOURCES["route-llm"].parse(candidate)
    assert refused.value.expected == "at most 100,000,000 characters"
    assert refused.value.place.startswith("line ")
    budget = Budget(answers=2)
    question = Answered(0, {"question": "Why?"}, None, None, (), None, True)
    budget.take(question, "line 1")
    budget.take(question, "line 2")
    with pytest.raises(RefusedInput, match="at line 3; expected at most 2 answers"):
        budget.take(question, "line 3")


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ('{"answer": "18"}', "18"),
        ('```json\n{"reasoning": "a {brace} and\na line", "answer": 18}\n```', "18"),
        ('{"reasoning": "bad \\( escape", "answer": "3/4"}', "3/4"),
        ('{"reasoning": "cut off", "answer": 12,', "12"),
        ('so it is\nanswer: "[]"\n}', "[]"),
        ('{"reasoning": "no answer at all', None),
        ('{"answer": "first"} {"answer": "second"}', "first"),
        ("", None),
        ("{" * 5000, None),
    ],
)
def test_the_answer_is_found_in_the_text(written, answer):
    assert zero_eval.answer_in(written) == answer


@pytest.mark.parametrize(
    ("answer", "number"),
    [("18", 18.0), ("# 18", 18.0), ("$1,234.50 in all", 1234.5), ("5/2", 2.5), ("-3", -3.0), ("25√2", 25.0),
     ("1/0", 1.0), ("none", None), ("", None)],
)  # fmt: skip
def test_the_number_of_an_answer(answer, number):
    assert zero_eval.number_in(answer) == number


@given(st.integers(1, 10**9), st.sampled_from([1, 100, 0.01]))
def test_tora_takes_a_hundredfold_and_a_hundredth(reference, factor):
    assert tora.is_same(reference * factor, reference)
    assert not tora.is_same(reference * factor * 1.001, reference)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hostile_value_is_refused_or_read_as_text(case):
    rows, back = rows_of(case)
    name = candidate_of(case).name
    for at in (0, len(rows) - 1):
        for key in rows[at] if isinstance(rows[at], dict) else range(len(rows[at])):
            for value in NASTY:
                if not isinstance(rows[at], dict) and not isinstance(value, str):
                    continue
                damaged = copy.deepcopy(rows)
                damaged[at][key] = value
                try:
                    content = back(damaged)
                except UnicodeEncodeError:
                    continue
                read(Candidate(name, content))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_file_cut_anywhere_is_refused_or_whole(case):
    content, name = candidate_of(case).content, candidate_of(case).name
    for end in range(0, len(content), max(1, len(content) // 60)):
        read(Candidate(name, content[:end]))


def read(candidate):
    """As an import does: whoever takes it refuses with a reason or gives records that can be stored."""
    try:
        parsed = registry.importer_for(candidate).parse(candidate)
    except RefusedInput as refused:
        assert 0 < len(refused.message) < 3000
        return
    for run in parsed.runs:
        assert all(0 < len(name) <= 300 and "\x00" not in name for name in run.spellings)
        json.dumps(run.config, allow_nan=False)
        for result in run.results:
            assert result.n_correct is None or 0 <= result.n_correct <= result.n_samples
        for samples in run.samples:
            assert samples.table.num_rows
            assert "\x00" not in str(samples.table["doc"][0])
