"""Names from outside as text that every database, terminal and JSON encoder takes."""

from __future__ import annotations

import os


def storable(name: str | bytes) -> str:
    """A name as Unicode without lone surrogates and NUL; bytes that are no UTF-8 are shown as ``\\xff``."""
    raw = name if isinstance(name, bytes) else os.fsencode(name) if _is_encodable(name) else _without_surrogates(name)
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def for_terminal(text: str, limit: int = 500) -> str:
    """The text without anything that a terminal would act on: control characters, direction marks, line ends."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text[:limit])
    return shown if len(text) <= limit else shown + "…"


def _is_encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _without_surrogates(name: str) -> bytes:
    return name.encode("utf-8", "backslashreplace")
