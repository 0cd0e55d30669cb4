"""What a job will take, told before it starts: time, memory, tokens, money; and how far off that was afterwards.

Unknown stays unknown: a total of which one part is not known is None, and the reason is told.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib.evals import estimate_time
from lib.evals.estimate_errors import came as came
from lib.evals.estimate_errors import errors as errors
from lib.evals.estimate_memory import LOCAL, SERVERS, MemoryNeed, memory_need
from lib.evals.jobs import Needs
from lib.evals.lengths import Asked, Length, Range, asked, share_read
from lib.evals.machine import Machine, this_machine
from lib.evals.model_facts import ModelFacts, from_store, model_facts
from lib.evals.prices import TokenPrice, token_price
from lib.evals.spec import JobSpec
from lib.evals.task_list import TaskEntry, TaskList, task_list
from lib.stats.serving import Device
from lib.store.db import Store
from lib.store.job_history import PastTask, finished_tasks

START_S = (4.0, 8.0, 20.0)
"""Start of the child and of its model, without reading weights (measured: 4.4 to 19 s)."""
READ_BYTES_PER_S = 0.5e9
TASK_S = (0.3, 1.0, 5.0)
"""Reading a data set and building prompts."""
LONGEST_OVER_MEAN = 3.0
SHORTEST = 256.0


_Part = tuple[TaskEntry, Asked | str]
"""A task, and what it asks or why that is not known."""


@dataclass(frozen=True, slots=True)
class TaskEstimate:
    """One entry of a job, repeats and all tasks of a group together.

    Args:
        name: As the job names it.
        n_items, n_requests, tokens_in, tokens_out, cost_usd: None where unknown.
        seconds: Of answering, without start and reading of data.
        basis: Where the counts are from.
        unknown: Why something is not known; '' where all is.
    """

    name: str
    n_items: int | None = None
    n_requests: float | None = None
    tokens_in: Range | None = None
    tokens_out: Range | None = None
    seconds: Range | None = None
    cost_usd: Range | None = None
    basis: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A job before it starts.

    Args:
        seconds: From the start of the child to the end of the last task. None: see ``unknown``.
        memory_gib: Where the model runs; 0 where that is elsewhere.
        tokens_in, tokens_out: Of all tasks and repeats.
        cost_usd: Of the endpoint's tokens or the device's hours.
        tasks: One by one.
        basis: What the numbers rest on, in words.
        unknown: Reasons, the same once.
        usd_per_million: Of tokens in and out at the endpoint: what is spent is counted with it while the job runs.
    """

    seconds: Range | None
    memory_gib: float | None
    tokens_in: Range | None
    tokens_out: Range | None
    cost_usd: Range | None
    tasks: tuple[TaskEstimate, ...]
    basis: str
    unknown: tuple[str, ...]
    usd_per_million: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """For the row of the job: bands are lists of low, mid, high; None stays null."""
        return {
            "seconds": _list(self.seconds),
            "memory_gib": self.memory_gib,
            "tokens_in": _list(self.tokens_in),
            "tokens_out": _list(self.tokens_out),
            "cost_usd": _list(self.cost_usd),
            "tasks": [
                {
                    "name": one.name,
                    "n_items": one.n_items,
                    "n_requests": one.n_requests,
                    "basis": one.basis,
                    "unknown": one.unknown,
                }
                | {name: _list(getattr(one, name)) for name in ("tokens_in", "tokens_out", "seconds", "cost_usd")}
                for one in self.tasks
            ],
            "basis": self.basis,
            "unknown": list(self.unknown),
            "usd_per_million": None if self.usd_per_million is None else list(self.usd_per_million),
        }


@dataclass(frozen=True, slots=True)
class Known:
    """Everything an estimate rests on; made by :func:`known` or by a test.

    Args:
        facts: Of the model.
        tasks: lm-eval's.
        machine: For jobs on the processor.
        past: ``finished_tasks`` of the backend.
        price: Of the endpoint's tokens.
        device: Published numbers of the card; None: not said which.
        usd_per_hour: Of the device.
        own: Readers' own tasks by name, with the lengths of their questions.
        sizes: Parameters of other models in ``past``.
    """

    facts: ModelFacts
    tasks: TaskList
    machine: Machine
    past: Sequence[PastTask]
    price: TokenPrice | None = None
    device: Device | None = None
    usd_per_hour: float | None = None
    own: Mapping[str, tuple[TaskEntry, Length]] | None = None
    sizes: Mapping[str, ModelFacts] | None = None


