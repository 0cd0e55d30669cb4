"""The Benchmark page: all models under one protocol, how full the benchmark is, and which other protocols there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import benchmark_words, measurements, origins, saturation, sizes
from lib.analysis.frontier import mark_frontier
from lib.analysis.sizes import SizeBy
from lib.figures import score_vs_size as share_figure
from lib.figures import value_vs_size as value_figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.flags import FLAGS
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.page import padded
from lib.ui.traces import Traces, texts
from lib.ui.views import scores

CEILINGS = "benchmark_notes"
"""Reference table of known faults; its column ``ceiling`` is the share of questions without one."""
OF_RESULT = ("interval", "n_samples", "n_shot", "also_in", "evaluated_on", "run", "doubts")


class BenchmarkView(NamedTuple):
    """What one protocol shows.

    Args:
        takeaway, how_full: Sentences; ``empty_cells`` is None where the catalogue is empty.
        figure: None when no model has both a size and a score; ``figure_name`` is its module, for the note.
        table, labels, traces: One row per model, the best first; cells lead to the run.
        rows: The same with exact values and origins, for download.
        left_out: Results that were left out, by reason.
        with_intervals: Key and label of the widest protocol that has intervals, where the one shown has none.
    """

    takeaway: list[Sentence]
    figure: go.Figure | None
    figure_name: str
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    labels: dict[str, str]
    traces: Traces
    rows: pd.DataFrame
    left_out: dict[str, int]
    how_full: list[Sentence]
    empty_cells: Sentence | None
    with_intervals: tuple[str, str] | None


class Protocols(NamedTuple):
    """All protocols of a benchmark, widest first.

    Args:
        options: Key to words with the count, for the control.
        table: what, whom, n_models, n_results, cautions; one row each in the order of ``keys``.
        n_community: Models that only the switch for community models would show.
    """

    options: dict[str, str]
    keys: tuple[str, ...]
    table: pd.DataFrame
    n_community: int


def protocols_view(frames: Frames, *, benchmark: str, community: bool) -> Protocols:
    """The protocols that have a model to show."""
    cut = scores.grouping(frames, (benchmark,), community)
    shown = cut.protocols[cut.protocols["n_models"] > 0]
    own = f"{scores.label_of(frames, benchmark)}, "
    words = [str(label).removeprefix(own) for label in shown["label"]]
    keys = tuple(str(key) for key in shown.index)
    counted = [formats.counted(n, "model") for n in shown["n_models"]]
    parts = [text.partition(" · ") for text in words]
    table = pd.DataFrame(
        {
            "what": [what for what, _, _ in parts],
            "whom": [whom for _, _, whom in parts],
            "n_models": shown["n_models"].to_numpy(int),
            "n_results": shown["n_scores"].to_numpy(int),
            "cautions": ["; ".join(one) for one in shown["cautions"]],
        }
    )
    known = frames.models.reindex(cut.scores["model"].dropna().unique())
    n_community = 0 if community else int((known["origin"] == "community").sum())
    return Protocols(
        {key: f"{n} · {text}" for key, n, text in zip(keys, counted, words, strict=True)}, keys, table, n_community
    )


def benchmark_view(
    frames: Frames, *, benchmark: str, protocol: str, by: SizeBy, threshold: float, community: bool
) -> BenchmarkView:
    """All models under one protocol; the widest where ``protocol`` is not one of this benchmark's."""
    choice = scores.choice(frames, (benchmark,), protocol, community)
    label = scores.label_of(frames, benchmark)
    measured = choice.measured.rows
    higher = _direction(measured, str(frames.benchmarks["direction"].get(benchmark)))
    is_share = bool(higher) and bool(measured["score"].between(-1, 1).all())
    chance = scores.baseline(frames, (benchmark,)) if is_share else None
    ceiling = saturation.CEILING if is_share else None
    judged = saturation.judge(measured, ceiling=ceiling, chance=chance, higher_is_better=bool(higher))
    full = saturation.saturation(judged, ceiling=ceiling, chance=chance)
    rows = _rows(frames, judged, by, threshold, higher)
    scored = partial(_scored, is_share=is_share)
    figure, entries, name = _figure(rows, label, SIZES[by], chance, is_share, higher)
    told = benchmark_words.how_full(rows, full, scored) if higher is not None else []
    if is_share and full.n_judged:
        told += _noted_ceilings(frames, benchmark, judged)
    return BenchmarkView(
        benchmark_words.takeaway(rows, full, label, scored, is_share=is_share)
        if higher is not None
        else benchmark_words.no_direction(rows, label),
        figure,
        name,
        entries,
        f"{label} against size of {formats.counted(int(rows['size'].notna().sum()), 'model')}, {choice.label}.",
        _coverage(choice, rows),
        _table(rows, by, scored),
        {"interval": label, "doubts": "Cautions", "run": "Run", "also_in": "Also in", "standing": "Standing"},
        _traces(rows, benchmark),
        origins.with_origin(_for_download(rows), measured, frames.runs, choice.label),
        _left_out(choice),
        told,
        _empty_cells(frames, choice, benchmark, label),
        None if full.n_judged or not len(rows) else _widest_with_intervals(choice, frames, community),
    )


