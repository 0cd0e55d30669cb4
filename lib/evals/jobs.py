"""A job as everybody sees it: what was asked, where it stands, how far each task is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lib.evals.spec import JobSpec
from lib.evals.states import State

RequestType = Literal["loglikelihood", "loglikelihood_rolling", "generate_until"]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a worker must have to be given the job.

    Args:
        device: ``cpu`` (any worker), ``cuda`` or ``mps``.
        memory_gib: Memory of that device that the job needs by our own estimate; 0 where it needs none to speak of
            (an endpoint elsewhere), None where it cannot be told.
        backend: The worker's interpreter must have it.
    """

    backend: str
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    memory_gib: float | None = 0.0


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """How far one task of a job is. Counts are of requests to the model, which are more than questions.

    Unknown is None: ``n_requests`` before the task starts, tokens where the backend does not tell, ``cost_usd`` without a
    price, memory and energy where they cannot be measured. ``run`` is the digest of the run that it became.
    ``is_resumed`` marks a task that went on from kept answers, whose last digits may differ from an unbroken one.
    """

    position: int
    task: str
    repeat: int = 0
    state: Literal["waiting", "running", "succeeded", "failed", "cancelled"] = "waiting"
    request_type: RequestType | None = None
    n_done: int = 0
    n_requests: int | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    n_empty: int = 0
    cost_usd: float | None = None
    seconds: float | None = None
    peak_memory_bytes: int | None = None
    device_memory_bytes: int | None = None
    energy_wh: float | None = None
    run: str | None = None
    is_resumed: bool = False
    started_at: str | None = None
    ended_at: str | None = None
    seen_at: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its tasks. ``id`` is 12 hexadecimal digits; ``reason`` is for a person and may be empty.

    ``estimate`` is what was told before the start (``lib.evals.estimate.Estimate.as_json``), to be compared with what came.
    """

    id: str
    spec: JobSpec
    digest: str
    state: State
    needs: Needs
    reason: str = ""
    is_retryable: bool = False
    priority: int = 0
    worker: str | None = None
    attempt: int = 0
    takeovers: int = 0
    lm_eval_version: str | None = None
    estimate: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""
    started_at: str | None = None
    ended_at: str | None = None
    tasks: tuple[TaskProgress, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Every field as JSON types; unknown is null."""
        return {**asdict(self), "spec": self.spec.as_json()}


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job: ``kind`` in a word or two, ``data`` JSON-able."""

    at: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Worker:
    """A process with one device slot. ``silent_s`` is how long it has not been heard of; ``job`` what it runs."""

    name: str
    device: str
    memory_gib: float | None
    backends: tuple[str, ...]
    lm_eval_version: str | None
    job: str | None
    silent_s: float
