"""Questions as people have them, a table or JSON lines, made into the rows of an own task; what cannot be asked is refused.

A table has a column ``question``, a column ``answer``, and for choices either a column each (``A``, ``B``, ...; ``choice 1``,
``choice 2``, ...) or one column ``choices`` that holds a JSON list. A row whose column ``split`` says ``example`` is a
worked example and is not asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any, Literal, NamedTuple

from lib.errors import RefusedInput
from lib.sources.contract import Candidate
from lib.sources.own_task_files import MOST_ROWS, OwnTask, own_task
from lib.sources.own_task_rows import LETTERS, Kind, Row, checked_row
from lib.sources.readers import json_lines, parse_json
from lib.sources.tables import read_lines

Asked = Literal["likelihood", "letters"]
NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "prompt", "input", "query"),
    "answer": ("answer", "answers", "expected", "expected answer", "expected_answer", "target", "label", "gold"),
    "choices": ("choices", "options"),
    "split": ("split",),
}
"""What the columns may be called, small letters, best first."""
EXAMPLE = ("example", "fewshot", "train")
ASKED = ("", "test", "question")
_CHOICE = re.compile(r"(?:choice|option|answer|distractor)[ _]?([1-9]\d?|[a-z])", re.IGNORECASE)
_BLANK = b"\xef\xbb\xbf \t\r\n"
_SEPARATORS = (";", "\t")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader of a file says about it.

    Args:
        title: What the task is called.
        question, answer: Names of the columns, where they are called otherwise.
        choices: Columns that hold a choice each, in order; empty: found by their names.
        asked: How choices are asked: by how likely each is, or by the letter that the model writes.
        n_examples: So many rows from the top are worked examples.
        note: Origin, licence.
    """

    title: str
    question: str = ""
    answer: str = ""
    choices: tuple[str, ...] = ()
    asked: Asked = "likelihood"
    n_examples: int = 0
    note: str = ""


class Read(NamedTuple):
    """A task and what was found in the file: ``columns`` by what each was taken for, and those ``unused``."""

    task: OwnTask
    columns: dict[str, str]
    unused: tuple[str, ...]


class Problem(NamedTuple):
    """A row that was refused, with its question as far as it has one; '' for what concerns the whole file."""

    refusal: RefusedInput
    question: str = ""


class _Problems(RefusedInput):
    """Several refusals in one, each with the question of its row; the message is the first one's."""

    def __init__(self, each: Sequence[Problem]) -> None:
        first = each[0].refusal
        super().__init__(
            first.reason, file=first.file, place=first.place, expected=first.expected, found=first.found or None
        )
        self.each = tuple(each)


LONGEST_SHOWN = 200
MOST_PROBLEMS = 100
"""Refused rows that are looked at before giving up: who mends a file wants to see them all."""


def problems_of(refusal: RefusedInput) -> tuple[Problem, ...]:
    """Every row that was refused, at most ``MOST_PROBLEMS``; the refusal itself where it is the only one."""
    return refusal.each if isinstance(refusal, _Problems) else (Problem(refusal),)


def read_questions(content: bytes, reading: Reading, *, file: str = "") -> Read:
    """The task that a file of questions is.

    Raises:
        RefusedInput: Naming line and column; ``problems_of`` gives every row that was refused.
    """
    try:
        is_json = content.lstrip(_BLANK)[:1] in (b"{", b"[")
        return _Book(reading, *(_from_json(content) if is_json else _from_table(content))).read()
    except RefusedInput as refused:
        if isinstance(refused, _Problems):
            raise _Problems([one._replace(refusal=one.refusal.in_file(file)) for one in refused.each]) from None
        raise refused.in_file(file) from None


_Lines = Iterator[tuple[int, dict[str, Any]]]


def _from_table(content: bytes) -> tuple[list[str], _Lines, bool]:
    if content[:4] == b"PK\x03\x04":
        raise RefusedInput(
            "a spreadsheet or another zip", place="byte 0", expected="a CSV, as spreadsheets can save it, or JSON lines"
        )
    first = content[:65536].split(b"\n", 1)[0].decode("utf-8", errors="replace")
    delimiter = next((mark for mark in _SEPARATORS if mark in first and "," not in first), ",")
    lines = read_lines(Candidate("", content), delimiter=delimiter)
    header = next(lines)[1]
    return header, ((line, dict(zip(header, cells, strict=True))) for line, cells in lines), True


