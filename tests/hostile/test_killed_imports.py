"""Importing processes killed at random moments, several at once, on both databases: nothing lost, nothing half there.

``P4P_SOAK_KILLS`` (default 4) is how many are killed on each engine; `make soak` takes 100.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from lib.settings import Settings
from lib.store import tables
from lib.store.check import check
from lib.store.db import open_store
from tests.ingest.archives import results_file, zipped

KILLS = int(os.environ.get("P4P_SOAK_KILLS", "4"))
AT_ONCE = 2
ZIPS = 40
FILES_PER_ZIP = 5
LOOSE = 20


def write_round(folder: Path, number: int) -> int:
    """Zips and loose files that no round before had; returns how many files they are."""
    folder.mkdir()
    for z in range(ZIPS):
        members = {f"{f}.json": results_file(f"org/m{number}-{z}-{f}") for f in range(FILES_PER_ZIP)}
        (folder / f"{z}.zip").write_bytes(zipped(members))
    for f in range(LOOSE):
        (folder / f"loose-{f}.json").write_bytes(results_file(f"org/loose{number}-{f}"))
    return ZIPS * FILES_PER_ZIP + LOOSE


def start(folder: Path, settings: Settings, told: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "P4P_DATA_DIR": str(settings.data_dir),
        "P4P_DATABASE_URL": settings.database_url.replace("postgresql+psycopg://", "postgresql://"),
        "P4P_FILL": "0",
    }
    command = [sys.executable, "-m", "lib", "import", "--json", "--verbose", str(folder)]
    with told.open("wb") as stderr, told.with_suffix(".json").open("wb") as stdout:
        return subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr)


def test_killed_imports_lose_nothing_and_leave_nothing_half_done(settings: Settings, tmp_path: Path) -> None:
    rng = random.Random(settings.database_url)
    n_killed = n_expected = n_rounds = 0
    acknowledged: set[str] = set()
    while n_killed < KILLS:
        # Rounds are counted by themselves: an import may be over before it is killed.
        n_rounds += 1
        folder = tmp_path / f"round{n_rounds}"
        n_expected += write_round(folder, n_rounds)
        running = [start(folder, settings, tmp_path / f"told-{n_rounds}-{i}") for i in range(AT_ONCE)]
        for process in running:
            time.sleep(rng.uniform(0.1, 1.6))
            process.send_signal(signal.SIGKILL)
            n_killed += process.wait() == -signal.SIGKILL
        for told in tmp_path.glob("told-*[0-9]"):
            text = told.read_text()
            assert "Traceback" not in text, text[-3000:]
            # The last line may be cut off: only whole ones are promises.
            acknowledged |= {line[3:] for line in text.split("\n")[:-1] if line.startswith("in ")}
        hold(settings, acknowledged, tmp_path)
    for folder in sorted(tmp_path.glob("round*")):
        told = tmp_path / "again"
        assert start(folder, settings, told).wait() == 0, told.read_text()[-3000:]
        summary = json.loads(told.with_suffix(".json").read_text())
        assert not summary["refused"]
        assert summary["imported"] + summary["unchanged"] == ZIPS * FILES_PER_ZIP + LOOSE
    print(f"{n_killed} killed, {len(acknowledged)} files acknowledged before, {n_expected} in the end")
    assert hold(settings, acknowledged, tmp_path) == n_expected


def hold(settings: Settings, acknowledged: set[str], folder: Path) -> int:
    """The store is whole and has every file that was reported as taken in; returns how many it has."""
    store = open_store(settings)
    try:
        assert check(store) == []
        with store.reading() as connection:
            names = set(connection.execute(select(tables.sources.c.name)).scalars())
            runs = connection.execute(select(func.count()).select_from(tables.runs)).scalar_one()
            results = connection.execute(select(func.count()).select_from(tables.results)).scalar_one()
    finally:
        store.close()
    assert {name.removeprefix(f"{folder}/") for name in acknowledged} <= names
    assert runs == results == len(names)  # each file holds one run with one result
    return len(names)
