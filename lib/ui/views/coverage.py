"""The coverage part of the page about data: models against benchmarks, and for every empty cell the reason."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import coverage as analysis
from lib.analysis import renown, sizes
from lib.analysis.coverage_protocols import Widest, widest_of_each
from lib.analysis.sizes import SizeBy
from lib.figures import coverage as coverage_figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.page import SCORE, padded
from lib.ui.traces import Traces
from lib.ui.views import scores
from lib.ui.views.withdrawn import placed

NAMES_SHOWN = 8
"""Names that wait are rows below the models; more of them are only counted."""
REASON_LABELS = {
    analysis.SCORED: "With a score",
    analysis.NOT_COMPARABLE: "Not comparable",
    analysis.FAILED: "Failed",
    analysis.UNKNOWN: "Unknown",
    analysis.WITHDRAWN: "Withdrawn",
    analysis.NEVER: "Never run",
}


class CoverageView(NamedTuple):
    """The part's parts; ``figure`` is None when there is no model or benchmark to show.

    ``columns`` is the table of the benchmarks: the protocol of each and how many cells there are of each reason.
    """

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    labels: dict[str, str]
    traces: Traces
    columns: pd.DataFrame
    column_labels: dict[str, str]
    column_traces: Traces
    rows: pd.DataFrame
    left_out: dict[str, int]


def benchmark_choices(frames: Frames) -> dict[str, str]:
    """Benchmarks that a reader may choose, most measured first."""
    return scores.benchmark_options(frames)


def most_measured_benchmarks(frames: Frames, n: int) -> tuple[str, ...]:
    """The benchmarks that most models of the catalogue have been measured on; parts of another are left to choice."""
    part_of = frames.benchmarks["part_of"].to_dict()
    offered = [name for name in scores.benchmark_options(frames) if not part_of[name]]
    return tuple(offered[:n])


def coverage_view(
    frames: Frames,
    *,
    withdrawn: pd.DataFrame,
    benchmarks: tuple[str, ...],
    n_benchmarks: int,
    n_models: int,
    by: SizeBy,
    threshold: float,
    families: tuple[str, ...],
    size_classes: tuple[str, ...],
    community: bool,
    search: str,
) -> CoverageView:
    """The matrix of the models that pass the filters, those measured in most places first.

    Args:
        withdrawn: ``lib.store.withdrawn.only_withdrawn``.
        benchmarks: The reader's choice; empty: the ``n_benchmarks`` most measured.
        n_models: Rows at most.
    """
    known = frames.benchmarks
    names = tuple(name for name in benchmarks if name in known.index) or most_measured_benchmarks(frames, n_benchmarks)
    results, shown, places = _known(frames, names, community)
    filtered = sizes.keep(
        sizes.with_size(frames.models, by, threshold),
        include_community=community,
        families=families,
        size_classes=size_classes,
        search=search,
    )
    models, removed = filtered.models, {one.filter: one.n_removed for one in filtered.removed}
    ranked = analysis.most_measured(places.reindex(models.index), results, shown.rows)
    chosen = ranked[:n_models]
    removed[f"beyond the {n_models} most measured"] = len(ranked) - len(chosen)
    cells = analysis.cells(
        chosen, names, measured=shown.rows, results=results, withdrawn=placed(frames, withdrawn, names)
    )
    cells = cells.assign(name=cells["model"].map(models["name"].astype(str)).astype(object))
    cells, n_hidden = _with_names_that_wait(cells, analysis.waiting(names, results), search, len(names))
    removed["names that wait"] = n_hidden
    cells["label"] = cells["benchmark"].map({name: scores.label_of(frames, name) for name in names})
    figure, entries = None, []
    if len(cells):
        figure, entries = finished(coverage_figure.coverage(cells)), coverage_figure.legend(cells)
    table, labels = _table(cells, names)
    columns, column_labels, column_traces = _columns(cells, names, shown.protocols)
    return CoverageView(
        _takeaway(cells, len(chosen), len(names)),
        figure,
        entries,
        f"Which of {len(chosen)} models have a score on which of {len(names)} benchmarks, and why others have none.",
        _coverage_line(chosen, names, cells),
        table,
        labels,
        _traces(cells, names),
        columns,
        column_labels,
        column_traces,
        _rows(cells, shown.protocols),
        removed,
    )


@lru_cache(maxsize=4)
def _known(frames: Frames, names: tuple[str, ...], community: bool) -> tuple[pd.DataFrame, Widest, pd.Series]:
    """Results, the protocols that are shown and ``renown.places_measured``; kept for further filters. Read-only."""
    results = frames.scores(names)
    shown = widest_of_each(
        results, names, models=frames.models, catalogue=frames.benchmarks, include_community=community
    )
    return results, shown, renown.places_measured(frames.runs)


def _with_names_that_wait(
    cells: pd.DataFrame, waiting: pd.DataFrame, search: str, n_benchmarks: int
) -> tuple[pd.DataFrame, int]:
    """The cells and below them those of names that wait, and how many names have no room."""
    if search:
        waiting = waiting[waiting["name"].str.casefold().str.contains(search.casefold(), regex=False).to_numpy(bool)]
    kept = waiting[: NAMES_SHOWN * n_benchmarks]
    n_hidden = (len(waiting) - len(kept)) // max(n_benchmarks, 1)
    kept = kept.assign(name=[f"{name} (waits for a model)" for name in kept["name"]])
    both = pd.concat([cells, kept[cells.columns]], ignore_index=True) if len(kept) else cells.copy()
    reason = pd.Categorical(both["reason"].astype(str), list(analysis.REASONS), ordered=True)
    return both.assign(reason=reason), n_hidden


def _words(row: Any) -> str:
    """A cell of the table in words, with the letter that stands in the picture."""
    reason = str(row.reason)
    if reason == analysis.SCORED:
        return formats.interval(row.score, row.ci_low, row.ci_high)
    letter = coverage_figure.LOOKS[reason].letter
    return f"{letter} {row.detail}" if letter and row.detail else reason


def _table(cells: pd.DataFrame, names: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The matrix as words, a row per model."""
    words = [_words(row) for row in cells.itertuples()]
    n = len(names)
    data: dict[str, list[str]] = {"name": cells["name"].tolist()[::n] if n else []}
    labels = {}
    for place, name in enumerate(names):
        data[SCORE + name] = padded(words[place::n])
        labels[SCORE + name] = str(cells["label"].iloc[place]) if len(cells) else name
    return pd.DataFrame(data), labels


