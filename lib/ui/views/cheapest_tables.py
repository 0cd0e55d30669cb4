"""The two tables of the page of the cheapest model that will do, and where their cells come from. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import cheapest_words, fits
from lib.analysis.cheapest import Answer
from lib.analysis.cheapest_choice import MONEY, Limits
from lib.analysis.listed_prices import Price
from lib.analysis.sizes import SIZE_COLUMNS, SizeBy
from lib.store.frames import Frames
from lib.ui.traces import Trace, Traces
from lib.ui.views.side_by_side_tables import SHAPE, memory_words

DECIDES, ON = "score:decides", "score:on:"
MOST_COLUMNS = 8
"""With more benchmarks the tables show the one that decides, and the download all."""

Key = tuple[str, str]
"""Model and benchmark."""


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


class Tests(NamedTuple):
    """What the tables ask of every test, by model and benchmark; made once for both, and for thousands of models.

    Args:
        differences: Difference and its one-sided bounds.
        basis: What it rests on.
        runs: Runs of both, with a space between.
    """

    differences: dict[Key, tuple[float, float, float]]
    basis: dict[Key, str]
    runs: dict[Key, str]


def tests_of(found: Answer) -> Tests:
    """The tests of an answer, looked up by model and benchmark."""
    model, benchmark, basis, run, other = (
        found.tests[name].astype(object).tolist() for name in ("model", "benchmark", "basis", "run", "run_reference")
    )
    numbers = (found.tests[name].to_numpy(float).tolist() for name in ("delta", "lower", "upper"))
    keys = list(zip(model, benchmark, strict=True))
    return Tests(
        dict(zip(keys, zip(*numbers, strict=True), strict=True)),
        dict(zip(keys, basis, strict=True)),
        {key: f"{a} {b}" for key, a, b in zip(keys, run, other, strict=True)},
    )


class Tables(NamedTuple):
    """What the two tables are made of."""

    frames: Frames
    found: Answer
    names: dict[str, str]
    labels: dict[str, str]
    least: str
    by: SizeBy
    limits: Limits
    prices: dict[str, Price]
    tests: Tests

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
        tests, every = self.tests, self.found.benchmarks
        reference = self.names[self.found.reference]
        records = rows.to_dict("records")
        is_panel = several and not self.found.is_average
        data: dict[str, object] = {"name": [self.names[one] for one in models]}
        if self.least == MONEY:
            data["price"] = [_price(self.prices.get(one)) for one in models]
            data["seen"] = [formats.date(self.prices[one].seen_on) if one in self.prices else "" for one in models]
        column = SIZE_COLUMNS[self.by]
        data[column] = facts[column].to_numpy(float)
        data[DECIDES] = [_difference((row["delta"], row["lower"], row["upper"])) for row in records]
        data["said"] = [
            cheapest_words.verdict(row, reference, self.found.margin, self._label(row), is_panel=is_panel)
            for row in records
        ]
        data["holds"] = ["holds" if row["is_confirmed"] else "–" for row in records]
        if is_panel:
            data["decides"] = [self._label(row) for row in records]
        for one in self.shown():
            data[f"{ON}{one}"] = [_difference(tests.differences[model, one]) for model in models]
        need = fits.needs(facts, self.frames.reference("model_arch"), self.limits.bits, self.limits.context)
        data["memory"] = [memory_words(one, self.limits.context)[2] for one in need.to_dict("records")]
        data["licence"] = facts["licence"].to_numpy(object)
        data["context_length"] = facts["context_length"].to_numpy(float)
        data["basis"] = [_basis(tests.basis[model, one] for one in every) for model in models]
        return pd.DataFrame(data)

    def traces(self, rows: pd.DataFrame) -> AgainstTraces:
        """Runs of both models behind every difference."""
        models = [str(one) for one in rows["model"]]
        both = self.tests.runs
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


def _difference(found: tuple[float, float, float]) -> str:
    """``−0.3 (−1.6 to +1.0)``: the difference and its one-sided bounds, in points."""
    delta, low, high = (formats.number(one) for one in found)
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
