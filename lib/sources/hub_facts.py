"""What the Hub says of a model, as values of its fields: read from the heads of its files, its configuration and its card."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lib.errors import RefusedInput
from lib.sources.hub_client import NAME, Hub
from lib.sources.texts import storable

LARGEST_CONFIG = 2_000_000
LONGEST = 200
CONFIG = {
    "n_layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "d_model": ("hidden_size", "n_embd", "d_model"),
    "n_heads": ("num_attention_heads", "n_head", "n_heads"),
    "n_kv_heads": ("num_key_value_heads",),
    "head_dim": ("head_dim",),
    "vocab_size": ("vocab_size",),
    "context_length": ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"),
}
"""Our fields, and the names that configurations have for them, the first that is there."""
EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
PRECISIONS = {"bfloat16": "bf16", "float16": "fp16", "float32": "fp32", "BF16": "bf16", "F16": "fp16", "F32": "fp32"}
WHOLE = frozenset(("BF16", "F16", "F32", "F64"))
"""Types in which one stored number is one parameter; in others several may be packed into one."""
LICENCES = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "gemma": "Gemma Terms of Use",
    "llama2": "Llama 2 Community Licence",
    "llama3": "Llama 3 Community Licence",
    "llama3.1": "Llama 3.1 Community Licence",
    "llama3.2": "Llama 3.2 Community Licence",
    "llama3.3": "Llama 3.3 Community Licence",
}
"""The Hub's short names of licences, as this catalogue writes them; others stay as they are."""


class Stated(NamedTuple):
    """A value of a field, as text, and the address of the page or file that states it."""

    value: str
    url: str


class Described(NamedTuple):
    """What the Hub says of one model.

    Args:
        name: ``org/name``.
        revision: The commit that was looked at.
        stated: By field of a model; fields that it says nothing of are absent.
        base: Models that it was made from, as ``org/name``, and how: finetune, adapter, quantized, merge or ''.
        notes: What could not be read, or must be known beside the values, a sentence each.
    """

    name: str
    revision: str
    stated: dict[str, Stated]
    base: tuple[str, tuple[str, ...]]
    notes: list[str]


def describe(hub: Hub, name: str) -> Described:
    """Ask the Hub about a model.

    Raises:
        RefusedInput: If it has no such model for this account.
        Unavailable: If it does not answer.
    """
    told = hub.described("model", name)
    revision = _text(told.get("sha")) or "main"
    page = hub.page_of("model", name, revision)
    stated: dict[str, Stated] = {"hf_id": Stated(name, page)}
    notes: list[str] = []
    _from_heads(told, page, stated, notes)
    _from_card(told, page, stated)
    if told.get("gated") not in (None, False):
        notes.append("The Hub gives its files only to accounts that were let in.")
    files = _files(told)
    if any(file.endswith((".safetensors", ".bin", ".gguf", ".pth")) for file in files):
        stated["open_weights"] = Stated("true", page)
    if "config.json" in files:
        _from_configuration(hub, name, revision, page, stated, notes)
    return Described(name, revision, stated, _base(told), notes)


def _from_heads(told: Mapping[str, Any], page: str, stated: dict[str, Stated], notes: list[str]) -> None:
    """Parameters as the Hub counts them in the heads of safetensors files."""
    heads = told.get("safetensors")
    if not isinstance(heads, Mapping):
        return
    each = heads.get("parameters")
    counts = {
        str(kind): number
        for kind, count in (each.items() if isinstance(each, Mapping) else ())
        if (number := _whole(count)) is not None
    }
    total = _whole(heads.get("total")) or sum(counts.values()) or None
    packed = sorted(kind for kind in counts if kind not in WHOLE)
    if total is None:
        return
    if packed:
        notes.append(
            f"Its files hold numbers of type {', '.join(packed)[:80]}, which may be packed: no size is taken from them."
        )
        return
    stated["params_total"] = Stated(str(total), page)
    most = max(counts, key=lambda kind: counts[kind], default="")
    if most in PRECISIONS:
        stated["precision"] = Stated(PRECISIONS[most], page)


