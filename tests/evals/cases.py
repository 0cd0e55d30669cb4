"""Many jobs in one process of the child's parts, so that lm-eval is loaded once: ``python -m tests.evals.cases FOLDER``.

FOLDER holds ``cases.json``, a list of cases; ``outcomes.json`` is written beside it: for each case how it ended, what was
told on the way, what was measured, and what the server was asked.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lib.evals.child import endpoint, kept, llama_cpp, loading, program
from lib.evals.child.events import Masked
from lib.evals.child.failures import explained
from tests.evals.questions import configs
from tests.evals.stub_server import RIGHT_KEY, StubServer, closed_port

DEFAULTS: dict[str, Any] = {
    "num_fewshot": None,
    "limit": None,
    "batch_size": 1,
    "device": None,
    "seeds": [0, 1234, 1234, 1234],
    "apply_chat_template": False,
    "fewshot_as_multiturn": False,
    "system_instruction": None,
    "gen_kwargs": {},
}


class Cut(KeyboardInterrupt):
    """Stands for a kill: nothing of the program runs after it."""


def bare(case: dict[str, Any], folder: Path, own: dict[str, Any]) -> dict[str, Any]:
    """The case as lm-eval's command runs it, without anything of ours around the model."""
    from lm_eval import simple_evaluate
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    job = {**DEFAULTS, **case["job"]}
    out = folder / "bare" / case["name"]
    tracker = EvaluationTracker(output_path=str(out))
    found = simple_evaluate(
        model=job["backend"],
        model_args=dict(job["model_args"]),
        tasks=[own[case["task"]]],
        task_manager=TaskManager(include_defaults=False, metadata=job["model_args"]),
        batch_size=job["batch_size"],
        device=job["device"],
        apply_chat_template=job["apply_chat_template"],
        evaluation_tracker=tracker,
        log_samples=True,
    )
    assert found is not None
    samples = found.pop("samples")
    tracker.save_results_aggregated(results=found, samples=samples)
    for task, rows in samples.items():
        tracker.save_results_samples(task_name=task, samples=rows)
    return _written(out)


def _written(out: Path) -> dict[str, Any]:
    """Results and samples below a folder."""
    return {
        "results": [json.loads(path.read_text(encoding="utf-8")) for path in out.rglob("results_*.json")],
        "samples": [json.loads(row) for path in out.rglob("*.jsonl") for row in path.read_text().splitlines()],
    }


class Ending:
    """Catches whatever ends the block, as the end of the process does."""

    error: BaseException | None = None

    def __enter__(self) -> Ending:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self.error = error
        return True


def run(case: dict[str, Any], folder: Path, own: dict[str, Any], server: StubServer) -> dict[str, Any]:
    """One case: ``job`` (fields of the child's job; ``{ok}`` and so on in ``base_url`` become the stub's addresses),
    ``task``, ``cut_at`` (the answer after which the first attempt is cut, to be resumed by a second), ``is_compared`` (with bare)."""
    told: list[dict[str, Any]] = []
    outcome: dict[str, Any] = {"name": case["name"], "told": told}
    asked_before = server.n_calls(case["name"])
    job = {**DEFAULTS, **case["job"]}
    out = folder / "out" / case["name"]
    line = {
        "task": case["task"],
        "config": own[case["task"]],
        "out": str(out),
        "kept": str(folder / "kept" / case["name"]),
        "position": 0,
    }
    start = time.monotonic()
    cuts = [case["cut_at"], None] if case.get("cut_at") else [None]
    for cut_at in cuts:
        _cut_at(cut_at)
        with Ending() as ending:
            wire = SimpleNamespace(send=lambda event, **fields: told.append({"event": event, **fields}))
            loaded = loading.load(job, wire.send, Masked([RIGHT_KEY]))
            program.run_task(job, line, loaded, wire)  # type: ignore[arg-type]
        if ending.error is not None and not isinstance(ending.error, Cut):
            failure = explained(ending.error)
            outcome |= {"kind": failure.kind, "message": failure.message, "is_retryable": failure.is_retryable}
        outcome.setdefault("asked", []).append(server.n_calls(case["name"]) - asked_before)
    outcome["seconds"] = time.monotonic() - start
    outcome |= _written(out)
    outcome["headers"] = server.calls[-1].headers if server.calls else {}
    return outcome


def _cut_at(number: int | None) -> None:
    """From now on the so-many-th answer that is kept is the last thing that happens."""
    count = 0

    def add(self: Any, *args: Any) -> None:
        nonlocal count
        _ADD(self, *args)
        count += 1
        if number is not None and count == number:
            raise Cut

    kept.Kept.add = add  # type: ignore[method-assign]


_ADD = kept.Kept.add


def main() -> None:
    folder = Path(sys.argv[1])
    cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    own = configs(folder / "data", n=12)
    program._quieten()
    _hurry()
    port = closed_port()
    with StubServer(retry_after_s=0.2) as server:
        for case in cases:
            address = case["job"]["model_args"].get("base_url")
            if address:
                mode, _, rest = address.removeprefix("{").partition("}")
                root = f"http://127.0.0.1:{port}" if mode == "refused" else server.root(mode, who=case["name"])
                case["job"]["model_args"]["base_url"] = root + rest
        # First: nothing is around lm-eval's models yet.
        compared = {case["name"]: bare(case, folder, own) for case in cases if case.get("is_compared")}
        outcomes = [run(case, folder, own, server) for case in cases if not case["job"].get("public_only")]
        # Last: what it shuts stays shut.
        outcomes += [run(case, folder, own, server) for case in cases if case["job"].get("public_only")]
    outcomes = [{**one, "bare": compared.get(one["name"])} for one in outcomes]
    (folder / "outcomes.json").write_text(json.dumps(outcomes, default=str), encoding="utf-8")


def _hurry() -> None:
    """lm-eval's and our own waits between tries are cut to nothing; those that a server asks for are kept."""
    from lm_eval.models import api_models
    from tenacity import wait_fixed

    api_models.wait_exponential = lambda **_: wait_fixed(0.01)
    endpoint.LONGER_BY_S = 0.0
    llama_cpp.TRIES = 2


if __name__ == "__main__":
    main()
