"""``name=value`` pairs as lm-eval reads and as a command line writes them.

The rules are those of lm-eval 0.4.13 (``lm_eval/_cli/utils.py``): true and false in any case, then whole numbers, then
numbers, then Python literals, else text; pairs are parted by commas outside brackets and quotes; a JSON object is taken whole.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from typing import Any

from lib.errors import RefusedInput

MAX_TEXT = 20_000


def read_pairs(texts: Iterable[str], place: str) -> dict[str, Any]:
    """Pairs from the values of one flag, later ones over earlier ones.

    Raises:
        RefusedInput: If something is not a pair, or JSON that is none; ``place`` is the flag.
    """
    given = list(texts)
    if sum(len(text) for text in given) > MAX_TEXT:
        raise RefusedInput("too long", place=place, expected=f"at most {MAX_TEXT:,} characters")
    if given and "{" in given[0] and (whole := _json(given[0], place)) is not None:
        return whole
    found: dict[str, Any] = {}
    for text in given:
        for part in _parts(text):
            name, sign, value = part.partition("=")
            if not sign:
                raise RefusedInput("not a pair", place=place, expected="name=value", found=part)
            found[name] = read_value(value)
    return found


def read_value(text: str) -> Any:
    """One value as lm-eval's command line understands it."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.isnumeric() and text.isdecimal():
        return int(text)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def write_pairs(values: Mapping[str, Any]) -> str:
    """Text that lm-eval reads as exactly these values: ``a=1,b=x`` where that is possible, else a JSON object."""
    pairs = [f"{name}={_written(value)}" for name, value in values.items()]
    text = ",".join(pairs)
    if all(part.isprintable() for part in pairs) and _is_same(text, values):
        return text
    return json.dumps(dict(values), ensure_ascii=False)


def _is_same(text: str, values: Mapping[str, Any]) -> bool:
    """Whether the text is read as the values, types included: 1, 1.0 and True are three things."""
    try:
        found = read_pairs([text], "")
    except RefusedInput:
        return False
    return json.dumps(found, sort_keys=True, default=repr) == json.dumps(dict(values), sort_keys=True)


def _json(text: str, place: str) -> dict[str, Any] | None:
    """The object that the text is; None for pairs with braces in them, which lm-eval refuses."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedInput(
            "not JSON", place=place, expected='name=value pairs or {"name": value}', found=text
        ) from None
    if not isinstance(found, dict):
        raise RefusedInput("not a JSON object", place=place, expected='{"name": value}', found=text)
    return found


def _written(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, (int, float)):
        return repr(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _parts(text: str) -> list[str]:
    """The text parted at commas outside of brackets, braces and quotes."""
    parts, part, depth, quote = [], "", 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char in "[({":
            depth += 1
        elif char in "])}":
            depth = max(depth - 1, 0)
        elif char == "," and not depth:
            parts.append(part)
            part = ""
            continue
        part += char
    return [one for one in (*parts, part) if one]
