"""What lm-eval can ask: names, groups, kinds of requests and sizes, read from the list that ships, without lm-eval."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import orjson

from lib.errors import Unavailable
from lib.evals.task_languages import languages_of
from lib.settings import ROOT
from lib.sources.similar import similar

FOLDER = ROOT / "data" / "lm-eval-tasks"
VERSION = "0.4.13"
"""The pinned lm-eval; its list ships as ``data/lm-eval-tasks/<version>.json.gz`` (``extract_tasks.py`` makes it)."""
Kind = Literal["task", "code", "group", "tag"]
OutputType = Literal["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"]
MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One name that lm-eval knows. What is not stated is None or empty, never 0.

    Args:
        name: As lm-eval's ``--tasks`` takes it.
        kind: ``task``; ``code`` (a Python class, of which a list cannot tell the kind of requests); ``group`` (with a score of its own);
            ``tag`` (a mere list of tasks).
        tags: Those it bears.
        children: Direct members of a group or tag.
        is_changed: A group that runs members with other settings than they have alone (shots, metrics): its members one
            by one are something else.
        output_type: Of a task; ``multiple_choice`` is asked as log-likelihoods.
        num_fewshot: The task's own; None: not stated, which lm-eval takes as 0.
        version: As the YAML says.
        dataset, dataset_name: On the Hub.
        path: Of the YAML, below ``lm_eval/tasks``; None for tags.
        n_items: Questions of the split that is asked; None unknown.
        n_items_basis: Where that number is from.
        n_choices: Where every question has the same, and the YAML lists them.
        max_gen_toks: Longest answer; None: the backend's own (256).
        answers: Drawn for each question.
        runs_code: Executes what the model wrote.
        languages: Two-letter codes, read off the name; of a group: those that all its tasks have. Empty: not told.
    """

    name: str
    kind: Kind
    tags: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    is_changed: bool = False
    output_type: OutputType | None = None
    num_fewshot: int | None = None
    version: str | None = None
    dataset: str | None = None
    dataset_name: str | None = None
    path: str | None = None
    n_items: int | None = None
    n_items_basis: str = ""
    n_choices: int | None = None
    max_gen_toks: int | None = None
    answers: int = 1
    runs_code: bool = False
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskList:
    """All names of one version of lm-eval."""

    version: str
    entries: dict[str, TaskEntry]
    _leaves: dict[str, tuple[TaskEntry, ...]] = field(default_factory=dict, repr=False)

    def task(self, name: str) -> TaskEntry | None:
        """The entry of exactly this name."""
        return self.entries.get(name)

    def children(self, name: str) -> tuple[TaskEntry, ...]:
        """Direct members of a group or tag, in lm-eval's order; empty for a task and for an unknown name."""
        entry = self.entries.get(name)
        return () if entry is None else tuple(self.entries[child] for child in entry.children)

    def leaves(self, name: str) -> tuple[TaskEntry, ...]:
        """Every task that a name runs, each once: itself, or all tasks below a group or tag; empty for an unknown name."""
        if name not in self._leaves:
            self._leaves[name] = tuple(dict.fromkeys(self._below(name, frozenset())))
        return self._leaves[name]

    def n_items(self, name: str) -> int | None:
        """Questions of a task, or of all tasks below a group; None as soon as one of them is unknown."""
        own = self.entries.get(name)
        if own is not None and own.n_items is not None:
            return own.n_items
        counts = [leaf.n_items for leaf in self.leaves(name)]
        return sum(one for one in counts if one is not None) if counts and None not in counts else None

    def search(
        self,
        words: str = "",
        *,
        kinds: Iterable[Kind] = ("task", "code", "group", "tag"),
        output_type: str | None = None,
        language: str | None = None,
        limit: int = MOST_FOUND,
    ) -> list[TaskEntry]:
        """Names that have every word in their name, data set or tags, the likeliest first.

        An exact name comes first, then names that begin with the words, then those that have them in the name, then in the data
        set or tags; short names before long ones.
        """
        wanted = words.casefold().split()
        allowed = frozenset(kinds)
        found = []
        for name, text, entry in self._texts:
            if entry.kind not in allowed or not all(word in text for word in wanted):
                continue
            if (output_type and entry.output_type != output_type) or (language and language not in entry.languages):
                continue
            found.append((_rank(name, wanted), len(name), name, entry))
        found.sort(key=lambda one: one[:3])
        return [entry for *_, entry in found[:limit]]

    def similar(self, name: str) -> list[str]:
        """At most two names that look like an unknown one."""
        return similar(name, {known: known for known in self.entries})

    @cached_property
    def languages(self) -> dict[str, int]:
        """Codes and how many tasks are in each, the most frequent first."""
        counts: dict[str, int] = {}
        for entry in self.entries.values():
            for code in entry.languages:
                counts[code] = counts.get(code, 0) + 1
        return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    @cached_property
    def _texts(self) -> list[tuple[str, str, TaskEntry]]:
        return [
            (
                name.casefold(),
                "\n".join((name, entry.dataset or "", entry.dataset_name or "", *entry.tags)).casefold(),
                entry,
            )
            for name, entry in self.entries.items()
        ]

    def _below(self, name: str, above: frozenset[str]) -> Iterator[TaskEntry]:
        entry = self.entries.get(name)
        if entry is None or name in above:
            return
        if entry.kind in ("task", "code"):
            yield entry
        for child in entry.children:
            yield from self._below(child, above | {name})


