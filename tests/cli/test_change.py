"""Mapping a name by hand, and taking a source out of sight: both from the command line, both undone."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

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


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
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


CSV = "model,benchmark,metric,score\n"


def states() -> dict[str, bool]:
    """Stored name to whether withdrawn."""
    store = open_store(read_settings())
    try:
        known = read.sources(store)
        return dict(zip(known["name"], known["withdrawn_at"].notna(), strict=True))
    finally:
        store.close()


def test_every_way_to_name_a_file_withdraws_it(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "mine").mkdir()
    (local / "mine" / "a.csv").write_text(CSV + "org/a,boolq,acc,0.5\n")
    (local / "mine" / "b.zip").write_bytes(zipped({"x.json": results_file("org/b"), "y.json": results_file("org/c")}))
    told(capsys, "import", str(local / "mine"))
    store = open_store(read_settings())
    digest = str(read.sources(store).set_index("name")["raw_digest"]["mine/a.csv"])
    store.close()
    for name in (str(local / "mine" / "a.csv"), "a.csv", "mine/a.csv", digest[:12]):
        assert told(capsys, "withdraw", name)["sources"] == ["mine/a.csv"]
        assert [name for name, is_withdrawn in states().items() if is_withdrawn] == ["mine/a.csv"]
        assert told(capsys, "restore", name)["sources_changed"] == 1
    for name in (str(local / "mine" / "b.zip"), "b.zip"):
        assert told(capsys, "withdraw", name)["sources_changed"] == 2
        assert told(capsys, "restore", name)["sources_changed"] == 2
    for name in (str(local / "mine"), "mine"):
        assert told(capsys, "withdraw", name) == {
            "name": name,
            "sources_changed": 3,
            "sources": ["mine/a.csv", "mine/b.zip!/x.json", "mine/b.zip!/y.json"],
            "n_sources": 3,
            "n_runs": 3,
            "n_results": 3,
        }
        assert told(capsys, "withdraw", name)["sources_changed"] == 0
        assert told(capsys, "restore", name)["sources_changed"] == 3


def test_what_fits_two_files_is_refused_and_changes_nothing(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder, score in (("one", "0.5"), ("two", "0.6")):
        (local / folder).mkdir()
        (local / folder / "a.csv").write_text(CSV + f"org/a,boolq,acc,{score}\n")
    told(capsys, "import", str(local / "one"), str(local / "two"))
    assert main(["withdraw", "a.csv"]) == 1
    err = capsys.readouterr().err
    assert "one/a.csv" in err and "two/a.csv" in err
    assert not any(states().values())


def test_sources_of_a_zip_change_together(
    local: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (local / "b.zip").write_bytes(zipped({f"{n}.json": results_file(f"org/m{n}") for n in range(3)}))
    told(capsys, "import", str(local / "b.zip"))
    store = open_store(read_settings())
    before = store.revision()
    store.close()
    told(capsys, "withdraw", "b.zip")
    store = open_store(read_settings())
    assert store.revision() == before + 1
    store.close()


def take_back_commands(text: str) -> list[list[str]]:
    """Words of the commands that an import told, without ``python -m lib``."""
    return [shlex.split(line.split("python -m lib ")[1]) for line in text.splitlines() if "take it back" in line]


@pytest.mark.parametrize("name", ["a.csv", "with blank.csv", "it's.csv", "-n.csv", "é\u202e.csv"])
def test_an_import_tells_the_command_that_takes_it_back(
    local: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (local / name).write_text(CSV + "org/a,boolq,acc,0.5\n")
    main(["import", str(local / name)])
    (command,) = take_back_commands(capsys.readouterr().out)
    (local / name).unlink()
    assert main(command) == 0
    assert all(states().values())


def test_an_import_of_which_everything_is_refused_has_nothing_to_take_back(
    local: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (local / "x.csv").write_text("hello\nworld\n")
    assert main(["import", str(local / "x.csv")]) == 1
    out = capsys.readouterr()
    assert "1 refused" in out.out + out.err
    assert not take_back_commands(out.out)


def test_the_command_tells_an_edited_file_from_what_it_was(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for score in ("0.5", "0.6"):
        (local / "a.csv").write_text(CSV + f"org/a,boolq,acc,{score}\n")
        main(["import", str(local / "a.csv")])
        text = capsys.readouterr().out
    (command,) = take_back_commands(text)
    main(command)
    assert "still in use" in capsys.readouterr().out
    store = open_store(read_settings())
    known = read.sources(store)
    store.close()
    assert list(known["withdrawn_at"].notna()) == [False, True]


def test_importing_a_withdrawn_file_says_so(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (local / "a.csv").write_text(CSV + "org/a,boolq,acc,0.5\n")
    main(["import", str(local / "a.csv")])
    main(["withdraw", str(local / "a.csv")])
    capsys.readouterr()
    main(["import", str(local / "a.csv")])
    text = capsys.readouterr().out
    assert "1 unchanged" in text and "withdrawn: 1 file" in text and "take it back" not in text
    assert main(shlex.split(text.split("python -m lib ")[1].splitlines()[0])) == 0
    assert not any(states().values())
    capsys.readouterr()
    told(capsys, "withdraw", "a.csv")
    (one,) = told(capsys, "import", str(local / "a.csv"))["withdrawn"]
    assert one["n_files"] == 1 and "restore" in one["command"]


def test_importing_names_what_nobody_knows(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped = read_settings().shipped_dir
    told(
        capsys,
        "import",
        str(shipped / "catalogue" / "models.csv"),
        str(shipped / "scaling" / "benchmark_baselines.csv"),
    )
    rows = ["/home/lena/ckpt,helaswag,acc,0.5", "llama2-70b,hellaswag,acc,0.4", "llama-2-70b,arc_easy,acc,0.4"]
    (local / "a.csv").write_text(CSV + "\n".join(rows) + "\n")
    main(["import", str(local / "a.csv")])
    text = capsys.readouterr().out
    assert "2 names in 2 runs" in text and "python -m lib alias" in text
    assert "/home/lena/ckpt\n" in text and "llama2-70b (did you mean llama-2-70b" in text
    assert "1 benchmark is" in text and "helaswag (did you mean hellaswag?)" in text and "arc_easy" not in text
    assert len(text.splitlines()) < 12
    again = told(capsys, "import", str(local / "a.csv"))
    assert [one["name"] for one in again["waiting"]] == ["/home/lena/ckpt", "llama2-70b"]
    assert again["new_benchmarks"] == [{"name": "helaswag", "similar": ["hellaswag"]}]
    # Known by now: said no more, and never guessed before.
    told(capsys, "alias", "llama2-70b", "llama-2-70b")
    assert [one["name"] for one in told(capsys, "import", str(local / "a.csv"))["waiting"]] == ["/home/lena/ckpt"]


def test_many_unknown_names_are_counted(local: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"run {n},bench {n},acc,0.5" for n in range(40)]
    (local / "a.csv").write_text(CSV + "\n".join(rows) + "\n")
    main(["import", str(local / "a.csv")])
    text = capsys.readouterr().out
    assert "40 names in 40 runs" in text and "40 benchmarks are" in text and "and 35 more" in text
    assert len(text.splitlines()) < 20
