"""Snapshots: what was pinned reads the same for ever, whatever comes into the store and leaves it."""

from __future__ import annotations

import io
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from lib.errors import RefusedInput, Unavailable
from lib.schema.records import Measured
from lib.settings import ROOT
from lib.store import details, mapping, model_prices, raw, samples, snapshot_files, snapshots, tables
from lib.store.db import Store
from lib.store.digest import digest_of
from lib.store.dump import write_dump
from lib.store.frames import FrameCache
from lib.store.write import withdraw, write_files
from tests.factories import make_result, make_run, make_samples, model_row, prepared_file, prepared_run, raw_of, sha

LOGGED = make_run(
    "org/a", samples=[make_samples()], measured={"task_0": Measured(tokens_in=2**53, seconds=1.25, device="card")}
)
DIGEST = prepared_run(LOGGED).digest
GONE = make_run("org/withdrawn", ["task_9"])


def fill(store: Store) -> None:
    """Something in every table; one file of two is withdrawn, and had brought a model that a run still needs."""
    raw.keep_raw(store, b"content")
    logs = {"task_0": samples.keep_samples(store, LOGGED.samples[0].table)}
    catalogue: dict[str, Any] = {
        "models": [model_row("alpha"), model_row("beta")],
        "model_facts": [{"model_id": "alpha", "field": "params_total", "value": "7"}],
        "rumours": [{"model_id": "alpha", "field": "params_total", "value": "9", "who_says": "somebody"}],
        "model_aliases": [{"alias": "alpha-api", "model_id": "alpha", "kind": model_prices.API_NAME}],
        "prices": [{"provider": "p", "api_name": "alpha-api", "model_slug": "alpha-api", "input_usd_per_mtok": 1.0}],
        "tasks": [{"task": "arc_easy", "published_names": ["ARC, Easy"], "lm_eval_names": []}],
        "reference:records": [{"a": 1, "b": None}],
        "hardware": [{"id": "card", "name": "A card", "memory_gb": 80.0}],
    }
    runs = prepared_run(LOGGED, "alpha", sample_files=logs), prepared_run(make_run("weights"), None)
    write_files(store, raw_of(), [prepared_file(*runs, tables=catalogue)])
    lent = {"models": [model_row("lent")]}
    gone = prepared_file(prepared_run(GONE), content="gone", name="gone.json", tables=lent)
    write_files(store, raw_of("gone", "gone.json"), [gone])
    kept = prepared_file(prepared_run(make_run("lent", ["task_3"]), "lent"), content="kept", name="kept.json")
    write_files(store, raw_of("kept", "kept.json"), [kept])
    with store.reading() as connection:
        source = connection.execute(
            select(tables.sources.c.id).where(tables.sources.c.name == "gone.json")
        ).scalar_one()
    withdraw(store, source)
    mapping.set_fact(store, "beta", "params_total", "1000000000", "by hand")
    mapping.set_alias(store, "my-run", "", "beta")


def more(store: Store, n: int = 3) -> None:
    """Imports afterwards."""
    for i in range(n):
        run = prepared_run(make_run(f"org/new-{i}", ["task_0"]), "alpha")
        write_files(store, raw_of(f"more-{i}"), [prepared_file(run, content=f"more-{i}", name=f"more-{i}.json")])


def seen(store: Store) -> dict[str, pd.DataFrame]:
    """What pages get."""
    frames = FrameCache(store).frames()
    return {
        "models": frames.models,
        "runs": frames.runs,
        "benchmarks": frames.benchmarks,
        "scores": frames.scores(["arc_easy", "task_0", "task_1", "task_3", "task_9"]),
        "measurements": frames.measurements,
        "facts": frames.facts("beta"),
        "rumours": frames.rumours("alpha"),
        "records": frames.reference("records"),
        "hardware": frames.hardware,
        "aliases": frames.aliases,
    }


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name, frame in one.items():
        pd.testing.assert_frame_equal(frame, other[name], obj=name)


