"""The command line as people and scripts meet it: exit codes, one JSON object, messages on standard error."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.settings import SETTINGS
from lib.sources.fill import STATE_FILE, fill, fill_state, is_filling
from lib.sources.texts import for_terminal
from lib.store import read
from lib.store.db import open_store
from tests.ingest.archives import results_file, zipped


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the store, named by the environment; the shipped data is not read."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path / "local"))
    monkeypatch.setenv("P4P_FILL", "0")
    return tmp_path


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Exit code, the JSON object (or text) of standard output, standard error."""
    code = main(arguments)
    out, err = capsys.readouterr()
    return code, json.loads(out) if "--json" in arguments else out, err


def test_import_says_what_came_in_and_what_did_not(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "good.json").write_bytes(results_file())
    (local / "a.zip").write_bytes(zipped({"x/r.json": results_file("org/b"), "bad": b"\x00"}))
    code, told, err = call(capsys, "import", "--json", str(local / "good.json"), str(local / "a.zip"))
    assert code == 1
    assert (told["imported"], told["unchanged"], told["results"], told["samples"]) == (2, 0, 2, 0)
    said = {"withdrawn", "waiting", "new_benchmarks", "take_back"}
    assert set(told) == {"imported", "unchanged", "results", "samples", "refused", "warnings"} | said
    (refused,) = told["refused"]
    assert set(refused) == {"file", "reason"} and refused["file"].endswith("a.zip!/bad") and refused["reason"]
    assert "files" in err

    code, told, _ = call(capsys, "import", "--json", str(local / "good.json"))
    assert (code, told["imported"], told["unchanged"]) == (0, 0, 1)
    code, text, _ = call(capsys, "import", str(local / "a.zip"))
    assert code == 1 and "0 files imported, 1 unchanged, 1 refused" in text and "a.zip!/bad" in text


