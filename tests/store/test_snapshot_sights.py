"""Who may open a snapshot follows from what is in it, and nothing in it is more than its maker saw."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from lib.access import PUBLIC, WORKSPACE, Sight
from lib.errors import RefusedInput
from lib.store import access_tables, mapping, snapshot_files, snapshots, tables
from lib.store.db import Store
from lib.store.digest import digest_of
from lib.store.frames import FrameCache
from lib.store.prepared import Holder
from lib.store.snapshot_diff import diff
from lib.store.write import write_files
from tests.factories import make_run, model_row, prepared_file, prepared_run, raw_of

ADA, BOB = Sight("ada", True), Sight("bob", True)
HOLDERS = {
    "open": Holder("ada", "public"),
    "ours": Holder("ada", "workspace"),
    "adas": Holder("ada", "private"),
    "bobs": Holder("bob", "private"),
}
SEEN = {
    PUBLIC: {"open"},
    WORKSPACE: {"open", "ours"},
    ADA: {"open", "ours", "adas"},
    BOB: {"open", "ours", "bobs"},
}


def put(store: Store, content: str, holder: Holder, name: str = "") -> None:
    """A file with one run, named after it."""
    run = prepared_run(make_run(f"secret-{content}"), f"org/model-{content}")
    file = prepared_file(run, content=content, name=f"{name or content}.json")
    community = [{"id": f"org/model-{content}"}]
    write_files(store, raw_of(content, f"{name or content}.json"), [file], community=community, holder=holder)


def fill(store: Store) -> None:
    """A catalogue for all, and for every kind of reader a file, a fact, a spelling and a model of which only it has runs."""
    models = [model_row("beta"), *(model_row(f"catalogue-{content}") for content in HOLDERS)]
    catalogue = prepared_file(content="all", name="all.json", tables={"models": models})
    write_files(store, raw_of("all", "all.json"), [catalogue])
    for content, holder in HOLDERS.items():
        put(store, content, holder)
        mapping.set_fact(store, f"catalogue-{content}", "licence", f"note-{content}", holder=holder)
        mapping.set_alias(store, f"alias-{content}", "", "beta", holder)


@pytest.mark.parametrize("sight", SEEN, ids=["stranger", "member", "ada", "bob"])
def test_a_snapshot_holds_what_its_maker_saw(store: Store, sight: Sight) -> None:
    fill(store)
    own = store.seen_by(sight)
    taken = snapshots.take(own, by=sight.owner)
    assert taken.digest == own.digest()
    assert taken.visibility == ("private" if sight.owner else "workspace" if sight.is_member else "public")
    opened = snapshots.open_snapshot(own, taken.digest)
    with opened.reading() as connection:
        assert digest_of(connection) == taken.digest
        loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        kept = connection.execute(select(func.count()).select_from(access_tables.tokens)).scalar_one()
    assert (loose, kept) == ([], 0)
    before, after = FrameCache(own).frames(), FrameCache(opened).frames()
    assert set(after.runs["model_name"]) == {f"secret-{one}" for one in SEEN[sight]}
    assert (
        before.runs.equals(after.runs) and before.models.equals(after.models) and before.aliases.equals(after.aliases)
    )
    content = snapshot_files.unpacked(store.settings, taken).read_bytes()
    for one in HOLDERS:
        texts = (f"secret-{one}", f"{one}.json", f"org/model-{one}", f"note-{one}", f"alias-{one}")
        assert [text.encode() in content for text in texts] == [one in SEEN[sight]] * len(texts), one
    opened.close()


def test_who_may_open_which(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    taken = {sight: snapshots.take(store.seen_by(sight), by=sight.owner) for sight in SEEN}
    assert len({one.digest for one in taken.values()}) == 4
    for reader in SEEN:
        listed = {one.digest for one in snapshots.snapshots(store.seen_by(reader))}
        for sight, one in taken.items():
            may = SEEN[sight] <= SEEN[reader]
            assert (one.digest in listed) == may, (reader, sight)
            if may:
                snapshots.open_snapshot(store.seen_by(reader), one.short).close()
                assert diff(store.seen_by(reader), one.short).before == one.digest
            else:
                with pytest.raises(RefusedInput, match="no such snapshot"):
                    snapshots.open_snapshot(store.seen_by(reader), one.digest)
                with pytest.raises(RefusedInput, match="no such snapshot"):
                    diff(store.seen_by(reader), one.digest)


def test_an_open_snapshot_shows_the_same_to_everybody(sqlite_store: Store) -> None:
    fill(sqlite_store)
    opened = snapshots.open_snapshot(sqlite_store.seen_by(ADA), snapshots.take(sqlite_store).digest)
    assert set(FrameCache(opened.seen_by(BOB)).frames().runs["model_name"]) == {"secret-open"}
    opened.close()


@pytest.mark.parametrize("is_first", [False, True])
def test_a_copy_of_ones_own_hides_nothing_from_others(sqlite_store: Store, is_first: bool) -> None:
    store = sqlite_store
    if is_first:
        put(store, "shared", Holder("bob", "private"), "bobs secret name")
    put(store, "shared", Holder("ada", "public"))
    put(store, "shared", Holder("bob", "private"), "bobs secret name")
    taken = snapshots.take(store.seen_by(BOB), by="bob")
    assert (taken.visibility, taken.owner) == ("public", "bob")
    opened = snapshots.open_snapshot(store, taken.short)
    with opened.reading() as connection:
        assert connection.execute(select(tables.sources.c.name)).scalars().all() == ["shared.json"]
    assert b"bobs secret name" not in snapshot_files.unpacked(store.settings, taken).read_bytes()
    opened.close()


def test_a_model_that_nobody_sees_a_run_of(sqlite_store: Store) -> None:
    """A spelling of it that somebody entered for all stays, and leads to the model's id and nothing more."""
    store = sqlite_store
    put(store, "adas", HOLDERS["adas"])
    mapping.set_alias(store, "nickname", "", "org/model-adas")
    before = FrameCache(store).frames()
    taken = snapshots.take(store)
    opened = snapshots.open_snapshot(store, taken.digest)
    after = FrameCache(opened).frames()
    assert before.models.equals(after.models) and before.aliases.equals(after.aliases)
    assert after.aliases["model_id"].tolist() == ["org/model-adas"] and after.models.empty
    with opened.reading() as connection:
        assert digest_of(connection) == taken.digest
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    assert b"adas.json" not in snapshot_files.unpacked(store.settings, taken).read_bytes()
    opened.close()
