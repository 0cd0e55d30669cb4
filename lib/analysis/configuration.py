"""How two sides were measured, field by field over all their tasks: equal, different, stated by one only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from lib.analysis import disagreements
from lib.analysis.disagreements import DIFFERENT, ONE_SILENT, SAME
from lib.schema.text import Sentence, Span, sentence

EQUAL = "equal"
KIND = "Kind of model"
_OF_TASKS = frozenset(disagreements.FIELDS[name] for name in ("task", "prompt", "metric", "filter"))
"""Fields that a task brings with it: equal wherever two results may be compared."""
_ORDER = {DIFFERENT: 0, ONE_SILENT: 1, EQUAL: 2}


class Configuration(NamedTuple):
    """Both sides' fields.

    Args:
        rows: One row per field that one of them states: field (words), a, b (text), state (words); what differs first.
        silent: Fields that neither states on any task, in words.
        told: The same in a sentence.
    """

    rows: pd.DataFrame
    silent: list[str]
    told: Sentence


def configuration(pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> Configuration:
    """Every field of the two results of each task, put together over the tasks.

    Args:
        pairs: The two results of each task, rows of ``Frames.scores``, with ``model_kind`` where it is known.
    """
    found: dict[str, list[tuple[str, str, str]]] = {}
    for a, b in pairs:
        table = disagreements.differences(a, b).rows
        for row in table.itertuples(index=False):
            found.setdefault(str(row.field), []).append((str(row.first), str(row.second), str(row.state)))
        kinds = tuple("" if _is_missing(of.get("model_kind")) else str(of["model_kind"]) for of in (a, b))
        if any(kinds):
            state = SAME if kinds[0] == kinds[1] else DIFFERENT if all(kinds) else ONE_SILENT
            found.setdefault(KIND, []).append((kinds[0], kinds[1], state))
    rows = [(field, *_together(values, len(pairs))) for field, values in found.items() if field not in _OF_TASKS]
    frame = pd.DataFrame(rows, columns=["field", "a", "b", "state", "kind"])
    frame = frame.sort_values("kind", key=lambda kind: kind.map(_ORDER), kind="stable").reset_index(drop=True)
    silent = [words for words in disagreements.FIELDS.values() if words not in found]
    return Configuration(frame[["field", "a", "b", "state"]], silent, _told(frame, silent))


def _is_missing(value: object) -> bool:
    """Whether a cell is empty: None, NaN or ''."""
    return value is None or value == "" or value != value


def _together(values: list[tuple[str, str, str]], n: int) -> tuple[str, str, str, str]:
    """Both sides' values, the state in words, and the gravest state."""
    states = [state for *_, state in values]
    gravest = DIFFERENT if DIFFERENT in states else ONE_SILENT if ONE_SILENT in states else SAME
    k = states.count(gravest)
    shown = [_values([value[side] for value in values if value[2] == gravest]) for side in (0, 1)]
    where = f" on {k} of {n} tasks" if n > 1 and k < n else ""
    kind = EQUAL if gravest == SAME else gravest
    return shown[0], shown[1], f"{kind}{where}", kind


def _values(given: list[str]) -> str:
    different = list(dict.fromkeys(one for one in given if one))
    if not different:
        return "not stated"
    return different[0] if len(different) == 1 else f"{len(different)} values"


def _told(frame: pd.DataFrame, silent: list[str]) -> Sentence:
    fields = {kind: [str(one).casefold() for one in frame["field"][frame["kind"] == kind]] for kind in _ORDER}
    parts: list[str | Span] = []
    if fields[DIFFERENT]:
        parts += [Span("Different", "strong"), f": {', '.join(fields[DIFFERENT])}. "]
    if fields[ONE_SILENT]:
        parts += [Span("Stated by one only", "strong"), f": {', '.join(fields[ONE_SILENT])}. "]
    if fields[EQUAL]:
        parts += [Span("Equal", "strong"), f": {', '.join(fields[EQUAL])}. "]
    if silent:
        parts += [Span("Not stated by either", "strong"), f": {', '.join(one.casefold() for one in silent)}."]
    return sentence(*parts)