def test_a_snapshot_reads_as_the_store_did(store: Store) -> None:
    fill(store)
    before, digest = seen(store), store.digest()
    taken = snapshots.take(store, "Q4 decision", by="ada")
    assert (taken.digest, taken.name, taken.made_by) == (digest, "Q4 decision", "ada")
    assert (taken.visibility, taken.owner) == ("public", "ada")
    assert taken.code_version == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    more(store)
    withdraw(store, 1)
    assert store.digest() != digest
    opened = snapshots.open_snapshot(store, taken.short)
    with opened.reading() as connection:
        assert digest_of(connection) == digest
    assert_same(before, seen(opened))
    assert FrameCache(opened).frames().digest == digest
    assert "task_9" not in before["scores"]["task"].tolist() and len(before["runs"]) == 3
    opened.close()


def test_details_logs_and_raw_files_are_read_through_it(store: Store) -> None:
    fill(store)
    opened = snapshots.open_snapshot(store, snapshots.take(store).digest)
    withdraw(store, 1)
    found = details.run_details(opened, DIGEST)
    assert found is not None and found.run["model_id"] == "alpha"
    assert found.run["digest"][:12] not in FrameCache(store).frames().runs["run"].tolist()
    assert samples.read_samples(opened, int(found.run["id"]), "task_0").num_rows == 10
    assert raw.read_raw(opened, sha("content")) == b"content"
    assert details.source_named(opened, "gone.json") is None
    opened.close()


