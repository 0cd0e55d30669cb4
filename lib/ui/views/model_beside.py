"""A model beside others: its neighbours in size under one protocol, what it costs, and what it scored on its way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import checkpoint_scores, measurements, protocols
from lib.analysis.listed_prices import folded, in_force
from lib.analysis.neighbours import SAME, SMALLER, neighbours
from lib.analysis.sizes import SizeBy
from lib.figures import checkpoint_curve as curve_figure
from lib.figures.legend import Legend
from lib.schema.columns import SIZES
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.store.model_prices import READER
from lib.ui.finished import finished
from lib.ui.page import padded
from lib.ui.traces import Traces, texts
from lib.ui.views import model_results, scores

NEIGHBOUR_LABELS = {"relation": "Beside it", "interval": "Score"}
PRICE_LABELS = {
    "provider": "Provider",
    "api_name": "Name there",
    "input": "Input",
    "output": "Output",
    "cached": "Cached input",
    "batch": "In batches",
    "valid": "Valid",
    "listed_by": "Listed by",
    "remarks": "Remarks",
}
CURVE_LABELS = {"interval": "Score", "state": "State"}


class NeighboursView(NamedTuple):
    """Models next in size; ``table`` is empty where none can be named, and ``said`` says why."""

    said: Sentence
    coverage: str
    table: pd.DataFrame
    traces: Traces


class CurveView(NamedTuple):
    """One curve; ``figure`` is None where no state has a place on the axis."""

    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    traces: Traces
    rows: pd.DataFrame


def beside_options(frames: Frames, *, model: str) -> dict[str, str]:
    """Benchmarks on which the model can be compared with others: the favourite first, then by number of models."""
    rows = model_results.scores_of_model(frames, model).rows
    own = rows[((rows["part_of"] == "") & rows["is_share"].astype(bool)).to_numpy(bool)]
    labels = dict(zip(own["benchmark"].astype(str), own["benchmark_label"].astype(str), strict=True))
    offered = {name: label for name, label in scores.benchmark_options(frames).items() if name in labels}
    favourite = {scores.FAVOURITE: offered[scores.FAVOURITE]} if scores.FAVOURITE in offered else {}
    return favourite | offered


def has_size(frames: Frames, *, model: str, by: SizeBy) -> bool:
    """Whether the model can stand in a row by size."""
    return formats.known(frames.models[SIZES[by]][model])


def beside_protocols(frames: Frames, *, model: str, benchmark: str) -> dict[str, str]:
    """Protocols of a benchmark under which this model and another were measured: key to words, widest first."""
    cut = scores.grouping(frames, (benchmark,))
    is_own = (cut.scores["model"] == model).to_numpy(bool) & ~cut.scores["is_checkpoint"].to_numpy(bool)
    own = set(cut.scores["identity"][is_own])
    shown = cut.protocols[[row[0] in own for row in cut.protocols["identities"]]]
    others = shown["n_models"] - int(frames.models["origin"][model] != "community")
    prefix = f"{scores.label_of(frames, benchmark)}, "
    return {
        str(key): f"{formats.counted(others[str(key)], 'other model')} · {str(label).removeprefix(prefix)}"
        for key, label in shown["label"].items()
        if others[str(key)] > 0
    }


def neighbours_view(frames: Frames, *, model: str, benchmark: str, protocol: str, by: SizeBy) -> NeighboursView:
    """Neighbours in size under a protocol; under the widest of the benchmark that holds the model where it is none."""
    models = frames.models
    name = str(models["name"][model])
    cut = scores.grouping(frames, (benchmark,))
    key = protocol if protocol in cut.protocols.index else protocols.widest(cut, model)
    label = scores.label_of(frames, benchmark)
    if key is None:
        return _no_neighbours(f"No other model was measured on {label} as {name} was.")
    measured = measurements.measure(cut, key, models=models, include_community=True)
    found = neighbours(models, measured, model, by)
    if len(found.rows) < 2:
        why = (
            "its size is not published" if not len(found.rows) else f"no other model was measured on {label} as it was"
        )
        return _no_neighbours(f"{name} has no neighbours in size here: {why}.")
    rows = _as_shown(found.rows, model)
    own = rows[(rows["model"] == model).to_numpy(bool)].iloc[0]
    others = rows[(rows["model"] != model).to_numpy(bool)]
    smaller = others[(others["relation"] == SMALLER).to_numpy(bool)]
    n_beaten = int((smaller["score"] > own["score"]).sum())
    said = sentence(
        f"On {label}, measured the same way, {name} scored ",
        Span(formats.interval(own["score"], own["ci_low"], own["ci_high"]), "strong"),
        f". {_smaller_in_words(len(smaller), n_beaten)}",
    )
    table = pd.DataFrame(
        {
            "name": rows["name"],
            "relation": rows["relation"],
            "size": rows["size"],
            "interval": padded(
                formats.interval(*one) for one in zip(rows["score"], rows["ci_low"], rows["ci_high"], strict=True)
            ),
            "n_samples": rows["n_samples"],
            "training_tokens": rows["training_tokens"],
            "released_on": rows["released_on"],
        }
    )
    runs = texts(rows["run"].tolist())
    traces = Traces(
        texts(rows["model"].tolist()),
        {"interval": runs, "n_samples": runs},
        {"interval": benchmark, "n_samples": benchmark},
    )
    coverage = [str(cut.protocols.at[key, "label"])]
    cautions: tuple[str, ...] = tuple(cut.protocols["cautions"][key])
    coverage += [f"with caution: {'; '.join(cautions)}"] if cautions else []
    if found.n_same_left:
        coverage.append(f"{formats.counted(found.n_same_left, 'more model')} of exactly this size not shown")
    return NeighboursView(said, " · ".join(coverage), table, traces)


def _as_shown(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """The neighbours with ``relation`` as the printed sizes have it: 7.615B is not "smaller" beside 7.616B, both 7.6B."""
    shown = rows["size"].map(formats.parameters)
    is_equal = (shown == shown[rows["model"] == model].iloc[0]) & (rows["model"] != model)
    return rows.assign(relation=rows["relation"].mask(is_equal, SAME))


def _smaller_in_words(n: int, n_higher: int) -> str:
    """How many of the next smaller models have a higher score; intervals are in the table."""
    if n == 0:
        return "No smaller model was measured this way."
    if n == 1:
        return f"The next smaller model scored {'more' if n_higher else 'no more'}."
    told = {0: "none", n: "all"}.get(n_higher, str(n_higher))
    return f"Of the {n} next smaller models, {told} scored more."


def _no_neighbours(why: str) -> NeighboursView:
    return NeighboursView(sentence(why), "", pd.DataFrame(), Traces([]))


def price_table(prices: pd.DataFrame, today: str) -> tuple[pd.DataFrame, Traces]:
    """List prices in words; where they come from.

    Args:
        prices: ``lib.store.model_prices.prices_of``.
        today: ISO day.
    """
    prices = folded(prices)
    rows = prices.to_dict("records")
    now = in_force(prices.assign(model=""), today)
    ages = dict(zip(now.index, zip(now["age_days"], now["is_current"], strict=True), strict=True))
    places = list(prices.index)
    table = pd.DataFrame(
        {
            "provider": [str(row["provider"]) for row in rows],
            "api_name": [str(row["api_name"]) for row in rows],
            "input": [formats.usd(row["input_usd_per_mtok"]) for row in rows],
            "output": [formats.usd(row["output_usd_per_mtok"]) for row in rows],
            "cached": [formats.usd(row["cached_input_usd_per_mtok"]) for row in rows],
            "batch": [_batch(row) for row in rows],
            "valid": [_period(row) for row in rows],
            "listed_by": [formats.one_line(row["listed_by"] or "").replace("+", ", ") for row in rows],
            "remarks": [_remark(row, today, ages.get(place)) for place, row in zip(places, rows, strict=True)],
        }
    )
    return table, Traces([""] * len(rows), sources=texts([row["source_digest"] for row in rows]))


def _batch(row: Mapping[Any, Any]) -> str:
    """``$0.50 in, $1.50 out``."""
    read, written = (formats.usd(row[f"batch_{name}_usd_per_mtok"]) for name in ("input", "output"))
    return formats.UNKNOWN if read == written == formats.UNKNOWN else f"{read} in, {written} out"


def _remark(row: Mapping[Any, Any], today: str, age: tuple[float, bool] | None) -> str:
    """Whether a price holds today, and how old it is."""
    told = ["your own"] if row["origin"] == READER else []
    if row["is_stale_risk"]:
        told.append("may be out of date")
    elif age is None:
        told.append("not yet" if str(row["valid_from"] or "") > today else "no longer")
    elif not age[1]:
        told.append(f"not current: last seen {formats.count(age[0])} days ago")
    else:
        told.append("current")
    return ", ".join(told)


def _period(row: Mapping[Any, Any]) -> str:
    """``from 27 Oct 2025, seen until 21 Nov 2026``, and whether a day is when it was first seen rather than set."""
    first, last = formats.date(row["valid_from"]), formats.date(row["valid_to"])
    seen = formats.date(row["last_seen"])
    words = {"on or before": f"on or before {first}"}.get(str(row["valid_from_kind"]), f"from {first}")
    told = [words] if first != formats.UNKNOWN else []
    if last != formats.UNKNOWN:
        told.append(f"last seen {last}" if row["valid_to_kind"] == "last seen" else f"until {last}")
    elif seen != formats.UNKNOWN:
        told.append(f"still listed {seen}")
    return ", ".join(told) or formats.UNKNOWN


@lru_cache(maxsize=8)
def _states(frames: Frames, model: str) -> pd.DataFrame:
    """Results of the model's runs that say how many tokens it had seen. Read-only."""
    runs = frames.runs
    is_own = (runs["model"] == model).to_numpy(bool) & runs["training_tokens"].notna().to_numpy(bool)
    if not runs["is_checkpoint"].to_numpy(bool)[is_own].any():
        return frames.scores_of(())
    return frames.scores_of(runs.index[is_own])


