"""Evaluate, which model: how it is run, the fields of that way, and what the Hub says of it when asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from lib import formats
from lib.errors import PoundForPoundError
from lib.evals import hub
from lib.evals.asking import Asked
from lib.evals.backends import backends
from lib.evals.backends.contract import Argument, Backend
from lib.evals.hub import HubModel
from lib.evals.model_facts import ModelFacts
from lib.ui import controls, form_texts, page
from lib.ui.form_texts import Places
from lib.ui.views.evaluate_form import ARGUMENT
from lib.ui.views.evaluate_model import facts_words, hub_words

USUAL = "hf"
NAMES = ("pretrained", "model")
"""Arguments that say which model it is."""
ANSWER = "hub-answer"
MOST_FOUND = 8


class _Answer(NamedTuple):
    """What the Hub said when it was last asked: for which text, the one model or those found, or why nothing."""

    asked: str
    found: tuple[HubModel, ...]
    is_exact: bool
    trouble: str = ""


def choose_backend() -> Backend:
    """How the model is run."""
    known = backends()
    name = controls.choice(
        "backend", "How it is run", {one.name: one.label for one in known.values()}, default=USUAL, help=_meanings()
    )
    return known[name]


def needed(backend: Backend) -> list[Argument]:
    """Arguments without which there is no model."""
    return [one for one in backend.arguments if one.required]


def rarer(backend: Backend) -> list[Argument]:
    """Arguments that may stay as they are."""
    return [one for one in backend.arguments if not one.required]


def fields(arguments: Sequence[Argument], places: Places, *, columns: int = 1) -> tuple[tuple[str, str], ...]:
    """Fields of arguments; name and text of each that says something."""
    typed = []
    drawn = st.columns(columns, vertical_alignment="top") if columns > 1 else [st.container()]
    for n, one in enumerate(arguments):
        with drawn[n % len(drawn)]:
            typed.append((one.name, _field(one)))
            places.below(f"model_args.{one.name}")
    return tuple((name, text) for name, text in typed if text)


def on_hub(name: str) -> Asked | None:
    """What the Hub said about exactly this model; None where the reader did not have it asked."""
    answer: _Answer | None = st.session_state.get(ANSWER)
    if answer is not None and answer.is_exact and answer.asked == name:
        return Asked(answer.found[0].facts, is_offline=False)
    return Asked(None, is_offline=True) if _is_switched_off() else None


def _is_switched_off() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")


def about(backend: Backend, name: str, facts: ModelFacts | None) -> None:
    """What is known of the model, and the way to ask the Hub, which is asked only at a click.

    Args:
        name: As typed; facts: What is known without asking anybody.
    """
    if facts is not None and facts_words(facts):
        page.small_text(formats.markdown(facts_words(facts), 300))
    if backend.is_remote or not any(one.kind == "model" for one in needed(backend)):
        return
    st.button(
        "Look it up on the Hub" if name else "Search the Hub",
        key="hub",
        icon=":material/search:",
        type="tertiary",
        disabled=not name,
        help="Asks huggingface.co for size, licence, gate and files. Type a name, or words of one.",
        on_click=_ask_hub,
        args=(name,),
    )
    answer: _Answer | None = st.session_state.get(ANSWER)
    if answer is not None and answer.asked == name:
        _said(answer)


def _ask_hub(name: str) -> None:
    try:
        if "/" in name:
            answer = _Answer(name, (hub.model(name),), is_exact=True)
        else:
            answer = _Answer(name, tuple(hub.search(name, limit=MOST_FOUND)), is_exact=False)
    except PoundForPoundError as told:
        answer = _Answer(name, (), is_exact=False, trouble=str(told))
    st.session_state[ANSWER] = answer


def _said(answer: _Answer) -> None:
    if answer.trouble:
        page.small_text(f":material/cloud_off: {formats.markdown(answer.trouble, 400)}")
    elif answer.is_exact:
        page.small_text(f"On the Hub: {formats.markdown(hub_words(answer.found[0]), 500)}")
    elif not answer.found:
        page.small_text("The Hub has no language model with these words in its name.")
    for n, one in enumerate(() if answer.is_exact else answer.found):
        words = f"{formats.markdown(one.name, 80)} · {formats.markdown(hub_words(one), 200)}"
        st.button(words, key=f"hub-{n}", type="tertiary", on_click=_take, args=(one,))


def _take(found: HubModel) -> None:
    st.query_params[f"{ARGUMENT}pretrained"] = found.name
    _ask_hub(found.name)


def _field(one: Argument) -> str:
    key = ARGUMENT + one.name
    if one.kind == "flag":
        return controls.choice(key, one.label, {"": _as_usual(one), "true": "yes", "false": "no"}, help=one.help)
    if one.choices:
        known = {"": _as_usual(one), **{choice: choice for choice in one.choices}}
        return controls.choice(key, one.label, known, help=one.help)
    return form_texts.text(key, one.label, help=one.help, example=_as_usual(one) if one.default is not None else "").strip()  # fmt: skip


def _as_usual(one: Argument) -> str:
    return f"as usual ({_text(one.default)})" if one.default is not None else "as usual"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _meanings() -> str:
    return "  \n".join(f"**{one.label}**: {one.what}" for one in backends().values())
