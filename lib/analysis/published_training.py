"""Training and fine-tuning as published or measured, against what the formulas predict without having seen them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib.stats import architecture, fine_tuning, training_cost
from lib.stats.architecture import Architecture
from lib.stats.compute_optimal import training_flop
from lib.stats.training_cost import MFU_BAND

RANK = 64
"""Of the adapters in the measured runs: on all linear layers, as the benchmark's scripts set it."""
GIB = 2**30
RUN_COLUMNS = (
    "run", "hardware", "params", "tokens", "flop", "hours_published", "mfu_default", "hours", "hours_low", "hours_high",
    "error", "is_within", "mfu_implied", "mwh_published", "mwh", "tco2e_published", "tco2e", "source",
)  # fmt: skip
TUNING_COLUMNS = (
    "model", "hardware", "n_devices", "method", "sharding", "batch", "sequence_tokens", "seconds_measured", "seconds",
    "seconds_low", "seconds_high", "error", "is_within", "hfu_implied", "gib_measured", "gib", "gib_error", "source",
)  # fmt: skip


class Agreement(NamedTuple):
    """How far predictions are off: of ``n`` rows the median of |predicted / published - 1|, and rows inside the band."""

    n: int
    median_error: float
    n_within: int


def training_runs(runs: pd.DataFrame, hardware: pd.DataFrame) -> pd.DataFrame:
    """Published runs, a row each: ``RUN_COLUMNS``.

    Device-hours are predicted from parameters, tokens and the generation's default utilisation alone, attention left out;
    ``error`` is predicted over published, less 1, and ``is_within`` says whether the published hours lie in the band of
    the utilisation. Energy and emissions follow from the published hours. What is not published is NaN.

    Args:
        runs: Reference table ``training_runs``.
        hardware: Table of hardware, indexed by id.
    """
    if runs.empty:
        return pd.DataFrame(columns=list(RUN_COLUMNS))
    peak = _peak(runs["hardware"], hardware)
    number = {name: runs[name].to_numpy(float, na_value=np.nan) for name in _NUMBERS}
    flop = training_flop(number["params_used"], number["tokens"])
    mfu = np.array([training_cost.default_mfu(str(one)) for one in runs["hardware"]])
    hours, low, high = (training_cost.device_hours(flop, peak, one) for one in (mfu, MFU_BAND[1], MFU_BAND[0]))
    published = number["gpu_hours_published"]
    kwh = training_cost.energy_kwh(published, number["watts_per_gpu"], number["pue"])
    columns = (
        runs["run"], runs["hardware"], number["params_used"], number["tokens"], flop, published, mfu, hours, low, high,
        hours / published - 1, _within(published, low, high), training_cost.implied_mfu(flop, published, peak),
        number["mwh_published"], kwh / 1000, number["tco2e_published"],
        training_cost.emissions_t(kwh, number["kg_co2_per_kwh"]), runs["source"],
    )  # fmt: skip
    return pd.DataFrame({name: np.asarray(values) for name, values in zip(RUN_COLUMNS, columns, strict=True)})


_NUMBERS = (
    "params_used", "tokens", "gpu_hours_published", "watts_per_gpu", "pue", "kg_co2_per_kwh", "mwh_published",
    "tco2e_published",
)  # fmt: skip


def tuning_runs(measured: pd.DataFrame, shapes: pd.DataFrame, hardware: pd.DataFrame) -> pd.DataFrame:
    """Measured fine-tunes, a row each: ``TUNING_COLUMNS``.

    Seconds are predicted at the default utilisation with activations computed again and attention counted; ``gib`` is the
    memory of one device without spare room: frozen weights whole with plain data parallelism, else divided among the
    devices; NaN where weights wait in the machine's own memory.

    Args:
        measured: Reference table ``measured_finetuning``.
        shapes: Reference table ``model_arch``.
        hardware: Table of hardware, indexed by id.
    """
    if measured.empty or shapes.empty:
        return pd.DataFrame(columns=list(TUNING_COLUMNS))
    rows = measured[measured["model"].isin(shapes["model_id"])]
    shape = Architecture.of(shapes.drop_duplicates("model_id").set_index("model_id").loc[rows["model"]])
    n, batch, length = (rows[name].to_numpy(float) for name in ("n_gpus", "batch_per_gpu", "seq_len"))
    tokens = rows["samples"].to_numpy(float) * length
    attention = 3 * architecture.attention_flop(shape, length / 2)
    flop = fine_tuning.tuning_flop(architecture.parameters(shape).active, tokens, is_adapter=True, attention_flop_per_token=attention)  # fmt: skip
    peak = _peak(rows["hardware"], hardware)
    seconds, low, high = (
        fine_tuning.tuning_seconds(flop, n, peak, one) for one in (fine_tuning.HFU, *reversed(fine_tuning.HFU_RANGE))
    )
    taken = rows["time_s"].to_numpy(float)
    gib = _memory(rows, shape, n, batch, length) / GIB
    known = rows["peak_memory_gib_per_gpu"].to_numpy(float, na_value=np.nan)
    columns = (
        rows["model"], rows["hardware"], n, rows["method"], rows["sharding"], batch, length, taken, seconds, low, high,
        seconds / taken - 1, _within(taken, low, high), flop / (taken * n * peak), known, gib, gib / known - 1, rows["source"],
    )  # fmt: skip
    return pd.DataFrame({name: np.asarray(values) for name, values in zip(TUNING_COLUMNS, columns, strict=True)})


def agreement(rows: pd.DataFrame, error: str = "error") -> Agreement:
    """Of the rows with an error: their number, the median of its size, and how many lie in the band."""
    known = rows[rows[error].notna()]
    return Agreement(len(known), float(known[error].abs().median()), int(known["is_within"].astype(bool).sum()))


def _memory(rows: pd.DataFrame, shape: Architecture, n: Any, batch: Any, length: Any) -> np.ndarray:
    trained = fine_tuning.lora_trainable_params(
        n_layers=shape.n_layers,
        d_model=shape.d_model,
        q_dim=np.asarray(shape.n_heads) * shape.head_dim,
        kv_dim=np.asarray(shape.n_kv_heads) * shape.head_dim,
        d_ff=shape.d_ff,
        rank=RANK,
    )
    counts = architecture.parameters(shape)
    found = fine_tuning.adapter_memory(
        linear_params=counts.total - counts.embedding,
        embedding_params=counts.embedding,
        base_bits=np.where(rows["method"] == "qlora", fine_tuning.NF4_DOUBLE_BITS, 16.0),
        trainable_params=trained,
        batch=batch,
        sequence_tokens=length,
        d_model=shape.d_model,
        n_layers=shape.n_layers,
        vocabulary=shape.vocab,
    )
    divided = np.where(rows["sharding"] == "ddp", 1.0, n)
    every = (found.weights + found.states) / divided + found.activations + found.logits
    return np.where(rows["sharding"].astype(str).str.contains("offload"), np.nan, every)


def _peak(names: pd.Series, hardware: pd.DataFrame) -> np.ndarray:
    found = hardware.reindex(names.astype(str))
    half, other = (found[c].to_numpy(float, na_value=np.nan) for c in ("bf16_tflops_dense", "fp16_tflops_dense"))
    return np.where(np.isnan(half), other, half) * 1e12


def _within(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return (value >= low) & (value <= high)
