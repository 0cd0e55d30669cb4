"""`snapshot`: pin, list, compare, take home and take out, as text and as JSON; the exit codes of the other commands."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.settings import SETTINGS
from tests.ingest.archives import results_file


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("P4P_FILL", "0")
    return tmp_path


def put_in(local: Path, name: str, score: float) -> None:
    (local / f"{name}.json").write_bytes(results_file(f"org/{name}", score=score))
    assert main(["import", str(local / f"{name}.json")]) == 0


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main(["snapshot", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_pinning_to_taking_out(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_in(local, "first", 0.75)
    made = told(capsys, "create", "--name", "Q4 decision")
    assert (made["visibility"], made["made_by"], made["name"]) == ("public", "local", "Q4 decision")
    assert [one["digest"] for one in told(capsys, "list")["snapshots"]] == [made["digest"]]
    assert not any(told(capsys, "diff", "Q4 decision")["counts"].values())

    put_in(local, "second", 0.5)
    changed = told(capsys, "diff", made["digest"][:8])
    assert changed["counts"]["new runs"] == 1 and changed["runs"][0]["model_name"] == "org/second"
    assert changed["before"] == made["digest"]
    later = told(capsys, "create")
    assert told(capsys, "diff", "Q4 decision", later["digest"])["counts"] == changed["counts"]
    assert told(capsys, "diff", later["digest"], "Q4 decision")["counts"]["runs that are gone"] == 1

    out = local / "q4.zip"
    written = told(capsys, "export", "Q4 decision", "-o", str(out), "--format", "csv")
    assert written["n_rows"]["runs"] == 1
    with zipfile.ZipFile(out) as archive:
        runs, readme = archive.read("runs.csv").decode(), archive.read("README.md").decode()
    assert "org/first" in runs and "org/second" not in runs and made["digest"] in readme

    gone = told(capsys, "take-out", "first.json", "--reason", "may not be shown")
    assert [one["tombstones"][0]["reason"] for one in gone["snapshots"]] == ["may not be shown"] * 2
    assert told(capsys, "export", "Q4 decision", "-o", str(out))["n_rows"]["runs"] == 0


def test_as_text(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "list"]) == 0
    assert "nothing is pinned" in capsys.readouterr().out
    put_in(local, "first", 0.75)
    assert main(["snapshot", "create", "--name", "one"]) == 0
    assert "snapshot=" in capsys.readouterr().out
    put_in(local, "second", 0.5)
    assert main(["snapshot", "diff", "one"]) == 0
    out = capsys.readouterr().out
    assert "new runs: 1" in out and "org/second" in out
    assert main(["snapshot"]) == 0
    assert "everybody" in capsys.readouterr().out
    assert main(["snapshot", "export", "one", "-o", str(local / "x.zip")]) == 0
    assert main(["snapshot", "take-out", "first.json", "--reason", "law"]) == 0
    assert "taken out of 1 snapshot" in capsys.readouterr().out


def test_wrong_use(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put_in(local, "first", 0.75)
    assert main(["snapshot", "diff", "nobody"]) == 1
    assert "no such snapshot" in capsys.readouterr().err
    assert main(["snapshot", "create", "--name", "one"]) == 0
    assert main(["snapshot", "export", "one", "-o", str(local)]) == 2
    assert main(["snapshot", "export", "one", "-o", str(local / "x.zip"), "--format", "xls"]) == 2
    assert main(["snapshot", "take-out", "first.json", "--reason", " "]) == 2
    assert main(["snapshot", "take-out", "nobody.json", "--reason", "law"]) == 1
    assert not list(local.glob("*.zip"))
