"""A job as the exact ``lm_eval`` command lines and as YAML, to be run elsewhere; and back from both."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from lib.errors import RefusedInput
from lib.evals.arguments import read_pairs, write_pairs
from lib.evals.spec import DEFAULT_SEEDS, JobSpec, from_json
from lib.evals.task_list import TaskList

MAX_YAML = 50_000
MAX_DEPTH = 20
ONE_EACH = "one command per task: in one call lm-eval puts the requests of all tasks into one list, and the last digits may differ"
SEEDED = frozenset(("local-completions", "local-chat-completions"))
SERVER_SEED = 1234
"""Servers are sent a seed of their own with each request; it is one higher for each repeat, too."""
OF_LM_EVAL = {"model": "backend", "seed": "seeds"}
"""lm-eval's words for two of our fields."""
ABOUT_OUTPUT = frozenset(
    (
        "output_path",
        "log_samples",
        "write_out",
        "show_config",
        "verbosity",
        "wandb_args",
        "wandb_config_args",
        "trackio_args",
        "hf_hub_log_args",
        "cache_requests",
        "use_cache",
        "check_integrity",
        "confirm_run_unsafe_code",
    )
)
"""Keys of a configuration of lm-eval that say where results go, not what they are."""


class Exported(NamedTuple):
    """Commands for a shell, and what to know before running them."""

    commands: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def text(self) -> str:
        """A shell script: notes as comments, then the commands."""
        return "".join(f"# {note}\n" for note in self.notes) + "\n".join(self.commands) + "\n"


def command_lines(spec: JobSpec, tasks: TaskList, *, output: str = "results") -> Exported:
    """One ``lm_eval`` command per repeat and task.

    Args:
        spec: The job.
        tasks: To know which tasks run what the model wrote, and which are none of lm-eval's.
        output: Folder for results and answers; import it when they are there.
    """
    arguments = [
        *_prompts(spec),
        "--batch_size",
        str(spec.batch_size),
        *(() if spec.device is None else ("--device", spec.device)),
        *(() if spec.limit is None else ("--limit", _number(spec.limit))),
    ]
    commands = [
        shlex.join(
            [
                "lm_eval",
                "--tasks",
                task,
                *_model(spec, repeat),
                *arguments,
                *_seeds(spec, repeat),
                *_ending(task, tasks, output),
            ]
        )
        for repeat in range(spec.repeats)
        for task in spec.tasks
    ]
    return Exported(tuple(commands), tuple(_notes(spec, tasks, output)))


def as_yaml(spec: JobSpec) -> str:
    """A configuration that ``lm_eval run --config`` takes, and :func:`from_yaml` gives back as the same job.

    Repeats, which lm-eval does not have, stand under ``metadata``: run elsewhere, the file is one repeat.
    """
    document: dict[str, Any] = {
        "model": spec.backend,
        "model_args": dict(spec.model_args),
        "tasks": list(spec.tasks),
        "num_fewshot": spec.num_fewshot,
        "limit": spec.limit,
        "batch_size": spec.batch_size,
        "device": spec.device,
        "seed": list(spec.seeds),
        "apply_chat_template": spec.apply_chat_template,
        "fewshot_as_multiturn": spec.fewshot_as_multiturn,
        "system_instruction": spec.system_instruction,
        "gen_kwargs": dict(spec.gen_kwargs),
        "metadata": {"repeats": spec.repeats} if spec.repeats > 1 else None,
    }
    # lm-eval takes a missing answer about turns as "yes" once there is a template: it is always written.
    kept = {name: value for name, value in document.items() if value is not None and value != {}}
    head = "# A job of Pound for Pound. Elsewhere: lm_eval run --config THIS_FILE --output_path results --log_samples\n"
    return head + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=10_000)


def from_yaml(text: str) -> JobSpec:
    """The job of a configuration, in lm-eval's words or in ours.

    Raises:
        RefusedInput: If it is too long, not plain YAML (functions, aliases), or asks for what a job cannot do.
    """
    return from_document(_document(text))


