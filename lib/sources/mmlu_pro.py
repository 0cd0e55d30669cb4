"""Answers of MMLU-Pro's own script, one row a question: ``question_id``, ``options``, ``answer``, ``pred``.

Right is a prediction that equals the answer. Where no prediction could be read (``pred`` is null) the authors' script
guesses at random; here that counts as wrong, so the published scores are higher by about a tenth of the null share.
"""

from __future__ import annotations

import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run
from lib.sources.contract import Candidate, Importer
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, log_of, number_at, rows_of, scores_of, tally, text_at, told

TASK = "mmlu_pro"
KEYS = ("question_id", "question", "options", "answer", "pred", "category")
MOST_OPTIONS = 26
_NAMED = re.compile(r"^(?:model_outputs_)?(?P<name>.+?)(?:_(?P<shots>\d{1,3})shots?)?\.json$")


def is_mmlu_pro(candidate: Candidate) -> bool:
    """Rows with options, the right one and the predicted one."""
    return {*KEYS, "answer_index"} <= candidate.first_row.keys()


def parse_mmlu_pro(candidate: Candidate) -> Parsed:
    """One run; model and shots stand in the file's name (``model_outputs_<model>_5shots.json``) only.

    Raises:
        RefusedInput: A row of another kind, a question twice, an answer that is no letter.
    """
    named = _NAMED.match(candidate.basename)
    name = (named["name"] if named else candidate.basename)[:MAX_NAME] or "unnamed"
    shots = int(named["shots"]) if named and named["shots"] else None
    seen: set[int] = set()
    samples = log_of(TASK, (_answered(place, row, seen) for place, row in rows_of(candidate, KEYS)))
    run = Run(
        spellings=(name,),
        evaluator="MMLU-Pro",
        results=scores_of(samples, n_shot=shots),
        samples=[samples],
        config={"answers": tally(samples), "scores": "from samples"},
    )
    return Parsed(runs=[run], warnings=told(samples))


def _answered(place: str, row: dict[str, Any], seen: set[int]) -> Answered:
    number = number_at(row, "question_id", place, seen)
    options = row["options"]
    if not isinstance(options, list) or not 0 < len(options) <= MOST_OPTIONS or not all(map(_is_text, options)):
        raise RefusedInput("not the options of a question", place=f"{place}.options", expected="a list of texts")
    answer, taken = text_at(row, "answer", place), row["pred"]
    if not _is_letter(answer):
        raise RefusedInput("not the letter of an option", place=f"{place}.answer", expected="A to Z", found=answer)
    if taken is not None and not isinstance(taken, str):
        raise RefusedInput(
            "not a prediction", place=f"{place}.pred", expected="a letter or null", found=str(taken)[:100]
        )
    written = row.get("generated_text", row.get("model_outputs"))
    return Answered(
        sample_id=number,
        doc={
            "question": text_at(row, "question", place),
            "options": options,
            "category": text_at(row, "category", place),
        },
        prompt=None,
        target=answer,
        responses=(written,) if isinstance(written, str) else (),
        taken=taken,
        is_right=taken == answer,
        status="unparsed" if not taken else "scored",
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_letter(text: str) -> bool:
    return len(text) == 1 and "A" <= text <= "Z"


SOURCE = Importer(
    name="mmlu-pro",
    version=1,
    describes="answers of MMLU-Pro's own script (question_id, options, answer, pred)",
    recognise=is_mmlu_pro,
    parse=parse_mmlu_pro,
    priority=40,
)
