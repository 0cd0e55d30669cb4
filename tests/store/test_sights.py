"""Who sees which rows: every path of ``test_in_force`` for every kind of reader and row, and what must not show through."""

from __future__ import annotations

import pandas as pd
import pytest
from sqlalchemy import select

from lib.access import PUBLIC, VISIBILITIES, WORKSPACE, Sight, Visibility
from lib.errors import RefusedInput
from lib.store import details, read, source_lists, tables
from lib.store.db import Store
from lib.store.extract import extract_model
from lib.store.frames import FrameCache
from lib.store.mapping import set_alias, set_fact
from lib.store.model_prices import prices_of
from lib.store.own_prices import own_prices, set_price
from lib.store.prepared import Holder
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples, logs_of, read_samples
from lib.store.sights import narrowest
from lib.store.write import Refusal, write_files
from tests.factories import make_run, make_samples, model_row, prepared_file, prepared_run, raw_of, sha
from tests.store.test_in_force import PATHS, fill, set_source

ALICE, BOB = Sight("alice", is_member=True), Sight("bob", is_member=True)
SIGHTS = {"stranger": PUBLIC, "member": WORKSPACE, "owner": ALICE, "another": BOB, "outsider": Sight("bob")}
SEES: dict[Visibility, set[str]] = {
    "private": {"owner"},
    "workspace": {"owner", "member", "another"},
    "public": set(SIGHTS),
}


@pytest.mark.parametrize("visibility", VISIBILITIES)
def test_every_path_for_every_reader(store: Store, visibility: Visibility) -> None:
    fill(store)
    set_source(store, 1, owner="alice", visibility=visibility)
    digests = {}
    for who, sight in SIGHTS.items():
        theirs = store.seen_by(sight)
        digests[who] = theirs.digest()
        for name, shown in PATHS.items():
            found = list(map(len, shown(theirs)))
            assert all(found) if who in SEES[visibility] else not any(found), (name, who)
        assert len(source_lists.source_list(theirs)) == len(source_lists.raw_names(theirs)) == (who in SEES[visibility])
    nothing = {digests[who] for who in set(SIGHTS) - SEES[visibility]}
    assert len(nothing) <= 1 and nothing.isdisjoint(digests[who] for who in SEES[visibility])


def bring(store: Store, who: str, visibility: Visibility, *, name: str = "a.json", log: bool = False) -> None:
    """The same run, as somebody brings it."""
    content = f"content{log}"
    keep_raw(store, content.encode())
    run = make_run(samples=[make_samples()])
    files = {"task_0": keep_samples(store, run.samples[0].table)} if log else {}
    file = prepared_file(prepared_run(run, sample_files=files), content=content, name=name)
    refusals = [Refusal("b.json", f"{name}!/b.json", f"of {who}")]
    write_files(store, raw_of(content, name), [file], refusals, "state", holder=Holder(who, visibility))


def test_the_same_bytes_of_two_people_are_two_sources_of_one_run(store: Store) -> None:
    bring(store, "alice", "private", name="secret plan.json")
    alice, bob = store.seen_by(ALICE), store.seen_by(BOB)
    digest = alice.digest()
    assert read.known_sources(store, "bob") == {} == read.finished_raw(store, "bob")
    bring(store, "bob", "private", name="mine.json")
    with store.reading() as connection:
        assert len(connection.execute(select(tables.runs)).all()) == 1
    for who, theirs, name in (("alice", alice, "secret plan.json"), ("bob", bob, "mine.json")):
        (source,) = details.source_details(theirs, sha("contentFalse"))
        assert (source.source["owner"], source.source["raw_name"]) == (who, name)
        assert source_lists.raw_names(theirs) == {sha("contentFalse"): name}
        assert read.refusals(theirs)["reason"].tolist() == [f"of {who}"]
        assert details.refusals_of(theirs, sha("contentFalse"))["reason"].tolist() == [f"of {who}"]
        assert len(FrameCache(theirs).frames().runs) == 1
    assert alice.digest() == digest == bob.digest(), "the same content, whoever brought it"
    bring(store, "local", "public")
    assert store.digest() == digest == alice.digest(), "once, though two whom one sees brought it"


