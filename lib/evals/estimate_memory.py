"""Memory that a job needs where its model runs: weights, cache, and the scores over the vocabulary. GiB are 2³⁰ bytes."""

from __future__ import annotations

from typing import NamedTuple

from lib.evals.machine import GIB
from lib.evals.model_facts import ModelFacts, bits_asked
from lib.evals.spec import JobSpec
from lib.stats import memory

LOCAL = frozenset(("hf", "vllm"))
"""Backends that load weights themselves."""
SERVERS = frozenset(("local-completions", "local-chat-completions", "gguf"))
"""Backends that ask a server for tokens; all others (the dummy, classical baselines) need next to nothing."""
PROCESS_BYTES = 0.5 * GIB
"""A process with PyTorch, transformers and a tiny model (peak resident, measured)."""
WITHOUT_SHAPE = 1.2
"""What is added to weights where the shape, and with it the cache, is not known."""
UNSURE_BITS = 16.0


class MemoryNeed(NamedTuple):
    """GiB, or None; and why in words."""

    gib: float | None
    basis: str


def memory_need(spec: JobSpec, facts: ModelFacts, longest_prompt: float) -> MemoryNeed:
    """Memory of the device that runs the model.

    Weights, the cache of a batch, and for ``hf`` the scores of a batch over the vocabulary, twice at 32 bits: lm-eval takes
    their logarithms for every position. vLLM fills the card by itself; what it needs is the weights and one sequence.

    Args:
        longest_prompt: Tokens of a long request of the job, answer included.

    Source:
        ``lib.stats.memory``: W = N b / 8, cache by layers, heads and their width.
    """
    if spec.backend not in LOCAL:
        return MemoryNeed(0.0, "no weights are loaded here")
    if facts.params is None:
        return MemoryNeed(facts.weight_bytes and _gib(facts.weight_bytes * WITHOUT_SHAPE), facts.basis)
    bits = bits_asked(spec, facts)
    weights = float(memory.weight_bytes(facts.params, bits or UNSURE_BITS))
    words = facts.basis if bits else f"{facts.basis}, taken as 16 bits per weight"
    if facts.cache_bytes_per_token is None:
        return MemoryNeed(_gib(weights * WITHOUT_SHAPE), f"{words}; its shape is not known, so a fifth was added")
    sequences = 1 if spec.backend == "vllm" else spec.batch_size
    tokens = min(longest_prompt, facts.context_tokens or longest_prompt)
    cache = sequences * tokens * facts.cache_bytes_per_token
    scores = sequences * tokens * (facts.vocab or 0.0) * 4 * 2 if spec.backend == "hf" else 0.0
    return MemoryNeed(_gib(weights + cache + scores), words)


def fits(need_gib: float, device: str, memory_gib: float) -> bool:
    """Whether a device has room: 0.88 of a card as for serving, nine tenths of main memory."""
    if device == "cpu":
        return need_gib <= 0.9 * memory_gib
    return need_gib * GIB <= float(memory.usable(memory_gib * GIB / memory.GB))


def _gib(n_bytes: float) -> float:
    return (n_bytes + PROCESS_BYTES) / GIB
