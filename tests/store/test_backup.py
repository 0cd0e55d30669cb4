"""A backup, a loss, and what comes back: the same rows, the same files, the same digest, on either engine."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect, select, update

from lib.errors import RefusedInput
from lib.evals import queue
from lib.evals.jobs import Needs
from lib.evals.spec import from_json
from lib.store import access_tables, backup, job_tables, raw, recover, samples, snapshots, tables
from lib.store.backup import write_backup
from lib.store.backup_format import Sum, is_kept_file, line_of, read_manifest, table_entry, table_names
from lib.store.check import check
from lib.store.db import Store, begin_writing, open_engine, open_store
from lib.store.frames import FrameCache
from lib.store.mapping import set_alias, set_fact
from lib.store.recover import check_backup
from lib.store.workers import start_worker
from lib.store.write import withdraw, write_files
from tests.factories import make_result, make_run, make_samples, model_row, prepared_file, prepared_run, raw_of

MakeStore = Callable[[str], Store]
HOSTILE = "a\u2028b\n\"c' \\ \U0001f600 ; drop table runs"


def fill(store: Store) -> None:
    """Two files, one withdrawn, one private; samples, a reader's own words, and numbers that no short form keeps."""
    digest = raw.keep_raw(store, b"live")
    results = [
        make_result("arc_easy", score=0.1 + 0.2, score_published=1 / 3),
        make_result("ppl", "perplexity", score=5e-324, stderr=None, n_samples=None, n_correct=None, stderr_rule="none"),
    ]
    kept = samples.keep_samples(store, make_samples("arc_easy").table)
    run = prepared_run(
        make_run("alpha-7b", results=results, dtype=HOSTILE, config={"b": [1.5, None], "a": HOSTILE}),
        "alpha-7b",
        sample_files={"arc_easy": kept},
    )
    catalogue = {"models": [model_row("alpha-7b", params_total=2**53 + 1)]}
    live = prepared_file(run, content="live", name="live.json", tables=catalogue)
    assert live.raw_digest == digest
    write_files(store, raw_of("live", "live.json"), [live])
    raw.keep_raw(store, b"gone")
    gone = prepared_file(make_run("org/gone"), content="gone", name="gone.json")
    write_files(store, raw_of("gone", "gone.json"), [gone])
    with store.reading() as connection:
        s = tables.sources.c
        number = connection.execute(select(s.id).where(s.name == "gone.json")).scalar_one()
    withdraw(store, number)
    store.write(_people)
    set_alias(store, HOSTILE, "", "alpha-7b")
    set_fact(store, "alpha-7b", "licence", "apache-2.0", note=HOSTILE)
    raw.keep_raw(store, b"named by a pinned state only")


def _people(writing: Any) -> None:
    """A member, a token, and an upload that stands before the one that it replaces."""
    first = {
        "owner": "alice",
        "visibility": "private",
        "name": "a",
        "made_at": "2026",
        "state": "taken",
        "report": {"n": 1},
    }
    rows = [{**first, "id": "b" * 12, "replaces": None}, {**first, "id": "a" * 12, "replaces": "b" * 12}]
    for row in rows:
        writing.connection.execute(insert(access_tables.uploads).values(**row))
    member = {"subject": "alice", "role": "admin", "added_at": "2026", "added_by": "local"}
    writing.connection.execute(insert(access_tables.members).values(**member))
    token = {"id": "t", "hash": "0" * 64, "subject": "alice", "name": "ci", "scopes": "read", "made_at": "2026"}
    writing.connection.execute(insert(access_tables.tokens).values(**token, expires_at="2027"))


def everything(store: Store) -> dict[str, list[str]]:
    """Every row of every table, written out and sorted; the plain way."""
    with store.reading() as connection:
        return {
            name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for name, table in tables.metadata.tables.items()
        }


def files_below(store: Store) -> dict[str, bytes]:
    folder = store.settings.data_dir
    found = [p for place in ("raw", "samples", "snapshots", "jobs") for p in (folder / place).rglob("*")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in found if p.is_file() and p.parent.name != "unpacked"}


