"""Axes of dollars: ticks in words that stay short ($300, $20K, $1.5M), escaped for Plotly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lib import formats
from lib.figures import theme


def short_usd(value: float) -> str:
    """``$0.02``, ``$300``, ``$20K``, ``$1.5M``: plain text."""
    if value < 1000:
        return formats.usd(value) if value < 1 or value != round(value) else f"${value:.0f}"
    return f"${formats.parameters(value)}"


def round_steps(high: float, most: int = 6) -> list[float]:
    """Round values from 0 to ``high``: steps of 1, 2, 2.5 or 5 times a power of ten, at most ``most`` of them."""
    if high <= 0:
        return [0.0, 1.0]
    power = 10.0 ** math.floor(math.log10(high / most))
    step = next((f * power for f in (1, 2, 2.5, 5, 10, 20) if high / (f * power) <= most), 20 * power)
    return [i * step for i in range(int(high / step * (1 + 1e-9)) + 1)]


def close_steps(low: float, high: float) -> list[float]:
    """Round values on a logarithmic axis; more of them where it spans little, so that there are some."""
    found = theme.steps(low, high, most=7)
    if len(found) >= 3:
        return found
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    return [f * 10.0**p for p in powers for f in (1, 1.5, 2, 3, 5, 7) if low <= f * 10.0**p <= high]


def from_zero(title: str, high: float, word: Callable[[float], str] = short_usd) -> dict[str, Any]:
    """A plain axis from 0 to a little above ``high``, its ticks in words."""
    ticks = round_steps(high)
    return theme.score_axis(title, (0.0, high * 1.05)) | {
        "tickformat": "",
        "tickvals": ticks,
        "ticktext": [formats.plotly(word(v)) if v else "0" for v in ticks],
    }
