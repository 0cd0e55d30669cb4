"""Formats in which weights are stored: bits really taken per weight, and the format in which they are multiplied."""

from __future__ import annotations

from typing import Literal, NamedTuple

Multiplied = Literal["bf16", "fp8", "fp4"]
"""Format of the matrix products; hardware without a rate for it multiplies in bf16."""


class WeightFormat(NamedTuple):
    """One format.

    Args:
        key: As it stands in addresses, files and on the command line.
        label: As it is shown.
        bits_per_weight: Scales of groups included.
        multiplied: Format of the matrix products. Formats that only store weights are unpacked to 16 bits first.
        keeps_embeddings: Input embedding and output head stay in 16 bits.
        source: Who says so.
    """

    key: str
    label: str
    bits_per_weight: float
    multiplied: Multiplied
    keeps_embeddings: bool
    source: str


_LLAMA_CPP = "llama.cpp, README of quantize, Llama 3.1 8B"

FORMATS: dict[str, WeightFormat] = {
    one.key: one
    for one in (
        WeightFormat("bf16", "BF16", 16, "bf16", False, "definition"),
        WeightFormat("fp16", "FP16", 16, "bf16", False, "definition"),
        WeightFormat("fp32", "FP32", 32, "bf16", False, "definition"),
        WeightFormat("fp8", "FP8", 8, "fp8", False, "definition"),
        WeightFormat("int8", "INT8 with scales", 8.5, "bf16", False, "8 bits and a 16-bit scale for every 32 weights"),
        WeightFormat("gguf-q8_0", "GGUF Q8_0", 8.5, "bf16", False, _LLAMA_CPP),
        WeightFormat("gguf-q6_k", "GGUF Q6_K", 6.56, "bf16", False, _LLAMA_CPP),
        WeightFormat("gguf-q5_k_m", "GGUF Q5_K_M", 5.70, "bf16", False, _LLAMA_CPP),
        WeightFormat("gguf-q4_k_m", "GGUF Q4_K_M", 4.89, "bf16", False, f"{_LLAMA_CPP}; 4.82 at 70B, 5.03 at 3B"),
        WeightFormat("gguf-q4_k_s", "GGUF Q4_K_S", 4.67, "bf16", False, _LLAMA_CPP),
        WeightFormat("gguf-q3_k_l", "GGUF Q3_K_L", 4.30, "bf16", False, _LLAMA_CPP),
        WeightFormat("gguf-q2_k", "GGUF Q2_K", 3.16, "bf16", False, _LLAMA_CPP),
        WeightFormat("int4", "INT4 with scales", 4.5, "bf16", False, "4 bits and a 16-bit scale for every 32 weights"),
        WeightFormat("gptq-4bit-g128", "GPTQ 4 bit", 4.16, "bf16", True, "groups of 128, Frantar et al. 2022, arXiv 2210.17323"),
        WeightFormat("awq-4bit-g128", "AWQ 4 bit", 4.16, "bf16", True, "groups of 128, Lin et al. 2023, arXiv 2306.00978"),
        WeightFormat("nf4", "NF4", 4.5, "bf16", True, "Dettmers et al. 2023, arXiv 2305.14314: 4 + 32/64"),
        WeightFormat("nf4-dq", "NF4, double quantisation", 4.127, "bf16", True, "arXiv 2305.14314: 4 + 8/64 + 32/(64 x 256)"),
        WeightFormat("mxfp4", "MXFP4", 4.25, "bf16", False, "Open Compute Project, microscaling formats 1.0: 4 + 8/32"),
        WeightFormat("nvfp4", "NVFP4", 4.5, "fp4", False, "NVIDIA, 4 bits and an 8-bit scale for every 16 weights"),
    )
}  # fmt: skip
"""By key; where a model is known to average otherwise, the exact number goes in as bits per weight."""
