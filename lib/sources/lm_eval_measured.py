"""What answering took: the key ``measured`` that our own runs of lm-eval write beside ``results``, by task.

lm-eval itself logs neither tokens nor memory nor money. What is not a possible amount is unknown, and said.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from lib.schema.records import Measured
from lib.sources.lm_eval_groups import trimmed
from lib.sources.lm_eval_rows import MAX_NAME, Warnings
from lib.sources.readers import finite, text, whole

LARGEST_COUNT = 2**53
LARGEST_AMOUNT = 1e12
"""Beyond is no number of seconds, watt-hours or dollars: thirty thousand years."""
MAX_TASKS = 20_000
_COUNTS = {
    "n_requests": 2**31 - 1,
    "tokens_in": LARGEST_COUNT,
    "tokens_out": LARGEST_COUNT,
    "peak_memory_bytes": LARGEST_COUNT,
    "device_memory_bytes": LARGEST_COUNT,
    "model_bytes": LARGEST_COUNT,
}
_AMOUNTS = ("seconds", "load_seconds", "energy_wh", "cost_usd", "fit_seconds")


def read_measured(document: dict[str, Any], warnings: Warnings) -> dict[str, Measured]:
    """Measurements by task (trimmed); tasks of which nothing usable is said are left out."""
    given = document.get("measured")
    if given is None:
        return {}
    if not isinstance(given, dict) or len(given) > MAX_TASKS:
        warnings.add("measured: not an object of tasks; what answering took is unknown.")
        return {}
    found: dict[str, Measured] = {}
    for key, row in given.items():
        task = trimmed(key)
        if not 0 < len(task) <= MAX_NAME or not isinstance(row, dict):
            warnings.add(f"measured.{key[:60]}: not the measurements of a task; skipped.")
            continue
        one = _measured(task, row, warnings)
        if one != Measured(is_resumed=one.is_resumed):
            found.setdefault(task, one)
    return found


def _measured(task: str, row: dict[str, Any], warnings: Warnings) -> Measured:
    values: dict[str, Any] = {}
    for field in fields(Measured):
        name, value = field.name, row.get(field.name)
        if value is None or name == "is_resumed":
            continue
        if name in _COUNTS:
            values[name] = whole(value, at_most=_COUNTS[name])
        elif name in _AMOUNTS:
            values[name] = _amount(value)
        else:
            values[name] = text(value, at_most=60)
        if values[name] is None:
            warnings.add(f"measured.{task[:60]}.{name}: not a possible value; unknown.")
    return Measured(**values, is_resumed=row.get("is_resumed") is True)


def _amount(value: Any) -> float | None:
    number = finite(value)
    return number if number is not None and 0 <= number <= LARGEST_AMOUNT else None
