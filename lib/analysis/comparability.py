"""May two scores be compared? The protocol table, field by field.

``compare`` judges two results and says why; ``protocols.group`` cuts whole frames so that inside one protocol
``compare`` never says no. Everything that ranks, tests or plots scores goes through one of the two.

| field | unknown | different |
|---|---|---|
| evaluator; document of published numbers | not comparable | not comparable |
| task (benchmark and name, prompt variant, version or hash) | caution | not comparable |
| metric, filter | not comparable | not comparable |
| items (``--limit``, number of questions) | caution | not comparable |
| shots | caution | not comparable |
| prompt form (chat template, system instruction) | caution | not comparable |
| back-end, few-shot seed, harness commit, start token, multi-turn examples | - | caution |
| base or tuned, precision | - | caution |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import pandas as pd

Verdict = Literal["comparable", "caution", "not comparable"]
COMPARABLE: Final = "comparable"
CAUTION: Final = "caution"
NOT_COMPARABLE: Final = "not comparable"

DOCUMENT = "document"

CAUTION_FIELDS = {
    "backend": "back-end",
    "seeds": "few-shot seed",
    "harness_commit": "harness commit",
    "evaluator_version": "harness version",
    "start_token": "start token",
    "is_multiturn": "multi-turn examples",
    "dtype": "precision",
    "quantisation": "quantisation",
    "model_kind": "kind of model (base or tuned)",
}
"""Fields whose difference is a caution and whose absence is nothing, with their words. ``model_kind`` is the kind of
the model, where the caller adds it; ``kind`` of a result says how it came (raw, board, transcription)."""

UNKNOWN_IS_CAUTION = {
    "n_samples": "number of questions",
    "n_shot": "number of examples in the prompt",
    "chat_template": "chat template",
    "system_instruction": "system instruction",
}


class Comparison(NamedTuple):
    """``reasons`` name every field that is unknown or different, the gravest first; empty when comparable."""

    verdict: Verdict
    reasons: tuple[str, ...]


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """May two results be compared?

    Args:
        a, b: Rows of ``Frames.scores`` (or mappings with its columns); a missing key is unknown.

    Returns:
        The gravest verdict over all fields, with all reasons.
    """
    refusals: list[str] = []
    cautions: list[str] = []
    _compare_origin(a, b, refusals)
    _compare_task(a, b, refusals, cautions)
    _compare_conditions(a, b, refusals, cautions)
    for field, words in CAUTION_FIELDS.items():
        x, y = _known(a, field), _known(b, field)
        if x is not None and y is not None and x != y:
            cautions.append(f"different {words}")
    if refusals:
        return Comparison(NOT_COMPARABLE, (*refusals, *cautions))
    return Comparison(CAUTION if cautions else COMPARABLE, tuple(cautions))


@lru_cache(maxsize=65536)
def task_name(task: str) -> str:
    """A task's name without what only the spelling adds: capitals, and which separator stands between words.

    ``HellaSwag`` is ``hellaswag``, ``ARC-Challenge`` is ``arc_challenge``. The benchmark alone would be too little: one
    set of questions may be asked in several ways (``gsm8k``, ``gsm8k_cot``), which are different tasks.
    """
    return re.sub(r"[\s_:-]+", "_", task.strip()).casefold()


def _compare_origin(a: Mapping[str, Any], b: Mapping[str, Any], refusals: list[str]) -> None:
    evaluators = _known(a, "evaluator"), _known(b, "evaluator")
    if None in evaluators:
        refusals.append("evaluator not known")
    elif evaluators[0] != evaluators[1]:
        refusals.append("different evaluators")
    documents = _known(a, "document"), _known(b, "document")
    if DOCUMENT in evaluators and None in documents:
        refusals.append("document not known")
    elif documents[0] != documents[1]:
        refusals.append("different documents")


def _compare_task(a: Mapping[str, Any], b: Mapping[str, Any], refusals: list[str], cautions: list[str]) -> None:
    if _known(a, "benchmark") != _known(b, "benchmark") or task_name(_text(a, "task")) != task_name(_text(b, "task")):
        refusals.append("different tasks")
    if _text(a, "prompt") != _text(b, "prompt"):
        refusals.append("different prompts")
    hashes = _known(a, "task_hash"), _known(b, "task_hash")
    versions = _known(a, "task_version"), _known(b, "task_version")
    if None not in versions and versions[0] == versions[1]:
        pass
    elif None not in hashes and hashes[0] == hashes[1]:
        pass  # the same questions and prompts, whatever the version is called
    elif None not in versions or (versions == (None, None) and None not in hashes):
        refusals.append("different task versions")
    else:
        cautions.append("task version not stated")
    for field in ("metric", "filter"):
        x, y = _known(a, field), _known(b, field)
        if x is None or y is None:
            refusals.append(f"{field} not known")
        elif x != y:
            refusals.append(f"different {field}s")


def _compare_conditions(a: Mapping[str, Any], b: Mapping[str, Any], refusals: list[str], cautions: list[str]) -> None:
    if _known(a, "limit") != _known(b, "limit"):
        refusals.append("run on different parts of the questions")
    for field, words in UNKNOWN_IS_CAUTION.items():
        x, y = _known(a, field), _known(b, field)
        if x is None or y is None:
            cautions.append(f"{words} not stated")
        elif x != y:
            refusals.append(f"different {words}" if field != "n_samples" else "different numbers of questions")


def _known(row: Mapping[str, Any], field: str) -> Any:
    """The value, or None when unknown: None, NaN, NaT, NA and empty text are unknown."""
    value = row.get(field)
    return None if value is None or value == "" or pd.isna(value) else value


def _text(row: Mapping[str, Any], field: str) -> str:
    return _known(row, field) or ""
