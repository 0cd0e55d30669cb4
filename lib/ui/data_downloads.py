"""The whole store to take home, and what its columns mean: part of the page about data and methods."""

from __future__ import annotations


def show() -> None:
    """Links to the whole store in two formats, and the data dictionary."""
