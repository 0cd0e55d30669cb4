"""What is asked for: one model, some tasks, and everything that changes the numbers. Two equal specifications are one job."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from lib.errors import RefusedInput

TASK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,+()\-/ ]{0,199}")
BACKEND_NAME = re.compile(r"[a-z][a-z0-9\-]{0,39}")
ARGUMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MAX_TASKS = 500
MAX_TEXT = 4_000
DEFAULT_SEEDS = (0, 1234, 1234, 1234)
"""lm-eval's own: Python, NumPy, PyTorch, few-shot examples."""
Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job as asked for, validated in form only (``lib.evals.validation`` asks whether it can be run).

    Args:
        backend: Name of a file in ``lib.evals.backends``, which is lm-eval's ``--model``.
        tasks: Names of tasks or groups of lm-eval, or of readers' own tasks, in the order they will run.
        model_args: lm-eval's ``--model_args``; the model's name or folder is in it (``pretrained`` or ``model``).
        num_fewshot: Worked examples; None: as each task says.
        limit: Only the first so many questions of each task (a fraction below 1: that share); None: all.
        batch_size: Requests at a time. A number: ``auto`` would make the digits depend on the machine.
        device: lm-eval's ``--device``; None: the worker's.
        seeds: Python, NumPy, PyTorch, few-shot.
        apply_chat_template: False, True, or the name of one of the tokenizer's templates.
        gen_kwargs: What is laid over a task's own settings of generation.
        repeats: How often the whole is run, each time with seeds one higher: for run-to-run differences.
    """

    backend: str
    tasks: tuple[str, ...]
    model_args: dict[str, Value] = field(default_factory=dict)
    num_fewshot: int | None = None
    limit: float | None = None
    batch_size: int = 1
    device: str | None = None
    seeds: tuple[int, int, int, int] = DEFAULT_SEEDS
    apply_chat_template: bool | str = False
    fewshot_as_multiturn: bool = False
    system_instruction: str | None = None
    gen_kwargs: dict[str, Any] = field(default_factory=dict)
    repeats: int = 1

    @property
    def digest(self) -> str:
        """64 hexadecimal digits over everything above; equal on every machine."""
        return hashlib.sha256(_canonical(self.as_json())).hexdigest()

    @property
    def model(self) -> str:
        """The model as the reader wrote it; the backend's name where it has none (the dummy)."""
        for name in ("pretrained", "model", "path"):
            if self.model_args.get(name):
                return str(self.model_args[name])
        return self.backend

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON types; ``from_json`` takes them back."""
        return json.loads(json.dumps(asdict(self)))


def from_json(document: Mapping[str, Any]) -> JobSpec:
    """A specification from outside (form, command line, file, database).

    Raises:
        RefusedInput: At the first field that is not what it must be; ``place`` is the field's name.
    """
    known = {f.name for f in fields(JobSpec)}
    for name in document:
        if name not in known:
            raise RefusedInput("no such field of a job", place=str(name)[:60], expected=", ".join(sorted(known)))
    given = dict(document)
    return JobSpec(
        backend=_name(given.get("backend"), "backend", BACKEND_NAME),
        tasks=_tasks(given.get("tasks")),
        model_args=_arguments(given.get("model_args")),
        num_fewshot=_whole(given.get("num_fewshot"), "num_fewshot", 0, 1_000),
        limit=_limit(given.get("limit")),
        batch_size=_whole(given.get("batch_size", 1), "batch_size", 1, 100_000) or 1,
        device=None if given.get("device") in (None, "") else _name(given["device"], "device", _DEVICE),
        seeds=_seeds(given.get("seeds", DEFAULT_SEEDS)),
        apply_chat_template=_template(given.get("apply_chat_template", False)),
        fewshot_as_multiturn=_flag(given.get("fewshot_as_multiturn", False), "fewshot_as_multiturn"),
        system_instruction=_text(given.get("system_instruction"), "system_instruction"),
        gen_kwargs=_settings(given.get("gen_kwargs")),
        repeats=_whole(given.get("repeats", 1), "repeats", 1, 100) or 1,
    )


_DEVICE = re.compile(r"(cpu|mps|cuda(:\d{1,2})?)")


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def _name(value: object, place: str, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise RefusedInput("not a name that can be used", place=place, expected=pattern.pattern, found=value)
    return value


def _tasks(value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)) or not value:
        raise RefusedInput("no tasks", place="tasks", expected="a list of at least one name", found=value)
    if len(value) > MAX_TASKS:
        raise RefusedInput(
            "too many tasks for one job", place="tasks", expected=f"at most {MAX_TASKS}", found=len(value)
        )
    names = tuple(_name(one, "tasks", TASK_NAME) for one in value)
    for name in names:
        if ".." in name or names.count(name) > 1:
            raise RefusedInput("a task twice, or not a name", place="tasks", found=name)
    return names


def _arguments(value: object) -> dict[str, Value]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise RefusedInput("not arguments of a model", place="model_args", expected="name=value pairs", found=value)
    taken: dict[str, Value] = {}
    for name, one in value.items():
        key = _name(name, "model_args", ARGUMENT_NAME)
        if isinstance(one, float) and not math.isfinite(one):
            raise RefusedInput("not a number", place=f"model_args.{key}", found=one)
        if not isinstance(one, (str, int, float, bool)) and one is not None:
            raise RefusedInput("not a plain value", place=f"model_args.{key}", expected="text or a number", found=one)
        taken[key] = _text(one, f"model_args.{key}") if isinstance(one, str) else one
    return taken


def _settings(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(
        isinstance(name, str) and ARGUMENT_NAME.fullmatch(name) for name in value
    ):
        raise RefusedInput(
            "not settings of generation", place="gen_kwargs", expected="names with JSON values", found=value
        )
    try:
        text = _canonical(dict(value))
    except (TypeError, ValueError):
        raise RefusedInput("not JSON", place="gen_kwargs", expected="numbers, texts and lists", found=value) from None
    if len(text) > MAX_TEXT:
        raise RefusedInput("too long", place="gen_kwargs", expected=f"at most {MAX_TEXT} characters")
    taken: dict[str, Any] = json.loads(text)
    return taken


def _whole(value: object, place: str, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise RefusedInput(
            "not a number that can be used", place=place, expected=f"a whole number, {least} to {most}", found=value
        )
    return value


def _limit(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1e9:
        raise RefusedInput("not a limit", place="limit", expected="a count, or a share below 1", found=value)
    if value >= 1 and value != int(value):
        raise RefusedInput("not a limit", place="limit", expected="a whole count, or a share below 1", found=value)
    # Two spellings of one limit must be one job.
    return float(value)


def _seeds(value: object) -> tuple[int, int, int, int]:
    if not isinstance(value, (list, tuple)) or len(value) != len(DEFAULT_SEEDS):
        raise RefusedInput("not seeds", place="seeds", expected="four whole numbers", found=value)
    python, numpy, torch, shots = (_whole(one, "seeds", 0, 2**32 - 1) or 0 for one in value)
    return python, numpy, torch, shots


def _template(value: object) -> bool | str:
    return value if isinstance(value, bool) else _name(value, "apply_chat_template", re.compile(r"[\w.\-]{1,60}"))


def _flag(value: object, place: str) -> bool:
    if not isinstance(value, bool):
        raise RefusedInput("not yes or no", place=place, expected="true or false", found=value)
    return value


def _text(value: object, place: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT or "\x00" in value:
        raise RefusedInput("not a text that can be used", place=place, expected=f"up to {MAX_TEXT} characters")
    return value
