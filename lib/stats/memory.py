"""Memory that a model needs to answer one request: its weights and the cache of keys and values.

Bytes throughout; 1 GB is 10⁹ bytes. Every function takes numbers or arrays (broadcast together) and gives float64
arrays of the common shape, NaN where an input is missing: an unknown shape is never a cache of 0.
Running programs, activations and further requests at once are not in it; ``usable`` leaves room for them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

GB = 1e9
CACHE_BITS = 16
FREE_SHARE = 0.10
RUNTIME_SHARE = 0.02


def weight_bytes(params: ArrayLike, bits_per_weight: ArrayLike) -> Floats:
    """W = N b / 8: bytes of ``params`` weights at ``bits_per_weight``, scales of quantised groups included in b.

    Source:
        Definition; bits per weight of quantised formats as printed by llama.cpp's quantize for Llama 3.1 8B.
    """
    return _positive(params) * _positive(bits_per_weight) / 8


def cache_bytes_per_token(
    n_layers: ArrayLike, n_kv_heads: ArrayLike, head_dim: ArrayLike, bits: ArrayLike = CACHE_BITS
) -> Floats:
    """2 L h_kv d_h b / 8: keys and values of one token in all layers, for full, grouped and single-head attention.

    ``n_kv_heads`` is the number of heads that have keys and values of their own: all of them in multi-head
    attention, 1 in multi-query attention.

    Source:
        Shazeer 2019, arXiv 1911.02150; Ainslie et al. 2023, arXiv 2305.13245.
    """
    return 2 * _positive(n_layers) * _positive(n_kv_heads) * _positive(head_dim) * _positive(bits) / 8


def latent_cache_bytes_per_token(
    n_layers: ArrayLike, latent_rank: ArrayLike, rotary_dim: ArrayLike, bits: ArrayLike = CACHE_BITS
) -> Floats:
    """L (c + d_r) b / 8: multi-head latent attention keeps one compressed vector and one rotary part per token.

    Source:
        DeepSeek-AI 2024, arXiv 2405.04434.
    """
    return _positive(n_layers) * (_positive(latent_rank) + _positive(rotary_dim)) * _positive(bits) / 8


def cache_bytes(
    bytes_per_token: ArrayLike,
    n_tokens: ArrayLike,
    *,
    n_layers: ArrayLike = 1,
    n_global_layers: ArrayLike = 1,
    window: ArrayLike = np.inf,
) -> Floats:
    """Cache of one sequence: per-layer bytes x (L_global S + (L - L_global) min(S, w)).

    Args:
        bytes_per_token: Of all layers together, as the two functions above give it.
        n_tokens: Length S of the sequence, question and answer together.
        n_layers: All layers L.
        n_global_layers: Layers that look back over the whole sequence.
        window: Tokens w that the others keep at most.

    Source:
        Beltagy et al. 2020, arXiv 2004.05150 (sliding-window attention).
    """
    total, tokens, layers = _positive(bytes_per_token), _positive(n_tokens), _positive(n_layers)
    everywhere = np.asarray(n_global_layers, float)
    kept = np.minimum(tokens, np.asarray(window, float))
    return total / layers * (everywhere * tokens + (layers - everywhere) * kept)


def usable(card_gb: ArrayLike) -> Floats:
    """Bytes of a card that weights and cache may take: 0.88 of it. A tenth stays free and 2% go to the runtime.

    Source:
        Default memory share of vLLM (0.9), with 2% for its own buffers.
    """
    return _positive(card_gb) * GB * (1 - FREE_SHARE - RUNTIME_SHARE)


def _positive(values: ArrayLike) -> Floats:
    """As float64, NaN for what is not above 0."""
    found = np.asarray(values, float)
    return np.where(found > 0, found, np.nan)
