"""One job through the child against bare ``lm_eval run`` with the same arguments: CPU seconds of all processes, in pairs."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from bench.report import Line
from lib.evals.attempt import Attempt
from lib.evals.spec import JobSpec
from lib.settings import ROOT, read_settings
from tests.evals.questions import configs, job_of
from tests.evals.tiny_model import make_tiny_model

N_QUESTIONS = 400
BATCH = 16
ROUNDS = 5
ENV = {
    **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
AIM = 1.03


def measure(rounds: int = ROUNDS) -> list[Line]:
    """Multiple choice of a model of 0.2M parameters on one thread, in turns; medians of the ratios decide.

    The floor with the index is what a person runs. The one without it, which lm-eval does not offer, is the same work alone.
    """
    with tempfile.TemporaryDirectory(prefix="p4p-bench-") as name:
        folder = Path(name)
        own = configs(folder / "data", n=N_QUESTIONS)["own_choices"]
        model = make_tiny_model(folder / "model", width=64, layers=3)
        task = folder / "own_choices.yaml"
        task.write_text(yaml.safe_dump(own), encoding="utf-8")
        arguments = [
            *("--model", "hf", "--model_args", f"pretrained={model}", "--tasks", str(task), "--batch_size", str(BATCH)),
            *("--device", "cpu", "--log_samples", "--output_path", str(folder / "bare")),
        ]
        whole = [sys.executable, "-m", "lm_eval", "run", *arguments]
        alone = [sys.executable, "-m", "tests.evals.bare", json.dumps([arguments])]
        ways: dict[str, Callable[[int], None]] = {
            "child": lambda i: _through_child(model, own, folder / f"job-{i}"),
            "whole": lambda i: _bare(whole),
            "alone": lambda i: _bare(alone),
        }
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for i in range(-1, rounds):  # the first round fills the caches of files and is not counted
            for way in (list(ways) * 2)[i % len(ways) :][: len(ways)]:
                seconds = _cpu(lambda way=way, i=i: ways[way](i))  # type: ignore[misc]
                if i >= 0:
                    taken[way].append(seconds)
    return [_line(taken, "whole", 1.0, "bare lm_eval run"), _line(taken, "alone", AIM, "the same without its index")]


def _line(taken: dict[str, list[float]], floor: str, aim: float, words: str) -> Line:
    """The ratio is the median of the rounds' ratios, so both figures come from the same moments."""
    ratio = statistics.median(a / b for a, b in zip(taken["child"], taken[floor], strict=True))
    middle = statistics.median(taken[floor])
    return Line(f"CPU of a job of one task  [{words}]", ratio * middle, middle, aim)


def _through_child(model: Path, own: dict[str, Any], folder: Path) -> None:
    spec = JobSpec(
        backend="hf",
        tasks=("own_choices",),
        model_args={"pretrained": str(model)},
        batch_size=BATCH,
        device="cpu",
    )
    attempt = Attempt(
        job_of(spec),
        folder=folder,
        settings=read_settings({"P4P_DATA_DIR": str(folder)}),
        on_progress=lambda event: None,
        is_wanted=lambda: True,
        config_of=lambda name, _: own,
        env=ENV,
    )
    attempt.run_task(0)
    attempt.close()


def _bare(command: list[str]) -> None:
    subprocess.run(command, env=ENV, cwd=ROOT, check=True, capture_output=True)


def _cpu(work: Callable[[], None]) -> float:
    """User and system seconds of this process and all that it waited for."""
    before = _spent()
    work()
    return _spent() - before


def _spent() -> float:
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found)
