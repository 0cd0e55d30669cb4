"""The page of the cheapest model that will do: who is shown to be within a margin of a reference. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import cheapest, cheapest_choice, cheapest_words, fits
from lib.analysis.cheapest import FAIL, NO_VERDICT, PASS, TOO_FEW_DATA, Answer, Pair
from lib.analysis.cheapest_choice import MONEY, Limits, Standing
from lib.analysis.listed_prices import BLEND, CHEAPEST, MEDIAN, Host, Price
from lib.analysis.side_by_side_words import short
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy
from lib.figures import cheapest as figure
from lib.figures.legend import Legend
from lib.schema.columns import COLUMNS
from lib.schema.text import Sentence
from lib.store.frames import Frames
from lib.ui.finished import Later, finished
from lib.ui.traces import Trace, Traces
from lib.ui.views import cheapest_choice as choice
from lib.ui.views import scores
from lib.ui.views.side_by_side_tables import SHAPE, memory_words

DECIDES, ON = "score:decides", "score:on:"
MOST_COLUMNS = 8
"""With more benchmarks the tables show the one that decides, and the download all."""
OF_RUN = ("evaluator", "document", "evaluated_on", "source", "source_title", "source_url", "source_date")


@dataclass(frozen=True)
class AgainstTraces(Traces):
    """Traces of differences to one model; a price leads to its file, memory to the facts behind it.

    Args:
        against: The model that all are held against.
        prices: Digest of the file of each row's price, '' for none.
    """

    against: str = ""
    prices: list[str] = field(default_factory=list)

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        if found is None:
            return None
        if column == "price":
            return found._replace(source=self.prices[row][:12] if self.prices else "")
        if column == "memory":
            return found._replace(fields=SHAPE)
        return found._replace(against=self.against) if found.runs else found


class CheapestView(NamedTuple):
    """The page's parts. ``figure`` is None where there is nothing to draw; ``passing`` and ``others`` are two tables."""

    question: str
    takeaway: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    passing: pd.DataFrame
    others: pd.DataFrame
    labels: dict[str, str]
    marks: AgainstTraces
    passing_traces: AgainstTraces
    others_traces: AgainstTraces
    family: str
    rows: Later[pd.DataFrame]
    left_out: dict[str, int]


def cheapest_view(
    frames: Frames,
    *,
    like: str,
    benchmarks: tuple[str, ...],
    measured: str,
    margin: float,
    least: str,
    by: SizeBy,
    limits: Limits,
    is_average: bool,
    prices: tuple[Price, ...],
    pairs: tuple[Pair, ...],
    host: Host = MEDIAN,
) -> CheapestView:
    """Everyone smaller (or cheaper) than the reference within the limits, with verdicts and the headline."""
    names = {str(model): str(name) for model, name in frames.models["name"].items()}
    question = cheapest_words.question(names[like], margin, least)
    stands = choice.stand(frames, like, benchmarks, measured, limits.community) if benchmarks else None
    may, cost = cheapest_choice.candidates(
        frames.models, frames.reference("model_arch"), like, limits, by=least, size_by=by, prices=prices
    )
    reference_cost = float(cost.loc[like])
    if stands is None or stands.key is None or not reference_cost > 0:
        return _nothing(question, _why_nothing(frames, stands, like, least, reference_cost))
    found = cheapest.answer(
        stands.complete,
        like,
        cost,
        chance=cheapest_choice.chance_of(frames.benchmarks, stands.complete.benchmarks),
        margin=margin,
        is_average=is_average and len(stands.complete.benchmarks) > 1,
        pairs=pairs,
    )
    labels = {one: scores.label_of(frames, one) for one in found.benchmarks}
    told = "within your limits" if any((limits.card, limits.licences, limits.shortest_context)) else ""
    passing = found.having(PASS)
    # What more questions could decide stands before what is decided.
    others = pd.concat([found.having(word) for word in (TOO_FEW_DATA, NO_VERDICT, FAIL)], ignore_index=True)
    tables = _Tables(frames, found, names, labels, least, by, limits, {one.model: one for one in prices})
    drawn = _drawn(found, names, labels)
    is_drawn = bool(drawn["delta"].notna().any()) and not found.at_chance
    return CheapestView(
        question,
        cheapest_words.takeaway(found, names, labels, least, reference_cost, told),
        finished(_figure(drawn, found, names[like], labels, reference_cost, least, by)) if is_drawn else None,
        figure.legend(drawn, margin=margin) if is_drawn else [],
        f"Difference to {names[like]} of {formats.counted(len(drawn), 'candidate')} against "
        f"{'price' if least == MONEY else 'size'}, with one-sided bounds and the margin of {cheapest_words.points(margin)}.",
        _coverage(frames, found, stands, least, host),
        tables.table(passing),
        tables.table(others),
        tables.headings(),
        tables.traces(found.rows),
        tables.traces(passing),
        tables.traces(others),
        _family(found, short(names[like]), least),
        Later(lambda: _rows(frames, found, stands.label)),
        _left_out(found, stands, may, cost, reference_cost, names[like], least),
    )


def _why_nothing(frames: Frames, stands: Standing | None, like: str, least: str, cost: float) -> str:
    name = short(frames.models.at[like, "name"])
    if stands is None:
        return "Choose at least one benchmark."
    if stands.key is None:
        return f"No one way of measuring has {name} on all of these benchmarks: take one away, or choose another model."
    if least == MONEY:
        return f"No list price of {name} is known, so nothing can be said to be cheaper: ask for the smallest instead."
    return f"The size of {name} is not disclosed, so nothing can be said to be smaller: ask for the cheapest instead."


def _nothing(question: str, why: str) -> CheapestView:
    empty = pd.DataFrame()
    traces = AgainstTraces([])
    return CheapestView(
        question, (), None, [], "", why, empty, empty, {}, traces, traces, traces, "", Later(pd.DataFrame), {}
    )  # fmt: skip


def _drawn(found: Answer, names: dict[str, str], labels: dict[str, str]) -> pd.DataFrame:
    """Rows of the figure."""
    rows = found.rows
    is_one = len(found.benchmarks) == 1
    return pd.DataFrame(
        {
            "model": rows["model"].to_numpy(object),
            "name": [names[str(one)] for one in rows["model"]],
            **{column: rows[column].to_numpy(float) for column in ("cost", "delta", "lower", "upper")},
            "verdict": rows["verdict"].to_numpy(object),
            "is_confirmed": rows["is_confirmed"].to_numpy(bool),
            "benchmark": ["" if is_one or not one else labels[str(one)] for one in rows["decides"]],
        }
    )


def _figure(
    drawn: pd.DataFrame, found: Answer, name: str, labels: dict[str, str], cost: float, least: str, by: SizeBy
) -> go.Figure:
    several = "average" if found.is_average else "the benchmark that decides"
    return figure.cheapest(
        drawn,
        reference_name=short(name),
        reference_cost=cost,
        margin=found.margin,
        is_money=least == MONEY,
        size_label=COLUMNS[SIZE_COLUMNS[by]].axis,
        on=labels[found.benchmarks[0]] if len(found.benchmarks) == 1 else several,
    )


def _coverage(frames: Frames, found: Answer, stands: Standing, least: str, host: Host) -> str:
    parts = [f"{formats.counted(len(found.rows), 'candidate')}, fixed before any verdict", stands.label]
    basis = found.tests["basis"]
    n_paired = int((basis == cheapest.PAIRED).sum())
    n_tests = int((basis != "").sum())
    if n_paired:
        told = f"{formats.count(n_paired)} of {formats.counted(n_tests, 'comparison')}"
        parts.append(f"{told} on the same questions" + ("" if n_paired == n_tests else ", the others ignore pairing"))
    elif n_tests:
        parts.append("ignores pairing: no answers to single questions are stored")
    if least == MONEY:
        parts.append(f"list prices, {BLEND}, {'of the cheapest host' if host == CHEAPEST else 'median over hosts'}")
    if found.chance_unknown:
        told = ", ".join(scores.label_of(frames, one) for one in found.chance_unknown)
        parts.append(f"what guessing scores is not stated for {told}")
    parts += [f"with caution: {'; '.join(stands.cautions)}"] if stands.cautions else []
    return " · ".join(parts)


def _family(found: Answer, name: str, least: str) -> str:
    on = " on every benchmark" if len(found.benchmarks) > 1 and not found.is_average else ""
    on = " on average over the benchmarks, which says nothing about any one of them" if found.is_average else on
    return (
        f"Each verdict is at {100 * found.alpha:g}%, one-sided, not adjusted: shown to be within "
        f"{cheapest_words.points(found.margin)} of {name}{on}. The sentence at the top names the "
        f"{'cheapest' if least == MONEY else 'smallest'} that holds after Holm's correction over all "
        f"{formats.counted(len(found.rows), 'candidate')}."
    )


def _left_out(
    found: Answer, stands: Standing, may: object, cost: pd.Series, limit: float, name: str, least: str
) -> dict[str, int]:
    removed = getattr(may, "removed", ())
    counts = {one.filter: one.n_removed for one in removed}
    larger = int((cost >= limit).sum()) - 1
    more = "at least as expensive as" if least == MONEY else "at least as large as"
    counts[f"{more} {short(name)}"] = max(larger, 0)
    incomplete = int((cost < limit).sum()) - len(found.rows)
    counts["without a score on every benchmark this way: never passes by absence"] = incomplete
    return {reason: n for reason, n in counts.items() if n > 0}


class _Tables(NamedTuple):
    """What the two tables are made of."""

    frames: Frames
    found: Answer
    names: dict[str, str]
    labels: dict[str, str]
    least: str
    by: SizeBy
    limits: Limits
    prices: dict[str, Price]

    def shown(self) -> tuple[str, ...]:
        """Benchmarks with a column of their own."""
        several = 1 < len(self.found.benchmarks) <= MOST_COLUMNS
        return self.found.benchmarks if several else ()

    def headings(self) -> dict[str, str]:
        is_one = len(self.found.benchmarks) == 1
        first = (
            self.labels[self.found.benchmarks[0]]
            if is_one
            else "average"
            if self.found.is_average
            else "deciding benchmark"
        )
        return {
            DECIDES: f"Points, {first}",
            "decides": "Benchmark that decides",
            "said": "Verdict, not adjusted",
            "holds": "After correction",
            "price": "USD per million tokens",
            "seen": "Price last seen",
            "memory": "Memory",
            "basis": "Rests on",
            **{f"{ON}{one}": self.labels[one] for one in self.shown()},
        }

    def table(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows for the eye, cheapest first."""
        models = [str(one) for one in rows["model"]]
        facts = self.frames.models.loc[models]
        several = len(self.found.benchmarks) > 1
        tests = {(test["model"], test["benchmark"]): test for test in self.found.tests.to_dict("records")}
        every = self.found.benchmarks
        reference = self.names[self.found.reference]
        records = rows.to_dict("records")
        is_panel = several and not self.found.is_average
        data: dict[str, object] = {"name": [self.names[one] for one in models]}
        if self.least == MONEY:
            data["price"] = [_price(self.prices.get(one)) for one in models]
            data["seen"] = [formats.date(self.prices[one].seen_on) if one in self.prices else "" for one in models]
        column = SIZE_COLUMNS[self.by]
        data[column] = facts[column].to_numpy(float)
        data[DECIDES] = [_difference(row) for row in records]
        data["said"] = [
            cheapest_words.verdict(row, reference, self.found.margin, self._label(row), is_panel=is_panel)
            for row in records
        ]
        data["holds"] = ["holds" if row["is_confirmed"] else "–" for row in records]
        if is_panel:
            data["decides"] = [self._label(row) for row in records]
        for one in self.shown():
            data[f"{ON}{one}"] = [_difference(tests[model, one]) for model in models]
        need = fits.needs(facts, self.frames.reference("model_arch"), self.limits.bits, self.limits.context)
        needs = [pd.Series(row) for row in need.to_dict("records")]
        data["memory"] = [memory_words(one, self.limits.context)[2] for one in needs]
        data["licence"] = facts["licence"].to_numpy(object)
        data["context_length"] = facts["context_length"].to_numpy(float)
        data["basis"] = [_basis(tests[model, one]["basis"] for one in every) for model in models]
        return pd.DataFrame(data)

    def traces(self, rows: pd.DataFrame) -> AgainstTraces:
        """Runs of both models behind every difference."""
        models = [str(one) for one in rows["model"]]
        tests = self.found.tests.set_index(["model", "benchmark"])
        both = {key: f"{a} {b}" for key, a, b in zip(tests.index, tests["run"], tests["run_reference"], strict=True)}
        runs: dict[str, list[str]] = {}
        benchmarks: dict[str, str | list[str]] = {}
        for one in self.shown():
            runs[f"{ON}{one}"] = [both[model, one] for model in models]
            benchmarks[f"{ON}{one}"] = one
        decides = [str(one) for one in rows["decides"]]
        every = self.found.benchmarks
        runs[DECIDES] = [
            both[model, one] if one else " ".join(dict.fromkeys(" ".join(both[model, b] for b in every).split()))
            for model, one in zip(models, decides, strict=True)
        ]
        benchmarks[DECIDES] = decides
        runs["said"], benchmarks["said"] = runs[DECIDES], decides
        sources = [self.prices[one].source if one in self.prices else "" for one in models]
        return AgainstTraces(models, runs, benchmarks, (), self.found.reference, sources)

    def _label(self, row: Mapping[Any, Any]) -> str:
        decides = str(row["decides"])
        return self.labels[decides] if decides and len(self.found.benchmarks) > 1 else ""


def _difference(row: Mapping[Any, Any]) -> str:
    """``−0.3 (−1.6 to +1.0)``: the difference and its one-sided bounds, in points."""
    delta, low, high = (formats.number(row[column]) for column in ("delta", "lower", "upper"))
    if delta is None:
        return "–"
    middle = _points(delta)
    return f"{middle}, no bounds" if low is None or high is None else f"{middle} ({_points(low)} to {_points(high)})"


def _points(value: float) -> str:
    return formats.points(value).removesuffix(" points")


def _price(price: Price | None) -> str:
    if price is None:
        return "not known"
    told = "your own" if price.is_own else formats.counted(price.n_hosts, "host")
    since = f", since {formats.date(price.valid_from)}" if price.valid_from else ""
    return f"{formats.usd(price.usd)} ({told}{since})"


def _basis(bases: Iterable[object]) -> str:
    return "; ".join(dict.fromkeys(str(one) for one in bases if one)) or "no interval"


def _rows(frames: Frames, found: Answer, label: str) -> pd.DataFrame:
    """One row per candidate and benchmark, with the verdict over the panel, and where the scores come from."""
    over_all = found.rows[["model", "cost", "p", "p_holm", "verdict", "is_confirmed", "is_headline"]]
    over_all = over_all.rename(columns={"p": "p_panel", "verdict": "verdict_panel"})
    table = found.tests.merge(over_all, on="model", how="left")
    table.insert(1, "name", table["model"].map(frames.models["name"]))
    table["reference"], table["margin"], table["alpha"], table["protocol"] = found.reference, found.margin, found.alpha, label  # fmt: skip
    runs = frames.runs.drop_duplicates("run").set_index("run")[list(OF_RUN)]
    return table.join(runs, on="run")
