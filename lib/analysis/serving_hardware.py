"""Devices from the table of hardware: the rate of the format that is multiplied, and what is not published."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.schema.weight_formats import FORMATS
from lib.stats.serving import Device, matmul_tflops


def devices(hardware: pd.DataFrame, multiplied: Sequence[str]) -> Device:
    """Arrays, one entry per row.

    Args:
        hardware: Rows of the table ``hardware``; a row of NaN gives NaN.
        multiplied: Format of the matrix products of each row, ``weight_formats.Multiplied``.
    """
    columns = ("bf16_tflops_dense", "fp16_tflops_dense", "fp8_tflops_dense", "fp4_tflops_dense")
    half, fp16, fp8, fp4 = (hardware[name].to_numpy(float, na_value=np.nan) for name in columns)
    formats = np.asarray(multiplied, dtype=object)
    rate = np.full(len(hardware), np.nan)
    for one in ("bf16", "fp8", "fp4"):
        rate = np.where(formats == one, matmul_tflops(one, half, fp16, fp8, fp4), rate)
    names = ("memory_gb", "bandwidth_gb_s", "link_gb_s_bidirectional", "tdp_w")
    memory, bandwidth, link, watts = (hardware[name].to_numpy(float, na_value=np.nan) for name in names)
    return Device(memory, bandwidth, rate, link, watts)


def device(hardware: pd.DataFrame, name: str, weight_format: str) -> Device:
    """One device as plain numbers, for weights in a format of ``weight_formats.FORMATS``.

    Args:
        hardware: The table ``hardware``, index its ids.
    """
    found = devices(hardware.loc[[name]], [FORMATS[weight_format].multiplied])
    return Device(*(float(np.asarray(value)[0]) for value in found))
