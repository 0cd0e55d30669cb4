"""Two results of one model on one benchmark, field by field: may they be compared, and why do they differ?"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis.comparability import CAUTION, COMPARABLE, Comparison, compare, task_name
from lib.analysis.labels import evaluator_label
from lib.schema.text import Sentence, Span, sentence

FIELDS = {
    "evaluator": "Evaluator",
    "document": "Document",
    "task": "Task, as written",
    "prompt": "Prompt variant",
    "task_version": "Task version",
    "task_hash": "Hash of the task",
    "metric": "Metric",
    "filter": "Answer taken by",
    "n_samples": "Questions",
    "limit": "Part of the questions",
    "n_shot": "Shots",
    "chat_template": "Chat template",
    "system_instruction": "System instruction",
    "is_multiturn": "Examples as a dialogue",
    "backend": "Back-end",
    "evaluator_version": "Harness version",
    "harness_commit": "Harness commit",
    "seeds": "Few-shot seeds",
    "start_token": "Start token",
    "dtype": "Precision",
    "quantisation": "Quantisation",
    "revision": "Revision of the weights",
    "evaluated_on": "Evaluated",
}
"""Fields of a result that are laid side by side, in reading order, with their words."""

SAME, DIFFERENT, ONE_SILENT = "same", "different", "stated by one only"
SHOWN_CHARACTERS = 160
REASONS_SHOWN = 4
_FOLLOWS = {"document not known", "different documents", "different harness version"}
"""Reasons that say nothing more once the evaluators differ."""
_NAMED = {
    "different evaluators": "evaluator",
    "different metrics": "metric",
    "different filters": "filter",
    "different prompts": "prompt",
    "different task versions": "task_version",
    "different precision": "dtype",
    "different chat template": "chat_template",
    "different harness version": "evaluator_version",
}
"""Reasons that are clearer with the two values in them."""


class Differences(NamedTuple):
    """Two results beside each other.

    Args:
        comparison: Verdict and reasons of ``comparability.compare``.
        words: The verdict as a sentence, with the distance of the two scores.
        rows: One row per field that one of them states: field (words), first, second (text, '' where not stated), state.
        n_silent: Fields that neither states.
    """

    comparison: Comparison
    words: Sentence
    rows: pd.DataFrame
    n_silent: int


def with_keys(results: pd.DataFrame) -> pd.DataFrame:
    """The results with ``key`` (ten hexadecimal digits: run, task, prompt, filter and metric) and ``told`` (in words).

    Args:
        results: ``ModelScores.results`` of one benchmark. Highest score first.
    """
    parts = results[["run", "task", "prompt", "filter", "metric"]].astype(object).fillna("").astype(str)
    keys = [hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:10] for row in parts.itertuples(index=False)]
    told = [_told(row) for row in cast("list[dict[str, Any]]", results.to_dict("records"))]
    made = results.assign(key=keys, told=told).drop_duplicates("key")
    return made.sort_values(["score", "key"], ascending=[False, True], kind="stable").reset_index(drop=True)


def spread(results: pd.DataFrame) -> pd.DataFrame:
    """Benchmarks on which results of one task and metric differ visibly: index benchmark; n_results, low, high.

    Another metric, or another task with questions of the same benchmark, is no disagreement, and neither is a
    difference that vanishes in the figures shown. Of several tasks and metrics the one with the widest range; the
    benchmarks with the widest first.
    """
    shares = results[results["is_share"].to_numpy(bool)]
    alike = shares.groupby(["benchmark", _alike(shares), "metric"], sort=True)["score"]
    found = pd.DataFrame(alike.agg(n_results="size", low="min", high="max")).reset_index(level=(1, 2), drop=True)
    is_visible = [
        formats.score(low) != formats.score(high) for low, high in zip(found["low"], found["high"], strict=True)
    ]
    found = found[np.array(is_visible, dtype=bool)]
    width = (found["high"] - found["low"]).to_numpy(float)
    ordered = found.iloc[np.argsort(-width, kind="stable")]
    return ordered.loc[~ordered.index.duplicated(), :]


def _alike(results: pd.DataFrame) -> pd.Series:
    """Which results are of one task, whatever only the spelling adds to its name."""
    return results["task"].fillna("").astype(str).map(task_name).rename("task_name")


def default_pair(rows: pd.DataFrame) -> tuple[str, str]:
    """Keys of the two results farthest apart: of the same task and metric where there are two such, else of all.

    Args:
        rows: Result of ``with_keys``, two rows at least.
    """
    groups = rows.groupby([_alike(rows), "metric"], sort=True)["score"]
    width = groups.agg(lambda s: s.max() - s.min() if len(s) > 1 else -1.0)
    kept = rows
    if width.max() >= 0:
        kept = rows[(groups.ngroup() == int(np.argmax(width.to_numpy(float)))).to_numpy(bool)]
    return str(kept["key"].iloc[0]), str(kept["key"].iloc[-1])


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> Differences:
    """Two results field by field, with the verdict of the protocol table.

    Args:
        first, second: Rows of ``Frames.scores`` with scores that are shares.
    """
    found = compare(first, second)
    rows, n_silent = [], 0
    for field, words in FIELDS.items():
        a, b = (_value(field, row.get(field)) for row in (first, second))
        if not a and not b:
            n_silent += 1
            continue
        state = SAME if a == b else DIFFERENT if a and b else ONE_SILENT
        rows.append((words, a, b, state))
    table = pd.DataFrame(rows, columns=["field", "first", "second", "state"])
    return Differences(found, _verdict(found, first, second), table, n_silent)


def _verdict(found: Comparison, first: Mapping[str, Any], second: Mapping[str, Any]) -> Sentence:
    apart = abs(float(first["score"]) - float(second["score"]))
    distance = f"{100 * apart:.1f} points apart" if apart >= 0.0005 else "equal to a tenth of a point"
    told = [reason for reason in found.reasons if not (reason in _FOLLOWS and "different evaluators" in found.reasons)]
    reasons = "; ".join(reason_in_words(reason, first, second) for reason in told[:REASONS_SHOWN])
    if len(told) > REASONS_SHOWN:
        reasons += f"; and {formats.counted(len(told) - REASONS_SHOWN, 'further doubt')}"
    if found.verdict == COMPARABLE:
        link = ", and yet " if apart >= 0.0005 else ", and "
        return sentence(Span("Comparable", "strong"), link, Span(distance, "strong"), ".")
    if found.verdict == CAUTION:
        return sentence(Span("Comparable with caution", "strong"), ", ", Span(distance, "strong"), f": {reasons}.")
    return sentence(
        Span("Not comparable", "strong"), f": {reasons}. The two scores are ", Span(distance, "strong"),
        ": one model, measured in two ways.",
    )  # fmt: skip


def reason_in_words(reason: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """A reason of ``compare`` with the two values where they are short: ``5 shots against 25``."""
    if reason == "different number of examples in the prompt":
        return f"{int(first['n_shot'])} shots against {int(second['n_shot'])}"
    if reason == "different numbers of questions":
        return f"{formats.count(first['n_samples'])} questions against {formats.count(second['n_samples'])}"
    if reason == "different documents":
        a, b = (str(row.get("document") or "").split(" | ")[0] for row in (first, second))
        return f"printed in {a} and in {b}" if a and b and a != b else "printed in different tables"
    field = _NAMED.get(reason)
    if field is None:
        return reason
    if field == "evaluator":
        a, b = (_who(row) for row in (first, second))
    else:
        a, b = (_value(field, row.get(field)) for row in (first, second))
    if not a or not b or a == b or max(len(a), len(b)) > 60:
        return reason
    return f"{a} against {b}" if field == "evaluator" else f"{FIELDS[field].casefold()} {a} against {b}"


def _who(row: Mapping[str, Any]) -> str:
    return (
        evaluator_label({**row, "document": "", "chat_template": ""})
        if row["evaluator"] != "document"
        else "a document"
    )


def _told(row: Mapping[str, Any]) -> str:
    shots = _value("n_shot", row.get("n_shot"))
    parts = [formats.score(row["score"]), f"{shots}-shot" if shots else "", str(row["metric"])]
    told = ", ".join(part for part in parts if part)
    return formats.one_line(f"{told} · {evaluator_label(row)}", SHOWN_CHARACTERS)


def _value(field: str, value: object) -> str:
    """A value as text, '' where it is not stated."""
    if value is None or value == "" or pd.isna(value):  # type: ignore[call-overload]
        return ""
    if field in ("n_samples", "n_shot"):
        return formats.count(value)
    if field == "is_multiturn":
        return "yes" if value else "no"
    if field == "filter" and value == "none":
        return "the whole output"
    if field == "document":
        value = ", ".join(part.strip() for part in str(value).split("|") if part.strip())
    return formats.one_line(value, SHOWN_CHARACTERS)
