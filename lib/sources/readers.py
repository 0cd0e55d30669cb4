"""How bytes from outside become values: JSON with limits, JSON Lines, the head of a CSV file.

What comes back holds no NUL and no lone surrogate in any text, so that it can be stored and encoded;
numbers may be NaN or infinite, because evaluators write them, and ``finite`` tells them apart.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lib.errors import RefusedInput

if TYPE_CHECKING:
    from lib.sources.contract import Candidate

MAX_DEPTH = 100
MAX_DOCUMENT_BYTES = 50_000_000
"""Largest JSON document, or line of JSON Lines: a parser holds all of it as objects, many times its size."""
MAX_VALUES = 5_000_000
"""Most values in one document: tiny ones (``[],[],``) take thirty times their text."""
_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
_SPACE_BEFORE_COLON = (b" :", b"\t:", b"\n:", b"\r:")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse_json(content: bytes, *, file: str = "") -> Any:
    """One JSON document; NaN and Infinity are allowed and come back as floats.

    Numbers that no float can hold become infinite; integers beyond 64 bits become floats.

    Raises:
        RefusedInput: Larger than ``MAX_DOCUMENT_BYTES`` or of more than ``MAX_VALUES``, which is told before anything is
            parsed; not UTF-8, not JSON (names line, column and byte), nested deeper than ``MAX_DEPTH``, or an object
            with a key twice.
    """
    return _parse(content, file=file, place="")


def is_json_document(candidate: Candidate) -> bool:
    """Whether the whole content parses as one JSON value. Scalars do not count: no evaluation is one."""
    if candidate.head[:1] not in (b"{", b"["):
        return False
    try:
        _ = candidate.json
    except RefusedInput:
        return False
    return True


def json_lines(content: bytes, *, file: str = "") -> Iterator[tuple[int, Any]]:
    """Line number (from 1) and value of every line that is not blank; one line at a time is in memory.

    Raises:
        RefusedInput: As ``parse_json``, naming the line. Raised while iterating, so nothing may be kept before the end.
    """
    for number, line in enumerate(io.BytesIO(content.removeprefix(_BOM)), start=1):
        text = line.strip()
        if text:
            yield number, _parse(text, file=file, place=f"line {number}")


def first_line_object(content: bytes) -> dict[str, Any] | None:
    """The object on the first line that is not blank, or None: a cheap look at JSON Lines. Never raises."""
    line = io.BytesIO(content.removeprefix(_BOM).lstrip()).readline()
    if not line.startswith(b"{"):
        return None
    try:
        value = _parse(line, file="", place="")
    except RefusedInput:
        return None
    return value if isinstance(value, dict) else None


def first_row(candidate: Candidate) -> dict[str, Any]:
    """The first row of JSON Lines or of a JSON array; empty when there is none. Never raises."""
    head = candidate.head[:1]
    if head == b"{":
        row = candidate.json if candidate.is_json_document else first_line_object(candidate.content)
        return row if isinstance(row, dict) else {}
    if head == b"[" and candidate.is_json_document:
        rows = candidate.json
        return rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    return {}


def csv_header(content: bytes) -> tuple[str, ...]:
    """Column names of the first line when the content looks like comma-separated text, else empty. Never raises."""
    head = content[:65536].removeprefix(_BOM)
    if not head or head.lstrip()[:1] in (b"{", b"[", b"<") or b"\x00" in head or b"," not in head:
        return ()
    text = head.decode("utf-8", errors="replace")
    try:
        names = next(csv.reader(io.StringIO(text)), [])
    except csv.Error:
        return ()
    return tuple(name.strip() for name in names) if len(names) > 1 else ()


def finite(value: Any) -> float | None:
    """The value as a float when it is a finite number and not a boolean, else None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def whole(value: Any, *, at_most: int = 2**31 - 1) -> int | None:
    """The value as an int when it is a whole number from 0 to ``at_most``, else None."""
    number = finite(value)
    if number is None or not 0 <= number <= at_most or number != int(number):
        return None
    return int(number)


def text(value: Any, *, at_most: int = 300) -> str | None:
    """The value as trimmed text when it is a text that is neither empty nor longer than ``at_most``, else None."""
    if not isinstance(value, str):
        return None
    trimmed = value.strip()
    return trimmed if 0 < len(trimmed) <= at_most else None


def _parse(content: bytes, *, file: str, place: str) -> Any:
    content = content.removeprefix(_BOM)
    _refuse_too_large(content, file, place)
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        value = _parse_leniently(content, file=file, place=place)
    else:
        _hold_to_limits(value, content, file=file, place=place)
    if b"\\u0000" in content or b"\\ud" in content or b"\\uD" in content:
        value = storable_tree(value)
    return value


