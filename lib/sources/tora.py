"""Answers of ToRA, one row a question: ``idx``, ``question``, ``gt``, ``code``, ``pred``, ``report``.

An answer is right when the first prediction equals the reference, or a hundred times or a hundredth of it, as numbers
(relative tolerance 1e-4): the rule of the authors' grader, which so takes 0.05 for 5 per cent.
"""

from __future__ import annotations

import math
import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, log_of, number_at, rows_of, scores_of, tally, text_at, told

KEYS = ("idx", "question", "gt", "code", "pred")
TOLERANCE = 1e-4
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_FOLDERS = re.compile(r"(?:^|/)([\w.-]+)/([\w.-]+)/([\w.-]+)/[^/]+$")


def is_tora(candidate: Candidate) -> bool:
    """Rows with a reference, programs and predictions."""
    return set(KEYS) <= candidate.first_row.keys()


def parse_tora(candidate: Candidate) -> Parsed:
    """One run; model and task are the folders that the file lies in (``org/model/task/file``).

    Raises:
        RefusedInput: A row of another kind, or a reference that is not a number: the authors compare those symbol by
            symbol, which is not done here.
    """
    task, spellings = _named_by_folders(candidate.path)
    seen: set[int] = set()
    samples = log_of(task, (_answered(place, row, seen) for place, row in rows_of(candidate, KEYS)))
    run = Run(
        spellings=spellings,
        evaluator="ToRA",
        results=scores_of(samples),
        samples=[samples],
        config={"answers": tally(samples), "scores": "from samples"},
    )
    return Parsed(runs=[run], warnings=told(samples))


def as_number(text: str) -> float | None:
    """The text as a number, thousands separators allowed; None when it is none, or not finite."""
    plain = text.strip().replace(",", "")
    if len(plain) > 100 or not _NUMBER.fullmatch(plain):
        return None
    number = float(plain)
    return number if math.isfinite(number) else None


def is_same(prediction: float, reference: float) -> bool:
    """Whether a prediction is the reference as it is, as a percentage of it, or the other way round."""
    return any(math.isclose(prediction, of, rel_tol=TOLERANCE) for of in (reference, reference * 100, reference / 100))


def _answered(place: str, row: dict[str, Any], seen: set[int]) -> Answered:
    number = number_at(row, "idx", place, seen)
    truth = text_at(row, "gt", place)
    reference = as_number(truth)
    if reference is None:
        raise RefusedInput("a reference that is not a number", place=f"{place}.gt", expected="a number", found=truth)
    code, taken = _first(row, "code", place), _first(row, "pred", place)
    prediction = None if taken is None else as_number(taken)
    # Nothing written and nothing predicted is a failed question; text without a number is an unread one.
    status = "scored" if prediction is not None else "unparsed" if code or taken else "failed"
    return Answered(
        sample_id=number,
        doc={"question": text_at(row, "question", place)},
        prompt=None,
        target=truth,
        responses=() if code is None else (code,),
        taken=taken or None,
        is_right=prediction is not None and is_same(prediction, reference),
        status=status,  # type: ignore[arg-type]
    )


def _first(row: dict[str, Any], key: str, place: str) -> str | None:
    """The first text of a list, None for an empty list or a null in it."""
    values = row[key]
    if not isinstance(values, list) or not all(value is None or isinstance(value, str) for value in values):
        raise RefusedInput("a value of another kind", place=f"{place}.{key}", expected="a list of texts")
    return values[0] if values else None


def _named_by_folders(path: str) -> tuple[str, tuple[str, ...]]:
    """Task and spellings: ``.../llm-agents/tora-70b-v1.0/gsm8k/x.jsonl`` is gsm8k by llm-agents/tora-70b-v1.0."""
    found = _FOLDERS.search(path)
    if found is None:
        stem = path.rsplit("/", 1)[-1].removesuffix(".jsonl")
        return "unnamed", (stem[:MAX_NAME] or "unnamed",)
    organisation, model, task = found.groups()
    return task[:MAX_NAME], (f"{organisation}/{model}"[:MAX_NAME], model[:MAX_NAME])


SOURCE = Importer(
    name="tora",
    version=1,
    describes="answers of ToRA with references (idx, gt, pred, code)",
    recognise=is_tora,
    parse=parse_tora,
    priority=40,
)
