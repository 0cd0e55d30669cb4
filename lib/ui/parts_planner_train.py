"""Planner, training: a budget, a size or tokens in; plans by every law, their cost, and whether text lasts."""

from __future__ import annotations

from typing import cast

import streamlit as st

from lib.analysis import planner_fields as ask_for
from lib.analysis.devices import TrainingDevice
from lib.analysis.train_plan import LAWS, Ask, Goal
from lib.errors import RefusedInput
from lib.ui import cached, controls, downloads, fields, page
from lib.ui import parts_planner as shared
from lib.ui.fields import Typed
from lib.ui.views import planner_train as views
from lib.ui.views.planner_train import TrainView

QUESTION = "What would training a model cost, and how large should it be?"
METHOD = (
    "**Laws.** $L = E + A N^{-\\alpha} + B D^{-\\beta}$ under $C = 6 N D$. Given a budget, the size and tokens with the lowest "
    "loss; given a size or tokens, the training for which it is the right one. The plan for the whole life is the size with the same "
    "loss for which $6 N D + 2 N I$ is smallest, $I$ tokens served (Sardana et al. 2024).\n\n"
    "**Cost.** Device-hours are $C / (3600\\,F\\,\\mathrm{MFU})$ with the dense peak rate $F$; MFU of 25% to 55% holds every normal "
    "published run and is shown as the 80% band. Energy is hours times watts times PUE. Predictions against published runs: "
    "Data and methods, Cost estimates.\n\n"
    "**Repeated text.** Worth by Muennighoff et al. 2023, up to 4 passes nearly that of new text; their runs that repetition hurt "
    "were left out. The stock of public text is that of Villalobos et al. 2024 and already counts repeating, so the two must not be "
    "multiplied."
)


def show() -> None:
    """Controls, sentence, figure, tables, downloads."""
    said = st.container()
    places = st.columns([3, 3, 5, 3], vertical_alignment="top")
    with places[0]:
        goal = cast(Goal, controls.choice("goal", "Given", ask_for.GOAL_WORDS))
    with places[1]:
        given = fields.amount(ask_for.GOALS[goal], ask_for.DEFAULTS[goal])
    with places[2]:
        device = shared.choose_training_device("on", ask_for.DEFAULT_HARDWARE_TRAIN)
    with places[3]:
        served = fields.amount(ask_for.SERVED, ask_for.DEFAULTS["served"])
    law, asked, told, grid = _assumptions(goal, given, device, served)
    result = st.container()
    if asked is None:
        with result:
            fields.not_yet(told)
        return
    try:
        view = cached.made(views.train_view, ask=asked, law=law, device=device.name, grid=grid)
    except RefusedInput as refusal:
        with result:
            fields.refused(refusal, {goal: places[1], "rate": places[2]})
        return
    with said:
        page.takeaway(view.takeaway)
    with result:
        _result(view)


def _assumptions(
    goal: Goal, given: Typed, device: TrainingDevice, served: Typed
) -> tuple[str, Ask | None, list[str], str]:
    """The law, everything that is asked or what is wrong with a field, and the grid in words."""
    with shared.more():
        first, second = st.columns(4), st.columns(4)
        with first[0]:
            law = controls.choice("law", "Law", LAWS)
        with first[1]:
            mfu = fields.amount(ask_for.MFU, f"{device.mfu:.0%}")
        with first[2]:
            rate = fields.amount(ask_for.RATE, shared.text_of(device.usd_per_hour, lambda x: f"${x:g}"))
        with first[3]:
            watts = fields.amount(ask_for.WATTS, shared.text_of(device.watts, lambda x: f"{x:g}"))
        typed = []
        for place, field in zip(second, (ask_for.DIFFERENT, ask_for.PUE, ask_for.RATIO, ask_for.BEYOND), strict=True):
            with place:
                typed.append(fields.amount(field, ask_for.DEFAULTS[field.name]))
        third = st.columns(4)
        with third[0]:
            zone = shared.choose_zone()
        with third[1]:
            carbon = shared.own_carbon()
        shared.price_note(device)
        grid = shared.grid_note(zone, carbon)
    different, pue, ratio, beyond = typed
    told = fields.problems(given, served, mfu, rate, watts, different, pue, carbon, ratio, beyond)
    if told:
        return law, None, told, grid.words
    return law, Ask(
        goal, given.number, device.peak_flop_per_s, mfu.number, rate.value, watts.value, pue.number, grid.kg_co2e_per_kwh, served.number,
        ratio.number, different.value, beyond.number,
    ), [], grid.words  # fmt: skip


def _result(view: TrainView) -> None:
    if view.figure is None:
        page.nothing_left("The store has no scaling law, so no size can be called best.")
        return
    page.figure(view.figure, key="planner-train", alt=view.alt)
    page.legend(view.legend, view.coverage)
    page.explain("lifetime_cost", method=METHOD)
    page.part("By every law")
    traces = shared.traces_of(views.LAWS_FILE, len(view.plans))
    page.table(view.plans, key="planner-plans", alt="Plans by every law", labels=views.PLANS, traces=traces)
    page.part("Does the text last?")
    page.table(
        view.limits,
        key="planner-limits",
        alt="Training tokens against text",
        labels=views.LIMITS,
        traces=shared.traces_of(views.LAWS_FILE, len(view.limits)),
    )
    page.table(view.stocks, key="planner-stocks", alt="Stocks of public text", labels=views.STOCKS)
    page.small_text("Stocks: Villalobos et al. 2024, arXiv 2211.04325, table 1 and figure 1, 95% intervals (90% for the last row).")  # fmt: skip
    downloads.buttons(view.rows, "planner-train", has_figure=True)
