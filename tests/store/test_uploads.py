"""Uploads as one: taken, undone, replaced, shown to more; tokens and members beside them, and what is noted of it all."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import select, update

from lib.access import PUBLIC, Sight, Visibility
from lib.errors import RefusedInput
from lib.store import audit, members, read, tokens, uploads
from lib.store.access_tables import tokens as token_table
from lib.store.db import Store, Writing
from lib.store.frames import FrameCache
from lib.store.prepared import Holder
from lib.store.raw import keep_raw
from lib.store.write import Batch, write_batches
from tests.factories import make_run, prepared_file, raw_of, sha

ALICE = Sight("alice", is_member=True)


def bring(store: Store, *contents: str, visibility: Visibility = "private", replaces: str | None = None) -> str:
    """An upload of alice's: a file with a run of its own for each content."""
    upload = uploads.begin(store, "alice", name=" ".join(contents), visibility=visibility, replaces=replaces)
    for content in contents:
        keep_raw(store, content.encode())
        file = prepared_file(make_run(f"org/{content}"), content=content, name=f"{content}.json")
        batch = Batch(raw_of(content, file.name), [file], holder=Holder("alice", visibility), pending=upload)
        write_batches(store, [batch])
    digests = [sha(content) for content in contents]
    uploads.finish(store, upload, "taken", raw_digests=digests, n_files=len(contents), n_results=2, said={"a": 1})
    return upload


def shown(store: Store, sight: Sight = ALICE) -> set[str]:
    return {name.removeprefix("org/") for name in FrameCache(store.seen_by(sight)).frames().runs["model_name"]}


def test_an_upload_is_undone_and_brought_back_as_one(store: Store) -> None:
    cache = FrameCache(store.seen_by(ALICE))
    first, second = bring(store, "one", "two"), bring(store, "two", "three")
    assert len(cache.frames().runs) == 3 and shown(store, PUBLIC) == set()
    assert uploads.undo(store, second, by="alice") == 1, "what the first brought too stays"
    assert shown(store) == {"one", "two"} and len(cache.frames().runs) == 2
    assert uploads.undo(store, first, by="alice") == 2 and shown(store) == set()
    assert uploads.redo(store, first, by="alice") == 2 and shown(store) == {"one", "two"}
    found = uploads.uploads_of(store, "alice")
    assert found["undone_at"].notna().tolist() == (found["id"] == second).tolist()
    assert uploads.uploads_of(store, "bob").empty and uploads.upload_of(store, first, owner="bob") is None


def test_nothing_of_an_upload_is_seen_before_it_is_whole(store: Store) -> None:
    cache = FrameCache(store.seen_by(ALICE))
    digest, pending = store.seen_by(ALICE).digest(), uploads.begin(store, "alice", name="a", visibility="private")
    keep_raw(store, b"one")
    file = prepared_file(make_run("org/one"), content="one", name="one.json")
    batch = Batch(raw_of("one", file.name), [file], holder=Holder("alice", "private"), pending=pending)
    for _ in range(2):  # a second time by an upload that is sent again
        write_batches(store, [batch])
        assert cache.frames().runs.empty and store.seen_by(ALICE).digest() == digest
        assert read.sources(store.seen_by(ALICE)).empty
    uploads.finish(store, pending, "failed", raw_digests=[sha("one")], n_files=0, n_results=0, said={})
    assert cache.frames().runs.empty
    bring(store, "one")
    assert len(cache.frames().runs) == 1 and store.seen_by(ALICE).digest() != digest


def test_a_new_upload_takes_the_place_of_an_older(store: Store) -> None:
    first = bring(store, "one", "two")
    second = bring(store, "two", "three", replaces=first)
    assert shown(store) == {"two", "three"}, "what both hold stays in view"
    assert uploads.undo(store, second, by="alice") == 2 and shown(store) == set()
    with pytest.raises(RefusedInput, match="no such upload"):
        uploads.begin(store, "bob", name="x", visibility="private", replaces=first)


def test_an_upload_is_shown_to_more(store: Store) -> None:
    upload = bring(store, "one")
    cache = FrameCache(store)
    assert cache.frames().runs.empty and uploads.uploads_waiting(store).empty
    uploads.show_to(store, upload, "public", by="boss")
    assert shown(store, PUBLIC) == {"one"} and len(cache.frames().runs) == 1
    uploads.show_to(store, upload, "private", by="boss")
    assert shown(store, PUBLIC) == set() and cache.frames().runs.empty and shown(store) == {"one"}
    told = audit.entries(store.seen_by(ALICE))
    assert told[["who", "what"]].to_numpy().tolist() == [["boss", "made private"], ["boss", "made public"], ["alice", "added"]]  # fmt: skip
    assert audit.entries(store)["of"].empty, "the name was never anybody else's"
    listed = audit.entries(store, of_all=True)
    assert len(listed) == 3 and set(listed["of"]) == {audit.HIDDEN} and listed["data"].isna().all()


