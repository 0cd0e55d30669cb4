"""`report`: views and briefs as files, whole or not at all, and refusals that say what is expected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.settings import SETTINGS
from tests.conftest import Fill
from tests.report.reading import Reading
from tests.ui.stores import fill_small


@pytest.fixture(scope="module")
def folder(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_small)


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Exit code, standard output and standard error of a command."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(folder))
    monkeypatch.setenv("P4P_FILL", "0")

    def called(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return called


def test_two_views_with_own_text(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "board.html"
    given = ("--title", "For the <board>", "--text", "Read the second.")
    code, out, err = call("report", "/models?q=qwen", "planner", "-o", str(path), *given, "--json")
    assert code == 0, err
    told = json.loads(out)
    content = path.read_bytes()
    assert told["n_bytes"] == len(content) < 6_000_000
    assert [one["address"] for one in told["views"]] == ["/models?q=qwen", "/planner"]
    text = Reading(content).text
    assert "For the <board>" in text and "Read the second." in text and told["digest"] in text
    assert all(one["title"] in text for one in told["views"])
    assert [one.name for one in tmp_path.iterdir()] == ["board.html"]


def test_a_brief_by_any_name(call: Any, tmp_path: Path) -> None:
    path = tmp_path / "brief.html"
    code, out, err = call(
        "report", "brief", "Llama 3.1 70B Instruct", "qwen2.5-7b-instruct", "-o", str(path), "--static"
    )
    assert code == 0, err
    read = Reading(path.read_bytes())
    assert "Can Llama 3.1 70B Instruct be replaced by Qwen2.5 7B Instruct?" in read.text
    assert not read.scripts and path.stat().st_size < 1_000_000 and "1 view" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), "no such page"),
        (("brief", "qwen2.5-7b"), "a brief is about two models"),
        (("brief", "qwen2.5-7b", "nobody of this name"), "neither a model nor"),
        (("brief", "qwen2.5-7b", "qwen2.5-7b"), "two different models"),
        (("brief", "qwen2.5-7b", "qwen2.5-14b", "--margin", "0"), "not a margin"),
    ],
)
def test_refusals_leave_no_file(call: Any, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, _, err = call("report", *arguments, "-o", str(tmp_path / "x.html"))
    assert code != 0 and said in err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(call: Any, tmp_path: Path) -> None:
    code, _, err = call("report", "models", "-o", str(tmp_path / "no" / "x.html"))
    assert code == 2 and "cannot write there" in err
