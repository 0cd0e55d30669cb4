"""What can be asked: lm-eval's names and the reader's own tasks, searched, and what a choice of them amounts to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.evals.task_list import Kind, TaskEntry, task_list
from lib.store.frames import Frames

POPULAR, FOUND = 40, 60
KINDS: dict[str, tuple[Kind, ...]] = {"task": ("task", "code"), "group": ("group",), "tag": ("tag",)}
KIND_WORDS = {"task": "task", "code": "task", "group": "group with a score of its own", "tag": "list of tasks"}
ANSWERS = {
    "multiple_choice": "chosen among answers",
    "generate_until": "written",
    "loglikelihood_rolling": "text read",
    "loglikelihood": "likelihood of a text",
}
LABELS = {
    "task": "Name",
    "what": "What it is",
    "n_samples": "Questions",
    "basis": "Questions known from",
    "answers": "Answers are",
    "languages": "Languages",
    "n_shot": "Usual examples",
    "dataset": "Data set",
}


class OwnChoice(NamedTuple):
    """One of the reader's own tasks: name, title and number of questions."""

    name: str
    title: str
    n_items: int


def popular(frames: Frames) -> tuple[str, ...]:
    """Names of lm-eval under which this store has scores of most models, the most first."""
    known = task_list().entries
    by_models = frames.benchmarks["n_models"].sort_values(ascending=False, kind="stable")
    return tuple(str(name) for name in by_models.index if name in known)[:POPULAR]


def languages() -> dict[str, str]:
    """Code to words, with the number of tasks; the most frequent first."""
    return {code: f"{code} ({formats.counted(n, 'task')})" for code, n in task_list().languages.items()}


def found(words: str, kind: str, answers: str, language: str) -> pd.DataFrame:
    """Names that fit, at most ``FOUND``: columns of ``LABELS`` but those of which nothing is known. Unknown numbers are
    NaN, unknown words None.

    Args:
        kind: Key of ``KINDS``, '' for all; answers: key of ``ANSWERS``, '' for all; language: a code, '' for all.
    """
    names = task_list()
    kinds = KINDS.get(kind, tuple(one for some in KINDS.values() for one in some))
    hits = names.search(words, kinds=kinds, output_type=answers or None, language=language or None, limit=FOUND)
    table = pd.DataFrame([_row(entry) for entry in hits], columns=list(LABELS))
    table = table.astype({"n_samples": float, "n_shot": float})
    return table.drop(columns=[name for name in table.columns if name != "task" and table[name].isna().all()])


def described(tasks: Sequence[str], own: Sequence[OwnChoice], limit: float | None) -> str:
    """What a choice amounts to: ``3 tasks, 12,000 questions`` or ``at least``, where a size is unknown."""
    titles = {one.name: one for one in own}
    names = task_list()
    n_tasks, n_items, is_whole = 0, 0.0, True
    for name in tasks:
        leaves = names.leaves(name)
        n_tasks += len(leaves) or 1
        sizes = [titles[name].n_items] if name in titles else [leaf.n_items for leaf in leaves] or [None]
        for size in sizes:
            asked = _asked(size, limit)
            is_whole &= asked is not None
            n_items += asked or 0
    if not tasks:
        return "no task chosen yet"
    told = formats.counted(n_tasks, "task")
    if not n_items:
        return f"{told}, of unknown size"
    return f"{told}, {'' if is_whole else 'at least '}{formats.counted(n_items, 'question')}"


def label(name: str, own: Sequence[OwnChoice]) -> str:
    """The name as the menu shows it; own tasks by their title."""
    for one in own:
        if one.name == name:
            return f"{formats.one_line(one.title, 60)} (own)"
    return formats.one_line(name, 80)


def _asked(size: int | None, limit: float | None) -> float | None:
    if size is None or limit is None:
        return size
    return float(np.ceil(size * limit)) if limit < 1 else min(float(size), limit)


def _basis(entry: TaskEntry, n_items: int | None) -> str | None:
    """Where the number of questions is from; of a group the sum of its tasks."""
    if n_items is None:
        return None
    return entry.n_items_basis or ("its tasks" if entry.children else None)


def _row(entry: TaskEntry) -> dict[str, object]:
    n_items = task_list().n_items(entry.name)
    what = KIND_WORDS[entry.kind]
    if entry.children:
        what = f"{what}, {formats.counted(len(task_list().leaves(entry.name)), 'task')}"
    return {
        "task": entry.name,
        "what": what,
        "n_samples": np.nan if n_items is None else n_items,
        "basis": _basis(entry, n_items),
        "answers": ANSWERS.get(entry.output_type or ""),
        "languages": ", ".join(entry.languages[:6]) or None,
        "n_shot": np.nan if entry.num_fewshot is None else entry.num_fewshot,
        "dataset": entry.dataset,
    }
