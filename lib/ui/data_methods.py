"""Methods in words, chosen from a list: part of the page about data and methods.

Each method is a Markdown file in ``methods``: heading, words, formula, then the lines "Source:" and "Code:". The document
docs/methods.md is all of them in order.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from lib.ui import controls, page

_FOLDER = Path(__file__).with_name("methods")
INTRODUCTION = (
    "What is computed, in words, with the formula, where it comes from, and where it is in the code. The page *Data and "
    "methods* shows the same texts."
)


class Method(NamedTuple):
    """One method; texts are Markdown of our own. ``code`` names functions and constants, some with their value."""

    key: str
    title: str
    text: str
    code: str


@cache
def methods() -> dict[str, Method]:
    """All methods by key, in order."""
    found = {}
    for file in sorted(_FOLDER.glob("*.md")):
        heading, _, text = file.read_text(encoding="utf-8").strip().partition("\n\n")
        text, _, code = text.partition("\n\nCode: ")
        key = file.stem.partition("-")[2]
        found[key] = Method(key, heading.removeprefix("# "), text, code)
    return found


def as_markdown() -> str:
    """All methods as one document: docs/methods.md is held equal to it."""
    parts = ["# Methods", INTRODUCTION]
    for method in methods().values():
        parts += [f"## {method.title}", method.text, f"Code: {method.code}"]
    return "\n\n".join(parts) + "\n"


def show() -> None:
    """The list of methods and the one that was chosen."""
    known = methods()
    chosen = controls.choice(
        "method",
        "Method",
        {key: method.title for key, method in known.items()},
        help="Type to search. Every interval, test, law and rule behind the pages.",
    )
    method = known[chosen]
    with st.container(border=True):
        page.part(method.title)
        page.say(method.text)
        page.small_text(f"In the code: {method.code}")
    others = [other.title for other in known.values() if other is not method]
    page.small_text(f"Other methods in the list: {'; '.join(others)}.")
