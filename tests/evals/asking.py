"""Stands in for the program that runs lm-eval: a task configuration a line in, what lm-eval makes of it a line out.

Run by the tests in a process of its own, since lm-eval must not be imported into theirs. A line holds ``config`` and
either ``shots`` and ``n`` (then the answer is the arguments of every request) or ``model`` and ``model_args`` or ``says``
(then it is the results, those of a model that says these texts, one a question).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

CHILD = Path(__file__).parents[2] / "lib" / "evals" / "child"


def child() -> ModuleType:
    """The folder of the child program as a package of its own, as its start makes it."""
    made = importlib.util.spec_from_file_location(
        "p4p_child", CHILD / "__init__.py", submodule_search_locations=[str(CHILD)]
    )
    assert made is not None and made.loader is not None
    package = importlib.util.module_from_spec(made)
    sys.modules["p4p_child"] = package
    made.loader.exec_module(package)
    return package


def main() -> None:
    child()
    import lm_eval.models  # noqa: F401
    from lm_eval.api.model import LM
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.tasks import TaskManager

    described = importlib.import_module("p4p_child.tasks").described
    failure = importlib.import_module("p4p_child.failures").Failure
    manager = TaskManager(include_defaults=False)

    class Says(LM):
        """Says what it was given, one text a request; choices get falling likelihoods."""

        def __init__(self, texts: list[str]) -> None:
            super().__init__()
            self.texts = texts

        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            return self.texts[: len(requests)]

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
            return [(float(text), False) for text in self.texts[: len(requests)]]

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
            raise NotImplementedError

    def classes(module: str, name: str) -> Any:
        return getattr(importlib.import_module(f"p4p_child.{module}"), name)

    def answer(asked: dict[str, Any]) -> Any:
        config = asked["config"]
        config, _ = described({"task": config["task"], "config": config}, {})
        if "shots" in asked:
            task = manager.load([config])["tasks"][config["task"]]
            task.set_config("num_fewshot", asked["shots"])
            task.set_fewshot_seed(1234)
            task.build_all_requests(limit=asked["n"], rank=0, world_size=1)
            return [list(instance.args) for instance in task.instances]
        model = Says(asked["says"]) if "says" in asked else classes(*asked["model"].split(":"))(**asked["model_args"])
        if hasattr(model, "take_task"):
            model.take_task(config)
        out = simple_evaluate(
            model=model, tasks=[config], task_manager=manager, bootstrap_iters=0, log_samples=True, verbosity="ERROR"
        )
        each = [
            {name: row[name] for name in row["metrics"] if name in row} for row in next(iter(out["samples"].values()))
        ]
        told = {"each": each, "results": out["results"], "n": out["n-samples"], "higher": out["higher_is_better"]}
        if hasattr(model, "take_task"):
            told |= {"identity": model.identity, "measured": model.measured(), "info": model.get_model_info()}
        return json.loads(json.dumps(told, default=str))

    for line in sys.stdin:
        asked = json.loads(line)
        try:
            said = {"answer": answer(asked)}
        except (Exception, failure) as error:  # noqa: BLE001  (told to the test, whatever it is)
            said = {"failed": f"{type(error).__name__}: {error}"}
        sys.stdout.write("\x1e" + json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
