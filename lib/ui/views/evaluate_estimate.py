"""What a job will take, told before it starts; and beside it what came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from lib import formats
from lib.analysis import job_progress, job_words
from lib.evals import estimate as estimates
from lib.evals.jobs import Job
from lib.schema.text import Sentence, Span, sentence

WHAT = {
    "seconds": "Time",
    "memory_gib": "Memory",
    "tokens_in": "Tokens in",
    "tokens_out": "Tokens out",
    "cost_usd": "Dollars",
}
LABELS = {"what": "What", "score:expected": "Expected", "score:came": "Came", "said": "Came against expected"}
TASK_LABELS = {
    "task": "Task",
    "n_samples": "Questions",
    "score:seconds": "Time",
    "score:tokens_in": "Tokens in",
    "score:tokens_out": "Tokens out",
    "score:cost_usd": "Dollars",
    "said": "Not known, and why",
}
CLOSE = 1.05
"""Within a twentieth came what was expected, as far as one reads it."""


def takeaway(described: str, told: Mapping[str, Any]) -> Sentence:
    """What will be asked and what it will take: ``2 tasks, 200 questions: about 14 minutes, 2.1 GiB of memory.``

    Args:
        described: Tasks and questions in words.
        told: ``Estimate.as_json()``.
    """
    parts: list[str | Span] = [f"{described[:1].upper()}{described[1:]}"]
    seconds, memory, cost = (job_progress.middle(told.get(name)) for name in ("seconds", "memory_gib", "cost_usd"))
    if seconds is None:
        parts += [": ", Span("how long cannot be told yet", "strong")]
    else:
        parts += [": ", Span(job_words.about(seconds), "strong")]
    if memory:
        parts += [", ", Span(f"{formats.plain(memory)} GiB", "strong"), " of memory"]
    if cost is not None:
        parts += [", ", Span(formats.usd(cost), "strong")]
    return sentence(*parts, ".")


def whole(told: Mapping[str, Any]) -> pd.DataFrame:
    """The estimate of the job: what and expected, a row per quantity that is told."""
    rows = [(words, _shown(name, told.get(name))) for name, words in WHAT.items()]
    return pd.DataFrame([row for row in rows if row[1] is not None], columns=["what", "score:expected"])


def by_task(told: Mapping[str, Any]) -> pd.DataFrame:
    """The estimate task by task, columns of ``TASK_LABELS``; what no task tells is left out."""
    listed = told.get("tasks")
    rows = [_task(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    table = pd.DataFrame(rows, columns=list(TASK_LABELS)).astype({"n_samples": float})
    return table.drop(columns=[name for name in table.columns if name != "task" and table[name].isna().all()])


def against(job: Job) -> pd.DataFrame:
    """Expected against came for an ended job, columns of ``LABELS``; rows where both are known."""
    took = estimates.came(job)
    off = estimates.errors(job.estimate, took)
    rows = []
    for name, words in WHAT.items():
        expected, factor = _shown(name, job.estimate.get(name)), off.get(name)
        if expected is not None and took.get(name) is not None:
            rows.append((words, expected, _words(name)(took[name]), _off(factor)))
    return pd.DataFrame(rows, columns=list(LABELS), dtype=object)


def _task(one: Mapping[str, Any]) -> dict[str, object]:
    return {
        "task": job_words.task_name(str(one.get("name"))),
        "n_samples": job_progress.middle(one.get("n_items")),
        **{f"score:{name}": _shown(name, one.get(name)) for name in ("seconds", "tokens_in", "tokens_out", "cost_usd")},
        "said": formats.one_line(one.get("unknown") or "", 200) or None,
    }


def _shown(name: str, value: object) -> str | None:
    """A quantity with its band: ``14 min (8 min to 30 min)``; None where it is not known."""
    middle = job_progress.middle(value)
    if middle is None or (name == "memory_gib" and not middle):
        # No memory here: the model runs elsewhere.
        return None
    say = _words(name)
    if isinstance(value, (list, tuple)):
        low, high = (job_progress.middle(one) for one in (value[0], value[2]))
        if low is not None and high is not None and say(low) != say(high):
            return f"{say(middle)} ({say(low)} to {say(high)})"
    return say(middle)


def _words(name: str) -> Callable[[float | None], str]:
    return {
        "seconds": job_words.took,
        "memory_gib": lambda gib: f"{formats.plain(gib)} GiB",
        "cost_usd": formats.usd,
    }.get(name, lambda n: formats.count(n) if n is not None and n < 1e6 else formats.tokens(n))


def _off(factor: float | None) -> str | None:
    if factor is None:
        return None
    if 1 / CLOSE <= factor <= CLOSE:
        return "as expected"
    return f"{formats.ratio(factor)} as much" if factor > 1 else f"{formats.score(factor, 0)} of it"
