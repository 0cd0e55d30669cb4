"""What fine-tuning takes: memory of full, LoRA and QLoRA training, and its time.

Bytes and seconds; 1 GB is 10⁹ bytes. Numbers or arrays in (broadcast together), float64 out; NaN in, NaN out; an
impossible value raises :class:`lib.errors.RefusedInput` with the quantity named.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import RefusedInput
from lib.stats.quantities import above_zero, share, zero_or_more

Floats = NDArray[np.float64]
Way = Literal["full", "lora", "qlora"]

STATE_BYTES = {"mixed precision": 16, "gradients in 32 bit": 18, "no 32-bit copy": 12, "8-bit moments": 8}
"""Weight, gradient and optimiser bytes of one trained parameter. AdamW in mixed precision: 2 + 2 + 4 + 4 + 4."""
ADAPTER_STATE_BYTES = 12
"""Of an adapter parameter: 16-bit weight and gradient, two moments in 32 bit."""
MODULES = ("q", "k", "v", "o", "gate", "up", "down")
NF4_BITS, NF4_DOUBLE_BITS = 4.5, 4.127
"""4 + 32/64, and 4 + 8/64 + 32/(64 x 256) with double quantisation."""
RUNTIME_BYTES = 0.7e9
FRAGMENTATION = 1.2
"""A fifth on top of what the formulas count before something is said to fit."""
HFU = 0.50
"""Of well-filled devices, at least 8,000 tokens a step each."""
HFU_RANGE = (0.20, 0.70)
"""Of the measured runs: a fifth on slow links between cards, 0.7 at best."""
FLOP_PER_PARAM: dict[tuple[bool, bool], float] = {
    (False, False): 6,
    (False, True): 8,
    (True, False): 4,
    (True, True): 6,
}
"""By (only adapters are trained, activations are computed again): FLOP per token and parameter."""


class TuningMemory(NamedTuple):
    """Bytes; ``total`` is their sum, without runtime and fragmentation."""

    weights: Floats
    states: Floats
    activations: Floats
    logits: Floats

    @property
    def total(self) -> Floats:
        return self.weights + self.states + self.activations + self.logits


def full_states_bytes(params: ArrayLike, bytes_per_param: ArrayLike = 16) -> Floats:
    """Weights, gradients and optimiser states when every parameter is trained: no activations.

    Source:
        ZeRO, Rajbhandari et al. 2020, arXiv 1910.02054: 16 bytes with AdamW in mixed precision.
    """
    return above_zero(params, "parameters") * above_zero(bytes_per_param, "bytes per parameter", most=64)


def lora_trainable_params(
    *,
    n_layers: ArrayLike,
    d_model: ArrayLike,
    q_dim: ArrayLike,
    kv_dim: ArrayLike,
    d_ff: ArrayLike,
    rank: ArrayLike,
    modules: Collection[str] = MODULES,
) -> Floats:
    """r (d_in + d_out) for each adapted matrix of each layer.

    Args:
        q_dim, kv_dim: Heads times head size, of queries and of keys or values.
        modules: Any of ``MODULES``; q and o are (d, q_dim), k and v (d, kv_dim), gate, up and down (d, f).

    Raises:
        RefusedInput: No module, or one that a layer does not have.

    Source:
        Hu et al. 2021, arXiv 2106.09685.
    """
    if not modules or not set(modules) <= set(MODULES):
        raise RefusedInput("impossible adapted matrices", place="modules", expected=f"some of {', '.join(MODULES)}", found=", ".join(modules) or "none")  # fmt: skip
    d = above_zero(d_model, "width of the model")
    sides = {
        "q": above_zero(q_dim, "width of the queries"),
        "k": above_zero(kv_dim, "width of the keys"),
        "gate": above_zero(d_ff, "width of the feed-forward layer"),
    }
    sides |= {"o": sides["q"], "v": sides["k"], "up": sides["gate"], "down": sides["gate"]}
    per_layer = sum((d + sides[one] for one in dict.fromkeys(modules)), np.zeros(()))
    return above_zero(n_layers, "layers") * above_zero(rank, "rank") * per_layer


def adapter_memory(
    *,
    linear_params: ArrayLike,
    embedding_params: ArrayLike,
    base_bits: ArrayLike,
    trainable_params: ArrayLike,
    batch: ArrayLike,
    sequence_tokens: ArrayLike,
    d_model: ArrayLike,
    n_layers: ArrayLike,
    vocabulary: ArrayLike,
    adapter_state_bytes: ArrayLike = ADAPTER_STATE_BYTES,
) -> TuningMemory:
    """LoRA (``base_bits`` 16) or QLoRA on one device.

    Frozen linear weights at ``base_bits``, embeddings and output head in 16 bit, states of the adapters, activations
    with checkpointing, logits.

    Source:
        Dettmers et al. 2023, arXiv 2305.14314 (bits of NF4); Korthikanti et al. 2022, arXiv 2205.05198 (activations).
    """
    frozen = above_zero(linear_params, "parameters of the linear layers") * above_zero(base_bits, "bits per weight", most=32)  # fmt: skip
    embedded = zero_or_more(embedding_params, "parameters of the embeddings")
    states = above_zero(trainable_params, "trained parameters") * above_zero(adapter_state_bytes, "bytes per parameter", most=64)  # fmt: skip
    activations = checkpointed_activation_bytes(batch, sequence_tokens, d_model, n_layers)
    return TuningMemory(frozen / 8 + 2 * embedded, states, activations, logit_bytes(batch, sequence_tokens, vocabulary))


def checkpointed_activation_bytes(
    batch: ArrayLike, sequence_tokens: ArrayLike, d_model: ArrayLike, n_layers: ArrayLike
) -> Floats:
    """2 b s d L + 34 b s d: the input of every layer is kept, one layer at a time is computed again."""
    tokens = above_zero(batch, "batch (sequences)") * above_zero(sequence_tokens, "sequence (tokens)")
    width = above_zero(d_model, "width of the model")
    return 2 * tokens * width * above_zero(n_layers, "layers") + 34 * tokens * width


def logit_bytes(batch: ArrayLike, sequence_tokens: ArrayLike, vocabulary: ArrayLike) -> Floats:
    """6 b s V: logits in 16 bit and their 32-bit copy."""
    tokens = above_zero(batch, "batch (sequences)") * above_zero(sequence_tokens, "sequence (tokens)")
    return 6 * tokens * above_zero(vocabulary, "vocabulary")


def tuning_flop(
    active_params: ArrayLike,
    tokens: ArrayLike,
    *,
    is_adapter: bool,
    is_recomputed: bool = True,
    attention_flop_per_token: ArrayLike = 0,
) -> Floats:
    """Full 6 N D (8 with activations computed again), adapters 4 N D (6): no weight gradients of the frozen part.

    Args:
        attention_flop_per_token: ``lib.stats.training_cost.attention_flop_per_token``; 0 leaves attention out.
    """
    per_token = FLOP_PER_PARAM[is_adapter, is_recomputed] * above_zero(active_params, "parameters")
    return above_zero(tokens, "training tokens") * (per_token + zero_or_more(attention_flop_per_token, "attention"))


def tuning_seconds(flop: ArrayLike, n_devices: ArrayLike, peak_flop_per_s: ArrayLike, hfu: ArrayLike = HFU) -> Floats:
    """t = FLOP / (n F HFU), HFU counting computed-again activations as work."""
    rate = above_zero(n_devices, "devices") * above_zero(peak_flop_per_s, "peak rate (FLOP/s)")
    return above_zero(flop, "training compute (FLOP)") / (rate * share(hfu, "utilisation (HFU)"))


def bytes_to_have(memory_bytes: ArrayLike) -> Floats:
    """What a device must have for a need to be said to fit: a fifth for fragmentation, and the runtime."""
    return above_zero(memory_bytes, "memory (bytes)") * FRAGMENTATION + RUNTIME_BYTES
