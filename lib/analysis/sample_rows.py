"""Rows of a per-question log: which are right, which hold some words, and what one of them says."""

from __future__ import annotations

import math
import re
from typing import Any, Literal, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lib.analysis.question_text import DOC_FIELDS

METRIC = "metric:"
SEARCHED = ("doc", "prompt", "target", "responses", "filtered")
SHOWN = ("sample_id", "filter", "doc", "prompt", "target", "responses", "filtered", "status")
ENDS = {
    "unparsed": "no answer could be read",
    "failed": "nothing was answered",
    "refused": "the model declined",
    "missing": "no mark in the log",
}
"""What became of a question that was not answered, by its ``status``; logs of lm-eval do not say."""
Verdict = Literal["all", "right", "wrong"]
Mask = NDArray[np.bool_]
_QUESTIONS = (*DOC_FIELDS, "ctx", "instruction")
_TARGETS = (
    "target",
    "answer",
    "answers",
    "gold",
    "label",
    "answerKey",
    "correct_answer",
    "best_answer",
    "correct_answers",
)
_MARK = re.compile(r"(?:^|\n)\s*(?:Q|Question|Problem|Query)\s*:", re.IGNORECASE)
_CHAT = re.compile(r"<think>.*?</think>|<\|im_start\|>\w*|<\|[^|<>]{1,40}\|>|</?s>|\[/?INST\]", re.DOTALL)
_CHOICES = ("choices", "endings", "options", "mc1_targets", "candidates")


class Counts(NamedTuple):
    """Questions of a log under one filter and metric.

    Args:
        n: With a number.
        n_right: With the value 1; None where the metric is not 0 or 1 for each question.
        mean: Of the values; NaN without any.
        n_missing: Without a number.
    """

    n: int
    n_right: int | None
    mean: float
    n_missing: int


class Answer(NamedTuple):
    """One thing that the model was asked to weigh or wrote.

    Args:
        text: The choice, or what the model wrote; '' where the log does not hold the choice's words.
        log_likelihood: Of a choice; None for written text.
        is_highest: Whether no other choice is more likely; False for written text.
    """

    text: str
    log_likelihood: float | None
    is_highest: bool


def metrics(names: list[str]) -> list[str]:
    """Metrics of a log by its column names, in the order of the file."""
    return [name.removeprefix(METRIC) for name in names if name.startswith(METRIC)]


def filters(table: pa.Table) -> dict[str, int]:
    """Filter to its number of rows, in order of appearance."""
    found = pc.value_counts(table["filter"]).to_pylist()
    return {str(one["values"]): int(one["counts"]) for one in found}


def counts(table: pa.Table, metric: str, filter: str) -> Counts:
    """How the questions of a log went.

    Args:
        table: Columns ``filter`` and ``metric:<name>``.
    """
    values = (
        table[METRIC + metric].filter(pc.equal(table["filter"], filter)).to_numpy(zero_copy_only=False).astype(float)
    )
    known = values[~np.isnan(values)]
    is_binary = len(known) > 0 and bool(np.isin(known, (0.0, 1.0)).all())
    mean = math.fsum(known) / len(known) if len(known) else math.nan
    return Counts(len(known), int(known.sum()) if is_binary else None, mean, len(values) - len(known))


def chosen(
    table: pa.Table, *, filter: str, metric: str, verdict: Verdict = "all", words: str = ""
) -> NDArray[np.int64]:
    """Positions of the rows that pass, in file order.

    Args:
        table: Columns ``filter``, with a verdict ``metric:<name>``, with words those of ``SEARCHED``.
        filter: Rows of this filter only.
        verdict: right: value 1; wrong: value 0; rows without a number are neither.
        words: Found anywhere in the data set's row, prompt, target or answers; letters' case does not count. Not a pattern.
    """
    passes = pc.equal(table["filter"], filter)
    if verdict != "all":
        wanted = 1.0 if verdict == "right" else 0.0
        passes = pc.and_(passes, pc.fill_null(pc.equal(table[METRIC + metric], wanted), False))
    if words:
        folded = words.casefold()
        found = np.zeros(table.num_rows, dtype=bool)
        for name in SEARCHED:
            # casefold as Python means it: Arrow's own ignoring of case does not know ß and its like.
            texts = table[name].to_pylist()
            found |= np.fromiter((text is not None and folded in text.casefold() for text in texts), bool, len(texts))
        passes = pc.and_(passes, pa.array(found))
    return np.flatnonzero(np.asarray(passes.to_numpy(zero_copy_only=False), dtype=bool)).astype(np.int64)


