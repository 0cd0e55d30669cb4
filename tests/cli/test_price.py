"""`price` from the command line: entered, marked, refused with a reason, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from tests.ui.stores import fill_one_model


def test_own_prices_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_one_model(tmp_path)
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))

    def told(*arguments: str) -> Any:
        code = main(["price", *arguments, "--json"])
        out = capsys.readouterr().out
        return json.loads(out)["own_prices"] if code == 0 else code

    assert told() == []
    (mine,) = told("alpha-7b", "--input", "1", "--output", "2.5", "--host", "my cloud")
    assert (mine["model"], mine["provider"], mine["output_usd_per_mtok"]) == ("alpha-7b", "my cloud", 2.5)
    assert mine["cached_input_usd_per_mtok"] is None and mine["entered_on"] == "2026-11-21"
    for refused in (
        ("alpha-7b", "--input=-1", "--output", "2"),
        ("alpha-7b", "--input", "1"),
        ("nobody", "--input", "1", "--output", "1"),
        ("alpha-7b", "--remove"),
    ):
        assert told(*refused) not in (0, [])
    assert main(["price"]) == 0 and "my cloud" in capsys.readouterr().out
    assert told("alpha-7b", "--remove", "--host", "my cloud") == []
