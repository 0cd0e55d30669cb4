"""Fields for amounts: what is typed stands in the address, and what cannot be meant is said beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import formats
from lib.analysis.amounts import Amount, message, read
from lib.errors import RefusedInput
from lib.ui import page
from lib.ui.recorded import note_choice

LONGEST = 40


class Typed(NamedTuple):
    """What a field says: its number (None: empty), or why there is none."""

    value: float | None
    problem: str

    @property
    def number(self) -> float:
        """The number of a field that may not be empty, once it has no problem.

        Raises:
            ValueError: There is none.
        """
        if self.value is None:
            raise ValueError("a field without a number")
        return self.value


def amount(field: Amount, default: str = "") -> Typed:
    """A field with its number; its key is its name in the address, and the default is not in the address.

    Args:
        default: Text that stands there before anything was typed.
    """
    asked = st.query_params.get(field.name)
    st.session_state[field.name] = default if asked is None else asked[:LONGEST]
    typed = st.text_input(
        field.label,
        key=field.name,
        max_chars=LONGEST,
        placeholder=f"e.g. {field.example}" if not default else None,
        help=field.help or None,
        on_change=_to_address,
        args=(field.name, default),
    )
    if typed:
        note_choice(field.name, field.label, typed)
    try:
        return Typed(read(field, typed or ""), "")
    except RefusedInput as refusal:
        told = message(refusal)
        page.small_text(f":material/error: {formats.markdown(told, 300)}")
        return Typed(None, told)


def refused(refusal: RefusedInput, places: Mapping[str, DeltaGenerator]) -> None:
    """What a calculation says about a field, beside it, and in the place of the result.

    Args:
        places: Name of the argument to where its field stands; what is not named is told below only.
    """
    told = message(refusal)
    if (place := places.get(refusal.place)) is not None:
        with place:
            page.small_text(f":material/error: {formats.markdown(told, 300)}")
    not_yet([told])


def problems(*typed: Typed) -> list[str]:
    """What is wrong with any of the fields."""
    return [one.problem for one in typed if one.problem]


def not_yet(told: list[str]) -> None:
    """In the place of the result, as long as a field needs another value."""
    page.nothing_left(f"Nothing is estimated until this is changed: {'; '.join(told)}.")


def _to_address(name: str, default: str) -> None:
    typed = st.session_state[name]
    if typed == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = typed
