"""The Overview: records on one benchmark, and the three findings."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import cheapest_choice, findings, origins, records, renown, score_dates, takeaways
from lib.analysis.sizes import SizeBy
from lib.figures import records as records_figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.page import padded
from lib.ui.traces import Traces, texts
from lib.ui.views import scores

LABELS = {"target": "Reaches", "size": "Parameters", "interval": "Score", "verdict": "Verdict"}


class RecordsView(NamedTuple):
    """Records as the page shows them.

    Args:
        figure: None when there is nothing to draw.
        coverage: Plain text: protocol, number of models, cautions.
        table: One row per record for the eye; ``rows`` the same for downloads, exact.
        left_out: Reason to number of models.
    """

    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    rows: pd.DataFrame
    traces: Traces
    left_out: dict[str, int]


def records_view(frames: Frames, *, benchmark: str, protocol: str, by: SizeBy, published: bool) -> RecordsView:
    """Staircases under one protocol and, pale, one line as published."""
    chosen = scores.choice(frames, (benchmark,), protocol)
    label = scores.label_of(frames, benchmark)
    own = records.records(chosen.measured.rows, frames.models, by=by, chance=scores.baseline(frames, (benchmark,)))
    best = records.published_best(frames.scores([benchmark]))
    printed = _published(frames, best, own, by) if published else None
    steps = own.steps if printed is None else pd.concat([own.steps, printed.steps], ignore_index=True)
    figure = None
    if len(steps):
        drawn = records_figure.records(steps, size_label=COLUMNS[SIZES[by]].axis, end_on=_end(own, printed))
        figure = finished(drawn)
    n_measured = chosen.measured.rows["model"].nunique()
    who = formats.counted(n_measured, "model")
    if own.n_models < n_measured:
        who = f"{formats.count(own.n_models)} of {who} can set a record, the others are counted under Left out"
    coverage = [f"Smallest model scoring at least this on {chosen.label}", who]
    coverage += [dates] if (dates := score_dates.in_words(chosen.measured.rows["run"], frames.runs)) else []
    coverage += [f"with caution: {'; '.join(chosen.cautions)}"] if chosen.cautions else []
    rows = _rows(frames, steps, chosen, best)
    return RecordsView(
        takeaways.overview(own, label, printed),
        figure,
        records_figure.legend(steps) if len(steps) else [],
        f"Smallest model known to reach each score on {label}, by release date; {len(steps)} records.",
        " · ".join(coverage),
        _table(steps),
        rows,
        Traces(texts(rows["model"].tolist()), {"interval": texts(rows["run"].tolist())}, {"interval": benchmark}),
        own.excluded,
    )


def findings_view(frames: Frames, *, by: SizeBy) -> tuple[findings.Finding, ...]:
    """The three findings, on the default benchmarks."""
    sets = scores.benchmark_sets(frames)
    members = scores.members(next(iter(sets), scores.FAVOURITE))
    return findings.findings(
        frames.models,
        scores.grouping(frames, members),
        by=by,
        places_measured=renown.places_measured(frames.runs),
        chance=cheapest_choice.chance_of(frames.benchmarks, members),
    )


def _published(frames: Frames, best: pd.DataFrame, own: records.Records, by: SizeBy) -> records.Records | None:
    """One target as published: of the targets shown, the one that most printed records were set on; else any."""
    targets = sorted(own.steps["target"].unique()) or None
    found = records.records(best, frames.models, targets, "published", by=by)
    if found.steps.empty:
        return None
    most = found.steps["target"].value_counts().idxmax()
    return found._replace(steps=found.steps[found.steps["target"] == most].reset_index(drop=True))


def _end(own: records.Records, printed: records.Records | None) -> pd.Timestamp:
    days = [one.end_on for one in (own, printed) if one is not None and pd.notna(one.end_on)]
    return max(days)


def _rows(frames: Frames, steps: pd.DataFrame, chosen: scores.Choice, best: pd.DataFrame) -> pd.DataFrame:
    """The steps with where each score comes from."""
    is_own = steps["view"] == "protocol"
    own = origins.with_origin(steps[is_own], chosen.measured.rows, frames.runs, chosen.label)
    printed = origins.with_origin(steps[~is_own], best, frames.runs, "as published, evaluators differ")
    return pd.concat([part for part in (own, printed) if len(part)] or [own], ignore_index=True)


def _table(steps: pd.DataFrame) -> pd.DataFrame:
    intervals = zip(steps["score"], steps["ci_low"], steps["ci_high"], strict=True)
    return pd.DataFrame(
        {
            "target": [formats.score(target, 0) for target in steps["target"]],
            "name": steps["name"],
            "size": steps["size"],
            "released_on": steps["released_on"],
            "interval": padded(formats.interval(*one) for one in intervals),
            "verdict": [_verdict(step) for step in steps.itertuples()],
        }
    )


def _verdict(step: Any) -> str:
    """What the step shows, in words."""
    if step.view == "published":
        evaluator = "its makers" if step.evaluator == "document" else step.evaluator
        return f"as published by {evaluator}; evaluators differ"
    if step.is_filled:
        return "shown to be above"
    return "reached; no interval" if pd.isna(step.ci_low) else "reached; its interval goes below"
