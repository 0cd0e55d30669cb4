"""Planner, mixtures of experts: total and active parameters, memory against speed, beside a dense model."""

from __future__ import annotations

import streamlit as st

from lib.analysis import planner_fields as ask_for
from lib.analysis.serve_plan import SERVER_FORMATS
from lib.analysis.serving_estimate import Ask
from lib.errors import RefusedInput
from lib.schema.weight_formats import FORMATS
from lib.ui import cached, controls, downloads, fields, page
from lib.ui import parts_planner as shared
from lib.ui.views import planner_experts as views

QUESTION = "What does a mixture of experts save, and what does it cost?"
MOE, DENSE = "mixtral-8x7b", "qwen2.5-14b"
METHOD = (
    "**Read by a step.** With every expert as likely, a batch of $B$ tokens reaches $E (1 - (1 - k/E)^B)$ of the $E$ experts of a "
    "layer, $k$ per token; what is dense is read by every step. **Memory** holds every expert. **Rates** are those of the part "
    "*Serve*, on the fewest devices (1, 2, 4, 8 or 16) that hold one copy with 64 sequences."
)


def show() -> None:
    """Controls, sentence, figure, table, downloads."""
    moes, denses = cached.made(views.mixtures)
    if not moes or not denses:
        page.nothing_left("The store knows the shape of no mixture of experts, or of no dense model.")
        return
    said = st.container()
    table = shared.devices()
    names = {str(one): str(table.at[one, "name"]) for one in table.sort_values("name").index}
    places = st.columns(4, vertical_alignment="top")
    with places[0]:
        moe = controls.choice("moe", "Mixture of experts", moes, default=MOE)
    with places[1]:
        dense = controls.choice("dense", "Dense model", denses, default=DENSE)
    with places[2]:
        hardware = controls.choice("rack", "Hardware", names, default=ask_for.DEFAULT_HARDWARE_HOST)
    with places[3]:
        stored = controls.choice("stored", "Weights", {one: FORMATS[one].label for one in SERVER_FORMATS})
    with shared.more():
        first = st.columns(4)
        typed = []
        for place, field in zip(first, (ask_for.INPUT, ask_for.OUTPUT, ask_for.UTILISATION), strict=False):
            with place:
                typed.append(fields.amount(field, ask_for.DEFAULTS[field.name]))
        with first[3]:
            rate = fields.amount(ask_for.RATE, shared.text_of(float(table["usd_per_hour"].astype(float)[hardware]), lambda x: f"${x:g}"))  # fmt: skip
    if told := fields.problems(*typed, rate):
        fields.not_yet(told)
        return
    tokens_in, tokens_out, filled = (one.number for one in typed)
    ask = Ask(moe, hardware, stored, input_tokens=int(tokens_in), output_tokens=int(tokens_out), usd_per_gpu_hour=rate.value, utilisation=filled)  # fmt: skip
    try:
        view = cached.made(views.experts_view, moe=moe, dense=dense, ask=ask)
    except RefusedInput as refusal:
        fields.refused(refusal, {"model": places[0]})
        return
    with said:
        page.takeaway(view.takeaway)
    page.figure(view.figure, key="planner-experts", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("weights_read", method=METHOD)
    page.table(
        view.table,
        key="planner-experts-table",
        alt="Both models",
        labels=views.TABLE,
        traces=shared.traced(view.traces, views.files(len(view.table))),
    )
    downloads.buttons(view.rows, "planner-experts", has_figure=True)
