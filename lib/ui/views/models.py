"""The Models page: a table of models with sizes and scores under one protocol, and score against size."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from lib import formats
from lib.analysis import models_table, origins, score_dates, sizes, takeaways
from lib.analysis.sizes import SizeBy
from lib.figures import score_vs_size as size_figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import Later, finished, taken
from lib.ui.page import padded, rounded
from lib.ui.traces import Traces, texts
from lib.ui.views import scores

FACTS = (
    "params_active", "training_tokens", "tokens_per_parameter", "licence", "open_weights", "released_on",
    "context_length", "developer", "marks",
)  # fmt: skip


class ModelsView(NamedTuple):
    """The page's parts; ``figure`` is None when no model has a score. See ``overview.RecordsView``.

    ``n_community`` counts, where nothing is left of a search, the community models of such a name.
    """

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    labels: dict[str, str]
    rows: Later[pd.DataFrame]
    traces: Traces
    left_out: dict[str, int]
    n_community: int = 0


DRAWN = ("model", "name", "size", "score", "ci_low", "ci_high", "on_frontier")


class _Whole(NamedTuple):
    """Everything that filters and the bound of small choose from; kept, for they change more often than the rest.

    Args:
        choice: Benchmarks and protocol.
        removed: What the filters took that no reader can switch here, or that decide what is measured.
        rows: ``models_table`` of all others, in the order of the page.
        texts: ``sizes.search_texts`` of the rows.
        drawn: The columns ``DRAWN`` of the rows; the frontier is that of all of them, whatever filters hide later.
        table: The rows for the eye.
        labels: See ``_table``.
        traces: Of ``table``.
        dates: From when the scores are, in words.
    """

    choice: scores.Choice
    removed: tuple[sizes.Removed, ...]
    rows: pd.DataFrame
    texts: list[str]
    drawn: pd.DataFrame
    table: pd.DataFrame
    labels: dict[str, str]
    traces: Traces
    dates: str


def filter_options(frames: Frames, *, community: bool) -> dict[str, dict[str, str]]:
    """Families and licences of the models that may be shown, most frequent first: value to words with a count."""
    models = frames.models
    shown = models if community else models[models["origin"] != "community"]
    options = {}
    for column in ("family", "licence"):
        counts = shown[column].dropna().astype(str).value_counts()
        options[column] = {str(value): f"{value} ({n})" for value, n in counts.items() if value}
    return options


def models_view(
    frames: Frames,
    *,
    chosen_set: str,
    protocol: str,
    by: SizeBy,
    threshold: float,
    families: tuple[str, ...],
    licences: tuple[str, ...],
    size_classes: tuple[str, ...],
    only_open: bool,
    community: bool,
    search: str,
) -> ModelsView:
    """Models that pass the filters, with their scores on a set of benchmarks."""
    benchmarks = scores.members(chosen_set)
    whole = _whole(frames, chosen_set, protocol, by, community)
    filtered = sizes.keep(
        whole.rows,
        include_community=True,
        include_variants=True,
        families=families,
        licences=licences,
        size_classes=size_classes,
        only_open_weights=only_open,
        search=search,
        texts=whole.texts,
    )
    removed = (*whole.removed, *filtered.removed)
    at = np.flatnonzero(filtered.mask)
    shown = whole.drawn.take(at).reset_index(drop=True)
    shown = shown.assign(is_small=shown["size"] <= threshold)
    title = _title(frames, benchmarks)
    scored = shown[shown["score"].notna() & shown["size"].notna()].reset_index(drop=True)
    figure, entries = None, []
    chance = scores.baseline(frames, benchmarks)
    if len(scored):
        drawn = size_figure.score_vs_size(
            scored,
            size_label=COLUMNS[SIZES[by]].axis,
            score_label=f"{title[:1].upper()}{title[1:]} (%)",
            chance=chance,
            frontier=whole.drawn[whole.drawn["on_frontier"]],
        )
        figure = finished(drawn)
        entries = size_figure.legend(scored, chance=chance, has_hidden=len(at) < len(whole.drawn))
    return ModelsView(
        takeaways.models(shown, title, threshold, by, removed),
        figure,
        entries,
        f"{title[:1].upper()}{title[1:]} against size of {len(scored)} models, with 95% intervals.",
        _coverage(whole, shown, scored),
        taken(whole.table, at),
        whole.labels,
        Later(lambda: _rows(frames, whole, at, by, threshold)),
        whole.traces if len(at) == len(whole.table) else whole.traces.taken(at.tolist()),
        _left_out(removed, shown, whole.choice),
        _n_community(frames, search) if search and not len(at) and not community else 0,
    )


@lru_cache(maxsize=8)
def _whole(frames: Frames, chosen_set: str, protocol: str, by: SizeBy, community: bool) -> _Whole:
    benchmarks = scores.members(chosen_set)
    choice = scores.choice(frames, benchmarks, protocol, community)
    shown = sizes.keep(sizes.with_size(frames.models, by), include_community=community)
    rows = models_table.models_table(shown.models, choice.measured, frames.runs)
    rows = rows.sort_values(["score", "size", "model"], ascending=[False, True, True], ignore_index=True)
    # The figure walks through its rows, which texts of Arrow make slow.
    drawn = rows[[*DRAWN]].astype({"model": object, "name": object})
    texts = sizes.search_texts(drawn.set_index("model"))
    table, labels = _table(frames, rows, benchmarks)
    dates = score_dates.in_words(choice.measured.rows["run"], frames.runs)
    return _Whole(choice, shown.removed, rows, texts, drawn, table, labels, _traces(rows, choice), dates)


def _rows(frames: Frames, whole: _Whole, at: NDArray[np.int64], by: SizeBy, threshold: float) -> pd.DataFrame:
    """The rows that passed, for the download."""
    rows = sizes.with_size(whole.rows.take(at).reset_index(drop=True), by, threshold)
    return origins.with_origins(rows, whole.choice.measured, frames.runs, whole.choice.label)


def _n_community(frames: Frames, search: str) -> int:
    """Community models whose name or id holds what was searched for."""
    models = frames.models
    some = models[(models["origin"] == "community").to_numpy(bool)]
    return int(sizes.has_text(sizes.search_texts(some), search).sum())


def _title(frames: Frames, benchmarks: tuple[str, ...]) -> str:
    if len(benchmarks) > 1:
        return f"the mean of {len(benchmarks)} benchmarks"
    return scores.label_of(frames, benchmarks[0])


def _coverage(whole: _Whole, rows: pd.DataFrame, scored: pd.DataFrame) -> str:
    choice = whole.choice
    parts = [f"{formats.counted(len(scored), 'model')} with a size and a score", choice.label, whole.dates]
    n_hidden = int((rows["score"].notna() & rows["size"].isna()).sum())
    parts += [f"{n_hidden} with a score but of undisclosed size, in the table only"] if n_hidden else []
    parts += [f"with caution: {'; '.join(choice.cautions)}"] if choice.cautions else []
    return " · ".join(part for part in parts if part)


def _traces(rows: pd.DataFrame, choice: scores.Choice) -> Traces:
    """The run behind each score; the mean has the runs of the whole panel."""
    runs: dict[str, list[str]] = {}
    benchmarks: dict[str, str] = {}
    for benchmark in choice.measured.benchmarks:
        of_model = choice.measured.of(benchmark)["run"]
        name = models_table.column(benchmark, "score")
        runs[name] = texts(rows["model"].map(of_model).tolist())
        benchmarks[name] = benchmark
    together = [" ".join(dict.fromkeys(" ".join(parts).split())) for parts in zip(*runs.values(), strict=True)]
    if together:
        has_score = rows["score"].notna().tolist()
        runs["interval"] = [text if is_there else "" for text, is_there in zip(together, has_score, strict=True)]
        benchmarks["interval"] = choice.measured.benchmarks[0] if len(choice.measured.benchmarks) == 1 else ""
    return Traces(texts(rows["model"].tolist()), runs, benchmarks)


def _left_out(removed: tuple[sizes.Removed, ...], rows: pd.DataFrame, choice: scores.Choice) -> dict[str, int]:
    counts = {one.filter: one.n_removed for one in removed}
    missing = int(rows["score"].isna().sum())
    if choice.key is not None and missing:
        counts["no complete score under this protocol, in the table only"] = missing
    return counts


def _table(frames: Frames, rows: pd.DataFrame, benchmarks: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Columns for the eye, and the headings of those that are not in the column table."""
    data: dict[str, object] = {"name": rows["name"]}
    labels = {"interval": "Mean" if len(benchmarks) > 1 else scores.label_of(frames, benchmarks[0]), "marks": "Doubts"}
    data["size_class"] = [sizes.CLASS_LABELS[str(key)].split(" (")[0] for key in rows["size_class"]]
    data["params_total"] = rows["params_total"]
    data["interval"] = _intervals(rows, "score", "ci_low", "ci_high")
    for benchmark in benchmarks if len(benchmarks) > 1 else ():
        names = [models_table.column(benchmark, field) for field in ("score", "ci_low", "ci_high")]
        if names[0] in rows:
            data[names[0]] = _intervals(rows, *names)
            labels[names[0]] = scores.label_of(frames, benchmark)
    data.update({column: rows[column] for column in FACTS})
    data["tokens_per_parameter"] = rounded(rows["tokens_per_parameter"])
    table = pd.DataFrame(data)
    table["open_weights"] = [formats.shown("open_weights", value) for value in table["open_weights"]]
    return table.reset_index(drop=True), labels


def _intervals(rows: pd.DataFrame, *columns: str) -> list[str | None]:
    texts = padded(formats.interval(*one) for one in zip(*(rows[c] for c in columns), strict=True))
    return [None if text == formats.UNKNOWN else text for text in texts]
