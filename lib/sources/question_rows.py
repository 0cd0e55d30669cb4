"""Per-question logs of tools other than lm-eval as runs: one row a question, with what was asked, answered and right.

Five things may become of a question, and they stay apart in the column ``status``:

- ``scored``: an answer was read and found right or wrong;
- ``unparsed``: the model wrote something in which no answer could be read; counted as wrong, as the tools do;
- ``failed``: the tool says that the question was not answered (an error, nothing written); counted as wrong too;
- ``refused``: the model declined, where the tool says so; counted as wrong;
- ``missing``: the log has the question and no mark; not counted at all.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from lib.errors import RefusedInput
from lib.schema.records import Result, Samples, Status
from lib.sources.contract import Candidate
from lib.sources.identity import canonical
from lib.sources.lm_eval_sample_rows import MAX_ROWS, ROWS_PER_CHUNK, as_text
from lib.sources.lm_eval_samples import results_from_rows
from lib.sources.readers import json_lines, whole

METRIC = "acc"
"""Share of right answers as the tool's own rule tells right from wrong."""
MAX_ANSWERS = 500_000
MAX_CHARACTERS = 100_000_000
"""Of the logs of several systems in one file."""
WORDS = {"unparsed": "no answer could be read", "failed": "nothing was answered", "refused": "the model declined"}

_TEXTS = (
    "filter",
    "doc_hash",
    "prompt_hash",
    "target_hash",
    "doc",
    "prompt",
    "target",
    "responses",
    "filtered",
    "status",
)


def _schema(metric: str) -> pa.Schema:
    texts = [(name, pa.string()) for name in _TEXTS]
    return pa.schema([("sample_id", pa.int64()), *texts, (f"metric:{metric}", pa.float64())])


class Answered(NamedTuple):
    """One question of a log.

    Args:
        sample_id: Its number, or its place in the file where it has none.
        doc: The question as the data set has it, the same for every model: what identifies it.
        prompt: What the model was sent, where the log holds that.
        target: The right answer as text.
        responses: What the model wrote; empty for nothing.
        taken: The answer read from it; None when none could be read.
        is_right: None when ``status`` is ``missing``; a part of 1 where the tool gives partial credit.
        status: What became of the question.
        filter: Who judged it, where several did.
    """

    sample_id: int
    doc: Mapping[str, Any]
    prompt: str | None
    target: str | None
    responses: tuple[str, ...]
    taken: str | None
    is_right: float | None
    status: Status = "scored"
    filter: str = "none"


class Budget:
    """What the logs of one file may hold together: several systems in one row repeat its question for each of them."""

    def __init__(self, answers: int = MAX_ANSWERS, characters: int = MAX_CHARACTERS) -> None:
        self._left = {"answers": answers, "characters": characters}
        self._most = dict(self._left)

    def take(self, question: Answered, place: str) -> None:
        """Count one row.

        Raises:
            RefusedInput: It is one too many; names the place.
        """
        texts = (question.prompt, question.target, question.taken, *question.responses, *question.doc.values())
        self._left["answers"] -= 1
        self._left["characters"] -= sum(len(text) for text in texts if isinstance(text, str))
        for what, left in self._left.items():
            if left < 0:
                raise RefusedInput(
                    "too much for the logs of one file", place=place, expected=f"at most {self._most[what]:,} {what}"
                )


class Log:
    """The log of one task on its way into Arrow, a thousand rows at a time: as Python objects it would take many times its size."""

    def __init__(self, task: str, metric: str = METRIC) -> None:
        self._task = task
        self._schema = _schema(metric)
        self._chunks: list[pa.Table] = []
        self._rows: list[tuple[Any, ...]] = []
        self._n_rows = 0

    def add(self, question: Answered) -> None:
        """One more row.

        Raises:
            RefusedInput: More than ``MAX_ROWS``.
        """
        self._n_rows += 1
        if self._n_rows > MAX_ROWS:
            raise RefusedInput(
                "too many rows for one log", place=f"row {self._n_rows}", expected=f"at most {MAX_ROWS:,}"
            )
        self._rows.append(_cells(question))
        if len(self._rows) == ROWS_PER_CHUNK:
            self._flush()

    def samples(self) -> Samples:
        """What was added, as ``schema.records.Samples`` with the column ``status``.

        Hashes are SHA-256: of the document's canonical JSON, of the prompt, of the target.

        Raises:
            RefusedInput: Nothing was added.
        """
        self._flush()
        if not self._chunks:
            raise RefusedInput("a log without questions", place=self._task[:100])
        return Samples(self._task, pa.concat_tables(self._chunks).combine_chunks())

    def _flush(self) -> None:
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
            self._chunks.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []


