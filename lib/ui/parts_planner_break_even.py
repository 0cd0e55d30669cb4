"""Planner, break-even: one workload, the interface of a large model against a small one on own hardware."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import streamlit as st

from lib import formats
from lib.analysis import planner_fields as ask_for
from lib.analysis.break_even_plan import Workload
from lib.analysis.devices import price_words
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, Blend, Host
from lib.analysis.serve_plan import SERVER_FORMATS
from lib.analysis.serving_estimate import Ask
from lib.errors import RefusedInput
from lib.schema.weight_formats import FORMATS
from lib.stats.serving_profiles import SINGLE, WORDS
from lib.ui import cached, controls, downloads, fields, links, page
from lib.ui import parts_planner as shared
from lib.ui.traces import Traces
from lib.ui.views import cheapest_choice as choice
from lib.ui.views import planner_break_even as views
from lib.ui.views import planner_tables
from lib.ui.views.planner_break_even import BreakEvenView

QUESTION = "When does serving a small model yourself cost less than a large one's interface?"
LARGE, SMALL = "llama-3.1-70b-instruct", "llama-3.1-8b-instruct"
HOSTS = {MEDIAN: "median of its hosts", CHEAPEST: "the cheapest host"}
METHOD = (
    "**Interface.** Requests times $((i - c) P_{in} + c P_{cached} + o P_{out}) / 10^6$, list prices in force on the day shown. "
    "**Own hardware.** A replica of $n$ devices costs $n p \\cdot 730$ a month and takes $X / o \\cdot u \\cdot 3600 \\cdot 730$ "
    "requests, $X$ the output rate at these lengths, $u$ the share of time that is filled; replicas are whole.\n\n"
    "**Quality.** The small model is held against the large one on every chosen benchmark, measured one way: one-sided 95% bounds of "
    "the difference against the margin, as on the page of the cheapest that will do, without a correction because the pair was chosen "
    "beforehand. *Not shown* does not mean worse; it means that the scores do not decide."
)


class _Side(NamedTuple):
    """The own side and the workload, once every field has a number."""

    ask: Ask
    work: Workload


def show() -> None:
    """Controls, sentence, figure, tables, downloads."""
    said = st.container()
    options = cached.made(planner_tables.model_options)
    probe = cached.stored(views.prices, today=cached.today(), blend=Blend(), host=MEDIAN)
    large_options = cached.made(views.priced, offers=probe)
    if not options or not large_options:
        page.nothing_left(
            "The store knows no model with a price, or none whose shape is known, so nothing can be compared."
        )
        return
    first, second = st.columns([5, 5, 5], vertical_alignment="top"), st.columns(4, vertical_alignment="top")
    with first[0]:
        small = controls.choice("of", "Small, on own hardware", options, default=SMALL)
    with first[1]:
        table = shared.devices()
        names = {str(one): str(table.at[one, "name"]) for one in table.sort_values("name").index}
        hardware = controls.choice("rack", "Hardware", names, default=ask_for.DEFAULT_HARDWARE_HOST)
    with first[2]:
        large = controls.choice("large", "Large, through its interface", large_options, default=LARGE)
    typed = []
    for place, field in zip(second, (ask_for.REQUESTS, ask_for.INPUT, ask_for.CACHED, ask_for.OUTPUT), strict=True):
        with place:
            typed.append(fields.amount(field, ask_for.DEFAULTS[field.name]))
    with shared.more():
        side, told = _own_side(small, hardware, table.loc[hardware], typed)
        host, benchmarks, margin = _other_side(small, large)
    if side is None:
        fields.not_yet(told)
        return
    beside = {
        "cached": second[2], "input_tokens": second[1], "output_tokens": second[3], "large": first[2],
        **dict.fromkeys(("n_gpus", "batch", "rate", "rack", "usd_per_gpu_hour"), first[1]),
    }  # fmt: skip
    try:
        view = _compared(side, large, host, benchmarks, margin)
    except RefusedInput as refusal:
        fields.refused(refusal, beside)
        return
    with said:
        page.takeaway(view.takeaway)
        query: dict[str, str | list[str]] = {"like": large, "margin": f"{margin:g}", "bench": list(benchmarks)}
        links.link("cheapest", ":blue[Which model is shown to be within this margin? →]", query)
    _result(view)


def _own_side(small: str, hardware: str, device: Any, typed: list[fields.Typed]) -> tuple[_Side | None, list[str]]:
    """Assumptions about own hardware, or what is wrong with a field."""
    first, second = st.columns(4), st.columns(4)
    wanted = (ask_for.GPUS, ask_for.SERVED_TOGETHER, ask_for.UTILISATION, ask_for.EXTRA)
    given = []
    for place, field in zip(first, wanted, strict=True):
        with place:
            given.append(fields.amount(field, ask_for.DEFAULTS[field.name]))
    with second[0]:
        rate = fields.amount(ask_for.RATE, shared.text_of(float(device["usd_per_hour"]), lambda x: f"${x:g}"))
    with second[1]:
        stored = controls.choice("stored", "Weights", {one: FORMATS[one].label for one in SERVER_FORMATS})
    with second[2]:
        way = controls.choice("server", "Way of serving", {key: words for key, words in WORDS.items() if key != SINGLE})
    told = price_words(device)
    page.small_text(formats.markdown(f"{device['name']}: {told or 'no price is listed: type what you pay'}", 300))
    wrong = fields.problems(*typed, *given, rate)
    if wrong:
        return None, wrong
    requests, tokens_in, tokens_cached, tokens_out = (one.number for one in typed)
    gpus, together, filled, extra = given
    ask = Ask(
        model=small,
        hardware=hardware,
        weight_format=stored,
        batch=int(together.number),
        input_tokens=int(tokens_in),
        output_tokens=int(tokens_out),
        n_gpus=None if gpus.value is None else int(gpus.number),
        usd_per_gpu_hour=rate.value,
        profile=way,
    )
    return _Side(ask, Workload(tokens_in, tokens_cached, tokens_out, requests, filled.number, extra.number)), []


def _other_side(small: str, large: str) -> tuple[Host, tuple[str, ...], float]:
    """Which host's price counts, and on what quality is judged."""
    places = st.columns([3, 6, 3])
    with places[0]:
        host = cast(Host, controls.choice("host", "Price of the interface", HOSTS))
    offer = cached.made(choice.offer, like=large)
    default = cached.made(views.shared_benchmarks, small=small, large=large)
    with places[1]:
        chosen = controls.several("bench", "Quality judged on", offer.options, default=default, empty="choose some")
    with places[2]:
        margins = choice.margins(st.query_params.get("margin"))
        margin = float(controls.choice("margin", "Within", margins, default=choice.DEFAULT_MARGIN))
    return host, cached.made(choice.benchmarks_of, like=large, chosen=tuple(chosen)), margin


