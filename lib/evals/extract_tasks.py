"""Writes down every task that one version of lm-eval knows: a program for the interpreter that has lm-eval.

    python lib/evals/extract_tasks.py data/lm-eval-tasks

Reading the index takes lm-eval 6 to 17 seconds and 246 MB, so it is done once per version and the file ships. The
program needs lm-eval and the standard library only. Nothing is fetched, no data set is opened, no function of a task is called.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

HARMLESS = {"task", "task_alias", "group_alias"}
"""What a group may say about a member without changing what is asked of the model."""


def extract(index: Mapping[str, Any], root: Path) -> list[dict[str, Any]]:
    """The entries of lm-eval's index (``TaskManager().task_index``), by name.

    Returns:
        A dictionary each: ``name``, ``kind`` (task, code, group, tag) and, where they are stated: ``tags``, ``path`` (of the YAML,
        below lm_eval/tasks), ``dataset``, ``dataset_name``, ``output_type``, ``num_fewshot``, ``version``, ``n_choices`` (where
        all questions have the same), ``max_gen_toks``, ``answers`` (drawn per question, above 1), ``runs_code``,
        ``children``, ``is_changed`` (a group that runs its members otherwise than they run alone).
    """
    return [_entry(name, index[name], index, root) for name in sorted(index)]


def _entry(name: str, entry: Any, index: Mapping[str, Any], root: Path) -> dict[str, Any]:
    told = entry.cfg or {}
    kind = {"TASK": "task", "PY_TASK": "code", "GROUP": "group", "TAG": "tag"}[entry.kind.name]
    found: dict[str, Any] = {"name": name, "kind": kind}
    if entry.yaml_path is not None:
        found["path"] = Path(entry.yaml_path).relative_to(root).as_posix()
    if kind == "tag":
        found["children"] = sorted(entry.tags)
    elif kind == "group":
        children, is_changed = _children(told.get("task"), index)
        found |= {"children": children, "is_changed": is_changed}
    else:
        found |= _task(told, kind)
    if kind != "tag":
        found["tags"] = sorted(entry.tags)
    if isinstance(told.get("metadata"), Mapping):
        found["version"] = _plain(told["metadata"].get("version"))
    return {key: value for key, value in found.items() if value is not None and value is not False and value != []}


def _task(told: Mapping[str, Any], kind: str) -> dict[str, Any]:
    given = told.get("generation_kwargs")
    generation: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    longest = next((generation[k] for k in ("max_gen_toks", "max_tokens", "max_new_tokens") if k in generation), None)
    choices = told.get("doc_to_choice")
    answers = told.get("repeats")
    return {
        "dataset": _text(told.get("dataset_path")),
        "dataset_name": _text(told.get("dataset_name")),
        # What lm-eval takes for granted where a YAML is silent; a Python class says it nowhere that can be read.
        "output_type": told.get("output_type") or ("generate_until" if kind == "task" else None),
        "num_fewshot": _count(told.get("num_fewshot")),
        "n_choices": len(choices) if isinstance(choices, list) else _listed(choices),
        "max_gen_toks": _count(longest),
        "answers": answers if isinstance(answers, int) and answers > 1 else None,
        "runs_code": bool(told.get("unsafe_code")),
    }


def _children(told: Any, index: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Names of the members that the index has, those of unnamed inner groups included; and whether any is changed."""
    names: list[str] = []
    is_changed = False
    for one in told if isinstance(told, list) else [told]:
        if isinstance(one, str):
            names += [one] if one in index else []
        elif isinstance(one, Mapping) and isinstance(one.get("task"), (list, tuple)):
            inner, inner_changed = _children(list(one["task"]), index)
            names += [one["group"]] if one.get("group") in index else inner
            is_changed |= inner_changed
        elif isinstance(one, Mapping):
            names += [one["task"]] if one.get("task") in index else []
            is_changed |= bool(set(one) - HARMLESS)
    return list(dict.fromkeys(names)), is_changed


def _listed(choices: Any) -> int | None:
    """Choices of a template that lists them, as ``["yes", "no"]`` in quotes."""
    if not isinstance(choices, str) or not re.fullmatch(r"\s*\[[^\[\]{}]*\]\s*", choices):
        return None
    try:
        found = json.loads(choices.replace("'", '"'))
    except ValueError:
        return None
    return len(found) if isinstance(found, list) and found else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _plain(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int, float)) else None


def write(folder: Path, entries: list[dict[str, Any]], of: str) -> Path:
    """``<version>.json.gz``; the same entries give the same bytes."""
    text = json.dumps({"lm_eval": of, "entries": entries}, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    path = folder / f"{of}.json.gz"
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    return path


def main(arguments: Iterable[str]) -> int:
    """Write the list of the installed version into the folder named."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    folder = Path(next(iter(arguments), "."))
    root = Path(lm_eval.__file__).parent / "tasks"
    index = dict(TaskManager().task_index)
    entries = extract(index, root)
    path = write(folder, entries, version("lm_eval"))
    sys.stdout.write(f"{len(entries):,} names of lm-eval {version('lm_eval')}: {path}, {path.stat().st_size:,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
