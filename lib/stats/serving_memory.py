"""Does it fit: weights and cache against the memory of the devices. Bytes; 1 GB is 10⁹ bytes; arrays broadcast."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import RefusedInput
from lib.stats import architecture, memory
from lib.stats.architecture import Architecture
from lib.stats.serving import Device, Load, cache_split

Floats = NDArray[np.float64]


def room_for_cache(device: Device, n_gpus: ArrayLike, weight_bytes: ArrayLike) -> Floats:
    """Bytes left for caches on all devices together: 0.88 M n - W; negative where the weights alone do not fit.

    Source:
        Default memory share of vLLM (0.9), with 2% for its own buffers.
    """
    return memory.usable(device.memory_gb) * np.asarray(n_gpus, float) - np.asarray(weight_bytes, float)


def largest_batch(
    shape: Architecture, device: Device, load: Load, context_tokens: ArrayLike, weight_bytes: ArrayLike | None = None
) -> Floats:
    """B_max: whole sequences of S tokens whose cache fits beside the weights; 0 where not one does, NaN unknown.

    ``load.batch`` is not read. Where a cache cannot be divided over all devices, its copies take room, too.
    """
    weights = architecture.weight_bytes(shape, load.bits_per_weight) if weight_bytes is None else weight_bytes
    n = np.asarray(load.n_gpus, float)
    each = architecture.kv_bytes(shape, context_tokens, load.kv_bits) * n / cache_split(shape, load)
    return np.maximum(np.floor(room_for_cache(device, n, weights) / each), 0.0)


def longest_context(shape: Architecture, device: Device, load: Load, weight_bytes: ArrayLike | None = None) -> Floats:
    """S_max: tokens that each of B sequences may cache; 0 if none fits, inf where every layer has a window that fits.

    Solves B x per layer x (L_global S + (L - L_global) min(S, w)) = room for S.
    """
    weights = architecture.weight_bytes(shape, load.bits_per_weight) if weight_bytes is None else weight_bytes
    n, batch = np.asarray(load.n_gpus, float), np.asarray(load.batch, float)
    room = room_for_cache(device, n, weights) / batch * cache_split(shape, load) / n
    layers = np.asarray(shape.n_layers, float)
    per_layer = architecture.kv_bytes_per_token(shape, load.kv_bits) / layers
    window = np.where(np.asarray(shape.sliding_window) > 0, shape.sliding_window, np.inf)
    everywhere = np.where(np.isfinite(window), np.asarray(shape.n_global_layers, float), layers)
    short = room / (per_layer * layers)
    kept = np.where(np.isfinite(window), (layers - everywhere) * np.where(np.isfinite(window), window, 0), 0)
    with np.errstate(divide="ignore"):
        long = (room / per_layer - kept) / everywhere
    tokens = np.where(short <= window, short, long)
    return np.where(np.isnan(room), np.nan, np.maximum(np.floor(tokens), 0.0))


def fewest_devices(
    shape: Architecture,
    device: Device,
    load: Load,
    context_tokens: ArrayLike,
    sizes: tuple[int, ...] = (1, 2, 4, 8, 16),
) -> Floats:
    """The smallest of ``sizes`` that holds the weights and B sequences of S tokens; NaN where none does."""
    found = np.asarray(np.nan)
    for n in sorted(sizes, reverse=True):
        fits = largest_batch(shape, device, load._replace(n_gpus=n), context_tokens) >= np.asarray(load.batch, float)
        found = np.where(fits, float(n), found)
    return found


def require_fit(
    shape: Architecture, device: Device, load: Load, context_tokens: float, weight_bytes: float | None = None
) -> None:
    """Nothing, if one model with B sequences of S tokens fits on the devices.

    Raises:
        RefusedInput: Place ``n_gpus`` where the weights alone do not fit, ``batch`` where their caches do not; with
            what would fit. Memory that is not published is not refused.
    """
    weights = float(architecture.weight_bytes(shape, load.bits_per_weight)) if weight_bytes is None else weight_bytes
    usable = float(memory.usable(device.memory_gb)) * float(np.asarray(load.n_gpus))
    if weights > usable:
        raise RefusedInput(
            "the weights do not fit",
            place="n_gpus",
            expected=f"at most {usable / memory.GB:,.1f} GB usable on {int(np.asarray(load.n_gpus))} x {float(device.memory_gb):g} GB",
            found=f"{weights / memory.GB:,.1f} GB of weights",
        )
    most = float(largest_batch(shape, device, load, context_tokens, weights))
    if most < float(np.asarray(load.batch)):
        raise RefusedInput(
            "the cache of so many sequences does not fit beside the weights",
            place="batch",
            expected=f"at most {int(most):,} at once with {context_tokens:,.0f} tokens each",
            found=f"{int(np.asarray(load.batch)):,}",
        )
