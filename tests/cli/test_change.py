"""Mapping a name by hand, and taking a source out of sight: both from the command line, both undone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib.cli import main
from lib.settings import SETTINGS, read_settings
from lib.store import read
from lib.store.db import open_store
from lib.store.frames import FrameCache
from tests.ingest.archives import results_file, zipped


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("P4P_FILL", "0")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def models_of_runs() -> list[str | None]:
    store = open_store(read_settings())
    try:
        runs = FrameCache(store).frames().runs
        return [None if model is None or model != model else str(model) for model in runs["model"]]
    finally:
        store.close()


def test_a_name_is_mapped_by_hand_and_taken_back(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "known.json").write_bytes(results_file("org/known"))
    (local / "path.json").write_bytes(results_file("/somewhere/on/a/disk"))
    told(capsys, "import", str(local / "known.json"), str(local / "path.json"))
    assert sorted(models_of_runs(), key=str) == [None, "org/known"]
    assert told(capsys, "alias", "/somewhere/on/a/disk", "org/known")["runs_changed"] == 1
    assert models_of_runs() == ["org/known", "org/known"]
    assert told(capsys, "alias", "/somewhere/on/a/disk", "--remove")["runs_changed"] == 1
    assert sorted(models_of_runs(), key=str) == [None, "org/known"]


def test_an_alias_of_nothing_is_refused(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "path.json").write_bytes(results_file("/somewhere/on/a/disk"))
    told(capsys, "import", str(local / "path.json"))
    assert main(["alias", "/somewhere/on/a/disk", "no-such-model"]) == 1
    assert "no-such-model" in capsys.readouterr().err
    assert main(["alias", "/somewhere/on/a/disk"]) == 2
    assert main(["alias", "never-set", "--remove"]) == 1


def test_a_source_is_withdrawn_and_restored(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "a.json").write_bytes(results_file("org/a"))
    (local / "b.zip").write_bytes(zipped({"x.json": results_file("org/b"), "y.json": results_file("org/c")}))
    told(capsys, "import", str(local / "a.json"), str(local / "b.zip"))
    store = open_store(read_settings())
    names = list(read.sources(store)["name"])
    store.close()
    zip_name = next(name for name in names if "!/" in name).split("!/")[0]
    assert told(capsys, "withdraw", zip_name)["sources_changed"] == 2
    assert models_of_runs() == ["org/a"]
    # Importing it again does not bring it back.
    told(capsys, "import", str(local / "b.zip"))
    assert models_of_runs() == ["org/a"]
    assert told(capsys, "restore", zip_name)["sources_changed"] == 2
    assert sorted(models_of_runs(), key=str) == ["org/a", "org/b", "org/c"]
    assert main(["withdraw", "nothing.json"]) == 1
