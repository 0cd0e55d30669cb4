"""The job from standard input, task after task with one model, until the input ends."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from . import results, tasks
from .events import Wire, mask_log, secrets_of_environment
from .failures import Failure, explained
from .kept import Kept
from .loading import Loaded, load, versions
from .resources import Energy, peak_memory_bytes

SEEDS = 2**32
"""NumPy takes no larger seed."""


def main() -> None:
    """Run; ends the process. An exception anywhere is told as an event, with its traceback in the log."""
    masked = secrets_of_environment()
    mask_log(masked)
    wire = Wire(int(os.environ["P4P_EVENTS_FD"]), masked)
    sys.excepthook = _last_words(wire)
    job = json.loads(sys.stdin.readline())
    found = versions()
    wire.send("started", versions=found)
    if "lm_eval" not in found:
        raise Failure("packages", f"lm-eval is not installed for {sys.executable}: python -m pip install lm-eval[api]")
    _quieten()
    loaded = load(job, wire.send, masked)
    wire.send(
        "loaded", seconds=loaded.seconds, model=results.without_places(loaded.info), model_bytes=loaded.model_bytes
    )
    for line in sys.stdin:
        if line.strip():
            run_task(job, json.loads(line), loaded, wire)
    wire.send("bye")
    _end(0)


def run_task(job: Mapping[str, Any], line: Mapping[str, Any], loaded: Loaded, wire: Wire) -> None:
    """One task into its folder, unless it is finished there.

    Args:
        job: What was asked for.
        line: ``task``, ``out`` (folder), ``kept`` (file of kept answers), ``position``, ``repeat``, and ``config`` or ``yaml``.
        loaded: The model.
        wire: To the worker.
    """
    out, kept = Path(line["out"]), Path(line["kept"])
    if (out / results.DONE).exists():
        wire.send("kept", task=line["task"])
        return
    shutil.rmtree(out, ignore_errors=True)
    wire.send("task", task=line["task"], position=line.get("position"))
    start = time.monotonic()
    loaded.meter.reset(Kept(kept))
    loaded.device.begin()
    if hasattr(loaded.lm, "take_task"):  # a model of ours that learns from the task's worked examples
        loaded.lm.take_task(line.get("config") or {"task": line["task"]})
    energy = Energy() if loaded.device.name else None
    tracker, found = _evaluated(job, line, loaded)
    measured = _measured(loaded, energy)
    identity = getattr(loaded.lm, "identity", None)
    results.save(tracker, found, job["backend"], {line["task"]: measured}, model_name=identity)
    loaded.meter.reset(None)
    kept.unlink()
    wire.send("finished", task=line["task"], seconds=time.monotonic() - start, measured=measured)


def _evaluated(job: Mapping[str, Any], line: Mapping[str, Any], loaded: Loaded) -> tuple[Any, dict[str, Any]]:
    """lm-eval's writer and results of one task, asked exactly as ``lm_eval run`` would ask it alone."""
    from lm_eval import simple_evaluate
    from lm_eval.loggers import EvaluationTracker

    repeat = int(line.get("repeat") or 0)
    python, numpy, torch, fewshot = ((seed + repeat) % SEEDS for seed in job["seeds"])
    model_args = _of_repeat(dict(job["model_args"]), loaded.lm, repeat)
    if hasattr(loaded.lm, "take_task"):  # what was learned from this task is a model of its own
        model_args["model"] = loaded.lm.identity
    task, manager = tasks.described(line, model_args)
    tracker = EvaluationTracker(output_path=line["out"])
    found = simple_evaluate(
        model=loaded.lm,
        model_args=model_args,
        tasks=[task],
        task_manager=manager,
        evaluation_tracker=tracker,
        log_samples=True,
        num_fewshot=job["num_fewshot"],
        batch_size=job["batch_size"],
        device=job["device"],
        limit=job["limit"],
        system_instruction=job["system_instruction"],
        apply_chat_template=job["apply_chat_template"],
        fewshot_as_multiturn=job["fewshot_as_multiturn"],
        gen_kwargs=dict(job["gen_kwargs"]),
        random_seed=python,
        numpy_random_seed=numpy,
        torch_random_seed=torch,
        fewshot_random_seed=fewshot,
        metadata=model_args,
    )
    if found is None:
        raise Failure("error", "lm-eval returned no results: is this one of several processes?")
    return tracker, found


def _of_repeat(model_args: dict[str, Any], lm: Any, repeat: int) -> dict[str, Any]:
    """Endpoints are sent a seed with every request: it too is one higher for each repeat."""
    if repeat and hasattr(lm, "_seed"):
        first = int(model_args.get("seed", 1234))
        lm._seed = model_args["seed"] = first + repeat
    return model_args


def _measured(loaded: Loaded, energy: Energy | None) -> dict[str, Any]:
    """What the task took; None where it cannot be told."""
    meter = loaded.meter
    return {
        "n_requests": meter.n_requests,
        **meter.tokens(),
        "seconds": meter.seconds,
        "load_seconds": loaded.seconds,
        "peak_memory_bytes": peak_memory_bytes() if loaded.device.name else None,
        "device_memory_bytes": loaded.device.memory_bytes(),
        "energy_wh": energy.wh() if energy is not None else None,
        "cost_usd": meter.cost_usd(),
        "model_bytes": loaded.model_bytes,
        "fit_seconds": None,
        "device": loaded.device.label,
        "is_resumed": meter.is_resumed,
        **(loaded.lm.measured() if hasattr(loaded.lm, "measured") else {}),
    }


def _quieten() -> None:
    """lm-eval's log as its command writes it; no questions to the system about hardware and packages after each task."""
    import lm_eval.evaluator
    from lm_eval.utils import setup_logging

    setup_logging("INFO")
    found = versions()

    def add_versions(results: dict[str, Any]) -> None:
        results["lm_eval_version"] = found["lm_eval"]
        results["transformers_version"] = found.get("transformers", "N/A")

    lm_eval.evaluator.add_env_info = add_versions
    lm_eval.evaluator.get_git_commit_hash = lambda: None


def _last_words(wire: Wire) -> Any:
    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        failure = explained(error)
        wire.send("failed", kind=failure.kind, message=failure.message, is_retryable=failure.is_retryable)
        _end(1)

    return tell


def _end(status: int) -> None:
    """At once: what is loaded takes seconds to take down, and everything is on disk."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
