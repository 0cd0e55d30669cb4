"""What a reader is shown beforehand is what lm-eval asks, to the last character, and answers are scored as said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.evals.task_prompts import MASE, Prompt, configuration, default_shots, most_shots, prompts
from lib.sources.own_task_files import Kind, OwnTask, own_task, read_task, written
from lib.sources.own_task_rows import checked_row, compared
from tests.evals.lm_eval_aside import LmEval

NASTY = (
    "{{7*7}}", "{% raw %}", "{{ cycler.__init__.__globals__.os.getcwd() }}", "{{question}}", "{{options}}", "{# #}",
    "2023", "49", "0", "[1, 2]", "['a']", "2024-01-01", "2024-01-01 10:00:00", "null", "NaN", "true", "1e5", "-3",
    "=1+1", '=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "a\nb", "  two  blanks ", "\u202egpj.exe", "é", "日本",
    "Answer: A", "Question: x\nAnswer: y", "\\n", "\"quoted\"", "%s %d", "${HOME}", "`ls`", "\u2028", "a\tb",
)  # fmt: skip
TEXT = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=30)).filter(lambda text: _is_text(text))
LINE = TEXT.filter(lambda text: len(text.splitlines()) == 1 and compared(text.strip()) != "")


def _is_text(text: str) -> bool:
    return bool(text.strip()) and all(
        c in "\n\t\r" or ((c.isprintable() or ord(c) > 159) and not 0xD7FF < ord(c) < 0xE000) for c in text
    )


def made(kind: Kind, rows: list[dict[str, Any]], examples: list[dict[str, Any]] | None = None) -> OwnTask:
    def checked(all_of_them: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
        return [(f"row {i}", checked_row(kind, row, "row {}".format)) for i, row in enumerate(all_of_them)]

    return own_task("A title", kind, checked(rows), checked(examples or []))


@st.composite
def tasks(draw: st.DrawFn) -> OwnTask:
    kind: Kind = draw(st.sampled_from(("choices", "letters", "answer", "forecast")))
    questions = draw(st.lists(TEXT, min_size=2, max_size=7, unique_by=lambda text: " ".join(text.split())))
    rows = [_row(draw, kind, question) for question in questions]
    n_examples = draw(st.integers(0, len(rows) - 1))
    return made(kind, rows[n_examples:], rows[:n_examples])


def _row(draw: st.DrawFn, kind: Kind, question: str) -> dict[str, Any]:
    if kind in ("choices", "letters"):
        choices = draw(
            st.lists(
                TEXT.map(str.strip),
                min_size=2,
                max_size=5,
                unique_by=lambda text: text.replace("\r\n", "\n").replace("\r", "\n"),
            )
        )
        return {"question": question, "choices": choices, "answer": draw(st.integers(0, len(choices) - 1))}
    if kind == "answer":
        return {"question": question, "answers": draw(st.lists(LINE, min_size=1, max_size=3))}
    number = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
    series = draw(st.lists(number, min_size=4, max_size=8, unique=True))
    return {"question": question, "series": series, "period": draw(st.integers(1, 3)), "answer": draw(number)}


@given(task=tasks(), shots=st.integers(0, 3), n=st.integers(1, 4))
@settings(max_examples=20)
def test_what_is_shown_is_what_is_asked(
    task: OwnTask, shots: int, n: int, lm_eval: LmEval, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shots = min(shots, most_shots(task))
    config = configuration(task, tmp_path_factory.getbasetemp() / "rows")
    asked = lm_eval.ask(config=json.loads(json.dumps(config)), shots=shots, n=n)
    assert asked.get("answer") is not None, asked
    shown = prompts(task, n=n, n_shots=shots)
    assert [text for text, *_ in asked["answer"]] == [one.text for one in shown for _ in one.continuations or ("",)]
    if task.kind == "choices":
        assert [rest for _, rest in asked["answer"]] == [rest for one in shown for rest in one.continuations]


@given(task=tasks())
def test_a_task_comes_back_from_its_file_as_it_was(task: OwnTask) -> None:
    again = read_task(written(task))
    assert again == task and again.name == task.name
    assert written(again) == written(task)


def test_no_question_is_among_the_examples_of_its_own_prompt(lm_eval: LmEval, tmp_path: Path) -> None:
    task = made("answer", [{"question": f"What is q{i}q?", "answers": [f"a{i}a"]} for i in range(12)])
    asked = lm_eval.ask(config=configuration(task, tmp_path), shots=3, n=12)["answer"]
    assert [text for text, _ in asked] == [one.text for one in prompts(task, n=12, n_shots=3)]
    for i, (text, _) in enumerate(asked):
        assert text.count(f"q{i}q") == 1 and f"a{i}a" not in text and text.count("Question:") == 4


def test_its_own_examples_stand_in_their_order_and_are_not_asked(lm_eval: LmEval, tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "answers": [f"a{i}"]} for i in range(9)]
    task = made("answer", rows[7:], rows[:7])
    assert default_shots(task) == 5 and most_shots(task) == 7
    asked = lm_eval.ask(config=configuration(task, tmp_path), shots=5, n=9)["answer"]
    assert len(asked) == 2
    assert asked[0][0].startswith("Question: q0\nAnswer: a0\n\nQuestion: q1\nAnswer: a1\n\n")
    assert asked[0][0].endswith("Answer: a4\n\nQuestion: q7\nAnswer:")


def test_no_more_examples_than_there_are() -> None:
    task = made("answer", [{"question": "a", "answers": ["b"]}])
    with pytest.raises(ValueError, match="1 worked examples of 0"):
        prompts(task, n=1, n_shots=1)


SAID = (
    ("Paris", "paris", 1), ("Paris", " Paris.", 1), ("Paris", "“Paris”", 1), ("Paris", "Lyon", 0), ("Paris", "Paris, France", 0),
    ("-3", "3", 0), ("-3", "-3", 1), ("1.5", "15", 0), ("1.5", "1.5.", 1), ("1234", "1,234", 1), ("1,234", "1234", 1),
    ("3 km", "3km", 0), ("it's", "its", 0), ("0", "", 0), ("12,34", "1234", 0), ("Straße", "straße", 1), ("5%", "5", 0),
    ("2024-01-01", "2024-01-01", 1), ("true", "True", 1), ("[1, 2]", "[1, 2]", 1),
)  # fmt: skip


def test_answers_are_right_in_spite_of_case_and_marks_around_them(lm_eval: LmEval, tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "answers": [right]} for i, (right, _, _) in enumerate(SAID)]
    task = made("answer", rows)
    told = lm_eval.ask(config=configuration(task, tmp_path), says=[said for _, said, _ in SAID])["answer"]
    for (right, said, is_right), score in zip(SAID, told["each"], strict=True):
        assert score == {"exact_match": is_right}, (right, said)
        assert (compared(right) == compared(said.strip())) == bool(is_right)


def test_any_of_several_answers_is_right(lm_eval: LmEval, tmp_path: Path) -> None:
    task = made("answer", [{"question": "q", "answers": ["UK", "United Kingdom"]}, {"question": "r", "answers": ["x"]}])
    told = lm_eval.ask(config=configuration(task, tmp_path), says=["united kingdom", "UK"])["answer"]
    assert told["results"][task.name]["exact_match,none"] == 0.5


WRITTEN = {
    "B": 1, " B.": 1, "(B)": 1, "The answer is B": 1, "**B**": 1, "Answer: B": 1, "A": 0, "A or B": 0, "b": 0,
    "A good question, the answer is B": 1, "None": 0, "": 0,
}  # fmt: skip


def test_the_letter_is_read_from_what_a_model_writes(lm_eval: LmEval, tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "choices": ["red", "blue"], "answer": 1} for i in range(len(WRITTEN))]
    told = lm_eval.ask(config=configuration(made("letters", rows), tmp_path), says=list(WRITTEN))["answer"]
    assert dict(zip(WRITTEN, (one["exact_match"] for one in told["each"]), strict=True)) == WRITTEN


def test_the_likeliest_choice_is_the_answer(lm_eval: LmEval, tmp_path: Path) -> None:
    rows = [{"question": f"q{i}", "choices": ["2023", "49", "long answer"], "answer": i} for i in range(3)]
    told = lm_eval.ask(config=configuration(made("choices", rows), tmp_path), says=["-1", "-2", "-3"] * 3)["answer"]
    (results,) = told["results"].values()
    assert results["acc,none"] == pytest.approx(1 / 3) and results["acc_norm,none"] == pytest.approx(1 / 3)
    assert told["n"] == {made("choices", rows).name: {"original": 3, "effective": 3}}


def test_a_forecast_is_measured_against_the_seasonal_naive_one(lm_eval: LmEval, tmp_path: Path) -> None:
    row = {"question": "q", "series": [1, 5, 2, 8, 3, 5], "period": 2, "answer": 4}
    rows = [row, row | {"question": "r"}, row | {"question": "s"}, row | {"question": "t"}]
    config = configuration(made("forecast", rows), tmp_path)
    assert config["functions"] == {"process_results": MASE}
    told = lm_eval.ask(config=config, says=["4", "It will be 6.", "7 or 8, hard to say: 12 or 13", "cannot say"])[
        "answer"
    ]
    (results,) = told["results"].values()
    # By hand: |2-1|, |8-5|, |3-2|, |5-8| have the mean 2; errors 0, 2 and 3; the last cannot be read and is not wrong.
    assert results["mase,none"] == pytest.approx((0 + 1 + 1.5) / 3)
    assert results["parsed,none"] == 0.75
    assert list(told["higher"].values()) == [{"mase": False, "parsed": True}]


def test_a_preview_of_the_first_prompt_in_full() -> None:
    task = made("letters", [{"question": "Which is a colour?\nOne is.", "choices": ["red", "seven"], "answer": 0}])
    assert prompts(task, n=3) == (
        Prompt(
            "Question: Which is a colour?\nOne is.\nA. red\nB. seven\nAnswer with the letter only.\nAnswer:",
            (),
            None,
            "A",
        ),
    )
