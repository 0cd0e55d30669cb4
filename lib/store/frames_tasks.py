"""What the task catalogue says of one benchmark beyond its row in ``Frames.benchmarks``."""

from __future__ import annotations

from typing import NamedTuple

from lib.store.frames import Frames
from lib.store.frames_state import is_shown


class TaskDetails(NamedTuple):
    """One row of the task catalogue.

    Args:
        task: The benchmark that the row is of.
        n_choices: Answers to choose from, in words; None for unknown.
        majority_baseline: Score of always giving the most frequent answer, a fraction; None for unknown.
        note: What its compiler says of it; None for nothing.
        published_names: Names in papers and boards.
        lm_eval_names: Names in lm-eval of all generations, with ``<fields>``.
        file: Name of the stored file that it came from.
    """

    task: str
    n_choices: str | None
    majority_baseline: float | None
    note: str | None
    published_names: tuple[str, ...]
    lm_eval_names: tuple[str, ...]
    file: str | None


def task_of(frames: Frames, benchmark: str) -> TaskDetails | None:
    """The catalogue's row of this benchmark; None where it has none, or its source is withdrawn."""
    state = frames.state
    for row in state.catalogue.tasks:
        if row["task"] == benchmark and is_shown(row, state.sources):
            source = state.sources.get(row["source_id"])
            return TaskDetails(
                benchmark,
                row["n_choices"],
                row["majority_baseline"],
                row["note"],
                tuple(row["published_names"] or ()),
                tuple(row["lm_eval_names"] or ()),
                source.name if source is not None else None,
            )
    return None


def place_of(frames: Frames, name: str) -> str:
    """The benchmark that a task, a board's column or a printed name means; the name itself where nobody knows it."""
    return frames.state.places.benchmarks.place(name).benchmark
