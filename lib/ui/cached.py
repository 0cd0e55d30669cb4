"""Reads of the store and finished work, once per process, store revision and sight, shared by readers who see the same.

Most readers have nothing of their own and share what was made of public rows (or the workspace's). What somebody else may
not see is under another key: everything is a function of the rows of a sight and plain choices.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from lib.access import PUBLIC, Sight
from lib.errors import RefusedInput, Unavailable
from lib.settings import read_settings
from lib.store import snapshot_files
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.store.sights import narrowest
from lib.store.snapshot_diff import Diff, between
from lib.store.snapshots import Snapshot, SnapshotStore, named
from lib.ui import pinned, reader
from lib.ui.finished import Later

Made = TypeVar("Made")


class _Held(NamedTuple):
    """What one rerun works on: ``sight`` is the narrowest that sees the reader's rows, ``store`` sees with the reader's own.

    Args:
        snapshot: The pinned state that it is; None for the store as it is.
        lost: Why the snapshot that the address names cannot be shown; '' where none is named, or it is shown.
    """

    database_url: str
    sight: Sight
    store: Store
    frames: Frames
    snapshot: Snapshot | None = None
    lost: str = ""


# A rerun is one thread, so its context ends with it and keeps no old revision alive.
_OF_THIS_RUN: ContextVar[_Held | None] = ContextVar("_OF_THIS_RUN", default=None)
VIEWS_KEPT, READS_KEPT, SIGHTS_KEPT, SNAPSHOTS_KEPT = 150, 150, 6, 4
"""Finished views and reads of all pages, frames of different sights, open snapshots with their frames; what is old leaves by
these limits and nothing else."""


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


_VIEWS, _READS, _FRAMES, _SIGHTS = Kept(VIEWS_KEPT), Kept(READS_KEPT), Kept(SIGHTS_KEPT), Kept(READS_KEPT)
_SNAPSHOTS, _STORES = Kept(SNAPSHOTS_KEPT), Kept(READS_KEPT)


def frames() -> Frames:
    """The store as this rerun sees it: one probe of the revision in ``one_revision``, then the same object."""
    return _held().frames


def store() -> Store:
    """The store as this reader sees it, for what is read or written when one asks for it; pages of many rows use ``frames``.

    In a pinned view it is the snapshot, which refuses to be written to.
    """
    return _held().store


def is_all_public() -> bool:
    """Whether this is the store as it is, and strangers see everything in it that this reader sees now."""
    held = _held()
    return held.snapshot is None and held.sight == PUBLIC


def revision() -> int:
    """The store's revision now, whoever asks."""
    return _store(read_settings().database_url).revision()


def snapshot() -> Snapshot | None:
    """The snapshot that this rerun shows; None for the store as it is."""
    return _held().snapshot


def lost() -> str:
    """Why the snapshot that the address names cannot be shown, a sentence; '' where none is named, or it is shown."""
    return _held().lost


def live_store() -> Store:
    """The store as it is, as this reader sees it, also in a pinned view."""
    return _now().store


def live_sight() -> Sight:
    """The narrowest sight that sees what this reader sees of the store as it is."""
    return _now().sight


def changed() -> Diff | None:
    """What is different now for those who may open the snapshot that is shown; None for the store as it is."""
    held = _held()
    if held.snapshot is None:
        return None
    url = read_settings().database_url
    now = _store(url).seen_by(held.sight)
    frames = _FRAMES.get((url, held.sight), lambda: FrameCache(now)).frames()
    key = ("changed", held.database_url, url, frames.revision)
    return _VIEWS.get(key, lambda: between((held.store, held.frames), (now, frames)))


def today() -> str:
    """The day that prices are looked at from, in a pinned view that of its snapshot: a plain choice of views that show them."""
    return _held().store.settings.today


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
    held = _held()
    seen = held.store.seen_by(held.sight)
    return _READS.get(_key(held, read, choices), lambda: read(seen, **choices))


def _key(held: _Held, make: Callable[..., Any], choices: dict[str, Any]) -> Hashable:
    where = (held.database_url, held.sight, held.frames.revision)
    return make.__module__, make.__qualname__, where, tuple(sorted(choices.items()))


def _held() -> _Held:
    if (held := _OF_THIS_RUN.get()) is not None:
        return held
    now = _now()
    wanted = pinned.asked()
    if not wanted:
        return now
    try:
        return _pinned(now.store, named(now.store, wanted))
    except RefusedInput:
        return now._replace(lost=f"“{wanted}” names no snapshot that you may open.")
    except Unavailable as trouble:
        return now._replace(lost=str(trouble))


def _now() -> _Held:
    url = read_settings().database_url
    whole = _store(url)
    own = reader.reader(whole).sight
    # Asked once per revision: it rises with every row that somebody comes to see or no longer sees.
    sight = _SIGHTS.get((url, own, whole.revision()), lambda: narrowest(whole, own))
    frames = _FRAMES.get((url, sight), lambda: FrameCache(whole.seen_by(sight))).frames()
    # The same object for the same reader: it is part of the key of what is made from the store itself.
    return _Held(url, sight, _STORES.get((url, own), lambda: whole.seen_by(own)), frames)


def _pinned(store: Store, snapshot: Snapshot) -> _Held:
    # Asked for at every rerun, so that a sweep does not take the file from under those who read it.
    path = snapshot_files.unpacked(store.settings, snapshot)

    def opened() -> tuple[SnapshotStore, FrameCache]:
        opened = SnapshotStore(store, snapshot)
        return opened, FrameCache(opened)

    kept, cache = _SNAPSHOTS.get(path, opened)
    return _Held(kept.settings.database_url, kept.sight, kept, cache.frames(), snapshot)


@st.cache_resource(show_spinner=False)
def _store(database_url: str) -> Store:
    return open_store(read_settings())