def known(
    store: Store,
    spec: JobSpec,
    *,
    today: str,
    hub: ModelFacts | None = None,
    device: Device | None = None,
    usd_per_hour: float | None = None,
    own: Mapping[str, tuple[TaskEntry, Length]] | None = None,
) -> Known:
    """What this installation knows about a job; no network."""
    facts = model_facts(store, spec, hub)
    past = finished_tasks(store, spec.backend)
    others = {one.model for one in past} - {spec.model} if spec.backend in LOCAL else set()
    return Known(
        facts=facts,
        tasks=task_list(),
        machine=this_machine(),
        past=past,
        price=token_price(store, spec, facts.model, today) if spec.backend in SERVERS else None,
        device=device,
        usd_per_hour=usd_per_hour,
        own=own,
        sizes={name: from_store(store, name) for name in sorted(others)[:50]},
    )


def estimate(spec: JobSpec, of: Known) -> Estimate:
    """Time, memory, tokens and money of a job."""
    counted = [_counted(spec, name, of) for name in spec.tasks]
    before = _Before(spec, of)
    tasks = tuple(_task(spec, name, parts, of, before) for name, parts in zip(spec.tasks, counted, strict=True))
    need = memory_need(spec, of.facts, _longest(counted))
    seconds = _total([one.seconds for one in tasks])
    if seconds is not None:
        n_tasks = sum(map(len, counted)) * spec.repeats
        seconds = seconds + Range(*TASK_S) * n_tasks
        read = (of.facts.weight_bytes or 0.0) / READ_BYTES_PER_S if spec.backend in LOCAL else 0.0
        seconds = seconds + Range(*START_S) + Range(read / 2, read, read * 3)
    cost = _total([one.cost_usd for one in tasks])
    if of.price is None and of.usd_per_hour is not None:
        cost = None if seconds is None else seconds * (of.usd_per_hour / 3600)
    return Estimate(
        seconds=seconds,
        memory_gib=need.gib,
        tokens_in=_total([one.tokens_in for one in tasks]),
        tokens_out=_total([one.tokens_out for one in tasks]),
        cost_usd=cost,
        tasks=tasks,
        basis=_basis(tasks, need, before, of),
        unknown=tuple(dict.fromkeys(_reasons(spec, tasks, need, cost, of))),
        usd_per_million=None if of.price is None else (of.price.usd_in, of.price.usd_out),
    )


def needs(spec: JobSpec, told: Estimate) -> Needs:
    """What a worker must have to be given the job."""
    device = (spec.device or "cpu").split(":")[0]
    kind = {"cuda": "cuda", "mps": "mps"}.get(device, "cpu")
    if spec.backend == "vllm" and spec.device is None:
        kind = "cuda"
    return Needs(spec.backend, kind, told.memory_gib)  # type: ignore[arg-type]


class _Before:
    """Tasks that ran before, held against their arithmetic as if they had been of this job's backend and device."""

    def __init__(self, spec: JobSpec, of: Known) -> None:
        self._spec = spec
        self._of = of
        self.words: dict[str, None] = {}

    def expected(self, ran: PastTask) -> float | None:
        entry = self._of.tasks.task(ran.task)
        is_own = ran.model == self._spec.model
        facts = self._of.facts if is_own else (self._of.sizes or {}).get(ran.model, ModelFacts(""))
        tokens_in, tokens_out = float(ran.tokens_in or 0), float(ran.tokens_out or 0)
        share = 1.0 if entry is None else share_read(entry)
        was = Asked(0, ran.n_requests, Range(*[tokens_in] * 3), Range(*[tokens_out] * 3), share, "")
        like = replace(self._spec, batch_size=ran.batch_size)
        return estimate_time.by_arithmetic(like, was, facts, self._of.machine, self._of.device)

    def seconds(self, entry: TaskEntry, asked_for: Asked) -> Range | None:
        """Of answering one task once."""
        found = estimate_time.speed(self._spec, entry, self._of.past, self)
        self.words[found.basis] = None
        told = estimate_time.by_arithmetic(self._spec, asked_for, self._of.facts, self._of.machine, self._of.device)
        return None if told is None or found.factor is None else estimate_time.band(told, found)


