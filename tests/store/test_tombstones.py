"""What may not be shown any more leaves every snapshot, to the last byte, and each snapshot says so."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lib.errors import RefusedInput
from lib.store import raw, samples, snapshot_files, snapshots, tables
from lib.store.db import Store
from lib.store.frames import FrameCache
from lib.store.snapshots import Snapshot
from lib.store.tombstones import tombstone
from lib.store.write import write_files
from tests.factories import make_run, make_samples, model_row, prepared_file, prepared_run, raw_of

BAD = make_run("org/forbidden", ["task_forbidden"], samples=[make_samples("task_forbidden")])
SHARED = make_run("org/shared", ["task_2"])


def fill(store: Store) -> int:
    """A file to be taken out, with a run of its own, one that another file holds, too, and a model; returns its id."""
    raw.keep_raw(store, b"bad")
    logs = {"task_forbidden": samples.keep_samples(store, BAD.samples[0].table)}
    catalogue = {"models": [model_row("forbidden-model")], "rumours": [{"model_id": "forbidden-model", "field": "params_total", "value": "9", "who_says": "forbidden-word"}]}  # fmt: skip
    bad = prepared_file(
        prepared_run(BAD, sample_files=logs), SHARED, content="bad", name="forbidden.json", tables=catalogue
    )
    write_files(store, raw_of("bad", "forbidden.json"), [bad])
    good = prepared_file(SHARED, content="good", name="good.json", tables={"models": [model_row("alpha")]})
    write_files(store, raw_of("good", "good.json"), [good])
    with store.reading() as connection:
        s = tables.sources.c
        return int(connection.execute(select(s.id).where(s.name == "forbidden.json")).scalar_one())


def forbidden_bytes(store: Store, one: Snapshot) -> list[bytes]:
    content = snapshot_files.unpacked(store.settings, one).read_bytes()
    words = (b"org/forbidden", b"forbidden.json", b"forbidden-word", b"forbidden-model", b"task_forbidden")
    return [word for word in words if word in content]


def test_a_source_leaves_every_snapshot(store: Store) -> None:
    empty = snapshots.take(store)
    source = fill(store)
    first = snapshots.take(store)
    write_files(store, raw_of("more"), [prepared_file(make_run("org/more"), content="more", name="more.json")])
    second = snapshots.take(store)
    assert len(forbidden_bytes(store, first)) == 5
    old_files = [snapshot_files.path_of(store.settings, one) for one in (first, second)]

    changed = tombstone(store, source, "A court said so")
    assert {one.digest for one in changed} == {first.digest, second.digest}
    assert snapshots.named(store, empty.short).tombstones == ()
    for digest, n_runs in ((first.digest, 1), (second.digest, 2)):
        one = snapshots.named(store, digest)
        assert [(stone["reason"], stone["n_results"]) for stone in one.tombstones] == [("A court said so", 1)]
        assert forbidden_bytes(store, one) == []
        opened = snapshots.open_snapshot(store, digest)
        frames = FrameCache(opened).frames()
        assert len(frames.runs) == n_runs and "org/shared" in frames.runs["model_name"].tolist()
        assert "forbidden-model" not in frames.models.index and "alpha" in frames.models.index
        assert frames.digest == digest
        with opened.reading() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        opened.close()
    assert not any(path.exists() for path in old_files)
    assert FrameCache(store).frames().runs["model_name"].tolist().count("org/forbidden") == 0
    # Again: nothing is left to take out, and nobody is told twice.
    assert tombstone(store, source, "A court said so") == []
    assert snapshots.take(store).digest not in (first.digest, second.digest)


def test_a_break_off_leaves_each_snapshot_as_it_was_or_done(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = fill(sqlite_store)
    taken = snapshots.take(sqlite_store)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", lambda self, work: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tombstone(sqlite_store, source, "because")
    assert len(forbidden_bytes(sqlite_store, snapshots.named(sqlite_store, taken.digest))) == 5
    write = Store.write
    calls = iter([write, lambda self, work: (_ for _ in ()).throw(KeyboardInterrupt)])
    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", lambda self, work: next(calls)(self, work))
        with pytest.raises(KeyboardInterrupt):
            tombstone(sqlite_store, source, "because")
    snapshots.open_snapshot(sqlite_store, taken.digest).close()
    (one,) = tombstone(sqlite_store, source, "because")
    assert forbidden_bytes(sqlite_store, one) == [] and len(one.tombstones) == 1
    assert raw.sweep(sqlite_store, older_than_s=-1) >= 0
    snapshots.open_snapshot(sqlite_store, taken.digest).close()


def test_it_needs_a_source_and_a_reason(sqlite_store: Store) -> None:
    source = fill(sqlite_store)
    with pytest.raises(RefusedInput, match="reason"):
        tombstone(sqlite_store, source, "  ")
    with pytest.raises(RefusedInput, match="no such source"):
        tombstone(sqlite_store, 10**6, "because")
