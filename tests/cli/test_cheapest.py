"""`cheapest` from the command line: the numbers of the page, any known spelling, refusals that help."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.cli import main
from tests.conftest import Fill
from tests.ui.stores import fill_small


@pytest.fixture(scope="module")
def store(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_small)


def run(store: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setenv("P4P_DATA_DIR", str(store))
    return main(["cheapest", *arguments])


def test_json_names_the_headline_and_every_candidate(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(store, monkeypatch, "--like", "meta-llama/Llama-2-70b-hf", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["question"]["like"] == "llama-2-70b" and told["question"]["margin"] == 0.02
    assert told["headline"]["model"] == "qwen2.5-32b" and told["headline"]["p_holm"] <= 0.05
    counts = told["counts"]
    assert counts["candidates"] == len(told["candidates"]) > 150
    assert counts["PASS"] + counts["FAIL"] + counts["TOO FEW DATA"] + counts["no_verdict"] == counts["candidates"]
    best = next(one for one in told["candidates"] if one["model"] == "qwen2.5-32b")
    assert best["holds"] and best["verdict"] == "PASS" and len(best["tests"]) == 6
    assert best["p"] == max(one["p"] for one in best["tests"])
    assert told["protocol"]["key"] and "Open LLM Leaderboard v2" in told["protocol"]["label"]


def test_spellings_tasks_and_levels(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = []
    for alpha in ("0.05", "0.001"):
        wanted = (
            "--like",
            "Llama 2 70B",
            "--tasks",
            "MMLU-Pro",
            "musr",
            "--margin",
            "0.05",
            "--alpha",
            alpha,
            "--json",
        )
        assert run(store, monkeypatch, *wanted) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["question"]["tasks"] == ["mmlu_pro", "musr"] and told["question"]["alpha"] == float(alpha)
        sizes.append(told["counts"]["PASS"])
        for one in told["candidates"]:
            if one["verdict"] == "PASS":
                assert one["p"] < float(alpha) and one["lower"] > -0.05
    assert sizes[0] > sizes[1] > 0
    assert run(store, monkeypatch, "--like", "llama-2-70b", "--tasks", "ability:reasoning", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)["question"]["tasks"]) == {"bbh", "musr"}


def test_text_and_money(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, monkeypatch, "--like", "llama-2-70b") == 0
    out = capsys.readouterr().out
    assert out.startswith("Of ") and "Qwen2.5 32B" in out and "holds" in out
    assert run(store, monkeypatch, "--like", "llama-3.1-70b-instruct", "--by", "money", "--tasks", "mmlu_pro", "--json") == 0  # fmt: skip
    told = json.loads(capsys.readouterr().out)
    assert all(one["price"]["seen_on"] and one["price"]["usd_per_mtok"] == one["cost"] for one in told["candidates"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--like", "llama-2-70"), "no such model"),
        (("--like", "qwen2.5-32c"), "near: qwen2.5-32b"),
        (("--like", "llama-2-70b", "--tasks", "mmlu_prro"), "near: mmlu_pro"),
        (("--like", "llama-2-70b", "--tasks", "ability:poetry"), "ability:knowledge"),
        (("--like", "llama-2-70b", "--margin", "2"), "above 0 and below 1"),
        (("--like", "llama-2-70b", "--alpha", "0.5"), "below 0.5"),
        (("--like", "claude-3-opus", "--tasks", "mmlu"), "size of this model is not known"),
        (("--like", "gpt-2-xl", "--by", "money"), "list price of this model is not known"),
    ],
)
def test_refusals_say_what_would_do(
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    assert run(store, monkeypatch, *arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err and not captured.out
