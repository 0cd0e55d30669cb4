"""Own tasks: added, listed, read back, given to lm-eval, withdrawn. Each is a file in the store like every other source."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.evals.task_prompts import configuration
from lib.settings import Settings
from lib.sources.ingest import ingest_raw
from lib.sources.own_task_files import METRICS, Kind, OwnTask, read_task, written
from lib.sources.prepare import Meta
from lib.sources.received import received
from lib.sources.walk import Raw
from lib.store import own_tasks as stored
from lib.store import withdrawal
from lib.store.db import Store
from lib.store.imported import known_names


class Listed(NamedTuple):
    """An own task as lists show it.

    Args:
        name: For lm-eval, jobs and addresses.
        title: For people.
        kind: How it is asked.
        n_items: Questions asked.
        chance: Score of guessing; None where answers are not chosen.
        edition: 1 for the first questions of this title, 2 for the next ones: another edition is another benchmark.
        is_shipped: Came with the project.
        source: Beginning of the digest of its file, for the address of its source.
        added_at: UTC.
        withdrawn_at: UTC; None while it is in use.
        note: What its author says of it.
    """

    name: str
    title: str
    kind: Kind
    n_items: int
    chance: float | None
    edition: int
    is_shipped: bool
    source: str
    added_at: str
    withdrawn_at: str | None
    note: str


class Added(NamedTuple):
    """What became of a task that was to be added; ``is_new`` is False where the very same was there already."""

    name: str
    is_new: bool


def add(store: Store, task: OwnTask) -> Added:
    """Keep a task; the same questions under the same title again change nothing, or bring it back if withdrawn.

    Raises:
        RefusedInput: If the title is the name of a benchmark.
    """
    taken = known_names(store).benchmarks
    if task.title.casefold() in {name.casefold() for name in taken}:
        raise RefusedInput(
            "a title that is the name of a benchmark",
            place="title",
            expected="a name that no list of benchmarks has",
            found=task.title,
        )
    there = stored.own_task(store, task.name)
    if there is not None:
        if there["withdrawn_at"] is not None:
            withdrawal.restore(store, int(there["source_id"]))
        return Added(task.name, is_new=False)
    name = f"{task.name}.jsonl"
    summary = ingest_raw(store, [Raw(name, name, written(task))], meta=Meta(title=f"Own questions: {task.title}"))
    if summary.refused:
        raise RefusedInput(summary.refused[0].reason, file=name)
    return Added(task.name, is_new=True)


def tasks(store: Store, *, is_withdrawn: bool = False) -> list[Listed]:
    """Those in use, or those withdrawn, the newest first."""
    editions: Counter[str] = Counter()
    listed = []
    for row in stored.own_tasks(store):
        slug = str(row["task"])[:-9]
        editions[slug] += 1
        if (row["withdrawn_at"] is not None) == is_withdrawn:
            listed.append(
                Listed(
                    name=row["task"],
                    title=row["published_names"][0],
                    kind=_kind(row),
                    n_items=row["n_items"],
                    chance=row["random_baseline"],
                    edition=editions[slug],
                    is_shipped=bool(row["is_shipped"]),
                    source=str(row["digest"])[:12],
                    added_at=row["imported_at"],
                    withdrawn_at=row["withdrawn_at"],
                    note=row["note"] or "",
                )
            )
    return listed[::-1]


def task(store: Store, settings: Settings, name: str) -> OwnTask | None:
    """The task of this name with its questions; None where there is none in use.

    Raises:
        Unavailable: If its file is gone or damaged.
    """
    row = stored.own_task(store, name)
    if row is None or row["withdrawn_at"] is not None:
        return None
    return read_task(received(store, row, settings), file=str(row["name"]))


def configuration_of(store: Store, settings: Settings, name: str, folder: Path) -> dict[str, Any] | None:
    """What lm-eval needs to ask the task, its rows written below the folder; None where the name is no own task in use."""
    found = task(store, settings, name)
    return None if found is None else configuration(found, folder)


def withdraw(store: Store, name: str) -> None:
    """Offer it no longer. Results of it stay; ``add`` with the same file, or ``restore`` of its source, brings it back.

    Raises:
        RefusedInput: If there is no such task in use.
    """
    row = stored.own_task(store, name)
    if row is None or row["withdrawn_at"] is not None:
        in_use = ", ".join(one.name for one in tasks(store)) or "none yet"
        raise RefusedInput("no such task in use", place="NAME", expected=f"one of: {in_use}"[:300], found=name)
    withdrawal.withdraw(store, int(row["source_id"]))


def _kind(row: dict[str, Any]) -> Kind:
    """How it is asked, from its metric and what its choices are."""
    fitting: list[Kind] = [kind for kind, metric in METRICS.items() if metric == row["default_metric"]]
    is_written = row["n_choices"] == "generation"
    return next((kind for kind in fitting if (kind == "answer") == is_written or len(fitting) == 1), fitting[0])
