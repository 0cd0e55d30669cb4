"""The form of a job: what its fields say, the job they ask for, and the address that fills them in again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.analysis.amounts import Amount
from lib.errors import RefusedInput
from lib.evals.arguments import read_pairs, read_value, write_pairs
from lib.evals.export import from_document
from lib.evals.spec import DEFAULT_SEEDS, JobSpec
from lib.stats.domain import Range

ARGUMENT = "with-"
"""Before the name of a model's argument in the address."""
SHOTS = Amount("shots", "Worked examples", Range("worked examples", 0, 1_000, is_whole=True), "plain", "5", "Shown before each question. Empty: as each task says.", is_optional=True)  # fmt: skip
LIMIT = Amount("limit", "Questions of each task", Range("questions", 0, 1e9, "questions", is_above_least=True), "count", "100", "The first so many, or a share such as 0.1. Empty: all.", is_optional=True)  # fmt: skip
BATCH = Amount("batch", "At a time", Range("requests at a time", 1, 100_000, is_whole=True), "plain", "8", "Requests answered together; another number may change the last digits.")  # fmt: skip
REPEATS = Amount("repeats", "Times over", Range("times over", 1, 100, is_whole=True), "plain", "1", "Each time with seeds one higher, to see how much the score moves by itself.")  # fmt: skip
PRIORITY = Amount("priority", "Priority", Range("priority", -100, 100, is_whole=True), "plain", "0", "Larger goes first; the same is first come, first served.")  # fmt: skip
PRICES = (
    Amount("payin", "You pay for input", Range("price of input", 0, 10_000, "USD"), "usd", "$0.15", "USD per million tokens read. Empty: as listed, if the server is known.", is_optional=True),
    Amount("payout", "You pay for output", Range("price of output", 0, 10_000, "USD"), "usd", "$0.60", "USD per million tokens written.", is_optional=True),
)  # fmt: skip
NUMBERS = (SHOTS, LIMIT, BATCH, REPEATS)
DEFAULTS = {"batch": "1", "repeats": "1", "priority": "0", "seeds": ",".join(map(str, DEFAULT_SEEDS))}
TEMPLATES = {"no": "as plain text", "yes": "as a chat, by the model's template"}
CHAT = "local-chat-completions"
"""The backend that takes nothing but messages."""
_SECRET = re.compile(r"//[^/\s]*@|\b(sk|hf|key|gsk|xai)[-_][A-Za-z0-9_\-]{12,}|api[_-]?key|bearer\s", re.IGNORECASE)


class Asked(NamedTuple):
    """What the form says. Texts are as typed; numbers are None where the field is empty.

    Args:
        arguments: Of the model, name to text; empty ones are left out of the job.
        more: Further arguments as ``name=value`` pairs.
        template: 'no', 'yes', or the name of one of the tokenizer's templates.
        device: '' for the worker's own.
    """

    backend: str
    arguments: tuple[tuple[str, str], ...]
    tasks: tuple[str, ...]
    shots: float | None = None
    limit: float | None = None
    batch: float | None = 1
    repeats: float | None = 1
    more: str = ""
    template: str = "no"
    is_multiturn: bool = False
    system: str = ""
    generation: str = ""
    seeds: str = DEFAULTS["seeds"]
    device: str = ""


def spec_of(asked: Asked) -> JobSpec:
    """The job that the form asks for.

    Raises:
        RefusedInput: ``place`` is lm-eval's name of the field, or ``model_args.NAME``.
    """
    arguments = {name: read_value(text.strip()) for name, text in asked.arguments if text.strip()}
    arguments |= read_pairs([asked.more.strip()] if asked.more.strip() else [], "model_args")
    return from_document(
        {
            "model": asked.backend,
            "model_args": arguments,
            "tasks": list(asked.tasks),
            "num_fewshot": _whole(asked.shots),
            "limit": asked.limit,
            "batch_size": _whole(asked.batch) or 1,
            "device": asked.device or None,
            "seed": _seeds(asked.seeds),
            "apply_chat_template": {"no": False, "yes": True}.get(asked.template, asked.template),
            "fewshot_as_multiturn": asked.is_multiturn,
            "system_instruction": asked.system or None,
            "gen_kwargs": read_pairs([asked.generation.strip()] if asked.generation.strip() else [], "gen_kwargs"),
            "metadata": {"repeats": _whole(asked.repeats) or 1},
        }
    )


def address_of(spec: JobSpec, own_fields: Mapping[str, Any] | None = None) -> dict[str, str | list[str]]:
    """The choices of the address that open the form filled in with this job; what is as usual is not in it.

    Args:
        own_fields: Names of the backend's arguments that have a field of their own; others go into the field for more.
            None: every argument has one.
    """
    told: dict[str, str | list[str]] = {"part": "start", "backend": spec.backend, "task": list(spec.tasks)}
    rest = {}
    for name, value in spec.model_args.items():
        if own_fields is None or name in own_fields:
            told[ARGUMENT + name] = _text(value)
        else:
            rest[name] = value
    usual = JobSpec(spec.backend, spec.tasks)
    for key, name in (("shots", "num_fewshot"), ("limit", "limit"), ("batch", "batch_size"), ("repeats", "repeats")):
        value = getattr(spec, name)
        if value is not None and value != getattr(usual, name):
            told[key] = str(int(value)) if value == int(value) else repr(value)
    named = spec.apply_chat_template
    told["template"] = named if isinstance(named, str) else "yes" if named else "no"
    if spec.fewshot_as_multiturn:
        told["turns"] = "true"
    if spec.seeds != usual.seeds:
        told["seeds"] = ",".join(map(str, spec.seeds))
    texts = {"more": write_pairs(rest) if rest else "", "system": spec.system_instruction or "", "device": spec.device or ""}  # fmt: skip
    texts["generation"] = write_pairs(spec.gen_kwargs) if spec.gen_kwargs else ""
    return {
        key: value
        for key, value in {**told, **texts}.items()
        if value and not (isinstance(value, str) and is_secret(value))
    }


def address_of_model(hub: str) -> dict[str, str | list[str]]:
    """The choices of the address that open the form with a model of the Hub, its tasks still to be chosen."""
    return {"part": "start", "backend": "hf", f"{ARGUMENT}pretrained": hub}


def usual_template(backend: str) -> str:
    """How prompts are sent when nothing is said."""
    return "yes" if backend == CHAT else "no"


def is_secret(text: str) -> bool:
    """Whether a text looks like a key, or an address with a user or password in it: such a one is kept out of the address."""
    return _SECRET.search(text) is not None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _seeds(text: str) -> list[int] | int:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise RefusedInput("not seeds", place="seeds", expected="a whole number, or four with commas", found=text)
    numbers = [int(part) for part in parts]
    return numbers[0] if len(numbers) == 1 else numbers


def _text(value: Any) -> str:
    return write_pairs({"v": value}).removeprefix("v=") if not isinstance(value, str) else value
