"""Installs what evaluating weights on this machine needs (`make local-models`), with the right build of PyTorch.

On Linux with an x86-64 processor the package index holds PyTorch for NVIDIA GPUs only, a download of 2.7 GB. The build
for CPUs (0.2 GB) is taken from wherever pip is already told to look, else from PyTorch's own index, which is asked for
that one package and nothing else. Nobody is given 2.7 GB without having been asked. This module runs before anything
is installed, so it needs the standard library only.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements-local-models.txt"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
WAIT_S = 8.0
"""How long PyTorch's index may take to answer before it counts as out of reach."""
Build = Literal["kept", "found", "index", "plain", "cuda", "none"]
ASKED = ("", "cpu", "cuda", "none")


@dataclass(frozen=True, slots=True)
class Machine:
    """What the choice depends on. The two questions are asked only where the answer matters, since they take seconds.

    Args:
        installed: Version of PyTorch in this environment, or None.
        is_linux_x86: Only there the package index has no build for CPUs.
        has_gpu: Whether an NVIDIA driver answers.
        offers_cpu: Whether pip, as it is set up here, finds a build for CPUs.
        reaches_index: Whether PyTorch's own index answers.
        agrees: Asks a person; None where nobody is there to answer.
    """

    installed: str | None
    is_linux_x86: bool
    has_gpu: bool
    offers_cpu: Callable[[], bool]
    reaches_index: Callable[[], bool]
    agrees: Callable[[str], bool] | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which build, and the sentence that says why. ``none`` with a way out in ``why`` is a refusal."""

    build: Build
    why: str


BIG = "about 2.7 GB"
WAYS_OUT = (
    "`TORCH=cuda` takes that one; or put a CPU wheel of the pinned version into a folder and name it in PIP_FIND_LINKS; "
    "or name a Python that has lm-eval and PyTorch in P4P_EVAL_PYTHON"
)


def choose(machine: Machine, version: str, asked: str, *, for_tests: bool) -> Choice:
    """Which build of PyTorch to install.

    Args:
        version: The pinned one, without a local part.
        asked: ``cpu``, ``cuda``, ``none``, or empty to decide.
        for_tests: The tests need no GPU, and do without PyTorch rather than be refused.
    """
    if asked == "none":
        return Choice("none", "PyTorch was not wanted (TORCH=none)")
    if machine.installed and machine.installed.split("+")[0] == version and not _is_other_build(machine, asked):
        return Choice("kept", f"PyTorch {machine.installed} is there")
    if not machine.is_linux_x86:
        return Choice("plain", "PyTorch as the package index has it for this system (0.1 to 0.5 GB)")
    if asked == "cuda":
        return Choice("cuda", f"PyTorch for NVIDIA GPUs, {BIG}, as asked")
    if machine.has_gpu and not asked and not for_tests:
        question = f"An NVIDIA GPU was found. PyTorch for it is a download of {BIG}"
        if machine.agrees is None:
            return Choice("none", f"{question}: say `TORCH=cuda` to take it, `TORCH=cpu` for the small one")
        if machine.agrees(f"{question}. Take it? (No: the one for CPUs, 0.2 GB) [y/N] "):
            return Choice("cuda", f"PyTorch for NVIDIA GPUs, {BIG}, as answered")
    if machine.offers_cpu():
        return Choice("found", "PyTorch for CPUs, from where pip looks already")
    if machine.reaches_index():
        return Choice("index", f"PyTorch for CPUs (0.2 GB) from {CPU_INDEX}")
    reason = f"No CPU build of PyTorch {version} is in reach ({CPU_INDEX} does not answer), and the other is {BIG}"
    if machine.agrees is not None and asked != "cpu" and machine.agrees(f"{reason}. Take that? [y/N] "):
        return Choice("cuda", f"PyTorch for NVIDIA GPUs, {BIG}, as answered")
    return Choice("none", f"{reason}. {WAYS_OUT}")


def _is_other_build(machine: Machine, asked: str) -> bool:
    """Whether what is installed is the build that was not asked for."""
    is_cpu = "+cpu" in (machine.installed or "")
    return machine.is_linux_x86 and ((asked == "cuda" and is_cpu) or (asked == "cpu" and not is_cpu))


def torch_command(choice: Choice, version: str) -> list[str]:
    """pip's arguments for PyTorch alone; empty where the requirements file brings it, or nothing does.

    What it depends on comes with the requirements file, from the ordinary index: ``--no-deps`` keeps PyTorch's index out
    of that.
    """
    if choice.build == "found":
        return ["--no-deps", f"torch=={version}+cpu"]
    if choice.build == "index":
        return ["--no-deps", "--index-url", CPU_INDEX, f"torch=={version}+cpu"]
    if choice.build == "cuda":
        # Three equal signs: the public version and no local one, even where a CPU build is in reach too.
        return [f"torch==={version}"]
    return []


def pinned(requirements: str, name: str) -> str:
    """The version of a package that a requirements file pins.

    Raises:
        KeyError: If it does not.
    """
    for line in requirements.splitlines():
        if line.startswith(f"{name}=="):
            return line.split("==", 1)[1].split()[0]
    raise KeyError(name)


def this_machine(version: str) -> Machine:
    """The machine that this runs on."""
    try:
        installed: str | None = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        installed = None
    return Machine(
        installed=installed,
        is_linux_x86=sys.platform == "linux" and platform.machine() in {"x86_64", "AMD64"},
        has_gpu=_has_gpu(),
        offers_cpu=lambda: f"{version}+cpu" in _versions_that_pip_finds(),
        reaches_index=lambda: _answers(f"{CPU_INDEX}/torch/"),
        agrees=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )


def _has_gpu() -> bool:
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        return subprocess.run([program, "-L"], capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _pip(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]


def _versions_that_pip_finds() -> set[str]:
    """Versions of PyTorch that pip finds with its own settings (index, further indexes, folders). Nothing is fetched."""
    answer = subprocess.run(_pip("index", "versions", "torch"), capture_output=True, text=True, check=False)
    return {part.strip() for line in answer.stdout.splitlines() for part in line.split(":")[-1].split(",")}


def _answers(address: str) -> bool:
    """Whether an address answers in a few seconds, whatever the name server does."""
    answered: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=WAIT_S) as page:
                answered.append(page.status == 200)
        except (urllib.error.URLError, TimeoutError, OSError, ValueError):
            answered.append(False)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(WAIT_S)
    return bool(answered and answered[0])


def _ask(question: str) -> bool:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Install; 0 if all is there (or the tests can do without), 1 if nothing was installed and why was said."""
    parser = argparse.ArgumentParser(prog="python -m lib.set_up", description=__doc__)
    parser.add_argument("--for-tests", action="store_true", help="do without PyTorch rather than stop")
    options = parser.parse_args(arguments)
    asked = os.environ.get("TORCH", "")
    if asked not in ASKED:
        _say(f"TORCH is cpu, cuda or none, not {asked!r}.")
        return 2
    version = pinned(REQUIREMENTS.read_text(encoding="utf-8"), "torch")
    choice = choose(this_machine(version), version, asked, for_tests=options.for_tests)
    _say(choice.why + ".")
    if choice.build == "none":
        if options.for_tests:
            _say("Going on without: tests that need PyTorch are skipped, and say so.")
        return 0 if options.for_tests else 1
    commands = [_pip("install", "--quiet", "--no-compile", *more) for more in [torch_command(choice, version)] if more]
    commands.append(_pip("install", "--quiet", "--no-compile", "-r", str(REQUIREMENTS)))
    for command in commands:
        ended = subprocess.run(command, check=False)
        if ended.returncode:
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
