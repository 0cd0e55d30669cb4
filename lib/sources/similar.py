"""Known names that look like an unknown one: for a question to the reader, never for an answer in his place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

MOST = 2
ALIKE = 0.75
"""Share of equal letters from which two names look alike (``difflib``): ``helaswag`` and ``hellaswag`` have 0.94."""
_DIGITS = re.compile(r"\d+")
_PARTING = re.compile(r"[-_./:\s]+")
LONGEST = 100


def similar(name: str, known: Mapping[str, str]) -> list[str]:
    """At most two of the known things whose names are nearly this one, the nearest first.

    Names with other numbers in them are other models and other benchmarks: ``llama-7b`` is not like ``llama-70b``. A path
    says nothing about what lies there.

    Args:
        name: As a file writes it.
        known: Every spelling to what it means.
    """
    if len(name) > LONGEST or name.startswith(("/", ".", "~")) or name.count("/") > 1:
        return []
    wanted = _plain(name)
    by_letters: dict[str, list[str]] = {}
    for spelling, meaning in known.items():
        plain = _plain(spelling)
        # Equal numbers, and a length that can still be alike: cheap, before letters are counted.
        if abs(len(plain) - len(wanted)) <= len(wanted) // 2 and _DIGITS.findall(spelling) == _DIGITS.findall(name):
            by_letters.setdefault(plain, []).append(meaning)
    near = difflib.get_close_matches(wanted, by_letters, n=2 * MOST, cutoff=ALIKE)
    return list(dict.fromkeys(meaning for letters in near for meaning in by_letters[letters]))[:MOST]


def _plain(name: str) -> str:
    """Small letters without what parts them; of ``org/name`` the name."""
    return _PARTING.sub("", name.rsplit("/", 1)[-1].casefold())
