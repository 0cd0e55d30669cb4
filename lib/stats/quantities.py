"""Refuses impossible quantities by their names, for formulas that would otherwise answer nonsense with a number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import RefusedInput

Floats = NDArray[np.float64]


def above_zero(values: ArrayLike, quantity: str, *, most: float = math.inf) -> Floats:
    """The values as float64; NaN stays NaN (unknown).

    Args:
        values: A number or an array.
        quantity: Its name and unit for a reader: ``price (USD per hour)``.
        most: The largest value that makes sense.

    Raises:
        RefusedInput: A known value is 0, negative, infinite or above ``most``.
    """
    return _checked(values, quantity, most, is_zero_allowed=False)


def zero_or_more(values: ArrayLike, quantity: str, *, most: float = math.inf) -> Floats:
    """As :func:`above_zero`, 0 included."""
    return _checked(values, quantity, most, is_zero_allowed=True)


def share(values: ArrayLike, quantity: str) -> Floats:
    """Fractions above 0 and at most 1."""
    return above_zero(values, quantity, most=1.0)


def _checked(values: ArrayLike, quantity: str, most: float, *, is_zero_allowed: bool) -> Floats:
    found = np.asarray(values, float)
    is_low = found < 0 if is_zero_allowed else found <= 0
    wrong = is_low | (found > most) | np.isinf(found)
    if np.any(wrong):
        least = "0 or more" if is_zero_allowed else "a number above 0"
        expected = least if math.isinf(most) else f"{least} and at most {most:,.10g}"
        first = float(found[wrong][0]) if found.ndim else float(found)
        raise RefusedInput(f"impossible {quantity}", place=quantity, expected=expected, found=f"{first:.10g}")
    return found