def test_what_wants_to_be_public_waits_for_an_admin(store: Store) -> None:
    upload = uploads.begin(store, "alice", name="a", visibility="workspace", wants_public=True)
    assert uploads.uploads_waiting(store).empty, "not taken yet"
    uploads.finish(store, upload, "taken", raw_digests=[], n_files=1, n_results=1, said={})
    assert uploads.uploads_waiting(store)["id"].tolist() == [upload]
    uploads.show_to(store, upload, "public", by="boss")
    assert uploads.uploads_waiting(store).empty


def test_bytes_are_counted_for_the_quota(store: Store) -> None:
    bring(store, "one", "three")
    assert uploads.bytes_of(store, "alice") == len("one") + len("three") and uploads.bytes_of(store, "bob") == 0


def test_a_token_is_found_by_itself_alone(store: Store) -> None:
    made = tokens.make(store, "alice", name="CI", scopes=["write:results"], days=1, role="contributor")
    found = tokens.find(store, made.secret)
    assert found == (made.id, "alice", frozenset(["write:results"]))
    with store.reading() as connection:
        row = connection.execute(select(token_table)).one()
    assert made.secret not in str(row) and row.hash == hashlib.sha256(made.secret.encode()).hexdigest()
    for wrong in ("", "p4p_", made.secret[:-1], made.secret + "x", made.secret.removeprefix("p4p_"), made.id, row.hash):
        assert tokens.find(store, wrong) is None
    listed = tokens.tokens(store, "alice")
    assert listed["used_on"].notna().all() and made.secret not in listed.to_csv() and row.hash not in listed.to_csv()
    assert tokens.tokens(store, "bob").empty
    with pytest.raises(RefusedInput):
        tokens.revoke(store, made.id, by="bob", subject="bob")
    tokens.revoke(store, made.id, by="alice", subject="alice")
    assert tokens.find(store, made.secret) is None
    assert made.secret not in audit.entries(store.seen_by(ALICE)).to_csv()


def test_a_token_ends(store: Store) -> None:
    made = tokens.make(store, "alice", name="CI", scopes=["read"], days=1, role="viewer")

    def earlier(writing: Writing) -> None:
        writing.connection.execute(update(token_table).values(expires_at="2020-01-01T00:00:00Z"))

    store.write(earlier)
    assert tokens.find(store, made.secret) is None


@pytest.mark.parametrize(
    ("scopes", "days", "role", "name"),
    [
        (["admin"], 1, "contributor", "CI"),
        (["write:results"], 1, "viewer", "CI"),
        (["read"], 1, "stranger", "CI"),
        ([], 1, "admin", "CI"),
        (["everything"], 1, "admin", "CI"),
        (["read"], 0, "admin", "CI"),
        (["read"], 367, "admin", "CI"),
        (["read"], 1, "admin", " "),
        (["read"], 1, "admin", "\x00"),
    ],
)
def test_a_token_that_would_be_too_much_is_refused(sqlite_store: Store, scopes, days, role, name) -> None:
    with pytest.raises(RefusedInput):
        tokens.make(sqlite_store, "alice", name=name, scopes=scopes, days=days, role=role)
    assert tokens.tokens(sqlite_store, "alice").empty


def test_members(store: Store) -> None:
    members.set_member(store, "alice", "viewer", name="Alice", by="local")
    members.set_member(store, "alice", "admin", by="local")
    assert members.role_of(store, "alice") == "admin" and members.role_of(store, "Alice") is None
    assert members.members(store)["role"].tolist() == ["admin"]
    members.remove_member(store, "alice", by="local")
    assert members.role_of(store, "alice") is None
    for subject, role in ((" ", "viewer"), ("a", "owner"), ("x" * 3000, "viewer"), ("a\x00", "viewer")):
        with pytest.raises(RefusedInput):
            members.set_member(store, subject, role, by="local")  # type: ignore[arg-type]
    with pytest.raises(RefusedInput):
        members.remove_member(store, "alice", by="local")
    assert read.sources(store).empty
