"""Parts of the page of what quality costs: the rarer choices, the blend, the target, and the table."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import streamlit as st

from lib import formats
from lib.analysis.cost_bases import API, CORRECT, ENERGY, MEMORY, RUN, SELF, TRAINING
from lib.analysis.devices import price_words
from lib.analysis.fits import Bits
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, USUAL, Blend, Host, Price
from lib.analysis.planner_fields import RATE
from lib.ui import cached, controls, fields, page
from lib.ui.fields import Typed
from lib.ui.views import performance_choice as choice
from lib.ui.views import side_by_side_choice as side
from lib.ui.views.performance_choice import Filters
from lib.ui.views.performance_per_dollar import PerformanceView

METHOD = (
    "**The frontier.** All scores are drawn again two thousand times from a normal distribution with their standard errors, "
    "and the frontier is found each time; *on the frontier* is the share of draws in which nothing as cheap scores more, and "
    "*within a point of it* the share in which nothing as cheap scores more than a point higher. One variant of each base "
    "model takes part: near-duplicates would share a place between them. List prices are exact and are not drawn.\n\n"
    "**The target.** A model is *shown to be above* it when the one-sided 95% bound of its score lies above it: from counts "
    "by the score test that Wilson's interval inverts, otherwise from the standard error. Each line of the table is tested "
    "alone; the sentence at the top is corrected (Holm) over all models shown, so at most 5% of such sentences name a model "
    "whose true score is not above the target. Filters decide who is tried.\n\n"
    "**Prices** are list prices as price lists had them: of several hosts the median, or the cheapest. Names of faster or "
    "quantised ways to serve a model are not its price. A price that no list has shown for 90 days is not current. Tokens "
    "are not words: tokenisers differ, and so does how much a model writes.\n\n"
    "**Estimates.** Serving it yourself, its energy and training are estimated, and drawn again with the error that estimates "
    "of measured models had when those were left out of the fit (training: with a utilisation of 25% to 55% in 80% of runs). "
    "Everyone is served on the fewest devices that hold the model, with 500 tokens in and 500 out; a measured rate goes before "
    "an estimate. Hardware, its hourly price and how much of it is filled are your choice and the same for all.\n\n"
    "**Measured.** Runs that were started here, or whose files say so, know what answering took: tokens, seconds, and the "
    "dollars that an endpoint asked for. They stand beside the score of the very run, and go before what is assumed. Seconds "
    "are of the machine, batch size and software of that run; the table names the device."
)
PRICE = RATE._replace(help="Yours, if the listed one is not what you pay; empty: the listed one.")
HOSTS: dict[str, str] = {MEDIAN: "their median price", CHEAPEST: "the cheapest one's price"}


class More(NamedTuple):
    """The rarer choices: the filters, whose price counts, what is cached or in batches, and the blend of serving ("" elsewhere)."""

    filters: Filters
    host: Host
    cached: str
    is_batch: bool
    weights: str


def more(place: Any, basis: str) -> More:
    """The rarer choices, in a popover; those of prices only where prices are shown."""
    bits, context, host, kept, is_batch = "16", "8192", MEDIAN, "0", False
    weights, batch, filled, weighted = "bf16", "64", "1", ""
    with place:
        if choice.needs_prices(basis):
            host = cast(Any, controls.choice("host", "Of several hosts", HOSTS))
            kept = controls.choice("cached", "Input from the host's cache", choice.CACHED)
            is_batch = controls.switch("batch", "Prices of batches", help="A host without them asks its usual price.")
        if basis == MEMORY:
            bits = controls.choice("bits", "Precision of the weights", side.BITS)
            context = controls.choice("context", "Tokens at once", side.CONTEXTS, default=side.DEFAULT_CONTEXT)
        if basis in (SELF, ENERGY):
            weights = controls.choice("format", "Quantisation", choice.format_options())
            batch = controls.choice("atonce", "Requests at once", choice.BATCHES, default="64")
        if basis == SELF:
            filled = controls.choice("filled", "Hardware is filled", choice.UTILISATIONS)
            options = choice.blends(st.query_params.get("blend"))
            weighted = controls.choice("blend", "Input : output", options, default=choice.DEFAULT_BLEND)
        classes = controls.size_classes()
        only_open = controls.switch("open", "Open weights only")
        variants = controls.switch("variants", "All variants of a base model", help="Instead of one of each.")
        community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
    filters = Filters(tuple(classes), only_open, community, variants, cast(Bits, int(bits)), int(context))
    filters = filters._replace(weight_format=weights, batch=int(batch), utilisation=float(filled))
    return More(filters, cast(Host, host), kept, is_batch, weighted)


def hardware(basis: str) -> str:
    """What it is served or trained on; '' where nothing is."""
    options = cached.made(choice.hardware_options, basis=basis) if basis in (SELF, ENERGY, TRAINING) else {}
    return controls.choice("hardware", "Hardware", options, default=choice.HARDWARE) if options else ""


def own_price(basis: str, hardware: str) -> Typed:
    """The reader's price of a device-hour, listed price as the default; empty: the listed one counts."""
    row = cached.made(choice.hardware_row, key=hardware) if basis in (SELF, TRAINING) else None
    if row is None:
        return Typed(None, "")
    listed = formats.number(row["usd_per_hour"])
    typed = fields.amount(PRICE, "" if listed is None else f"${listed:g}")
    page.small_text(formats.markdown(price_words(row) or "no price is listed: type what you pay", 300))
    return typed._replace(value=None) if typed.value == listed else typed


