"""`dump`: the file is there whole or not at all, and the exit codes are those of the other commands."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from lib import cli_dump
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


def test_dump_writes_what_was_imported(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "r.json").write_bytes(results_file("org/small", score=0.75))
    assert main(["import", str(local / "r.json")]) == 0
    capsys.readouterr()
    out = local / "store.zip"
    assert main(["dump", "--json", "--format", "csv", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n_rows"]["results"] == 1 and told["n_bytes"] == out.stat().st_size and len(told["digest"]) == 64
    with zipfile.ZipFile(out) as archive:
        assert archive.read("results.csv").decode().count("\n") == 2
    assert main(["dump", str(out)]) == 0  # over the old one
    assert "store.zip" in capsys.readouterr().out
    with zipfile.ZipFile(out) as archive:
        assert "results.parquet" in archive.namelist()


def test_wrong_use(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dump", str(local / "x.zip"), "--format", "xls"]) == 2
    assert "expected parquet or csv" in capsys.readouterr().err
    assert main(["dump", str(local / "nowhere" / "x.zip")]) == 2
    assert main(["dump", str(local)]) == 2
    assert not list(local.glob("*.zip"))


def test_a_dump_that_breaks_off_leaves_nothing(
    local: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks_off(store: object, out: object, format: str) -> None:
        out.write(b"half")  # type: ignore[attr-defined]
        raise OSError("no space left")

    monkeypatch.setattr(cli_dump, "write_dump", breaks_off)
    out = local / "x.zip"
    out.write_bytes(b"the one before")
    with pytest.raises(OSError, match="no space"):
        main(["dump", str(out)])
    assert out.read_bytes() == b"the one before"
    assert [path.name for path in local.iterdir() if path.is_file()] == ["x.zip"]
