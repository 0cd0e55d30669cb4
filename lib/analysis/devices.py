"""Accelerators as the planner needs them: peak rate in training, price, power, and words about where these come from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.errors import RefusedInput
from lib.stats.training_cost import default_mfu


class TrainingDevice(NamedTuple):
    """One row of the table of hardware. Unknown is NaN or ''.

    Args:
        peak_flop_per_s: Dense, BF16, or FP16 where the device has no BF16.
        mfu: The utilisation of published runs on its generation.
        price_words: What the default price is, where from and of when; '' without a price.
    """

    id: str
    name: str
    memory_gb: float
    peak_flop_per_s: float
    usd_per_hour: float
    watts: float
    mfu: float
    price_words: str


def can_train(hardware: pd.DataFrame) -> dict[str, str]:
    """Devices with a published matrix rate, id to name; the others cannot be estimated."""
    rate = _peak(hardware)
    return {str(one): str(hardware.at[one, "name"]) for one in hardware.index[rate > 0]}


def training_device(hardware: pd.DataFrame, device: str) -> TrainingDevice:
    """One device.

    Raises:
        RefusedInput: Not in the table, or nobody publishes its matrix rate.
    """
    if device not in hardware.index:
        near = ", ".join(map(str, list(can_train(hardware))[:12]))
        raise RefusedInput("no such hardware in the store", place="on", expected=f"one of {near}, …", found=device)
    row: Any = hardware.loc[device]
    peak = float(_peak(hardware.loc[[device]])[0])
    if not peak > 0:
        raise RefusedInput("the maker publishes no matrix rate of this device, so nothing can be estimated", place="on", found=device)  # fmt: skip
    price = float(row["usd_per_hour"])
    return TrainingDevice(
        device, str(row["name"]), float(row["memory_gb"]), peak, price, float(row["tdp_w"]), default_mfu(device),
        price_words(row),
    )  # fmt: skip


def _peak(hardware: pd.DataFrame) -> np.ndarray:
    bf16, fp16 = (hardware[c].to_numpy(float, na_value=np.nan) for c in ("bf16_tflops_dense", "fp16_tflops_dense"))
    return np.where(np.isnan(bf16), fp16, bf16) * 1e12


def price_words(row: Any) -> str:
    """What the default price of a row of the table of hardware is, where from and of when; '' without a price."""
    if not formats.known(row["usd_per_hour"]):
        return ""
    kind, day, told = (str(row[c]) if isinstance(row[c], str) else "" for c in ("price_kind", "price_date", "price_source"))  # fmt: skip
    when = f", {formats.one_line(day, 20)}" if day[:2] == "20" else ""
    return f"{formats.usd(row['usd_per_hour'])} a device-hour, {kind or 'kind not stated'}{when} ({formats.one_line(told, 80) or 'source not stated'})"  # fmt: skip