def _counted(spec: JobSpec, name: str, of: Known) -> list[_Part]:
    own = (of.own or {}).get(name)
    if own is not None:
        return [(own[0], asked(spec, own[0], of.past, own[1], of.facts.vocab))]
    leaves = of.tasks.leaves(name)
    if not leaves:
        return [(TaskEntry(name, "task"), "lm-eval knows no such task")]
    return [(leaf, asked(spec, leaf, of.past, vocab=of.facts.vocab)) for leaf in leaves]


def _task(spec: JobSpec, name: str, parts: list[_Part], of: Known, before: _Before) -> TaskEstimate:
    missing = [(leaf, one) for leaf, one in parts if isinstance(one, str)]
    known_parts = [(leaf, one) for leaf, one in parts if isinstance(one, Asked)]
    told = [one for _, one in known_parts]
    if missing:
        which = missing[0][0].name if len(parts) > 1 else ""
        more = f"{len(missing)} of {len(parts)} tasks, {which} for one: " if which else ""
        return TaskEstimate(name, unknown=more + missing[0][1])
    times = float(spec.repeats)
    tokens_in = sum((one.tokens_in for one in told), Range(0, 0, 0)) * times
    tokens_out = sum((one.tokens_out for one in told), Range(0, 0, 0)) * times
    each = [before.seconds(leaf, one) for leaf, one in known_parts]
    together = _total(each)
    seconds = None if together is None else together * times
    cost = None
    if of.price is not None:
        cost = Range(*(of.price.of(i, o) for i, o in zip(_list(tokens_in) or (), _list(tokens_out) or (), strict=True)))
    counts = [one.n_items for one in told]
    return TaskEstimate(
        name,
        n_items=sum(counts) or None,
        n_requests=sum(one.n_requests for one in told) * times,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        seconds=seconds,
        cost_usd=cost,
        basis="; ".join(dict.fromkeys(one.basis for one in told)),
    )


def _longest(counted: Sequence[Sequence[_Part]]) -> float:
    """Tokens of a long request: three times the mean of the task with the longest, at least 256."""
    means = [
        (one.tokens_in.mid + one.tokens_out.mid) / one.n_requests
        for parts in counted
        for _, one in parts
        if isinstance(one, Asked) and one.n_requests
    ]
    return max([SHORTEST, *(mean * LONGEST_OVER_MEAN for mean in means)])


def _basis(tasks: Sequence[TaskEstimate], need: MemoryNeed, before: _Before, of: Known) -> str:
    parts = [f"tokens: {'; '.join(dict.fromkeys(one.basis for one in tasks if one.basis)) or 'not known'}"]
    parts += [f"time: {'; '.join(before.words) or 'not known'}", f"memory: {need.basis}"]
    if of.price is not None:
        parts.append(f"money: {of.price.basis}")
    elif of.usd_per_hour is not None:
        parts.append("money: the hourly price that was given")
    return ". ".join(part[0].upper() + part[1:] for part in parts) + "."


def _reasons(
    spec: JobSpec, tasks: Sequence[TaskEstimate], need: MemoryNeed, cost: Range | None, of: Known
) -> list[str]:
    reasons = [f"{one.name}: {one.unknown}" for one in tasks if one.unknown]
    if any(one.seconds is None and not one.unknown for one in tasks):
        on_card = spec.backend in LOCAL and of.facts.params is not None
        reasons.append(
            "time: the speed of the device is not known, and nothing ran on it yet"
            if on_card
            else "time: the model's size is not known"
            if spec.backend in LOCAL
            else "time: no task was asked of such a server yet"
        )
    if need.gib is None:
        reasons.append(f"memory: {need.basis}")
    if cost is None and of.price is None and spec.backend in SERVERS:
        reasons.append("money: nobody has said what this model costs there; your own price can be entered")
    return reasons


def _total(parts: Sequence[Range | None]) -> Range | None:
    if not parts or None in parts:
        return None
    total = sum((one for one in parts if one is not None), Range(0.0, 0.0, 0.0))
    return total if math.isfinite(total.high) else None


def _list(band: Range | None) -> list[float] | None:
    return None if band is None else [band.low, band.mid, band.high]
