"""What may stand head to head: models by their id, runs by their digest, and the ways in which both were measured."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import head_to_head_match as match
from lib.analysis.head_to_head_match import Log, Matches
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.samples import logs_of
from lib.ui.views import scores, side_by_side_choice

MARGINS = {"1": "1 point", "2": "2 points", "3": "3 points", "5": "5 points"}
DEFAULT_MARGIN = "2"
SHORTEST_DIGEST, DIGEST = 6, 12
_HEX = re.compile(r"[0-9a-f]+")


class Side(NamedTuple):
    """A model, or one run.

    Args:
        key: What the address says: the id of the model, or the first twelve digits of the run.
        run_id: Of a run; None for a model.
        model: Its model; '' for a run whose name waits for one.
        name: For headings.
        state: What is compared, in words.
    """

    key: str
    run_id: int | None
    model: str
    name: str
    state: str


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


def side_of(frames: Frames, *, asked: str) -> Side | None:
    """The model or run of an address; None where it names nothing. Two runs with this beginning name nothing."""
    if asked in frames.models.index:
        name = str(frames.models["name"][asked])
        return Side(asked, None, asked, name, f"{name}: its finished runs, in full precision where that is stated")
    wanted = asked.casefold()
    if len(wanted) < SHORTEST_DIGEST or not _HEX.fullmatch(wanted):
        return None
    runs = frames.runs
    found = runs[runs["run"].str.startswith(wanted[:DIGEST]).to_numpy(bool)]
    return run_side(frames, int(found.index[0])) if len(found) == 1 else None


def run_side(frames: Frames, run_id: int) -> Side:
    """One run as a side: its model, and what sets the run apart."""
    row = frames.runs.loc[run_id]
    digest, model = str(row["run"]), match.text(row["model"])
    name = str(frames.models["name"].get(model, model)) if model else match.text(row["model_name"]) or "a model without a name"  # fmt: skip
    parts = [f"{formats.tokens(row['training_tokens'])} tokens"] if row["is_checkpoint"] and pd.notna(row["training_tokens"]) else []  # fmt: skip
    parts += [match.text(row["quantisation"])] if match.text(row["quantisation"]) else []
    parts += [f"revision {match.text(row['revision'])[:20]}"] if match.text(row["revision"]) not in ("", "main") else []
    told = ", ".join([*parts, f"run {digest[:6]}"])
    of = match.text(row["model_name"])
    state = f"{name}: {told}" + (f", called “{formats.one_line(of, 60)}” in its file" if of else "")
    return Side(digest, run_id, model, f"{name} ({told})", state)


def matches(frames: Frames, store: Store, a: Side, b: Side, tasks: tuple[str, ...] = ()) -> Matches:
    """What both were measured on; see ``lib.analysis.head_to_head_match``."""
    ids = {int(one) for side in (a, b) for one in results(frames, side)["run_id"].unique()}
    logs = logs_of(store, ids)
    return _matches(frames, a, b, tasks, tuple(zip(logs["run_id"].astype(int), logs["task"].astype(str), strict=True)))


@lru_cache(maxsize=16)
def _matches(frames: Frames, a: Side, b: Side, tasks: tuple[str, ...], logs: tuple[Log, ...]) -> Matches:
    each = "benchmark" if a.run_id is None and b.run_id is None else "task"
    return match.matches(results(frames, a), results(frames, b), frames.benchmarks, logs, each=each, tasks=tasks)  # type: ignore[arg-type]


@lru_cache(maxsize=16)
def results(frames: Frames, side: Side) -> pd.DataFrame:
    """Results that speak for a side, with the kind of their model."""
    models = frames.models
    kind = models["kind"].get(side.model) if side.model else None
    if side.run_id is not None:
        return match.usable(frames.scores_of([side.run_id])).assign(model_kind=kind)
    runs = frames.runs
    own = frames.scores_of(runs.index[(runs["model"] == side.model).to_numpy(bool)])
    return match.side_of_model(own, bool(pd.notna(models["variant_of"][side.model]))).assign(model_kind=kind)


def task_labels(frames: Frames, found: list[match.Match]) -> list[str]:
    """What people call the tasks; the task as written beside it where two are called the same."""
    labels = [scores.label_of(frames, str(one.a["benchmark"])) for one in found]
    told = []
    for one, label in zip(found, labels, strict=True):
        written = " ".join(part for part in (str(one.a["task"]), match.text(one.a["prompt"])) if part)
        told.append(label if labels.count(label) == 1 else f"{label} ({written})")
    return told
