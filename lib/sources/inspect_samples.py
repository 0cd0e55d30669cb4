"""The questions of a log of Inspect: what was asked, answered and found right, by scorer.

A value of ``C`` is right, ``I`` wrong, ``P`` half right, ``N`` no answer; numbers are what they are. NaN is a question that
the scorer could not score: it is counted nowhere. A question that broke off with an error was not scored either.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lib.schema.records import Result, Samples, Status
from lib.sources import other_tools as told
from lib.sources.inspect_archive import InspectLog
from lib.sources.lm_eval_rows import Warnings
from lib.sources.question_rows import Answered, Budget, Log
from lib.sources.readers import finite, whole
from lib.stats.recovered import binomial_stderr

LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
METRIC = "accuracy"
MAX_TEXT = 100_000
"""Of one text of one question; longer ones (whole conversations of agents) are cut and say so."""
CUT = " … (cut)"


@dataclass
class Seen:
    """What the questions of a log tell about the whole.

    Args:
        samples: The log, or nothing when the file has none.
        values: Scorer to number of questions by value, the first answer of each question only.
        system_instruction: ``none``, a digest, or None where questions differ or the log has none.
    """

    samples: list[Samples] = field(default_factory=list)
    values: dict[str, Counter[float]] = field(default_factory=dict)
    system_instruction: str | None = None

    def confirm(self, result: Result, epochs: int) -> None:
        """Put counts into a score that the questions bear out: each asked once, right or wrong, and the same mean."""
        values = self.values.get(result.filter)
        if (
            result.metric != METRIC
            or result.score is None
            or epochs != 1
            or not values
            or not values.keys() <= {0.0, 1.0}
        ):
            return
        n = sum(values.values())
        if abs(values[1.0] / n - result.score) > 1e-9:
            return
        result.n_samples, result.n_correct = n, values[1.0]
        result.stderr = binomial_stderr(values[1.0], n) or None
        result.stderr_rule = "counts" if result.stderr else "none"


def read_samples(log: InspectLog, task: str, scorers: list[str], warnings: Warnings) -> Seen:
    """Read all questions, one at a time.

    Args:
        log: The file.
        task: Name of the task.
        scorers: Those that have a result; a question's other scores are left out.
        warnings: Receives what was not scored.

    Raises:
        RefusedInput: An archive that is damaged or beyond its limits, or more rows than one log may have.
    """
    seen, rows, budget = Seen(), Log(task, METRIC), Budget()
    wanted, systems = dict.fromkeys(name for name in scorers if name), Counter[str | None]()
    unscored = n_rows = 0
    for number, (place, sample) in enumerate(log.samples()):
        systems[_system(sample)] += 1
        scores = told.part(sample.get("scores"))
        is_first = sample.get("epoch") in (None, 1)
        for scorer in wanted:
            if scores and scorer not in scores:
                continue  # it gives its values another name
            value = _value(told.part(scores.get(scorer)).get("value"))
            if isinstance(value, dict):
                continue
            question = _answered(number, sample, scorer, told.part(scores.get(scorer)), value)
            budget.take(question, place)
            rows.add(question)
            n_rows += 1
            unscored += value is None
            if value is not None and is_first:
                seen.values.setdefault(scorer, Counter())[value] += 1
    if n_rows:
        seen.samples = [rows.samples()]
    if unscored:
        warnings.add(
            f"samples {task[:100]}: {unscored:,} of {n_rows:,} answers were not scored; they are counted nowhere."
        )
    if len(systems) == 1:
        seen.system_instruction = next(iter(systems))
    return seen


def _value(written: Any) -> float | dict[str, Any] | None:
    """A scorer's value as a number; an object where it gives several; None for a question that was not scored."""
    if isinstance(written, dict):
        return written
    if isinstance(written, bool):
        return float(written)
    if isinstance(written, str):
        return LETTERS.get(written)
    return finite(written)


def _answered(number: int, sample: dict[str, Any], scorer: str, score: dict[str, Any], value: float | None) -> Answered:
    output = told.part(sample.get("output"))
    written = [_content(told.part(choice.get("message"))) for choice in told.rows(output.get("choices"))]
    status: Status = "scored"
    if value is None:
        status = "missing"
    elif score.get("value") == "N":
        status = "unparsed"
    elif not any(written):
        status = "failed"
    own = whole(sample.get("id"), at_most=2**53)
    doc: dict[str, Any] = {"input": _input(sample.get("input"))}
    if isinstance(sample.get("choices"), list):
        doc["choices"] = [_cut(str(choice)) for choice in sample["choices"][:100]]
    target = sample.get("target")
    return Answered(
        sample_id=number if own is None else own,
        doc=doc,
        prompt=_last_user(sample),
        target=_cut(", ".join(map(str, target[:100])) if isinstance(target, list) else str(target)),
        responses=tuple(text for text in written if text),
        taken=_cut(score["answer"]) if isinstance(score.get("answer"), str) else None,
        is_right=value,
        status=status,
        filter=scorer,
    )


def _input(value: Any) -> str:
    """The question as the data set has it: its text, or the texts of its messages."""
    if isinstance(value, str):
        return _cut(value)
    return _cut("\n".join(_content(message) for message in told.rows(value)))


def _content(message: dict[str, Any]) -> str:
    """A message's text: its content, or the texts among its parts."""
    content = message.get("content")
    if isinstance(content, str):
        return _cut(content)
    return _cut("\n".join(str(piece.get("text") or "") for piece in told.rows(content) if piece.get("type") == "text"))


def _messages(sample: dict[str, Any], role: str) -> list[str]:
    return [_content(message) for message in told.rows(sample.get("messages")) if message.get("role") == role]


def _last_user(sample: dict[str, Any]) -> str | None:
    found = _messages(sample, "user")
    return found[0] if found else None


def _system(sample: dict[str, Any]) -> str | None:
    """Digest of the system messages of a question, ``none`` without any; None where the log has no messages."""
    if not told.rows(sample.get("messages")):
        return None
    found = _messages(sample, "system")
    return told.instruction("\n".join(found))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT
