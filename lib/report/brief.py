"""The comparison brief: can A be replaced by B? One page for somebody who decides, built from what ``lib.analysis`` found.

The decision rests on one panel under one way of measuring: B passes only if it is shown to be within the margin on each
benchmark of it. What else the two share is shown beside it and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis.cheapest import FAIL, PASS, TOO_FEW_DATA
from lib.analysis.cheapest_words import points
from lib.analysis.configuration import Configuration
from lib.analysis.cost_bases import price_words
from lib.analysis.head_to_head import HeadToHead
from lib.analysis.head_to_head_words import ratio_words
from lib.analysis.listed_prices import Price
from lib.analysis.one_pair import NOT_MEASURED, Quality
from lib.analysis.side_by_side_words import short
from lib.figures.legend import Legend
from lib.report.document import (
    Choice,
    Explain,
    Figure,
    Heading,
    LegendLine,
    Part,
    SourceLine,
    Table,
    Takeaway,
    Text,
    View,
)
from lib.schema.text import Sentence, Span, plain, sentence
from lib.stats.verdicts import TOO_FEW_DATA as TOO_FEW_QUESTIONS

SAID = {
    PASS: "shown to be within",
    FAIL: "shown not to be within",
    TOO_FEW_DATA: "too few questions to tell",
}
_BEGINS = {PASS: "Yes, on these benchmarks", FAIL: "No", TOO_FEW_DATA: "Not shown", NOT_MEASURED: "Not known"}
VERDICT_LABELS = {
    "what": "Benchmark",
    "score:a": "A",
    "score:b": "B",
    "score:delta": "B − A, one-sided 95% bounds",
    "within": "Within the margin",
    "verdict": "Is one better?",
}
COST_LABELS = {
    "side": "Model",
    "params_total": "Parameters",
    "score:month": "A month",
    "score:request": "Per thousand requests",
    "how": "Price from",
}


class Workload(NamedTuple):
    """What is asked of the model: requests a month, and tokens in and out of each."""

    requests: float = 100_000
    tokens_in: float = 1_500
    tokens_out: float = 500

    @property
    def words(self) -> str:
        return (
            f"{formats.count(self.requests)} requests a month of {formats.count(self.tokens_in)} tokens in and "
            f"{formats.count(self.tokens_out)} out"
        )

    def usd(self, price: Price | None) -> float:
        """Dollars a month; NaN without a price. The price is blended in the proportion of this workload."""
        if price is None:
            return float("nan")
        return price.usd * self.requests * (self.tokens_in + self.tokens_out) / 1e6


class Brief(NamedTuple):
    """What is known of the two.

    Args:
        a, b: Names: A is in use, B would take its place.
        margin: In score.
        quality: Whether B is shown to be within the margin of A.
        found: The two head to head on everything that both were measured on one way.
        tasks: Labels of its tasks, in order.
        way: How those were measured, in words.
        fields: How both were measured, field by field.
        labels: Of benchmarks.
        sizes: Parameters in all of A and B; NaN unknown.
        work: The workload.
        prices: Of A and B, blended for the workload; None: nobody lists one.
        figure, legend, alt: The two head to head; None where nothing is to be drawn.
        sources: Of the numbers.
        address: Where the two stand head to head.
    """

    a: str
    b: str
    margin: float
    quality: Quality
    found: HeadToHead
    tasks: Sequence[str]
    way: str
    fields: Configuration
    labels: Mapping[str, str]
    sizes: tuple[float, float]
    work: Workload
    prices: tuple[Price | None, Price | None]
    figure: go.Figure | None
    legend: Legend
    alt: str
    sources: tuple[SourceLine, ...] = ()
    address: str = ""


def brief(of: Brief) -> View:
    """The brief as a view of a report."""
    parts: list[Part] = [
        Takeaway((decision(of), *_money(of))),
        Heading("Margin and panel"),
        Text(formats.markdown(_panel(of), 900)),
    ]
    if len(of.quality.tests):
        told = Text(
            "B passes only if it is shown to be within the margin on each benchmark of the panel. Nothing is averaged.",
            True,
        )
        parts += [Table(_verdicts(of), VERDICT_LABELS, "Verdict on each benchmark of the panel"), told]
    if of.figure is not None:
        parts += [Heading("Everything both were measured on"), Figure(of.figure, of.alt, "head-to-head")]
        parts += [LegendLine(of.legend, of.way), Explain(_HOW_TO_READ, _METHOD)]
    parts += [
        Heading("Cost under one workload"),
        Text(formats.markdown(f"{of.work.words}, at the list prices of the day.", 300)),
    ]
    parts.append(Table(_costs(of), COST_LABELS, "What the workload costs a month at list prices"))
    parts.append(Heading("Were they measured the same way?"))
    parts.append(Text(formats.markdown(plain(of.fields.told), 2_000)))
    if len(of.fields.rows):
        labels = {"field": "Field", "a": "A", "b": "B", "state": "Agree?"}
        parts.append(Table(of.fields.rows, labels, "How both were measured, field by field"))
    parts += [Heading("What is not known"), Text("\n".join(f"- {formats.markdown(one, 500)}" for one in unknown(of)))]
    choices = (
        Choice("A, in use", of.a),
        Choice("B, in its place", of.b),
        Choice("Margin", points(of.margin)),
        Choice("Workload", of.work.words),
    )
    return View(
        f"Can {short(of.a, 40)} be replaced by {short(of.b, 40)}?",
        of.address,
        tuple(parts),
        choices,
        sources=of.sources,
    )


def decision(of: Brief) -> Sentence:
    """The answer in one sentence, as far as the data carry it."""
    begins = _BEGINS.get(of.quality.verdict, "No verdict")
    failed = [name for name, verdict in _tested(of) if verdict == FAIL]
    words = of.quality.words
    if failed and len(of.quality.tests) > 1:
        on = formats.counted(len(of.quality.tests), "benchmark")
        words = f"is shown not to be within {points(of.margin)} of {short(of.a)} on {', '.join(failed)}, of {on}"
    return sentence(Span(f"{begins}: ", "strong"), f"{short(of.b)} ", Span(words, "strong"), ".")


def _tested(of: Brief) -> list[tuple[str, str]]:
    """Label and verdict of each benchmark of the panel."""
    return [
        (of.labels.get(str(row["benchmark"]), str(row["benchmark"])), str(row["verdict"]))
        for row in of.quality.tests.to_dict("records")
    ]


def unknown(of: Brief) -> list[str]:
    """What nobody can tell from these data, a sentence each."""
    told = []
    open_tests = [name for name, verdict in _tested(of) if verdict not in (PASS, FAIL)]
    if open_tests:
        told.append(
            f"Too few questions, or no interval, on {', '.join(open_tests)}: neither within the margin nor outside it is shown."
        )
    if of.quality.verdict == NOT_MEASURED:
        told.append(f"No one way of measuring has both {of.a} and {of.b} on a panel of benchmarks.")
    few = [
        label
        for label, verdict in zip(of.tasks, of.found.tasks["verdict"], strict=True)
        if verdict == TOO_FEW_QUESTIONS
    ]
    if few:
        told.append(
            f"Whether one is better on {', '.join(few)}: the tests could not have seen a difference that matters."
        )
    if of.fields.silent:
        told.append(f"Stated by neither source: {', '.join(one[:1].lower() + one[1:] for one in of.fields.silent)}.")
    for name, price, size in zip((of.a, of.b), of.prices, of.sizes, strict=True):
        if price is None:
            told.append(
                f"What {name} costs: nobody whose list was kept sells it. Serving it yourself is another estimate."
            )
        if not formats.known(size):
            told.append(f"How large {name} is: its parameters are not published.")
    told.append("Whether test questions were in the training data of either.")
    told.append("How both do on your own task: benchmarks are other people's questions.")
    return told


_HOW_TO_READ = (
    "At the left, each row is a task with the two scores, further right is more. At the right stands their difference, A minus "
    "B, with its 95% interval: a filled mark has the colour of the one that is shown better, a hollow one says that the data do "
    "not tell the two apart."
)
_METHOD = (
    "**Within the margin.** One-sided 95% bounds of B minus A: shown to be within where the lower one lies above minus the "
    "margin, shown not to be where the upper one lies below it, otherwise too few questions to tell. Answers of both to the same "
    "questions decide where they are stored. There is one candidate, so nothing is corrected for choosing; over several "
    "benchmarks B passes only if it passes each (intersection-union).\n\n"
    "**Is one better?** p-values after Holm's correction over all tasks shown. *Not shown* is no finding that there is no "
    "difference.\n\n"
    "**Cost** is tokens times list price: the median over hosts, a host with several names counted once, with its cheapest. "
    "Discounts, caches, batches and repeated calls are not in it."
)


def _panel(of: Brief) -> str:
    names = [of.labels.get(str(one), str(one)) for one in of.quality.tests["benchmark"]]
    if not names:
        return f"Margin: {points(of.margin)}. There is no panel: {short(of.b)} {of.quality.words}."
    n = formats.counted(len(names), "benchmark")
    how = f", measured one way ({of.quality.protocol})" if of.quality.protocol else ""
    return f"Margin: {points(of.margin)}. Panel: {n}{how}: {', '.join(names)}."


def _money(of: Brief) -> tuple[Sentence, ...]:
    """Both bills in a sentence; nothing where one is not known."""
    usd = [of.work.usd(price) for price in of.prices]
    if not all(formats.known(one) and one > 0 for one in usd):
        return ()
    ratio = usd[1] / usd[0]
    told = "about as much" if 0.95 < ratio < 1.05 else ratio_words(ratio, "bill")
    return (
        sentence(
            f"For {of.work.words}, list prices come to {formats.usd(usd[0])} a month with {short(of.a)} and ",
            Span(f"{formats.usd(usd[1])} with {short(of.b)}", "strong"),
            f": {told}.",
        ),
    )


def _verdicts(of: Brief) -> pd.DataFrame:
    better = dict(zip(of.found.tasks["benchmark"].astype(str), of.found.tasks["verdict"].astype(str), strict=True))
    rows = []
    for row in of.quality.tests.to_dict("records"):
        name = str(row["benchmark"])
        bounds = f" ({_signed(row['lower'])} to {_signed(row['upper'])})" if formats.known(row["lower"]) else ""
        rows.append(
            {
                "what": of.labels.get(name, name),
                "score:a": formats.score(row["score_reference"]),
                "score:b": formats.score(row["score"]),
                "score:delta": f"{_signed(row['delta'])}{bounds}",
                "within": SAID.get(str(row["verdict"]), "no verdict"),
                "verdict": better.get(name) or "no verdict",
            }
        )
    return pd.DataFrame(rows)


def _costs(of: Brief) -> pd.DataFrame:
    rows = []
    for letter, name, size, price in zip("AB", (of.a, of.b), of.sizes, of.prices, strict=True):
        usd = of.work.usd(price)
        rows.append(
            {
                "side": f"{letter}: {name}",
                "params_total": size,
                "score:month": formats.usd(usd),
                "score:request": formats.usd(usd / of.work.requests * 1_000),
                "how": price_words(price) if price is not None else "nobody lists a price",
            }
        )
    return pd.DataFrame(rows)


def _signed(share: object) -> str:
    value = formats.number(share)
    if value is None or not np.isfinite(value):
        return formats.UNKNOWN
    return formats.points(value).removesuffix(" points")