def curve_benchmarks(frames: Frames, *, model: str) -> dict[str, str]:
    """Benchmarks with a curve: value to words, whole ones first, then those
    with most states, then those that moved most; empty without checkpoints."""
    counts = checkpoint_scores.benchmarks_of(_states(frames, model))
    known = frames.benchmarks
    is_part = {str(name): bool(known["part_of"].get(name, "")) for name in counts.index}
    width = checkpoint_scores.rise(_states(frames, model)).reindex(counts.index).fillna(0)
    order = np.lexsort(
        (-width.to_numpy(float), -counts.to_numpy(float), np.array([is_part[str(n)] for n in counts.index]))
    )
    labels = {str(name): scores.label_of(frames, str(name)) for name in counts.index}
    return {
        str(counts.index[i]): f"{labels[str(counts.index[i])]} ({formats.counted(counts.iloc[i], 'state')})"
        for i in order
    }


@lru_cache(maxsize=8)
def _curves(frames: Frames, model: str, benchmark: str) -> tuple[protocols.Grouping, pd.Series]:
    return checkpoint_scores.protocols_of(_states(frames, model), benchmark, frames.benchmarks)


def curve_protocols(frames: Frames, *, model: str, benchmark: str) -> dict[str, str]:
    """Protocols of a benchmark with a curve: key to words with the number of states."""
    cut, counts = _curves(frames, model, benchmark)
    own = f"{scores.label_of(frames, benchmark)}, "
    return {
        str(key): f"{str(cut.protocols.at[key, 'label']).removeprefix(own)} · {formats.counted(n, 'state')}"
        for key, n in counts.items()
    }


