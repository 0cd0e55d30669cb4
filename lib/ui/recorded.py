"""What a page drew, noted while it draws: references to what it was given, so that a report holds what its reader saw.

Noting costs an append. Nothing is formatted, copied or looked up until somebody asks for a report.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import streamlit as st

from lib.report.document import Choice, Part
from lib.store.db import Store
from lib.store.frames import Frames
from lib.ui.traces import Traces


@dataclass
class Notes:
    """One rerun of one page, in the order in which it was drawn.

    Args:
        frames, store: As the page sees them, with its reader's sight.
        parts: What is shown.
        choices: Key of a control to what is chosen, in order.
        traces: Where the numbers come from.
        address: Where the page is seen as its reader saw it: path and parameters; known once it is drawn.
    """

    frames: Frames
    store: Store
    parts: list[Part] = field(default_factory=list)
    choices: dict[str, Choice] = field(default_factory=dict)
    traces: list[Traces] = field(default_factory=list)
    address: str = ""


CAUGHT = "recorded.caught"
"""In the session state of a page that nobody looks at: the list that gets its notes (``lib.ui.headless``)."""

NOT_OF_THE_VIEW = frozenset({"embed", "embed_options"})
# A rerun is one thread, as in ``lib.ui.cached``.
_OF_THIS_RUN: ContextVar[Notes | None] = ContextVar("_OF_THIS_RUN", default=None)


@contextlib.contextmanager
def noting(path: str, frames: Frames, store: Store) -> Iterator[Notes]:
    """Within it everything that is drawn through ``lib.ui.page`` and ``lib.ui.controls`` is noted.

    Args:
        path: Of the page, without the first slash; '' for the first page.
        frames, store: As the page sees them.
    """
    notes = Notes(frames, store)
    # All of it before the page: once a page has stopped early, Streamlit answers nothing more.
    notes.address = address(path)
    caught = st.session_state.get(CAUGHT)
    if caught is not None:
        caught.append(notes)
    token = _OF_THIS_RUN.set(notes)
    try:
        yield notes
    finally:
        _OF_THIS_RUN.reset(token)
    # Controls put what they hold into the address while they are drawn.
    notes.address = address(path)


def note(part: Part, traces: Traces | None = None) -> None:
    """A part of the page, and where its numbers come from."""
    notes = _OF_THIS_RUN.get()
    if notes is not None:
        notes.parts.append(part)
        if traces is not None:
            notes.traces.append(traces)


def note_choice(key: str, label: str, chosen: str) -> None:
    """What a control is set to, in words."""
    notes = _OF_THIS_RUN.get()
    if notes is not None:
        notes.choices[key] = Choice(label, chosen)


@contextlib.contextmanager
def unnoted() -> Iterator[None]:
    """Within it nothing is noted: what is drawn answers a click, and is no part of the view."""
    token = _OF_THIS_RUN.set(None)
    try:
        yield
    finally:
        _OF_THIS_RUN.reset(token)


def address(path: str) -> str:
    """Path and parameters of this page as it stands, without what only says how it is framed."""
    chosen = {key: st.query_params.get_all(key) for key in st.query_params if key not in NOT_OF_THE_VIEW}
    return f"/{path}" + (f"?{urllib.parse.urlencode(chosen, doseq=True)}" if chosen else "")