def wipe(store: Store) -> None:
    """Nothing is left: no table, no file."""
    store.close()
    with store.engine.connect() as connection, connection.execution_options(write=True), connection.begin():
        recover._drop_all(connection)
    store.close()
    shutil.rmtree(store.settings.data_dir)


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_backup_wipe_recover(store: Store, into: str, engine_name: str, make_store: MakeStore, tmp_path: Path) -> None:
    fill(store)
    pinned = snapshots.take(store, "Q4 decision", by="local")
    frames = FrameCache(store).frames()
    before, kept, digest, revision = everything(store), files_below(store), store.digest(), store.revision()
    file = tmp_path / "b.zip"
    manifest = write_backup(store, file)
    assert (manifest.digest, manifest.revision, manifest.missing) == (digest, revision, [])
    assert check_backup(file) == (manifest, [])

    if into == engine_name:
        wipe(store)
        target = open_store(store.settings)
    else:
        target = make_store(into)
    done = recover.recover(target, file)

    assert (done.digest, done.revision, done.stopped) == (digest, revision, [])
    assert everything(target) == before
    assert files_below(target) == kept and len(kept) == 5
    assert check(target) == []
    again = FrameCache(target).frames()
    assert again.counts == frames.counts
    assert again.runs.drop(columns="imported_at").equals(frames.runs.drop(columns="imported_at"))
    opened = snapshots.open_snapshot(target, pinned.digest)
    assert opened.digest() == pinned.digest
    opened.close()
    # The numbers that the engine gives by itself go on: nothing collides with what came back.
    set_fact(target, "alpha-7b", "family", "Alpha", note="")
    write_files(target, raw_of("new", "new.json"), [prepared_file(make_run("org/new"), content="new", name="new.json")])
    assert target.revision() > revision
    target.close()


def test_every_table_is_in_it(sqlite_store: Store) -> None:
    with sqlite_store.reading() as connection:
        present = set(inspect(connection).get_table_names())
    assert present - {"alembic_version"} == set(table_names())