def test_a_log_is_seen_with_the_source_that_brought_it(store: Store) -> None:
    bring(store, "alice", "private", log=True)
    bring(store, "local", "public")
    (run_id,) = FrameCache(store).frames().runs.index
    for sight, n_logs in ((PUBLIC, 0), (BOB, 0), (ALICE, 1)):
        theirs = store.seen_by(sight)
        found = details.run_details(theirs, FrameCache(theirs).frames().runs["run"].iloc[0])
        assert found is not None and len(found.samples) == n_logs == len(logs_of(theirs, [run_id]))
        assert FrameCache(theirs).frames().counts["n_samples_files"] == n_logs
        if n_logs:
            assert read_samples(theirs, run_id, "task_0").num_rows == 10
        else:
            with pytest.raises(RefusedInput):
                read_samples(theirs, run_id, "task_0")
    bring(store, "local", "public", log=True)
    assert len(logs_of(store, [run_id])) == 1 == len(logs_of(store.seen_by(ALICE), [run_id])), (
        "once, though twice brought"
    )


def test_a_model_that_only_a_private_file_names_is_nobody_elses(store: Store) -> None:
    keep_raw(store, b"content")
    file = prepared_file(prepared_run(make_run("org/secret"), "org/secret"))
    write_files(store, raw_of(), [file], community=[{"id": "org/secret"}], holder=Holder("alice", "private"))
    for sight in (PUBLIC, WORKSPACE, BOB):
        theirs = store.seen_by(sight)
        assert extract_model(theirs, "org/secret") is None and FrameCache(theirs).frames().models.empty
        assert FrameCache(theirs).frames().counts == dict.fromkeys(FrameCache(theirs).frames().counts, 0)
    assert FrameCache(store.seen_by(ALICE)).frames().models.index.tolist() == ["org/secret"]


def test_what_readers_say_is_seen_by_whom_they_say_it_to(store: Store) -> None:
    keep_raw(store, b"content")
    write_files(store, raw_of(), [prepared_file(tables={"models": [model_row("alpha")]})])
    digest, team = store.digest(), Holder("alice", "workspace")
    set_alias(store, "our alpha", "", "alpha", team)
    set_fact(store, "alpha", "context_length", "4096", holder=team)
    set_price(store, "alpha", 1.0, 2.0, entered_on="2026-11-21", holder=team)
    assert store.digest() == digest, "strangers see nothing new"
    for sight, n in ((PUBLIC, 0), (Sight("bob"), 0), (WORKSPACE, 1), (BOB, 1)):
        theirs = store.seen_by(sight)
        frames = FrameCache(theirs).frames()
        found = extract_model(theirs, "alpha")
        assert found is not None
        told = (
            frames.aliases,
            read.aliases(theirs),
            frames.facts("alpha"),
            prices_of(theirs, "alpha"),
            own_prices(theirs),
        )
        assert [len(one) for one in (*told, found["aliases"], found["facts"])] == [n] * 7, sight
        assert frames.models["context_length"].notna().tolist() == [bool(n)]


def test_private_tables_are_refused(sqlite_store: Store) -> None:
    file = prepared_file(tables={"models": [model_row("alpha")]})
    for visibility in ("private", "workspace"):
        with pytest.raises(RefusedInput, match="cannot be private"):
            write_files(sqlite_store, raw_of(), [file], holder=Holder("alice", visibility))
    assert read.sources(sqlite_store.seen_by(ALICE)).empty


def test_readers_with_nothing_of_their_own_share_what_is_made(store: Store) -> None:
    bring(store, "local", "public")
    assert {narrowest(store, sight) for sight in SIGHTS.values()} == {PUBLIC}
    bring(store, "alice", "private", log=True)
    assert narrowest(store, ALICE) == ALICE and narrowest(store, BOB) == PUBLIC
    bring(store, "bob", "workspace", log=True)
    assert (narrowest(store, BOB), narrowest(store, WORKSPACE)) == (WORKSPACE, WORKSPACE)
    assert narrowest(store, Sight("bob")) == Sight("bob"), "no member sees what they brought themselves"
    for sight in SIGHTS.values():
        wide, narrow = (FrameCache(store.seen_by(one)).frames() for one in (sight, narrowest(store, sight)))
        pd.testing.assert_frame_equal(wide.runs, narrow.runs)
        assert wide.counts == narrow.counts and wide.digest == narrow.digest
