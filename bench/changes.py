"""What a reader can change on a page, as the states of its controls."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator

from streamlit.proto.Element_pb2 import Element
from streamlit.proto.WidgetStates_pb2 import WidgetState

VALUES_PER_CONTROL = 3
WORDS = ("", "made", "up 4", "Made up 12", "mmlu", "up 3 2", "arc", "2", "no such name")
ROWS_CHOSEN = 5
"""A reader chooses cells among the first rows of a table."""


def each(elements: list[Element]) -> Iterator[tuple[WidgetState, WidgetState]]:
    """For each control of few values, other values than the one it has, each with the way back."""
    for element in elements:
        kind = element.WhichOneof("type")
        if kind == "selectbox":
            box = element.selectbox
            now = box.raw_value or box.options[box.default]
            for value in [option for option in box.options if option != now][:VALUES_PER_CONTROL]:
                yield WidgetState(id=box.id, string_value=value), WidgetState(id=box.id, string_value=now)
        elif kind == "checkbox":
            switch = element.checkbox
            on, off = WidgetState(id=switch.id, bool_value=True), WidgetState(id=switch.id, bool_value=False)
            yield (off, on) if switch.default else (on, off)
        elif kind in ("slider", "multiselect", "button_group"):
            key, options, now_chosen = _of_list(element)
            # A slider over numbers, or between two texts, has no single value to leave.
            if options and (kind != "slider" or len(now_chosen) == 1):
                for value in [option for option in options if option not in now_chosen][:VALUES_PER_CONTROL]:
                    yield _texts(key, [value]), _texts(key, now_chosen)


def any_of(elements: list[Element], chance: random.Random) -> WidgetState | None:
    """A value, chosen by chance, of a control or table, chosen by chance; None for a page without any."""
    controls = [found for element in elements if (found := list(_values(element)))]
    return chance.choice(chance.choice(controls)) if controls else None


def _values(element: Element) -> Iterator[WidgetState]:
    """Every state that a reader could bring a control to; for a table the choice of one of its first cells."""
    kind = element.WhichOneof("type")
    if kind == "selectbox":
        box = element.selectbox
        yield from (WidgetState(id=box.id, string_value=value) for value in box.options)
    elif kind == "checkbox":
        yield from (WidgetState(id=element.checkbox.id, bool_value=value) for value in (True, False))
    elif kind == "text_input":
        yield from (WidgetState(id=element.text_input.id, string_value=words) for words in WORDS)
    elif kind in ("slider", "multiselect", "button_group"):
        key, options, now = _of_list(element)
        if options and (kind != "slider" or len(now) == 1):
            yield from (_texts(key, [value]) for value in options)
    elif kind == "dataframe" and element.dataframe.selection_mode:
        columns = [name for name in json.loads(element.dataframe.columns or "{}") if not name.startswith("_")]
        for row, column in itertools.product(range(ROWS_CHOSEN), columns):
            cell = {"selection": {"rows": [], "columns": [], "cells": [[row, column]]}}
            yield WidgetState(id=element.dataframe.id, string_value=json.dumps(cell))


def _of_list(element: Element) -> tuple[str, list[str], list[str]]:
    """Id, options and chosen options of a control whose value is a list of texts."""
    kind = element.WhichOneof("type")
    if kind == "button_group":
        options = [option.content for option in element.button_group.options]
        return element.button_group.id, options, [options[index] for index in element.button_group.default]
    if kind == "multiselect":
        options = list(element.multiselect.options)
        return element.multiselect.id, options, [options[index] for index in element.multiselect.default]
    options = list(element.slider.options)
    return element.slider.id, options, [options[int(index)] for index in element.slider.default] if options else []


def _texts(key: str, values: list[str]) -> WidgetState:
    state = WidgetState(id=key)
    state.string_array_value.data.extend(values)
    return state
