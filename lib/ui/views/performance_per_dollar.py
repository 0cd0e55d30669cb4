"""The page of what quality costs: scores under one protocol against one kind of cost. No Streamlit inside."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import cost_bases, cost_estimates, cost_frontier, cost_words, measured_costs, panel, renown, sizes
from lib.analysis.cost_bases import BASES, CORRECT, ENERGY, MEMORY, RUN, SELF, TIME, TRAINING, Basis, TokenCount
from lib.analysis.cost_estimates import Serving
from lib.analysis.cost_frontier import CostFrontier
from lib.analysis.listed_prices import CURRENT_DAYS, Blend, Host, Price
from lib.analysis.sizes import SizeBy
from lib.figures import performance_per_dollar as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import Later, finished
from lib.ui.page import padded
from lib.ui.traces import Traces
from lib.ui.views import performance_choice as choice
from lib.ui.views import performance_words as words
from lib.ui.views import scores
from lib.ui.views.performance_choice import Filters
from lib.ui.views.performance_traces import COST, SCORE, CostTraces

DRAWN = (
    "model", "name", "cost", "cost_low", "cost_high", "score", "ci_low", "ci_high", "side", "p_on", "p_near", "on_line",
    "verdict", "is_headline", "told",
)  # fmt: skip
OF_RUN = ("evaluator", "document", "evaluated_on", "source", "source_title", "source_url", "source_date")
NO_VARIANTS = "another variant of the same base model stands for them (a switch under More shows all)"


class PerformanceView(NamedTuple):
    """The page's parts; ``figure`` is None where no model has both a score and a cost, and ``coverage`` says why."""

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    labels: dict[str, str]
    traces: Traces
    rows: Later[pd.DataFrame]
    left_out: dict[str, int]


def performance_view(
    frames: Frames,
    *,
    chosen_set: str,
    protocol: str,
    basis: str,
    blend: Blend,
    host: Host,
    target: float,
    by: SizeBy,
    threshold: float,
    filters: Filters,
    prices: tuple[Price, ...],
) -> PerformanceView:
    """Models with a score and a cost, the frontier, and the cheapest shown to be above the target."""
    stands = scores.choice(frames, scores.members(chosen_set), protocol, filters.community)
    kind = BASES[basis]
    counts: dict[str, int] = {}
    measured = _mean(frames, chosen_set, protocol, filters.community)
    scored = _scored(frames, measured, by, threshold, filters, counts)
    count = choice.count_of(frames, chosen_set=chosen_set)
    took = measured_costs.of_scores(scored, frames.measurements, scores.members(chosen_set))
    costs = _costs(frames, scored, basis, count, blend, filters, prices, took)
    if basis in (RUN, CORRECT) and count is None:
        counts["no token counts published for this benchmark, and not measured"] = len(scored) - len(costs)
    else:
        _count_missing(scored, costs, basis, prices, counts)
    rows = scored[scored.index.isin(costs.index)].join(costs).reset_index()
    n_before = len(rows)
    if not filters.variants and len(rows):
        rows = cost_frontier.one_per_base(rows, frames.models, renown.places_measured(frames.runs))
    counts[NO_VARIANTS] = n_before - len(rows)
    found = cost_frontier.cost_frontier(rows, target, n_variants=n_before - len(rows))
    title = words.title(frames, chosen_set, found.rows)
    benchmark = words.benchmark_words(frames, chosen_set)
    axis = f"{kind.axis}{words.of_axis(frames, found.rows, basis, blend, filters)}, log scale)"
    drawn = found.rows[list(DRAWN)]
    ranges = "80% range of the estimate" if basis in words.ESTIMATED else "range over hosts"
    picture = None
    if len(drawn):
        picture = figure.performance_per_dollar(
            drawn,
            cost_label=axis,
            score_label=f"{title} (%)",
            target=target,
            written=kind.written,
            unit=kind.unit,
            chance=scores.baseline(frames, scores.members(chosen_set)),
        )
    return PerformanceView(
        cost_words.takeaway(found, kind, benchmark, filtered=filters.any()),
        finished(picture) if picture is not None else None,
        figure.legend(drawn, target=target, ranges=ranges) if len(drawn) else [],
        f"{title} against {kind.label.lower()} of {formats.counted(len(drawn), 'model')}, with 95% intervals, the frontier and "
        f"a target of {cost_words.target_words(target)}.",
        words.coverage(found, stands, basis, blend, host, count, prices) + words.assumed(frames, basis, filters),
        _table(found, kind, basis),
        words.labels(kind, target, benchmark),
        _traces(found),
        Later(lambda: _rows(frames, found, stands.label, kind, blend, host)),
        {reason: n for reason, n in counts.items() if n > 0},
    )


def _scored(
    frames: Frames, measured: pd.DataFrame, by: SizeBy, threshold: float, filters: Filters, counts: dict[str, int]
) -> pd.DataFrame:
    """One row per model that passes the filters and has a complete score: its score, size and side."""
    models = sizes.with_size(frames.models, by, threshold)
    kept = sizes.keep(
        models,
        include_community=filters.community,
        include_variants=True,
        size_classes=filters.size_classes,
        only_open_weights=filters.only_open,
    )
    has_score = models.index.isin(measured.index)
    counts["no complete score under this protocol"] = int((kept.mask & ~has_score).sum())
    for one in kept.removed:
        counts[one.filter] = one.n_removed
    shown = models[kept.mask & has_score]
    own = shown[["name", "size", "size_class", "side"]].astype({"name": object})
    return own.join(measured).rename_axis("model")