def test_wrong_use_is_told_apart(
    local: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in ([], ["nonsense"], ["import"], ["export"], ["runs", "--limit", "0"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    capsys.readouterr()
    code, _, err = call(capsys, "import", str(local / "none.json"))
    assert code == 2 and "no such file or folder" in err and "none.json" in err
    assert call(capsys, "export", "--model", "nobody")[0] == 2
    monkeypatch.setenv("P4P_MAX_UPLOAD_MB", "many")
    assert call(capsys, "models")[0] == 2


def test_export_models_and_runs(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "r.json").write_bytes(results_file("org/small", score=0.75))
    call(capsys, "import", str(local / "r.json"))
    code, told, _ = call(capsys, "export", "--json", "--model", "org/small")
    assert code == 0 and told["model"]["id"] == "org/small" and told["model"]["params_total"] is None
    (run,) = told["runs"]
    assert run["evaluator"] == "lm-eval 0.3" and run["limit"] is None
    assert run["sources"][0]["importer"] == "lm-eval-results" and len(run["sources"][0]["digest"]) == 64
    (result,) = run["results"]
    assert (result["score_published"], result["n_samples"], result["n_correct"]) == (0.75, 2376, 1782)
    assert result["stderr"] == pytest.approx(result["stderr_published"])

    assert call(capsys, "models", "--json")[1]["models"] == []  # not of the catalogue
    (model,) = call(capsys, "models", "--json", "--all")[1]["models"]
    assert (model["id"], model["n_runs"], model["params_total"]) == ("org/small", 1, None)
    told = call(capsys, "runs", "--json", "--model", "org/small")[1]
    assert told["n_runs"] == 1 and told["runs"][0]["run"] == run["digest"][:12]
    assert "org/small" in call(capsys, "runs")[1]


def test_runs_come_newest_first_with_their_file(
    local: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (local / "first.json").write_bytes(results_file("org/first"))
    (local / "Own.csv").write_text("model,benchmark,metric,score\nmy run,boolq,acc,0.5\norg/known,boolq,acc,0.5\n")
    for day, name in ((20, "first.json"), (21, "Own.csv")):
        monkeypatch.setattr("lib.store.write.now", lambda day=day: f"2026-11-{day}T10:00:00Z")
        call(capsys, "import", str(local / name))
    told = call(capsys, "runs", "--json")[1]
    assert [row["model_name"] for row in told["runs"]] == ["my run", "org/known", "org/first"]
    assert [row["file"].rsplit("/", 1)[-1] for row in told["runs"]] == ["Own.csv", "Own.csv", "first.json"]
    (row,) = call(capsys, "runs", "--json", "--waiting")[1]["runs"]
    assert (row["model"], row["model_name"]) == (None, "my run")
    assert call(capsys, "runs", "--json", "--file", "own.CSV")[1]["n_runs"] == 2
    assert call(capsys, "runs", "--json", "--file", "none")[1]["n_runs"] == 0
    assert call(capsys, "runs", "--json", "--file", "own", "--waiting", "--limit", "1")[1]["n_runs"] == 1
    _, text, err = call(capsys, "runs")
    lines = text.splitlines()
    assert len(lines) == 4 and lines[1].endswith("Own.csv") and "(waits)" in lines[1] and err == ""


def test_runs_as_text_are_few_unless_asked(
    local: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.cli_lists.SHOWN_RUNS", 3)
    (local / "a.csv").write_text("model,MMLU\n" + "".join(f"org/m{n},0.5\n" for n in range(5)))
    call(capsys, "import", str(local / "a.csv"))
    _, text, err = call(capsys, "runs")
    assert len(text.splitlines()) == 4 and "3 of 5 runs" in err
    assert len(call(capsys, "runs", "--limit", "5")[1].splitlines()) == 6
    assert len(call(capsys, "runs", "--json")[1]["runs"]) == 5


def test_doctor_names_what_is_missing_and_what_is_wrong(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = call(capsys, "doctor", "--json")
    assert code == 0 and told["wrong"] == [] and told["counts"]["n_runs"] == 0
    assert any("lib fill --catalogue" in advice for advice in told["advice"])
    assert told["sqlite"]["version"] and told["data_dir"] == str(local / "local")
    (local / "r.json").write_bytes(results_file("/local/weights"))
    call(capsys, "import", str(local / "r.json"))
    told = call(capsys, "doctor", "--json")[1]
    (waiting,) = told["unresolved"]
    assert waiting["spelling"] == "/local/weights" and [name[-6:] for name in waiting["files"]] == ["r.json"]
    (last,) = told["last_imports"]
    assert (last["n_sources"], last["n_results"], last["withdrawn_at"]) == (1, 1, None)
    (line,) = [line for line in call(capsys, "doctor")[1].splitlines() if line.startswith("imported: ")]
    assert call(capsys, *shlex.split(line.split("python -m lib ")[1]))[0] == 0
    assert call(capsys, "doctor", "--json")[1]["last_imports"][0]["withdrawn_at"]
    assert call(capsys, "restore", last["name"])[0] == 0
    (raw,) = [path for path in (local / "local" / "raw").rglob("*") if path.is_file()]
    raw.write_bytes(b"spoiled")
    code, text, _ = call(capsys, "doctor")
    assert code == 1 and "damaged" in text
    assert call(capsys, "doctor", "--quick")[0] == 0


def test_hostile_names_do_not_reach_the_terminal(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "a.zip").write_bytes(zipped({"\x1b[2J\x07.json": b"bad", "r.json": results_file("org/\x1b[31mred")}))
    code, text, err = call(capsys, "import", "--verbose", str(local / "a.zip"))
    assert code == 1
    assert not [c for c in text + err if not c.isprintable() and c != "\n"]
    assert not [c for c in call(capsys, "runs")[1] if not c.isprintable() and c != "\n"]
    assert for_terminal("a\x1b\u202e\n") == "a\\x1b\\u202e\\n"


def test_help_names_every_setting() -> None:
    told = subprocess.run([sys.executable, "-m", "lib", "--help"], capture_output=True, text=True, check=True).stdout
    assert all(setting.variable in told for setting in SETTINGS) and "exit codes" in told


@pytest.fixture
def shipped(local: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small folder of shipped data: two files of the catalogue and a zip."""
    folder = local / "shipped"
    (folder / "runs").mkdir(parents=True)
    (folder / "models.csv").write_bytes(b"")
    (folder / "runs" / "a.zip").write_bytes(zipped({"r.json": results_file("org/a"), "LICENSE": b"MIT", "x": b"\x00"}))
    (folder / "runs" / "only.zip").write_bytes(zipped({"x": b"\x00"}))
    header = "path,title,url,licence,attribution,published_on,n_rows,stage,is_imported\n"
    (folder / "files.csv").write_text(
        header
        + "runs/a.zip,Some runs,https://example.org,MIT,,2024-01,3,runs,true\n"
        + "runs/only.zip,Nothing to read,,MIT,,2024,1,samples,true\n"
        + "runs/later.zip,For later,,MIT,,2024,1,samples,false\n"
    )
    monkeypatch.setenv("P4P_SHIPPED_DIR", str(folder))
    return folder


def test_fill_imports_only_what_is_new(local: Path, shipped: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, err = call(capsys, "fill", "--json")
    assert (code, told["imported"], len(told["refused"])) == (0, 1, 2)
    assert "Some runs" in err
    state = json.loads((local / "local" / STATE_FILE).read_text())
    assert (state["phase"], state["done"], state["total"], state["refused"]) == ("done", 4, 4, 2)
    assert state["started_at"] <= state["finished_at"]
    code, told, _ = call(capsys, "fill", "--json")
    assert (code, told["imported"], told["unchanged"], len(told["refused"])) == (0, 0, 1, 2)
    assert not [a for a in call(capsys, "doctor", "--json")[1]["advice"] if "shipped files" in a]


def test_fill_takes_a_newer_edition_and_leaves_withdrawn_ones(
    local: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib.settings import read_settings
    from lib.store.write import withdraw

    settings = read_settings()
    store = open_store(settings)
    try:
        fill(store, settings)
        withdraw(store, int(read.sources(store)["id"][0]))
        (shipped / "runs" / "a.zip").write_bytes(zipped({"r.json": results_file("org/a", score=0.5)}))
        summary = fill(store, settings)
        assert summary is not None and summary.imported == 1
        sources = read.sources(store)
        assert len(sources) == 1 and sources["withdrawn_at"].notna().all()
        assert (sources["title"][0], sources["is_shipped"][0]) == ("Some runs", True)
    finally:
        store.close()


def test_two_fills_do_not_do_the_work_twice(local: Path, shipped: Path) -> None:
    from lib.settings import read_settings

    settings = read_settings()
    store = open_store(settings)
    inner: list[object] = []

    def watch(state: object) -> None:
        if not inner:
            inner.append(is_filling(settings))
            inner.append(fill(store, settings))

    try:
        assert fill_state(settings) is None and not is_filling(settings)
        assert fill(store, settings, watch) is not None
        assert inner == [True, None]  # seen and left alone while the first goes on
        assert not is_filling(settings)
        # A fill that was killed blocks nobody: the lock goes with its process.
        command = "import fcntl,os,sys; f=open(sys.argv[1],'ab'); fcntl.flock(f,fcntl.LOCK_EX); os.kill(os.getpid(),9)"
        subprocess.run(
            [sys.executable, "-c", command, str(settings.data_dir / "fill.lock")], check=False, env=os.environ
        )
        assert fill(store, settings) is not None
    finally:
        store.close()
