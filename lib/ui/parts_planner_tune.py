"""Planner, tuning: a model and hardware in; whether full training, LoRA and QLoRA fit, their time and dollars."""

from __future__ import annotations

import streamlit as st

from lib.analysis import planner_fields as ask_for
from lib.analysis.devices import TrainingDevice
from lib.analysis.tune_plan import ADAPTED_WORDS, STATES_WORDS, TuneAsk
from lib.errors import RefusedInput
from lib.ui import cached, controls, downloads, fields, page
from lib.ui import parts_planner as shared
from lib.ui.views import data_costs
from lib.ui.views import planner_tune as views
from lib.ui.views.planner_tune import TuneView

QUESTION = "What would tuning a model take, and on what does it fit?"
FAVOURITE = "llama-3.1-8b"
METHOD = (
    "**Memory.** Full training takes 16 bytes a parameter with AdamW in mixed precision (2 weight, 2 gradient, 12 optimiser; ZeRO, "
    "arXiv 1910.02054). LoRA adds $r (d_{in} + d_{out})$ parameters to each adapted matrix at 12 bytes each. Activations with "
    "checkpointing are $2 b s d L + 34 b s d$ bytes, logits $6 b s V$. *Tight* means that it fits only without a fifth to spare.\n\n"
    "**Time.** $6 N D$ operations for LoRA and QLoRA with activations computed again, $8 N D$ for full training, and attention; "
    "divided by devices, dense peak rate and utilisation. Against measured fine-tunes: Data and methods, Cost estimates."
)


def show() -> None:
    """Controls, sentence, figure, tables, downloads."""
    options = cached.made(views.options)
    if not options:
        page.nothing_left("The store knows the shape of no model, so no memory can be counted.")
        return
    said = st.container()
    places = st.columns([5, 5, 3, 3], vertical_alignment="top")
    with places[0]:
        model = controls.choice("of", "Model", options, default=FAVOURITE)
    with places[1]:
        device = shared.choose_training_device("card", ask_for.DEFAULT_HARDWARE_TUNE)
    with places[2]:
        n = fields.amount(ask_for.DEVICES, ask_for.DEFAULTS["devices"])
    with places[3]:
        tokens = fields.amount(ask_for.TUNED_TOKENS, ask_for.DEFAULTS["tuned"])
    asked, told = _assumptions(n, tokens, device)
    if asked is None:
        fields.not_yet(told)
        return
    try:
        view = cached.made(views.tune_view, model=model, device=device, ask=asked)
    except RefusedInput as refusal:
        fields.refused(refusal, {"of": places[0]})
        return
    with said:
        page.takeaway(view.takeaway)
    _result(view)


def _assumptions(n: fields.Typed, tokens: fields.Typed, device: TrainingDevice) -> tuple[TuneAsk | None, list[str]]:
    """Everything that is asked, or what is wrong with a field."""
    with shared.more():
        first, second = st.columns(4), st.columns(4)
        with first[0]:
            rank = fields.amount(ask_for.RANK, ask_for.DEFAULTS["rank"])
        with first[1]:
            adapted = controls.choice("adapted", "Adapters on", ADAPTED_WORDS)
        with first[2]:
            sequence = fields.amount(ask_for.SEQUENCE, ask_for.DEFAULTS["sequence"])
        with first[3]:
            each = fields.amount(ask_for.EACH, ask_for.DEFAULTS["each"])
        with second[0]:
            hfu = fields.amount(ask_for.HFU, ask_for.DEFAULTS["hfu"])
        with second[1]:
            rate = fields.amount(ask_for.RATE, shared.text_of(device.usd_per_hour, lambda x: f"${x:g}"))
        with second[2]:
            states = controls.choice("states", "Full training keeps", STATES_WORDS)
        shared.price_note(device)
    told = fields.problems(n, tokens, rank, sequence, each, hfu, rate)
    if told:
        return None, told
    return TuneAsk(
        tokens.number, n.number, rank.number, sequence.number, each.number, hfu.number, rate.value, adapted, states
    ), []


def _result(view: TuneView) -> None:
    page.figure(view.figure, key="planner-tune", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("tuning_memory", method=METHOD)
    page.table(
        view.table,
        key="planner-ways",
        alt="Ways of tuning",
        labels=views.TABLE,
        traces=shared.traced(view.traces, views.files(len(view.table))),
    )
    if len(view.measured):
        page.part("Measured fine-tunes of this model")
        traces = shared.traces_of(data_costs.TUNING_FILE, len(view.measured))
        page.table(
            view.measured, key="planner-measured", alt="Measured fine-tunes", labels=data_costs.TUNING, traces=traces
        )
    downloads.buttons(view.rows, "planner-tune", has_figure=True)
