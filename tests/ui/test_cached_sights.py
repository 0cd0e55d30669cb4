"""What is made for one reader never reaches another, however many ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib.access import STRANGER, Reader
from lib.settings import read_settings
from lib.store import read
from lib.store.db import Store, open_store
from lib.store.frames import Frames
from lib.store.prepared import Holder
from lib.store.raw import keep_raw
from lib.store.write import write_files
from lib.ui import cached, pinned, reader
from tests.conftest import Fill
from tests.factories import make_run, prepared_file, raw_of
from tests.ui.stores import fill_one_model

PEOPLE = ("alice", "bob", "carol", "dan", "eve")
ROUNDS = 20
_WHO = threading.local()


def names(frames: Frames) -> list[str]:
    """A view: whose runs it holds."""
    return sorted(str(name) for name in frames.runs["model_name"])


def waiting(store: Store) -> list[str]:
    """A read beside the frames."""
    return sorted(str(name) for name in read.unresolved(store)["spelling"])


def bring(store: Store, who: str, n: int) -> None:
    content = f"{who} {n}"
    keep_raw(store, content.encode())
    file = prepared_file(make_run(f"own of {who} {n}"), content=content, name=f"{content}.json")
    write_files(store, raw_of(content, file.name), [file], holder=Holder(who, "private"))


def test_frames_and_views_stay_with_their_reader(
    filled_copy: Callable[[Fill], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled_copy(fill_one_model)
    monkeypatch.setenv("P4P_DATA_DIR", str(folder))
    monkeypatch.setattr(reader, "reader", lambda store=None: _WHO.reader)
    monkeypatch.setattr(pinned, "asked", lambda: "")
    store = open_store(read_settings())
    for who in PEOPLE:
        bring(store, who, 0)

    def asks(who: str) -> list[str]:
        """One reader's reruns, while everybody else has theirs and brings more."""
        _WHO.reader = Reader(who, who, "contributor") if who else STRANGER
        wrong = []
        for n in range(1, ROUNDS + 1):
            with cached.one_revision():
                seen = [*cached.made(names), *cached.stored(waiting), *names(cached.frames())]
            own = {name for name in seen if name.startswith("own of ")}
            wrong += [f"{who} saw {name}" for name in own if not name.startswith(f"own of {who} ")]
            if who and not own:
                wrong.append(f"{who} saw nothing of their own")
            if who in PEOPLE[:2] and n % 7 == 0:
                bring(store, who, n)
        return wrong

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(asks, [*PEOPLE, "", *PEOPLE, ""]))
    assert [one for wrong in found for one in wrong] == []
