"""Several processes at once, and processes that are killed: what was acknowledged is there, whole, and once.

``P4P_SOAK_KILLS`` (default 4) is the number of kills on each engine, ``P4P_SOAK_SECONDS`` (default 2) the time that
processes write beside each other. `make soak` raises both.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, inspect, select

from lib.settings import ROOT, Settings
from lib.store import files, raw, read, samples, tables
from lib.store.db import Store, open_engine, open_store
from lib.store.versions import NEWEST, stored_version
from tests.store import processes
from tests.store.processes import TASKS

KILLS = int(os.environ.get("P4P_SOAK_KILLS", "4"))
SECONDS = float(os.environ.get("P4P_SOAK_SECONDS", "2"))
RUNS_PER_FILE = 2
SECOND_LIBRARIES = ("adbc_driver_sqlite", "adbc_driver_manager", "connectorx", "duckdb")


# Each child is forked from one process that has the libraries already: loading them for each takes most of its time.
_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload(["tests.store.processes", "psycopg", "lib.store.migrate"])


class Child:
    """A process of ``tests.store.processes``; what it says goes to a file, so a kill loses nothing said."""

    def __init__(self, settings: Settings, folder: Path, name: str, *arguments: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._said, self._errors = folder / f"{name}.out", folder / f"{name}.err"
        environment = {"P4P_DATA_DIR": str(settings.data_dir), "P4P_DATABASE_URL": settings.database_url}
        self._said.touch()
        self._process = _FORKED.Process(
            target=processes.work, args=(arguments, environment, self._said, self._errors), daemon=True
        )
        self._process.start()

    def lines(self) -> list[str]:
        """What it has said so far, whole lines only."""
        return [line.strip() for line in self._said.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def acknowledged(self) -> list[tuple[str, str]]:
        """Pairs of raw digest and run digest of the imports that it reported as done."""
        return [(line.split()[0], line.split()[1]) for line in self.lines() if " " in line]

    def wait_for(self, count: int) -> None:
        """Until it has said so many lines."""
        deadline = time.monotonic() + 60
        while len(self.lines()) < count:
            assert self._process.is_alive(), self._errors.read_text()
            assert time.monotonic() < deadline, "the process says nothing"
            time.sleep(0.01)

    def kill(self) -> bool:
        """kill -9; True when it was still running."""
        was_running = self._process.is_alive()
        self._process.kill()
        self._process.join()
        return was_running

    def is_running(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        """Wait for its end, which has to be a good one."""
        self._process.join(timeout=120)
        assert self._process.exitcode == 0, self._errors.read_text()


def stored_runs(store: Store) -> dict[str, int]:
    """Number of results by digest of the run."""
    r, results = tables.runs.c, tables.results.c
    query = select(r.digest, func.count()).join(tables.results, results.run_id == r.id).group_by(r.digest)
    with store.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def assert_whole(store: Store, acknowledged: list[tuple[str, str]]) -> None:
    """Nothing acknowledged is missing, nothing is there in part, every file is what its name says."""
    assert read.check(store) == []
    runs = stored_runs(store)
    lost = [run for _, run in acknowledged if run not in runs]
    assert lost == []
    sources = {digest for digest, _ in read.known_sources(store)}
    assert {digest for digest, _ in acknowledged} <= sources
    assert set(runs.values()) <= {TASKS}
    assert len(runs) == RUNS_PER_FILE * len(sources)
    for folder in (raw.folder(store), samples.folder(store)):
        for path in folder.glob("*/*"):
            if not path.name.startswith(files.TEMPORARY):
                assert files.digest_of_bytes(path.read_bytes()) == path.name.split(".")[0]


def test_four_processes_import_at_once(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    children = [Child(settings, tmp_path / "out", f"c{i}", "import", f"s{i}", str(SECONDS)) for i in range(4)]
    for child in children:
        child.end()
    acknowledged = [pair for child in children for pair in child.acknowledged()]
    assert len(acknowledged) >= 4
    assert_whole(store, acknowledged)
    assert len(stored_runs(store)) == RUNS_PER_FILE * len(acknowledged), "stored is what was acknowledged"
    assert store.revision() == len(acknowledged)
    store.close()


def test_a_killed_import_loses_and_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    """Three importers at once; a random one is killed at a random moment and replaced, ``KILLS`` times."""
    chance = random.Random(20261121)
    store = open_store(settings)
    everybody = [Child(settings, tmp_path / "out", f"c{i}", "import", f"s{i}", "600") for i in range(3)]
    alive = list(everybody)
    n_killed = 0
    while n_killed < KILLS:
        victim = alive.pop(chance.randrange(3))
        victim.wait_for(2)
        time.sleep(chance.uniform(0, 0.25))
        n_killed += victim.kill()
        name = f"{len(everybody)}"
        alive.append(Child(settings, tmp_path / "out", f"c{name}", "import", f"s{name}", "600"))
        everybody.append(alive[-1])
    for child in alive:
        child.kill()
    assert_whole(store, [pair for child in everybody for pair in child.acknowledged()])
    raw.sweep(store, older_than_s=-1)
    assert read.check(store) == [], "the sweep takes nothing that a row names"
    assert not [p for folder in (raw, samples) for p in folder.folder(store).glob(f"*/{files.TEMPORARY}*")]
    store.close()


def test_the_same_files_from_two_processes_at_once(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    children = [Child(settings, tmp_path / "out", f"c{i}", "import", "same", "60", "12") for i in range(2)]
    for child in children:
        child.end()
    assert children[0].acknowledged() == children[1].acknowledged()
    assert len(children[0].acknowledged()) == 12
    assert_whole(store, children[0].acknowledged())
    assert len(stored_runs(store)) == RUNS_PER_FILE * 12
    assert store.revision() == 12
    store.close()


def test_a_reader_that_follows_the_revision_misses_nothing(settings: Settings, tmp_path: Path) -> None:
    store = open_store(settings)
    children = [Child(settings, tmp_path / "out", f"c{i}", "import", f"s{i}", str(SECONDS)) for i in range(4)]
    met: set[int] = set()
    seen, n_looks, is_last = 0, 0, False
    while True:
        is_last = not any(child.is_running() for child in children)
        with store.reading() as connection:
            revision = connection.execute(select(tables.store.c.revision)).scalar_one()
            met.update(
                connection.execute(select(tables.runs.c.id).where(tables.runs.c.store_revision > seen)).scalars()
            )
        n_looks += revision > seen
        seen = revision
        if is_last:
            break
    for child in children:
        child.end()
    with store.reading() as connection:
        assert met == set(connection.execute(select(tables.runs.c.id)).scalars())
    assert len(met) >= 8
    assert n_looks >= 3, "the reader has followed and not only looked at the end"
    store.close()


def test_a_killed_migration_leaves_the_old_version(empty_settings: Settings, tmp_path: Path) -> None:
    chance = random.Random(7)
    engine = open_engine(empty_settings.database_url)
    empty_settings.data_dir.mkdir(parents=True)
    for number in range(max(2, KILLS // 2)):
        child = Child(empty_settings, tmp_path / "out", f"m{number}", "migrate", "0.02")
        child.wait_for(1 + chance.randrange(15))
        assert child.kill(), "the migration was over before the kill"
        assert "migrated" not in child.lines()
        assert inspect(engine).get_table_names() == []
    engine.dispose()
    store = open_store(empty_settings)
    assert stored_version(store.engine) == NEWEST
    assert read.check(store) == []
    store.close()


def test_four_processes_migrate_at_once(empty_settings: Settings, tmp_path: Path) -> None:
    children = [Child(empty_settings, tmp_path / "out", f"m{i}", "migrate", "0.005") for i in range(4)]
    for child in children:
        child.end()
    n_migrating = sum("making" in child.lines() for child in children)
    assert n_migrating == 1, "one migrates, the others wait and find it done"
    store = open_store(empty_settings)
    with store.reading() as connection:
        assert connection.execute(select(func.count()).select_from(tables.store)).scalar() == 1
    store.close()


def test_one_sqlite_library_in_the_process() -> None:
    """A second SQLite in the process undoes the first one's locks, and acknowledged rows are lost."""
    code = (
        "import sys, lib\n"
        "import lib.store.write, lib.store.read, lib.store.frames, lib.store.migrate\n"
        "import sqlite3, sqlite3.dbapi2, pysqlite3\n"
        "from sqlalchemy.dialects.sqlite import pysqlite\n"
        "assert sqlite3 is pysqlite3 and sqlite3.dbapi2 is pysqlite3.dbapi2\n"
        "assert pysqlite.dialect.import_dbapi() is pysqlite3.dbapi2\n"
        "assert '_sqlite3' not in sys.modules\n"
        f"assert not {{m.split('.')[0] for m in sys.modules}} & {set(SECOND_LIBRARIES)!r}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
