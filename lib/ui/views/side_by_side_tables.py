"""Two tables with a column for each model, and where each of their cells comes from. No Streamlit inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import fits, measurements, models_table, side_by_side_words, sizes
from lib.analysis.side_by_side import BETTER, WORSE
from lib.schema.columns import COLUMNS
from lib.store.frames import Frames
from lib.ui.traces import FACTS_BEHIND, Trace, Traces, texts
from lib.ui.views import scores

FACTS = (
    "developer", "kind", "released_on", "params_total", "params_active", "size_class", "training_tokens",
    "tokens_per_parameter", "context_length", "licence", "open_weights",
)  # fmt: skip
SHAPE = ("params_total", "n_layers", "n_kv_heads", "head_dim", "context_length")
MEMORY = ("Weights in memory", "Cache of one request", "Memory needed", "Smallest card")
WHAT, SCORE, AGAINST = "what", "score:", "against:"
MEAN = "Mean of "
NO_SCORE = "no score this way"
SHOWN = {BETTER: "▲ ", WORSE: "▼ "}
"""Marks of differences that are shown; the others have none."""


@dataclass(frozen=True)
class CellTraces(Traces):
    """Traces by row and column, for tables whose columns are models.

    Args:
        cells: Column to the trace of each row.
    """

    cells: dict[str, list[Trace]] = field(default_factory=dict)

    @cached_property
    def stamp(self) -> str:
        """Changes with the cells."""
        return hashlib.sha256(repr(self.cells).encode()).hexdigest()[:12]

    def all_runs(self) -> set[str]:
        """Every run that a cell comes from."""
        return {run for column in self.cells.values() for trace in column if trace is not None for run in trace.runs}

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None where there is nothing to follow."""
        column_cells = self.cells.get(column, [])
        return column_cells[row] if 0 <= row < len(column_cells) else None


class CellTable(NamedTuple):
    """A table of text.

    Args:
        rows: Column ``what`` names the row; the others belong to models.
        labels: Headings.
        traces: Where the cells come from.
        headings: What each row is about, for the card of a chosen cell.
    """

    rows: pd.DataFrame
    labels: dict[str, str]
    traces: CellTraces
    headings: list[str]


def runs_text(runs: Iterable[object]) -> list[str]:
    """Run of each row as text, '' for a missing one."""
    return texts(list(runs))


def facts_table(frames: Frames, models: tuple[str, ...], need: pd.DataFrame, context: int) -> CellTable:
    """Rows are facts, columns are models; unknown says so in words. ``need``: ``fits.needs`` of them, in this order."""
    chosen = sizes.with_size(frames.models.loc[list(models)])
    nothing = measurements.Measured(measurements.empty(), {}, ())
    known = models_table.models_table(chosen, nothing)
    headings = [*(COLUMNS[fact].label for fact in FACTS), *MEMORY, "Doubts"]
    data: dict[str, list[str]] = {WHAT: headings}
    cells: dict[str, list[Trace]] = {}
    labels = {WHAT: "Fact"}
    for i, model in enumerate(models):
        row, stored, of = known.iloc[i], chosen.iloc[i], need.iloc[i]
        column = f"of:{i}"
        labels[column] = str(row["name"])
        data[column] = [_fact(frames, fact, row, stored) for fact in FACTS]
        data[column] += [*memory_words(of, context), card_words(of, stored), str(row["marks"]) or "–"]
        cells[column] = [_fact_trace(fact, model, row, stored) for fact in FACTS]
        cells[column] += [Trace(model, fields=fields) for fields in (SHAPE[:1], SHAPE[1:], SHAPE, SHAPE)]
        cells[column] += [Trace(model, fields=FACTS_BEHIND["marks"])]
    return CellTable(pd.DataFrame(data), labels, CellTraces([], cells=cells), headings)


