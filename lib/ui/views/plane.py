"""Parameters and tokens: the plane with its laws, who lies where, and who has no place on it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import optimal_lines, origins, plane, plane_labels, renown, sizes, takeaways
from lib.analysis.sizes import SizeBy
from lib.figures import parameters_tokens as plane_figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.page import padded, rounded
from lib.ui.traces import Traces, texts
from lib.ui.views import scores

NO_COLOUR = "none"
LAWS = {
    "refit": "Refit 2024 with its 80% band",
    "approach1": "Chinchilla, approach 1",
    "approach2": "Chinchilla, approach 2",
    "kaplan": "Slope of Kaplan et al.",
}
_LAW_IDS = {
    "refit": plane.DEFAULT_LAW,
    "approach1": "hoffmann2022_approach1",
    "approach2": "hoffmann2022_approach2",
}
WEIGHTS = {"all": "all", "open": "open", "closed": "not open"}
TABLE = (
    "name", "size", "training_tokens", "tokens_per_parameter", "training_ratio", "ratio_text", "interval",
    "training_flop", "released_on", "developer", "marks",
)  # fmt: skip
LEFT_OUT = ("name", "developer", "size", "training_tokens", "released_on", "reason")

LABELS = {
    "size": "Parameters",
    "training_ratio": "Times optimal",
    "ratio_text": "Over- or under-trained",
    "training_flop": "Compute (10²¹ FLOP)",
    "interval": "Score",
    "marks": "Marks",
}
FROM_MEMORY = "size or tokens from memory"
METHOD = (
    "Training compute is C = 6 × active parameters × tokens. The band is the 10th to 90th percentile over refits of the "
    "loss law L = E + A N^−α + B D^−β on resampled data, computed draw by draw; the factor is tokens per parameter "
    "divided by what the law calls for at the same compute. It is given for dense models trained from scratch between "
    "10¹⁸ and 10²⁶ FLOP. The law was fitted on one corpus of 2021–22; past optimal is not an error, it buys cheap use."
)


class PlaneView(NamedTuple):
    """The page's parts; ``figure`` is None without a point. See ``overview.RecordsView``."""

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    rows: pd.DataFrame
    traces: Traces
    left_out: dict[str, int]
    left_out_rows: pd.DataFrame


def colour_options(frames: Frames) -> dict[str, str]:
    """Benchmarks for the colour; the favourite first, then none, then by number of models."""
    options = scores.benchmark_options(frames)
    favourite = {scores.FAVOURITE: options[scores.FAVOURITE]} if scores.FAVOURITE in options else {}
    return favourite | {NO_COLOUR: "no colour"} | options


def year_range(frames: Frames) -> tuple[int, int]:
    """First and last year of release in the catalogue."""
    years = frames.models["released_on"].dropna().dt.year
    return (int(years.min()), int(years.max())) if len(years) else (2018, 2018)


def plane_view(
    frames: Frames,
    *,
    benchmark: str,
    protocol: str,
    by: SizeBy,
    years: tuple[int, int] | None,
    laws: tuple[str, ...],
    weights: str,
) -> PlaneView:
    """The plane of the catalogue's models; ``years`` None means that undated ones are shown too."""
    filtered = sizes.keep(
        sizes.with_size(frames.models, by),
        only_open_weights=weights == "open",
        released=None if years is None else (f"{years[0]}-01-01", f"{years[1]}-12-31"),
    )
    models, removed = filtered.models, {one.filter: one.n_removed for one in filtered.removed}
    if weights == "closed":
        n_before = len(models)
        models = models[~sizes.is_open(models).to_numpy(bool)]
        removed["weights open"] = n_before - len(models)
    colour = None if benchmark == NO_COLOUR else scores.choice(frames, (benchmark,), protocol)
    found = plane.plane(
        models,
        None if colour is None else colour.measured.rows,
        by,
        laws=frames.reference("loss_law_parameters"),
        draws=frames.reference("refit_bootstrap_draws"),
    )
    label = None if colour is None else scores.label_of(frames, benchmark)
    points = plane_labels.labelled(found.points, places_measured=renown.places_measured(frames.runs))
    counts = removed | {str(k): int(n) for k, n in found.left_out["reason"].value_counts().items()}
    figure, entries = _figure(frames, points, laws, by, label)
    points = points.sort_values("tokens_per_parameter", ascending=False, kind="stable").reset_index(drop=True)
    return PlaneView(
        takeaways.parameters_and_tokens(found),
        figure,
        entries,
        f"Parameters against training tokens of {len(points)} models, with compute-optimal lines"
        + (f", coloured by {label}." if label else "."),
        _coverage(points, colour),
        _table(points, label),
        _rows(frames, points.drop(columns="label"), colour),
        _traces(points, colour, benchmark),
        counts,
        found.left_out[list(LEFT_OUT)].sort_values(["reason", "name"], kind="stable").reset_index(drop=True),
    )


def _figure(
    frames: Frames, points: pd.DataFrame, laws: tuple[str, ...], by: SizeBy, label: str | None
) -> tuple[go.Figure | None, Legend]:
    if points.empty:
        return None, []
    behind = optimal_lines.optimal_lines(
        frames.reference("loss_law_parameters"),
        frames.reference("allocation_laws"),
        frames.reference("refit_bootstrap_draws"),
    )
    lines = behind.lines[behind.lines["law"].isin([_LAW_IDS[law] for law in laws if law in _LAW_IDS])]
    figure = plane_figure.parameters_tokens(
        points,
        lines,
        behind.band if "refit" in laws else behind.band.iloc[:0],
        behind.compute_lines,
        behind.kaplan if "kaplan" in laws else None,
        size_label=COLUMNS[SIZES[by]].axis,
        score_label=label,
    )
    return finished(figure), plane_figure.legend(points, lines, score_label=label, has_kaplan="kaplan" in laws)


def _coverage(points: pd.DataFrame, colour: scores.Choice | None) -> str:
    parts = [f"{len(points)} models with published size and tokens"]
    if colour is not None and colour.key is not None:
        parts.append(f"{int(points['score'].notna().sum())} with a score: {colour.label}")
        parts += [f"with caution: {'; '.join(colour.cautions)}"] if colour.cautions else []
    return " · ".join(parts)


def _rows(frames: Frames, points: pd.DataFrame, colour: scores.Choice | None) -> pd.DataFrame:
    """The points with where each score comes from."""
    if colour is None:
        return points
    return origins.with_origin(points, colour.measured.rows, frames.runs, colour.label)


def _traces(points: pd.DataFrame, colour: scores.Choice | None, benchmark: str) -> Traces:
    runs = {}
    if colour is not None:
        runs["interval"] = texts(points["model"].map(colour.measured.rows.set_index("model")["run"]).tolist())
    return Traces(texts(points["model"].tolist()), runs, {"interval": benchmark})


def _table(points: pd.DataFrame, score_label: str | None) -> pd.DataFrame:
    intervals = zip(points["score"], points["ci_low"], points["ci_high"], strict=True)
    points = points.assign(
        interval=pd.Series(padded(formats.interval(*i) for i in intervals), points.index, dtype=object).replace(
            formats.UNKNOWN, None
        ),
        training_flop=rounded(points["training_flop"] / 1e21),
        tokens_per_parameter=rounded(points["tokens_per_parameter"]),
        marks=np.where(points["is_from_memory"].fillna(False).to_numpy(bool), FROM_MEMORY, ""),
    )
    table = points.rename(columns={"ratio_equal_compute": "training_ratio"})
    return table[[column for column in TABLE if score_label or column != "interval"]]
