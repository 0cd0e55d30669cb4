"""What a way of running models tells about itself. A file in this folder with ``BACKEND`` is found by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from lib.evals.jobs import RequestType
from lib.evals.spec import JobSpec, Value

ArgumentKind = Literal["text", "address", "model", "whole", "number", "flag", "choice"]
SetUp = Literal["torch", "vllm", "endpoint", "llama.cpp", "slices", "reports"]
"""What the child puts around the model (``lib.evals.child.loading``)."""
ALL_REQUESTS: frozenset[RequestType] = frozenset(("loglikelihood", "loglikelihood_rolling", "generate_until"))
GENERATION: frozenset[RequestType] = frozenset(("generate_until",))


class Problem(NamedTuple):
    """Why a job cannot be run like this: the field, the reason, and what would help."""

    place: str
    reason: str
    remedy: str = ""


class Situation(NamedTuple):
    """Where a job would run.

    Args:
        env: Environment of the worker; keys are looked for in it, by name only.
        key_hosts: Variable -> hosts that it may be sent to (``P4P_KEY_HOSTS`` over the known providers).
        is_shared: Others than the owner of this machine may fill in the form.
        allows_remote_code: An admin lets models bring code and pickled weights.
    """

    env: Mapping[str, str]
    key_hosts: Mapping[str, tuple[str, ...]]
    is_shared: bool = False
    allows_remote_code: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """One of lm-eval's ``--model_args``, as a form asks for it. ``name`` is lm-eval's, ``label`` for people."""

    name: str
    label: str
    kind: ArgumentKind = "text"
    required: bool = False
    default: Value = None
    help: str = ""
    choices: tuple[str, ...] = ()


def nothing_more(spec: JobSpec, situation: Situation) -> Iterable[Problem]:
    """A backend without rules of its own."""
    return ()


def same_requests(backend: Backend, model_args: Mapping[str, Value]) -> frozenset[RequestType]:
    """A backend that answers the same kinds of requests whatever its arguments."""
    return backend.request_types


@dataclass(frozen=True, slots=True)
class Backend:
    """A way of running models.

    Args:
        name: lm-eval's ``--model``.
        label: For people.
        what: One sentence.
        arguments: What the form asks for; the first names the model.
        more_arguments: Further names that are taken from the command line. Any other name is refused: lm-eval passes unknown
            ones on to libraries that load code by name.
        request_types: What it can answer at best; ``answers`` tells for given arguments.
        needs_packages: Distributions that lm-eval's interpreter must have.
        install: Command that brings them.
        is_remote: The model runs elsewhere, and is asked over the network.
        sends_key: A key of the worker's environment may be sent along.
        child_setup: What the child puts around it.
        model_class: ``module:Class`` in ``lib.evals.child`` for models that lm-eval does not have.
        devices: Where it can run here; empty for remote ones.
        verified: What was shown by running it, for docs/backends.md.
        unverified: What could only be tried against stand-ins, or not at all.
    """

    name: str
    label: str
    what: str
    arguments: tuple[Argument, ...]
    child_setup: SetUp
    verified: str
    unverified: str = ""
    more_arguments: frozenset[str] = frozenset()
    request_types: frozenset[RequestType] = ALL_REQUESTS
    needs_packages: tuple[str, ...] = ()
    install: str = ""
    is_remote: bool = False
    sends_key: bool = False
    model_class: str | None = None
    devices: tuple[str, ...] = ("cpu",)
    rules: Callable[[JobSpec, Situation], Iterable[Problem]] = nothing_more
    answering: Callable[[Backend, Mapping[str, Value]], frozenset[RequestType]] = same_requests
    filling: Callable[[Mapping[str, Value]], dict[str, Value]] | None = None

    def answers(self, model_args: Mapping[str, Value]) -> frozenset[RequestType]:
        """Kinds of requests that it can answer with these arguments."""
        return self.answering(self, model_args)

    def defaults(self, model_args: Mapping[str, Value]) -> dict[str, Value]:
        """Arguments that are filled in where they are missing; they are part of the job, its command line and its results."""
        filled: dict[str, Value] = {one.name: one.default for one in self.arguments if one.default is not None}
        if self.filling is not None:
            filled |= self.filling(model_args)
        return {name: value for name, value in filled.items() if name not in model_args}

    def missing_packages(
        self, installed: Mapping[str, str | None], model_args: Mapping[str, Value] | None = None
    ) -> list[str]:
        """Of the packages it needs, those that the interpreter does not have (``lib.evals.interpreter.versions``)."""
        needed = [*self.needs_packages]
        if self.is_remote and (model_args or {}).get("tokenizer"):
            needed.append("transformers")  # `make local-models`
        return [name for name in needed if not installed.get(name)]


def with_defaults(spec: JobSpec, backend: Backend) -> JobSpec:
    """The job with the backend's defaults filled in: what is stored, compared, exported and run."""
    filled: dict[str, Any] = {**backend.defaults(spec.model_args), **spec.model_args}
    return replace(spec, model_args=filled)