def _direction(measured: pd.DataFrame, stated: str) -> bool | None:
    """Whether higher is better: as the catalogue states it of the benchmark, else as the results do; None for unknown."""
    if stated in ("higher", "lower"):
        return stated == "higher"
    ways = measured["higher_is_better"]
    return None if ways.isna().any() else bool(ways.all())


def _rows(frames: Frames, judged: pd.DataFrame, by: SizeBy, threshold: float, higher: bool | None) -> pd.DataFrame:
    """Measurements with what the models are, the best first; nothing is best where nobody says which way is better."""
    models = sizes.with_size(frames.models, by, threshold).reindex(judged["model"])
    columns = ["name", "size", "params_total", "params_active", "size_class", "is_small", "side", "released_on"]
    rows = pd.concat([judged.reset_index(drop=True), models[columns].reset_index(drop=True)], axis=1)
    rows["evaluated_on"] = pd.to_datetime(rows["evaluated_on"].astype(object), errors="coerce", utc=True).dt.tz_localize(None)  # fmt: skip
    value = rows["score"] if higher else -rows["score"]
    rows = mark_frontier(rows.assign(value=value), cost="size", score="value").drop(columns="value")
    if higher is None:
        rows = rows.assign(on_frontier=False, is_best=False, is_like_best=False)
    order = rows.sort_values(["score", "size", "model"], ascending=[not higher, True, True], kind="stable")
    return order.reset_index(drop=True)


def _figure(
    rows: pd.DataFrame, label: str, size: str, chance: float | None, is_share: bool, higher: bool | None
) -> tuple[go.Figure | None, Legend, str]:
    name = "score_vs_size" if is_share else "value_vs_size"
    drawn = rows[rows["score"].notna() & rows["size"].notna()].reset_index(drop=True)
    if drawn.empty:
        return None, [], name
    metric = str(drawn["metric"].iloc[0])
    plain = formats.plotly(f"{label}, {metric}")
    if is_share:
        figure = share_figure.score_vs_size(drawn, size_label=COLUMNS[size].axis, score_label=f"{plain} (%)", chance=chance)  # fmt: skip
        return finished(figure), share_figure.legend(drawn, chance=chance), name
    way = {True: "higher is better", False: "lower is better", None: "which way is better is not stated"}[higher]
    figure = value_figure.value_vs_size(drawn, size_label=COLUMNS[size].axis, value_label=f"{plain} ({way})")
    return finished(figure), value_figure.legend(drawn), name


def _scored(row: pd.Series, *, is_share: bool) -> str:
    if is_share:
        return formats.interval(row["score"], row["ci_low"], row["ci_high"])
    if not formats.known(row["ci_low"]):
        return formats.plain(row["score"])
    return f"{formats.plain(row['score'])} ({formats.plain(row['ci_low'])} to {formats.plain(row['ci_high'])})"


def _table(rows: pd.DataFrame, by: SizeBy, scored: Callable[[pd.Series], str]) -> pd.DataFrame:
    standing = np.select(
        [rows["is_best"], rows["is_like_best"], rows["is_like_chance"]],
        ["best", "cannot be told from the best", "not shown to be above guessing"],
        default="",
    )
    table = pd.DataFrame(
        {
            "name": rows["name"],
            "size_class": [sizes.CLASS_LABELS[str(key)].split(" (")[0] for key in rows["size_class"]],
            SIZES[by]: rows["size"],
            "interval": padded(scored(row) for _, row in rows.iterrows()),
            "n_samples": rows["n_samples"],
            "n_shot": rows["n_shot"],
            "standing": standing.astype(object),
            "run": rows["run"],
            "evaluated_on": rows["evaluated_on"],
            "doubts": _doubts(rows),
            "also_in": [formats.counted(n, "other result") if n else "" for n in rows["also_in"]],
        }
    )
    # A column that says nothing of any model is only in the way.
    silent = [c for c in ("n_samples", "n_shot", "evaluated_on") if table[c].isna().all()]
    silent += [c for c in ("standing", "doubts", "also_in") if not table[c].astype(bool).any()]
    return table.drop(columns=silent)


