"""Stands in for the program that runs lm-eval: same pipes, same folders, no model. ``python fake_child.py JOURNAL``.

Standard input: the job as JSON, then a line per task. Of ``model_args``: ``seconds`` a task takes, ``family`` (starts two
processes that ignore being asked to end, one in a session of its own), ``deadly`` (kills the worker), ``dies`` (kills itself
in the middle of each task, this often altogether), ``fails`` (a failure in words, from task ``fails_at`` on). JOURNAL gets a line for each beginning and
end: ``begin|end JOB POSITION PID TIME``. A task leaves a results file whose score tells its position.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"


def main() -> None:
    journal = Path(sys.argv[1])
    wire = os.fdopen(int(os.environ["P4P_EVENTS_FD"]), "w")

    def tell(event: str, **fields: Any) -> None:
        wire.write(json.dumps({"event": event, **fields}) + "\n")
        wire.flush()

    job = json.loads(sys.stdin.readline())
    asked = job["model_args"]
    if asked.get("family"):
        for is_apart in (False, True):
            started = subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=is_apart)
            note(journal, "family", job["id"], 0, started.pid)
    for line in sys.stdin:
        task = json.loads(line)
        note(journal, "begin", job["id"], task["position"])
        run(job, task, asked, tell, journal)
        note(journal, "end", job["id"], task["position"])
        tell("finished", task=task["task"])
    tell("bye")


def run(job: dict[str, Any], task: dict[str, Any], asked: dict[str, Any], tell: Any, journal: Path) -> None:
    steps = 10
    for step in range(1, steps + 1):
        time.sleep(float(asked.get("seconds", 0.1)) / steps)
        print(f"{task['task']} {step}", flush=True)
        tell("progress", n_done=step, n_requests=steps, request_type="loglikelihood", tokens_in=7 * step, n_empty=0)
        if step == 5 and asked.get("deadly"):
            os.kill(int(os.environ["WORKER_PID"]), signal.SIGKILL)
            time.sleep(60)
        if step == 5 and journal.read_text().count("dies") < asked.get("dies", 0):
            note(journal, "dies", job["id"], task["position"])
            os.kill(os.getpid(), signal.SIGKILL)
    if asked.get("fails") and task["position"] >= asked.get("fails_at", 0):
        tell("failed", message=str(asked["fails"]), is_retryable=False)
        time.sleep(60)
    out = Path(task["out"])
    out.mkdir(parents=True, exist_ok=True)
    (out / "results_2026-11-22T00-00-00.000000.json").write_text(json.dumps(document(job, task, steps)))
    (out / "DONE").touch()


def document(job: dict[str, Any], task: dict[str, Any], n_requests: int) -> dict[str, Any]:
    """A results file of lm-eval 0.4; different for each job and position, the same whenever it is written again."""
    name = task["task"]
    return {
        "results": {name: {"alias": name, "acc,none": (task["position"] + 1) / 100, "acc_stderr,none": 0.01}},
        "configs": {name: {"task": name, "num_fewshot": 0, "output_type": "multiple_choice"}},
        "versions": {name: 1.0},
        "n-shot": {name: 0},
        "n-samples": {name: {"original": 100, "effective": 100}},
        "higher_is_better": {name: {"acc": True}},
        "config": {"model": "hf", "model_args": f"pretrained=org/{job['id']}", "random_seed": task["repeat"]},
        "model_name": f"org/{job['id']}",
        "date": 1.7e9 + task["position"],
        "measured": {name: {"n_requests": n_requests, "seconds": 1.5, "tokens_in": 70, "peak_memory_bytes": 1000}},
    }


def note(journal: Path, kind: str, job: str, position: int, pid: int | None = None) -> None:
    with journal.open("a") as file:
        file.write(f"{kind} {job} {position} {pid or os.getpid()} {time.time():.3f}\n")


if __name__ == "__main__":
    main()