def _traces(cells: pd.DataFrame, names: tuple[str, ...]) -> Traces:
    n = len(names)
    runs = cells["run"].tolist()
    return Traces(
        cells["model"].tolist()[::n] if n else [],
        {SCORE + name: runs[place::n] for place, name in enumerate(names)},
        {SCORE + name: name for name in names},
    )


def _columns(
    cells: pd.DataFrame, names: tuple[str, ...], protocols: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, str], Traces]:
    """One row per benchmark: the protocol that its column shows, and its cells by reason."""
    data: dict[str, list[object]] = {"benchmark": [], "protocol": []}
    keys = {reason: f"{SCORE}{reason}" for reason in REASON_LABELS}
    data |= {key: [] for key in keys.values()}
    runs: dict[str, list[str]] = {key: [] for key in keys.values()}
    cells = cells[cells["model"] != ""]
    here: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in zip(cells["benchmark"], cells["reason"].astype(str), cells["run"], strict=True):
        here[one[:2]].append(one[2])
    labels_of = dict(zip(cells["benchmark"], cells["label"], strict=True))
    for name in names:
        label = str(labels_of.get(name, name))
        data["benchmark"].append(label)
        told = str(protocols["label"].get(name, "no protocol has a model"))
        data["protocol"].append(told.removeprefix(f"{label}, "))
        for reason, key in keys.items():
            found = here[name, reason]
            data[key].append(formats.count(len(found)))
            runs[key].append(" ".join(dict.fromkeys(run for run in found if run)))
    frame = pd.DataFrame(data)
    kept = [key for key in keys.values() if len(frame) and (frame[key] != "0").any()]
    labels = {key: REASON_LABELS[reason] for reason, key in keys.items()}
    benchmarks: dict[str, list[str]] = {column: list(names) for column in ("benchmark", "protocol", *kept)}
    traces = Traces([""] * len(names), {key: runs[key] for key in kept}, benchmarks)
    return frame[["benchmark", "protocol", *kept]], labels, traces


def _rows(cells: pd.DataFrame, protocols: pd.DataFrame) -> pd.DataFrame:
    """For the download: a row per cell, numbers as numbers."""
    rows = cells.assign(
        reason=cells["reason"].astype(str), protocol=cells["benchmark"].map(protocols["label"].astype(object))
    )
    order = ["model", "name", "benchmark", "reason", "detail", "score", "ci_low", "ci_high", "run", "protocol"]
    return rows[order].reset_index(drop=True)


def _takeaway(cells: pd.DataFrame, n_models: int, n_benchmarks: int) -> Sentence:
    if not len(cells):
        return ()
    of = analysis.counts(cells[cells["model"] != ""])
    n_waiting = int((cells["reason"][cells["model"] == ""] == analysis.UNKNOWN).sum())
    empty = [
        (analysis.NEVER, "were never run"),
        (analysis.NOT_COMPARABLE, "have a score that was measured in another way"),
        (analysis.FAILED, "failed"),
        (analysis.UNKNOWN, "have a row without a value"),
        (analysis.WITHDRAWN, "are withdrawn"),
    ]
    told = [f"{formats.count(of[reason])} {words}" for reason, words in empty if of[reason]]
    return sentence(
        f"Of {formats.counted(n_models, 'model')} on {formats.counted(n_benchmarks, 'benchmark')}, ",
        Span(f"{formats.count(of[analysis.SCORED])} of {formats.count(sum(of.values()))} cells", "strong"),
        " have a score under the protocol of their column",
        f"; {', '.join(told)}." if told else ".",
        f" {formats.counted(n_waiting, 'score')} more belong to names that wait for a model." if n_waiting > 1 else "",
        " One more score belongs to a name that waits for a model." if n_waiting == 1 else "",
    )


def _coverage_line(chosen: list[str], names: tuple[str, ...], cells: pd.DataFrame) -> str:
    n_waiting = len(cells) // max(len(names), 1) - len(chosen)
    parts = [f"{formats.counted(len(chosen), 'model')}, those measured in most places first"]
    parts += [f"below them {formats.counted(n_waiting, 'name')} without a model"] if n_waiting else []
    parts += ["each column shows the protocol with most models, named in the second table"]
    return " · ".join(parts)
