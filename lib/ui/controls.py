"""Controls. Each is one function; its key is its name in the address, so that a link shows the same view.

A value from the address that a control does not offer becomes the default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import streamlit as st

from lib import formats
from lib.analysis.sizes import CLASS_LABELS, CLASS_ORDER, SizeBy
from lib.schema.columns import COLUMNS, SIZES
from lib.schema.sizes import DEFAULT_THRESHOLD, WEIGHT_CLASSES
from lib.ui.recorded import note_choice

_BILLIONS = (1, 2, 3, 4, 7, 8, 10, 13, 15, 20, 27, 35, 50, 70, 100, 200, 400, 700, 1000)
LIMITS = {formats.parameters(n * 1e9): n * 1e9 for n in _BILLIONS}
DEFAULT_LIMIT = formats.parameters(DEFAULT_THRESHOLD)
CLASS_LIMITS = {one.key: math.nextafter(one.high, 0) for one in WEIGHT_CLASSES[:-1]}
"""Small means everything up to and including this class; the upper bound of a class is not in it."""
DEFAULT_CLASS = "welter"
LIMIT, WEIGHT_CLASS = "limit", "weight class"


class Size(NamedTuple):
    """The reader's idea of size.

    Args:
        by: Total or active parameters.
        threshold: Small means at most this many.
        words: The same in words: ``at most 35B parameters``.
    """

    by: SizeBy
    threshold: float
    words: str

    @property
    def axis(self) -> str:
        return COLUMNS[SIZES[self.by]].axis


def draw_size() -> None:
    """The size choice, drawn by ``app.py`` on every page: a control of one page would forget what a link said."""
    place = st.container()
    st.segmented_control(
        "Parameters that count",
        options=list(SIZES),
        default="total",
        required=True,
        key="by",
        bind="query-params",
        width="stretch",
        help="All parameters, or those that work on one token. They differ for mixtures of experts.",
    )
    unit = st.segmented_control(
        "Divide by",
        options=[LIMIT, WEIGHT_CLASS],
        default=LIMIT,
        required=True,
        key="unit",
        bind="query-params",
        width="stretch",
    )
    if unit == WEIGHT_CLASS:
        place.select_slider(
            "Small means up to",
            options=list(CLASS_LIMITS),
            value=DEFAULT_CLASS,
            key="upto",
            bind="query-params",
            help=" · ".join(one.label for one in WEIGHT_CLASSES),
        )
    else:
        place.select_slider(
            "Small means at most",
            options=list(LIMITS),
            value=DEFAULT_LIMIT,
            key="small",
            bind="query-params",
            help="Models with more parameters than this count as large on every page.",
        )


def size() -> Size:
    """The size choice in force; the defaults where ``app.py`` has not drawn it."""
    by = cast(SizeBy, st.session_state.get("by") or "total")
    if st.session_state.get("unit") == WEIGHT_CLASS:
        chosen = st.session_state.get("upto") or DEFAULT_CLASS
        size = Size(by, CLASS_LIMITS[chosen], f"up to {chosen} weight")
    else:
        limit = st.session_state.get("small") or DEFAULT_LIMIT
        size = Size(by, LIMITS[limit], f"at most {limit} parameters")
    note_choice("small", "Small means", f"{size.words} ({by})")
    return size


def choice(key: str, label: str, options: Mapping[str, str], *, default: str | None = None, help: str = "") -> str:
    """One of several: value to words. Without ``default`` the first. Words are plain text, never Markdown.

    The address carries the value, not the words: Streamlit's own binding would write what the reader sees, and a link
    would break when a label or a count in it changes.
    """
    first = default if default is not None and default in options else next(iter(options))
    asked = st.query_params.get(key)
    st.session_state[key] = asked if asked in options else first
    chosen = st.selectbox(
        label,
        list(options),
        format_func=lambda value: formats.one_line(options.get(value, value), 90),
        key=key,
        help=help or None,
        on_change=_to_address,
        args=(key, first),
    )
    note_choice(key, label, options.get(chosen, chosen))
    return chosen


def several(key: str, label: str, options: Mapping[str, str], *, default: Sequence[str] = (), empty: str = "all") -> list[str]:  # fmt: skip
    """Any number of several; none means no filter. The address carries values, as for ``choice``."""
    first = [value for value in default if value in options]
    asked = st.query_params.get_all(key)
    st.session_state[key] = [value for value in dict.fromkeys(asked) if value in options] if asked else first
    chosen = st.multiselect(
        label,
        list(options),
        format_func=lambda value: formats.one_line(options.get(value, value), 60),
        key=key,
        placeholder=empty,
        # It would stand before an exact match, and choose more than was meant.
        select_all=False,
        on_change=_to_address,
        args=(key, first),
    )
    if chosen:
        note_choice(key, label, ", ".join(options.get(one, one) for one in chosen))
    return chosen


def switch(key: str, label: str, *, default: bool = False, help: str = "") -> bool:
    """On or off."""
    is_on = st.toggle(label, value=default, key=key, bind="query-params", help=help or None)
    if is_on != default:
        note_choice(key, label, "yes" if is_on else "no")
    return is_on


def offer(key: str, n: int, noun: str, tail: str) -> None:
    """A button that turns a switch on for the sake of ``n`` things that it hides; nothing where there are none."""

    def turn_on() -> None:
        st.session_state[key] = True

    if n:
        st.button(f"Show {formats.counted(n, noun)} {tail}", key=f"offer-{key}", on_click=turn_on)


def search(key: str = "q", label: str = "Search") -> str:
    """Part of a name; at most 80 characters."""
    words = (st.text_input(label, key=key, bind="query-params", max_chars=80, placeholder="name") or "").strip()
    if words:
        note_choice(key, label, words)
    return words


def years(first: int, last: int, key: str = "years") -> tuple[int, int]:
    """First and last year of release, both included.

    Other choices change which years there are: who had chosen them all keeps all, who had not keeps what is left.
    """
    if first >= last:
        return first, last
    known, held = f"{key}-offered", st.session_state.get(key)
    if held is not None and tuple(held) == st.session_state.get(known):
        st.session_state[key] = (first, last)
    elif held is not None and not first <= min(held) <= max(held) <= last:
        st.session_state[key] = (min(max(min(held), first), last), max(min(max(held), last), first))
    st.session_state[known] = (first, last)
    low, high = st.slider("Released", first, last, (first, last), key=key, bind="query-params")
    # An address may carry the two the wrong way round.
    low, high = min(low, high), max(low, high)
    note_choice(key, "Released", f"{low} to {high}")
    return low, high


def size_classes(key: str = "class") -> list[str]:
    """Weight classes to keep; none means all."""
    return several(key, "Size class", {one: CLASS_LABELS[one] for one in CLASS_ORDER})


def _to_address(key: str, default: str | list[str]) -> None:
    """Writes what the reader chose into the address; the default is not in it, an emptied choice is there as empty."""
    chosen = st.session_state[key]
    if chosen == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = chosen or ""
