"""Two tables with a column for each model, and where each of their cells comes from. No Streamlit inside."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import fits, measurements, models_table, sizes
from lib.schema.columns import COLUMNS
from lib.store.frames import Frames
from lib.ui.traces import FACTS_BEHIND, Trace, Traces, texts
from lib.ui.views import scores

FACTS = (
    "developer", "released_on", "params_total", "params_active", "size_class", "training_tokens",
    "tokens_per_parameter", "context_length", "licence", "open_weights",
)  # fmt: skip
SHAPE = ("params_total", "n_layers", "n_kv_heads", "head_dim")
WHAT, SCORE, AGAINST = "what", "score:", "against:"
MEAN = "Mean of "


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


def runs_text(runs: Sequence[object]) -> list[str]:
    """Run of each row as text, '' for a missing one."""
    return texts(list(runs))


def facts_table(frames: Frames, models: tuple[str, ...], need: pd.DataFrame, bits: int, context: int) -> CellTable:
    """Rows are facts, columns are models; unknown says so in words."""
    chosen = sizes.with_size(frames.models.loc[list(models)])
    nothing = measurements.Measured(measurements.empty(), {}, ())
    known = models_table.models_table(chosen, nothing)
    memory = f"Memory at {bits} bit, {formats.count(context)} tokens"
    cards = f"Smallest card ({', '.join(map(str, fits.CARDS))} GB)"
    headings = [*(COLUMNS[fact].label for fact in FACTS), memory, cards, "Doubts"]
    data: dict[str, list[str]] = {WHAT: headings}
    cells: dict[str, list[Trace]] = {}
    labels = {WHAT: "Fact"}
    for i, model in enumerate(models):
        row, of = known.iloc[i], need.loc[model]
        column = f"of:{i}"
        labels[column] = str(row["name"])
        data[column] = [_fact(frames, fact, row, chosen.loc[model]) for fact in FACTS]
        data[column] += [memory_words(of, context), card_words(of, chosen.loc[model]), str(row["marks"]) or "–"]
        cells[column] = [_fact_trace(fact, model, row, chosen.loc[model]) for fact in FACTS]
        cells[column] += [Trace(model, fields=(*SHAPE, "context_length")), Trace(model, fields=SHAPE)]
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
    cells: dict[str, list[Trace]] = {}
    labels = {WHAT: "Benchmark"}
    measured = rows.set_index(["model", "benchmark"])
    differs = found.set_index(["model", "benchmark"])
    ordered = [reference, *(model for model in models if model != reference)]
    for i, model in enumerate(ordered):
        column, beside = f"{SCORE}{i}", f"{AGAINST}{i}"
        labels[column] = str(names[model])
        data[column] = [_score(measured, model, one) for one in benchmarks] + [_mean(mean, model)] * has_mean
        runs = [_run(measured, model, one) for one in benchmarks]
        cells[column] = [Trace(model, run, one) for run, one in zip(runs, benchmarks, strict=True)]
        together = tuple(dict.fromkeys(run for of in runs for run in of)) if model in mean.index else ()
        cells[column] += [Trace(model, together)] * has_mean
        if model == reference:
            continue
        labels[beside] = f"Against {formats.one_line(names[reference], 24)}"
        data[beside] = [_difference(differs.loc[(model, one)]) for one in benchmarks] + [
            "no verdict on means"
        ] * has_mean
        base = [_run(measured, reference, one) for one in benchmarks]
        cells[beside] = [
            Trace(model, tuple(dict.fromkeys((*a, *b))), one) for a, b, one in zip(runs, base, benchmarks, strict=True)
        ]
        cells[beside] += [Trace(model, together)] * has_mean
    titles = [*headings, *([f"{MEAN}{len(benchmarks)} benchmarks"] * has_mean)]
    return CellTable(pd.DataFrame(data), labels, CellTraces([], cells=cells), titles)


def memory_words(need: pd.Series, context: int) -> str:
    """``17 GB: 16 weights, 1.1 cache``; a lower bound and a shorter context say so."""
    if pd.isna(need["weights"]):
        return "not known: size not published"
    weights = formats.plain(need["weights"] / 1e9)
    if need["is_lower_bound"]:
        return f"at least {weights} GB: weights alone, cache not known"
    words = f"{formats.plain(need['total'] / 1e9)} GB: {weights} weights, {formats.plain(need['cache'] / 1e9)} cache"
    return words + (f" at {formats.count(need['tokens'])}, its longest" if need["tokens"] < context else "")


def card_words(need: pd.Series, model: pd.Series) -> str:
    """The smallest card of the presets that holds it."""
    if pd.notna(model["open_weights"]) and not model["open_weights"]:
        return "weights not open"
    if pd.isna(need["total"]):
        return "not known"
    card = fits.smallest_card(need)
    if card is None:
        return f"more than {fits.CARDS[-1]} GB"
    return f"{card} GB or larger, cache not known" if need["is_lower_bound"] else f"{card} GB"


def _fact(frames: Frames, fact: str, row: pd.Series, model: pd.Series) -> str:
    if fact == "size_class":
        return sizes.CLASS_LABELS[str(row["size_class"])]
    if fact == "released_on":
        precision = row["release_precision"]
        return formats.date(row["released_on"], str(precision) or "day", COLUMNS["released_on"].unknown)
    text = formats.shown(fact, row[fact])
    if fact == "training_tokens" and bool(row["is_inherited"]):
        base = model["tokens_inherited_from"]
        name = frames.models["name"].get(base, base)
        return f"{text}, those of {formats.one_line(name, 40)}"
    return text


def _fact_trace(fact: str, model: str, row: pd.Series, stored: pd.Series) -> Trace:
    about = str(stored["tokens_inherited_from"]) if fact == "training_tokens" and bool(row["is_inherited"]) else model
    return Trace(about, fields=FACTS_BEHIND.get(fact, (fact,)))


def _score(measured: pd.DataFrame, model: str, benchmark: str) -> str:
    if (model, benchmark) not in measured.index:
        return "no score this way"
    row = measured.loc[(model, benchmark)]
    text = formats.interval(row["score"], row["ci_low"], row["ci_high"])
    return text if row["has_interval"] else f"{text}, no interval"


def _mean(mean: pd.DataFrame, model: str) -> str:
    if model not in mean.index:
        return "incomplete"
    row = mean.loc[model]
    return formats.interval(row["score"], row["ci_low"], row["ci_high"])


def _run(measured: pd.DataFrame, model: str, benchmark: str) -> tuple[str, ...]:
    return (str(measured.at[(model, benchmark), "run"]),) if (model, benchmark) in measured.index else ()


def _difference(row: pd.Series) -> str:
    """``+3.1 ± 1.2 points, shown better``; the interval is not corrected for the number of comparisons."""
    if not row["verdict"]:
        return "no score this way"
    delta = formats.points(row["delta"])
    if pd.isna(row["delta_low"]):
        return f"{delta}, {row['verdict']}"
    low, high = (formats.points(row[end]).removesuffix(" points") for end in ("delta_low", "delta_high"))
    return f"{delta} ({low} to {high}), {row['verdict']}"
