"""Figures, tables and downloads that nobody changes any more, ready to be sent at every rerun."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import orjson
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow as pa

Made = TypeVar("Made")


class FinishedFigure(go.Figure):
    """A figure whose dictionary is made once, of nothing but what JSON has.

    Streamlit asks a figure for its dictionary at each rerun and writes it as JSON. Plotly walks over every trace for the
    one, and over every name in an array of names for the other: a fifth of a rerun that changes nothing. The dictionary
    is shared, so whoever gets it only reads it; Streamlit does.
    """

    def to_dict(self) -> dict[str, Any]:
        made: dict[str, Any] | None = self.__dict__.get("_dictionary")
        if made is None:
            made = cast(dict[str, Any], orjson.loads(pio.to_json(super().to_dict(), validate=False)))
            self.__dict__["_dictionary"] = made
        return made


def finished(figure: go.Figure) -> FinishedFigure:
    """This figure, from now on not to be changed.

    It becomes a finished one as it is: a copy would check every property again, a tenth of what a view costs.
    """
    figure.__class__ = FinishedFigure
    return cast(FinishedFigure, figure)


class Later(Generic[Made]):
    """Something that is made when it is asked for the first time: what few readers want, and few of them often."""

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make: Callable[[], Made] | None = make
        self._made: Made
        self._lock = threading.Lock()

    def __call__(self) -> Made:
        with self._lock:
            if self._make is not None:
                self._made = self._make()
                # It holds everything that the thing is made of.
                self._make = None
        return self._made


_ARROW: dict[int, tuple[weakref.ref[pd.DataFrame], pa.Table]] = {}
"""By the identity of a frame, as long as that lives."""


def arrow(rows: pd.DataFrame) -> pd.DataFrame | pa.Table:
    """The rows as Streamlit would convert them at each rerun, converted once; they are not to be changed any more.

    Rows that cannot be converted as they are come back unchanged, for Streamlit's own repairs.
    """
    key = id(rows)
    kept = _ARROW.get(key)
    if kept is not None and kept[0]() is rows:
        return kept[1]
    try:
        table = pa.Table.from_pandas(rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return rows
    _ARROW[key] = weakref.ref(rows, lambda _: _ARROW.pop(key, None)), table
    return table
