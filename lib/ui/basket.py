"""The views that a reader has put aside for one report, with their own words about each; as long as the tab is open."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from lib import formats
from lib.report.document import Choice, Provenance, View
from lib.ui import reports
from lib.ui.recorded import Notes

KEY = "report.basket"
TITLE, NOTE = "report-title", "report-note"
LONGEST_NOTE, LONGEST_TITLE = 4_000, 120


@dataclass
class Item:
    """A view that was put aside.

    Args:
        number: Given once, for the keys of its controls.
        view: As it was shown.
        of: Which data that was.
    """

    number: int
    view: View
    of: Provenance


def items() -> list[Item]:
    """What was put aside, in order."""
    found: list[Item] = st.session_state.setdefault(KEY, [])
    return found


def add(notes: Notes) -> None:
    """Put a view aside as it is shown now; beyond ``reports.MOST_VIEWS`` nothing is added."""
    kept = items()
    if len(kept) < reports.MOST_VIEWS:
        number = max((one.number for one in kept), default=0) + 1
        kept.append(Item(number, reports.view_of(notes), reports.provenance(notes.frames)))


def remove(number: int) -> None:
    """Take one out."""
    st.session_state[KEY] = [one for one in items() if one.number != number]


def move_up(number: int) -> None:
    """Put one before the one above it."""
    kept = items()
    at = next((i for i, one in enumerate(kept) if one.number == number), 0)
    if at:
        kept[at - 1], kept[at] = kept[at], kept[at - 1]


def clear() -> None:
    """Take all out."""
    st.session_state[KEY] = []


def file(kept: list[Item], title: str, note: str, notes: dict[int, str], *, is_static: bool) -> bytes:
    """The report of these.

    Args:
        notes: Number of an item to the reader's own words about it.

    Raises:
        RefusedInput: Too many views for one file.
    """
    differ = len({one.of.digest for one in kept}) > 1
    views = [replace(one.view, note=notes.get(one.number, ""), choices=_choices(one, differ)) for one in kept]
    # Where the data changed while views were put aside, each says which it is of; the foot names the latest.
    return reports.file(views, kept[-1].of, title=title, note=note, is_static=is_static).content


def _choices(item: Item, differ: bool) -> tuple[Choice, ...]:
    data = f"{item.of.digest[:12]}, {formats.counted(item.of.n_results, 'result')}"
    return (*item.view.choices, Choice("Data digest", data)) if differ else item.view.choices
