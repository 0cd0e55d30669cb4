"""The page of what quality costs: scores under one protocol against one kind of cost. No Streamlit inside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import cost_answer, cost_words
from lib.analysis.cost_bases import BASES, Basis
from lib.analysis.cost_frontier import CostFrontier
from lib.analysis.listed_prices import Blend, Host, Price
from lib.analysis.sizes import SizeBy
from lib.figures import performance_per_dollar as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import Later, finished
from lib.ui.page import padded
from lib.ui.traces import Traces
from lib.ui.views import performance_words as words
from lib.ui.views import scores
from lib.ui.views.performance_choice import Filters
from lib.ui.views.performance_traces import COST, SCORE, CostTraces

DRAWN = (
    "model", "name", "cost", "cost_low", "cost_high", "score", "ci_low", "ci_high", "side", "p_on", "p_near", "on_line",
    "verdict", "is_headline", "told",
)  # fmt: skip
OF_RUN = ("evaluator", "document", "evaluated_on", "source", "source_title", "source_url", "source_date")


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
    of = cost_answer.answer(
        frames,
        scores.members(chosen_set),
        protocol=protocol,
        basis=basis,
        blend=blend,
        target=target,
        by=by,
        threshold=threshold,
        filters=filters,
        prices=prices,
    )
    found, stands, kind = of.found, of.stands, BASES[basis]
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
        words.coverage(found, stands, basis, blend, host, of.tokens, prices) + words.assumed(frames, basis, filters),
        _table(found, kind, basis),
        words.labels(kind, target, benchmark),
        _traces(found),
        Later(lambda: _rows(frames, found, stands.label, kind, blend, host)),
        of.left_out,
    )


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