def _refuse_too_large(content: bytes, file: str, place: str) -> None:
    """Before parsing, by the text alone. Commas and brackets in texts count too, which no real file comes near."""
    if len(content) > MAX_DOCUMENT_BYTES:
        what = "a line" if place else "one JSON document"
        raise RefusedInput(
            "too large to be read in one piece",
            file=file,
            place=place,
            expected=f"at most {MAX_DOCUMENT_BYTES / 1e6:.0f} MB for {what}; JSON Lines, a row per line, may be larger",
            found=f"{len(content) / 1e6:.1f} MB",
        )
    if len(content) > MAX_VALUES:
        n_values = sum(content.count(mark) for mark in (b",", b"[", b"{"))
        if n_values > MAX_VALUES:
            raise RefusedInput(
                "too many values in one piece of JSON",
                file=file,
                place=place,
                expected=f"at most {MAX_VALUES:,}",
                found=f"{n_values:,}",
            )


def _parse_leniently(content: bytes, *, file: str, place: str) -> Any:
    """What orjson refuses and evaluators write: NaN, Infinity, lone surrogates, numbers out of range."""
    if content.startswith(_OTHER_ENCODINGS):
        raise RefusedInput("not UTF-8 text", file=file, place="byte 0", expected="JSON in UTF-8")
    try:
        value = json.loads(content.decode("utf-8"), parse_int=_integer, object_pairs_hook=_without_doubles)
    except UnicodeDecodeError as error:
        raise RefusedInput(
            "not UTF-8 text", file=file, place=_join(place, f"byte {error.start}"), expected="JSON in UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno} (character {error.pos})"
        raise RefusedInput(
            f"not JSON, or cut off: {error.msg[:1].lower()}{error.msg[1:]}",
            file=file,
            place=f"{place} character {error.pos}" if place else where,
            found=error.doc[error.pos : error.pos + 40],
        ) from None
    except RecursionError:
        raise _too_deep(file, place) from None
    except _KeyTwiceError as error:
        raise _key_twice(error, file, place) from None
    if _measure(value) is None:
        raise _too_deep(file, place)
    return value


def _hold_to_limits(value: Any, content: bytes, *, file: str, place: str) -> None:
    """Depth, and keys that come twice, which orjson lets pass.

    Every key is followed by a colon. When the text has no more of these pairs than the tree has keys (and no
    white space before a colon), no key was lost; only otherwise is the text read again by the slow parser.
    """
    n_keys = _measure(value)
    if n_keys is None:
        raise _too_deep(file, place)
    if content.count(b'":') <= n_keys and not any(mark in content for mark in _SPACE_BEFORE_COLON):
        return
    try:
        json.loads(content.decode("utf-8"), parse_int=_integer, object_pairs_hook=_without_doubles)
    except _KeyTwiceError as error:
        raise _key_twice(error, file, place) from None


def _measure(value: Any) -> int | None:
    """Number of keys in the whole tree, or None when it is nested deeper than ``MAX_DEPTH``."""
    n_keys = 0
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        below = []
        for container in level:
            if type(container) is dict:
                n_keys += len(container)
                below += [v for v in container.values() if type(v) is dict or type(v) is list]
            elif type(container) is list:
                below += [v for v in container if type(v) is dict or type(v) is list]
        if not below:
            return n_keys
        level = below
    return None


def storable_tree(value: Any) -> Any:
    """The same tree with NUL and lone surrogates replaced. Depth is already limited."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("�", value)
    if isinstance(value, list):
        return [storable_tree(v) for v in value]
    if isinstance(value, dict):
        return {storable_tree(k): storable_tree(v) for k, v in value.items()}
    return value


class _KeyTwiceError(Exception):
    def __init__(self, key: str, value: Any) -> None:
        super().__init__(key)
        self.key = key
        self.value = value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen = set()
        for key, value in pairs:
            if key in seen:
                raise _KeyTwiceError(key, value)
            seen.add(key)
    return result


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def _too_deep(file: str, place: str) -> RefusedInput:
    return RefusedInput("nested too deeply", file=file, place=place, expected=f"at most {MAX_DEPTH} levels")


def _key_twice(error: _KeyTwiceError, file: str, place: str) -> RefusedInput:
    return RefusedInput("the same key twice in one object", file=file, place=_join(place, error.key), found=error.value)


def _join(place: str, more: str) -> str:
    return f"{place} {more}" if place else more
