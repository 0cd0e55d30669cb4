"""Scoring of a forecast: the next number of a series, measured against how far the seasonal naive forecast is off."""

from __future__ import annotations

import re
from typing import Any

LARGEST = 1e15
_NUMBER = re.compile(r"[-+\u2212]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d)\.?)(?:[eE][-+]?\d{1,3})?")


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Scores of one question: ``mase`` (0 is exact, 1 as far off as the naive forecast; lower is better) and ``parsed``.

    An answer in which no single number can be read is not parsed: it has no ``mase``, so the mean is over those that
    can be read, and ``parsed`` is their share.

    Args:
        doc: ``series`` (numbers parted by commas), ``period``, ``target``.
        results: The answer, first.
    """
    number = read_number(results[0] if results else "")
    if number is None:
        return {"parsed": 0.0}
    return {
        "mase": abs(number - float(doc["target"])) / scale(numbers(doc["series"]), int(doc["period"])),
        "parsed": 1.0,
    }


def numbers(series: str) -> list[float]:
    """The series as numbers."""
    return [float(one) for one in series.split(",")]


def scale(series: list[float], period: int) -> float:
    """Mean absolute error, inside the series, of taking each number from one period before.

    Source:
        Hyndman and Koehler 2006, International Journal of Forecasting 22:679, with the seasonal naive method.
    """
    errors = [abs(now - before) for now, before in zip(series[period:], series, strict=False)]
    return sum(errors) / len(errors)


def read_number(answer: str) -> float | None:
    """The number that an answer is: the one it begins with, else the only one in it; None where neither is there."""
    text = answer.strip()
    first = _NUMBER.match(text)
    found = [first] if first and _is_number(first[0]) else [m for m in _NUMBER.finditer(text) if _is_number(m[0])]
    if len(found) != 1:
        return None
    value = float(found[0][0].replace(",", "").replace("\u2212", "-"))
    return value if abs(value) <= LARGEST else None


def _is_number(text: str) -> bool:
    return any(letter.isdigit() for letter in text)
