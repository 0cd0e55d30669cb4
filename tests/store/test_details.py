"""Details of one run and one source: by the beginning of a digest, never of private sources, withdrawn ones told."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from lib.store import details, tables
from lib.store.db import Store
from lib.store.raw import keep_raw
from lib.store.samples import keep_samples, read_samples, sample_columns
from lib.store.write import Refusal, withdraw, write_files
from tests.factories import make_run, make_samples, model_row, prepared_file, prepared_run, raw_of, sha

RUN = make_run("org/a", tasks=["b", "a"], config={"batch_size": 4}, model_args={"pretrained": "org/a"})


@pytest.fixture
def filled(store: Store) -> Store:
    """One run in two files (the same bytes in two zips), another with samples; a refusal; a catalogue with a fact."""
    for content in ("one", "two", "cat"):
        keep_raw(store, content.encode())
    fact = {"model_id": "alpha", "field": "params_total", "value": "7"}
    catalogue = {"models": [model_row("alpha")], "model_facts": [fact]}
    write_files(store, raw_of("cat", "models.csv"), [prepared_file(content="cat", name="models.csv", tables=catalogue)])
    samples = make_samples("task_0")
    logged = prepared_run(
        make_run("org/b", samples=[samples]), sample_files={"task_0": keep_samples(store, samples.table)}
    )
    same = sha("the same bytes")
    first = [
        prepared_file(prepared_run(RUN, "alpha"), content="one", member="x.json", name="one.zip!/x.json", digest=same),
        prepared_file(logged, content="one", member="y.json", name="one.zip!/y.json"),
    ]
    write_files(store, raw_of("one", "one.zip"), first, [Refusal("bad.json", "one.zip!/bad.json", "not JSON")])
    second = prepared_file(
        prepared_run(RUN, "alpha"), content="two", member="x.json", name="two.zip!/x.json", digest=same
    )
    write_files(store, raw_of("two", "two.zip"), [second])
    return store


def digest_of(run: object = RUN) -> str:
    return prepared_run(run).digest  # type: ignore[arg-type]


def source_ids(store: Store, digest: str) -> dict[str, int]:
    return {one.source["name"]: one.source["id"] for one in details.source_details(store, digest)}


def test_a_run_whole_and_by_its_beginning(filled: Store) -> None:
    digest = digest_of()
    for asked in (digest, digest[:12], digest[:8]):
        found = details.run_details(filled, asked)
        assert found is not None and found.is_live
        assert found.run["digest"] == digest and found.run["config"] == {"batch_size": 4}
        assert [source["name"] for source in found.sources] == ["one.zip!/x.json", "two.zip!/x.json"]
        assert found.results["task"].tolist() == ["a", "b"] and "run_id" not in found.results
        assert found.samples.empty


@pytest.mark.parametrize("asked", ["", "abc", "0" * 64, "zzzzzzzzzzzz", "%", "ABCDEF012345", "a" * 65, "________"])
def test_what_is_no_digest_or_unknown_is_nothing(filled: Store, asked: str) -> None:
    assert details.run_details(filled, asked) is None
    assert details.source_details(filled, asked) == []
    assert details.sources_of_run(filled, asked) == []
    assert details.runs_beginning(filled, asked) == []


def test_a_beginning_of_several_runs_is_none_of_them_and_lists_them(store: Store) -> None:
    keep_raw(store, b"content")
    both = [prepared_run(make_run(f"org/m{i}"), digest="ab" * 10 + str(i) * 44) for i in (1, 2)]
    write_files(store, raw_of(), [prepared_file(*both)])
    assert details.run_details(store, "ab" * 6) is None
    assert [row["spelling"] for row in details.runs_beginning(store, "ab" * 6)] == ["org/m1", "org/m2"]
    assert details.runs_beginning(store, "ab" * 10 + "1") == []
    found = details.run_details(store, "ab" * 10 + "1")
    assert found is not None and found.run["spellings"] == ["org/m1"]


def test_samples_are_named_and_their_columns_read_alone(filled: Store) -> None:
    digest = digest_of(make_run("org/b", samples=[make_samples("task_0")]))
    found = details.run_details(filled, digest)
    assert found is not None
    assert found.samples[["task", "n_rows"]].to_numpy().tolist() == [["task_0", 10]]
    run_id = int(found.run["id"])
    assert sample_columns(filled, run_id, "task_0") == read_samples(filled, run_id, "task_0").column_names


def test_a_run_lives_while_one_of_its_sources_does(filled: Store) -> None:
    ids = source_ids(filled, sha("the same bytes"))
    withdraw(filled, ids["one.zip!/x.json"])
    found = details.run_details(filled, digest_of())
    assert found is not None and found.is_live
    assert [source["name"] for source in found.sources] == ["two.zip!/x.json", "one.zip!/x.json"]
    assert [row["name"] for row in details.sources_of_run(filled, digest_of())] == ["two.zip!/x.json"]
    withdraw(filled, ids["two.zip!/x.json"])
    found = details.run_details(filled, digest_of())
    assert found is not None and not found.is_live and len(found.sources) == 2
    assert details.sources_of_run(filled, digest_of()) == []


def test_private_sources_are_not_shown(filled: Store) -> None:
    s = tables.sources
    filled.write(lambda writing: writing.connection.execute(update(s).values(visibility="private")))
    assert details.run_details(filled, digest_of()) is None
    assert details.source_details(filled, sha("the same bytes")) == []
    assert details.source_named(filled, "models.csv") is None
    assert details.sources_of_run(filled, digest_of()) == []


def test_a_source_with_what_came_out_of_it(filled: Store) -> None:
    one, two = details.source_details(filled, sha("the same bytes")[:12])
    assert (one.source["raw_name"], two.source["raw_name"]) == ("one.zip", "two.zip")
    assert one.runs[["digest", "model_id", "spelling", "n_results"]].to_numpy().tolist() == [
        [digest_of(), "alpha", "org/a", 2]
    ]
    assert one.n_facts == 0
    (catalogue,) = details.source_details(filled, sha("cat"))
    assert catalogue.n_facts == 1 and catalogue.runs.empty


def test_what_lies_beside_a_source_and_what_was_refused(filled: Store) -> None:
    one, two = (found.source for found in details.source_details(filled, sha("the same bytes")))
    assert details.sources_beside(filled, one["raw_digest"], one["id"])["name"].tolist() == ["one.zip!/y.json"]
    assert details.sources_beside(filled, two["raw_digest"], two["id"]).empty
    refused = details.refusals_of(filled, one["raw_digest"])
    assert refused[["name", "reason"]].to_numpy().tolist() == [["one.zip!/bad.json", "not JSON"]]
    assert details.refusals_of(filled, two["raw_digest"]).empty


def test_a_source_by_its_name_is_the_newest_live_one(filled: Store) -> None:
    found = details.source_named(filled, "models.csv")
    assert found is not None and found["digest"] == sha("cat")
    withdraw(filled, int(found["id"]))
    assert details.source_named(filled, "models.csv") is None
