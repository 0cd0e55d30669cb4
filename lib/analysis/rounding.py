"""Estimates in words: two significant digits, because none of them is known better."""

from __future__ import annotations

import math

from lib import formats


def rounded(value: float, digits: int = 2) -> float:
    """The value at so many significant digits; what is not finite, and 0, stays."""
    if not math.isfinite(value) or value == 0:
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def usd(value: object) -> str:
    """About so many dollars: ``$1,000,000``, ``$42,000``, ``$0.21``; an en dash where unknown."""
    known = formats.number(value)
    return formats.usd(None if known is None else rounded(known))


def count(value: object) -> str:
    """About so many: ``340,000``; below ten as ``formats.plain``."""
    known = formats.number(value)
    return formats.plain(None if known is None else rounded(known))


def hours(value: object) -> str:
    """About so long: ``8 minutes``, ``2.7 hours``, ``12 days``; an en dash where unknown. The value is in hours."""
    known = formats.number(value)
    if known is None:
        return formats.UNKNOWN
    for unit, size in (("day", 24.0), ("hour", 1.0), ("minute", 1 / 60)):
        if known >= 2 * size or unit == "minute":
            told = formats.plain(rounded(known / size))
            return f"{told} {unit}" if told == "1" else f"{told} {unit}s"
    return formats.UNKNOWN


def span(low: object, high: object, words: object) -> str:
    """``from`` and ``to`` in words: '' where there is no interval or where both ends read the same."""
    shown = [words(one) if callable(words) else str(one) for one in (low, high)]
    return "" if formats.UNKNOWN in shown or shown[0] == shown[1] else f"{shown[0]} to {shown[1]}"
