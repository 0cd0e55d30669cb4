"""The page of upsets: a family of tests, what of it passes the filters, drawn and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import run_to_run, upset_answers, upset_filters, upset_words, upsets
from lib.analysis.sizes import SizeBy
from lib.analysis.upset_filters import Filters, Order
from lib.analysis.upsets import Family
from lib.figures import upsets as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.samples import logs_of, read_samples
from lib.ui.finished import Later, finished
from lib.ui.traces import Trace, Traces
from lib.ui.views import scores

LISTED = 300
"""Rows of each table at most; the download has as many as ``TAKEN``."""
TAKEN = 200_000
DRAWN = {figure.HOLDS: 900, figure.LEADS: 350, figure.BEHIND: 500}
"""Marks of each kind at most."""
HEAD_TO_HEAD = "head-to-head"
LINK = "link"
LABELS = {
    "small": "Smaller, leads", "large": "Larger", "benchmark": "Benchmark", "size_ratio": "Times larger",
    "score:lead": "Lead, points", "score:low": "At least, points", "score:q": "Adjusted p", "score:any": "Any dependence",
    "tested": "Tested", "marks": "Doubts",
    LINK: "Is it really better?",
}  # fmt: skip


@dataclass(frozen=True)
class PairTraces(Traces):
    """Traces of rows that are comparisons: ``models`` are their keys, ``cells`` what each is about."""

    cells: Sequence[Trace] = ()

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell: the runs of both models, or the size of both."""
        if not 0 <= row < len(self.cells):
            return None
        one = self.cells[row]
        return one._replace(runs=(), fields=("params_total", "params_active")) if column == "size_ratio" else one


class ListTable(NamedTuple):
    """One of the two lists.

    Args:
        table: For the eye, the first ``LISTED``.
        traces: Of the table.
        pairs: Small and large id of each row.
        n: Comparisons that pass the filters, listed or not.
        rows: All of them, up to ``TAKEN``, as computed.
    """

    table: pd.DataFrame
    traces: PairTraces
    pairs: tuple[tuple[str, str], ...]
    n: int
    rows: Later[pd.DataFrame]


class UpsetsView(NamedTuple):
    """The page's parts; ``figure`` is None when nothing was tested, or nothing passes."""

    takeaway: Sentence
    counts: str
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    marks: PairTraces
    holds: ListTable
    leads: ListTable
    unlisted: str
    left_out: dict[str, int]


class Options(NamedTuple):
    """What the filters offer: value to words; years are None where they do not differ."""

    families: dict[str, str]
    categories: dict[str, str]
    years: tuple[int, int] | None


@lru_cache(maxsize=4)
def families(
    frames: Frames, store: Store | None, chosen_set: str, protocol: str, by: SizeBy, community: bool
) -> tuple[dict[float, Family], scores.Choice]:
    """The families of the three ratios under a protocol, tested once for all readers and filters. Read-only.

    Stored answers to the same questions are read from ``store``; without it pairing is ignored.
    """
    choice = scores.choice(frames, scores.members(chosen_set), protocol, community)
    of = upsets.cells(choice.measured, frames.models, by=by)
    return upsets.families(of, None if store is None else _answers(frames, store, of, choice)), choice


def _answers(frames: Frames, store: Store, of: upsets.Cells, choice: scores.Choice) -> upsets.StoredAnswers | None:
    return upset_answers.stored_answers(
        of,
        choice.rows,
        frames,
        lambda runs: logs_of(store, runs),
        lambda log, columns: read_samples(store, *log, columns),
    )


