"""The store as the API reads it: opened once, columns per revision, and finished answers of the slower questions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from lib.access import Sight
from lib.api.v1.problems import Problem
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.store import snapshot_files
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache, Frames
from lib.store.sights import narrowest
from lib.store.snapshots import SnapshotStore, named

MOST_AT_ONCE = 12
"""Questions that are worked on at a time; the threads that they run in also serve the pages."""
ANSWERS_KEPT = 200
SIGHTS_KEPT, SNAPSHOTS_KEPT = 6, 4
"""Kinds of readers, and pinned states, whose columns are held; each holds all rows that it sees."""
UNKNOWN_SNAPSHOT = "No such snapshot that you may open. /snapshots lists them."
Made = TypeVar("Made")


class Readings:
    """The store of one process and what was read of it. Safe for threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store: Store | None = None
        self._frames: OrderedDict[Sight, FrameCache] = OrderedDict()
        self._snapshots: OrderedDict[Path, tuple[SnapshotStore, FrameCache]] = OrderedDict()
        self._answers: OrderedDict[Hashable, object] = OrderedDict()
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._lock = threading.Lock()

    def store(self) -> Store:
        """The store as a stranger sees it, opened when somebody asks first; ``seen_by`` gives other eyes."""
        with self._lock:
            if self._store is None:
                self._store = open_store(self.settings)
            return self._store

    def frames(self, sight: Sight) -> Frames:
        """The columns that somebody sees, at the newest revision; readers who see the same share them."""
        store = self.store()
        # It rises with every row that somebody comes to see, or no longer sees.
        own = self.answer(("narrowest", sight, store.revision()), lambda: narrowest(store, sight))
        with self._lock:
            cache = self._frames.setdefault(own, FrameCache(store.seen_by(own)))
            self._frames.move_to_end(own)
            while len(self._frames) > SIGHTS_KEPT:
                self._frames.popitem(last=False)
        return cache.frames()

    def pinned(self, sight: Sight, name: str) -> tuple[SnapshotStore, Frames]:
        """A snapshot that somebody may open, by name or digest, and its columns.

        Raises:
            Problem: 404 where there is none of that name that they may open.
            Unavailable: Its file is gone.
        """
        store = self.store().seen_by(sight)
        try:
            snapshot = named(store, name)
        except RefusedInput as refusal:
            raise Problem(404, UNKNOWN_SNAPSHOT, places=[("query.snapshot", refusal.reason)]) from refusal
        # Asked for each time, so that no sweep takes the file from under those who read it.
        path = snapshot_files.unpacked(self.settings, snapshot)
        with self._lock:
            if path not in self._snapshots:
                opened = SnapshotStore(store, snapshot)
                self._snapshots[path] = opened, FrameCache(opened)
            self._snapshots.move_to_end(path)
            while len(self._snapshots) > SNAPSHOTS_KEPT:
                self._snapshots.popitem(last=False)[1][0].close()
            kept, cache = self._snapshots[path]
        return kept, cache.frames()

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place to work in.

        Raises:
            Problem: 503 where all are taken.
        """
        if not self._places.acquire(timeout=5):
            raise Problem(
                503, "Many questions are being answered. Try again in a moment.", headers={"Retry-After": "5"}
            )
        try:
            yield
        finally:
            self._places.release()

    def answer(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What is kept under the key, made if need be; the key says everything that it depends on."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]  # type: ignore[return-value]
        made = make()
        with self._lock:
            self._answers[key] = made
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return made

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            for opened, _ in self._snapshots.values():
                opened.close()
            if self._store is not None:
                self._store.close()