@lru_cache(maxsize=2)
def task_list(folder: Path = FOLDER, version: str = VERSION) -> TaskList:
    """The list of the pinned lm-eval; read once.

    Raises:
        Unavailable: If the file is missing.
    """
    path = folder / f"{version}.json.gz"
    if not path.is_file():
        raise Unavailable(
            f"The list of lm-eval's tasks ({path.name}) is missing",
            remedy=f"Make it with: python lib/evals/extract_tasks.py {folder}",
        )
    document = orjson.loads(gzip.decompress(path.read_bytes()))
    sizes = _sizes(folder / "items.csv")
    entries = {one["name"]: _entry(one, sizes) for one in document["entries"]}
    names = TaskList(document["lm_eval"], entries)
    for name, entry in entries.items():
        if entry.children:
            entries[name] = replace(entry, languages=_shared(names.leaves(name)))
    return names


def _entry(told: dict[str, Any], sizes: dict[str, tuple[int, str]]) -> TaskEntry:
    n_items, basis = sizes.get(told["name"], (None, ""))
    folder = told.get("path", "").split("/", 1)[0]
    is_task = told["kind"] in ("task", "code")
    return TaskEntry(
        name=told["name"],
        kind=told["kind"],
        tags=tuple(told.get("tags", ())),
        children=tuple(told.get("children", ())),
        is_changed=told.get("is_changed", False),
        output_type=told.get("output_type"),
        num_fewshot=told.get("num_fewshot"),
        version=told.get("version"),
        dataset=told.get("dataset"),
        dataset_name=told.get("dataset_name"),
        path=told.get("path"),
        n_items=n_items,
        n_items_basis=basis,
        n_choices=told.get("n_choices"),
        max_gen_toks=told.get("max_gen_toks"),
        answers=told.get("answers", 1),
        runs_code=told.get("runs_code", False),
        languages=languages_of(told["name"], folder) if is_task else (),
    )


def _sizes(path: Path) -> dict[str, tuple[int, str]]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["task"]: (int(row["n_items"]), row["basis"]) for row in csv.DictReader(lines)}


def _shared(leaves: tuple[TaskEntry, ...]) -> tuple[str, ...]:
    """Languages that every one of the tasks is in."""
    each = {leaf.languages for leaf in leaves}
    shared = set.intersection(*map(set, each)) if each else set()
    return tuple(sorted(shared))


def _rank(name: str, wanted: list[str]) -> int:
    whole = "_".join(wanted)
    if not wanted or name == whole:
        return 0
    if name.startswith(whole):
        return 1
    return 2 if all(word in name for word in wanted) else 3