def test_what_is_not_in_force_is_not_in_the_file(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    opened = snapshots.open_snapshot(store, snapshots.take(store).digest)
    content = snapshot_files.unpacked(store.settings, snapshots.take(store)).read_bytes()
    for text in (b"gone.json", b"org/withdrawn", b"task_9"):
        assert text not in content
    assert b"kept.json" in content
    opened.close()


def test_the_same_state_is_the_same_snapshot(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    first = snapshots.take(store)
    again = snapshots.take(store, "named later")
    assert again.digest == first.digest and again.name == "named later" and again.made_at == first.made_at
    assert snapshots.take(store, "another name").name == "named later"
    more(store, 1)
    second = snapshots.take(store)
    assert [one.digest for one in snapshots.snapshots(store)] in ([second.digest, first.digest], [first.digest, second.digest])  # fmt: skip
    revision = store.revision()
    snapshots.set_name(store, second.digest, "mine")
    assert store.revision() == revision, "a name is no content"
    assert snapshots.named(store, "mine").digest == second.digest


def test_a_lost_file_is_told_and_made_again(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    taken = snapshots.take(store)
    snapshot_files.path_of(store.settings, taken).unlink()
    with pytest.raises(Unavailable, match="missing or damaged"):
        snapshots.open_snapshot(store, taken.short)
    assert snapshots.take(store).made_at == taken.made_at
    snapshots.open_snapshot(store, taken.short).close()
    path = snapshot_files.path_of(store.settings, taken)
    snapshot_files.unpacked(store.settings, taken).unlink()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Unavailable, match="missing or damaged"):
        snapshots.open_snapshot(store, taken.short)
    assert not list((snapshot_files.folder(store.settings) / "unpacked").iterdir())


def test_names_that_mean_none_or_several(sqlite_store: Store) -> None:
    fill(sqlite_store)
    first = snapshots.take(sqlite_store, "same")
    more(sqlite_store, 1)
    snapshots.take(sqlite_store, "same")
    for text in ("", "0" * 12, first.digest[:7], "%", "nobody"):
        with pytest.raises(RefusedInput, match="no such snapshot"):
            snapshots.named(sqlite_store, text)
    with pytest.raises(RefusedInput, match="several"):
        snapshots.named(sqlite_store, "same")
    with pytest.raises(RefusedInput, match="too long"):
        snapshots.take(sqlite_store, "x" * 81)
    assert snapshots.checked_name(" a\nb‮ ").isprintable()


def test_nothing_writes_to_a_snapshot(sqlite_store: Store) -> None:
    fill(sqlite_store)
    opened = snapshots.open_snapshot(sqlite_store, snapshots.take(sqlite_store).digest)
    with pytest.raises(RefusedInput, match="cannot be changed"):
        withdraw(opened, 1)
    with opened.engine.connect() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("delete from sources")
    opened.close()


def test_both_engines_make_the_same_snapshot(make_store: Callable[[str], Store], engine_names: tuple[str, ...]) -> None:
    frames, digests = [], []
    for engine in engine_names:
        store = make_store(engine)
        fill(store)
        taken = snapshots.take(store)
        opened = snapshots.open_snapshot(store, taken.digest)
        frames.append(seen(opened))
        digests.append(taken.digest)
        opened.close()
    assert digests[0] == digests[1]
    for frame in frames:
        frame["runs"] = frame["runs"].drop(columns="imported_at")
        frame["scores"] = frame["scores"].drop(columns="imported_at", errors="ignore")
    assert_same(*frames)


def test_a_snapshot_of_an_empty_store(sqlite_store: Store) -> None:
    store = sqlite_store
    opened = snapshots.open_snapshot(store, snapshots.take(store).digest)
    assert FrameCache(opened).frames().counts["n_runs"] == 0
    opened.close()


def test_the_download_of_a_snapshot_is_that_of_its_day(sqlite_store: Store, tmp_path: Path) -> None:
    store = sqlite_store
    fill(store)
    opened = snapshots.open_snapshot(store, snapshots.take(store).digest)
    before, after = io.BytesIO(), io.BytesIO()
    told = write_dump(store, before, "csv")
    more(store)
    assert write_dump(opened, after, "csv")._replace(made_at="") == told._replace(made_at="")
    one, other = zipfile.ZipFile(before), zipfile.ZipFile(after)
    for name in one.namelist():
        if name != "README.md":
            assert one.read(name) == other.read(name), name
    opened.close()


def test_a_result_that_is_unknown_stays_unknown(store: Store) -> None:
    odd = make_result("arc_easy", "ppl", score=7.25, stderr=None, n_samples=None, n_correct=None, stderr_rule="none")
    failed = make_result("arc_easy", "em", score=None, stderr=None, n_samples=None, n_correct=None, status="failed")
    run = prepared_run(make_run("org/odd", results=[odd, failed], is_multiturn=None), None)
    write_files(store, raw_of(), [prepared_file(run)])
    opened = snapshots.open_snapshot(store, snapshots.take(store).digest)
    scores = FrameCache(opened).frames().scores(["arc_easy"])
    assert scores["score"].isna().tolist() == [True, False] and scores["n_samples"].isna().all()
    pd.testing.assert_frame_equal(scores, FrameCache(store).frames().scores(["arc_easy"]))
    opened.close()


def test_a_sweep_spares_what_a_snapshot_names(sqlite_store: Store) -> None:
    store = sqlite_store
    fill(store)
    taken = snapshots.take(store)
    with store.engine.begin() as connection:  # as an importer of a newer version does: the same source, other logs
        connection.execute(tables.sample_files.delete())
    assert raw.sweep(store, older_than_s=-1) == 1, "the unpacked file"
    opened = snapshots.open_snapshot(store, taken.digest)
    with opened.reading() as connection:
        run_id = connection.execute(select(tables.sample_files.c.run_id)).scalar_one()
    assert samples.read_samples(opened, run_id, "task_0").num_rows == 10
    opened.close()
    snapshot_files.path_of(store.settings, taken).write_bytes(b"no longer a snapshot")
    snapshot_files.unpacked(store.settings, taken).unlink()
    stray = raw.keep_raw(store, b"named by nobody")
    with pytest.raises(Unavailable):
        raw.sweep(store, older_than_s=-1)
    assert raw.read_raw(store, stray) == b"named by nobody"
