"""What changed between two states: every kind of change is named once, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from lib.errors import RefusedInput
from lib.store import mapping, snapshots, tables
from lib.store.db import Store
from lib.store.snapshot_diff import GONE, NEW, NOW, READ_AGAIN, WITHDRAWN, Diff, diff
from lib.store.write import withdraw, write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of


def put(store: Store, content: str, *scores: float, version: int = 1, model: str = "alpha", **named: Any) -> None:
    """A file with one run per score."""
    runs = [
        prepared_run(make_run(f"org/{content}-{i}", results=[make_result("arc_easy", score=score, n_shot=5)]), model)
        for i, score in enumerate(scores)
    ]
    file = prepared_file(*runs, content=content, name=f"{content}.json", version=version, **named)
    write_files(store, raw_of(content, f"{content}.json"), [file])


def fill(store: Store) -> None:
    price = {"provider": "p", "api_name": "a", "model_slug": "a", "input_usd_per_mtok": 1.0, "valid_from": "2026-01-01"}
    other = {**price, "api_name": "b"}
    catalogue = {
        "models": [model_row("alpha"), model_row("beta", params_total=None, size_status="unknown")],
        "prices": [price, other],
    }
    put(store, "first", 0.5, 0.6, tables=catalogue)
    put(store, "second", 0.7)


def source_id(store: Store, name: str) -> int:
    with store.reading() as connection:
        query = tables.sources.select().where(tables.sources.c.name == name)
        return int(connection.execute(query).one().id)


def parts(found: Diff) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [tuple(row) for row in getattr(found, name).to_numpy()] for name in found._fields[2:]}


def test_nothing_changed(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    taken = snapshots.take(store, "a name")
    found = diff(store, "a name")
    assert found.is_empty and not any(found.counts.values())
    assert (found.before, found.after) == (taken.digest, taken.digest)
    assert diff(store, NOW, NOW).is_empty


def test_each_change_is_named_once(store: Store) -> None:
    fill(store)
    before = snapshots.take(store)
    put(store, "third", 0.8, 0.9)
    put(store, "fourth", 0.8, model="beta", tables={"models": [model_row("gamma")]})
    withdraw(store, source_id(store, "second.json"))
    mapping.set_fact(store, "beta", "params_total", "1000000000", "")
    mapping.set_alias(store, "b", "", "beta")
    after = snapshots.take(store)
    # A snapshot holds nothing that is withdrawn, so only the store itself can tell withdrawn from gone.
    for found, left in ((diff(store, before.short), WITHDRAWN), (diff(store, before.short, after.short), GONE)):
        assert sorted(zip(found.sources["what"], found.sources["name"], strict=True)) == sorted(
            [(NEW, "fourth.json"), (NEW, "third.json"), (left, "second.json")]
        )
        assert sorted(zip(found.runs["what"], found.runs["model_name"], strict=True)) == [
            (GONE, "org/second-0"),
            (NEW, "org/fourth-0"),
            (NEW, "org/third-0"),
            (NEW, "org/third-1"),
        ]
        told = parts(found)
        assert told["values"] == [] and told["prices"] == []
        assert ("beta", "Beta", "params_total", None, 10**9) in told["facts"]
        assert {fact[0] for fact in told["facts"]} == {"beta"}
        assert told["names"] == [("b", "", None, "beta")]
        assert told["models"] == [(NEW, "gamma", "Gamma")]
    assert diff(store, before.short).counts["withdrawn sources"] == 1
    assert diff(store, before.short, after.short).counts["sources that are gone"] == 1
    back = diff(store, after.short, before.short)
    assert sorted(back.runs["what"]) == [GONE, GONE, GONE, NEW]
    assert parts(back)["names"] == [("b", "", "beta", None)]


def test_a_file_that_a_better_importer_reads_again(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    before = snapshots.take(store)
    put(store, "second", 0.71, version=2)
    found = diff(store, before.short)
    assert found.sources[["what", "name"]].to_numpy().tolist() == [[READ_AGAIN, "second.json"]]
    assert found.values[["task", "before", "after", "source"]].to_numpy().tolist() == [
        ["arc_easy", 0.7, 0.71, "second.json"]
    ]
    row = found.values.iloc[0]
    assert row["run_before"] != row["run_after"]
    assert found.counts["changed scores"] == 1


def test_prices_that_changed(store: Store) -> None:
    fill(store)
    before = snapshots.take(store)
    with store.engine.begin() as connection:
        p = tables.prices
        connection.execute(p.update().where(p.c.api_name == "a").values(input_usd_per_mtok=2.5))
        connection.execute(p.delete().where(p.c.api_name == "b"))
        connection.execute(p.insert().values(provider="p", api_name="c", model_slug="c", output_usd_per_mtok=3.0))
        connection.execute(tables.store.update().values(revision=tables.store.c.revision + 1))
    found = diff(store, before.short)
    assert sorted(parts(found)["prices"], key=str) == sorted(
        [
            ("changed", "p", "a", "input_usd_per_mtok", 1, 2.5, "2026-01-01"),
            (GONE, "p", "b", "input_usd_per_mtok", 1, None, "2026-01-01"),
            (NEW, "p", "c", "input_usd_per_mtok", None, None, None),
        ],
        key=str,
    )


def test_a_snapshot_that_is_not_there(sqlite_store: Store) -> None:
    with pytest.raises(RefusedInput, match="no such snapshot"):
        diff(sqlite_store, "0" * 12)