def filter_options(
    frames: Frames, *, store: Store | None, chosen_set: str, protocol: str, by: SizeBy, community: bool
) -> Options:
    """Families, categories and years of the models that were tested."""
    of = families(frames, store, chosen_set, protocol, by, community)[0][upsets.RATIOS[0]].cells
    known = of.models["base_family"].replace("", np.nan).dropna().value_counts()
    kinds = frames.benchmarks["category"].reindex(list(of.benchmarks)).dropna().astype(str).value_counts().sort_index()
    years = of.models["released_on"].dt.year.dropna()
    return Options(
        {str(name): f"{name} ({n})" for name, n in known.items()},
        {str(name): str(name) for name in kinds.index},
        (int(years.min()), int(years.max())) if years.nunique() > 1 else None,
    )


def upsets_view(
    frames: Frames,
    *,
    store: Store | None,
    chosen_set: str,
    protocol: str,
    by: SizeBy,
    community: bool,
    ratio: float,
    filters: Filters,
    order: Order,
) -> UpsetsView:
    """What was tested, and what of it passes the filters."""
    found, choice = families(frames, store, chosen_set, protocol, by, community)
    of = found[ratio]
    categories = frames.benchmarks["category"]
    seen = upset_filters.seen(of, filters, categories)
    usual = _usual(frames, choice)
    parts = (frames, of, usual, order)
    holds, leads = _list(*parts, seen.holds), _list(*parts, seen.leads)
    drawn, marks = _drawn(frames, of, seen, filters, categories)
    line = float(usual.get(of.cells.benchmarks[0], np.nan)) if len(of.cells.benchmarks) == 1 else np.nan
    usual_line = line if line == line else None
    return UpsetsView(
        upset_words.takeaway(of, seen, filters),
        upset_words.counts(of, upset_filters.sides(of, seen.holds), len(seen.holds)),
        finished(figure.upsets(drawn, usual=usual_line)) if len(drawn) else None,
        figure.legend(drawn, usual=usual_line) if len(drawn) else [],
        f"Lead of the smaller model against the ratio of sizes, {formats.counted(len(drawn), 'comparison')} drawn; "
        f"{formats.count(len(seen.holds))} hold at 5% false discoveries.",
        _coverage(of, choice, drawn),
        marks,
        holds,
        leads,
        upset_words.unlisted(of),
        _left_out(of),
    )


def _usual(frames: Frames, choice: scores.Choice) -> pd.Series:
    evaluator = None if choice.key is None else choice.grouping.protocols.at[choice.key, "evaluator"]
    return run_to_run.r90_of(frames.reference("repeat_runs"), evaluator)


def _list(frames: Frames, of: Family, usual: pd.Series, order: Order, at: upsets.Places) -> ListTable:
    shown = upset_filters.first_of(of, at, order, LISTED)
    rows = upsets.rows(of, shown, r90=usual)
    benchmarks = {name: scores.label_of(frames, name) for name in of.cells.benchmarks}
    table = pd.DataFrame(
        {
            "small": rows["small_name"],
            "large": rows["large_name"],
            "benchmark": rows["benchmark"].map(benchmarks),
            "size_ratio": rows["size_ratio"].round(1),
            "score:lead": [_points(v) for v in rows["delta"]],
            "score:low": [_points(v) for v in rows["delta_low"]],
            "score:q": [upset_words.p_value(v) for v in rows["q"]],
            "score:any": ["holds" if v else "not shown" for v in rows["holds_any"]],
            "marks": [_marks(*one) for one in zip(rows["is_below_r90"], rows["cautions"], strict=True)],
            LINK: [_address(*one) for one in zip(rows["small"], rows["large"], strict=True)],
        }
    )
    if of.answers is not None:
        tested = [upset_words.tested(one) for one in rows.to_dict("records")]
        table.insert(list(table.columns).index("marks"), "tested", tested)
    if len(shown) and shown[0] >= of.n_holds:
        # What does not hold does not hold under any dependence either.
        table = table.drop(columns="score:any")
    pairs = tuple((str(a), str(b)) for a, b in zip(rows["small"], rows["large"], strict=True))
    return ListTable(
        table,
        _traces(rows),
        pairs,
        len(at),
        Later(lambda: upsets.rows(of, upset_filters.first_of(of, at, order, TAKEN), r90=usual)),
    )


