"""A task's name, path or settings as what lm-eval's ``simple_evaluate`` takes, without reading the index of all tasks."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from .failures import Failure

FUNCTIONS = "functions"
"""Settings may name functions of this package: ``{"functions": {"process_results": "module:function"}}``."""


def described(line: Mapping[str, Any], model_args: Mapping[str, Any]) -> tuple[Any, Any]:
    """The task and the manager to load it with.

    Args:
        line: ``task``; and ``config`` (settings of a task of ours), or ``yaml`` (path of a built-in task's file below
            ``lm_eval/tasks``), or neither: then, and for groups, the index of all tasks is read, which takes seconds.
        model_args: Some tasks look at the model's name (RULER).
    """
    if line.get("config"):
        return _with_functions(line["config"]), _manager(False, _Frozen(model_args))
    path = _built_in(line.get("yaml"))
    if path is not None and _is(path, line["task"]):
        return str(path), _manager(False, _Frozen(model_args))
    return line["task"], _manager(True, _Frozen(model_args))


class _Frozen(dict[str, Any]):
    """Arguments as a key of a cache."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(sorted((k, str(v)) for k, v in self.items())))


@lru_cache(maxsize=4)
def _manager(has_index: bool, model_args: _Frozen) -> Any:
    from lm_eval.tasks import TaskManager

    return TaskManager(include_defaults=has_index, metadata=dict(model_args))


def _built_in(relative: str | None) -> Path | None:
    if not relative:
        return None
    import lm_eval.tasks

    root = Path(lm_eval.tasks.__file__).resolve().parent
    path = (root / relative).resolve()
    if not path.is_relative_to(root):
        raise Failure("task", f"{relative} is not a file of lm-eval's tasks.")
    return path if path.is_file() else None


def _is(path: Path, name: str) -> bool:
    """Whether the file is of this one task. Groups name others, which need the index."""
    from lm_eval.tasks._index import Kind, TaskIndex

    entry = TaskIndex.entry_from_path(path)
    return entry is not None and entry.name == name and entry.kind in (Kind.TASK, Kind.PY_TASK)


def _with_functions(config: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in config.items() if name != FUNCTIONS}
    for name, place in dict(config.get(FUNCTIONS) or {}).items():
        module, _, function = str(place).partition(":")
        made[name] = getattr(importlib.import_module(f".{module}", __package__), function)
    return made
