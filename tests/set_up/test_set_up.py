"""Which build of PyTorch `make local-models` installs: never 2.7 GB without a yes, never a long wait."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from lib import set_up
from lib.set_up import Machine, choose, pinned, torch_command

ROOT = Path(__file__).resolve().parents[2]
VERSION = "2.13.0"


def machine(**given: Any) -> Machine:
    facts: dict[str, Any] = {
        "installed": None,
        "is_linux_x86": True,
        "has_gpu": False,
        "offers_cpu": lambda: False,
        "reaches_index": lambda: False,
        "agrees": None,
    }
    return Machine(**(facts | given))


def never(*_: object) -> bool:
    raise AssertionError("asked although the answer does not matter")


def says(answer: bool) -> Callable[..., bool]:
    return lambda *_: answer


@pytest.mark.parametrize(
    ("given", "asked", "for_tests", "build"),
    [
        ({"installed": "2.13.0+cpu", "offers_cpu": never, "reaches_index": never, "agrees": never}, "", False, "kept"),
        ({"installed": "2.13.0+cpu"}, "cuda", False, "cuda"),
        ({"installed": "2.12.0+cpu", "offers_cpu": says(True)}, "", False, "found"),
        ({"offers_cpu": says(True), "reaches_index": never}, "", False, "found"),
        ({"reaches_index": says(True), "agrees": never}, "", False, "index"),
        ({"is_linux_x86": False, "offers_cpu": never, "reaches_index": never}, "", False, "plain"),
        ({"has_gpu": True, "agrees": says(True)}, "", False, "cuda"),
        ({"has_gpu": True, "agrees": says(False), "offers_cpu": says(True)}, "", False, "found"),
        ({"has_gpu": True, "offers_cpu": says(True)}, "", False, "none"),
        ({"has_gpu": True, "offers_cpu": says(True), "agrees": never}, "", True, "found"),
        ({"has_gpu": True, "offers_cpu": says(True), "agrees": never}, "cpu", False, "found"),
        ({"agrees": says(True)}, "", False, "cuda"),
        ({"agrees": says(False)}, "", False, "none"),
        ({}, "", False, "none"),
        ({"agrees": never}, "cpu", False, "none"),
        ({"agrees": never, "offers_cpu": never}, "none", True, "none"),
    ],
)
def test_the_build(given: dict[str, Any], asked: str, for_tests: bool, build: str) -> None:
    assert choose(machine(**given), VERSION, asked, for_tests=for_tests).build == build


def test_the_large_download_needs_a_yes() -> None:
    """Over every machine: CUDA only where it was asked for by name, or a person answered."""
    flags = (False, True)
    for gpu, offers, reaches, for_tests in itertools.product(flags, repeat=4):
        for asked in ("", "cpu", "none"):
            given = machine(has_gpu=gpu, offers_cpu=says(offers), reaches_index=says(reaches))
            choice = choose(given, VERSION, asked, for_tests=for_tests)
            assert choice.build in {"found", "index", "none"}
            if choice.build == "none" and asked != "none":
                assert "2.7 GB" in choice.why and "TORCH=cuda" in choice.why


def test_the_index_is_asked_for_pytorch_alone() -> None:
    command = torch_command(set_up.Choice("index", ""), VERSION)
    assert command == ["--no-deps", "--index-url", set_up.CPU_INDEX, "torch==2.13.0+cpu"]
    assert torch_command(set_up.Choice("plain", ""), VERSION) == torch_command(set_up.Choice("kept", ""), VERSION) == []


def test_the_build_for_gpus_is_not_met_by_one_for_cpus() -> None:
    [requirement] = torch_command(set_up.Choice("cuda", ""), VERSION)
    cuda = SpecifierSet(requirement.removeprefix("torch"))
    assert VERSION in cuda and f"{VERSION}+cpu" not in cuda
    # What the requirements file pins is met by either, so that installing it afterwards changes nothing.
    plain = SpecifierSet(f"=={pinned(set_up.REQUIREMENTS.read_text(), 'torch')}")
    assert VERSION in plain and f"{VERSION}+cpu" in plain


def test_a_package_that_is_not_pinned() -> None:
    with pytest.raises(KeyError):
        pinned("torchvision==1.0\n", "torch")


def test_an_address_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_up, "WAIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert not set_up._answers(f"http://127.0.0.1:{silent.getsockname()[1]}/torch/")
    assert not set_up._answers("http://127.0.0.1:1/torch/")
    assert not set_up._answers("no address")


def test_it_runs_before_anything_is_installed() -> None:
    """In an interpreter that sees no installed package: its help, and a refusal of a build that does not exist."""
    command = [sys.executable, "-S", "-m", "lib.set_up"]
    helped = subprocess.run([*command, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert helped.returncode == 0 and "for-tests" in helped.stdout, helped.stderr
    refused = subprocess.run(command, cwd=ROOT, env={"TORCH": "gpu"}, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "TORCH is cpu, cuda or none" in refused.stderr
