"""Planner, serving: a model and hardware in; what fits in which format, how fast, and USD per million tokens."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import formats
from lib.analysis import planner_fields as ask_for
from lib.analysis.devices import price_words
from lib.analysis.serving_estimate import Ask
from lib.errors import RefusedInput
from lib.stats.serving_profiles import SINGLE, WORDS
from lib.ui import cached, controls, downloads, fields, links, page
from lib.ui import parts_planner as shared
from lib.ui.traces import Traces
from lib.ui.views import planner_serve as views
from lib.ui.views import planner_tables
from lib.ui.views.planner_serve import ServeView

QUESTION = "What does 4-bit cost and save, and does the model fit?"
FAVOURITE = "llama-3.1-8b"
CACHE_BITS = {"16": "16 bits", "8": "8 bits"}
METHOD = (
    "**Time.** A decode step is the longer of moving bytes (weights and caches over bandwidth) and multiplying, then links between "
    "devices, then a fixed cost per layer and sequence; prompts take their arithmetic. Efficiencies and overheads are those of the "
    "chosen way of serving. **Bands** hold 80% of estimates for models that the overheads were not fitted to. A **measured** rate of "
    "this model, format, hardware, batch (within 10%) and lengths (within 20%) wins over any estimate.\n\n"
    "**Money.** Price of a device-hour over tokens per hour and the share of paid time that is filled. **Memory.** Weights and caches "
    "may take 88% of a device; the cache is counted with grouped heads, windows and latent attention."
)


def show() -> None:
    """Controls, sentence, figure, table, downloads."""
    options = cached.made(planner_tables.model_options)
    if not options:
        page.nothing_left("The store knows the shape of no model, so no memory can be counted.")
        return
    said = st.container()
    table = shared.devices()
    names = {str(one): str(table.at[one, "name"]) for one in table.sort_values("name").index}
    places = st.columns([5, 5, 5], vertical_alignment="top")
    with places[0]:
        model = controls.choice("of", "Model", options, default=FAVOURITE)
    with places[1]:
        hardware = controls.choice("at", "Hardware", names, default=ask_for.DEFAULT_HARDWARE_SERVE)
    with places[2]:
        profile = controls.choice("way", "Way of serving", WORDS, default=SINGLE)
    asked, told, grid = _assumptions(model, hardware, profile, table.loc[hardware])
    if asked is None:
        fields.not_yet(told)
        return
    try:
        view = cached.made(views.serve_view, ask=asked, grid=grid)
    except RefusedInput as refusal:
        fields.refused(refusal, {"n_gpus": places[1], "batch": places[2]})
        return
    with said:
        page.takeaway([*view.takeaway, view.evidence])
    _result(view, model)


def _assumptions(model: str, hardware: str, profile: str, device: Any) -> tuple[Ask | None, list[str], str]:
    """Everything that is asked or what is wrong with a field, and the grid in words."""
    with shared.more():
        first, second, third = st.columns(4), st.columns(4), st.columns(4)
        typed = []
        for place, field in zip(first, (ask_for.INPUT, ask_for.OUTPUT, ask_for.GPUS, ask_for.UTILISATION), strict=True):
            with place:
                typed.append(fields.amount(field, ask_for.DEFAULTS[field.name]))
        with second[0]:
            rate = fields.amount(ask_for.RATE, shared.text_of(float(device["usd_per_hour"]), lambda x: f"${x:g}"))
        with second[1]:
            cache = controls.choice("cache", "Cache", CACHE_BITS)
        with second[2]:
            pue = fields.amount(ask_for.PUE, ask_for.DEFAULTS["pue"])
        with second[3]:
            # One reader at a time is one sequence at a time.
            batch = None if profile == SINGLE else fields.amount(ask_for.BATCH, ask_for.DEFAULTS["batch"])
        with third[0]:
            zone = shared.choose_zone()
        with third[1]:
            carbon = shared.own_carbon()
        told = price_words(device)
        page.small_text(formats.markdown(f"{device['name']}: {told or 'no price is listed: type what you pay'}", 300))
        grid = shared.grid_note(zone, carbon)
    tokens_in, tokens_out, gpus, filled = typed
    wrong = fields.problems(*typed, rate, pue, carbon, *([batch] if batch else []))
    if wrong:
        return None, wrong, grid.words
    return (
        Ask(
            model=model,
            hardware=hardware,
            batch=1 if batch is None else int(batch.number),
            input_tokens=int(tokens_in.number),
            output_tokens=int(tokens_out.number),
            n_gpus=None if gpus.value is None else int(gpus.number),
            # No price anywhere is not a price of 0: the estimate then has no dollars.
            usd_per_gpu_hour=rate.value,
            utilisation=filled.number,
            profile=profile,
            kv_bits=float(cache),
            pue=pue.number,
            kg_co2e_per_kwh=grid.kg_co2e_per_kwh,
        ),
        [],
        grid.words,
    )


def _result(view: ServeView, model: str) -> None:
    page.figure(view.figure, key="planner-serve", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("format_rates", method=METHOD)
    page.table(
        view.table,
        key="planner-formats",
        alt="Formats of the weights",
        labels=views.TABLE,
        traces=shared.traced(view.traces, view.files),
    )
    if len(view.nearest):
        page.part("Nearest measurements")
        behind = [planner_tables.MEASURED_FILE] * len(view.nearest)
        page.table(
            view.nearest,
            key="planner-nearest",
            alt="The nearest measurement beside each estimate",
            labels=views.NEAREST,
            traces=shared.traced(Traces([""] * len(view.nearest)), dict.fromkeys(views.NEAREST, behind)),
        )
    for note in view.notes:
        page.small_text(formats.markdown(f"{note[0].upper()}{note[1:]}.", 300))
    if view.traces.at(0, "name") is not None and view.traces.models[0]:
        links.link("variants", ":blue[What fewer bits and tuning change in scores →]", {"base": model})
    downloads.buttons(view.rows, "planner-serve", has_figure=True)
