"""The models as pages see them: stored rows with reader's facts over them, dates as dates, what is from memory."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = (
    "name",
    "origin",
    "family",
    "developer",
    "released_on",
    "release_precision",
    "kind",
    "architecture",
    "params_total",
    "params_active",
    "params_weights",
    "size_status",
    "is_moe",
    "training_tokens",
    "tokens_status",
    "tokens_inherited_from",
    "tokens_inherited",
    "context_length",
    "licence",
    "open_weights",
    "hf_id",
    "finetuned_from",
    "variant_of",
    "precision",
    "n_layers",
    "d_model",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "vocab_size",
    "is_size_from_memory",
    "is_tokens_from_memory",
    "is_date_from_memory",
    "has_rumoured_size",
)
NUMBERS = (
    "params_total",
    "params_active",
    "params_weights",
    "training_tokens",
    "context_length",
    "n_layers",
    "d_model",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "vocab_size",
)
# In architecture names: our own words, and classes of mixtures on the Hub that do not say so.
MIXTURES = ("moe", "mixtral", "dbrx", "jamba", "arctic", "grok", "deepseekv2", "deepseekv3", "phimoe")
SIZE_FIELDS = ("params_total", "params_active")
_TRUTH = ("is_moe", "is_size_from_memory", "is_tokens_from_memory", "is_date_from_memory", "has_rumoured_size")
_TEXT = tuple(
    name for name in COLUMNS if name not in (*NUMBERS, *_TRUTH, "released_on", "open_weights", "tokens_inherited")
)
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_PRECISION = ("", "year", "month", "day")


def release(text: str | None) -> tuple[np.datetime64, str]:
    """A written release date as (day, precision).

    A month counts as its last day, a year as 31 December. Precision is day, month or year; anything that is not a
    date of the calendar is unknown: NaT and ''.
    """
    match = _DATE.match(text or "")
    unknown = np.datetime64("NaT", "s"), ""
    if match is None:
        return unknown
    parts = [int(part) for part in match.groups() if part is not None]
    year, month = parts[0], parts[1] if len(parts) > 1 else 12
    if not (1 <= month <= 12 and year >= 1):
        return unknown
    last = calendar.monthrange(year, month)[1]
    day = parts[2] if len(parts) > 2 else last
    if not 1 <= day <= last:
        return unknown
    return np.datetime64(f"{year:04d}-{month:02d}-{day:02d}", "s"), _PRECISION[len(parts)]


def model_frame(
    models: Iterable[Mapping[str, Any]], facts: Iterable[Mapping[str, Any]], rumours: Iterable[Mapping[str, Any]]
) -> pd.DataFrame:
    """One row per model, indexed by ``model`` (its id), sorted by it.

    Args:
        models: Rows of ``models``.
        facts: Rows of ``model_facts``. Those of origin ``reader`` replace the stored value, the newest winning;
            ``is_from_memory`` of the others marks the field.
        rumours: Rows of ``rumours``.

    Returns:
        ``COLUMNS``. Numbers are float64, NaN for unknown. ``params_active`` of a dense model is its total; of a
        mixture, or where nobody says what the model is made of, it is NaN unless stated. ``tokens_inherited`` is the number of training tokens of the model in
        ``tokens_inherited_from``, NaN without one. Texts are ``str``, NaN for unknown.
    """
    facts = list(facts)
    by_id = _with_reader_facts({row["id"]: dict(row) for row in models}, facts)
    rows = [by_id[key] for key in sorted(by_id)]
    memory = _from_memory(facts)
    rumoured = {row["model_id"] for row in rumours if row["field"] in SIZE_FIELDS}
    ids = [row["id"] for row in rows]
    data: dict[str, Any] = {
        name: pd.array([row[name] for row in rows], dtype="str") for name in _TEXT if name in _STORED
    }
    for name in NUMBERS:
        data[name] = np.array([row[name] for row in rows], dtype=np.float64)
    dates = [release(row["release_date"]) for row in rows]
    data["released_on"] = np.array([day for day, _ in dates], dtype="datetime64[s]")
    data["release_precision"] = pd.array([precision for _, precision in dates], dtype="str")
    data["open_weights"] = pd.array([row["open_weights"] for row in rows], dtype="boolean")
    total, active = data["params_total"], data["params_active"]
    architectures = [(row["architecture"] or "").lower() for row in rows]
    data["is_moe"] = np.array([_is_mixture(text) for text in architectures], dtype=bool) | (active < total)
    is_disclosed = np.array([text not in ("", "undisclosed") for text in architectures], dtype=bool)
    data["params_active"] = np.where(np.isnan(active) & is_disclosed & ~data["is_moe"], total, active)
    data["tokens_inherited"] = np.array([_inherited(row, by_id) for row in rows], dtype=np.float64)
    for column, fields in (
        ("is_size_from_memory", SIZE_FIELDS),
        ("is_tokens_from_memory", ("training_tokens",)),
        ("is_date_from_memory", ("release_date",)),
    ):
        data[column] = np.array([any((key, field) in memory for field in fields) for key in ids], dtype=bool)
    data["has_rumoured_size"] = np.array([key in rumoured for key in ids], dtype=bool)
    return pd.DataFrame(data, index=pd.Index(ids, name="model", dtype="str"))[list(COLUMNS)]


_STORED = frozenset(_TEXT) - {"release_precision"}


def _is_mixture(architecture: str) -> bool:
    return any(word in architecture for word in MIXTURES)


def _with_reader_facts(
    models: dict[str, dict[str, Any]], facts: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    for fact in sorted((f for f in facts if f["origin"] == "reader"), key=lambda f: f["id"]):
        model = models.get(fact["model_id"])
        field = fact["field"]
        if model is None or field not in model:
            continue
        if field in NUMBERS:
            number = _number(fact["value"])
            if number is not None:
                model[field] = number
        elif field == "open_weights":
            model[field] = fact["value"].strip().lower() in ("true", "1", "yes")
        else:
            model[field] = fact["value"]
    return models


def _from_memory(facts: Iterable[Mapping[str, Any]]) -> Collection[tuple[str, str]]:
    """(model, field) known only from memory: a fact from memory, and none of the field that is not."""
    memory: set[tuple[str, str]] = set()
    sourced: set[tuple[str, str]] = set()
    for fact in facts:
        (memory if fact["is_from_memory"] else sourced).add((fact["model_id"], fact["field"]))
    return memory - sourced


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None


def _inherited(row: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> float:
    parent = models.get(row["tokens_inherited_from"] or "")
    tokens = parent["training_tokens"] if parent else None
    return math.nan if tokens is None else float(tokens)
