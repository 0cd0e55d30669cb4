"""One question of somebody's own task, checked: whatever it came from, a row that cannot be asked is refused by name.

What is kept of a row depends on the kind of the task:

- ``choices`` and ``letters``: question, choices (texts), answer (place of the right one, from 0), perhaps features;
- ``answer``: question, answers (texts, any of which is right);
- ``forecast``: question, series (numbers), period (steps until it repeats), answer (the next number).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

from lib.errors import RefusedInput

Kind = Literal["choices", "letters", "answer", "forecast"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_CHARACTERS = 20_000
"""Of one text. Longer ones fit into no model that one would ask this way."""
MOST_NUMBERS = 2_000
MOST_FEATURES = 200
FEATURE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ ./()%-]{0,59}")
AROUND = (r"^[\s\"'“”‘’«»()\[\].,;:!?*`]+", r"[\s\"'“”‘’«»()\[\].,;:!?*`]+$", r"(?<=\d),(?=\d{3}(?:\D|$))")
"""What does not count in an answer: marks around it, and commas between thousands. A sign, a decimal point and what
stands inside do count: -3 is not 3, and 1.5 is not 15."""
Row = dict[str, Any]
Place = Callable[[str], str]
"""From the name of a field to where it stands in the file: ``line 7, column 'answer'``."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def checked_row(kind: Kind, given: Mapping[str, Any], place: Place) -> Row:
    """What is kept of a row.

    Raises:
        RefusedInput: At the first field that is not what it must be; ``place`` is what the given function says of it.
    """
    known = {"question", *_FIELDS[kind]}
    for name in given:
        if name not in known:
            raise RefusedInput(
                "no such field of a question", place=place(str(name)[:60]), expected=", ".join(sorted(known))
            )
    row: Row = {"question": text(given.get("question"), place("question"))}
    if kind in ("choices", "letters"):
        row["choices"] = _choices(given.get("choices"), place("choices"))
        row["answer"] = _index(given.get("answer"), row["choices"], place("answer"))
        if given.get("features") is not None:
            row["features"] = _features(given["features"], place("features"))
    elif kind == "answer":
        row["answers"] = _answers(given.get("answers"), place("answers"))
    else:
        row["series"] = _series(given.get("series"), place("series"))
        row["period"] = _period(given.get("period"), row["series"], place("period"))
        row["answer"] = _number(given.get("answer"), place("answer"))
    return row


_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "choices": ("choices", "answer", "features"),
    "letters": ("choices", "answer", "features"),
    "answer": ("answers",),
    "forecast": ("series", "period", "answer"),
}


def text(value: object, place: str, *, at_most: int = MOST_CHARACTERS, one_line: bool = False) -> str:
    """A text without blanks at its ends.

    Raises:
        RefusedInput: Not a text, empty, too long, or with characters that no prompt should hold.
    """
    if not isinstance(value, str):
        expected = "a text (a number in quotes)" if isinstance(value, int | float) else "a text"
        raise RefusedInput("not a text", place=place, expected=expected, found=_found(value))
    trimmed = value.strip()
    if not trimmed:
        raise RefusedInput("an empty text", place=place, expected="at least one character", found="nothing")
    if len(trimmed) > at_most:
        raise RefusedInput(
            "too long", place=place, expected=f"at most {at_most:,} characters", found=f"{len(trimmed):,} characters"
        )
    wrong = _CONTROL.search(trimmed) or _SURROGATE.search(trimmed)
    if wrong:
        raise RefusedInput(
            "a character that cannot be shown", place=place, expected="text", found=f"U+{ord(wrong[0]):04X}"
        )
    if one_line and ("\n" in trimmed or "\r" in trimmed):
        raise RefusedInput("a line end inside", place=place, expected="one line", found=trimmed)
    return trimmed.replace("\r\n", "\n").replace("\r", "\n")


def compared(answer: str) -> str:
    """The answer as it is compared: without what ``AROUND`` takes away, in small letters."""
    for pattern in AROUND:
        answer = re.sub(pattern, "", answer)
    return answer.lower()


def identity(row: Row) -> str:
    """Two rows with the same value ask the same thing: their question and choices but for blanks."""
    parts = [row["question"], *sorted(row.get("choices", ())), *map(repr, row.get("series", ()))]
    parts += [repr(sorted(row["features"].items()))] if "features" in row else []
    return "\x1f".join(" ".join(unicodedata.normalize("NFC", part).split()) for part in parts)


def _choices(value: object, place: str) -> list[str]:
    if not isinstance(value, list | tuple):
        raise RefusedInput("not choices", place=place, expected="a list of texts", found=_found(value))
    if not 2 <= len(value) <= len(LETTERS):
        raise RefusedInput(
            "a number of choices that cannot be asked", place=place, expected=f"2 to {len(LETTERS)}", found=len(value)
        )
    choices = [text(one, f"{place}, choice {i + 1}") for i, one in enumerate(value)]
    for i, one in enumerate(choices):
        if one in choices[:i]:
            raise RefusedInput(
                "a choice twice", place=f"{place}, choice {i + 1}", expected="choices that differ", found=one
            )
    return choices


def _index(value: object, choices: list[str], place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(choices):
        raise RefusedInput(
            "an answer that is none of the choices",
            place=place,
            expected=f"the place of the right choice, 0 to {len(choices) - 1}",
            found=_found(value),
        )
    return value


def _answers(value: object, place: str) -> list[str]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 50:
        raise RefusedInput("not expected answers", place=place, expected="a list of 1 to 50 texts", found=_found(value))
    answers = [text(one, place, at_most=500, one_line=True) for one in value]
    for one in answers:
        if not compared(one):
            raise RefusedInput(
                "an answer of which nothing is left to compare",
                place=place,
                expected="letters or digits: marks around an answer do not count",
                found=one,
            )
    return answers


def _features(value: object, place: str) -> dict[str, float]:
    if not isinstance(value, Mapping) or not 1 <= len(value) <= MOST_FEATURES:
        raise RefusedInput("not features", place=place, expected="an object of name and number", found=_found(value))
    for name in value:
        if not isinstance(name, str) or not FEATURE_NAME.fullmatch(name):
            raise RefusedInput("not a feature's name", place=place, expected="letters, digits, blanks", found=name)
    return {str(name): _number(one, f"{place}, {name}") for name, one in value.items()}


def _series(value: object, place: str) -> list[float]:
    if not isinstance(value, list | tuple) or not 4 <= len(value) <= MOST_NUMBERS:
        raise RefusedInput("not a series", place=place, expected=f"4 to {MOST_NUMBERS} numbers", found=_found(value))
    return [_number(one, f"{place}, number {i + 1}") for i, one in enumerate(value)]


def _period(value: object, series: list[float], place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < len(series):
        raise RefusedInput(
            "not a period", place=place, expected=f"a whole number, 1 to {len(series) - 1}", found=_found(value)
        )
    if all(a == b for a, b in zip(series[value:], series, strict=False)):
        raise RefusedInput("a series that repeats exactly: its errors have no scale", place=place, found=value)
    return value


def _number(value: object, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e15:
        raise RefusedInput("not a number", place=place, expected="a number up to 1e15", found=_found(value))
    return float(value)


def _found(value: object) -> object:
    return "nothing" if value is None else value
