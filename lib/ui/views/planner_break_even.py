"""The planner's part about break-even: what one comparison shows. No Streamlit inside."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import break_even_plan, break_even_words, cheapest_pairs, listed_prices, rounding
from lib.analysis.break_even_plan import Plan, Workload
from lib.analysis.cheapest import Pair
from lib.analysis.listed_prices import Blend, Host, Price
from lib.analysis.one_pair import Quality, quality
from lib.analysis.serving_estimate import MEASURED, Ask, Estimate, estimate
from lib.analysis.side_by_side_words import short
from lib.errors import RefusedInput
from lib.figures import monthly_bills as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, plain
from lib.schema.weight_formats import FORMATS
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices as listed
from lib.store.samples import logs_of, read_samples
from lib.ui.finished import finished
from lib.ui.traces import Trace, Traces
from lib.ui.views import cheapest_choice, planner_tables, scores

BILLS = {
    "side": "Side",
    "score:month": "USD a month",
    "score:request": "USD per thousand requests",
    "score:band": "Range",
    "how": "How",
}
LEVERS = {"lever": "What", "words": "Own hardware against the interface"}
TESTS = {"benchmark_label": "Benchmark", "score:small": "Small", "score:large": "Large", "score:delta": "Difference (one-sided 95% bounds)", "said": "Within the margin"}  # fmt: skip
SAID = {
    "PASS": "shown to be within",
    "FAIL": "shown not to be within",
    "TOO FEW DATA": "too few questions to tell",
    "NO VERDICT": "no verdict",
}


@dataclass(frozen=True)
class PairTraces(Traces):
    """Traces of the scores of two models: each score is of its own model, a difference of both.

    Args:
        large: Id of the model that those of the rows are held against.
    """

    large: str = ""

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        if found is None or not found.runs or column == "score:small":
            return found
        return found._replace(model=self.large) if column == "score:large" else found._replace(against=self.large)


class BreakEvenView(NamedTuple):
    """Everything the part shows; ``bill_files`` and ``lever_files``: the table, or the price list, behind each column."""

    takeaway: list[Sentence]
    figure: go.Figure
    legend: Legend
    alt: str
    coverage: str
    bills: pd.DataFrame
    bill_traces: Traces
    bill_files: dict[str, list[str]]
    lever_files: dict[str, list[str]]
    levers: pd.DataFrame
    tests: pd.DataFrame
    test_traces: Traces
    quality: Quality
    notes: tuple[str, ...]
    rows: pd.DataFrame


def prices(store: Store, *, today: str, blend: Blend, host: Host) -> tuple[Price, ...]:
    """One price per model, blended by the tokens of the workload."""
    return listed_prices.offers(listed(store), today, blend, host)


def priced(frames: Frames, *, offers: tuple[Price, ...]) -> dict[str, str]:
    """Models with a price and a score, by name."""
    names = frames.models["name"]
    known = {one.model: str(names[one.model]) for one in offers if one.model in names.index}
    return dict(sorted(known.items(), key=lambda item: (item[1].casefold(), item[0])))


def shared_benchmarks(frames: Frames, *, small: str, large: str) -> tuple[str, ...]:
    """Benchmarks of one way of measuring that both have, widest first; the default panel where it has both."""
    offer = cheapest_choice.offer(frames, like=large)
    default = tuple(offer.default)
    if default and _has_both(frames, small, large, default):
        return default
    single = [one for one in offer.options if ":" not in one][:12]
    return next(((one,) for one in single if _has_both(frames, small, large, (one,))), default[:1])


def _has_both(frames: Frames, small: str, large: str, benchmarks: tuple[str, ...]) -> bool:
    stands = cheapest_choice.stand(frames, large, benchmarks, "", community=False)
    return stands.key is not None and {small, large} <= set(stands.complete.models)


def pairs(frames: Frames, *, store: Store, small: str, large: str, benchmarks: tuple[str, ...]) -> tuple[Pair, ...]:
    """What stored answers of the two to the same questions say; no log of another model is opened."""
    stands = cheapest_choice.stand(frames, large, benchmarks, "", community=False) if benchmarks else None
    if stands is None or stands.key is None:
        return ()
    rows = stands.complete.rows
    return cheapest_pairs.stored_pairs(
        rows[rows["model"].isin((small, large)).to_numpy(bool)],
        large,
        frames,
        partial(logs_of, store),
        lambda log, columns: read_samples(store, *log, columns),
    )


def break_even_view(
    frames: Frames,
    *,
    large: str,
    ask: Ask,
    work: Workload,
    price: Price,
    own_api: Price | None,
    benchmarks: tuple[str, ...],
    margin: float,
    pairs: tuple[Pair, ...],
) -> BreakEvenView:
    """One comparison.

    Args:
        large: The model behind the interface.
        ask: The small model on own hardware, at the lengths of the workload.
        price, own_api: Of the large model, and of the small one where somebody sells it.

    Raises:
        RefusedInput: It does not fit, or a price or rate is not known; place is the argument.
    """
    shapes, hardware = planner_tables.shapes(frames), planner_tables.hardware(frames)
    own = estimate(ask, shapes, hardware, planner_tables.measured(frames))
    found = break_even_plan.plan(work, price, own)
    names = {**{str(m): str(n) for m, n in frames.models["name"].items()}}
    small_name, large_name = names.get(ask.model, ask.model), names.get(large, large)
    verdict = _quality(frames, ask.model, large, benchmarks, margin, names, pairs)
    device = str(hardware.at[ask.hardware, "name"])
    n = int(own.ask.n_gpus or 1)
    on = f"{'one' if n == 1 else formats.count(n)} {device}"
    said = break_even_words.takeaway(found, work, verdict, price, small_name, large_name, on)
    said += [break_even_words.own_interface(found, work, own_api, small_name)] if own_api is not None else []
    flips = _flips(found)
    rate_from = planner_tables.MEASURED_FILE if own.kind == MEASURED else planner_tables.HARDWARE_FILE
    labels = {"api": f"{short(large_name)}, interface", "own": f"{short(small_name)}, own hardware"}
    drawn = figure.monthly_bills(found.curve, flips, requests=work.requests, **labels)
    in_store = [large, ask.model, ask.model]
    bills = _bills(found, work, price, own_api, own, labels, on)
    return BreakEvenView(
        said,
        finished(drawn),
        figure.legend(flips),
        f"Monthly bills against requests. {' '.join(plain(one) for one in said)}",
        _coverage(ask, own, work, device),
        bills,
        Traces([one if one in names else "" for one in in_store[: len(bills)]]),
        dict.fromkeys((one for one in BILLS if one != "side"), [price.source[:12], rate_from, (own_api.source if own_api else "")[:12]][: len(bills)]),
        {"words": [price.source[:12], price.source[:12], planner_tables.HARDWARE_FILE, price.source[:12], price.source[:12]]},
        pd.DataFrame(break_even_words.levers(found, work), columns=list(LEVERS)),
        _tests(frames, verdict),
        _test_traces(verdict, large),
        verdict,
        own.notes,
        _rows(found, work, price, own, verdict, large),
    )  # fmt: skip


def _quality(
    frames: Frames, small: str, large: str, benchmarks: tuple[str, ...], margin: float, names: dict[str, str], pairs: tuple[Pair, ...]
) -> Quality:  # fmt: skip
    stands = cheapest_choice.stand(frames, large, benchmarks, "", community=False) if benchmarks else None
    chance = {str(one): float(value) for one, value in frames.benchmarks["random_baseline"].astype(float).items()}
    labels = {one: scores.label_of(frames, one) for one in benchmarks}
    return quality(stands, small, large, chance=chance, margin=margin, names=names, labels=labels, pairs=pairs)


def _flips(found: Plan) -> pd.DataFrame:
    """The cheaper side alternates: at low volume it is always the interface."""
    at = list(found.flips)
    usd = [found.usd_per_request * one for one in at]
    return pd.DataFrame({"requests": at, "usd": usd, "to": ["own" if i % 2 == 0 else "api" for i in range(len(at))]}).astype({"requests": float, "usd": float})  # fmt: skip


def _coverage(ask: Ask, own: Estimate, work: Workload, device: str) -> str:
    rate = own.output_tokens_per_s
    known = "measured" if own.kind == MEASURED else f"estimated, {rounding.span(rate.low, rate.high, rounding.count)}"
    return (
        f"{formats.count(work.input_tokens)} tokens in ({formats.count(work.cached_tokens)} cached) and "
        f"{formats.count(work.output_tokens)} out; one replica: {formats.count(own.ask.n_gpus)} × {device}, "
        f"{FORMATS[ask.weight_format].label}, {formats.count(ask.batch)} at once, {rounding.count(rate.value)} output tokens "
        f"per second ({known}), {formats.score(work.utilisation, 0)} of the time filled, "
        f"{formats.usd(own.ask.usd_per_gpu_hour)} a device-hour."
    )


def _bills(
    found: Plan, work: Workload, price: Price, own_api: Price | None, own: Estimate, labels: dict[str, str], on: str
) -> pd.DataFrame:
    bill = found.bill
    month, own_month = float(bill.api_usd_per_month), float(bill.own_usd_per_month)
    lines = [
        (labels["api"], *_amounts(month, work), _range(found.usd_lowest, found.usd_highest, work.requests), break_even_words.price_words(price)),
        (labels["own"], *_amounts(own_month, work), rounding.span(found.own_low, found.own_high, rounding.usd) or "–", f"{formats.counted(bill.replicas, 'replica')} of {on}, each up to {rounding.count(bill.requests_per_replica)} requests a month"),
    ]  # fmt: skip
    if own_api is not None:
        tokens = (work.input_tokens + work.output_tokens) / 1e6
        each = own_api.usd * tokens
        name = labels["own"].removesuffix(", own hardware")
        lines.append(
            (f"{name}, interface", *_amounts(each * work.requests, work), _range(own_api.lowest * tokens, own_api.highest * tokens, work.requests), break_even_words.price_words(own_api))
        )  # fmt: skip
    return pd.DataFrame(lines, columns=list(BILLS))


def _amounts(month: float, work: Workload) -> tuple[str, str]:
    return formats.usd(month), formats.usd(month / work.requests * 1000)


def _range(low: float, high: float, requests: float) -> str:
    return rounding.span(low * requests, high * requests, formats.usd) or "–"


def _tests(frames: Frames, verdict: Quality) -> pd.DataFrame:
    given: Any = verdict.tests.itertuples()
    lines = []
    for row in given:
        ends = [formats.points(one).removesuffix(" points") for one in (row.lower, row.upper)]
        band = f" ({ends[0]} to {ends[1]})" if formats.known(row.lower) else ", no bounds"
        lines.append((scores.label_of(frames, row.benchmark), formats.score(row.score), formats.score(row.score_reference), f"{formats.points(row.delta).removesuffix(' points')}{band}", SAID.get(row.verdict, row.verdict)))  # fmt: skip
    return pd.DataFrame(lines, columns=list(TESTS))


def _test_traces(verdict: Quality, reference: str) -> PairTraces:
    rows = verdict.tests
    small, large = rows["run"].astype(str).tolist(), rows["run_reference"].astype(str).tolist()
    both = [f"{a} {b}" for a, b in zip(small, large, strict=True)]
    names = rows["benchmark"].astype(str).tolist()
    runs = {"score:small": small, "score:large": large, "score:delta": both, "said": both}
    return PairTraces(rows["model"].astype(str).tolist(), runs, dict.fromkeys(runs, names), large=reference)


def _rows(found: Plan, work: Workload, price: Price, own: Estimate, verdict: Quality, large: str) -> pd.DataFrame:
    """The curve with everything that it was made of."""
    asked: dict[str, Any] = {
        f"asked_{key}": value for key, value in {**work._asdict(), **own.ask._asdict()}.items() if key != "blend"
    }
    told: dict[str, Any] = {"large": large, "usd_per_request": found.usd_per_request, "price_seen_on": price.seen_on, "quality": verdict.verdict, "quality_words": verdict.words}  # fmt: skip
    return found.curve.assign(**asked, **told)


__all__ = [
    "BILLS",
    "LEVERS",
    "TESTS",
    "BreakEvenView",
    "RefusedInput",
    "break_even_view",
    "priced",
    "prices",
    "shared_benchmarks",
]
