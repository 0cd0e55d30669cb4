"""Reads of the store and finished work, once per process and store revision, shared by all readers.

Nothing here is private to a reader: everything is a function of public rows and plain choices.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from lib.errors import RefusedInput, Unavailable
from lib.settings import read_settings
from lib.store import snapshot_files
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.store.snapshot_diff import Diff, between
from lib.store.snapshots import Snapshot, SnapshotStore, named
from lib.ui import pinned
from lib.ui.finished import Later

Made = TypeVar("Made")


class _Held(NamedTuple):
    """What one rerun works on.

    Args:
        snapshot: The pinned state that it is; None for the store as it is.
        lost: Why the snapshot that the address names cannot be shown; '' where none is named or it is shown.
    """

    store: Store
    frames: Frames
    snapshot: Snapshot | None = None
    lost: str = ""

    @property
    def database_url(self) -> str:
        """Names the store in what is kept; a snapshot's is its own file."""
        return self.store.settings.database_url


# A rerun is one thread, so its context ends with it and keeps no old revision alive.
_OF_THIS_RUN: ContextVar[_Held | None] = ContextVar("_OF_THIS_RUN", default=None)
VIEWS_KEPT, READS_KEPT, SNAPSHOTS_KEPT = 150, 150, 4
"""Finished views and reads of all pages; old revisions leave by these limits and nothing else.
Snapshots are kept open with their frames, as large as those of the store."""


class Kept:
    """What was made before, by what it was made of; beyond a number of them what was not asked for longest leaves.

    Streamlit's own cache does the same, but hashes and looks at signatures at every call: a third of a millisecond, for
    each of the ten things that a page asks for.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Hashable, Later[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What is kept under the key, made if need be; others who ask for the same meanwhile wait for it.

        Raises:
            What ``make`` raises; the next who asks tries again.
        """
        with self._lock:
            known = self._made.setdefault(key, Later(make))
            self._made.move_to_end(key)
            if len(self._made) > self._most:
                self._made.popitem(last=False)
        result: Made = known()
        return result


_VIEWS, _READS = Kept(VIEWS_KEPT), Kept(READS_KEPT)
_SNAPSHOTS = Kept(SNAPSHOTS_KEPT)


def frames() -> Frames:
    """The store as this rerun sees it: one probe of the revision in ``one_revision``, then the same object."""
    return _held().frames


def store() -> Store:
    """The store itself, for what is read or written when a reader asks for it; pages of many rows use ``frames``.

    In a pinned view it is the snapshot, which refuses to be written to.
    """
    return _held().store


def snapshot() -> Snapshot | None:
    """The snapshot that this rerun shows; None for the store as it is."""
    return _held().snapshot


def lost() -> str:
    """Why the snapshot that the address names cannot be shown, a sentence; '' where none is named or it is shown."""
    return _held().lost


def live() -> tuple[Store, Frames]:
    """The store as it is, also in a pinned view: for what has changed since, and for taking snapshots."""
    url = read_settings().database_url
    return _store(url), _frame_cache(url).frames()


def changed() -> Diff | None:
    """What is different in the store as it is; None where it is what is shown."""
    held = _held()
    if held.snapshot is None:
        return None
    now = live()
    key = ("changed", held.database_url, now[0].settings.database_url, now[1].revision)
    return _VIEWS.get(key, lambda: between((held.store, held.frames), now))


def today() -> str:
    """The day that prices are looked at from: a plain choice of every view that shows them."""
    return read_settings().today


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
    return _VIEWS.get(_key(held, make, choices), lambda: make(held.frames, **choices))


def stored(read: Callable[..., Made], **choices: Any) -> Made:
    """``read(store, **choices)``, done once per store revision and choices; the result is read-only.

    Args:
        read: A function of ``lib.store`` for what the frames do not hold.
        choices: As for ``made``.
    """
    return _READS.get(_key(_held(), read, choices), lambda: read(store(), **choices))


def _key(held: _Held, make: Callable[..., Any], choices: dict[str, Any]) -> Hashable:
    return make.__module__, make.__qualname__, held.database_url, held.frames.revision, tuple(sorted(choices.items()))


def _held() -> _Held:
    if (held := _OF_THIS_RUN.get()) is not None:
        return held
    now = live()
    wanted = pinned.asked()
    if not wanted:
        return _Held(*now)
    try:
        return _pinned(now[0], named(now[0], wanted))
    except RefusedInput:
        return _Held(*now, lost=f"“{wanted}” names no snapshot that you may open.")
    except Unavailable as trouble:
        return _Held(*now, lost=str(trouble))


def _pinned(store: Store, snapshot: Snapshot) -> _Held:
    # Asked for at every rerun, so that a sweep does not take the file from under those who read it.
    path = snapshot_files.unpacked(store.settings, snapshot.digest, len(snapshot.tombstones))

    def opened() -> tuple[SnapshotStore, FrameCache]:
        opened = SnapshotStore(store, snapshot)
        return opened, FrameCache(opened)

    kept, cache = _SNAPSHOTS.get(path, opened)
    return _Held(kept, cache.frames(), snapshot)


@st.cache_resource(show_spinner=False)
def _store(database_url: str) -> Store:
    return open_store(read_settings())


@st.cache_resource(show_spinner=False)
def _frame_cache(database_url: str) -> FrameCache:
    return FrameCache(_store(database_url))
