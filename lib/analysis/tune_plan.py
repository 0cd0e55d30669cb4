"""Fine-tuning one model on a number of equal devices: memory of each way, whether it fits, time and dollars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis.devices import TrainingDevice
from lib.stats import architecture, fine_tuning
from lib.stats.architecture import Architecture
from lib.stats.fine_tuning import HFU_RANGE, MODULES, NF4_DOUBLE_BITS, STATE_BYTES

WAYS = {"full": "every parameter", "lora": "LoRA, 16-bit weights", "qlora": "QLoRA, 4-bit weights"}
ADAPTED = {"all": MODULES, "attention": ("q", "k", "v", "o"), "qv": ("q", "v")}
ADAPTED_WORDS = {"all": "all matrices", "attention": "attention", "qv": "queries and values"}
STATES_WORDS = {one: f"{one}, {n} bytes each" for one, n in STATE_BYTES.items()}
FITS, TIGHT, DOES_NOT_FIT = "fits", "tight", "does not fit"
"""With a fifth to spare; only without; not at all."""
ROW_COLUMNS = (
    "way", "trained", "weights", "states", "activations", "logits", "total", "needed", "memory", "verdict", "flop", "seconds",
    "seconds_low", "seconds_high", "usd", "usd_low", "usd_high",
)  # fmt: skip


class TuneAsk(NamedTuple):
    """What is asked. ``states`` is a key of ``STATE_BYTES``, ``adapted`` one of ``ADAPTED``; a price of None is unknown."""

    tokens: float
    n_devices: float
    rank: float
    sequence_tokens: float
    batch: float
    hfu: float
    usd_per_device_hour: float | None
    adapted: str = "all"
    states: str = "mixed precision"
    is_recomputed: bool = True


def can_tune(shape: Architecture) -> bool:
    """Whether adapters can be counted: not with latent attention, whose matrices are of another kind."""
    return not shape.mla_kv_lora_rank


def modules(shape: Architecture, adapted: str) -> tuple[str, ...]:
    """The matrices that get adapters: experts get none, and only gated layers have a gate."""
    wanted = ADAPTED["attention"] if shape.n_experts and adapted == "all" else ADAPTED[adapted]
    return tuple(one for one in wanted if one != "gate" or shape.gated_mlp)


def ways(shape: Architecture, device: TrainingDevice, ask: TuneAsk) -> pd.DataFrame:
    """One row per way of ``WAYS``: ``ROW_COLUMNS``, bytes on each device, seconds and dollars over all of them.

    Weights and states are divided among the devices (ZeRO-3, FSDP), activations and logits belong to each device's own
    sequences. ``needed`` has a fifth for fragmentation and the runtime on top; ``verdict`` compares it with the memory.

    Raises:
        RefusedInput: An impossible value; place is the quantity.
    """
    return pd.DataFrame([_way(way, shape, device, ask) for way in WAYS], columns=list(ROW_COLUMNS))


def _way(way: str, shape: Architecture, device: TrainingDevice, ask: TuneAsk) -> dict[str, object]:
    counts = architecture.parameters(shape)
    memory = _full(shape, ask) if way == "full" else _adapted(shape, ask, 16 if way == "lora" else NF4_DOUBLE_BITS)
    weights, states = (float(one) / ask.n_devices for one in (memory.weights, memory.states))
    activations, logits = float(memory.activations), float(memory.logits)
    total = weights + states + activations + logits
    needed = float(fine_tuning.bytes_to_have(total))
    # Forward and backward: three times what a forward pass spends on attention.
    attention = 3 * float(architecture.attention_flop(shape, ask.sequence_tokens / 2))
    flop = float(
        fine_tuning.tuning_flop(
            counts.active,
            ask.tokens,
            is_adapter=way != "full",
            is_recomputed=ask.is_recomputed,
            attention_flop_per_token=attention,
        )
    )
    utilisations = (ask.hfu, max(HFU_RANGE[1], ask.hfu), min(HFU_RANGE[0], ask.hfu))
    seconds = [float(fine_tuning.tuning_seconds(flop, ask.n_devices, device.peak_flop_per_s, one)) for one in utilisations]  # fmt: skip
    price = np.nan if ask.usd_per_device_hour is None else ask.usd_per_device_hour
    usd = [one / 3600 * ask.n_devices * price for one in seconds]
    trained = float(counts.total) if way == "full" else _trained(shape, ask)
    values = (
        way, trained, weights, states, activations, logits, total, needed, device.memory_gb * 1e9,
        _verdict(total, needed, device.memory_gb * 1e9), flop, *seconds, *usd,
    )  # fmt: skip
    return dict(zip(ROW_COLUMNS, values, strict=True))


def _verdict(total: float, needed: float, memory: float) -> str:
    if needed <= memory:
        return FITS
    return TIGHT if total + fine_tuning.RUNTIME_BYTES <= memory else DOES_NOT_FIT


def _trained(shape: Architecture, ask: TuneAsk) -> float:
    return float(
        fine_tuning.lora_trainable_params(
            n_layers=shape.n_layers,
            d_model=shape.d_model,
            q_dim=shape.n_heads * shape.head_dim,
            kv_dim=shape.n_kv_heads * shape.head_dim,
            d_ff=shape.d_ff or 1,
            rank=ask.rank,
            modules=modules(shape, ask.adapted),
        )
    )


def _adapted(shape: Architecture, ask: TuneAsk, bits: float) -> fine_tuning.TuningMemory:
    counts = architecture.parameters(shape)
    return fine_tuning.adapter_memory(
        linear_params=counts.total - counts.embedding,
        embedding_params=counts.embedding,
        base_bits=bits,
        trainable_params=_trained(shape, ask),
        batch=ask.batch,
        sequence_tokens=ask.sequence_tokens,
        d_model=shape.d_model,
        n_layers=shape.n_layers,
        vocabulary=shape.vocab,
    )


def _full(shape: Architecture, ask: TuneAsk) -> fine_tuning.TuningMemory:
    """Weights take 2 of the bytes of a trained parameter, gradients and the optimiser the others."""
    total = architecture.parameters(shape).total
    every = STATE_BYTES[ask.states]
    return fine_tuning.TuningMemory(
        fine_tuning.full_states_bytes(total, 2),
        fine_tuning.full_states_bytes(total, every - 2),
        fine_tuning.checkpointed_activation_bytes(ask.batch, ask.sequence_tokens, shape.d_model, shape.n_layers),
        fine_tuning.logit_bytes(ask.batch, ask.sequence_tokens, shape.vocab),
    )


def fewest_devices(shape: Architecture, device: TrainingDevice, ask: TuneAsk, way: str, most: int = 1024) -> int | None:
    """The smallest power of two of these devices on which the way fits; None: not even on ``most``."""
    n = 1
    while n <= most:
        if _way(way, shape, device, ask._replace(n_devices=float(n)))["verdict"] == FITS:
            return n
        n *= 2
    return None
