"""Measured rates as the estimator needs them: to which group a row belongs, on how many devices, or why it is unusable."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.schema.weight_formats import FORMATS
from lib.stats import serving_profiles as profiles


class Group(NamedTuple):
    """Rows that are scored together, and the constants that they are estimated with."""

    words: str
    profile: str


SERVING_2025, SERVING_2024 = "serving-2025", "serving-2024"
OFFLINE, STATIC = "offline-maximum", "static-batch"
SINGLE, EAGER, PREFILL = "single-stream", "single-stream-eager", "prefill"
GROUPS: dict[str, Group] = {
    SERVING_2025: Group("serving, continuous batching, 2025", profiles.SERVER_2025),
    SERVING_2024: Group("serving, continuous batching, 2024", profiles.SERVER_2024),
    OFFLINE: Group("maximum throughput, batch unknown", profiles.OFFLINE),
    STATIC: Group("static batch", profiles.OFFLINE),
    SINGLE: Group("one sequence, compiled engines", profiles.SINGLE),
    EAGER: Group("one sequence, engines that launch layer by layer", profiles.SINGLE),
    PREFILL: Group("reading prompts", profiles.SINGLE),
}
GROUP_OF_PROFILE = {
    profiles.SERVER_2025: SERVING_2025,
    profiles.SERVER_2024: SERVING_2024,
    profiles.OFFLINE: OFFLINE,
    profiles.SINGLE: SINGLE,
}

EAGER_ENGINES = ("transformers", "autoawq", "vllm", "deepspeed", "ctranslate", "optimum")
"""Engines of 2023 and early 2024 with one sequence at a time; 30% to 90% of the bandwidth is left unused."""
NO_TENSOR_PARALLEL = ("llama.cpp", "ollama")
"""Engines that give each device some layers, or rows, of the model: one sequence runs no faster on several."""

SUSPECT = "marked suspect: faster than its memory allows"
PIPELINE = "pipeline parallel: stages overlap in ways that are not modelled"
PREFILL_SEVERAL = "prompts on several devices: not modelled"
NO_RATE = "prompts on hardware without a published matrix rate"
NO_MODEL = "no shape is known of this model"
NO_HARDWARE = "not in the table of hardware"
NO_KIND = "not a kind of measurement that is estimated"
NO_VALUE = "no measured rate above 0"
NO_LENGTHS = "tokens in or out are missing"
NO_BITS = "neither bits per weight nor a known format"
NO_BATCH = "sequences at once are missing"
NO_ESTIMATE = "numbers so far out of range that no rate follows from them"
NO_COUNT = "devices: not whole numbers above 0, or stages that do not divide them"

COLUMNS = (
    "model", "hardware", "engine", "date", "kind", "weight_format", "notes", "n_gpus", "tp", "pp", "ep", "isl", "osl",
    "isl_assumed", "batch", "value", "steady_output_tok_s", "bits_per_weight", "kv_bits",
)  # fmt: skip


class Measurements(NamedTuple):
    """Measured rows, read.

    Args:
        rows: Usable rows, index as given: the columns of the table and group, n_devices, input_tokens,
            is_input_assumed, rate (tokens per second), multiplied, is_expert_parallel. ``batch`` is NaN where the
            engine chose it.
        left_out: Series of reasons, index as given.
    """

    rows: pd.DataFrame
    left_out: pd.Series


def read_measurements(measured: pd.DataFrame, shapes: pd.DataFrame, hardware: pd.DataFrame) -> Measurements:
    """Rows of a table like ``measured_inference``, each usable or with the reason why not.

    Args:
        measured: ``COLUMNS`` and any others; missing cells NaN or None.
        shapes: Index ``model_id``.
        hardware: Index id.
    """
    rows = measured.copy()
    for name in COLUMNS[7:]:
        rows[name] = rows[name].to_numpy(float, na_value=np.nan)
    text = {name: rows[name].astype(object).fillna("").astype(str) for name in COLUMNS[:7]}
    rows["n_gpus"] = rows["n_gpus"].fillna(1.0)
    rows["pp"], rows["ep"], rows["kv_bits"] = (rows[n].fillna(d) for n, d in (("pp", 1), ("ep", 1), ("kv_bits", 16)))
    rows["tp"] = rows["tp"].fillna(rows["n_gpus"] / rows["pp"])
    rows["group"] = _groups(text)
    is_alone = rows["group"].isin((SINGLE, EAGER, STATIC)).to_numpy(bool)
    divides = ~text["engine"].str.lower().str.contains("|".join(map(_quoted, NO_TENSOR_PARALLEL))).to_numpy(bool)
    rows["n_devices"] = np.where(is_alone, np.where(divides, rows["tp"], 1.0), rows["n_gpus"] / rows["pp"])
    rows["is_input_assumed"] = rows["isl"].isna() & rows["isl_assumed"].notna()
    rows["input_tokens"] = rows["isl"].fillna(rows["isl_assumed"])
    rows["rate"] = np.where(text["kind"] == "serving", rows["steady_output_tok_s"].fillna(rows["value"]), rows["value"])
    known = text["weight_format"].map(lambda one: FORMATS[_format(one)].bits_per_weight if _format(one) else np.nan)
    rows["bits_per_weight"] = rows["bits_per_weight"].fillna(known)
    rows["multiplied"] = [FORMATS[_format(one)].multiplied if _format(one) else "bf16" for one in text["weight_format"]]
    rows["batch"] = np.where(is_alone & (rows["group"] != STATIC), rows["batch"].fillna(1.0), rows["batch"])
    rows["is_expert_parallel"] = rows["ep"] > 1
    reason = _reasons(rows, text, shapes, hardware)
    return Measurements(rows[reason == ""], reason[reason != ""])


def _groups(text: dict[str, pd.Series]) -> pd.Series:
    engine, kind = text["engine"].str.lower(), text["kind"]
    is_eager = engine.str.contains("|".join(EAGER_ENGINES))
    is_old = (text["date"].str[:4] < "2025") & (text["date"] != "")
    chosen = [
        (kind == "serving") & is_old, kind == "serving", kind == "offline-max", kind == "static-batch",
        (kind == "single-stream-decode") & is_eager & is_old, kind == "single-stream-decode", kind == "prefill",
    ]  # fmt: skip
    names = [SERVING_2024, SERVING_2025, OFFLINE, STATIC, EAGER, SINGLE, PREFILL]
    return pd.Series(np.select(chosen, names, ""), kind.index, dtype=object)


def _reasons(rows: pd.DataFrame, text: dict[str, pd.Series], shapes: pd.DataFrame, hardware: pd.DataFrame) -> pd.Series:
    """Why a row cannot be used, '' if it can; the first reason that holds."""
    is_prefill = rows["group"] == PREFILL
    rates = hardware.reindex(text["hardware"])[["bf16_tflops_dense", "fp16_tflops_dense"]].notna().any(axis=1)
    whole = [(rows[name] >= 1) & (rows[name] % 1 == 0) for name in ("n_gpus", "pp", "n_devices")]
    reasons = [
        (text["notes"].str.contains("SUSPECT"), SUSPECT),
        (rows["group"] == "", NO_KIND),
        (~text["model"].isin(shapes.index), NO_MODEL),
        (~text["hardware"].isin(hardware.index), NO_HARDWARE),
        (~(np.isfinite(rows["rate"]) & (rows["rate"] > 0)), NO_VALUE),
        (~(rows["bits_per_weight"] > 0) | ~(rows["kv_bits"] > 0), NO_BITS),
        (~(whole[0] & whole[1] & whole[2]), NO_COUNT),
        ((rows["pp"] > 1) & rows["group"].isin((SERVING_2025, SERVING_2024, OFFLINE)), PIPELINE),
        (is_prefill & (rows["n_gpus"] > 1), PREFILL_SEVERAL),
        (is_prefill & ~rates.to_numpy(bool), NO_RATE),
        (~(rows["input_tokens"] >= is_prefill) | (~is_prefill & ~(rows["osl"] > 0)), NO_LENGTHS),
        (~(rows["batch"] > 0) & (rows["group"] != OFFLINE) & ~is_prefill, NO_BATCH),
    ]
    return pd.Series(
        np.select([mask for mask, _ in reasons], [words for _, words in reasons], ""), rows.index, dtype=object
    )


def _format(name: str) -> str:
    """Key of ``FORMATS`` that a measured format is; '' unknown."""
    name = {"fp4": "nvfp4"}.get(name.lower(), name.lower())
    return name if name in FORMATS else ""


def _quoted(name: str) -> str:
    return name.replace(".", r"\.")
