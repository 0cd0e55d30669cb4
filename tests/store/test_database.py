"""Opening, versions, what the database itself refuses, what happens when it goes away."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from lib.errors import RefusedInput, Unavailable
from lib.settings import ROOT, Settings, read_settings
from lib.store import files, job_tables, raw, read, tables
from lib.store.db import Store, Writing, open_store
from lib.store.migrate import configuration, known_versions
from lib.store.versions import NEWEST
from lib.store.write import write_files
from tests.factories import make_run, prepared_file, raw_of, sha


def test_the_newest_version_is_the_one_the_code_names() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == NEWEST
    assert NEWEST in known_versions()


def test_migrations_make_the_tables_that_the_code_declares(store: Store) -> None:
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, job_tables.metadata) == []


def test_migrations_make_the_checks_that_the_code_declares(store: Store) -> None:
    from sqlalchemy import CheckConstraint, inspect

    found = inspect(store.engine)
    for table in job_tables.metadata.sorted_tables:
        declared = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        names = {f"{name}" for name in declared}
        made = {str(check["name"]) for check in found.get_check_constraints(table.name)}
        assert names == made, table.name


def test_a_store_of_a_newer_version_is_refused(settings: Settings) -> None:
    store = open_store(settings)
    with store.engine.connect().execution_options(write=True) as connection, connection.begin():
        connection.execute(text("update alembic_version set version_num = '9999'"))
    store.close()
    with pytest.raises(RefusedInput, match="newer version"):
        open_store(settings)


def test_opening_again_does_not_load_the_migrations(settings: Settings) -> None:
    open_store(settings).close()
    code = (
        "import sys, lib\nfrom lib.settings import read_settings\nfrom lib.store.db import open_store\n"
        "assert open_store(read_settings()).revision() == 0\nassert 'alembic' not in sys.modules\n"
    )
    environment = {"P4P_DATA_DIR": str(settings.data_dir), "P4P_DATABASE_URL": settings.database_url}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_absent_server_is_named(tmp_path: Any) -> None:
    address = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2"
    with pytest.raises(Unavailable, match="does not answer"):
        open_store(read_settings({"P4P_DATA_DIR": str(tmp_path), "P4P_DATABASE_URL": address}))


def test_a_file_that_is_no_database_is_refused(tmp_path: Any) -> None:
    (tmp_path / "p4p.sqlite").write_bytes(b"something else " * 100)
    with pytest.raises(RefusedInput, match="not an SQLite database"):
        open_store(read_settings({"P4P_DATA_DIR": str(tmp_path)}))


def test_sqlite_is_set_up_as_measured(sqlite_store: Store) -> None:
    with sqlite_store.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "mmap_size")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0}


RUN = {"digest": "a" * 64, "spellings": ["x"], "kind": "raw", "evaluator": "e", "model_args": {}, "config": {}}
RESULT = {"run_id": 1, "task": "t", "metric": "acc", "score": 0.5}
FORBIDDEN: dict[str, tuple[Any, dict[str, Any]]] = {
    "results of no run": (tables.results, RESULT | {"run_id": 99}),
    "the same result twice": (tables.results, RESULT | {"task": "there"}),
    "more right than asked": (tables.results, RESULT | {"n_samples": 10, "n_correct": 11}),
    "right of unknown many": (tables.results, RESULT | {"n_correct": 1}),
    "no questions": (tables.results, RESULT | {"n_samples": 0}),
    "negative error": (tables.results, RESULT | {"stderr": -1.0}),
    "scored without score": (tables.results, RESULT | {"score": None}),
    "unknown status": (tables.results, RESULT | {"status": "lost"}),
    "the same run twice": (tables.runs, RUN | {"digest": "b" * 64, "store_revision": 1}),
    "a run of an unknown model": (tables.runs, RUN | {"model_id": "nobody", "store_revision": 1}),
    "a run of an unknown kind": (tables.runs, RUN | {"kind": "guess", "store_revision": 1}),
    "a run of no parameters": (tables.runs, RUN | {"params_reported": 0, "store_revision": 1}),
    "a model of no size": (
        tables.models,
        {"id": "m", "name": "m", "origin": "catalogue", "params_total": 0, "store_revision": 1},
    ),
    "a model from nowhere": (tables.models, {"id": "m", "name": "m", "origin": "thin air", "store_revision": 1}),
    "an alias of an unknown model": (tables.model_aliases, {"alias": "a", "model_id": "nobody"}),
    "a second store": (tables.store, {"id": 2, "created_at": "now"}),
    "a short digest": (tables.raw_files, {"digest": "abc", "name": "n", "n_bytes": 1, "stored_at": "now"}),
    "a negative price": (
        tables.prices,
        {"provider": "p", "api_name": "a", "model_slug": "m", "input_usd_per_mtok": -1.0},
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_database_refuses(store: Store, what: str) -> None:
    def there(writing: Writing) -> None:
        writing.connection.execute(insert(tables.runs), {**RUN, "id": 1, "digest": "b" * 64, "store_revision": 1})
        writing.connection.execute(insert(tables.results), RESULT | {"task": "there"})

    store.write(there)
    table, row = FORBIDDEN[what]
    with pytest.raises(IntegrityError):
        store.write(lambda writing: writing.connection.execute(insert(table), row))


def test_a_failing_transaction_leaves_nothing(store: Store) -> None:
    def work(writing: Writing) -> None:
        writing.is_changed = True
        writing.connection.execute(update(tables.store).values(created_at="changed"))
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        store.write(work)
    with store.reading() as connection:
        assert connection.execute(select(tables.store.c.created_at)).scalar() != "changed"
    assert store.revision() == 0


def test_threads_write_beside_each_other(store: Store) -> None:
    def work(number: int) -> None:
        content = f"thread {number}"
        raw.keep_raw(store, content.encode())
        write_files(store, raw_of(content), [prepared_file(make_run(content), content=content, name=content)])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.revision() == 8
    assert read.check(store) == []


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_lost_connection_is_tried_again(store: Store) -> None:
    attempts = []

    def work(writing: Writing) -> int:
        attempts.append(1)
        if len(attempts) < 3:
            pid = writing.connection.execute(text("select pg_backend_pid()")).scalar_one()
            with store.engine.connect() as other:
                other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        writing.is_changed = True
        return writing.connection.execute(select(tables.store.c.id)).scalar_one()

    assert store.write(work) == 1
    assert len(attempts) == 3
    assert store.revision() == 1


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_what_is_wrong_every_time_is_not_tried_again(store: Store) -> None:
    attempts = []

    def work(writing: Writing) -> None:
        attempts.append(1)
        writing.connection.execute(text("set local statement_timeout = 10"))
        writing.connection.execute(text("select pg_sleep(5)"))

    with pytest.raises(OperationalError):
        store.write(work)
    assert len(attempts) == 1


def test_raw_files_come_back_and_damage_is_noticed(sqlite_store: Store) -> None:
    digest = raw.keep_raw(sqlite_store, b"content")
    assert digest == sha(b"content")
    assert raw.read_raw(sqlite_store, digest) == b"content"
    write_files(sqlite_store, raw_of(), [prepared_file(make_run())])
    assert read.check(sqlite_store) == []
    path = files.path_of(raw.folder(sqlite_store), digest)
    path.write_bytes(b"damaged")
    assert read.check(sqlite_store) == [f"The raw file {digest} is damaged."]
    with pytest.raises(Unavailable, match="missing or damaged"):
        raw.read_raw(sqlite_store, digest)
    path.unlink()
    assert read.check(sqlite_store) == [f"The raw file {digest} is missing."]


def test_the_check_finds_what_is_wrong(sqlite_store: Store) -> None:
    raw.keep_raw(sqlite_store, b"content")
    write_files(sqlite_store, raw_of(), [prepared_file(make_run())])

    def spoil(writing: Writing) -> None:
        writing.connection.execute(text("delete from results where task = 'task_0'"))
        writing.connection.execute(insert(tables.runs), RUN | {"id": 77, "store_revision": 99})

    sqlite_store.write(spoil)
    found = " ".join(read.check(sqlite_store))
    for words in ("Run 77 has no source", "Run 77 has no results", "should hold 2 results; 1 are", "stamped later"):
        assert words in found


def test_the_sweep_spares_the_young_and_the_named(sqlite_store: Store) -> None:
    raw.keep_raw(sqlite_store, b"content")
    write_files(sqlite_store, raw_of(), [prepared_file(make_run())])
    orphan = raw.keep_raw(sqlite_store, b"orphan")
    temporary = files.path_of(raw.folder(sqlite_store), orphan).with_name(files.TEMPORARY + "x")
    temporary.write_bytes(b"half")
    assert raw.sweep(sqlite_store) == 0
    assert raw.sweep(sqlite_store, older_than_s=-1) == 2
    assert raw.read_raw(sqlite_store, sha(b"content")) == b"content"
    assert not temporary.exists()


def test_hostile_names_of_refused_members_do_no_harm(store: Store) -> None:
    raw.keep_raw(store, b"content")
    names = ["x" * 5000, "a\x00b", "c\ud800d", "../../etc/passwd", ""]
    write_files(store, raw_of(name="n\ud800"), [], [(name, name, f"no {name}") for name in names])
    assert len(read.refusals(store)) == len(names)
