"""Whether a number on the screen stands in the file that its card hands out, or follows from two numbers in two files."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lib.schema.weight_formats import FORMATS

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_SHARE = re.compile(r"(\d+)(?:\.(\d+))?%")
_POINTS = re.compile(r"[+\u2212-]?\d+\.\d+")
File = tuple[bytes, Iterable[str]]
"""Content of a file, and how it may spell a model."""
Rows = list[dict[str, str]]
"""Rows of a CSV by their headings, as text."""


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


def differ_by(shown: str, first: File, second: File) -> bool:
    """Whether two numbers of one place, a column or a path, lie as far apart as the shown points: ``+4.3 (+2.4 to +6.1)``."""
    points = _POINTS.search(shown)
    if points is None:
        return False
    value = float(points[0].replace("\u2212", "-"))
    return any(
        abs(scale * (one - other) - value) <= 0.0505 for one, other in _beside(first, second) for scale in (1.0, 100.0)
    )


def is_ratio_of(shown: str, first: File, second: File) -> bool:
    """Whether a number of the second file is so many times that of the first in the same place: ``2.1``."""
    value = float(shown)
    return any(one > 0 and abs(other / one - value) <= 0.0505 for one, other in _beside(first, second))


def is_weights_of(shown: str, rows: Rows) -> bool:
    """Whether ``16 GB`` are the parameters of a row in one of the formats."""
    sizes = [float(row["params_computed"]) * one.bits_per_weight / 8e9 for row in rows for one in FORMATS.values()]
    return any(abs(one - _amount(shown)) <= 0.005 * one + 0.05 for one in sizes)


def is_cache_of(shown: str, rows: Rows, tokens: int) -> bool:
    """Whether ``0.17 GB`` hold so many tokens at 16 bits: two bytes for each element of each layer."""
    bytes_of = [2.0 * float(row["kv_elements_per_token_layer"]) * float(row["n_layers"]) * tokens for row in rows]
    return any(abs(one / 1e9 - _amount(shown)) <= 0.0051 for one in bytes_of)


def is_bill_of(shown: str, rows: Rows, read: float, written: float) -> bool:
    """Whether ``$1,872`` pays so many million tokens: at the price of a row, or at the median, the mean of two of them."""
    bills = [
        read * float(row["input_usd_per_mtok"] or "nan") + written * float(row["output_usd_per_mtok"] or "nan")
        for row in rows
    ]
    value = _amount(shown)
    return any(abs((one + other) / 2 - value) <= 0.006 * value for one in bills for other in bills)


def is_rent_of(shown: str, rows: Rows, hours: float) -> bool:
    """Whether ``$2,154`` pays a device of a row, or up to eight of them, for so many hours."""
    rents = [n * hours * float(row["usd_per_hour"] or "nan") for row in rows for n in range(1, 9)]
    return any(abs(one - _amount(shown)) <= 0.006 * one for one in rents)


def rows_of(content: bytes, names: Iterable[str]) -> Rows:
    """Rows of a CSV that have one of the names, by their headings."""
    known = {name.casefold() for name in names if name}
    found = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return [row for row in found if any(str(cell).strip().casefold() in known for cell in row.values())]


def _amount(shown: str) -> float:
    number = _NUMBER.search(shown.replace(",", ""))
    return float(number[0]) if number else float("nan")


def _beside(first: File, second: File) -> Iterator[tuple[float, float]]:
    """Numbers that stand in the same column or at the same path of both."""
    sides = [list(_placed(content, {name.casefold() for name in names if name})) for content, names in (first, second)]
    for place, one in sides[0]:
        yield from ((one, other) for at, other in sides[1] if at == place)


def _numbers(content: bytes, names: set[str]) -> Iterator[float]:
    yield from (number for _, number in _placed(content, names))


def _placed(content: bytes, names: set[str]) -> Iterator[tuple[str, float]]:
    """Numbers with their places."""
    text = content.decode("utf-8-sig")
    try:
        yield from _leaves(json.loads(text), "")
    except ValueError:
        for row in csv.reader(io.StringIO(text)):
            if any(cell.strip().casefold() in names for cell in row):
                yield from ((str(at), float(cell)) for at, cell in enumerate(row) if _NUMBER.fullmatch(cell.strip()))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)
