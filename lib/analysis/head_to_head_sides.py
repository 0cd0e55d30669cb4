"""What a side of a head to head is: a model with the results that speak for it, or one run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, Protocol

import pandas as pd

from lib import formats
from lib.analysis import head_to_head_match as match

SHORTEST_DIGEST, DIGEST = 6, 12
_HEX = re.compile(r"[0-9a-f]+")


class Columns(Protocol):
    """What a side needs of ``Frames``."""

    @property
    def models(self) -> pd.DataFrame: ...
    @property
    def runs(self) -> pd.DataFrame: ...
    def scores_of(self, run_ids: Iterable[int]) -> pd.DataFrame: ...


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


def side_of(frames: Columns, *, asked: str) -> Side | None:
    """The model or run of an address; None where it names nothing. Two runs with this beginning name nothing."""
    if asked in frames.models.index:
        name = str(frames.models["name"][asked])
        return Side(asked, None, asked, name, f"{name}, as finished")
    wanted = asked.casefold()
    if len(wanted) < SHORTEST_DIGEST or not _HEX.fullmatch(wanted):
        return None
    runs = frames.runs
    found = runs[runs["run"].str.startswith(wanted[:DIGEST]).to_numpy(bool)]
    return run_side(frames, int(found.index[0])) if len(found) == 1 else None


def run_side(frames: Columns, run_id: int) -> Side:
    """One run as a side: its model, and what sets the run apart."""
    row = frames.runs.loc[run_id]
    digest, model = str(row["run"]), match.text(row["model"])
    name = str(frames.models["name"].get(model, model)) if model else match.text(row["model_name"]) or "a model without a name"  # fmt: skip
    parts = [f"{formats.tokens(row['training_tokens'])} tokens"] if row["is_checkpoint"] and pd.notna(row["training_tokens"]) else []  # fmt: skip
    parts += [match.text(row["quantisation"])] if match.text(row["quantisation"]) else []
    own = f"at {parts[0]}" if parts and row["is_checkpoint"] else f"({parts[0]})" if parts else f"(run {digest[:6]})"
    parts += [f"revision {match.text(row['revision'])[:20]}"] if match.text(row["revision"]) not in ("", "main") else []
    of = match.text(row["model_name"])
    state = f"{name}: {', '.join([*parts, f'run {digest[:6]}'])}"
    state += f", called “{formats.one_line(of, 60)}” in its file" if of else ""
    return Side(digest, run_id, model, f"{name} {own}", state)


@lru_cache(maxsize=16)
def results(frames: Columns, side: Side) -> pd.DataFrame:
    """Results that speak for a side, with the kind of their model."""
    models = frames.models
    kind = models["kind"].get(side.model) if side.model else None
    if side.run_id is not None:
        return match.usable(frames.scores_of([side.run_id])).assign(model_kind=kind)
    runs = frames.runs
    own = frames.scores_of(runs.index[(runs["model"] == side.model).to_numpy(bool)])
    return match.side_of_model(own, bool(pd.notna(models["variant_of"][side.model]))).assign(model_kind=kind)
