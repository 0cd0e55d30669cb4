"""The questions of a HELM run: what each got (``per_instance_stats.json``), was asked and answered (``scenario_state.json``)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from lib.schema.records import Samples, Status
from lib.sources import other_tools as told
from lib.sources.question_rows import Answered, Budget, Log
from lib.sources.readers import finite

PER_INSTANCE = "per_instance_stats.json"
STATES = "scenario_state.json"
_NUMBER = re.compile(r"id(\d{1,15})")

Key = tuple[str, int]
"""Id of a question, and the training trial in which it was asked."""


def read_values(rows: Any, split: str) -> dict[str, dict[Key, float]]:
    """Metric to what each unperturbed question of a split got; empty for what is no such file."""
    found: dict[str, dict[Key, float]] = {}
    for row in told.rows(rows):
        trial = row.get("train_trial_index", 0)
        if row.get("perturbation") or not isinstance(trial, int):
            continue
        key = str(row.get("instance_id"))[:100], trial
        for stat in told.rows(row.get("stats")):
            name, mean = told.part(stat.get("name")), finite(stat.get("mean"))
            metric = told.name(name.get("name"))
            if metric is not None and mean is not None and name.get("split") == split and not name.get("perturbation"):
                found.setdefault(metric, {}).setdefault(key, mean)
    return found


def questions_of(
    document: dict[str, Any], task: str, metric: str, values: dict[Key, float]
) -> tuple[list[Samples], str | None]:
    """The log under one metric, and the day of the first request; no log where no question is known by its id.

    Raises:
        RefusedInput: More rows or text than one log may have.
    """
    rows, budget, seen, day = Log(task, metric), Budget(), set[Key](), None
    for number, state in enumerate(told.rows(document.get("request_states"))):
        instance, trial = told.part(state.get("instance")), state.get("train_trial_index", 0)
        key = str(instance.get("id"))[:100], trial if isinstance(trial, int) else 0
        if instance.get("perturbation") or key not in values or key in seen:
            continue  # further requests about the same question, one for each choice
        seen.add(key)
        day = day or _day(told.part(state.get("result")).get("request_datetime"))
        question = _answered(number, state, instance, key[0], values[key])
        budget.take(question, f"{STATES} request_states[{number}]")
        rows.add(question)
    return ([rows.samples()] if seen else []), day


def _answered(number: int, state: dict[str, Any], instance: dict[str, Any], own: str, value: float) -> Answered:
    found = _NUMBER.fullmatch(own)
    references = told.rows(instance.get("references"))
    texts = [_text(reference.get("output")) for reference in references]
    right = [text for text, one in zip(texts, references, strict=True) if "correct" in (one.get("tags") or [])]
    completions = told.rows(told.part(state.get("result")).get("completions"))
    written = [] if state.get("reference_index") is not None else [str(c.get("text") or "") for c in completions]
    mapping = told.part(state.get("output_mapping"))
    taken = mapping.get(written[0].strip()) if written else None
    status: Status = "failed" if written and not any(text.strip() for text in written) else "scored"
    doc: dict[str, Any] = {"input": _text(instance.get("input"))}
    if len(texts) > 1:
        doc["references"] = texts
    prompt = told.part(state.get("request")).get("prompt")
    return Answered(
        sample_id=int(found[1]) if found else number,
        doc=doc,
        prompt=prompt if isinstance(prompt, str) else None,
        target="\n".join(right) if right else None,
        responses=tuple(text for text in written if text),
        taken=taken if isinstance(taken, str) else None,
        is_right=value,
        status=status,
    )


def _text(part: Any) -> str:
    text = told.part(part).get("text")
    return text if isinstance(text, str) else ""


def _day(seconds: Any) -> str | None:
    """ISO date (UTC) of Unix seconds between 2019 and 2099; None for others."""
    found = finite(seconds)
    return datetime.fromtimestamp(found, UTC).date().isoformat() if found and 1.55e9 < found < 4.1e9 else None
