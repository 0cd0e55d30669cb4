"""This machine: cores, memory and how fast it multiplies, measured once in a moment with NumPy."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

GIB = 2.0**30
_SIZE = 512
_LONGEST_S = 0.15


class Machine(NamedTuple):
    """What a job on the processor has to do with.

    Args:
        memory_gib: Main memory.
        free_gib: Of it, not in use now.
        flop_per_s: Of one thread, multiplying 32-bit matrices.
        bytes_per_s: Read from memory by one thread.
    """

    memory_gib: float
    free_gib: float
    flop_per_s: float
    bytes_per_s: float


def this_machine() -> Machine:
    """Memory as it is now, speed as it was measured first."""
    memory = psutil.virtual_memory()
    return Machine(memory.total / GIB, memory.available / GIB, *_speed())


@lru_cache(maxsize=1)
def _speed() -> tuple[float, float]:
    """The best of a few products and sums: other work on the machine only ever makes them slower.

    One thread, as a job is given: two children with a thread each get more done than one with two.
    """
    with threadpool_limits(1):
        return _measured()


def _measured() -> tuple[float, float]:
    draw = np.random.default_rng(0)
    a = draw.random((_SIZE, _SIZE), dtype=np.float32)
    long = np.ones(16_000_000, dtype=np.float32)
    product, total = np.inf, np.inf
    end = time.perf_counter() + _LONGEST_S
    while time.perf_counter() < end or not np.isfinite(total):
        start = time.perf_counter()
        np.dot(a, a)
        middle = time.perf_counter()
        long.sum()
        product, total = min(product, middle - start), min(total, time.perf_counter() - middle)
    return 2.0 * _SIZE**3 / product, long.nbytes / total
