"""Evaluate, a new job: a model and tasks in; what it will take and what is in the way, then one button."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.analysis.amounts import message
from lib.errors import RefusedInput
from lib.evals import asking
from lib.evals.asking import Prepared
from lib.evals.backends.contract import Backend, Problem
from lib.evals.prices import TokenPrice
from lib.schema.text import Sentence, Span, sentence
from lib.settings import read_settings
from lib.ui import cached, controls, fields, form_texts, page
from lib.ui import parts_evaluate_go as last
from lib.ui import parts_evaluate_model as model
from lib.ui import parts_evaluate_presets as presets
from lib.ui import parts_evaluate_tasks as tasks
from lib.ui.fields import Typed
from lib.ui.form_texts import Places
from lib.ui.parts_evaluate_presets import Usual
from lib.ui.views import evaluate_form as form
from lib.ui.views import evaluate_tasks
from lib.ui.views.evaluate_estimate import takeaway
from lib.ui.views.evaluate_form import Asked

QUESTION = "How does my model do on these tasks?"
_MARKED = sentence("Nothing can start until ", Span("what is marked below", "strong"), " is changed.")


class _Filled(NamedTuple):
    """The form as it stands.

    Args:
        wrong: What is wrong with its numbers.
        missing: Labels of needed arguments that are empty.
        described: Tasks and questions in words.
        about: Where something can be said of the model.
    """

    asked: Asked
    backend: Backend
    wrong: list[str]
    missing: list[str]
    described: str
    priority: int
    price: TokenPrice | None
    about: DeltaGenerator


def show() -> None:
    """The form, its problems beside its fields, the estimate, and the button that starts the job."""
    said, places = st.container(), Places()
    filled = _form(places)
    found, told = _prepared(filled, places)
    with filled.about:
        name = next((text for name, text in filled.asked.arguments if name in model.NAMES), "")
        model.about(filled.backend, name, found.facts if found else None)
    with said:
        page.takeaway(told)
    if found is not None:
        last.expected(found.estimate)
        last.start(found, filled.priority)


def _form(places: Places) -> _Filled:
    first = st.columns([5, 7], vertical_alignment="top")
    with first[0]:
        backend = model.choose_backend()
        places.below("backend")
    with first[1]:
        needed = model.needed(backend)
        arguments = model.fields(needed, places, columns=max(1, len(needed)))
        places.below("model", "model_args")
        about = st.container()
    second = st.columns([5, 6, 3], vertical_alignment="top")
    with second[0]:
        usual = presets.choose(backend.name, arguments)
    own = tasks.own()
    with second[1]:
        chosen = tasks.choose(own, usual.tasks, usual.texts)
    with second[2]:
        limit = fields.amount(form.LIMIT, usual.limit)
        places.below("limit")
    places.below("tasks")
    presets.about()
    tasks.search(chosen, usual.texts)
    with st.expander("More", icon=":material/tune:"):
        rest, numbers, others = _rarer(backend, usual, places)
    asked = Asked(
        backend.name,
        (*arguments, *rest),
        chosen,
        limit=limit.value,
        shots=numbers["shots"].value,
        batch=numbers["batch"].value,
        repeats=numbers["repeats"].value,
        **others,
    )
    return _Filled(
        asked,
        backend,
        fields.problems(limit, *numbers.values()),
        [one.label for one in needed if one.name not in dict(arguments)],
        evaluate_tasks.described(chosen, own, limit.value),
        int(numbers["priority"].value or 0),
        _price(numbers),
        about,
    )


def _rarer(
    backend: Backend, usual: Usual, places: Places
) -> tuple[tuple[tuple[str, str], ...], dict[str, Typed], dict[str, Any]]:
    """Fields that most readers leave as they are: further arguments, numbers by key, texts by name."""
    defaults = {**form.DEFAULTS, "shots": usual.shots}
    numbers: dict[str, Typed] = {}
    rows = st.columns(4, vertical_alignment="top")
    for column, field in zip(rows, (form.SHOTS, form.BATCH, form.REPEATS, form.PRIORITY), strict=True):
        with column:
            numbers[field.name] = fields.amount(field, defaults.get(field.name, ""))
            places.below({"shots": "num_fewshot", "batch": "batch_size"}.get(field.name, field.name))
    rest = model.fields(model.rarer(backend), places, columns=4)
    if backend.is_remote:
        for column, field in zip(st.columns(4), form.PRICES, strict=False):
            with column:
                numbers[field.name] = fields.amount(field)
    others: dict[str, Any] = {}
    rows = st.columns(4, vertical_alignment="top")
    with rows[0]:
        others["template"] = controls.choice(
            "template", "Prompts are sent", form.TEMPLATES, default=form.usual_template(backend.name)
        )
        places.below("apply_chat_template")
    with rows[1]:
        others["device"] = form_texts.text("device", "Device", example="the worker's own", help="cpu, cuda, cuda:1 or mps.")  # fmt: skip
        places.below("device")
    with rows[2]:
        others["more"] = form_texts.text("more", "Further arguments", example="name=value,name=value")
    with rows[3]:
        others["generation"] = form_texts.text("generation", "Settings of generation", example="temperature=0.7")
        places.below("gen_kwargs")
    narrow, wide = st.columns([3, 9], vertical_alignment="top")
    with narrow:
        others["seeds"] = form_texts.text("seeds", "Seeds", default=form.DEFAULTS["seeds"], help="Python, NumPy, PyTorch, worked examples.")  # fmt: skip
        places.below("seeds")
        others["is_multiturn"] = controls.switch("turns", "Examples as turns", help="Of a chat; needs its template.")
        places.below("fewshot_as_multiturn")
    with wide:
        others["system"] = form_texts.text("system", "System instruction", is_long=True)
        places.below("system_instruction")
    return rest, numbers, others


def _price(numbers: Mapping[str, Typed]) -> TokenPrice | None:
    """What the reader pays, where both prices are typed; one of them alone is no price."""
    typed = [numbers[one.name].value for one in form.PRICES if one.name in numbers]
    if len(typed) != len(form.PRICES) or typed[0] is None or typed[1] is None:
        return None
    return TokenPrice(typed[0], typed[1], "your own price, from the form")


def _prepared(filled: _Filled, places: Places) -> tuple[Prepared | None, list[Sentence]]:
    """What is known of the job, and the sentences above the form; None while it cannot be read as a job."""
    if filled.missing:
        wanted = " and ".join(one[:1].lower() + one[1:] for one in filled.missing)
        return None, [sentence("Fill in ", Span(wanted, "strong"), ": then this says what it will take.")]
    if not filled.asked.tasks:
        return None, [sentence("Choose ", Span("tasks", "strong"), ": then this says what it will take.")]
    if filled.wrong:
        return None, [sentence("Nothing is estimated until this is changed: ", "; ".join(filled.wrong), ".")]
    try:
        spec = form.spec_of(filled.asked)
        on_hub = model.on_hub(spec.model)
        found = asking.prepare(cached.store(), read_settings(), spec, env=os.environ, on_hub=on_hub, price=filled.price)
    except RefusedInput as refusal:
        places.tell([Problem(refusal.place, message(refusal))])
        return None, [_MARKED]
    places.tell(found.problems)
    told = takeaway(filled.described, found.estimate.as_json())
    return found, [_MARKED, told] if found.problems else [told]
