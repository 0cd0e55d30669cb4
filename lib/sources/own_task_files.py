"""Somebody's own task as one file: what it is called and how it is asked on the first line, then a question a line.

The file is the task: it is kept untouched like every source, names its task by what is in it, and imported on another
machine it is the same task there. Its name is made here and never read, so no file can take the place of a benchmark.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed
from lib.sources.contract import Candidate, Importer
from lib.sources.own_task_rows import KINDS, Kind, Row, checked_row, identity, text
from lib.sources.readers import first_line_object, json_lines
from lib.store.benchmarks import OWN_PREFIX
from lib.store.own_tasks import IMPORTER

MARK = "own_task"
FORMAT = 1
CATEGORY = "own questions"
METRICS: Mapping[Kind, str] = {"choices": "acc", "letters": "exact_match", "answer": "exact_match", "forecast": "mase"}
MOST_ROWS = 20_000
MOST_BYTES = 50_000_000
LONGEST_TITLE = 80
LONGEST_NOTE = 1_000


@dataclass(frozen=True, slots=True)
class OwnTask:
    """A task as somebody wrote it.

    Args:
        title: What readers call it; the label of the benchmark.
        kind: ``choices``: the likeliest choice is the model's answer; ``letters``: it writes the letter of one;
            ``answer``: it writes an answer; ``forecast``: it writes the next number of a series.
        rows: The questions asked, as ``checked_row`` leaves them.
        examples: Questions that are not asked: worked examples in prompts, and what classical models learn from.
        note: What its author says of it: origin, licence.
    """

    title: str
    kind: Kind
    rows: tuple[Row, ...]
    examples: tuple[Row, ...] = ()
    note: str = ""

    @property
    def digest(self) -> str:
        """64 hexadecimal digits over everything that can change a score; not over title and note."""
        lines = [_json({"kind": self.kind}), *map(_json, self.rows), "examples", *map(_json, self.examples)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def slug(self) -> str:
        """The title in small letters and digits, at most 40 characters."""
        plain = unicodedata.normalize("NFKD", self.title).encode("ascii", "ignore").decode().lower()
        return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_") or "questions"

    @property
    def name(self) -> str:
        """Name for lm-eval and the store: other questions are another task."""
        return f"{OWN_PREFIX}{self.slug}_{self.digest[:8]}"

    @property
    def chance(self) -> float | None:
        """Score of guessing: the mean of one over the number of choices; None where answers are not chosen."""
        if self.kind not in ("choices", "letters"):
            return None
        return math.fsum(1 / len(row["choices"]) for row in self.rows) / len(self.rows)

    @property
    def majority(self) -> float | None:
        """Score of always giving the answer that is right most often; None unless all rows have the same choices."""
        if self.kind not in ("choices", "letters") or any(
            row["choices"] != self.rows[0]["choices"] for row in self.rows
        ):
            return None
        answers = [row["answer"] for row in self.rows]
        return max(map(answers.count, set(answers))) / len(answers)

    @property
    def n_choices(self) -> str | None:
        """Number of choices in words: ``4``, ``2 to 5``; None where answers are not chosen."""
        if self.kind not in ("choices", "letters"):
            return None
        counts = {len(row["choices"]) for row in self.rows}
        return str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def own_task(
    title: object,
    kind: Kind,
    rows: Iterable[tuple[str, Row]],
    examples: Iterable[tuple[str, Row]] = (),
    note: object = "",
) -> OwnTask:
    """The task of these checked rows, each with where it stood.

    Raises:
        RefusedInput: Without a usable title or questions; with too many; with a question twice, among the examples too;
            where some rows have features and others not.
    """
    shown = text(title, "title", at_most=LONGEST_TITLE, one_line=True)
    asked, worked = list(rows), list(examples)
    if not asked:
        raise RefusedInput("no questions to ask", place="rows", expected="at least one that is no worked example")
    if len(asked) + len(worked) > MOST_ROWS:
        raise RefusedInput(
            "too many questions", place="rows", expected=f"at most {MOST_ROWS:,}", found=f"{len(asked) + len(worked):,}"
        )
    _refuse_twice([*worked, *asked])
    _refuse_other_features([*worked, *asked])
    return OwnTask(shown, kind, tuple(row for _, row in asked), tuple(row for _, row in worked), _note(note))


def written(task: OwnTask) -> bytes:
    """The file of a task, UTF-8 JSON Lines; ``read_task`` takes it back."""
    head: dict[str, Any] = {MARK: FORMAT, "title": task.title, "kind": task.kind}
    if task.note:
        head["note"] = task.note
    worked = [row | {"is_example": True} for row in task.examples]
    return "".join(_json(line) + "\n" for line in (head, *worked, *task.rows)).encode()


def read_task(content: bytes, *, file: str = "") -> OwnTask:
    """The task in a file.

    Raises:
        RefusedInput: If it is not such a file; names line and field.
    """
    if len(content) > MOST_BYTES:
        raise RefusedInput(
            "too large for a task",
            file=file,
            expected=f"at most {MOST_BYTES / 1e6:.0f} MB",
            found=f"{len(content) / 1e6:.1f} MB",
        )
    lines = json_lines(content, file=file)
    try:
        head = _head(next(lines, (1, None))[1])
        rows, examples = _rows(head["kind"], lines)
        return own_task(head.get("title"), head["kind"], rows, examples, head.get("note", ""))
    except RefusedInput as refused:
        raise refused.in_file(file) from None


def parse(candidate: Candidate) -> Parsed:
    """The task's row of the catalogue of tasks."""
    task = read_task(candidate.content, file=candidate.name)
    row = {
        "task": task.name,
        "default_metric": METRICS[task.kind],
        "n_items": len(task.rows),
        "n_items_status": "counted in the file",
        "n_choices": task.n_choices or ("a number" if task.kind == "forecast" else "generation"),
        "random_baseline": task.chance,
        "majority_baseline": task.majority,
        "category": CATEGORY,
        "direction": "lower" if task.kind == "forecast" else "higher",
        "published_names": [task.title],
        "lm_eval_names": [task.name],
        "note": task.note or None,
    }
    return Parsed(tables={"tasks": [row]})


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _head(value: object) -> dict[str, Any]:
    if not isinstance(value, dict) or MARK not in value:
        raise RefusedInput("not the file of a task", place="line 1", expected=f'an object with "{MARK}"')
    if value[MARK] != FORMAT or isinstance(value[MARK], bool):
        raise RefusedInput(
            "written by another version", place=f"line 1, {MARK}", expected=str(FORMAT), found=value[MARK]
        )
    if value.get("kind") not in KINDS:
        raise RefusedInput(
            "no such kind of task", place="line 1, kind", expected=", ".join(KINDS), found=value.get("kind", "nothing")
        )
    return value


