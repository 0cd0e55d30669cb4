"""Methods in words, chosen from a list: part of the page about data and methods."""

from __future__ import annotations


def show() -> None:
    """The list of methods and the one that was chosen."""
