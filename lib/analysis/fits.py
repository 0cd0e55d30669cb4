"""Which models fit on a card, and which licences allow what: the presets of the page that compares a few."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pandas as pd

from lib.analysis.sizes import Filtered, filtered, is_open
from lib.stats import memory

Bits = Literal[16, 8, 4]
BITS_PER_WEIGHT: dict[Bits, float] = {16: 16.0, 8: 8.5, 4: 4.89}
"""Bits really stored per weight: 8 and 4 bit formats carry scales (llama.cpp's Q8_0 and Q4_K_M, Llama 3.1 8B)."""
CARDS = (8, 16, 24, 80)
"""Memory of the cards of the presets, GB."""

NO_PLAIN_CACHE = ("hybrid-moe", "hybrid", "state-space", "rnn")
"""Architectures whose layers do not all keep keys and values; the plain formula would be far too high."""

LICENCE_CLASSES = {
    "free": "free to use (Apache, MIT, BSD and the like)",
    "conditions": "own licence with conditions",
    "research": "research or non-commercial only",
    "closed": "weights not open",
    "unstated": "licence not stated",
}
_RESEARCH = re.compile(r"research|non-?\s?commercial|non-production|-nc(-|$)", re.IGNORECASE)
_FREE = re.compile(r"(apache|mit|bsd|isc|cc0|unlicense)\b|cc-by(-sa)?-\d", re.IGNORECASE)
_CLOSED = re.compile(r"proprietary|not released|closed", re.IGNORECASE)


def licence_class(licence: object, open_weights: object) -> str:
    """Key of ``LICENCE_CLASSES``, by the name of the licence alone: its text is not read.

    Weights known not to be open are ``closed`` whatever the licence says.
    """
    text = "" if licence is None or licence != licence else str(licence).strip()
    if open_weights is False or (open_weights is not None and open_weights == open_weights and not bool(open_weights)):
        return "closed"
    if _CLOSED.search(text):
        return "closed"
    if _RESEARCH.search(text):
        return "research"
    if _FREE.match(text):
        return "free"
    return "conditions" if text and text.lower() != "n/a" else "unstated"


def licence_classes(models: pd.DataFrame) -> pd.Series:
    """``licence_class`` of each model."""
    is_known = models["open_weights"].notna().to_numpy(bool)
    opened = is_open(models).to_numpy(bool)
    classes = [
        licence_class(licence, is_there if known else None)
        for licence, is_there, known in zip(models["licence"], opened, is_known, strict=True)
    ]
    return pd.Series(classes, models.index, dtype=object)


def needs(models: pd.DataFrame, shapes: pd.DataFrame, bits: Bits, context: int) -> pd.DataFrame:
    """Memory for one request of ``context`` tokens: weights at ``bits``, cache of keys and values at 16 bit.

    Args:
        models: ``Frames.models``.
        shapes: Reference table ``model_arch`` (sliding windows and latent attention); may be empty. A model that it
            lacks has the shape of the model it was tuned from, then the catalogue's numbers with full attention.
        bits: Precision of the weights.
        context: Tokens, question and answer together; a model that takes less is counted at its longest.

    Returns:
        One row per model, index of ``models``: weights, cache, total (bytes, NaN unknown), tokens (counted), and
        is_lower_bound: the cache is not known, so ``total`` is the weights alone and the model needs more.
    """
    longest = models["context_length"].to_numpy(float, na_value=np.nan)
    tokens = np.fmin(float(context), np.where(longest > 0, longest, np.nan))
    weights = memory.weight_bytes(models["params_total"].to_numpy(float, na_value=np.nan), BITS_PER_WEIGHT[bits])
    plain = memory.cache_bytes_per_token(
        *(models[c].to_numpy(float, na_value=np.nan) for c in ("n_layers", "n_kv_heads", "head_dim"))
    )
    plain[models["architecture"].isin(NO_PLAIN_CACHE).to_numpy(bool)] = np.nan
    cache = memory.cache_bytes(plain, tokens)
    shaped = _cache_by_shape(models, shapes, tokens)
    cache = np.where(np.isnan(shaped), cache, shaped)
    is_lower_bound = np.isnan(cache) & ~np.isnan(weights)
    total = np.where(is_lower_bound, weights, weights + cache)
    return pd.DataFrame(
        {"weights": weights, "cache": cache, "total": total, "tokens": tokens, "is_lower_bound": is_lower_bound},
        index=models.index,
    )


def smallest_card(need: pd.Series) -> int | None:
    """The smallest card of ``CARDS`` that holds a row of :func:`needs`; None: none of them, or not known."""
    return next((card for card in CARDS if need["total"] <= float(memory.usable(card))), None)


def narrowed(
    models: pd.DataFrame,
    need: pd.DataFrame,
    *,
    card: int | None = None,
    licences: tuple[str, ...] = (),
    shortest_context: int | None = None,
    include_community: bool = False,
) -> Filtered:
    """The models that pass the presets; each filter counts what it took from those that the earlier ones left.

    Args:
        need: Result of :func:`needs`. A model whose cache is not known passes a card that holds its weights.
        card: GB; weights must be open to be put on a card.
        licences: Keys of ``LICENCE_CLASSES``; empty means all.
        shortest_context: Tokens; models that do not say theirs are taken out and counted apart.
    """
    filters: list[tuple[str, pd.Series | np.ndarray]] = []
    if not include_community:
        filters.append(("community models", (models["origin"] != "community").to_numpy(bool)))
    filters.append(("quantised or converted variants", models["variant_of"].isna().to_numpy(bool)))
    if card is not None:
        filters.append(("weights not open, or not stated", is_open(models).to_numpy(bool)))
        filters.append(("size not disclosed", need["weights"].notna().to_numpy(bool)))
        filters.append((f"does not fit {card} GB", (need["total"] <= float(memory.usable(card))).to_numpy(bool)))
    if licences:
        filters.append(("licence", licence_classes(models).isin(licences).to_numpy(bool)))
    if shortest_context is not None:
        filters.append(("context not stated", models["context_length"].notna().to_numpy(bool)))
        filters.append(("context shorter", (models["context_length"] >= shortest_context).to_numpy(bool)))
    return filtered(models, filters)


def suggested(scored: pd.DataFrame, *, is_preset: bool, most: int = 3) -> tuple[str, ...]:
    """The models that stand on the page before a reader has chosen any.

    Without a preset: the best scored model of each of the three weight classes in which most models are scored. With
    one: the best scored three. The largest first, so that the smaller ones are held against it; equal scores go to
    the smaller model, then to the id that sorts first.

    Args:
        scored: One row per model: model, size (NaN unknown), size_class, score.
    """
    best = scored.sort_values(["score", "size", "model"], ascending=[False, True, True], kind="stable")
    if is_preset:
        chosen = best.head(most)
    else:
        sized = best[best["size"].notna()]
        counts = sized["size_class"].value_counts()
        classes = sorted(counts.index, key=lambda one: (-counts[one], str(one)))[:most]
        chosen = sized[sized["size_class"].isin(classes)].drop_duplicates("size_class")
    chosen = chosen.sort_values(["size", "model"], ascending=[False, True], kind="stable", na_position="last")
    return tuple(str(model) for model in chosen["model"])


def _cache_by_shape(models: pd.DataFrame, shapes: pd.DataFrame, tokens: np.ndarray) -> np.ndarray:
    """Cache of models, or of what they were tuned from, in the table of shapes; NaN for the others."""
    if shapes.empty:
        return np.full(len(models), np.nan)
    table = shapes.drop_duplicates("model_id").set_index("model_id")
    base = models["finetuned_from"].astype(object).where(models["finetuned_from"].notna(), "")
    own = np.where(models.index.isin(table.index), models.index.astype(object), base.to_numpy(object))
    found = table.reindex(own)
    columns = ("n_layers", "n_kv_heads", "head_dim", "mla_kv_lora_rank", "mla_rope_dim", "n_global_layers", "sliding_window")  # fmt: skip
    layers, heads, dim, rank, rotary, n_global, window = (found[c].to_numpy(float, na_value=np.nan) for c in columns)
    plain = memory.cache_bytes_per_token(layers, heads, dim)
    latent = memory.latent_cache_bytes_per_token(layers, rank, rotary)
    return memory.cache_bytes(
        np.where(np.isnan(latent), plain, latent),
        tokens,
        n_layers=layers,
        n_global_layers=np.where(window > 0, n_global, layers),
        window=np.where(window > 0, window, np.inf),
    )
