"""A folder with a model: its configuration and the heads of its weight files, read without running anything of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.stats.architecture import Architecture

MAX_CONFIG = 2_000_000
MAX_HEAD = 50_000_000
MAX_FILES = 2_000
PICKLES = ("*.bin", "*.pt", "*.pth")
NEEDED = {
    "n_layers": ("num_hidden_layers", "n_layer", "num_layers"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "n_heads": ("num_attention_heads", "n_head", "num_heads"),
    "vocab": ("vocab_size",),
}
SILENT = frozenset(("gpt2", "gpt_neox", "gptj", "opt", "bloom", "gpt_neo", "falcon", "phi", "gpt_bigcode"))
"""Families whose feed-forward layers have no gate."""


class Weights(NamedTuple):
    """Weight files of a folder.

    Args:
        n_bytes: Of all of them; None where there are none.
        params: Numbers in the safetensors files; None where a file cannot be read or is a pickle.
        dtype: The type that most of them have, as safetensors names it.
        has_safetensors: False: only pickles, which run code when they are opened. None: no weights at all.
    """

    n_bytes: float | None
    params: float | None
    dtype: str | None
    has_safetensors: bool | None


def config(folder: Path) -> dict[str, Any]:
    """``config.json``; empty where there is none.

    Raises:
        RefusedInput: If it is too large or no JSON object.
    """
    path = folder / "config.json"
    if not path.is_file():
        return {}
    if path.stat().st_size > MAX_CONFIG:
        raise RefusedInput("too large", file=path.name, expected=f"at most {MAX_CONFIG:,} bytes")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise RefusedInput("not JSON", file=path.name) from None
    if not isinstance(found, dict):
        raise RefusedInput("not a configuration", file=path.name, expected="a JSON object")
    return found


def weights(folder: Path) -> Weights:
    """Sizes and types by the heads of the safetensors files; pickles by their size alone, never opened."""
    safe = sorted(folder.glob("*.safetensors"))[:MAX_FILES]
    if safe:
        counts: dict[str, float] | None = {}
        for path in safe:
            found = head(path)
            counts = None if found is None or counts is None else _added(counts, found)
        size = float(sum(path.stat().st_size for path in safe))
        if not counts:
            return Weights(size, None, None, True)
        return Weights(size, sum(counts.values()), max(counts, key=lambda name: counts[name]), True)
    pickles = sorted({path for pattern in PICKLES for path in folder.glob(pattern)})[:MAX_FILES]
    if not pickles:
        return Weights(None, None, None, None)
    return Weights(float(sum(path.stat().st_size for path in pickles)), None, None, False)


def head(path: Path) -> dict[str, float] | None:
    """How many numbers of each type a safetensors file says it holds; None where its head is not as it must be.

    Source:
        The safetensors format: eight bytes with the length of a JSON object, then the object: name to dtype, shape, offsets.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEAD, path.stat().st_size):
            return None
        try:
            told = json.loads(file.read(length))
        except (ValueError, RecursionError):
            return None
    counts: dict[str, float] = {}
    for name, tensor in told.items() if isinstance(told, dict) else ():
        if name == "__metadata__":
            continue
        size = _size(tensor)
        if size is None:
            return None
        counts[tensor["dtype"]] = counts.get(tensor["dtype"], 0.0) + size
    return counts


def shape(config: Mapping[str, Any]) -> Architecture | None:
    """The shape that a configuration of transformers states; None where a number that is needed is not there.

    Latent attention and windows are left out: the cache then is an upper bound.
    """
    inner = config.get("text_config")
    told: Mapping[str, Any] = inner if isinstance(inner, Mapping) else config
    found = {field: _first(told, names) for field, names in NEEDED.items()}
    if None in found.values():
        return None
    n_heads, d_model = float(found["n_heads"] or 0), float(found["d_model"] or 0)
    experts = _first(told, ("num_local_experts", "num_experts", "n_routed_experts")) or 0.0
    d_ff = _first(told, ("intermediate_size", "n_inner", "ffn_dim")) or 4 * d_model
    return Architecture(
        n_layers=float(found["n_layers"] or 0),
        d_model=d_model,
        n_heads=n_heads,
        n_kv_heads=_first(told, ("num_key_value_heads",)) or n_heads,
        head_dim=_first(told, ("head_dim",)) or d_model / n_heads,
        d_ff=d_ff,
        vocab=float(found["vocab"] or 0),
        tied_embeddings=float(told.get("tie_word_embeddings", True) is True),
        gated_mlp=float(told.get("model_type") not in SILENT),
        n_experts=experts,
        experts_per_token=_first(told, ("num_experts_per_tok", "num_selected_experts")) or 0.0,
        moe_d_ff=(_first(told, ("moe_intermediate_size",)) or d_ff) if experts else 0.0,
        n_moe_layers=float(found["n_layers"] or 0) if experts else 0.0,
    )


def _size(tensor: object) -> float | None:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("dtype"), str):
        return None
    sizes = tensor.get("shape")
    if not isinstance(sizes, list) or not all(isinstance(one, int) and 0 <= one < 2**48 for one in sizes):
        return None
    product = 1.0
    for one in sizes:
        product *= one
    return product


def _added(counts: Mapping[str, float], more: Mapping[str, float]) -> dict[str, float]:
    return {name: counts.get(name, 0.0) + more.get(name, 0.0) for name in {*counts, *more}}


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        value = told.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9:
            return float(value)
    return None
