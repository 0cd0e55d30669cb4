"""Whether a number on the screen stands in the file that its card hands out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_SHARE = re.compile(r"(\d+)(?:\.(\d+))?%")


def stands_in(shown: str, content: bytes, names: Iterable[str]) -> bool:
    """Whether the file has the shown number, within rounding.

    Args:
        shown: Text of a cell: ``83.9% ± 1``, ``24.7% - 26.1%`` or a number as the grid holds it, ``72710000000``.
        content: A JSON document, where every number counts, or a CSV, where those of rows with one of the names count.
        names: How the file may spell the model.
    """
    found = list(_numbers(content, {name.casefold() for name in names if name}))
    share = _SHARE.search(shown)
    if share:
        value, error = float(share[0][:-1]), 0.5 * 10.0 ** -len(share[2] or "") * 1.01
        return any(abs(one - value) <= error or abs(100 * one - value) <= error for one in found)
    number = _NUMBER.search(shown.replace(",", ""))
    if number is None:
        return False
    value = float(number[0])
    # The grid holds a size as it is stored, or rounded to three digits where it is computed.
    return any(abs(one - value) <= 5e-3 * abs(value) for one in found)


def _numbers(content: bytes, names: set[str]) -> Iterator[float]:
    text = content.decode("utf-8-sig")
    try:
        yield from _leaves(json.loads(text))
    except ValueError:
        for row in csv.reader(io.StringIO(text)):
            if any(cell.strip().casefold() in names for cell in row):
                yield from (float(cell) for cell in row if _NUMBER.fullmatch(cell.strip()))


def _leaves(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield float(value)