def _points(value: float) -> str:
    text = formats.points(value).removesuffix(" points")
    # Text sorts like the number only where the digits before the point are as many.
    return text if len(text) > 4 else f" {text}"


def _marks(is_below: bool, cautions: str) -> str | None:
    told = ([run_to_run.MARK] if is_below else []) + ([cautions] if cautions else [])
    return "; ".join(told) or None


def _address(small: str, large: str) -> str:
    """Of the page that holds the two against each other, beside this one."""
    return f"{HEAD_TO_HEAD}?{urlencode({'a': small, 'b': large})}"


def _traces(rows: pd.DataFrame) -> PairTraces:
    columns = ("small", "large", "benchmark", "run_small", "run_large")
    values = list(zip(*(rows[name].tolist() for name in columns), strict=True))
    keys = [f"{small} over {large} on {benchmark}" for small, large, benchmark, *_ in values]
    cells = [Trace(s, tuple(run for run in runs if run), b, (), "", large) for s, large, b, *runs in values]
    return PairTraces(keys, cells=cells)


def _drawn(
    frames: Frames, of: Family, seen: upset_filters.Seen, filters: Filters, categories: pd.Series
) -> tuple[pd.DataFrame, PairTraces]:
    """Rows of the figure, thinned so that a browser can hold them, and where they come from."""
    own = of.cells
    size, names = own.models["size"].to_numpy(float), own.models["name"].to_numpy(object)
    passing = np.flatnonzero(upset_filters.passes(own, filters, categories, *of.behind))
    parts, traces = [], []
    for kind, at, (small, large, task) in (
        (figure.HOLDS, seen.holds, (of.small, of.large, of.task)),
        (figure.LEADS, seen.leads, (of.small, of.large, of.task)),
        (figure.BEHIND, passing, of.behind),
    ):
        i, j, t = small[at], large[at], task[at]
        ratio, delta = size[j] / size[i], own.score[i, t] - own.score[j, t]
        kept = figure.thinned(ratio, delta, DRAWN[kind])
        i, j, t = i[kept], j[kept], t[kept]
        ids = own.models.index.to_numpy(object)
        rows = pd.DataFrame(
            {
                "small": ids[i],
                "large": ids[j],
                "benchmark": np.array(own.benchmarks, dtype=object)[t],
                "run_small": own.run[i, t],
                "run_large": own.run[j, t],
            }
        )
        found = _traces(rows)
        traces.append(found)
        labels = {name: scores.label_of(frames, name) for name in own.benchmarks}
        parts.append(
            pd.DataFrame(
                {
                    "model": pd.Series(list(found.models), dtype=object),
                    "small": names[i],
                    "large": names[j],
                    "benchmark": rows["benchmark"].map(labels),
                    "size_ratio": ratio[kept],
                    "delta": delta[kept],
                    "delta_low": of.lower(at[kept]) if kind == figure.HOLDS else np.full(len(kept), np.nan),
                    "view": kind,
                }
            )
        )
    drawn = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    models = [key for one in traces for key in one.models]
    return drawn, PairTraces(models, cells=[cell for one in traces for cell in one.cells])


def _coverage(of: Family, choice: scores.Choice, drawn: pd.DataFrame) -> str:
    parts = [f"{formats.counted(len(of.cells.models), 'model')} tested", choice.label, upset_words.pairing(of)]
    n = of.n_tests
    parts += [f"{formats.count(len(drawn))} of {formats.counted(n, 'comparison')} drawn"] if len(drawn) < n else []
    parts += [f"with caution: {'; '.join(choice.cautions)}"] if choice.cautions else []
    return " · ".join(part for part in parts if part)


def _left_out(of: Family) -> dict[str, int]:
    """What was not tested: models and scores, then comparisons."""
    counts = dict(of.cells.excluded)
    if of.n_without_error:
        counts["comparisons with a standard error of 0 or none"] = of.n_without_error
    return counts
