"""Seconds of answering: what the arithmetic says, corrected by what tasks took that ran here before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from lib.evals.estimate_memory import LOCAL, SERVERS
from lib.evals.lengths import Asked, Range
from lib.evals.machine import Machine
from lib.evals.model_facts import ModelFacts, bits_asked
from lib.evals.spec import JobSpec
from lib.evals.task_list import TaskEntry
from lib.stats.serving import Device
from lib.store.job_history import PastTask

READING_SHARE = 0.35
"""Share of the arithmetic peak reached while prompts are read (profile ``single-stream`` of ``lib.stats.serving_profiles``)."""
WRITING_SHARE = 0.6
PER_REQUEST_S = 0.002
"""What lm-eval itself spends on a request (measured: 1,600 requests of a toy model in about 3 s)."""
AT_ONCE = {"local-completions": 4, "local-chat-completions": 4}
"""Requests at a time where a job does not say (``num_concurrent``)."""
WIDE, NARROW, LEAST = 3.0, 1.6, 1.25
"""Factors around an estimate: by arithmetic alone; after one task that ran here; after many alike."""


class Around(Protocol):
    """What knows the arithmetic of a task that ran before."""

    def expected(self, ran: PastTask) -> float | None:
        """Its seconds by arithmetic; None where they cannot be told."""


class Speed(NamedTuple):
    """A correction of the arithmetic.

    Args:
        factor: Seconds that it took over seconds by arithmetic; None: arithmetic is not enough, and nothing ran here.
        spread: Factor of the band, up and down.
        basis: In words.
    """

    factor: float | None
    spread: float
    basis: str


def by_arithmetic(
    spec: JobSpec, asked: Asked, facts: ModelFacts, machine: Machine, device: Device | None
) -> float | None:
    """Seconds of one task; None where the model's size or the device's speed is not known.

    Reading takes 2 N FLOP a token; writing reads the weights once for each token of a batch. For servers elsewhere the number
    has no meaning of its own: it only carries what was seen of one task over to another.
    """
    tokens_in, tokens_out = asked.tokens_in.mid * asked.share_read, asked.tokens_out.mid
    if spec.backend not in LOCAL:
        if spec.backend not in SERVERS:
            return asked.n_requests * PER_REQUEST_S
        at_once = _at_once(spec)
        return (asked.n_requests * 0.2 + tokens_in / 3_000 + tokens_out / 40) / at_once
    size = facts.params_active or facts.params
    if size is None:
        return None
    on_cpu = (spec.device or "cpu").startswith("cpu")
    if on_cpu:
        flop_per_s, bytes_per_s = machine.flop_per_s, machine.bytes_per_s
    elif device is not None:
        flop_per_s = float(np.asarray(device.matmul_tflops_dense)) * 1e12
        bytes_per_s = float(np.asarray(device.bandwidth_gb_s)) * 1e9
    else:
        return None
    reading = tokens_in * 2 * size / (flop_per_s * READING_SHARE)
    steps = tokens_out / max(spec.batch_size, 1)
    weights = size * (bits_asked(spec, facts) or 16.0) / 8
    writing = max(steps * weights / (bytes_per_s * WRITING_SHARE), tokens_out * 2 * size / (flop_per_s * READING_SHARE))
    seconds = reading + writing + asked.n_requests * PER_REQUEST_S
    return seconds if math.isfinite(seconds) else None


def speed(spec: JobSpec, task: TaskEntry, past: Sequence[PastTask], around: Around) -> Speed:
    """How tasks that ran before compare with the arithmetic: the median of those most like this one.

    First the same task of the same model, then tasks of it that are asked in the same way, then any of it, then those of other
    models. Tasks that ran on other devices say nothing.

    Args:
        past: ``lib.store.job_history.finished_tasks``.
    """
    device = (spec.device or "cpu").split(":")[0]
    ran = [one for one in past if one.device == device and one.tokens_in is not None]
    own = [one for one in ran if one.model == spec.model]
    others = [one for one in ran if one.model != spec.model]
    writes = task.output_type == "generate_until"
    choices = (
        ([one for one in own if one.task == task.name], "this task and model", 1.0),
        ([one for one in own if bool(one.tokens_out) == writes], "this model", NARROW),
        (own, "this model", NARROW**2),
        ([one for one in others if bool(one.tokens_out) == writes], "other models", NARROW**2),
        (others, "other models", NARROW**2),
    )
    for rows, words, wider in choices:
        expected = [(one.seconds, around.expected(one)) for one in rows[:50]]
        ratios = [seconds / told for seconds, told in expected if told is not None and told > 0]
        if ratios:
            spread = float(np.exp(1.28 * np.std(np.log(ratios)))) if len(ratios) > 2 else NARROW
            n = f"{len(ratios)} {'task' if len(ratios) == 1 else 'tasks'}"
            n = "the last run" if words.startswith("this task") else n
            return Speed(float(np.median(ratios)), max(LEAST, spread) * wider, f"{n} of {words} here")
    if spec.backend in SERVERS:
        return Speed(None, WIDE, "no task was asked of such a server yet")
    if spec.backend not in LOCAL:
        return Speed(1.0, WIDE, "only what lm-eval itself spends on a request")
    return Speed(
        1.0, WIDE, "the arithmetic of the model and a short measurement of this machine; nothing like it ran here yet"
    )


def band(seconds: float, found: Speed) -> Range:
    """Seconds with the band of the correction."""
    mid = seconds * (found.factor or 1.0)
    return Range(mid / found.spread, mid, mid * found.spread)


def _at_once(spec: JobSpec) -> float:
    asked = spec.model_args.get("num_concurrent")
    is_count = isinstance(asked, (int, float)) and not isinstance(asked, bool) and asked >= 1
    return float(asked) if is_count and asked is not None else float(AT_ONCE.get(spec.backend, 1))