@lru_cache(maxsize=16)
def _mean(frames: Frames, chosen_set: str, protocol: str, community: bool) -> pd.DataFrame:
    """Score of each model over the set, index ``model``: with the counts and the runs of the whole panel. Read-only."""
    measured = scores.choice(frames, scores.members(chosen_set), protocol, community).measured
    fields = ["score", "stderr", "ci_low", "ci_high", "has_interval", "cautions"]
    complete = panel.complete(measured.rows, measured.benchmarks or ("",))
    if not complete.models:
        nothing = pd.DataFrame(columns=[*fields, "n_samples", "n_correct", "run"], index=pd.Index([], name="model"))
        numbers = (*fields[:4], "n_samples", "n_correct")
        return nothing.astype({**dict.fromkeys(numbers, float), "has_interval": bool})
    mean = panel.mean(complete)[fields]
    is_one = len(measured.benchmarks) == 1
    n, k = (complete.matrix(name).astype(float) for name in ("n_samples", "n_correct"))
    runs = [" ".join(dict.fromkeys(str(one) for one in row)) for row in complete.matrix("run")]
    return mean.assign(n_samples=n.sum(axis=1), n_correct=k[:, 0] if is_one else np.nan, run=runs)


def _costs(
    frames: Frames,
    scored: pd.DataFrame,
    basis: str,
    count: TokenCount | None,
    blend: Blend,
    filters: Filters,
    prices: tuple[Price, ...],
    took: pd.DataFrame,
) -> pd.DataFrame:
    """Index ``model``, ``cost_bases.COST_COLUMNS``; what was measured goes before what is assumed."""
    if basis == MEMORY:
        return cost_bases.of_memory(frames.models, frames.reference("model_arch"), filters.bits, filters.context)
    if basis in (RUN, CORRECT):
        paid = measured_costs.of_money(scored, took, per_correct=basis == CORRECT)
        if count is None:
            return paid
        assumed = cost_bases.of_running(prices, scored, count, per_correct=basis == CORRECT)
        return pd.concat([paid, assumed[~assumed.index.isin(paid.index)]]) if len(paid) else assumed
    if basis == TIME:
        return measured_costs.of_time(scored, took)
    if basis in (SELF, ENERGY, TRAINING):
        return _estimated(frames, scored, basis, blend, filters)
    return cost_bases.of_prices(prices)


def _estimated(frames: Frames, scored: pd.DataFrame, basis: str, blend: Blend, filters: Filters) -> pd.DataFrame:
    """Costs of serving and training on chosen hardware; none where the store has no such hardware."""
    shapes, hardware, measured = choice.serving_tables(frames)
    if filters.hardware not in hardware.index:
        return cost_bases.nothing()
    if basis == TRAINING:
        return cost_estimates.of_training(
            frames.models.loc[scored.index], hardware, filters.hardware, filters.usd_per_hour
        )
    how = Serving(
        filters.hardware, filters.weight_format, filters.batch, filters.utilisation, blend, filters.usd_per_hour
    )
    names = [str(one) for one in scored.index]
    return cost_estimates.of_serving(names, how, shapes, hardware, measured, is_energy=basis == ENERGY)


def _count_missing(
    scored: pd.DataFrame, costs: pd.DataFrame, basis: str, prices: tuple[Price, ...], counts: dict[str, int]
) -> None:
    """Why models with a score have no cost."""
    missing = scored.index[~scored.index.isin(costs.index)]
    if basis in words.NOT_PRICED:
        counts[words.NOT_PRICED[basis]] = len(missing)
        return
    old = missing.isin([one.model for one in prices if not one.is_current])
    counts["no list price known"] = int((~old).sum())
    counts[f"price older than {CURRENT_DAYS} days"] = int(old.sum())


def _table(found: CostFrontier, kind: Basis, basis: str) -> pd.DataFrame:
    """Rows for the eye, cheapest first."""
    rows = found.rows
    records = rows.to_dict("records")
    data: dict[str, object] = {
        "name": rows["name"].to_numpy(object),
        "size": rows["size"].to_numpy(float),
        SCORE: padded(formats.interval(row["score"], row["ci_low"], row["ci_high"]) for row in records),
        COST: [kind.written(row["cost"]) + words.mark(row, basis) for row in records],
        "verdict": [cost_words.verdict(row, found.target) for row in records],
        "score:on": [formats.score(row["p_on"], 0) for row in records],
        "score:near": [formats.score(row["p_near"], 0) for row in records],
        "holds": ["holds" if row["is_confirmed"] else "–" for row in records],
        "told": [str(row["told"]) for row in records],
    }
    if rows["cautions"].astype(bool).any():
        data["cautions"] = rows["cautions"].to_numpy(object)
    return pd.DataFrame(data)


def _traces(found: CostFrontier) -> CostTraces:
    rows = found.rows
    runs = [str(one) for one in rows["run"]]
    behind = np.where(rows["fields"] != "", rows["fields"], rows["source"]).astype(object)
    columns = (SCORE, "score:on", "score:near", "verdict")
    return CostTraces(
        [str(one) for one in rows["model"]], dict.fromkeys(columns, runs), {}, (), [str(one) for one in behind]
    )


def _rows(frames: Frames, found: CostFrontier, label: str, kind: Basis, blend: Blend, host: Host) -> pd.DataFrame:
    """One row per model, with what its numbers rest on, for the download."""
    rows = (
        found.rows.drop(columns=["fields"])
        .rename(columns={"source": "cost_source", "told": "cost_told"})
        .assign(
            target=found.target, basis=kind.label, cost_unit=kind.heading, blend=blend.words, hosts=host, protocol=label
        )
    )
    runs = frames.runs.drop_duplicates("run").set_index("run")[list(OF_RUN)]
    return rows.assign(first=rows["run"].astype(str).str.split(" ").str[0]).join(runs, on="first").drop(columns="first")
