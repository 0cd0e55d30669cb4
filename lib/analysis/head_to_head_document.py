"""A head to head as one JSON document: the same for the command and for the HTTP API."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import configuration
from lib.analysis import head_to_head as analysis
from lib.analysis import head_to_head_match as match
from lib.analysis import head_to_head_words as words
from lib.analysis.disagreements import FIELDS
from lib.analysis.head_to_head_sides import Columns, Side, results
from lib.analysis.json_rows import plain, records
from lib.analysis.run_to_run import r90
from lib.errors import RefusedInput
from lib.schema.text import plain as plain_text

NEAR = 5
_KEPT = (
    "benchmark", "task", "prompt", "metric", "filter", "n_shot", "score_a", "score_b", "n_a", "n_b", "only_a", "only_b",
    "method", "interval_method", "pairing", "p", "p_holm", "higher_is_better", "comparison", "run_a", "run_b",
)  # fmt: skip
"""Columns of ``HeadToHead.tasks`` that keep their name in the output."""


class Stored(Columns, Protocol):
    """What the document needs of ``Frames``."""

    def __hash__(self) -> int: ...
    @property
    def benchmarks(self) -> pd.DataFrame: ...
    @property
    def digest(self) -> str: ...
    def reference(self, name: str) -> pd.DataFrame: ...


class Asked(NamedTuple):
    """What is chosen besides the two sides.

    Args:
        tasks: Benchmarks or tasks, as they are spelled anywhere; none means all.
        margin: What matters, a fraction.
        measured_by: One of the ways in which both were measured; '' for the usual one.
    """

    tasks: Sequence[str] = ()
    margin: float = 0.02
    measured_by: str = ""


def document(
    frames: Stored,
    a: Side,
    b: Side,
    asked: Asked,
    *,
    logs_of: Callable[[set[int]], pd.DataFrame],
    read: analysis.Read,
) -> dict[str, Any]:
    """The comparison as JSON holds it: the answer in words, the verdict over all tasks, and each task with its protocol.

    Args:
        frames: The store at one revision.
        a, b: Two different sides.
        asked: The choices.
        logs_of: ``lib.store.samples.logs_of`` of a store.
        read: ``lib.store.samples.read_pair`` of a store.

    Raises:
        RefusedInput: A task that not both have (place ``--task``), or a way in which not both were measured
            (``--measured-by``).
    """
    sides = results(frames, a), results(frames, b)
    logs = logs_of({int(one) for side in sides for one in side["run_id"].unique()})
    tasks = _tasks(frames, sides, asked.tasks)
    known = match.matches(
        *sides,
        frames.benchmarks,
        zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True),
        each="benchmark" if a.run_id is None and b.run_id is None else "task",
        tasks=tasks,
    )
    way = asked.measured_by or next(iter(known.of), "")
    if asked.measured_by and asked.measured_by not in known.of:
        ways = "; ".join(f"{key} ({told})" for key, told in known.ways.items())
        raise RefusedInput("they were not both measured so", place="--measured-by", expected=ways, found=way)
    shown = known.of.get(way, [])
    told = analysis.head_to_head(
        shown,
        frames.benchmarks,
        read=read,
        run_to_run=dict(r90(frames.reference("repeat_runs"))),
        margin=asked.margin,
    )
    labels = [str(frames.benchmarks["label"].get(one.a["benchmark"], one.a["benchmark"])) for one in shown]
    fields = configuration.configuration([(one.a, one.b) for one in shown])
    overall = told.overall
    return {
        "a": {"id": a.key, "name": a.name, "model": a.model, "state": a.state},
        "b": {"id": b.key, "name": b.name, "model": b.model, "state": b.state},
        "answer": plain_text(words.takeaway(told, a.name, b.name, labels)),
        "measured_by": {"key": way, "label": known.ways.get(way, "")},
        "other_ways": {key: words_ for key, words_ in known.ways.items() if key != way},
        "margin": asked.margin,
        "overall": {
            "verdict": overall.verdict,
            **{name: plain(getattr(overall, name)) for name in ("mean", "stderr", "p", "detectable", "q", "p_q")},
            "n_tasks": int(told.is_used.sum()),
        },
        "tasks": [
            _task(row, label, one) for row, label, one in zip(told.tasks.to_dict("records"), labels, shown, strict=True)
        ],
        "configuration": records(fields.rows),
        "not_stated": fields.silent,
        "never_comparable": known.never,
        "digest": frames.digest,
    }


def _tasks(frames: Stored, sides: Any, asked: Sequence[str]) -> list[str]:
    """Benchmarks or tasks asked for, as the store writes them; refused when one of the two lacks it."""
    if not asked:
        return []
    names: dict[str, set[str]] = {}
    labels = frames.benchmarks["label"]
    for number, side in enumerate(sides):
        for column in ("benchmark", "task"):
            for name in side[column].unique():
                for spelling in {str(name), str(labels.get(name, name)) if column == "benchmark" else str(name)}:
                    names.setdefault(spelling.casefold(), set()).add(f"{number}{name}")
    wanted = []
    for one in asked:
        found = names.get(one.casefold(), set())
        if {key[0] for key in found} != {"0", "1"}:
            both = [name for name, keys in names.items() if {key[0] for key in keys} == {"0", "1"}]
            raise RefusedInput(
                "not a task that both were measured on",
                place="--task",
                expected=nearly(one, both) or f"one of {', '.join(sorted(both)[:20]) or 'none: they share no task'}",
                found=one,
            )
        wanted += sorted({key[1:] for key in found})
    return wanted


def _task(row: dict[Any, Any], label: str, of: match.Match) -> dict[str, Any]:
    """One task: result, and the protocol with what differs."""
    protocol = {}
    for name in FIELDS:
        a, b = (plain(side.get(name)) for side in (of.a, of.b))
        if a is not None or b is not None:
            protocol[name] = {"a": a, "b": b, "state": "equal" if a == b else "different" if None not in (a, b) else "stated by one only"}  # fmt: skip
    n = row["n_both"] if formats.known(row["n_both"]) and str(row["pairing"]).startswith("paired") else row["n_a"] if row["n_a"] == row["n_b"] else np.nan  # fmt: skip
    return {
        "label": label,
        **{name: _whole(name, row[name]) for name in _KEPT},
        "n": _whole("n_", n),
        "difference": plain(row["delta"]),
        "interval": [plain(row["delta_low"]), plain(row["delta_high"])],
        "verdict": row["verdict"] or None,
        "why_no_verdict": row["why_none"] or None,
        "smallest_detectable_difference": plain(row["detectable"]),
        "items_needed": words.rounded_up(row["items_needed"]) if formats.known(row["items_needed"]) else None,
        "benchmark_items": _whole("n_", row["n_items"]),
        "needs_more_items_than_there_are": bool(row["needs_more_than_there_are"]),
        "run_to_run": plain(row["run_to_run"]),
        "is_below_run_to_run": bool(row["is_below_run_to_run"]),
        "differs": [one for one in str(row["reasons"]).split("; ") if one],
        "protocol": protocol,
    }


def _whole(name: str, value: Any) -> Any:
    """A cell as JSON holds it; counts without a decimal point."""
    known = plain(value)
    return int(known) if known is not None and name.startswith(("n_", "only_")) else known


def nearly(asked: str, spellings: list[str]) -> str:
    """Names near the one asked for, for a refusal; '' without any."""
    folded = {one.casefold(): one for one in spellings}
    near = difflib.get_close_matches(asked[:120].casefold(), list(folded), n=NEAR, cutoff=0.6)
    return f"perhaps {', '.join(folded[one] for one in near)}" if near else ""
