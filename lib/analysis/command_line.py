"""The command that makes lm-eval do a run again, as far as its file says what was asked for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from lib.sources.lm_eval_model_args import MAX_ARGUMENTS, MAX_VALUE
from lib.sources.lm_eval_run import BACKENDS

OLD, NEW = "lm-eval 0.3", "lm-eval 0.4"
_SEEDS = ("random", "numpy", "torch", "fewshot")
_SEED = re.compile(r"(\w+) ([^,]+)")
_PATH = re.compile(r"^(/|\./|\.\./|~|[A-Za-z]:\\)")


class Command(NamedTuple):
    """A command and its doubts.

    Args:
        text: For a shell, one option a line; '' where there is none to give.
        unknown: What the file does not say and the command therefore leaves open, a sentence each; without a command,
            why there is none.
    """

    text: str
    unknown: tuple[str, ...]


def command_line(run: Mapping[str, Any], results: pd.DataFrame) -> Command:
    """The command of a run.

    Args:
        run: A row of ``runs``: kind, evaluator, backend, model_args, config, limit, seeds, chat_template, system_instruction,
            is_multiturn. Unknown is None.
        results: Its results: task, n_shot, is_group, parent, flags.

    Returns:
        The command, every part quoted for a POSIX shell. What a run of another evaluator, a printed number, a merged file
        or a log without its results file has instead is a reason.
    """
    reason = _why_none(run)
    if reason:
        return Command("", (reason,))
    is_old = run["evaluator"] == OLD
    config, arguments = dict(run["config"] or {}), dict(run["model_args"] or {})
    unknown: list[str] = []
    parts = [("--model", str(run["backend"]))]
    if arguments:
        parts.append(("--model_args", ",".join(f"{key}={_value(value)}" for key, value in arguments.items())))
    tasks = asked_for(results)
    parts.append(("--tasks", ",".join(tasks)))
    parts += _shots(results, unknown)
    for option, value in (("--batch_size", config.get("batch_size")), ("--limit", run["limit"])):
        if value is not None:
            parts.append((option, str(value)))
    if config.get("batch_size") is None:
        unknown.append("The file does not say the batch size.")
    if not is_old:
        parts += _new_options(run, config, unknown)
    unknown += _doubts(run, arguments, tasks)
    program = "python main.py" if is_old else "lm_eval"
    lines = [program, *(f"{option} {shlex.quote(value)}" if value else option for option, value in parts)]
    return Command(" \\\n    ".join(lines), tuple(unknown))


def asked_for(results: pd.DataFrame) -> list[str]:
    """Tasks and groups that the run was asked for: those that stand below no other and were not computed here; sorted."""
    flags = results["flags"].astype(object).where(results["flags"].notna(), "").astype(str).str.split()
    is_ours = flags.map(lambda found: "derived" in found).astype(bool)
    own = results[~is_ours]
    names = set(own["task"].astype(str))
    parents = own["parent"].astype(object).where(own["parent"].notna(), "").astype(str)
    # MMLU of 0.3 has our row above its 57 tasks: they were asked for, the whole was not.
    ours = set(results.loc[is_ours, "task"].astype(str)) - names
    above = {task: parent for task, parent in zip(own["task"].astype(str), parents, strict=True) if parent not in ours}
    return sorted({_top(task, above) for task in names})


def _top(task: str, above: Mapping[str, str]) -> str:
    seen = {task}
    while (parent := above.get(task, "")) and parent not in seen:
        task = parent
        seen.add(task)
    return task


def _why_none(run: Mapping[str, Any]) -> str:
    config = run["config"] or {}
    if run["kind"] != "raw":
        return "These numbers were copied from a table, so there is no command behind them here."
    if run["evaluator"] not in (OLD, NEW):
        return f"The command of {run['evaluator']} is not known."
    if config.get("scores") == "from samples":
        return "Only a per-question log was imported. It does not say how lm-eval was called."
    if config.get("layout"):
        return "The file puts several calls together and does not say how they were made."
    if run["backend"] is None:
        return "The file does not say through which back-end lm-eval loaded the model."
    if run["backend"] not in BACKENDS:
        return f"“{run['backend']}” is no back-end of lm-eval: the run was started from a program of its own."
    return ""


def _value(value: Any) -> str:
    return "" if value is None else str(value)


def _shots(results: pd.DataFrame, unknown: list[str]) -> list[tuple[str, str]]:
    leaves = results[~results["is_group"].astype(bool)]
    known = leaves[["task", "n_shot"]].drop_duplicates()
    shots = known["n_shot"].to_numpy(float, na_value=float("nan"))
    different = sorted({int(n) for n in shots if n == n})
    if not different:
        unknown.append("The file does not say the number of worked examples.")
        return []
    if (shots != shots).any():
        unknown.append("The file does not say the number of worked examples of every task.")
    if len(different) > 1:
        told = ", ".join(map(str, different[:-1])) + f" and {different[-1]}"
        unknown.append(
            f"Tasks had different numbers of worked examples ({told}). lm-eval takes one for all or each task's own, "
            "so --num_fewshot is left out."
        )
        return []
    return [("--num_fewshot", str(different[0]))]


def _new_options(run: Mapping[str, Any], config: Mapping[str, Any], unknown: list[str]) -> list[tuple[str, str]]:
    parts = []
    if config.get("gen_kwargs"):
        parts.append(("--gen_kwargs", str(config["gen_kwargs"])))
    template, instruction = run["chat_template"], run["system_instruction"]
    if template not in (None, "none"):
        parts.append(("--apply_chat_template", ""))
    elif template is None:
        unknown.append("The file does not say whether a chat template was used.")
    if instruction not in (None, "none"):
        unknown.append("A system instruction was given (--system_instruction); its text is in the raw file.")
    if run["is_multiturn"]:
        parts.append(("--fewshot_as_multiturn", ""))
    seeds = dict(_SEED.findall(run["seeds"] or ""))
    if set(seeds) == set(_SEEDS):
        parts.append(("--seed", ",".join(seeds[name] for name in _SEEDS)))
    elif "torch" in seeds and len(seeds) == len(_SEEDS) - 1 and "fewshot" not in seeds:
        parts.append(("--seed", ",".join(seeds[name] for name in _SEEDS[:3])))
    elif seeds:
        unknown.append(f"Not all seeds are in the file: {run['seeds']}.")
    else:
        unknown.append("The file does not say the seeds.")
    return parts


def _doubts(run: Mapping[str, Any], arguments: Mapping[str, Any], tasks: Sequence[str]) -> list[str]:
    told = []
    if not arguments:
        told.append("The file does not say the model's arguments; --model_args is left out.")
    if len(arguments) == MAX_ARGUMENTS or any(len(str(value)) >= MAX_VALUE for value in arguments.values()):
        told.append("The model's arguments are too many or too long to be kept whole; the raw file has them.")
    names = [str(arguments.get(key, "")) for key in ("pretrained", "model", "path", "peft")]
    if any(_PATH.match(name) for name in names):
        told.append("The model was read from a folder on the machine of that run: put in a path or a name of your own.")
    if len(tasks) > 1:
        told.append("The order of the tasks is not kept.")
    commit = f" (commit {run['harness_commit']})" if run["harness_commit"] else ""
    told.append(f"Use the version of lm-eval that the run used{commit}: tasks change between releases.")
    # lm-eval has an option of this name, too; as a model's argument it stands in the command.
    device = "Output path" if "device" in arguments else "Device, output path"
    told.append(f"{device}, and addresses and keys of servers are not kept.")
    return told
