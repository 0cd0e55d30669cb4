"""How much a task asks and how much is answered: from tasks that ran here, from published questions, from a reader's own."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from lib.evals.spec import JobSpec
from lib.evals.task_list import FOLDER, TaskEntry
from lib.store.job_history import PastTask

USUAL_VOCAB = 50_000.0
USUAL_CHARS = 4.2
"""Characters of English that a token of a usual vocabulary stands for; other languages take more tokens."""
BYTES = 257.0
"""Entries of a vocabulary of single bytes: one character a token."""
LONGEST_ANSWER = 256
"""Tokens after which lm-eval's backends stop where neither task nor job says otherwise."""
ALONE = 2
"""Choices of so few characters, the blank included, are one token each: local backends then read the question once."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds."""

    low: float
    mid: float
    high: float

    def __mul__(self, factor: float) -> Range:
        return Range(self.low * factor, self.mid * factor, self.high * factor)

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.mid + other.mid, self.high + other.high)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one task of a job asks, once.

    Args:
        n_items: Questions.
        n_requests: Requests to the model.
        tokens_in, tokens_out: Of all requests together.
        share_read: Part of ``tokens_in`` that a local backend has to read: choices of one token share their question.
        basis: Where this is from, in words.
    """

    n_items: int
    n_requests: float
    tokens_in: Range
    tokens_out: Range
    share_read: float
    basis: str


@dataclass(frozen=True, slots=True)
class Length:
    """A row of ``data/lm-eval-tasks/lengths.csv``: mean characters; None where the task has none."""

    prompt: float
    n_choices: float | None
    choice: float | None
    answer: float | None
    example: float | None
    is_from_memory: bool


def asked(
    spec: JobSpec,
    entry: TaskEntry,
    past: Sequence[PastTask],
    length: Length | None = None,
    vocab: float | None = None,
) -> Asked | str:
    """What one task will ask; a sentence why it cannot be told otherwise.

    Args:
        spec: The job.
        entry: The task (no group).
        past: ``lib.store.job_history.finished_tasks``.
        length: Of a reader's own task; None: as published, where that is known.
        vocab: Entries of the model's vocabulary; None: a usual one.
    """
    n_items = items(spec, entry)
    known = _measured(spec, entry, n_items, past)
    if known is not None:
        return known
    length = length or lengths().get(entry.name)
    if n_items is None:
        return "how many questions it has is not known"
    if length is None:
        return "how long its questions are is not known"
    return _counted(spec, entry, n_items, length, vocab)


def items(spec: JobSpec, entry: TaskEntry) -> int | None:
    """Questions that are asked once; None where neither the task nor the limit says.

    Source:
        lm-eval 0.4.13: a limit below 1 is that share of the questions, rounded up; else the first so many.
    """
    if spec.limit is None:
        return entry.n_items
    if spec.limit < 1:
        return None if entry.n_items is None else math.ceil(entry.n_items * spec.limit)
    return int(spec.limit) if entry.n_items is None else min(int(spec.limit), entry.n_items)


def shots(entry: TaskEntry, asked: int | None) -> int:
    """Worked examples that a task is really asked with.

    Source:
        lm-eval 0.4.13, ``simple_evaluate``: a task whose YAML says 0 is asked without, whatever ``--num_fewshot`` says.
    """
    if entry.num_fewshot == 0 or asked is None:
        return entry.num_fewshot or 0
    return asked


def chars_per_token(vocab: float | None) -> tuple[float, float, float]:
    """Fewest, usual and most characters of English that a token stands for.

    A straight line in the logarithm of the vocabulary, from single bytes to a usual one: larger vocabularies hold longer
    pieces. Small ones may hold whole words as well as bytes, so their band is wide.
    """
    size = USUAL_VOCAB if vocab is None else max(vocab, BYTES)
    usual = 1 + (USUAL_CHARS - 1) * math.log(size / BYTES) / math.log(USUAL_VOCAB / BYTES)
    usual = min(usual, 4.8)
    if vocab is not None and vocab < 10_000:
        return 1.0, usual, 5.2
    return usual / 1.25, usual, usual * 1.25


@lru_cache(maxsize=2)
def lengths(path: Path = FOLDER / "lengths.csv") -> dict[str, Length]:
    """The shipped lengths, by task."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["task"]: _length(row) for row in csv.DictReader(lines)}


def _length(row: Mapping[str, str]) -> Length:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return Length(
        float(row["prompt_chars"]),
        number("n_choices"),
        number("choice_chars"),
        number("answer_chars"),
        number("example_chars"),
        "memory" in row["source_title"] or "memory" in row["note"],
    )


def _measured(spec: JobSpec, entry: TaskEntry, n_items: int | None, past: Sequence[PastTask]) -> Asked | None:
    """From the newest run of the same task with the same examples; by questions where both counts are known."""
    wanted = (entry.name, shots(entry, spec.num_fewshot), bool(spec.apply_chat_template))
    alike = [
        one
        for one in past
        if one.tokens_in is not None and (one.task, shots(entry, one.num_fewshot), one.is_chat) == wanted
    ]
    if not alike:
        return None
    # The same model before any other: tokenizers differ. Of those the newest.
    ran = min(alike, key=lambda one: one.model != spec.model)
    before = items(replace(spec, limit=ran.limit), entry)
    if before is None or n_items is None:
        if ran.limit != spec.limit:
            return None
        factor = 1.0
    else:
        factor = n_items / before
    is_same = ran.model == spec.model
    spread = 0.03 if is_same else 0.25
    tokens_in, tokens_out = (ran.tokens_in or 0) * factor, (ran.tokens_out or 0) * factor
    return Asked(
        n_items or 0,
        ran.n_requests * factor,
        Range(tokens_in * (1 - spread), tokens_in, tokens_in * (1 + spread)),
        Range(tokens_out * (1 - 3 * spread), tokens_out, tokens_out * (1 + 3 * spread)),
        share_read(entry),
        "counted when it ran here" + ("" if is_same else " with another model"),
    )


def _counted(spec: JobSpec, entry: TaskEntry, n_items: int, length: Length, vocab: float | None) -> Asked:
    examples = shots(entry, spec.num_fewshot) * (length.example or length.prompt)
    system = len(spec.system_instruction or "")
    is_written = entry.output_type == "generate_until"
    per_item = float(entry.answers) if is_written else (length.n_choices or 1.0)
    chars = (length.prompt + examples + system + (0.0 if is_written else (length.choice or 0.0))) * per_item
    fewest, usual, most = chars_per_token(vocab)
    read = Range(chars / most, chars / usual, chars / fewest)
    longest = float(spec.gen_kwargs.get("max_gen_toks") or entry.max_gen_toks or LONGEST_ANSWER)
    written = Range(0.0, 0.0, 0.0)
    if is_written:
        usually = min((length.answer or longest * usual / 2) / usual, longest)
        written = Range(usually / 4, usually, longest) * per_item
    is_alone = not is_written and (length.choice or 99) <= ALONE
    words = "counted on its published questions" if not length.is_from_memory else "from lengths noted from memory"
    return Asked(
        n_items, n_items * per_item, read * n_items, written * n_items, 1 / per_item if is_alone else 1.0, words
    )


def share_read(entry: TaskEntry) -> float:
    """Part of the tokens asked that a local backend has to read, see ``Asked``; 1 where that is not known."""
    length = lengths().get(entry.name)
    if length is None or entry.output_type == "generate_until" or (length.choice or 99) > ALONE:
        return 1.0
    return 1.0 / (length.n_choices or 1.0)
