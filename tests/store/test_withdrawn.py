"""Withdrawing many at once, what it would do beforehand, and what is left to say of what only withdrawn sources hold."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from lib.errors import RefusedInput
from lib.settings import read_settings
from lib.store import read, source_lists, tables, withdrawal, withdrawn
from lib.store.db import Store, open_store
from lib.store.frames import FrameCache
from lib.store.mapping import remove_alias, set_alias
from lib.store.write import Batch, restore, withdraw, write_batches, write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of

MODELS = {"models": [model_row("alpha-7b"), model_row("beta-1b")]}


def _fill(store: Store) -> dict[str, int]:
    """A zip of three members, two of which hold the same run, and a file of its own; name -> id of the source."""
    shared = prepared_run(make_run("alpha-7b", tasks=["mmlu", "gsm8k"]), "alpha-7b")
    alone = prepared_run(make_run("beta-1b", tasks=["mmlu"]), "beta-1b")
    waiting = prepared_run(make_run("/home/me/weights", tasks=["piqa"]), None, scope="a.zip")
    members = [
        prepared_file(shared, content="zip", member="one.json"),
        prepared_file(shared, content="zip", member="two.json"),
        prepared_file(alone, waiting, content="zip", member="three.json"),
    ]
    catalogue = prepared_file(content="models", name="models.csv", tables=MODELS)
    write_files(store, raw_of("models", "models.csv"), [catalogue])
    write_batches(store, [Batch(raw_of("zip", "a.zip"), members, (("bad.txt", "a.zip!/bad.txt", "no results"),), None)])
    return {row["name"]: row["id"] for row in read.sources(store).to_dict("records")}


def _seen(store: Store) -> tuple[int, int]:
    """Runs and results on the pages."""
    counts = FrameCache(store).frames().counts
    return counts["n_runs"], counts["n_results"]


def test_withdrawing_all_members_is_one_transaction_and_can_be_undone(store: Store) -> None:
    ids = _fill(store)
    digest, before, revision = store.digest(), _seen(store), store.revision()
    members = [ids[f"a.zip!/{name}.json"] for name in ("one", "two", "three")]
    assert withdrawal.withdraw_all(store, members) == 3
    assert store.revision() == revision + 1
    assert _seen(store) == (0, 0)
    assert store.digest() != digest
    assert withdrawal.withdraw_all(store, members) == 0
    assert store.revision() == revision + 1, "nothing to do writes nothing"
    assert withdrawal.restore_all(store, members) == 3
    assert store.digest() == digest
    assert _seen(store) == before


def test_a_missing_source_changes_none(store: Store) -> None:
    ids = _fill(store)
    revision = store.revision()
    for change in (withdrawal.withdraw_all, withdrawal.restore_all):
        with pytest.raises(RefusedInput, match="no such source"):
            change(store, [*ids.values(), 999])
    assert store.revision() == revision
    assert read.sources(store)["withdrawn_at"].isna().all()


def test_a_reader_of_the_frames_sees_the_change(store: Store) -> None:
    ids = _fill(store)
    cache = FrameCache(store)
    before = cache.frames()
    withdrawal.withdraw_all(store, ids.values())
    assert len(cache.frames().runs) == 0
    assert len(cache.frames().models) == 0
    withdrawal.restore_all(store, ids.values())
    pd.testing.assert_frame_equal(cache.frames().runs, before.runs)


@settings(max_examples=12)
@given(st.data())
def test_what_will_change_is_what_changes(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Against the slow way: do it, count, and compare with what was said before."""
    opened = open_store(read_settings({"P4P_DATA_DIR": str(tmp_path_factory.mktemp("effect"))}))
    ids = sorted(_fill(opened).values())
    some = st.lists(st.sampled_from(ids), unique=True)
    for one in data.draw(some, label="withdrawn before"):
        withdraw(opened, one)
    chosen = data.draw(some, label="chosen")
    for effect_of, change in (
        (withdrawal.effect_of_withdrawing, withdrawal.withdraw_all),
        (withdrawal.effect_of_restoring, withdrawal.restore_all),
    ):
        effect, (n_runs, n_results) = effect_of(opened, chosen), _seen(opened)
        n = change(opened, chosen)
        after = _seen(opened)
        assert effect == (n, abs(after[0] - n_runs), abs(after[1] - n_results))
    opened.close()


