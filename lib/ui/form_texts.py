"""Fields for text: what is typed stands in the address, unless it looks like a key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib import formats
from lib.evals.backends.contract import Problem
from lib.ui import page
from lib.ui.views.evaluate_form import is_secret

LONGEST, LONG_PX = 2_000, 90
_KEPT = "kept-"
REASONS_SHOWN = 2


def text(key: str, label: str, *, default: str = "", help: str = "", example: str = "", is_long: bool = False) -> str:
    """A field; its key is its name in the address, where the default is not written.

    What looks like a key or a password stays in this tab: an address is kept by browsers and sent on by people.

    Args:
        example: Shown in the empty field.
        is_long: Several lines.
    """
    asked = st.query_params.get(key)
    st.session_state[key] = asked[:LONGEST] if asked is not None else st.session_state.get(_KEPT + key, default)
    given: dict[str, Any] = {
        "key": key,
        "max_chars": LONGEST,
        "help": help or None,
        "placeholder": example or None,
        "on_change": _to_address,
        "args": (key, default),
    }
    typed = st.text_area(label, height=LONG_PX, **given) if is_long else st.text_input(label, **given)
    return typed or ""


class Places:
    """Where, below its field, is said what is wrong with it: fields are drawn before that can be known."""

    def __init__(self) -> None:
        self._of: dict[str, DeltaGenerator] = {}

    def below(self, *names: str) -> None:
        """The field just drawn is about these places of a job."""
        place = st.container()
        self._of |= dict.fromkeys(names, place)

    def tell(self, problems: Sequence[Problem]) -> None:
        """Says each problem below its field, a remedy that several share once; what has no field, at the end of the form."""
        for place in dict.fromkeys(one.place for one in problems):
            drawn = self._of.get(place) or self._of.get(place.split(".")[0])
            here = [one for one in problems if one.place == place]
            with drawn or st.container():
                for remedy in dict.fromkeys(one.remedy for one in here):
                    _tell([one.reason for one in here if one.remedy == remedy], remedy)


def _tell(reasons: Sequence[str], remedy: str) -> None:
    told = "; ".join(formats.one_line(one, 300) for one in reasons[:REASONS_SHOWN])
    more = f"; and {len(reasons) - REASONS_SHOWN} more like this" if len(reasons) > REASONS_SHOWN else ""
    page.small_text(f":material/error: {formats.markdown(f'{told}{more}.', 1_000)} {formats.markdown(remedy, 400)}")


def _to_address(key: str, default: str) -> None:
    typed = st.session_state[key]
    st.session_state.pop(_KEPT + key, None)
    if typed == default or is_secret(typed):
        st.query_params.pop(key, None)
        if is_secret(typed):
            st.session_state[_KEPT + key] = typed
    else:
        st.query_params[key] = typed
