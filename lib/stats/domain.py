"""Quantities of the cost models with the range in which an answer means something, and one sentence when outside."""

from __future__ import annotations

import math
from typing import NamedTuple

from lib.errors import RefusedInput


class Range(NamedTuple):
    """What a quantity may be.

    Args:
        words: Its name in a sentence.
        least, most: Both included; nothing outside has ever been measured or sold.
        unit: '' for plain counts and shares.
        is_whole: Only whole numbers.
        is_above_least: ``least`` itself is refused (a share of 0).
    """

    words: str
    least: float
    most: float
    unit: str = ""
    is_whole: bool = False
    is_above_least: bool = False


RANGES: dict[str, Range] = {
    "batch": Range("sequences at once", 1, 100_000, is_whole=True),
    "n_gpus": Range("devices for one copy", 1, 4_096, is_whole=True),
    "input_tokens": Range("input tokens", 1, 10_000_000, "tokens", is_whole=True),
    "output_tokens": Range("output tokens", 1, 10_000_000, "tokens", is_whole=True),
    "context_tokens": Range("tokens in the cache", 1, 10_000_000, "tokens"),
    "bits_per_weight": Range("bits per weight", 1, 64, "bit"),
    "kv_bits": Range("bits per cached number", 1, 64, "bit"),
    "usd_per_gpu_hour": Range("price of a device-hour", 0, 1_000, "USD", is_above_least=True),
    "utilisation": Range("utilisation", 0, 1, is_above_least=True),
    "usd_per_kwh": Range("price of electricity", 0, 10, "USD/kWh"),
    "watts": Range("power of a device", 0, 100_000, "W", is_above_least=True),
    "pue": Range("power usage effectiveness", 1, 5),
    "power_fraction": Range("average power over rated power", 0, 1.5, is_above_least=True),
    "kg_co2e_per_kwh": Range("carbon intensity", 0, 3, "kg/kWh"),
}
"""By the name of the argument; a page shows a refusal beside the field of the same name (``RefusedInput.place``)."""


def require(name: str, value: float, within: Range | None = None) -> float:
    """The value, if it lies in the range of ``RANGES[name]`` (or in the one given).

    Raises:
        RefusedInput: With the name as its place, what would have been right, and what was found.
    """
    allowed = within or RANGES[name]
    is_low = value <= allowed.least if allowed.is_above_least else value < allowed.least
    if not math.isfinite(value) or is_low or value > allowed.most:
        raise RefusedInput(
            f"{allowed.words}: out of range",
            place=name,
            expected=_expected(allowed),
            found=f"{value:g}",
        )
    if allowed.is_whole and value != int(value):
        raise RefusedInput(f"{allowed.words}: not a whole number", place=name, expected=_expected(allowed), found=f"{value:g}")  # fmt: skip
    return value


def _expected(allowed: Range) -> str:
    kind = "a whole number" if allowed.is_whole else "a number"
    low = f"above {allowed.least:,.12g}" if allowed.is_above_least else f"from {allowed.least:,.12g}"
    joined = " and at most " if allowed.is_above_least else " to "
    return f"{kind} {low}{joined}{allowed.most:,.12g} {allowed.unit}".rstrip()
