"""`cost train`, `cost tune` and `cost breakeven`: the planner's numbers, and refusals that name the option."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.cli import main
from tests.conftest import Fill
from tests.ui.stores import fill_small


@pytest.fixture(scope="module")
def shipped(filled_copy: Callable[[Fill], Path]) -> Path:
    return filled_copy(fill_small)


@pytest.fixture
def command(shipped: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("P4P_DATA_DIR", str(shipped))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["cost", *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def test_train(command) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command("train", "--size", "7B", "--served", "10T", "--json")
    told = json.loads(out)
    assert code == 0 and told["asked"]["mfu"] == 0.35 and told["hardware"]["id"] == "h100-sxm"
    best, aware = told["plans"][:2]
    assert best["tokens"] == pytest.approx(144408281578.4) and aware["params"] == pytest.approx(2056764609.08, rel=1e-5)
    assert best["usd"] == pytest.approx(6 * 7e9 * best["tokens"] / (3600 * 989.4e12 * 0.35) * 2.95)
    assert told["text"][0]["epochs"] == 1
    code, out, _ = command("train", "--budget", "$1M", "--hardware", "a100-80gb-sxm")
    assert code == 0 and "For $1,000,000 on NVIDIA A100 SXM4 80GB" in out and "Chinchilla" in out


def test_training_emissions_follow_the_grid(command) -> None:  # type: ignore[no-untyped-def]
    def first(*more: str) -> tuple[dict, dict]:  # type: ignore[type-arg]
        told = json.loads(command("train", "--size", "7B", "--json", *more)[1])
        return told["plans"][0], told["grid"]

    for more, kg, words in (
        ((), 0.45829, "World (EcoLogits"),
        (("--zone", "fra"), 0.04144, "France (EcoLogits"),
        (("--zone", "FRA", "--carbon", "0.1"), 0.1, "your own number"),
    ):
        plan, grid = first(*more)
        assert plan["tco2e"] == pytest.approx(plan["kwh"] * kg / 1000) and words in grid["told"]
    assert "emissions: 0.0414 kg CO2e per kWh: France" in command("train", "--size", "7B", "--zone", "FRA")[1]


def test_tune(command) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command(
        "tune", "llama-2-7b", "--devices", "2", "--rank", "64", "--each", "4", "--tuned", "2097152", "--json"
    )
    told = json.loads(out)
    ways = {one["way"]: one for one in told["ways"]}
    assert code == 0 and ways["lora"]["verdict"] == "fits" and ways["full"]["verdict"] == "does not fit"
    assert 437 < ways["lora"]["seconds"] < 550 and told["fewest_devices_full"] == 8
    code, out, _ = command("tune", "llama-2-70b", "--hardware", "a100-80gb-sxm")
    assert code == 0 and "QLoRA fits" in out


def test_breakeven(command) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = command(
        "breakeven", "llama-3.1-8b-instruct", "--against", "llama-3.1-70b-instruct", "--requests", "3M", "--json"
    )
    told = json.loads(out)
    assert code == 0 and told["quality"]["verdict"] == "FAIL" and len(told["quality"]["tests"]) == 6
    bill = told["bill"]
    assert bill["api_usd_per_month"] == pytest.approx(3e6 * 1300 * told["price"]["usd"] / 1e6)
    assert bill["own_usd_per_month"] == pytest.approx(bill["replicas"] * 2.95 * 730)
    assert told["price"]["seen_on"] in told["said"] or "list price seen on" in told["said"]
    code, out, _ = command(
        "breakeven", "llama-3.1-8b-instruct", "--against", "llama-3.1-70b-instruct", "--tasks", "mmlu_pro"
    )
    assert code == 0 and "compares money only" in out and "MMLU-Pro" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--size", "8GB"), "another unit at --size"),
        (("train", "--size", "8B", "--zone", "Atlantis"), "no carbon intensity is known at --zone"),
        (("train", "--size", "8B", "--mfu", "0"), "at --mfu"),
        (("train", "--budget", "$1e12"), "at --budget"),
        (("train", "--data", "1T", "--hardware", "zz"), "no such hardware in the store at --hardware"),
        (("train", "--data", "1T", "--hardware", "apple-m4"), "no matrix rate"),
        (("tune", "nobody-knows-this"), "no such model"),
        (("tune", "deepseek-v3"), "adapters cannot be counted"),
        (("tune", "llama-2-7b", "--devices", "-1"), "at --devices"),
        (("breakeven", "llama-3.1-8b", "--against", "nobody-knows-this"), "at --against"),
        (
            ("breakeven", "llama-3.1-8b", "--against", "llama-3.1-70b-instruct", "--cached", "9,999"),
            "part of the input at --cached",
        ),
        (("breakeven", "llama-3.1-70b", "--against", "llama-3.1-70b-instruct"), "the weights do not fit at --gpus"),
        (("breakeven", "llama-3.1-8b", "--against", "llama-3.1-70b-instruct", "--margin", "2"), "at --margin"),
        (("breakeven", "llama-3.1-8b", "--against", "llama-3.1-70b-instruct", "--tasks", "zz"), "at --tasks"),
    ],
)
def test_refusals_name_the_option(command, arguments: tuple[str, ...], said: str) -> None:  # type: ignore[no-untyped-def]
    code, out, err = command(*arguments)
    assert code in (1, 2) and not out and said in err, err


def test_an_empty_store_has_the_shipped_laws(command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("P4P_DATA_DIR", str(tmp_path))
    code, out, _ = command("train", "--size", "7B", "--json")
    assert code == 0 and len(json.loads(out)["plans"]) >= 4
    code, _, err = command("breakeven", "llama-3.1-8b", "--against", "llama-3.1-70b-instruct")
    assert code in (1, 2) and "refused" in err
