"""Reads of the store and finished work, once per process and store revision, shared by all readers.

Nothing here is private to a reader: everything is a function of public rows and plain choices.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from lib.settings import read_settings
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames

Made = TypeVar("Made")


class _Held(NamedTuple):
    """What one rerun works on."""

    database_url: str
    frames: Frames


# A rerun is one thread, so its context ends with it and keeps no old revision alive.
_OF_THIS_RUN: ContextVar[_Held | None] = ContextVar("_OF_THIS_RUN", default=None)
VIEWS_KEPT = 150
"""Finished views of all pages; old revisions leave by this limit and nothing else."""


def frames() -> Frames:
    """The store as this rerun sees it: one probe of the revision in ``one_revision``, then the same object."""
    return _held().frames


def store() -> Store:
    """The store itself, for what is read or written when a reader asks for it; pages of many rows use ``frames``."""
    return _store(read_settings().database_url)


@contextlib.contextmanager
def one_revision() -> Iterator[Frames]:
    """Within it every ``frames()`` is the same, so that the parts of a page cannot show different revisions."""
    token = _OF_THIS_RUN.set(None)
    _OF_THIS_RUN.set(now := _held())
    try:
        yield now.frames
    finally:
        _OF_THIS_RUN.reset(token)


def made(make: Callable[..., Made], **choices: Any) -> Made:
    """``make(frames, **choices)``, done once per store revision and choices; the result is read-only.

    Args:
        make: A function of a module (not a closure: its name is part of the key).
        choices: Plain, hashable values: everything that the result depends on besides the store.
    """
    held = _held()
    name = f"{make.__module__}.{make.__qualname__}"
    key = tuple(sorted(choices.items()))
    result: Made = _made(name, held.database_url, held.frames.revision, key, make, held.frames)
    return result


def stored(read: Callable[..., Made], **choices: Any) -> Made:
    """``read(store, **choices)``, done once per store revision and choices; the result is read-only.

    Args:
        read: A function of ``lib.store`` for what the frames do not hold.
        choices: As for ``made``.
    """
    held = _held()
    name, key = f"{read.__module__}.{read.__qualname__}", tuple(sorted(choices.items()))

    def make(_: Frames, **given: Any) -> Made:
        return read(store(), **given)

    result: Made = _made(name, held.database_url, held.frames.revision, key, make, held.frames)
    return result


def _held() -> _Held:
    if (held := _OF_THIS_RUN.get()) is not None:
        return held
    url = read_settings().database_url
    return _Held(url, _frame_cache(url).frames())


@st.cache_resource(show_spinner=False)
def _store(database_url: str) -> Store:
    return open_store(read_settings())


@st.cache_resource(show_spinner=False)
def _frame_cache(database_url: str) -> FrameCache:
    return FrameCache(_store(database_url))


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
