"""Reads of the store and finished work, once per process and store revision, shared by all readers.

Nothing here is private to a reader: everything is a function of public rows and plain choices.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import streamlit as st

from lib.settings import read_settings
from lib.store.db import open_store
from lib.store.frames import FrameCache, Frames

Made = TypeVar("Made")

_OF_THIS_RUN = "_frames_of_this_run"
VIEWS_KEPT = 150
"""Finished views of all pages; old revisions leave by this limit and nothing else."""


def frames() -> Frames:
    """The store as this rerun sees it: one probe of the revision in ``one_revision``, then the same object."""
    held: Frames | None = st.session_state.get(_OF_THIS_RUN)
    return held if held is not None else _frame_cache(read_settings().database_url).frames()


@contextlib.contextmanager
def one_revision() -> Iterator[Frames]:
    """Within it every ``frames()`` is the same, so that the parts of a page cannot show different revisions."""
    now = _frame_cache(read_settings().database_url).frames()
    st.session_state[_OF_THIS_RUN] = now
    try:
        yield now
    finally:
        # A session that stays open must not hold an old revision in memory.
        st.session_state.pop(_OF_THIS_RUN, None)


def made(make: Callable[..., Made], **choices: Any) -> Made:
    """``make(frames, **choices)``, done once per store revision and choices; the result is read-only.

    Args:
        make: A function of a module (not a closure: its name is part of the key).
        choices: Plain, hashable values: everything that the result depends on besides the store.
    """
    now = frames()
    name = f"{make.__module__}.{make.__qualname__}"
    result: Made = _made(name, read_settings().database_url, now.revision, tuple(sorted(choices.items())), make, now)
    return result


@st.cache_resource(show_spinner=False)
def _frame_cache(database_url: str) -> FrameCache:
    return FrameCache(open_store(read_settings()))


@st.cache_resource(max_entries=VIEWS_KEPT, show_spinner=False)
def _made(
    name: str,
    database_url: str,
    revision: int,
    choices: tuple[tuple[str, Any], ...],
    _make: Callable[..., Any],
    _frames: Frames,
) -> Any:
    return _make(_frames, **dict(choices))