def page_of(positions: NDArray[np.int64], page: int, size: int) -> tuple[NDArray[np.int64], int, int]:
    """The positions of one page, its number (1 for nonsense below, the last for above) and the number of pages."""
    n_pages = max(1, -(-len(positions) // size))
    at = min(max(page, 1), n_pages)
    return positions[(at - 1) * size : at * size], at, n_pages


def answers(responses: str | None, doc: str | None) -> list[Answer]:
    """What the model answered: log-likelihoods of choices with their words, or the texts that it wrote.

    Args:
        responses: JSON as stored: ``[[["-1.25", "False"]], ...]`` (a pair per choice), ``[["text", ...]]`` (texts), or 0.3's
            list of logits. What is none of these is one text.
        doc: JSON of the row of the data set; choices are looked for in it.
    """
    if responses is None:
        return []
    parsed = _json(responses)
    if not isinstance(parsed, list) or not parsed:
        return [Answer(responses if not isinstance(parsed, str) else parsed, None, False)]
    likelihoods = [_likelihood(one) for one in parsed]
    known = [value for value in likelihoods if value is not None]
    if len(known) == len(parsed):
        best = max(known)
        words = choices(doc)
        words = words if len(words) == len(parsed) else [""] * len(parsed)
        return [Answer(text, value, value == best) for text, value in zip(words, known, strict=True)]
    return [Answer(text, None, False) for text in _texts(parsed)]


def choices(doc: str | None) -> list[str]:
    """The choices of a question, where its row of the data set has them under a usual name; else none."""
    parsed = _json(doc) if doc else None
    if not isinstance(parsed, dict):
        return []
    for name in _CHOICES:
        found = parsed.get(name)
        if isinstance(found, dict):
            found = found.get("text") or found.get("choices")
        if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
            return found
    return []


def asked(prompt: str | None, doc: str | None) -> str:
    """What the model was asked: the prompt, else the question of the data set's row with its choices; '' for neither."""
    if prompt is not None:
        return prompt
    parsed = _json(doc) if doc else None
    if not isinstance(parsed, dict):
        return ""
    question = next((parsed[name] for name in DOC_FIELDS if isinstance(parsed.get(name), str)), "")
    lettered = [f"{chr(ord('A') + n)}. {choice}" for n, choice in enumerate(choices(doc)[:26])]
    return "\n".join([question, *lettered]) if question else ""


def question(prompt: str | None, doc: str | None) -> str:
    """What was asked, without the worked examples before it: for a title, on one line; '' where nothing says.

    Args:
        prompt: As the model got it: worked examples, then the question.
        doc: JSON of the row of the data set. Its question is taken where it has one under a usual name; else the last part
            of the prompt from a ``Q:`` or ``Question:`` on, else its last paragraph.
    """
    row = _json(doc) if doc else None
    if isinstance(row, dict):
        for name in _QUESTIONS:
            asked = row.get(name)
            if isinstance(asked, str) and asked.strip():
                return " ".join(asked.split())
    text = _CHAT.sub("", prompt or "").strip()
    marks = list(_MARK.finditer(text))
    text = text[marks[-1].start() :] if marks else re.split(r"\n\s*\n", text)[-1]
    return " ".join(text.split())


def target(stated: str | None, doc: str | None) -> str:
    """What would have been right: as the log states it, else as the row of the data set has it; '' where neither says.

    Args:
        stated: The target of the log.
        doc: JSON of the row of the data set; looked into where the log's target is empty.
    """
    if stated and stated.strip():
        return readable(stated)
    row = _json(doc) if doc else None
    if isinstance(row, dict):
        for name in _TARGETS:
            found = row.get(name)
            if found is not None and found != "" and found != []:
                value = found if isinstance(found, str) else orjson.dumps(found).decode()
                return f"{value} (“{name}” in the row of the data set)"
    return ""


def readable(text: str | None) -> str:
    """JSON with indents, other text as it is; '' for nothing."""
    if text is None:
        return ""
    parsed = _json(text)
    return orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode() if isinstance(parsed, dict | list) else text


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _likelihood(one: Any) -> float | None:
    """``["-1.25", "False"]``, the same one list deeper, or a bare number. A bare text is an answer, also "18"."""
    while isinstance(one, list) and len(one) == 1:
        one = one[0]
    if isinstance(one, str):
        return None
    if isinstance(one, list):
        if len(one) != 2 or str(one[1]) not in ("True", "False"):
            return None
        one = one[0]
    if isinstance(one, bool) or not isinstance(one, int | float | str):
        return None
    try:
        value = float(one)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _texts(parsed: list[Any]) -> list[str]:
    flat: list[str] = []
    for one in parsed:
        if isinstance(one, list) and all(isinstance(text, str) for text in one):
            flat += one
        else:
            flat.append(one if isinstance(one, str) else orjson.dumps(one).decode())
    return flat