def from_document(document: Mapping[str, Any]) -> JobSpec:
    """The job of a configuration that was read: keys in lm-eval's words or in ours.

    Raises:
        RefusedInput: At the first key that is unknown or not what it must be.
    """
    given: dict[str, Any] = {}
    for key, value in document.items():
        name = OF_LM_EVAL.get(key, key)
        if name == "metadata":
            given["repeats"] = _repeats(value)
        elif name not in ABOUT_OUTPUT:
            given[name] = value
    for name in ("model_args", "gen_kwargs"):
        if isinstance(given.get(name), str):
            given[name] = read_pairs([given[name]], name)
    if isinstance(given.get("tasks"), str):
        given["tasks"] = [one for one in given["tasks"].split(",") if one]
    if isinstance(given.get("seeds"), int):
        given["seeds"] = [given["seeds"]] * len(DEFAULT_SEEDS)
    if isinstance(given.get("seeds"), (list, tuple)) and len(given["seeds"]) == len(DEFAULT_SEEDS) - 1:
        given["seeds"] = [*given["seeds"], DEFAULT_SEEDS[-1]]
    if isinstance(given.get("batch_size"), str) and given["batch_size"].isdecimal():
        given["batch_size"] = int(given["batch_size"])
    if given.get("fewshot_as_multiturn", ...) is None:
        del given["fewshot_as_multiturn"]
    return from_json(given)


def seeds_of(spec: JobSpec, repeat: int) -> tuple[int, int, int, int]:
    """The seeds of one repeat: each one higher than before."""
    python, numpy, torch, shots = ((seed + repeat) % 2**32 for seed in spec.seeds)
    return python, numpy, torch, shots


def _model(spec: JobSpec, repeat: int) -> list[str]:
    given = dict(spec.model_args)
    if repeat and spec.backend in SEEDED:
        first = given.get("seed")
        given["seed"] = (first if isinstance(first, int) else SERVER_SEED) + repeat
    return ["--model", spec.backend, *(["--model_args", write_pairs(given)] if given else [])]


def _prompts(spec: JobSpec) -> list[str]:
    arguments: list[str] = []
    if spec.num_fewshot is not None:
        arguments += ["--num_fewshot", str(spec.num_fewshot)]
    if spec.apply_chat_template:
        named = spec.apply_chat_template
        arguments += ["--apply_chat_template"] if named is True else [f"--apply_chat_template={named}"]
    if spec.apply_chat_template or spec.fewshot_as_multiturn:
        arguments += ["--fewshot_as_multiturn", str(spec.fewshot_as_multiturn).lower()]
    if spec.system_instruction:
        # With "=": it may begin with a dash.
        arguments += [f"--system_instruction={spec.system_instruction}"]
    if spec.gen_kwargs:
        arguments += ["--gen_kwargs", write_pairs(spec.gen_kwargs)]
    return arguments


def _seeds(spec: JobSpec, repeat: int) -> tuple[str, ...]:
    seeds = seeds_of(spec, repeat)
    return () if seeds == DEFAULT_SEEDS else ("--seed", ",".join(map(str, seeds)))


def _ending(task: str, tasks: TaskList, output: str) -> list[str]:
    runs_code = any(leaf.runs_code for leaf in tasks.leaves(task))
    return [*(["--confirm_run_unsafe_code"] if runs_code else []), "--output_path", output, "--log_samples"]


def _notes(spec: JobSpec, tasks: TaskList, output: str) -> Iterator[str]:
    if len(spec.tasks) > 1:
        yield ONE_EACH
    if spec.repeats > 1:
        yield f"{spec.repeats} repeats, each with seeds one higher"
    for task in spec.tasks:
        if tasks.task(task) is None:
            yield f"{task} is not one of lm-eval's own tasks: it runs only where its questions are kept"
        if any(leaf.runs_code for leaf in tasks.leaves(task)):
            yield f"{task} runs what the model writes: do that in a container"
    if spec.system_instruction == "":
        yield "an empty system instruction cannot be given on the command line: it is left out"
    yield f"then: python -m lib import {shlex.quote(output)}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _document(text: str) -> dict[str, Any]:
    """Plain YAML: no tags that name functions (the safe loader), no aliases (few bytes could unfold to gigabytes)."""
    if len(text) > MAX_YAML:
        raise RefusedInput("too long", place="YAML", expected=f"at most {MAX_YAML:,} characters")
    try:
        _refuse_tricks(text)
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise RefusedInput("not YAML that can be read", place="YAML", found=str(problem)) from None
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise RefusedInput("not a configuration", place="YAML", expected="keys and values", found=found)
    return found


def _refuse_tricks(text: str) -> None:
    """Aliases, and nesting so deep that reading it takes forever: told while it is read, before the bulk of it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > MAX_DEPTH:
            raise RefusedInput("an alias, or nested too deep", place="YAML", expected="plain keys and values")


def _repeats(metadata: object) -> object:
    if metadata in (None, {}):
        return 1
    if not isinstance(metadata, Mapping) or set(metadata) != {"repeats"}:
        raise RefusedInput("metadata of tasks cannot be given to a job", place="metadata", found=metadata)
    return metadata["repeats"]