def _from_json(content: bytes) -> tuple[list[str], _Lines, bool]:
    """JSON Lines, or one JSON list of objects, whose places are counted as lines are."""
    if content.lstrip(_BLANK)[:1] == b"[":
        rows = parse_json(content)
        values: Iterator[tuple[int, Any]] = enumerate(rows, start=1)
    else:
        values = json_lines(content)
    taken: list[tuple[int, dict[str, Any]]] = []
    names: dict[str, None] = {}
    for number, value in values:
        if not isinstance(value, dict):
            raise RefusedInput("not a question", place=f"line {number}", expected="an object", found=value)
        taken.append((number, value))
        names |= dict.fromkeys(value)
        if len(taken) > MOST_ROWS:
            raise RefusedInput("too many questions", place=f"line {number}", expected=f"at most {MOST_ROWS:,}")
    return list(names), iter(taken), False


@dataclass
class _Book:
    """One file on its way to a task."""

    reading: Reading
    header: list[str]
    lines: _Lines
    is_table: bool
    columns: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)

    def read(self) -> Read:
        self._find_columns()
        has_choices = bool(self.choices) or "choices" in self.columns
        kind: Kind = "answer" if not has_choices else "letters" if self.reading.asked == "letters" else "choices"
        rows: list[tuple[str, Row]] = []
        examples: list[tuple[str, Row]] = []
        refused: list[Problem] = []
        for n, (line, cells) in enumerate(self.lines):
            if n >= MOST_ROWS:
                raise RefusedInput("too many questions", place=f"line {line}", expected=f"at most {MOST_ROWS:,}")
            try:
                is_example = self._is_example(cells, line) or n < self.reading.n_examples
                row = checked_row(kind, self._given(kind, cells, line), partial(self._place, line))
                (examples if is_example else rows).append((f"line {line}", row))
            except RefusedInput as one:
                question = cells.get(self.columns["question"])
                refused.append(Problem(one, question[:LONGEST_SHOWN] if isinstance(question, str) else ""))
                if len(refused) >= MOST_PROBLEMS:
                    break
        if refused:
            raise _Problems(refused)
        used = {*self.columns.values(), *self.choices}
        task = own_task(self.reading.title, kind, rows, examples, self.reading.note)
        shown = self.columns | ({"choices": ", ".join(self.choices)} if self.choices else {})
        return Read(task, shown, tuple(name for name in self.header if name and name not in used))

    def _find_columns(self) -> None:
        by_name = {name.strip().casefold(): name for name in reversed(self.header)}
        stated = {"question": self.reading.question, "answer": self.reading.answer}
        for what, names in NAMES.items():
            found = stated.get(what) or next((by_name[name] for name in names if name in by_name), "")
            if found and found not in self.header:
                raise RefusedInput(
                    "no such column", place=f"line 1, column {found!r}", expected=", ".join(self.header)[:200]
                )
            if found:
                self.columns[what] = found
        for what in ("question", "answer"):
            if what not in self.columns:
                raise RefusedInput(
                    f"no column {what!r}",
                    place="line 1",
                    expected=" or ".join(NAMES[what]),
                    found=", ".join(self.header)[:200] or "nothing",
                )
        self._find_choices()

    def _find_choices(self) -> None:
        if self.reading.choices:
            missing = [name for name in self.reading.choices if name not in self.header]
            if missing:
                raise RefusedInput(
                    "no such column", place=f"line 1, column {missing[0]!r}", expected=", ".join(self.header)[:200]
                )
            self.choices = list(self.reading.choices)
            self.columns.pop("choices", None)
        elif "choices" not in self.columns:
            self.choices = _choice_columns([name for name in self.header if name not in self.columns.values()])
            if len(self.choices) == 1:
                raise RefusedInput(
                    "only one column with choices", place="line 1", expected="two or more", found=self.choices[0]
                )

    def _place(self, line: int, name: str) -> str:
        base, comma, rest = name.partition(",")
        column = self.columns.get("answer" if base == "answers" else base, base)
        shown = ", ".join(self.choices) if base == "choices" and self.choices else column
        return f"line {line}, column {shown!r}{comma}{rest}"

    def _is_example(self, cells: Mapping[str, Any], line: int) -> bool:
        if "split" not in self.columns:
            return False
        value = cells.get(self.columns["split"])
        word = value.strip().casefold() if isinstance(value, str) else "" if value is None else value
        if word not in (*EXAMPLE, *ASKED):
            raise RefusedInput(
                "not a part of a task",
                place=self._place(line, "split"),
                expected=" or ".join((*EXAMPLE, *ASKED[1:])),
                found=value,
            )
        return word in EXAMPLE

    def _given(self, kind: str, cells: Mapping[str, Any], line: int) -> dict[str, Any]:
        answer = cells.get(self.columns["answer"])
        question = cells.get(self.columns["question"])
        if kind == "answer":
            # JSON may hold a number, whose digits are the answer, or several answers that are all right.
            answers = answer if isinstance(answer, list) else [answer]
            return {"question": question, "answers": [_digits(one) for one in answers]}
        choices = self._choices(cells, line)
        return {"question": question, "choices": choices, "answer": self._right(answer, choices, line)}

    def _choices(self, cells: Mapping[str, Any], line: int) -> Any:
        if self.choices:
            values = [cells.get(name) for name in self.choices]
            while values and values[-1] in ("", None):  # some questions have fewer
                values.pop()
            return values
        value = cells.get(self.columns["choices"])
        if not self.is_table or not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise RefusedInput(
                "not choices", place=self._place(line, "choices"), expected='a JSON list: ["red", "blue"]', found=value
            ) from None

    def _right(self, answer: Any, choices: Any, line: int) -> int:
        """Place of the right choice, from its text, its letter, its column, or in JSON its number from 0."""
        texts = [one.strip() if isinstance(one, str) else None for one in choices] if isinstance(choices, list) else []
        if not self.is_table and isinstance(answer, int) and not isinstance(answer, bool):
            if 0 <= answer < len(texts):
                return answer
        elif isinstance(answer, str) and answer.strip():
            readings = _readings(answer.strip(), texts, self.choices)
            if len(readings) == 1:
                return readings.pop()
            if readings:
                raise RefusedInput(
                    "an answer that may mean two of the choices: its text is one, its letter or column another",
                    place=self._place(line, "answer"),
                    expected="the text of the right choice, where no letter means another",
                    found=answer,
                )
        if not texts:
            return 0  # the choices are refused next, with their own reason
        by_number = "" if self.is_table else ", or its number from 0"
        raise RefusedInput(
            "an answer that is none of the choices",
            place=self._place(line, "answer"),
            expected=f"the text or the letter of one of {len(texts)} choices{by_number}",
            found="nothing" if answer in ("", None) else answer,
        )


def _choice_columns(names: Sequence[str]) -> list[str]:
    """Columns A, B, ... without a gap, else those called choice 1, option b and the like; by letter or number."""
    by_letter = {name.strip().upper(): name for name in names}
    lettered = [by_letter[letter] for letter in takewhile(by_letter.__contains__, LETTERS)]
    if lettered:
        return lettered
    numbered = {match[1].lower(): name for name in names if (match := _CHOICE.fullmatch(name.strip()))}
    return [numbered[key] for key in sorted(numbered, key=lambda key: (not key.isdigit(), key.zfill(2)))]


def _readings(answer: str, texts: Sequence[str | None], columns: Sequence[str]) -> set[int]:
    found = {i for i, one in enumerate(texts) if one == answer}
    found |= {i for i, one in enumerate(columns[: len(texts)]) if one.strip().casefold() == answer.casefold()}
    letter = answer.upper().strip("().")
    if len(letter) == 1 and letter in LETTERS[: len(texts)]:
        found.add(LETTERS.index(letter))
    return found


def _digits(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
