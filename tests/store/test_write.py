"""What is written comes back; the same again changes nothing; newer importers replace; withdrawing can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select

from lib.errors import RefusedInput
from lib.store import read, tables
from lib.store.db import Store
from lib.store.raw import keep_raw
from lib.store.write import Batch, PreparedFile, Refusal, restore, withdraw, write_batches, write_files
from tests.factories import make_result, make_run, model_row, prepared_file, prepared_run, raw_of


def put(store: Store, file: PreparedFile, content: str = "content", **more: Any) -> str:
    keep_raw(store, content.encode())
    return write_files(store, raw_of(content), [file], **more)[0].state


def content_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with store.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in tables.metadata.sorted_tables
        }


def number_of(store: Store, table: Any) -> int:
    with store.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def only_source(store: Store) -> int:
    return int(read.sources(store)["id"].iloc[0])


def test_import_again_changes_nothing(store: Store) -> None:
    assert put(store, prepared_file(make_run())) == "imported"
    before, digest = content_of(store), store.digest()
    assert put(store, prepared_file(make_run())) == "unchanged"
    assert content_of(store) == before
    assert store.digest() == digest
    assert read.check(store) == []


def test_double_becomes_a_further_source(store: Store) -> None:
    put(store, prepared_file(make_run()))
    put(store, prepared_file(make_run(), content="other", name="b.json"), content="other")
    assert number_of(store, tables.runs) == 1
    assert number_of(store, tables.run_sources) == 2
    assert number_of(store, tables.results) == 2
    assert read.check(store) == []


def test_doubles_within_one_transaction(store: Store) -> None:
    batches = []
    for content in ("one", "two"):
        keep_raw(store, content.encode())
        file = prepared_file(make_run(), content=content, name=content)
        batches.append(Batch(raw_of(content), [file, file], finished_with="v1"))
    states = [outcome.state for outcome in write_batches(store, batches)]
    assert states == ["imported", "unchanged", "imported", "unchanged"]
    assert number_of(store, tables.runs) == 1
    assert set(read.finished_raw(store).values()) == {"v1"}
    assert read.check(store) == []


def test_newer_importer_replaces(store: Store) -> None:
    kept, gone = make_run("org/kept"), make_run("org/gone")
    put(store, prepared_file(kept, gone))
    put(store, prepared_file(make_run("org/else"), content="else", name="e"), content="else")
    untouched = [row for row in content_of(store)["runs"] if "org/else" in row[3]]
    new = make_run("org/new", tasks=3)
    assert put(store, prepared_file(kept, new, version=2)) == "replaced"
    with store.reading() as connection:
        spelled = sorted(s[0] for s in connection.execute(select(tables.runs.c.spellings)).scalars())
    assert spelled == ["org/else", "org/kept", "org/new"]
    assert [row for row in content_of(store)["runs"] if "org/else" in row[3]] == untouched
    assert number_of(store, tables.results) == 2 + 2 + 3
    assert read.check(store) == []
    assert put(store, prepared_file(kept, version=1)) == "unchanged", "an older importer beside does not undo it"


def test_replacing_keeps_a_run_that_another_source_holds(store: Store) -> None:
    put(store, prepared_file(make_run()))
    put(store, prepared_file(make_run(), content="other", name="b.json"), content="other")
    put(store, prepared_file(make_run("org/new"), version=2))
    assert number_of(store, tables.runs) == 2
    assert read.check(store) == []


def test_a_withdrawn_source_stays_withdrawn(store: Store) -> None:
    put(store, prepared_file(make_run()))
    withdraw(store, only_source(store))
    assert put(store, prepared_file(make_run())) == "unchanged"
    assert put(store, prepared_file(make_run("org/new"), version=2)) == "replaced"
    assert read.sources(store)["withdrawn_at"].notna().all()


def test_withdraw_and_restore_touch_nothing_else(store: Store) -> None:
    for content in ("a", "b"):
        put(store, prepared_file(make_run(f"org/{content}"), content=content, name=content), content=content)
    before, digest = content_of(store), store.digest()
    source = only_source(store)
    withdraw(store, source)
    assert store.digest() != digest
    assert list(read.unresolved(store)["spelling"]) == ["org/b"]
    restore(store, source)
    after = content_of(store)
    assert store.digest() == digest

    def without_stamps(rows: dict[str, list[tuple[Any, ...]]]) -> Any:
        return {
            name: [
                tuple(
                    v
                    for c, v in zip(tables.metadata.tables[name].columns, row, strict=True)
                    if c.name != "store_revision"
                )
                for row in rows[name]
            ]
            for name in rows
            if name != "store"
        }

    assert without_stamps(after) == without_stamps(before)
    assert {row[-1] for row in after["runs"]} == {2, 4}, "only the runs of that source are stamped"
    assert store.revision() == 4
    restore(store, source)
    assert store.revision() == 4, "restoring what is not withdrawn writes nothing"


def test_unknown_source_is_refused(store: Store) -> None:
    with pytest.raises(RefusedInput, match="no such source"):
        withdraw(store, 99)


def test_all_files_or_none(store: Store) -> None:
    good, bad = prepared_file(make_run(), member="good"), prepared_file(prepared_run(model_id="nobody"), member="bad")
    with pytest.raises(RefusedInput, match="unknown model"):
        write_files(store, raw_of(), [good, bad])
    assert number_of(store, tables.sources) == 0
    assert store.revision() == 0


def test_refusals_are_kept_until_the_file_is_taken(store: Store) -> None:
    refusal = Refusal("bad.json", "a.zip!/bad.json", "not JSON")
    keep_raw(store, b"content")
    write_files(store, raw_of(), [], [refusal], finished_with="v1")
    assert list(read.refusals(store)["reason"]) == ["not JSON"]
    revision = store.revision()
    write_files(store, raw_of(), [], [refusal], finished_with="v1")
    assert store.revision() == revision
    write_files(store, raw_of(), [prepared_file(make_run(), member="bad.json")])
    assert read.refusals(store).empty


def test_run_numbers_are_never_given_twice(store: Store) -> None:
    put(store, prepared_file(make_run("org/a")))
    with store.reading() as connection:
        first = connection.execute(select(tables.runs.c.id)).scalar_one()
    put(store, prepared_file(make_run("org/b"), version=2))
    with store.reading() as connection:
        second = connection.execute(select(tables.runs.c.id)).scalar_one()
    assert second > first


def test_a_newer_edition_of_a_shipped_file_takes_its_place(store: Store) -> None:
    for content, price in (("2025", 2.0), ("2026", 1.0)):
        row = {"provider": "p", "api_name": "m", "model_slug": "m", "input_usd_per_mtok": price}
        file = prepared_file(content=content, name="prices.csv", tables={"prices": [row]}, is_shipped=True)
        state = put(store, file, content=content)
    assert state == "replaced"
    assert number_of(store, tables.sources) == 1
    with store.reading() as connection:
        assert connection.execute(select(tables.prices.c.input_usd_per_mtok)).scalars().all() == [1.0]


IMPOSSIBLE = {
    "score": make_result(score=None),
    "finite": make_result(score=float("nan")),
    "stderr": make_result(stderr=-0.1),
    "count": make_result(n_samples=0, n_correct=None),
    "more right than asked": make_result(n_correct=101),
    "right of how many": make_result(n_samples=None),
    "too large": make_result(n_samples=2**40, n_correct=None),
    "text": make_result(task="a\x00b"),
    "surrogate": make_result(task="a\ud800b"),
    "name": make_result(task="x" * 3000),
    "status": make_result(status="lost"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("why", IMPOSSIBLE)
def test_impossible_results_are_refused_with_their_file(store: Store, why: str) -> None:
    with pytest.raises(RefusedInput) as caught:
        put(store, prepared_file(make_run(results=[make_result("fine"), IMPOSSIBLE[why]]), name="bad.json"))
    assert caught.value.file == "bad.json"
    assert number_of(store, tables.sources) == 0


def test_a_result_twice_or_none_is_refused(store: Store) -> None:
    with pytest.raises(RefusedInput, match="twice"):
        put(store, prepared_file(make_run(results=[make_result(), make_result()])))
    with pytest.raises(RefusedInput, match="without results"):
        put(store, prepared_file(make_run(results=[])))


def test_catalogue_model_replaces_community_and_not_the_other_way(store: Store) -> None:
    keep_raw(store, b"content")
    file = prepared_file(prepared_run(model_id="org/m"))
    write_files(store, raw_of(), [file], community=[{"id": "org/m", "params_total": 5}])
    put(
        store,
        prepared_file(content="m", tables={"models": [model_row("org/m", params_total=6)]}, name="m"),
        content="m",
    )
    write_files(store, raw_of(), [], community=[{"id": "org/m", "params_total": 5}])
    with store.reading() as connection:
        row = connection.execute(select(tables.models)).one()
    assert (row.origin, row.params_total, row.size_status) == ("catalogue", 6, "stated")


def test_replaced_catalogue_forgets_what_is_gone_unless_it_is_needed(store: Store) -> None:
    models = [model_row("kept"), model_row("gone"), model_row("used")]
    alias = {"alias": "K", "model_id": "kept"}
    put(store, prepared_file(tables={"models": models}))
    put(store, prepared_file(content="a", name="a", tables={"model_aliases": [alias]}), content="a")
    put(store, prepared_file(prepared_run(model_id="used"), content="r", name="r"), content="r")
    put(store, prepared_file(tables={"models": models[:1]}, version=2))
    put(store, prepared_file(content="a", name="a", tables={"model_aliases": []}, version=2), content="a")
    with store.reading() as connection:
        assert set(connection.execute(select(tables.models.c.id)).scalars()) == {"kept", "used"}
    assert read.aliases(store).empty


def test_reference_tables_are_read_in_file_order(store: Store) -> None:
    rows = [{"b": 1.5, "a": "x"}, {"b": None, "a": "é"}]
    put(store, prepared_file(tables={"reference:laws": rows}))
    frame = read.reference(store, "laws")
    assert list(frame.columns) == ["b", "a"]
    assert list(frame["a"]) == ["x", "é"]
    put(store, prepared_file(tables={"reference:laws": rows[:1]}, version=2))
    assert len(read.reference(store, "laws")) == 1
    assert read.reference(store, "nothing").empty
