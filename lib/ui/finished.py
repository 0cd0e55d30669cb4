"""Figures, tables and downloads that nobody changes any more, ready to be sent at every rerun."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

import numpy as np
import orjson
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow as pa
from numpy.typing import NDArray

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
    kept = _ARROW.get(id(rows))
    if kept is not None and kept[0]() is rows:
        return kept[1]
    try:
        table = pa.Table.from_pandas(rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return rows
    _keep(rows, table)
    return table


def _keep(rows: pd.DataFrame, table: pa.Table) -> None:
    key = id(rows)
    _ARROW[key] = weakref.ref(rows, lambda _: _ARROW.pop(key, None)), table


def taken(rows: pd.DataFrame, at: NDArray[np.int64]) -> pd.DataFrame:
    """Some of the rows, numbered from 0, with their Arrow form: taken from that of all rows, not converted anew.

    Args:
        rows: Not to be changed any more, index numbered from 0.
        at: Positions of the rows, ascending.
    """
    if len(at) == len(rows):
        return rows
    some = rows.take(at).reset_index(drop=True)
    whole = arrow(rows)
    if isinstance(whole, pa.Table):
        known = whole.schema.pandas_metadata
        numbered = {**known, "index_columns": [{**known["index_columns"][0], "stop": len(some)}]}
        _keep(some, whole.take(pa.array(at)).replace_schema_metadata({"pandas": orjson.dumps(numbered)}))
    return some