def blend(basis: str, chosen: More) -> Blend:
    """Tokens in for tokens out; only where prices per token are shown."""
    if basis == SELF:
        return choice.blend(chosen.weights, "0", False)
    if basis != API:
        return USUAL._replace(cached=float(chosen.cached), is_batch=chosen.is_batch)
    options = choice.blends(st.query_params.get("blend"))
    weights = controls.choice("blend", "Input : output", options, default=choice.DEFAULT_BLEND)
    return choice.blend(weights, chosen.cached, chosen.is_batch)


def target(chosen_set: str, protocol: str, community: bool) -> float:
    """The score asked for, a fraction."""
    options = choice.targets(st.query_params.get("target"))
    usual = cached.made(choice.usual_target, chosen_set=chosen_set, protocol=protocol, community=community)
    return float(controls.choice("target", "Your target", options, default=usual))


def prices(chosen_set: str, basis: str, chosen: Blend, host: Host) -> tuple[Price, ...]:
    """One list price per model as of today; none where the basis needs none."""
    if not choice.needs_prices(basis):
        return ()
    count = cached.made(choice.count_of, chosen_set=chosen_set)
    made_with = choice.blend_of_count(count, chosen, basis)
    return cached.stored(choice.prices, today=cached.today(), blend=made_with, host=host)


def remark(view: PerformanceView, chosen_set: str, basis: str) -> None:
    """That nobody has counted tokens, where the benchmark itself is to be paid for."""
    if basis in (RUN, CORRECT) and view.figure is None and cached.made(choice.count_of, chosen_set=chosen_set) is None:
        page.nothing_left(
            f"{choice.NO_COUNTS[:1].upper()}{choice.NO_COUNTS[1:]}: choose another benchmark, or the API price."
        )


def table(view: PerformanceView) -> None:
    """Everyone with a score and a cost, cheapest first; who was left out, and why."""
    if len(view.table):
        page.table(
            view.table,
            key="performance-table",
            alt="Models with scores and costs, cheapest first",
            labels=view.labels,
            traces=view.traces,
            can_compare=True,
        )
        page.small_text(
            formats.markdown(
                "Each verdict is at 5%, one-sided, not adjusted; “holds” is what remains after Holm's correction over all "
                "models in the table.",
                300,
            )
        )
    page.left_out(view.left_out)