def _doubts(rows: pd.DataFrame) -> list[str]:
    """What is unlike the others, and what the importer repaired or found missing, in words."""
    told = []
    for cautions, flags in zip(rows["cautions"], rows["flags"], strict=True):
        words = [str(cautions)] if cautions else []
        words += [FLAGS.get(flag, flag).rstrip(".") for flag in str(flags).replace(",", " ").split()]
        told.append("; ".join(words))
    return told


def _traces(rows: pd.DataFrame, benchmark: str) -> Traces:
    runs = texts(rows["run"].tolist())
    return Traces(texts(rows["model"].tolist()), dict.fromkeys((*OF_RESULT, "standing"), runs), dict.fromkeys((*OF_RESULT, "standing"), benchmark))  # fmt: skip


def _for_download(rows: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "model", "name", "params_total", "params_active", "size_class", "released_on", "score", "stderr", "ci_low",
        "ci_high", "ci_method", "n_samples", "n_correct", "metric", "n_shot", "flags", "cautions", "also_in",
        "disagreement", "is_like_best", "reaches_ceiling", "is_like_chance", "on_frontier",
    ]  # fmt: skip
    return rows[columns]


def _coverage(choice: scores.Choice, rows: pd.DataFrame) -> str:
    n_drawn = int(rows["size"].notna().sum())
    parts = [f"{formats.counted(n_drawn, 'model')} with a size and a score", choice.label]
    parts += [f"{len(rows) - n_drawn} of undisclosed size, in the table only"] if n_drawn < len(rows) else []
    parts += [f"with caution: {'; '.join(choice.cautions)}"] if choice.cautions else []
    return " · ".join(part for part in parts if part)


def _left_out(choice: scores.Choice) -> dict[str, int]:
    counts = {f"results: {reason}": n for reason, n in choice.measured.excluded.items()}
    return counts | {f"results under any protocol: {reason}": n for reason, n in choice.grouping.excluded.items()}


def _noted_ceilings(frames: Frames, benchmark: str, judged: pd.DataFrame) -> list[Sentence]:
    notes = frames.reference(CEILINGS)
    if notes.empty:
        return []
    own = notes[(notes["benchmark"] == benchmark) & notes["ceiling"].notna()]
    return [
        benchmark_words.at_ceiling_of_sound_questions(
            int((judged["is_judged"] & (judged["ci_high"] >= float(row["ceiling"]))).sum()),
            float(row["ceiling"]),
            str(row["source_title"]),
        )
        for row in own.to_dict("records")
    ]


def _empty_cells(frames: Frames, choice: scores.Choice, benchmark: str, label: str) -> Sentence | None:
    models = frames.models
    catalogue = set(models.index[(models["origin"] != "community").to_numpy(bool)])
    if not catalogue:
        return None
    here = set(choice.measured.rows["model"]) & catalogue
    usable = set(choice.grouping.scores["model"].dropna()) & catalogue
    any_result = set(frames.scores([benchmark])["model"].dropna()) & catalogue
    return benchmark_words.empty_cells(
        len(here), len(usable - here), len(any_result - usable - here), len(catalogue - any_result - here), label
    )


def _widest_with_intervals(choice: scores.Choice, frames: Frames, community: bool) -> tuple[str, str] | None:
    rows = choice.grouping.scores
    can = rows["n_correct"].notna() | (rows["stderr"] > 0)
    has = set(rows.loc[can.to_numpy(bool), "identity"])
    for key, row in choice.grouping.protocols.iterrows():
        if row["n_models"] > 1 and set(row["identities"]) <= has:
            found = measurements.measure(choice.grouping, str(key), models=frames.models, include_community=community)
            if found.rows["has_interval"].any():
                return str(key), f"{formats.counted(row['n_models'], 'model')} · {row['label']}"
    return None
