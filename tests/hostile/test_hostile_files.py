"""Hostile files give messages: no traceback, no partial import, no more memory than stated.

``P4P_SOAK_FILES`` (default 120) is how many files; `make soak` takes 5,000.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lib.settings import Settings
from lib.store import tables
from lib.store.check import check
from lib.store.db import open_store
from tests.hostile.large_files import SHAPES, write_inspect, write_log
from tests.hostile.mutations import MUTATIONS, real_files, write_hostile

FILES = int(os.environ.get("P4P_SOAK_FILES", "120"))
UPLOADED = FILES if FILES > 120 else 40
"""Of them, those that go the way of the upload page."""
PER_PROCESS = 300
UPLOAD_MB = 20
LOOK_MB = int(os.environ.get("P4P_SOAK_LOOK_MB", "10"))
MEASURED = Path(__file__).with_name("measured.py")
MOST_MB = 600
"""Peak of an import with ``P4P_MAX_UPLOAD_MB=20``: about 190 MB of libraries, the zip, a member, what is parsed of it and
the rows of one transaction."""
MOST_FOR_LARGE_MB = 400
"""The same for files that are large and not made to hurt; docs/settings.md says what 200 MB take."""


MOST_PER_MB = 8
"""What each further MB of a file may add, in MB."""


def run(
    command: list[str], settings: Settings, folder: Path, upload_mb: int = UPLOAD_MB, module: str = "lib"
) -> tuple[int, str, str, float]:
    """Exit code, output, messages and peak memory (MB) of ``python -m lib ...``, or of another module."""
    environment = os.environ | {
        "P4P_DATA_DIR": str(settings.data_dir),
        "P4P_DATABASE_URL": settings.database_url,
        "P4P_FILL": "0",
        "P4P_MAX_UPLOAD_MB": str(upload_mb),
    }
    out, err, peak = folder / "out", folder / "err", folder / "peak"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        process = subprocess.run(
            [sys.executable, "-S", str(MEASURED), str(peak), sys.executable, "-m", module, *command],
            env=environment,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
            check=False,
        )
    return process.returncode, out.read_text(), err.read_text(), int(peak.read_text()) / 1024


def test_the_peak_is_of_the_command_and_not_of_this_process(tmp_path: Path, sqlite_settings: Settings) -> None:
    held = bytearray(b"x") * (500 << 20)
    *_, peak_mb = run(["--help"], sqlite_settings, tmp_path)
    assert len(held) > 0 and 10 < peak_mb < MOST_FOR_LARGE_MB, f"{peak_mb:.0f} MB"


def test_there_is_a_mutation_of_every_kind(tmp_path: Path) -> None:
    write_hostile(tmp_path, 1, len(MUTATIONS))
    assert len(list(tmp_path.iterdir())) == len(MUTATIONS) >= 15
    assert len(real_files()) >= 20
    contents = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    for path in tmp_path.iterdir():
        path.unlink()
    write_hostile(tmp_path, 1, len(MUTATIONS))
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == contents


@pytest.mark.parametrize("part", range((FILES + PER_PROCESS - 1) // PER_PROCESS))
def test_hostile_files_give_messages(part: int, tmp_path: Path, sqlite_settings: Settings) -> None:
    given = tmp_path / "given"
    given.mkdir()
    write_hostile(given, part, min(PER_PROCESS, FILES - part * PER_PROCESS))
    code, out, err, peak_mb = run(["import", "--json", str(given)], sqlite_settings, tmp_path)
    assert "Traceback" not in err, err[-3000:]
    assert code in (0, 1), err[-3000:]
    print(f"peak {peak_mb:.0f} MB")
    assert peak_mb < MOST_MB, f"{peak_mb:.0f} MB"
    assert not [c for c in err if not c.isprintable() and c != "\n"]
    summary = json.loads(out)
    assert all(issue["reason"] and issue["file"] for issue in summary["refused"] + summary["warnings"])
    assert len({issue["file"] for issue in summary["refused"]}) > 0
    stored = look(sqlite_settings)
    assert stored["sources"] == summary["imported"]
    refused = {
        i["file"].removeprefix(f"{tmp_path}/") for i in summary["refused"] if "same name twice" not in i["reason"]
    }
    assert not refused & stored["names"]

    code, out, err, _ = run(["import", "--json", str(given)], sqlite_settings, tmp_path)
    again = json.loads(out)
    assert (again["imported"], again["unchanged"]) == (0, summary["imported"] + summary["unchanged"]), err[-3000:]
    assert look(sqlite_settings) == stored
    for command in (["models"], ["runs", "--json"], ["doctor"]):
        code, out, err, _ = run(command, sqlite_settings, tmp_path)
        assert code == 0 and "Traceback" not in err
        assert not [c for c in out if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize("part", range((UPLOADED + PER_PROCESS - 1) // PER_PROCESS))
def test_hostile_files_through_the_upload_page(part: int, tmp_path: Path, sqlite_settings: Settings) -> None:
    given, staged = tmp_path / "given", tmp_path / "staged"
    given.mkdir()
    write_hostile(given, part, min(PER_PROCESS, UPLOADED - part * PER_PROCESS))
    code, out, err, peak_mb = run(
        [str(given), str(staged)], sqlite_settings, tmp_path, module="tests.hostile.upload_route"
    )
    assert code == 0 and "Traceback" not in err, err[-3000:]
    print(f"peak {peak_mb:.0f} MB")
    assert peak_mb < MOST_MB, f"{peak_mb:.0f} MB"
    told = json.loads(out)
    assert told["state"] == "taken" and told["runs"] > 0 and told["seen_by_others"] == 0
    assert told["refused"] and told["shown"]
    # The word joiner is ours: it keeps Markdown from taking a text for a link.
    assert not [c for text in told["shown"] for c in text if not c.isprintable() and c != "\u2060"]
    # What the look said is what the import did.
    assert told["looked"]["refused"] == told["report"]["n_refused"]
    assert told["looked"]["new"] == told["report"]["imported"]
    assert {issue["file"] for issue in told["report"]["refused"]} <= set(told["refused"])


@pytest.mark.parametrize("shape", SHAPES)
def test_large_files_take_no_more_memory_than_stated(shape: str, tmp_path: Path, sqlite_settings: Settings) -> None:
    write, share = SHAPES[shape]
    path = write(tmp_path, int(UPLOAD_MB * 975_000 * share))
    assert path.stat().st_size > UPLOAD_MB * 950_000
    code, out, err, peak_mb = run(["import", "--json", str(path)], sqlite_settings, tmp_path)
    assert code == 0, out + err
    print(f"peak {peak_mb:.0f} MB")
    assert peak_mb < MOST_FOR_LARGE_MB, f"{peak_mb:.0f} MB"


@pytest.mark.parametrize("write", [write_log, write_inspect])
def test_a_look_takes_no_more_memory_than_stated(write: Any, tmp_path: Path, sqlite_settings: Settings) -> None:
    """``P4P_SOAK_LOOK_MB`` (default 10): size of the file; `make soak` takes 100, with what each MB may add."""
    path = write(tmp_path, int(LOOK_MB * 975_000))
    assert path.stat().st_size > LOOK_MB * 850_000
    code, out, err, peak_mb = run(["look", "--json", str(path)], sqlite_settings, tmp_path, upload_mb=LOOK_MB)
    assert code == 0, out + err
    print(f"peak {peak_mb:.0f} MB")
    assert peak_mb < MOST_FOR_LARGE_MB + MOST_PER_MB * max(LOOK_MB - UPLOAD_MB, 0), f"{peak_mb:.0f} MB"
    assert json.loads(out)["counts"]["samples"] > 0
    assert not list((sqlite_settings.data_dir / "raw").rglob("*.*"))
    assert look(sqlite_settings)["sources"] == 0


def test_many_tiny_values_take_no_more_memory_than_stated(tmp_path: Path, sqlite_settings: Settings) -> None:
    path = tmp_path / "tiny.json"
    path.write_bytes(b'{"results":{"a":{"acc":1}},"versions":{},"x":[' + b",".join([b"{}"] * 6_000_000) + b"]}")
    code, out, _, peak_mb = run(["import", "--json", str(path)], sqlite_settings, tmp_path)
    assert code == 1 and "too many values" in out
    assert peak_mb < MOST_FOR_LARGE_MB, f"{peak_mb:.0f} MB"


def look(settings: Settings) -> dict[str, Any]:
    """What the store holds, after its check."""
    store = open_store(settings)
    try:
        assert check(store) == []
        with store.reading() as connection:
            return {
                "sources": len(connection.execute(select(tables.sources.c.id)).all()),
                "names": set(connection.execute(select(tables.sources.c.name)).scalars()),
                "runs": len(connection.execute(select(tables.runs.c.id)).all()),
                "results": len(connection.execute(select(tables.results.c.run_id)).all()),
            }
    finally:
        store.close()