def _rows(kind: Kind, lines: Iterable[tuple[int, Any]]) -> tuple[list[tuple[str, Row]], list[tuple[str, Row]]]:
    rows: list[tuple[str, Row]] = []
    examples: list[tuple[str, Row]] = []
    for number, value in lines:
        if not isinstance(value, dict):
            raise RefusedInput("not a question", place=f"line {number}", expected="an object", found=value)
        given = dict(value)
        is_example = given.pop("is_example", False)
        if not isinstance(is_example, bool):
            raise RefusedInput("not yes or no", place=f"line {number}, is_example", expected="true or false")
        line = f"line {number}"
        row = checked_row(kind, given, partial("{}, {}".format, line))
        (examples if is_example else rows).append((line, row))
        if len(rows) + len(examples) > MOST_ROWS:
            raise RefusedInput("too many questions", place=f"line {number}", expected=f"at most {MOST_ROWS:,}")
    return rows, examples


def _refuse_twice(rows: Sequence[tuple[str, Row]]) -> None:
    seen: dict[str, str] = {}
    for place, row in rows:
        before = seen.setdefault(identity(row), place)
        if before is not place:
            raise RefusedInput(
                "a question twice, which would count as two",
                place=f"{place}, question",
                expected=f"another question than in {before}",
                found=row["question"],
            )


def _refuse_other_features(rows: Sequence[tuple[str, Row]]) -> None:
    """A classical model needs the same columns in all rows."""
    wanted = set(rows[0][1].get("features", ()))
    choices = rows[0][1].get("choices")
    for place, row in rows:
        found = set(row.get("features", ()))
        if found != wanted:
            raise RefusedInput(
                "other features than in the row before",
                place=f"{place}, features",
                expected=", ".join(sorted(wanted)) or "none",
                found=", ".join(sorted(found)) or "none",
            )
        if wanted and row.get("choices") != choices:
            raise RefusedInput("other classes than in the row before", place=f"{place}, choices", expected=str(choices))


def _note(note: object) -> str:
    is_empty = isinstance(note, str) and not note.strip()
    return "" if is_empty else text(note, "note", at_most=LONGEST_NOTE)


def _recognise(candidate: Candidate) -> bool:
    if candidate.head[:1] != b"{":
        return False
    first = first_line_object(candidate.content)
    return first is not None and MARK in first


SOURCE = Importer(
    name=IMPORTER,
    version=1,
    describes="somebody's own task: questions with their answers, as `python -m lib tasks` writes them",
    recognise=_recognise,
    parse=parse,
    priority=10,
)
