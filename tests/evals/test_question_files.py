"""Questions from files: what is taken, and what is refused with line, column, what was expected and what was found."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import RefusedInput
from lib.evals.question_files import MOST_PROBLEMS, Reading, problems_of, read_questions
from lib.sources.own_task_files import read_task, written

READING = Reading("Our questions")


def read(text: str | bytes, **reading: object):
    content = text.encode() if isinstance(text, str) else text
    return read_questions(content, Reading("Our questions", **reading), file="q.csv")


def refused(text: str | bytes, **reading: object) -> RefusedInput:
    with pytest.raises(RefusedInput) as caught:
        read(text, **reading)
    return caught.value


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


CHOICES = {"question": "q", "choices": ["red", "blue", "green"], "answer": 1}
ALIKE = (
    "question,A,B,C,answer\nq,red,blue,green,B\n",
    "question,A,B,C,answer\nq,red,blue,green,blue\n",
    "question,choice 1,choice 2,choice 3,answer\nq,red,blue,green,choice 2\n",
    'question,choices,answer\nq,"[""red"", ""blue"", ""green""]",blue\n',
    "\ufeffQuestion,A,B,C,Answer\r\n q ,red, blue ,green,(b)\r\n",
    "C,A,question,B,answer\ngreen,red,q,blue,B\n",
    "choice_2,choice_3,question,choice_1,answer\nblue,green,q,red,B\n",
    "question;A;B;C;answer\nq;red;blue;green;B\n",
    "question\tA\tB\tC\tanswer\nq\tred\tblue\tgreen\tB\n",
    lines(CHOICES),
    lines(CHOICES | {"answer": "blue"}),
    lines(CHOICES | {"answer": "B"}),
    "\ufeff" + json.dumps([CHOICES]),
    lines({"prompt": "q", "A": "red", "B": "blue", "C": "green", "label": "B"}),
)


@pytest.mark.parametrize("text", ALIKE)
def test_one_question_in_many_shapes_is_one_task(text: str) -> None:
    task = read(text).task
    assert task.rows == ({"question": "q", "choices": ["red", "blue", "green"], "answer": 1},)
    assert task.kind == "choices" and task.name == read(ALIKE[0]).task.name
    assert read(text, asked="letters").task.kind == "letters"
    assert task.chance == pytest.approx(1 / 3) and task.n_choices == "3" and task.majority == 1


def test_expected_answers_and_what_is_left_over() -> None:
    found = read("id,prompt,gold,topic\n1,Capital of France?,Paris,x\n2,=1+1,2,y\n")
    assert found.task.kind == "answer" and found.task.chance is None and found.task.n_choices is None
    assert found.task.rows[1] == {"question": "=1+1", "answers": ["2"]}
    assert found.columns == {"question": "prompt", "answer": "gold"} and found.unused == ("id", "topic")
    several = lines({"question": "q", "answer": ["UK", "United Kingdom"]}, {"question": "r", "answer": 42})
    assert [row["answers"] for row in read(several).task.rows] == [["UK", "United Kingdom"], ["42"]]


def test_columns_may_be_named() -> None:
    text = "frage,ja,nein,richtig,answer\nq,true,false,true,?\n"
    task = read(text, question="frage", answer="richtig", choices=("ja", "nein")).task
    assert task.rows == ({"question": "q", "choices": ["true", "false"], "answer": 0},)
    assert (
        refused(text, question="Frage").message
        == "no such column at line 1, column 'Frage'; expected frage, ja, nein, richtig, answer"
    )
    assert refused(text, question="frage", choices=("ja", "no")).place == "line 1, column 'no'"


def test_worked_examples_are_not_asked() -> None:
    text = "question,answer,split\na,1,train\nb,2,\nc,3,test\nd,4,example\n"
    task = read(text).task
    assert [row["question"] for row in task.rows] == ["b", "c"]
    assert [row["question"] for row in task.examples] == ["a", "d"]
    assert [row["question"] for row in read(text, n_examples=2).task.examples] == ["a", "b", "d"]
    assert refused("question,answer\na,1\n", n_examples=1).reason == "no questions to ask"


def test_questions_may_have_fewer_choices() -> None:
    task = read("question,A,B,C,D,answer\nq,x,y,,,A\nr,x,y,z,,C\n").task
    assert [row["choices"] for row in task.rows] == [["x", "y"], ["x", "y", "z"]]
    assert task.chance == pytest.approx((1 / 2 + 1 / 3) / 2) and task.n_choices == "2 to 3" and task.majority is None


HEAD = "question,A,B,answer\n"
REFUSALS = (
    ("", "an empty file", "", "a header line", ""),
    ("\n\n", "an empty file", "", "a header line", ""),
    (HEAD, "no questions to ask", "rows", "at least one that is no worked example", ""),
    ("frage,A,B,answer\nq,x,y,A\n", "no column 'question'", "line 1", "question or prompt or input or query", "frage, A, B, answer"),
    ("question,A,B\nq,x,y\n", "no column 'answer'", "line 1", "answer or answers or", "question, A, B"),
    ("question,A,answer\nq,x,x\n", "only one column with choices", "line 1", "two or more", "A"),
    ("question,question,answer\nq,r,x\n", "the header names a column twice", "line 1", "", "question"),
    (HEAD + "q,x,y\n", "a row has another number of cells", "line 2", "4 cells", "3 cells"),
    (HEAD + "q,x,y,A,z\n", "a row has another number of cells", "line 2", "4 cells", "5 cells"),
    (HEAD + ",x,y,A\n", "an empty text", "line 2, column 'question'", "at least one character", "nothing"),
    (HEAD + "q,x,y,\n", "an answer that is none of the choices", "line 2, column 'answer'", "the text or the letter of one of 2", "nothing"),
    (HEAD + "q,x,y,C\n", "an answer that is none of the choices", "line 2, column 'answer'", "of one of 2", "C"),
    (HEAD + "q,x,y,1\n", "an answer that is none of the choices", "line 2, column 'answer'", "of one of 2", "1"),
    (HEAD + "q,B,A,A\n", "an answer that may mean two", "line 2, column 'answer'", "no letter means another", "A"),
    (HEAD + "q,x,,A\n", "a number of choices", "line 2, column 'A, B'", "2 to 26", "1"),
    (HEAD + "q,x,x,x\n", "an answer that may mean two", "line 2, column 'answer'", "", "x"),
    (HEAD + "q,x,x,A\n", "a choice twice", "line 2, column 'A, B', choice 2", "choices that differ", "x"),
    ("question,A,B,C,answer\nq,x,,z,C\n", "an empty text", "line 2, column 'A, B, C', choice 2", "at least one", "nothing"),
    (HEAD + "q,x,y,A\nr,x,y,A\n q ,y,x,A\n", "a question twice", "line 4, question", "another question than in line 2", "q"),
    (HEAD + f"{'q' * 20_001},x,y,A\n", "too long", "line 2, column 'question'", "at most 20,000 characters", "20,001 characters"),
    (HEAD + f"{'q' * 200_000},x,y,A\n", "not readable as CSV (field larger than field limit", "line 2", "", ""),
    (HEAD + "q\x00,x,y,A\n", "a NUL byte in a text file", "character 21", "", ""),
    (HEAD + "q\x07,x,y,A\n", "a character that cannot be shown", "line 2, column 'question'", "text", "U+0007"),
    (HEAD + '"q,x,y,A\n', "not readable as CSV", "line 2", "", ""),
    ("question,choices,answer\nq,red|blue,red\n", "not choices", "line 2, column 'choices'", 'a JSON list: ["red", "blue"]', "red|blue"),
    ("question,choices,answer\nq,\"{\"\"a\"\": 1}\",red\n", "not choices", "line 2, column 'choices'", "a list of texts", "{'a': 1}"),
    ("question,answer\nq,?!\n", "an answer of which nothing is left", "line 2, column 'answer'", "letters or digits", "?!"),
    ('question,answer\nq,"a\nb"\n', "a line end inside", "line 3, column 'answer'", "one line", "a"),
    (f"question,answer\nq,{'a' * 501}\n", "too long", "line 2, column 'answer'", "at most 500 characters", "501"),
    ("question,answer,split\nq,a,dev\n", "not a part of a task", "line 2, column 'split'", "example or fewshot or train", "dev"),
    (lines({"question": 5, "answer": "x"}), "not a text", "line 1, column 'question'", "a text (a number in quotes)", "5"),
    (lines({"question": "q", "answer": 1.5}), "not a text", "line 1, column 'answer'", "a number in quotes", "1.5"),
    (lines({"question": "q", "answer": True}), "not a text", "line 1, column 'answer'", "a text", "True"),
    (lines({"question": "q", "answer": None}), "not a text", "line 1, column 'answer'", "a text", "nothing"),
    (lines({"question": "q", "answer": []}), "not expected answers", "line 1, column 'answer'", "1 to 50", "[]"),
    (lines({"question": ["q"], "answer": "x"}), "not a text", "line 1, column 'question'", "a text", "['q']"),
    (lines(CHOICES | {"answer": 3}), "an answer that is none", "line 1, column 'answer'", "or its number from 0", "3"),
    (lines(CHOICES | {"answer": -1}), "an answer that is none", "line 1, column 'answer'", "or its number from 0", "-1"),
    (lines(CHOICES | {"answer": 1.0}), "an answer that is none", "line 1, column 'answer'", "or its number from 0", "1.0"),
    (lines(CHOICES | {"choices": [1, 2]}), "not a text", "line 1, column 'choices', choice 1", "a number in quotes", "1"),
    (lines(CHOICES | {"choices": "red"}), "not choices", "line 1, column 'choices'", "a list of texts", "red"),
    (lines(CHOICES | {"choices": ["x"] * 27}), "a number of choices", "line 1, column 'choices'", "2 to 26", "27"),
    (lines(CHOICES, {"question": "r"}), "not choices", "line 2, column 'choices'", "a list of texts", "nothing"),
    (lines(CHOICES, ["r"]), "not a question", "line 2", "an object", "['r']"),
    (json.dumps(CHOICES)[:-4], "not JSON, or cut off", "line 1", "", ""),
    ('{"question": "q", "question": "r", "answer": "a"}', "", "line 1", "", ""),
    ("question,A,B,answer\nq,x,y,A\n".encode("utf-16"), "not UTF-8 text", "byte 0", "UTF-8", ""),
    ("question,answer\ngrün,a\n".encode("latin-1"), "not UTF-8 text", "byte 18", "UTF-8", ""),
    (b"PK\x03\x04zip", "a spreadsheet or another zip", "byte 0", "a CSV, as spreadsheets can save it", ""),
    (b"\x80\x04\x95pickle", "not UTF-8 text", "byte 0", "UTF-8", ""),
)  # fmt: skip


@pytest.mark.parametrize(("text", "reason", "place", "expected", "found"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals_say_where_what_and_what_instead(
    text: str | bytes, reason: str, place: str, expected: str, found: str
) -> None:
    refusal = refused(text)
    assert refusal.reason.startswith(reason), refusal
    assert place in refusal.place and expected in refusal.expected and found in refusal.found, refusal
    assert refusal.file == "q.csv"


def test_every_bad_row_is_named_at_once() -> None:
    text = HEAD + "".join(f"q{i},x,y,{'A' if i % 2 else 'Z'}\n" for i in range(20))
    each = problems_of(refused(text))
    assert [one.refusal.place for one in each] == [f"line {i + 2}, column 'answer'" for i in range(0, 20, 2)]
    assert [one.question for one in each] == [f"q{i}" for i in range(0, 20, 2)]
    assert {one.refusal.file for one in each} == {"q.csv"}
    assert len(problems_of(refused(HEAD + "q,x,y,Z\n" * 5_000))) == MOST_PROBLEMS
    assert len(problems_of(refused(""))) == 1


@pytest.mark.parametrize(
    ("title", "reason"),
    (("", "an empty text"), ("x" * 81, "too long"), ("a\nb", "a line end"), ("a\x1b[2J", "a character")),
)
def test_a_title_must_be_one(title: str, reason: str) -> None:
    with pytest.raises(RefusedInput, match=reason) as caught:
        read_questions(ALIKE[0].encode(), Reading(title))
    assert caught.value.place == "title"


@pytest.mark.parametrize(
    ("title", "slug"),
    (("Our questions", "our_questions"), ("../../etc/passwd", "etc_passwd"), ("日本", "questions"), ("Ä & Ö" * 15, "a_oa_oa_oa_oa_oa_oa_oa_oa_oa_oa_oa_oa_oa")),
)  # fmt: skip
def test_names_are_made_and_harmless(title: str, slug: str) -> None:
    name = read_questions(ALIKE[0].encode(), Reading(title)).task.name
    assert name.startswith(f"own_{slug}"[:44]) and len(name) <= 53
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


def test_other_questions_are_another_task_and_other_words_about_it_are_not() -> None:
    task = read(ALIKE[0]).task
    others = (
        read(ALIKE[0].replace("B\n", "A\n")),
        read(ALIKE[0].replace("q,", "r,")),
        read(ALIKE[0].replace(",green", ",grey")),
        read(ALIKE[0], asked="letters"),
        read(ALIKE[0] + "r,x,y,z,x\n"),
        read(ALIKE[0] + "r,x,y,z,x\n", n_examples=1),
    )
    assert len({task.name, *(other.task.name for other in others)}) == 1 + len(others)
    assert read(ALIKE[0], note="from our wiki").task.name == task.name


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=12)


@given(rows=st.lists(st.tuples(CELL, CELL), max_size=6))
def test_any_table_is_taken_whole_or_refused(rows: list[tuple[str, str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("question", "answer"), *rows])
    try:
        task = read(out.getvalue()).task
    except RefusedInput as refusal:
        assert refusal.reason and refusal.place
        return
    assert [(row["question"], row["answers"]) for row in task.rows] == [(q.strip(), [a.strip()]) for q, a in rows]
    assert read_task(written(task)) == task


@given(
    st.binary(max_size=60), st.sampled_from((b"", b"{", b"[", b'{"question": ', b"question,answer\n", b"\xef\xbb\xbf"))
)
def test_any_bytes_are_taken_or_refused(content: bytes, start: bytes) -> None:
    try:
        read(start + content)
    except RefusedInput as refusal:
        assert refusal.reason
