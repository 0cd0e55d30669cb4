"""What may stand head to head: models by their id, runs by their digest, and the ways in which both were measured."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from lib.analysis import head_to_head_match as match
from lib.analysis.head_to_head_match import Log, Matches
from lib.analysis.head_to_head_sides import Side, results
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.samples import logs_of
from lib.ui.views import scores, side_by_side_choice

MARGINS = {"1": "1 point", "2": "2 points", "3": "3 points", "5": "5 points"}
DEFAULT_MARGIN = "2"


class Offered(NamedTuple):
    """Models that may be chosen: id to what the menu says; and the two to begin with."""

    options: dict[str, str]
    suggested: tuple[str, ...]


def offered(frames: Frames, *, community: bool) -> Offered:
    """Models with a result, by name; the smallest and the largest of those that stand side by side at first."""
    plain = side_by_side_choice.offered(
        frames, card="", bits=16, context=8192, licences=(), shortest="", community=community
    )
    runs = frames.runs
    measured = set(runs["model"].dropna().unique())
    options = {model: name for model, name in plain.options.items() if model in measured}
    sizes = frames.models["params_total"]
    few = sorted((one for one in plain.suggested if one in options), key=lambda one: float(sizes[one]))
    rest = [one for one in options if one not in few]
    # Known to most: whoever has most results stands in for what nobody suggested.
    counts = runs["model"].value_counts()
    rest.sort(key=lambda one: (-int(counts.get(one, 0)), one))
    return Offered(options, tuple(dict.fromkeys([*few[:1], *few[1:][-1:], *rest[:2]]))[:2])


def matches(frames: Frames, store: Store, a: Side, b: Side, tasks: tuple[str, ...] = ()) -> Matches:
    """What both were measured on; see ``lib.analysis.head_to_head_match``."""
    ids = {int(one) for side in (a, b) for one in results(frames, side)["run_id"].unique()}
    logs = logs_of(store, ids)
    return _matches(frames, a, b, tasks, tuple(zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True)))


@lru_cache(maxsize=16)
def _matches(frames: Frames, a: Side, b: Side, tasks: tuple[str, ...], logs: tuple[Log, ...]) -> Matches:
    each = "benchmark" if a.run_id is None and b.run_id is None else "task"
    return match.matches(results(frames, a), results(frames, b), frames.benchmarks, logs, each=each, tasks=tasks)  # type: ignore[arg-type]


def task_labels(frames: Frames, found: list[match.Match]) -> list[str]:
    """What people call the tasks; the task as written beside it where two are called the same."""
    labels = [scores.label_of(frames, str(one.a["benchmark"])) for one in found]
    told = []
    for one, label in zip(found, labels, strict=True):
        written = " ".join(part for part in (str(one.a["task"]), match.text(one.a["prompt"])) if part)
        told.append(label if labels.count(label) == 1 else f"{label} ({written})")
    return told
