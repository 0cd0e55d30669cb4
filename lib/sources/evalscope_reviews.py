"""Reviews of EvalScope: one line a question, with the conversation, the right answer and what each metric gave.

A report of the same run holds its scores; it lies in another folder, so that a file of reviews is a run of its own, whose
score is counted from its rows. The file's name is data set and subset; the model is the one that answered.
"""

from __future__ import annotations

import re
from typing import Any

from lib.errors import RefusedInput
from lib.schema.records import Parsed, Run, Status
from lib.sources import other_tools as told
from lib.sources.contract import Candidate, Importer
from lib.sources.evalscope_report import EVALUATOR, WHOLE_SUBSETS, started_in
from lib.sources.lm_eval_rows import MAX_NAME
from lib.sources.question_rows import Answered, Log, rows_of, scores_of, tally
from lib.sources.question_rows import told as told_of_rows
from lib.sources.readers import finite, whole

KEYS = ("index", "target", "sample_score")


def is_reviews(candidate: Candidate) -> bool:
    """JSON Lines whose first row has a question's number, its answer and its score."""
    return candidate.head[:1] == b"{" and set(KEYS) <= candidate.first_row.keys()


def parse_reviews(candidate: Candidate) -> Parsed:
    """One run of one data set or subset, under the metric that counts.

    Raises:
        RefusedInput: A row of another kind, or no row with a number.
    """
    metric, others = _metrics(candidate)
    task = _task(candidate.basename)
    rows, models = Log(task, metric), dict[str, None]()
    for number, (place, row) in enumerate(rows_of(candidate, KEYS)):
        rows.add(_answered(number, place, row, metric))
        answered_by = told.name(_last(row, "assistant").get("model"))
        if answered_by:
            models[answered_by] = None
    if len(models) > 1:
        raise RefusedInput("answers of several models in one file", expected="one", found=", ".join(list(models)[:5]))
    samples = rows.samples()
    folder = candidate.path.rpartition("/")[0].rpartition("/")[2]
    run = Run(
        spellings=told.spellings(*models, folder) or (candidate.path[:MAX_NAME] or "unnamed",),
        evaluator=EVALUATOR,
        evaluated_on=started_in(candidate.name),
        results=scores_of(samples),
        samples=[samples],
        config={"answers": tally(samples), "scores": "from samples"},
    )
    warnings = told_of_rows(samples)
    if others:
        warnings.append(f"metrics left out of the log, kept in the raw file: {', '.join(others)[:200]}")
    return Parsed(runs=[run], warnings=warnings)


def _metrics(candidate: Candidate) -> tuple[str, list[str]]:
    """The metric that counts, and the others of the first row."""
    score = _score(candidate.first_row)
    names = [
        name
        for key, value in told.part(score.get("value")).items()
        if finite(value) is not None and (name := told.name(key))
    ]
    if not names:
        raise RefusedInput("no scores in it", place="line 1.sample_score.score.value", expected="a number by metric")
    main = told.name(score.get("main_score_name"))
    chosen = main if main in names else names[0]
    return chosen, [name for name in names if name != chosen]


def _task(basename: str) -> str:
    """Data set and subset of a file's name: ``gsm8k_main.jsonl`` is ``gsm8k``."""
    stem = re.sub(r"\.jsonl?$", "", basename, flags=re.IGNORECASE)
    dataset, _, subset = stem.rpartition("_")
    return (dataset if dataset and subset in WHOLE_SUBSETS else stem)[:MAX_NAME] or "unnamed"


def _answered(number: int, place: str, row: dict[str, Any], metric: str) -> Answered:
    score = _score(row)
    value = finite(told.part(score.get("value")).get(metric))
    prompt, taken, written = _text(_last(row, "user")), score.get("extracted_prediction"), score.get("prediction")
    status: Status = "scored"
    if value is None:
        status = "missing"
    elif not isinstance(written, str) or not written.strip():
        status = "failed"
    target = row["target"]
    return Answered(
        sample_id=_number(row["index"], number),
        doc={"input": prompt} if prompt else {"index": _number(row["index"], number)},
        prompt=prompt,
        target=target if isinstance(target, str) else str(target)[:1000],
        responses=(written,) if isinstance(written, str) and written else (),
        taken=taken if isinstance(taken, str) else None,
        is_right=value,
        status=status,
    )


def _number(written: Any, place: int) -> int:
    own = whole(written, at_most=2**53)
    return place if own is None else own


def _score(row: Any) -> dict[str, Any]:
    return told.part(told.part(row.get("sample_score")).get("score"))


def _last(row: dict[str, Any], role: str) -> dict[str, Any]:
    """The last message of one side; empty without any."""
    found = [message for message in told.rows(row.get("messages")) if message.get("role") == role]
    return found[-1] if found else {}


def _text(message: dict[str, Any]) -> str | None:
    content = message.get("content")
    if isinstance(content, str):
        return content or None
    return "\n".join(str(piece.get("text") or "") for piece in told.rows(content)) or None


SOURCE = Importer(
    name="evalscope-reviews",
    version=1,
    describes="answers of EvalScope question by question (reviews)",
    recognise=is_reviews,
    parse=parse_reviews,
    priority=40,
)
