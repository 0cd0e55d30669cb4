"""What follows from the shape of a transformer: parameters, cache, experts that a batch reads, attention arithmetic.

Every field of :class:`Architecture` is a number or an array; arrays broadcast, so that a table of models goes through at
once. Counts are plain numbers, sizes are bytes, arithmetic is FLOP with a multiply-add as 2. An unknown field (NaN) makes
every result that needs it NaN. Norms and biases are left out: under 0.3% of the parameters for almost every model.

Sources: Vaswani et al. 2017, arXiv 1706.03762; Ainslie et al. 2023, arXiv 2305.13245 (grouped heads); DeepSeek-AI 2024,
arXiv 2405.04434 (latent attention); Shazeer et al. 2017, arXiv 1701.06538 (experts).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.stats import memory

Floats = NDArray[np.float64]
Number = float | Floats


class Architecture(NamedTuple):
    """Shape of a model; the names are the columns of the reference table ``model_arch``.

    Args:
        n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ff, vocab: As in the model's configuration; ``d_ff`` of the
            layers without experts.
        tied_embeddings, gated_mlp: 1 or 0.
        n_experts, experts_per_token, n_shared_experts, moe_d_ff, n_moe_layers: 0 in dense models.
        mla_q_lora_rank, mla_qk_nope_dim, mla_v_head_dim, mla_kv_lora_rank, mla_rope_dim: Latent attention; else 0.
        sliding_window: Tokens that a layer with a window keeps; 0 without windows.
        n_global_layers: Layers that look back over everything. Read only where there is a window.
    """

    n_layers: Number
    d_model: Number
    n_heads: Number
    n_kv_heads: Number
    head_dim: Number
    d_ff: Number
    vocab: Number
    tied_embeddings: Number = 0
    gated_mlp: Number = 1
    n_experts: Number = 0
    experts_per_token: Number = 0
    n_shared_experts: Number = 0
    moe_d_ff: Number = 0
    n_moe_layers: Number = 0
    mla_q_lora_rank: Number = 0
    mla_qk_nope_dim: Number = 0
    mla_v_head_dim: Number = 0
    mla_kv_lora_rank: Number = 0
    mla_rope_dim: Number = 0
    sliding_window: Number = 0
    n_global_layers: Number = 0

    @classmethod
    def of(cls, values: Any) -> Architecture:
        """From a mapping or a row (numbers) or a frame (arrays) that has these columns; others are not read."""
        return cls(*(_plain(values[name]) for name in cls._fields))

    def at(self, place: Any) -> Architecture:
        """The rows at ``place`` (an index, a mask or a list of positions) of an architecture made of arrays."""
        return Architecture(*(_plain(np.asarray(value)[place]) for value in self))


class Parameters(NamedTuple):
    """Counts of parameters.

    Args:
        total: All.
        active: Multiplied for each token: of the experts those chosen and shared, and the output head; not the input
            embedding, which is looked up.
        attention_layer: Attention of one layer.
        expert: One expert of one layer; 0 in dense models.
        embedding: Input embedding and output head together (once if tied).
        read_always: Read by every step, whatever the batch: ``active`` without the chosen experts.
    """

    total: Floats
    active: Floats
    attention_layer: Floats
    expert: Floats
    embedding: Floats
    read_always: Floats


def parameters(shape: Architecture) -> Parameters:
    """Parameter counts: attention 2 d h d_h + 2 d h_kv d_h, MLP 3 d f (2 d f without gate), experts 3 d f_e, router d E."""
    s = _floats(shape)
    attention = np.where(
        s.mla_kv_lora_rank > 0, _latent_attention(s), 2 * s.d_model * s.head_dim * (s.n_heads + s.n_kv_heads)
    )
    matrices = np.where(s.gated_mlp > 0, 3, 2)
    dense_layers = s.n_layers - s.n_moe_layers
    expert = np.where(s.n_experts > 0, matrices * s.d_model * s.moe_d_ff, 0.0)
    head = s.vocab * s.d_model
    always = (
        s.n_layers * attention
        + dense_layers * matrices * s.d_model * s.d_ff
        + s.n_moe_layers * (s.n_shared_experts * expert + s.d_model * s.n_experts)
        + head
    )
    embedding = head * np.where(s.tied_embeddings > 0, 1, 2)
    return Parameters(
        total=always - head + embedding + s.n_moe_layers * s.n_experts * expert,
        active=always + s.n_moe_layers * s.experts_per_token * expert,
        attention_layer=attention,
        expert=expert,
        embedding=embedding,
        read_always=always,
    )


def experts_touched(shape: Architecture, batch: ArrayLike) -> Floats:
    """E (1 - (1 - k/E)^B): different experts of a layer that B tokens reach when each is as likely; 0 in dense models.

    Source:
        Expected number of occupied cells; routing is taken as uniform.
    """
    s = _floats(shape)
    experts = np.where(s.n_experts > 0, s.n_experts, np.nan)
    missed = (1 - s.experts_per_token / experts) ** np.asarray(batch, float)
    return np.where(s.n_experts == 0, 0.0, experts * (1 - missed))


def parameters_touched(shape: Architecture, batch: ArrayLike) -> Floats:
    """Parameters that one decode step of B tokens reads: the dense part, and the experts that the batch reaches."""
    counts = parameters(shape)
    return counts.read_always + np.asarray(shape.n_moe_layers, float) * counts.expert * experts_touched(shape, batch)


def weight_bytes(shape: Architecture, bits_per_weight: ArrayLike, *, keeps_embeddings: bool = False) -> Floats:
    """W = N b / 8; with ``keeps_embeddings`` the embeddings stay at 16 bits and only the rest takes b."""
    counts = parameters(shape)
    if not keeps_embeddings:
        return memory.weight_bytes(counts.total, bits_per_weight)
    return memory.weight_bytes(counts.total - counts.embedding, bits_per_weight) + memory.weight_bytes(
        counts.embedding, 16
    )


def kv_bytes_per_token(shape: Architecture, kv_bits: ArrayLike = memory.CACHE_BITS) -> Floats:
    """Cache of one token in all layers, as if none had a window: 2 L h_kv d_h b/8, or L (c + d_r) b/8 if latent."""
    s = _floats(shape)
    plain = memory.cache_bytes_per_token(s.n_layers, s.n_kv_heads, s.head_dim, kv_bits)
    latent = memory.latent_cache_bytes_per_token(s.n_layers, s.mla_kv_lora_rank, s.mla_rope_dim, kv_bits)
    return np.where(s.mla_kv_lora_rank > 0, latent, plain)


def kv_bytes(shape: Architecture, context_tokens: ArrayLike, kv_bits: ArrayLike = memory.CACHE_BITS) -> Floats:
    """Cache of one sequence of ``context_tokens``; layers with a window w keep at most w of them."""
    s = _floats(shape)
    return memory.cache_bytes(
        kv_bytes_per_token(shape, kv_bits),
        context_tokens,
        n_layers=s.n_layers,
        n_global_layers=_global_layers(s),
        window=np.where(s.sliding_window > 0, s.sliding_window, np.inf),
    )


def attention_flop(shape: Architecture, context_tokens: ArrayLike) -> Floats:
    """A(S): scores and values of one new token against S cached ones, all layers; 0 for S = 0.

    4 h d_h S a layer, 2 h (2 c + d_r) S in the absorbed form of latent attention; windows see min(S, w).
    """
    s, tokens = _floats(shape), np.asarray(context_tokens, float)
    latent = 2 * s.n_heads * (2 * s.mla_kv_lora_rank + s.mla_rope_dim)
    per_token = np.where(s.mla_kv_lora_rank > 0, latent, 4 * s.n_heads * s.head_dim)
    everywhere = _global_layers(s)
    seen = np.minimum(tokens, np.where(s.sliding_window > 0, s.sliding_window, np.inf))
    return per_token * (everywhere * tokens + (s.n_layers - everywhere) * seen)


def attention_share(shape: Architecture, context_tokens: ArrayLike) -> Floats:
    """A(S) / 2 N_act: attention arithmetic of a token over that of all its matrix products; above 1 it is the larger."""
    return attention_flop(shape, context_tokens) / (2 * parameters(shape).active)


def token_flop(shape: Architecture, context_tokens: ArrayLike) -> Floats:
    """2 N_act + A(S): arithmetic of one token with S tokens before it."""
    return 2 * parameters(shape).active + attention_flop(shape, context_tokens)


def _latent_attention(s: Architecture) -> Floats:
    """d q_r + q_r h (d_n + d_r) + d (c + d_r) + c h (d_n + d_v) + h d_v d."""
    query = s.d_model * s.mla_q_lora_rank + s.mla_q_lora_rank * s.n_heads * (s.mla_qk_nope_dim + s.mla_rope_dim)
    latent = s.d_model * (s.mla_kv_lora_rank + s.mla_rope_dim)
    opened = s.mla_kv_lora_rank * s.n_heads * (s.mla_qk_nope_dim + s.mla_v_head_dim)
    return np.asarray(query + latent + opened + s.n_heads * s.mla_v_head_dim * s.d_model)


def _global_layers(s: Architecture) -> Floats:
    return np.where(s.sliding_window > 0, s.n_global_layers, s.n_layers)


def _floats(shape: Architecture) -> Architecture:
    return Architecture(*(np.asarray(value, float) for value in shape))


def _plain(value: Any) -> Number:
    found = np.asarray(value, float)
    return float(found) if found.ndim == 0 else found
