"""Axes of a drawn figure: from values to pixels, and the ticks with their words."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.typing import NaTType

from lib import formats

DEFAULT_TICKS = 6
_STEPS = (1.0, 2.0, 5.0, 10.0)


class Scale(NamedTuple):
    """One axis.

    Args:
        kind: linear, log or date.
        low, high: Ends of the range: values, logarithms or milliseconds.
        start, end: The same ends in pixels.
        spec: The axis as Plotly has it.
    """

    kind: str
    low: float
    high: float
    start: float
    end: float
    spec: dict[str, Any]

    def pixels(self, values: object, *, is_position: bool = False) -> NDArray[np.float64]:
        """Pixels of values; NaN for what has no place (missing, or not positive on a logarithmic axis).

        Args:
            is_position: The values are positions on the axis, as annotations have them: on a logarithmic axis logarithms.
        """
        told = numbers(values, self.kind)
        if self.kind == "log" and not is_position:
            with np.errstate(divide="ignore", invalid="ignore"):
                told = np.where(told > 0, np.log10(told), np.nan)
        span = self.high - self.low
        share = (told - self.low) / span if span else np.full(told.shape, 0.5)
        return self.start + share * (self.end - self.start)

    def at_share(self, share: float) -> float:
        """The pixel at a share of the axis (its domain)."""
        return self.start + share * (self.end - self.start)

    def is_inside(self, pixel: float) -> bool:
        low, high = sorted((self.start, self.end))
        return low - 1 <= pixel <= high + 1


def scale(spec: dict[str, Any], start: float, end: float) -> Scale:
    """The axis of a figure between two pixels. An axis without a range goes from 0 to 1."""
    kind = spec.get("type") if spec.get("type") in ("log", "date") else "linear"
    low, high = numbers(spec.get("range") or (0.0, 1.0), str(kind))
    return Scale(str(kind), float(low), float(high), start, end, spec)


def numbers(values: object, kind: str = "linear") -> NDArray[np.float64]:
    """Values of a figure as numbers: lists, Plotly's packed arrays, dates as milliseconds; NaN for what is none."""
    if isinstance(values, dict) and "bdata" in values:
        dtype = np.dtype(str(values["dtype"])).newbyteorder("<")
        return np.frombuffer(base64.b64decode(values["bdata"]), dtype=dtype).astype(float)
    listed: Sequence[Any] = values if isinstance(values, list | tuple) else [values]
    if kind == "date":
        return np.array([_milliseconds(one) for one in listed], dtype=float)
    return np.array([_number(one) for one in listed], dtype=float)


def ticks(axis: Scale) -> list[tuple[float, str]]:
    """Pixel and words of each tick inside the range."""
    spec = axis.spec
    if spec.get("tickvals") is not None:
        places = axis.pixels(list(spec["tickvals"]) if isinstance(spec["tickvals"], list) else spec["tickvals"])
        words = [str(one) for one in spec.get("ticktext") or [formats.plain(v) for v in numbers(spec["tickvals"])]]
        found = zip(places.tolist(), words, strict=False)
    elif spec.get("nticks") == 0 or spec.get("showticklabels") is False:
        return []
    elif axis.kind == "date":
        years = range(_year(axis.low), _year(axis.high) + 1)
        found = zip(axis.pixels([f"{year}-01-01" for year in years]).tolist(), map(str, years), strict=True)
    elif axis.kind == "log":
        powers = range(math.ceil(axis.low), math.floor(axis.high) + 1)
        found = zip(
            axis.pixels([10.0**p for p in powers]).tolist(), [formats.plain(10.0**p) for p in powers], strict=True
        )
    else:
        values = _round_values(axis.low, axis.high, int(spec.get("nticks") or DEFAULT_TICKS))
        words = [_written(value, str(spec.get("tickformat") or "")) for value in values]
        found = zip(axis.pixels(values).tolist(), words, strict=True)
    return [(pixel, word) for pixel, word in found if pixel == pixel and axis.is_inside(pixel)]


def _round_values(low: float, high: float, most: int) -> list[float]:
    """Steps of 1, 2 or 5 as Plotly chooses them: the smallest that needs at most so many ticks."""
    low, high = min(low, high), max(low, high)
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in _STEPS if factor * power >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _written(value: float, form: str) -> str:
    """A number in the few formats that figures use: ``.0%``, ``+~g``, ``,d`` and plain."""
    if form.endswith("%"):
        digits = re.search(r"\.(\d)", form)
        return formats.score(value, int(digits[1]) if digits else 0)
    sign = "+" if form.startswith("+") and value > 0 else ""
    return sign + (formats.MINUS if value < 0 else "") + f"{abs(value):,.10g}"


def _number(value: object) -> float:
    found = formats.number(value)
    return math.nan if found is None else found


def _milliseconds(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    moment = pd.to_datetime(str(value), errors="coerce", utc=True)
    return math.nan if isinstance(moment, NaTType) else float(moment.timestamp() * 1000)


def _year(milliseconds: float) -> int:
    return int(pd.Timestamp(milliseconds, unit="ms").year)