def test_taken_while_others_write(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    digest = store.digest()
    plain = backup._write_table

    def beside(archive: Any, connection: Any, table: Any) -> Any:
        if table.name == "models":
            name = f"{store.revision()}.json"
            raw.keep_raw(store, name.encode())
            write_files(store, raw_of(name, name), [prepared_file(make_run(f"org/{name}"), content=name, name=name)])
        return plain(archive, connection, table)

    monkeypatch.setattr(backup, "_write_table", beside)
    manifest = write_backup(store, tmp_path / "b.zip")
    assert manifest.digest == digest != store.digest()
    assert manifest.tables["sources"].n_rows == manifest.tables["raw_files"].n_rows == 2
    assert check_backup(tmp_path / "b.zip")[1] == []


def test_it_is_for_its_owner_alone_and_there_whole_or_not_at_all(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sqlite_store)
    file = tmp_path / "b.zip"
    write_backup(sqlite_store, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    monkeypatch.setattr(backup, "_write_tree", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_backup(sqlite_store, file)
    assert file.read_bytes() == before and [p.name for p in tmp_path.glob("*b.zip*")] == ["b.zip"]


def test_what_is_missing_is_named(sqlite_store: Store, tmp_path: Path) -> None:
    fill(sqlite_store)
    (path,) = (sqlite_store.settings.data_dir / "samples").rglob("*.parquet")
    path.write_bytes(b"damaged")
    manifest = write_backup(sqlite_store, tmp_path / "b.zip")
    assert manifest.missing == [f"samples/{path.stem}"]
    assert check_backup(tmp_path / "b.zip")[1] == [
        f"The file samples/{path.stem} was missing when the backup was made."
    ]


def test_a_store_in_use_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    fill(store)
    write_backup(store, tmp_path / "b.zip")
    with pytest.raises(RefusedInput, match="not empty"):
        recover.recover(store, tmp_path / "b.zip")
    digest, revision = store.digest(), store.revision()
    set_fact(store, "alpha-7b", "family", "Later", note="")
    done = recover.recover(store, tmp_path / "b.zip", replace=True)
    assert done.digest == digest == store.digest()
    # Whoever has seen revision + 1 must not take this for it.
    assert done.revision > revision + 1


def test_evaluations_that_ran_are_called_off(store: Store, tmp_path: Path) -> None:
    """The queue's engine has forgotten them, and takes them again."""
    spec = {"backend": "hf", "tasks": ["a"]}
    waits, runs = (
        queue.enqueue(store, from_json({**spec, "model_args": {"pretrained": name}}), needs=Needs("hf")).job.id
        for name in ("one", "other")
    )
    changed = {"state": "running", "worker": "gone"}
    store.write(lambda w: w.connection.execute(update(job_tables.jobs).values(changed).filter_by(id=runs)) and None)
    log = store.settings.data_dir / "jobs" / runs / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_text("said")
    write_backup(store, tmp_path / "b.zip")
    log.unlink()
    start_worker(store, "at-work", {})
    with pytest.raises(RefusedInput, match="worker"):
        recover.recover(store, tmp_path / "b.zip", replace=True)
    store.write(lambda w: w.connection.execute(update(job_tables.workers).values(seen_at=0.0)) and None)
    done = recover.recover(store, tmp_path / "b.zip", replace=True)
    assert done.stopped == sorted((waits, runs)) and log.read_text() == "said"
    again = open_store(store.settings)
    for name in (waits, runs):
        found = queue.job(again, name)
        assert found is not None and (found.state, found.is_retryable, found.worker) == ("cancelled", True, None)
        assert "backup" in found.reason and {task.state for task in found.tasks} == {"cancelled"}
        assert queue.retry(again, name, "").state == "queued"
    again.close()


def test_an_older_backup_is_brought_up_to_date(store: Store, tmp_path: Path) -> None:
    """As written by version 0001, before there were evaluations and owners."""
    fill(store)
    digest, file, old = store.digest(), tmp_path / "b.zip", tmp_path / "old.zip"
    write_backup(store, file)
    first = _columns_of_first_version(tmp_path)
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(old, "w") as changed:
        told = json.loads(archive.read("manifest.json"))
        told["version"], told["tables"] = "0001", {}
        for name in archive.namelist():
            if is_kept_file(name):
                changed.writestr(name, archive.read(name))
        for table, kept in first.items():
            columns, *rows = (json.loads(line) for line in archive.read(table_entry(table)).splitlines())
            lines = [
                line_of([row[columns.index(column)] if column in columns else None for column in kept]) for row in rows
            ]
            total = Sum()
            total.add(lines)
            told["tables"][table] = total.done()._asdict()
            changed.writestr(table_entry(table), "\n".join([line_of(kept), *lines]))
        changed.writestr("manifest.json", json.dumps(told))
    done = recover.recover(store, old, replace=True)
    assert done.digest == digest
    with store.reading() as connection:
        present = set(inspect(connection).get_table_names())
    assert present - {"alembic_version"} == set(table_names())


def _columns_of_first_version(folder: Path) -> dict[str, list[str]]:
    engine = open_engine(f"sqlite:///{folder / 'first.sqlite'}")
    with begin_writing(engine) as connection:
        recover._make_tables(connection, "0001")
        there = inspect(connection)
        found = {name: [str(c["name"]) for c in there.get_columns(name)] for name in there.get_table_names()}
    engine.dispose()
    del found["alembic_version"]
    return found


def _rewritten(file: Path, out: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(out, "w") as changed:
        for name in archive.namelist():
            content = change(name, archive.read(name))
            if content is not None:
                changed.writestr(name, content)
    return out


@pytest.mark.parametrize("table", ["results", "models"])
def test_a_changed_number_is_found_and_nothing_is_written(sqlite_store: Store, tmp_path: Path, table: str) -> None:
    fill(store := sqlite_store)
    write_backup(store, tmp_path / "b.zip")
    before = everything(store)

    def change(name: str, content: bytes) -> bytes:
        return (
            content.replace(b"0.30000000000000004", b"0.3").replace(b"9007199254740993", b"9")
            if table in name
            else content
        )

    changed = _rewritten(tmp_path / "b.zip", tmp_path / "changed.zip", change)
    assert any(table in sentence for sentence in check_backup(changed)[1])
    with pytest.raises(RefusedInput, match="not those that were written"):
        recover.recover(store, changed, replace=True)
    assert everything(store) == before


def test_what_is_no_backup_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    fill(sqlite_store)
    good = tmp_path / "b.zip"
    write_backup(sqlite_store, good)
    (tmp_path / "text.zip").write_text("not a zip")
    (tmp_path / "cut.zip").write_bytes(good.read_bytes()[:-40])
    cases = {
        "text.zip": "not a backup",
        "cut.zip": "not a backup",
        "none.zip": "no such file",
        "bare.zip": "not a backup",
        "later.zip": "newer version",
        "kind.zip": "later kind",
        "lacks.zip": "missing from the backup",
    }
    _rewritten(good, tmp_path / "bare.zip", lambda name, c: None if name == "manifest.json" else c)
    _rewritten(good, tmp_path / "later.zip", _in_manifest("version", "9999"))
    _rewritten(good, tmp_path / "kind.zip", _in_manifest("format", 2))
    _rewritten(good, tmp_path / "lacks.zip", lambda name, c: None if name == table_entry("runs") else c)
    before = everything(sqlite_store)
    for name, words in cases.items():
        with pytest.raises(RefusedInput, match=words):
            recover.recover(sqlite_store, tmp_path / name, replace=True)
    assert everything(sqlite_store) == before


def _in_manifest(field: str, value: object) -> Callable[[str, bytes], bytes]:
    return lambda name, c: json.dumps(json.loads(c) | {field: value}).encode() if name == "manifest.json" else c


@pytest.mark.parametrize(
    "name",
    [
        "raw/../../x",
        "jobs/../x",
        "/raw/aa",
        "jobs/.hidden",
        "raw/ab/" + "cd" * 32,
        "snapshots//x",
        "snapshots/unpacked/x.sqlite",
        "jobs/a/../../x",
        "x",
    ],
)
def test_nothing_is_written_outside_the_folders(name: str) -> None:
    assert not is_kept_file(name)


def test_manifest_reads_back(sqlite_store: Store, tmp_path: Path) -> None:
    manifest = write_backup(sqlite_store, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert read_manifest(archive, "b.zip") == manifest