def log_of(task: str, questions: Iterable[Answered]) -> Samples:
    """The log of one task; errors as for ``Log``."""
    log = Log(task)
    for question in questions:
        log.add(question)
    return log.samples()


def scores_of(samples: Samples, *, n_shot: int | None = None) -> list[Result]:
    """The score of a log, from its counts; without any mark a row that says so.

    Questions that nobody marked are no part of ``n_samples``.
    """
    results = results_from_rows(samples)
    if not results:
        results = [Result(samples.task, METRIC, higher_is_better=True, flags=("from-samples",), status="missing")]
    for result in results:
        result.n_shot = n_shot
    return results


def tally(samples: Samples) -> dict[str, int]:
    """How many questions came to each end, for the run's configuration: status to count, empty ones left out."""
    counts = Counter(samples.table.column("status").to_pylist())
    return {name: counts[name] for name in sorted(counts)}


def told(samples: Samples) -> list[str]:
    """Sentences on what was counted as wrong without a wrong answer, and on what was not counted."""
    counts, n = tally(samples), samples.table.num_rows
    task = samples.task[:100]
    said = [
        f"samples {task}: in {counts[name]:,} of {n:,} questions {words}; counted as wrong."
        for name, words in WORDS.items()
        if counts.get(name)
    ]
    if counts.get("missing"):
        said.append(f"samples {task}: {counts['missing']:,} of {n:,} questions have no mark; not counted.")
    return said


def rows_of(candidate: Candidate, needed: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Place (``line 3``, ``row 3``) and row, each with the keys that are needed.

    Raises:
        RefusedInput: Not an object, or one without these keys; names the row.
    """
    wanted = tuple(needed)
    if candidate.head[:1] == b"[":
        places = ((f"row {number}", row) for number, row in enumerate(candidate.json, start=1))
    else:
        places = ((f"line {number}", row) for number, row in json_lines(candidate.content, file=candidate.name))
    for place, row in places:
        if not isinstance(row, dict):
            raise RefusedInput(
                "not a row of a per-question log", file=candidate.name, place=place, expected="an object"
            )
        absent = [name for name in wanted if name not in row]
        if absent:
            raise RefusedInput(
                "a row without what every row of this log has",
                file=candidate.name,
                place=place,
                expected=", ".join(wanted),
                found=f"no {', '.join(absent)}",
            )
        yield place, row


def number_at(row: Mapping[str, Any], key: str, place: str, seen: set[int]) -> int:
    """The number of a question, which no row before had; noted in ``seen``.

    Raises:
        RefusedInput: Not a whole number from 0 on, or one that was there before.
    """
    number = whole(row[key], at_most=2**53)
    if number is None or number in seen:
        raise RefusedInput(
            "not the number of a question of its own", place=f"{place}.{key}", expected="0 or more, each once",
            found=str(row[key])[:100],
        )  # fmt: skip
    seen.add(number)
    return number


def text_at(row: Mapping[str, Any], key: str, place: str) -> str:
    """The text under a key.

    Raises:
        RefusedInput: If it is not a text.
    """
    value = row[key]
    if not isinstance(value, str):
        raise RefusedInput(
            "a value of another kind", place=f"{place}.{key}", expected="a text", found=as_text(_short(value))
        )
    return value


def _short(value: Any) -> Any:
    """Only what fits a message: a hostile value is not turned into text as a whole."""
    return value if value is None or isinstance(value, str | int | float) else type(value).__name__


def _cells(question: Answered) -> tuple[Any, ...]:
    value = None if question.is_right is None else float(question.is_right)
    return (
        question.sample_id,
        question.filter,
        hashlib.sha256(canonical(dict(question.doc))).hexdigest(),
        _digest(question.prompt),
        _digest(question.target),
        as_text(dict(question.doc)),
        question.prompt,
        question.target,
        as_text([list(question.responses)]),
        None if question.taken is None else as_text([question.taken]),
        question.status,
        value,
    )


def _digest(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()
