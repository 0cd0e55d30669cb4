"""What holds for every backend: keys are never arguments, and no argument is passed on unread."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from lib.evals.addresses import KEY_HOSTS
from lib.evals.backends import backend_of
from lib.evals.backends.contract import Argument, Backend, Problem, Situation
from lib.evals.spec import JobSpec, Value
from lib.settings import Settings

SECRET_NAMES = re.compile(r"header|headers|auth|authorization|.*(api_?key|token|secret|password|passwd|credential)s?")
NOT_SECRET = frozenset(("add_bos_token", "eos_token", "think_end_token", "prefix_token", "pad_token", "bos_token"))
LOOKS_LIKE_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|hf|nvapi|csk|tgp|fw|AIza)[-_]?[A-Za-z0-9_-]{20,}\b|Bearer\s+\S{8,}")
KEYS = "Keys come from the worker's environment only; what is filled in is stored with the results."


def situation(settings: Settings, env: Mapping[str, str]) -> Situation:
    """Where a job would run, by the settings in force and the environment that holds the keys."""
    return Situation(
        env=env,
        key_hosts={**KEY_HOSTS, **settings.key_hosts},
        is_shared=settings.is_shared,
        allows_remote_code=settings.allow_remote_code,
    )


def problems(spec: JobSpec, situation: Situation) -> list[Problem]:
    """Why this job cannot be run like this, as far as the specification tells; empty when nothing speaks against it.

    Raises:
        RefusedInput: If there is no such backend.
    """
    backend = backend_of(spec)
    found = [*_keys(spec), *_arguments(spec, backend, situation), *_shape(spec, backend)]
    found += [problem for problem in backend.rules(spec, situation) if problem not in found]
    return found


def _keys(spec: JobSpec) -> Iterator[Problem]:
    for name, value in spec.model_args.items():
        is_named = SECRET_NAMES.fullmatch(name.lower()) and name.lower() not in NOT_SECRET
        if is_named or (isinstance(value, str) and LOOKS_LIKE_KEY.search(value)):
            yield Problem(f"model_args.{name}", "it looks like a key", KEYS)
    if LOOKS_LIKE_KEY.search(json.dumps(spec.gen_kwargs)) or any(
        SECRET_NAMES.fullmatch(name.lower()) and name.lower() not in NOT_SECRET for name in spec.gen_kwargs
    ):
        yield Problem("gen_kwargs", "it looks like a key", KEYS)
    if spec.system_instruction and LOOKS_LIKE_KEY.search(spec.system_instruction):
        yield Problem("system_instruction", "it looks like a key", KEYS)


def _arguments(spec: JobSpec, backend: Backend, situation: Situation) -> Iterator[Problem]:
    known = {argument.name: argument for argument in backend.arguments}
    for name, value in spec.model_args.items():
        if name in known:
            yield from _value(known[name], value)
        elif name not in backend.more_arguments and not (situation.allows_remote_code and not backend.is_remote):
            allowed = ", ".join(sorted({*known, *backend.more_arguments})) or "none"
            yield Problem(f"model_args.{name}", f"{backend.name} has no such argument here", f"There are: {allowed}.")
    for argument in backend.arguments:
        if argument.required and not spec.model_args.get(argument.name):
            yield Problem(f"model_args.{argument.name}", f"{argument.label} is missing", argument.help)


def _value(argument: Argument, value: Value) -> Iterator[Problem]:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None or value == "":
        return
    if argument.kind == "choice" and value not in argument.choices:
        yield Problem(f"model_args.{argument.name}", "no such choice", f"There are: {', '.join(argument.choices)}.")
    elif argument.kind == "whole" and not (isinstance(value, int) and is_number and value > 0):
        yield Problem(f"model_args.{argument.name}", "not a whole number above 0")
    elif argument.kind == "number" and not (is_number and float(value) > 0):
        yield Problem(f"model_args.{argument.name}", "not a number above 0")


def _shape(spec: JobSpec, backend: Backend) -> Iterator[Problem]:
    if spec.fewshot_as_multiturn and not spec.apply_chat_template:
        yield Problem(
            "fewshot_as_multiturn", "worked examples as turns of a chat need a chat template", "Switch it on."
        )
    kind = (spec.device or "").split(":")[0]
    if kind and backend.devices and kind not in backend.devices:
        yield Problem("device", f"{backend.label} does not run on {kind}", f"It runs on: {', '.join(backend.devices)}.")