def test_effect_on_both_engines(store: Store) -> None:
    ids = _fill(store)
    one, two, three = (ids[f"a.zip!/{name}.json"] for name in ("one", "two", "three"))
    assert withdrawal.effect_of_withdrawing(store, [one]) == (1, 0, 0), "the other member holds the run, too"
    assert withdrawal.effect_of_withdrawing(store, [one, two]) == (2, 1, 2)
    assert withdrawal.effect_of_withdrawing(store, [one, two, three]) == (3, 3, 4)
    assert withdrawal.effect_of_restoring(store, [one]) == (0, 0, 0)


def test_only_what_no_live_source_holds_is_withdrawn(store: Store) -> None:
    ids = _fill(store)
    assert withdrawn.only_withdrawn(store).empty
    withdraw(store, ids["a.zip!/one.json"])
    assert withdrawn.only_withdrawn(store).empty, "the second member holds the same run"
    withdraw(store, ids["a.zip!/two.json"])
    found = withdrawn.only_withdrawn(store)
    assert found[["model", "task"]].to_numpy().tolist() == [["alpha-7b", "gsm8k"], ["alpha-7b", "mmlu"]]
    assert found["run"].str.fullmatch(r"[0-9a-f]{12}").all()
    withdraw(store, ids["a.zip!/three.json"])
    assert set(withdrawn.only_withdrawn(store)["model"]) == {"alpha-7b", "beta-1b"}, "a name that waits is nobody's"
    restore(store, ids["a.zip!/one.json"])
    assert set(withdrawn.only_withdrawn(store)["model"]) == {"beta-1b"}


def test_rows_without_a_score_are_not_withdrawn_scores(sqlite_store: Store) -> None:
    failed = make_result("mmlu", score=None, stderr=None, n_samples=None, n_correct=None, status="failed")
    run = prepared_run(make_run("alpha-7b", results=[failed]), "alpha-7b")
    write_files(sqlite_store, raw_of(), [prepared_file(run, tables=MODELS)])
    withdraw(sqlite_store, int(read.sources(sqlite_store)["id"].iloc[0]))
    assert withdrawn.only_withdrawn(sqlite_store).empty


def test_sources_with_what_they_hold(store: Store) -> None:
    _fill(store)
    rows = source_lists.source_list(store).set_index("name")
    assert rows["kind"].to_dict() == {
        "models.csv": "tables",
        "a.zip!/one.json": "raw",
        "a.zip!/two.json": "raw",
        "a.zip!/three.json": "raw",
    }
    assert rows["n_runs"].tolist() == [0, 1, 1, 2]
    assert rows.at["a.zip!/one.json", "runs"] == rows.at["a.zip!/two.json", "runs"]
    known = set(FrameCache(store).frames().runs["run"])
    assert set(" ".join(rows["runs"]).split()) == known
    assert source_lists.raw_names(store)[raw_of("zip").digest] == "a.zip"


def test_runs_of_names_that_wait(store: Store) -> None:
    ids = _fill(store)
    ((key, runs),) = source_lists.waiting_runs(store).items()
    assert key == ("/home/me/weights", "a.zip")
    frames = FrameCache(store).frames()
    assert runs == frames.runs.loc[frames.runs["model"].isna(), "run"].tolist()
    withdraw(store, ids["a.zip!/three.json"])
    assert not source_lists.waiting_runs(store)


@pytest.mark.parametrize("alias", ["/home/me/weights", "/HOME/me/Weights", "alpha-7b", "nothing"])
def test_the_reach_of_an_alias_is_what_it_changes(store: Store, alias: str) -> None:
    _fill(store)
    for scope in ("", "a.zip", "b.zip"):
        told, before = source_lists.reach_of_alias(store, alias, scope, "beta-1b"), _models(store)
        assert set_alias(store, alias, scope, "beta-1b") == told.n_runs
        moved = [run for run, model in _models(store).items() if model != before[run]]
        with store.reading() as connection:
            counted = select(func.count()).where(tables.results.c.run_id.in_(moved))
            assert connection.execute(counted).scalar_one() == told.n_results
        assert source_lists.reach_of_alias(store, alias, scope, "beta-1b") == (0, 0)
        remove_alias(store, alias, scope)
        assert _models(store) == before


def _models(store: Store) -> dict[int, str | None]:
    """Model of every run by its id."""
    r = tables.runs.c
    with store.reading() as connection:
        return {row.id: row.model_id for row in connection.execute(select(r.id, r.model_id))}
