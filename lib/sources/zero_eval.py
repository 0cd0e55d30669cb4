"""Answers of ZeroEval, one row a question: references and the model's whole text, in which the answer must be found.

The answer is the value of ``answer`` in the first JSON object of the text; where that is not JSON, the text in quotes behind
``answer:``, else what stands there. Numbers are compared with the reference as the authors do: the first number, without thousands separators
and ``$``, a fraction by its value. CRUX asks for a Python literal: texts are compared, whatever quotes stand around
them, line ends written as in a literal. With that, all published accuracies of the shipped files come out to the last digit.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run, Status
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, log_of, rows_of, scores_of, tally, text_at, told
from lib.sources.readers import finite
from lib.sources.readers import text as short_text

KEYS = ("session_id", "output", "generator", "dataset", "id", "answer")
TEXTS_COMPARED = frozenset({"crux"})
TASKS = {"gsm": "gsm8k"}
"""Data sets whose name elsewhere is another; ``math-l5`` is a part of MATH level 5 and keeps its name."""
MAX_ANSWER = 10_000

_DECODER = json.JSONDecoder(strict=False)
_QUOTED = re.compile(r'\banswer"?\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'"answer"\s*:\s*([^"\s,}][^,}\n]*)')
_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?", re.ASCII)
_FRACTION = re.compile(r"\s*(-?\d{1,300}(?:\.\d{1,300})?)\s*/\s*(-?\d{1,300}(?:\.\d{1,300})?)\s*", re.ASCII)


def is_zero_eval(candidate: Candidate) -> bool:
    """An array of rows with a model, its text and a reference."""
    return candidate.head[:1] == b"[" and set(KEYS) <= candidate.first_row.keys()


def parse_zero_eval(candidate: Candidate) -> Parsed:
    """One run of one data set.

    Raises:
        RefusedInput: A row of another kind, of another model or data set than the first, a question twice; a reference
            without a number where numbers are compared.
    """
    first = candidate.first_row
    generator = short_text(first.get("generator"), at_most=MAX_NAME)
    dataset = short_text(first.get("dataset"), at_most=MAX_NAME)
    if generator is None or dataset is None:
        raise RefusedInput("a log without its model or data set", place="row 1", expected="generator and dataset")
    seen: set[str] = set()
    rows = enumerate(rows_of(candidate, KEYS))
    samples = log_of(
        TASKS.get(dataset, dataset),
        (_answered(number, place, row, (generator, dataset), seen) for number, (place, row) in rows),
    )
    name, _, engine = generator.partition("@")
    settings = first.get("configs")
    stated = settings.get("engine") if isinstance(settings, dict) else None
    run = Run(
        spellings=tuple(dict.fromkeys((generator, name))) if name else (generator,),
        evaluator="ZeroEval",
        backend=short_text(stated, at_most=MAX_NAME) or engine or None,
        results=scores_of(samples, n_shot=0),
        samples=[samples],
        config={"answers": tally(samples), "scores": "from samples", **_settings(settings)},
    )
    return Parsed(runs=[run], warnings=told(samples))


def answer_in(written: str) -> str | None:
    """The answer that a model's text gives, as text; None when none can be found."""
    start = written.find("{")
    if start >= 0:
        try:
            value, _ = _DECODER.raw_decode(written, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and "answer" in value:
            found = value["answer"]
            return found if isinstance(found, str) else str(found)
    behind = _QUOTED.search(written) or _BARE.search(written)
    return behind[1] if behind else None


def number_in(answer: str) -> float | None:
    """The first number of an answer; a plain fraction as its value; None when there is none."""
    plain = answer.replace(",", "").replace("$", "")
    fraction = _FRACTION.fullmatch(plain)
    if fraction and float(fraction[2]):
        return float(fraction[1]) / float(fraction[2])
    found = _NUMBER.search(plain)
    return float(found[0]) if found else None


def as_literal(answer: str) -> str:
    """A text without quotes around it, line ends written as in a Python literal."""
    return answer.strip("'\"").replace("\n", "\\n")


def _answered(number: int, place: str, row: dict[str, Any], of: tuple[str, str], seen: set[str]) -> Answered:
    if (row["generator"], row["dataset"]) != of:
        raise RefusedInput(
            "a row of another model or data set than the first", place=place, expected=f"{of[0]}, {of[1]}"
        )
    own = str(row["id"])[:MAX_NAME] if isinstance(row["id"], int | str) else ""
    if not own or own in seen:
        raise RefusedInput("not the name of a question of its own", place=f"{place}.id", found=own)
    seen.add(own)
    truth = text_at(row, "answer", place)
    outputs = row["output"]
    if not isinstance(outputs, list) or not all(isinstance(text, str) for text in outputs):
        raise RefusedInput("not what a model wrote", place=f"{place}.output", expected="a list of texts")
    is_right, taken, status = _judged(of[1], truth, outputs, place)
    question = row.get("question", row.get("problem"))
    if not isinstance(question, str):
        raise RefusedInput("a row without its question", place=place, expected="question or problem")
    return Answered(
        sample_id=number,
        doc={"question": question},
        prompt=_prompt(row.get("chat_history")),
        target=truth,
        responses=tuple(outputs[:1]),
        taken=None if taken is None else taken[:MAX_ANSWER],
        is_right=is_right,
        status=status,
    )


def _judged(dataset: str, truth: str, outputs: list[str], place: str) -> tuple[bool, str | None, Status]:
    """Whether the first text is right, the answer in it, and what became of the question."""
    taken = answer_in(outputs[0]) if outputs else None
    if dataset in TEXTS_COMPARED:
        is_right = taken is not None and as_literal(taken) == as_literal(truth)
    else:
        reference = number_in(truth)
        if reference is None:
            raise RefusedInput(
                "a reference without a number", place=f"{place}.answer", expected="a number, or the data set crux",
                found=truth,
            )  # fmt: skip
        is_right = taken is not None and number_in(taken) == reference
    if taken is None:
        return False, None, "unparsed" if outputs and outputs[0].strip() else "failed"
    return is_right, taken, "scored"


def _prompt(history: Any) -> str | None:
    """What the model was told, before any chat template: the last message."""
    return history[-1] if isinstance(history, list) and history and isinstance(history[-1], str) else None


def _settings(configs: Any) -> dict[str, Any]:
    """How the text was made (temperature and the like): numbers and short texts only."""
    if not isinstance(configs, dict):
        return {}
    kept = {
        key[:100]: value
        for key, value in list(configs.items())[:20]
        if isinstance(value, bool) or finite(value) is not None or short_text(value)
    }
    return {"configs": kept}


SOURCE = Importer(
    name="zero-eval",
    version=1,
    describes="answers of ZeroEval with references",
    recognise=is_zero_eval,
    parse=parse_zero_eval,
    priority=40,
)
