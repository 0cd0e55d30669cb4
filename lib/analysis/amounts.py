"""Amounts as people type them: ``8B``, ``15 trillion``, ``$5M``, ``35%``. What cannot be meant is refused in words."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from lib.errors import RefusedInput
from lib.stats.domain import Range, require

Kind = Literal["count", "usd", "share", "plain"]

_SHAPE = re.compile(r"(\$?)\s*([+-]?)\s*((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+)(e[+-]?\d{1,3})?\s*([^\d]*)", re.ASCII | re.IGNORECASE)  # fmt: skip
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "t": 1e12,
    "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_MONEY = ("$", "usd", "dollar", "dollars")


class Amount(NamedTuple):
    """What a field takes.

    Args:
        name: Key in the address and option of the command.
        label: Beside the field.
        within: Its name in a sentence and its range; ``unit`` is the unit that may stand behind the number.
        kind: count: 8B; usd: $5M; share: 35% or 0.35; plain: a number.
        example: What could be typed.
        help: One sentence.
        is_optional: An empty field means unknown, or none.
    """

    name: str
    label: str
    within: Range
    kind: Kind
    example: str
    help: str = ""
    is_optional: bool = False


def read(field: Amount, text: str) -> float | None:
    """The number that is meant; None for an empty field that may be empty.

    Raises:
        RefusedInput: Place is the name of the field: no number, another unit, or outside the range.
    """
    typed = " ".join(text.split())
    if not typed:
        if field.is_optional:
            return None
        raise RefusedInput(f"{field.within.words}: a number is missing", place=field.name, expected=f"for example {field.example}")  # fmt: skip
    found = _SHAPE.fullmatch(typed)
    if found is None:
        raise RefusedInput(f"{field.within.words}: not a number", place=field.name, expected=f"for example {field.example}", found=typed)  # fmt: skip
    dollar, sign, digits, exponent, words = found.groups()
    value = float(digits.replace(",", "") + (exponent or "")) * (-1 if sign == "-" else 1)
    scale, rest = _scale(words)
    unit = rest or dollar
    if unit and not _is_unit_of(field, unit):
        raise RefusedInput(f"{field.within.words}: another unit", place=field.name, expected=f"{_unit(field)}, for example {field.example}", found=typed)  # fmt: skip
    if unit == "%":
        value /= 100
    return require(field.name, value * scale, field.within)


def message(refusal: RefusedInput) -> str:
    """What is wrong with a field, for the place beside it, where its name need not be said again."""
    text = refusal.reason
    if refusal.expected:
        text += f"; expected {refusal.expected}"
    return f"{text}; found {refusal.found}" if refusal.found else text


def _scale(words: str) -> tuple[float, str]:
    """The factor and what is left: ``trillion tokens`` is 1e12 and ``tokens``."""
    first, _, rest = words.strip().partition(" ")
    if first.casefold() in _SCALES:
        return _SCALES[first.casefold()], rest.strip()
    return 1.0, words.strip()


def _is_unit_of(field: Amount, unit: str) -> bool:
    word = unit.casefold()
    if field.kind == "usd":
        return word in _MONEY
    if field.kind == "share":
        return word == "%"
    own = field.within.unit.casefold()
    return bool(own) and word in {own, own.rstrip("s"), own + "s"}


def _unit(field: Amount) -> str:
    match field.kind:
        case "usd":
            return "US dollars"
        case "share":
            return "a share or a percentage"
        case _:
            return f"a number of {field.within.unit}" if field.within.unit else "a number"