def scores_table(
    frames: Frames,
    rows: pd.DataFrame,
    found: pd.DataFrame,
    mean: pd.DataFrame,
    models: tuple[str, ...],
    benchmarks: tuple[str, ...],
    reference: str,
) -> CellTable:
    """Rows are benchmarks, and their mean; columns each model's score and its difference from the reference.

    Args:
        rows: Measurements of the models.
        found: ``side_by_side.differences``.
        mean: ``panel.mean`` over the complete rows, index model.
    """
    names = frames.models["name"]
    headings = [scores.label_of(frames, one) for one in benchmarks]
    has_mean = len(benchmarks) > 1 and len(mean) > 0
    data: dict[str, list[str]] = {WHAT: headings + [f"{MEAN}{len(benchmarks)}"] * has_mean}
    cells = {WHAT: [Trace(benchmark=one) for one in benchmarks]}
    labels = {WHAT: "Benchmark"}
    measured = {(row["model"], row["benchmark"]): row for row in rows.to_dict("records")}
    differs = {(row["model"], row["benchmark"]): row for row in found.to_dict("records")}
    means = {str(model): row for model, row in mean.to_dict("index").items()}
    ordered = [reference, *(model for model in models if model != reference)]
    for i, model in enumerate(ordered):
        column, beside = f"{SCORE}{i}", f"{AGAINST}{i}"
        labels[column] = str(names[model])
        data[column] = [_score(measured.get((model, one))) for one in benchmarks] + [_mean(means.get(model))] * has_mean
        runs = [_run(measured.get((model, one))) for one in benchmarks]
        cells[column] = [Trace(model, run, one) for run, one in zip(runs, benchmarks, strict=True)]
        together = tuple(dict.fromkeys(run for of in runs for run in of)) if model in means else ()
        cells[column] += [Trace(model, together)] * has_mean
        if model == reference:
            continue
        labels[beside] = f"Points against {formats.one_line(names[reference], 24)}"
        data[beside] = [_difference(differs[model, one]) for one in benchmarks] + ["no verdict on means"] * has_mean
        base = [_run(measured.get((reference, one))) for one in benchmarks]
        cells[beside] = [
            Trace(model, tuple(dict.fromkeys((*a, *b))), one, against=reference)
            for a, b, one in zip(runs, base, benchmarks, strict=True)
        ]
        cells[beside] += [Trace(model, together)] * has_mean
    titles = [*headings, *([f"{MEAN}{len(benchmarks)} benchmarks"] * has_mean)]
    return CellTable(pd.DataFrame(data), labels, CellTraces([], cells=cells), titles)


def memory_words(need: pd.Series | Mapping[Any, Any], context: int) -> tuple[str, str, str]:
    """Weights, cache and both; a lower bound, and a context shorter than asked for, say so."""
    if pd.isna(need["weights"]):
        return "not known", "not known", "not known"
    weights = f"{formats.plain(need['weights'] / 1e9)} GB"
    if need["is_lower_bound"]:
        return weights, "not known", f"more than {weights}"
    cache = f"{formats.plain(need['cache'] / 1e9)} GB"
    cache += f" ({formats.count(need['tokens'])} tokens)" if need["tokens"] < context else ""
    return weights, cache, f"{formats.plain(need['total'] / 1e9)} GB"


def card_words(need: pd.Series, model: pd.Series) -> str:
    """The smallest card of the presets that holds it."""
    if pd.notna(model["open_weights"]) and not model["open_weights"]:
        return "weights not open"
    if pd.isna(need["total"]):
        return "not known"
    card = fits.smallest_card(need)
    if card is None:
        return f"more than {fits.CARDS[-1]} GB"
    return f"{card} GB or larger" if need["is_lower_bound"] else f"{card} GB"


def _fact(frames: Frames, fact: str, row: pd.Series, stored: pd.Series) -> str:
    if fact == "kind":
        return side_by_side_words.KINDS.get(str(stored["kind"]), formats.shown(fact, stored["kind"]))
    if fact == "size_class":
        return sizes.CLASS_LABELS[str(row["size_class"])]
    if fact == "released_on":
        precision = row["release_precision"]
        return formats.date(row["released_on"], str(precision) or "day", COLUMNS["released_on"].unknown)
    text = formats.shown(fact, stored[fact] if fact == "open_weights" else row[fact])
    if fact == "training_tokens" and bool(row["is_inherited"]):
        base = stored["tokens_inherited_from"]
        name = frames.models["name"].get(base, base)
        return f"{text}, those of {formats.one_line(name, 40)}"
    return text


def _fact_trace(fact: str, model: str, row: pd.Series, stored: pd.Series) -> Trace:
    about = str(stored["tokens_inherited_from"]) if fact == "training_tokens" and bool(row["is_inherited"]) else model
    return Trace(about, fields=FACTS_BEHIND.get(fact, (fact,)))


def _score(row: Mapping[Any, Any] | None) -> str:
    if row is None:
        return NO_SCORE
    text = formats.interval(row["score"], row["ci_low"], row["ci_high"])
    return text if row["has_interval"] else f"{text}, no interval"


def _mean(row: Mapping[Any, Any] | None) -> str:
    return "incomplete" if row is None else formats.interval(row["score"], row["ci_low"], row["ci_high"])


def _run(row: Mapping[Any, Any] | None) -> tuple[str, ...]:
    return () if row is None else (str(row["run"]),)


def _difference(row: Mapping[Any, Any]) -> str:
    """``▲ shown better, +3.1 (+1.9 to +4.3)``; the interval is not corrected for the number of comparisons."""
    verdict = row["verdict"]
    if not verdict:
        return NO_SCORE
    delta, low, high = (_points(row[column]) for column in ("delta", "delta_low", "delta_high"))
    between = f" ({low} to {high})" if pd.notna(row["delta_low"]) else ""
    return f"{SHOWN.get(verdict, '')}{verdict}, {delta}{between}"


def _points(value: object) -> str:
    """A difference without its unit, which stands in the heading."""
    return formats.points(value).removesuffix(" points")