def _from_card(told: Mapping[str, Any], page: str, stated: dict[str, Stated]) -> None:
    card = told.get("cardData")
    card = card if isinstance(card, Mapping) else {}
    written = card.get("license")
    short = _text(written[0] if isinstance(written, list) and written else written)
    if not short:
        short = next((tag.removeprefix("license:") for tag in _tags(told) if tag.startswith("license:")), "")
    named = _text(card.get("license_name")) if short.casefold() in ("", "other") else ""
    licence = named or LICENCES.get(short.casefold(), short)
    if licence and licence.casefold() not in ("other", "unknown"):
        stated["licence"] = Stated(licence, page)


def _base(told: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """How it was made, and from which models: by the Hub's own tags, else by its card."""
    found: dict[str, list[str]] = {}
    for tag in _tags(told):
        match = re.fullmatch(r"base_model:(finetune|adapter|quantized|merge):(.+)", tag)
        if match and NAME.fullmatch(match.group(2)):
            found.setdefault(match.group(1), []).append(match.group(2))
    if found:
        relation = next(iter(found))
        return relation, tuple(dict.fromkeys(found[relation]))
    card = told.get("cardData")
    card = card if isinstance(card, Mapping) else {}
    written = card.get("base_model")
    names = written if isinstance(written, list) else [written]
    kept = tuple(dict.fromkeys(name for name in names[:50] if isinstance(name, str) and NAME.fullmatch(name)))
    how = _text(card.get("base_model_relation"))
    return (how if how in ("finetune", "adapter", "quantized", "merge") else ""), kept


def _from_configuration(
    hub: Hub, name: str, revision: str, page: str, stated: dict[str, Stated], notes: list[str]
) -> None:
    """Numbers of the architecture; a file that is held back or damaged leaves a note."""
    try:
        content = hub.small_file("model", name, revision, "config.json", LARGEST_CONFIG)
    except RefusedInput as refusal:
        notes.append(f"Its configuration cannot be read: {refusal.reason}.")
        return
    try:
        config = json.loads(content)
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        notes.append("Its configuration is not JSON.")
        return
    url = page.replace("/tree/", "/blob/") + "/config.json"
    inner = config.get("text_config")
    layers: Sequence[Mapping[str, Any]] = (inner, config) if isinstance(inner, dict) else (config,)
    for field, names in CONFIG.items():
        number = next((n for layer in layers for one in names if (n := _whole(layer.get(one))) is not None), None)
        if number is not None:
            stated[field] = Stated(str(number), url)
    if any(layer.get("rope_scaling") for layer in layers) and "context_length" in stated:
        notes.append("Its context can be scaled; the length is that of the configuration.")
    for layer in layers:
        kind = PRECISIONS.get(_text(layer.get("torch_dtype") or layer.get("dtype")))
        if kind and "precision" not in stated:
            stated["precision"] = Stated(kind, url)
    classes = config.get("architectures")
    first = _text(classes[0]) if isinstance(classes, list) and classes else ""
    if any((_whole(layer.get(one)) or 0) > 1 for layer in layers for one in EXPERTS):
        stated["architecture"] = Stated("moe", url)
    elif re.fullmatch(r"[A-Za-z0-9_]{1,80}", first):
        stated["architecture"] = Stated(first, url)


def _files(told: Mapping[str, Any]) -> set[str]:
    listed = told.get("siblings")
    listed = listed[:20_000] if isinstance(listed, list) else []
    return {one["rfilename"] for one in listed if isinstance(one, Mapping) and isinstance(one.get("rfilename"), str)}


def _tags(told: Mapping[str, Any]) -> list[str]:
    tags = told.get("tags")
    return [tag[:LONGEST] for tag in tags[:500] if isinstance(tag, str)] if isinstance(tags, list) else []


def _text(value: object) -> str:
    """One line of text that the store can hold; '' for anything else."""
    return " ".join(storable(value[:LONGEST]).split()) if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    """A whole number above 0 that the store can hold."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and 0 < value < 2**63 else None