def curve_view(frames: Frames, *, model: str, benchmark: str, protocol: str) -> CurveView:
    """Score against training tokens under one protocol of ``curve_protocols``."""
    cut, _ = _curves(frames, model, benchmark)
    found = checkpoint_scores.curve(cut, protocol, frames.models)
    name = str(frames.models["name"][model])
    points = found.points.assign(name=name)
    chance = scores.baseline(frames, (benchmark,))
    label = scores.label_of(frames, benchmark)
    figure, legend = None, Legend()
    has_place = (points["training_tokens"] > 0).to_numpy(bool)
    if has_place.any():
        figure = finished(curve_figure.checkpoint_curve(points, score_label=f"{label} (%)", chance=chance))
        legend = curve_figure.legend(points, chance=chance)
    before = points[~has_place]
    coverage = [found.label]
    coverage += [f"before training {formats.score(s)}, not on the axis" for s in before["score"].head(1)]
    coverage += [f"with caution: {'; '.join(found.cautions)}"] if found.cautions else []
    table = pd.DataFrame(
        {
            "training_tokens": points["training_tokens"],
            "state": [_state(row) for row in points.to_dict("records")],
            "interval": padded(
                formats.interval(*one) for one in zip(points["score"], points["ci_low"], points["ci_high"], strict=True)
            ),
            "n_samples": points["n_samples"],
        }
    )
    runs = texts(points["run"].tolist())
    columns = ("training_tokens", "state", "interval", "n_samples")
    return CurveView(
        figure,
        legend,
        f"{label} of {name} against training tokens seen, {len(points)} states of training.",
        " · ".join(coverage),
        table,
        Traces([model] * len(points), dict.fromkeys(columns, runs), dict.fromkeys(columns, benchmark)),
        points.drop(columns="name").assign(benchmark=benchmark, protocol=found.label),
    )


def _state(row: Mapping[Any, Any]) -> str:
    revision = row["revision"]
    told = formats.one_line(revision, 60) if isinstance(revision, str) and revision else ""
    return " · ".join(one for one in (told, "finished" if row["is_final"] else "") if one)
