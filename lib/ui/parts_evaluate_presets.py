"""Evaluate, where to begin: choices of tasks that are often asked together, one of them cut to a time on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from lib import formats
from lib.errors import RefusedInput
from lib.evals import estimate
from lib.evals.backends import backend_of
from lib.evals.backends.contract import with_defaults
from lib.evals.presets import Preset, fitted, presets
from lib.settings import read_settings
from lib.ui import cached, page
from lib.ui.views import evaluate_form as form

KEY, OWN_CHOICE = "preset", "own"


class Usual(NamedTuple):
    """What stands in the fields before anything is typed: tasks, worked examples and questions of each as text."""

    tasks: tuple[str, ...] = ()
    shots: str = ""
    limit: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """Key in the address to text, of the fields that an edited choice of tasks must not change."""
        return {"shots": self.shots, "limit": self.limit}


def choose(backend: str, arguments: Sequence[tuple[str, str]]) -> Usual:
    """The menu, and what the chosen one puts into the fields."""
    known = presets()
    words = {name: one.label for name, one in known.items()} | {OWN_CHOICE: "My own choice"}
    asked = st.query_params.get(KEY)
    usual = OWN_CHOICE if st.query_params.get("task") else next(iter(known), OWN_CHOICE)
    st.session_state[KEY] = asked if asked in words else usual
    name = st.selectbox("Begin with", list(words), format_func=words.__getitem__, key=KEY, on_change=_to_address)
    if name not in known:
        return Usual()
    preset = known[name]
    limit = _limit(preset, backend, arguments)
    return Usual(preset.tasks, "" if preset.num_fewshot is None else str(preset.num_fewshot), "" if limit is None else f"{limit:g}")  # fmt: skip


def about() -> None:
    """Who chose these tasks and what for, below the fields."""
    preset = presets().get(st.session_state[KEY])
    if preset is not None:
        source = formats.web_link(preset.source_url, preset.source_title)
        page.small_text(f"{formats.markdown(preset.what, 600)} {source}, {formats.markdown(preset.source_date)}.")


def _limit(preset: Preset, backend: str, arguments: Sequence[tuple[str, str]]) -> float | None:
    """Questions of each task: as many as our estimate fits into the preset's time, as soon as the model is known."""
    if preset.minutes is None:
        return preset.limit
    try:
        spec = form.spec_of(form.Asked(backend, tuple(arguments), preset.tasks, shots=preset.num_fewshot))
        spec = with_defaults(spec, backend_of(spec))
    except RefusedInput:
        # Said beside the field when the whole form is read.
        return preset.limit
    of = estimate.known(cached.store(), spec, today=read_settings().today)
    return fitted(preset, spec, lambda trial: estimate.estimate(trial, of)).limit


def _to_address() -> None:
    """Another choice: what was typed over the last one is no longer meant."""
    for key in ("task", "shots", "limit"):
        st.query_params.pop(key, None)
    st.query_params[KEY] = st.session_state[KEY]
