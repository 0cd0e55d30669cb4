"""`compare A B`: the same verdicts as the page, any spelling, and refusals that name what was nearly meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.cli import main
from lib.settings import ROOT, SETTINGS, read_settings
from lib.sources.ingest import ingest
from lib.store.db import open_store
from lib.store.frames import FrameCache
from tests.conftest import Fill
from tests.ui.stores import fill_small


@pytest.fixture(scope="module")
def folder(filled_copy: Callable[[Fill], Path]) -> Path:
    """Catalogue, the board, and logs of single questions of three models."""
    made = filled_copy(fill_small)
    settings = read_settings({"P4P_DATA_DIR": str(made), "P4P_FILL": "0"})
    store = open_store(settings)
    logs = ROOT / "data/lm-eval-samples/lm-eval-2024-llama2-mistral-writeout.zip"
    ingest(store, [logs], settings=settings, shipped=True)
    store.close()
    return made


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Exit code, standard output (as JSON with --json) and standard error of a command."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("P4P_DATA_DIR", str(folder))
    monkeypatch.setenv("P4P_FILL", "0")

    def called(*arguments: str) -> tuple[int, Any, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, json.loads(out) if "--json" in arguments and out else out, err

    return called


def test_golden_pair_of_the_leaderboard(call: Any) -> None:
    code, told, _ = call("compare", "qwen2.5-7b-instruct", "Llama 2 70B Chat", "--json")
    assert code == 0
    assert (told["a"]["id"], told["b"]["id"]) == ("qwen2.5-7b-instruct", "llama-2-70b-chat")
    rows = {row["benchmark"]: row for row in told["tasks"]}
    expected = {"math_lvl5": 47.1, "ifeval": 26.3, "bbh": 23.5, "mmlu_pro": 18.5, "musr": 3.3, "gpqa": 2.7}
    for benchmark, points in expected.items():
        row = rows[benchmark]
        assert 100 * row["difference"] == pytest.approx(points, abs=0.06)
        assert row["interval"][0] < row["difference"] < row["interval"][1]
        assert row["verdict"] == ("A better" if points > 5 else "too few data")
        assert row["smallest_detectable_difference"] > 0 and row["items_needed"] > 0
        assert row["pairing"] == "ignores pairing" and row["p"] <= row["p_holm"]
        assert "chat template not stated" in row["differs"] and row["protocol"]["evaluator"]["state"] == "equal"
    assert rows["musr"]["items_needed"] == 9300 and rows["musr"]["needs_more_items_than_there_are"]
    assert told["overall"]["verdict"] == "depends on the task" and told["overall"]["n_tasks"] == 6
    assert told["answer"].startswith("Yes, on 4 of 6 tasks")
    assert rows["math_lvl5"]["n"] == 1324 and isinstance(rows["math_lvl5"]["n"], int)


def test_stored_answers_are_paired(call: Any) -> None:
    code, told, _ = call(
        "compare", "meta-llama/Llama-2-7b-hf", "mistralai/Mistral-7B-v0.1", "--task", "winogrande", "--json"
    )
    assert code == 0
    (row,) = told["tasks"]
    assert (row["only_a"], row["only_b"], row["n"], row["method"]) == (86, 141, 1267, "paired, McNemar mid-p")
    assert row["verdict"] == "B better"
    code, text, _ = call("compare", "llama-2-7b", "mistral-7b-v0.1", "--task", "winogrande")
    assert code == 0 and "B better" in text and "1,267" in text and "McNemar" in text


def test_runs_by_the_beginning_of_their_digest(call: Any, folder: Path) -> None:
    store = open_store(read_settings({"P4P_DATA_DIR": str(folder), "P4P_FILL": "0"}))
    runs = FrameCache(store).frames().runs
    of = runs[runs["evaluator"] == "lm-eval 0.3"].drop_duplicates("model", keep="last")
    store.close()
    digests = [str(one)[:8] for one in of["run"]][:2]
    code, told, _ = call("compare", *digests, "--json")
    assert code == 0
    assert [told["a"]["id"][:8], told["b"]["id"][:8]] == digests
    assert "called" in told["a"]["state"] and told["tasks"]


def test_refusals_name_what_was_nearly_meant(call: Any) -> None:
    code, _, err = call("compare", "qwen25-7b-instuct", "llama-2-70b-chat")
    assert code == 1 and "qwen2.5-7b-instruct" in err
    code, _, err = call("compare", "llama-2-7b", "llama-2-13b", "--task", "winogrnde")
    assert code == 2 and "winogrande" in err
    code, _, err = call("compare", "llama-2-7b", "meta-llama/Llama-2-7b-hf")
    assert code == 1 and "two different" in err
    code, _, err = call("compare", "llama-2-7b", "llama-2-13b", "--measured-by", "nothing")
    assert code == 2 and "lm-eval 0.3" in err


@pytest.mark.parametrize("margin", ["0", "1", "-0.1", "x", "nan"])
def test_a_margin_is_a_fraction(call: Any, margin: str) -> None:
    with pytest.raises(SystemExit):
        call("compare", "a", "b", "--margin", margin)


def test_the_margin_decides_how_many_questions(call: Any) -> None:
    def needed(margin: str) -> dict[str, int]:
        _, told, _ = call("compare", "llama-2-7b", "llama-2-13b", "--json", "--margin", margin)
        return {row["benchmark"]: row["items_needed"] for row in told["tasks"]}

    few, many = needed("0.04"), needed("0.02")
    assert few.keys() == many.keys()
    for name in few:
        assert many[name] == pytest.approx(4 * few[name], rel=0.12)