def _compared(side: _Side, large: str, host: Host, benchmarks: tuple[str, ...], margin: float) -> BreakEvenView:
    """The comparison.

    Raises:
        RefusedInput: Why there can be none; place is the argument.
    """
    work = side.work
    if work.cached_tokens > work.input_tokens:
        raise RefusedInput("cached tokens are part of the input", place="cached", expected="at most as many as go in")
    blend = Blend(work.input_tokens, work.output_tokens, work.cached_tokens / work.input_tokens)
    offers = cached.stored(views.prices, today=cached.today(), blend=blend, host=host)
    by_model = {one.model: one for one in offers}
    if large not in by_model:
        raise RefusedInput("no price of this interface holds today", place="large")
    return cached.made(
        views.break_even_view,
        large=large,
        ask=side.ask,
        work=work,
        price=by_model[large],
        own_api=by_model.get(side.ask.model),
        benchmarks=benchmarks,
        margin=margin,
        pairs=cached.made(views.pairs, store=cached.store(), small=side.ask.model, large=large, benchmarks=benchmarks),
    )


def _result(view: BreakEvenView) -> None:
    page.figure(view.figure, key="planner-bills", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("monthly_bills", method=METHOD)
    page.part("Both bills")
    page.table(
        view.bills,
        key="planner-bills-table",
        alt="Monthly bills",
        labels=views.BILLS,
        traces=shared.traced(view.bill_traces, view.bill_files),
    )
    page.part("What would turn it at your volume")
    page.table(
        view.levers,
        key="planner-levers",
        alt="What would turn the answer",
        labels=views.LEVERS,
        traces=shared.traced(Traces([""] * len(view.levers)), view.lever_files),
    )
    if len(view.tests):
        page.part("Is the quality shown?")
        page.table(view.tests, key="planner-quality", alt="The small model against the large one", labels=views.TESTS, traces=view.test_traces)  # fmt: skip
        page.small_text(formats.markdown(f"Measured by: {view.quality.protocol}.", 300))
    for note in view.notes:
        page.small_text(formats.markdown(f"{note[0].upper()}{note[1:]}.", 300))
    downloads.buttons(view.rows, "planner-break-even", has_figure=True)
