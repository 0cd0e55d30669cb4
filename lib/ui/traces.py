"""Where the numbers of a table come from: a run for each score, a source for each fact. No Streamlit inside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

FACTS_BEHIND: Mapping[str, tuple[str, ...]] = {
    "name": (),
    "size": ("params_total", "params_active"),
    "size_class": ("params_total",),
    "params_total": ("params_total",),
    "params_active": ("params_active", "params_total"),
    "training_tokens": ("training_tokens",),
    "tokens_per_parameter": ("training_tokens", "params_total"),
    "training_ratio": ("training_tokens", "params_total", "params_active"),
    "ratio_text": ("training_tokens", "params_total", "params_active"),
    "training_flop": ("training_tokens", "params_total", "params_active"),
    "context_length": ("context_length",),
    "licence": ("licence",),
    "open_weights": ("open_weights",),
    "released_on": ("release_date",),
    "developer": ("developer",),
    "family": ("family",),
    "marks": ("params_total", "training_tokens", "release_date"),
}
"""Column of a table of models to the facts (``model_facts.field``) that its values rest on."""


class Trace(NamedTuple):
    """Where one cell comes from.

    Args:
        model: Id of the model it is about; '' for none.
        runs: Runs (the beginning of their digests) that it was computed from.
        benchmark: Which scores of the runs; '' for all.
        fields: Facts of the model that it was computed from.
        source: The source (beginning of its digest) where the cell is about a source itself.
        against: Id of the model that ``model`` is held against, for a difference; '' for none.
    """

    model: str = ""
    runs: tuple[str, ...] = ()
    benchmark: str = ""
    fields: tuple[str, ...] = ()
    source: str = ""
    against: str = ""


@dataclass(frozen=True)
class Traces:
    """Traces of every cell of a table.

    Args:
        models: Model of each row, '' for none.
        runs: Column to the run of each row: the beginning of a digest, several parted by a blank, '' for none.
        benchmarks: Column to its benchmark, or to the benchmark of each row.
        sources: Source of each row, for tables of sources and runs; empty otherwise.
    """

    models: Sequence[str]
    runs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    benchmarks: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    sources: Sequence[str] = ()

    @cached_property
    def stamp(self) -> str:
        """Changes with the rows, so that a choice made in other rows is not taken for one in these."""
        told = (list(self.models), {c: list(r) for c, r in self.runs.items()}, list(self.sources))
        return hashlib.sha256(repr(told).encode()).hexdigest()[:12]

    def all_runs(self) -> set[str]:
        """Every run that a cell comes from."""
        return {run for column in self.runs.values() for told in column for run in str(told).split()}

    def taken(self, rows: Sequence[int]) -> Traces:
        """Those of some of the rows, in the order given."""

        def of(column: Sequence[str]) -> list[str]:
            return [column[row] for row in rows]

        return Traces(
            of(self.models) if len(self.models) else (),
            {name: of(column) for name, column in self.runs.items()},
            {name: one if isinstance(one, str) else of(one) for name, one in self.benchmarks.items()},
            of(self.sources) if len(self.sources) else (),
        )

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        if not 0 <= row < max(len(self.models), len(self.sources)):
            return None
        model = str(self.models[row]) if len(self.models) else ""
        runs = self.runs.get(column)
        benchmark = self.benchmarks.get(column, "")
        return Trace(
            model,
            tuple(str(runs[row]).split()) if runs is not None else (),
            benchmark if isinstance(benchmark, str) else str(benchmark[row]),
            () if runs is not None else FACTS_BEHIND.get(column, ()),
            str(self.sources[row]) if len(self.sources) else "",
        )


def texts(column: Sequence[object]) -> list[str]:
    """Run or model of each row as text, '' for a missing one."""
    return ["" if value is None or value != value else str(value) for value in column]
