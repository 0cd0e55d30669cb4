"""What is known of a model before it is run: from the store, from its own folder, from the Hub. Unknown is None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lib.errors import RefusedInput
from lib.evals import local_folder
from lib.evals.spec import JobSpec
from lib.schema.weight_formats import FORMATS
from lib.sources.resolver import Resolver, quantisation_in
from lib.stats import architecture, memory
from lib.stats.architecture import Architecture
from lib.store.db import Store
from lib.store.model_sizes import model_sizes
from lib.store.read import aliases, reference

BITS_OF = {
    "float32": 32.0, "float": 32.0, "fp32": 32.0, "F32": 32.0, "float16": 16.0, "half": 16.0, "fp16": 16.0, "F16": 16.0, "bfloat16": 16.0,
    "bf16": 16.0, "BF16": 16.0, "float64": 64.0, "F64": 64.0, "float8_e4m3fn": 8.0, "F8_E4M3": 8.0,
}  # fmt: skip
"""Bits per weight of the names that model_args, config.json and safetensors use."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model as far as it is known.

    Args:
        name: As it was asked for.
        model: Id in the store; None: not there.
        params, params_active: Parameters, and those used for each token.
        bits_per_weight: As the weights are kept where they lie.
        weight_bytes: Counted from the files.
        cache_bytes_per_token: Keys and values of all layers at 16 bits.
        vocab: Entries of the vocabulary.
        context_tokens: Longest input.
        licence: As stated.
        is_gated: The Hub gives it only to accounts that were let in.
        has_safetensors: Weights can be read without running code.
        needs_code: The repository brings Python code of its own that would have to run.
        basis: Where the size is from, in words.
    """

    name: str
    model: str | None = None
    params: float | None = None
    params_active: float | None = None
    bits_per_weight: float | None = None
    weight_bytes: float | None = None
    cache_bytes_per_token: float | None = None
    vocab: float | None = None
    context_tokens: float | None = None
    licence: str | None = None
    is_gated: bool | None = None
    has_safetensors: bool | None = None
    needs_code: bool = False
    basis: str = "nothing is known of this model"


def model_facts(store: Store, spec: JobSpec, hub: ModelFacts | None = None) -> ModelFacts:
    """Everything known without running anything: the folder before the Hub, the Hub before the store, field by field.

    Args:
        store: For what the catalogue and readers say.
        spec: Its ``model`` is a folder, a name on the Hub or the name of a served model.
        hub: What the Hub said, where somebody asked it.
    """
    found = from_store(store, spec.model)
    for better in (hub, _folder(spec.model)):
        if better is not None:
            found = _over(better, found)
    return found


def bits_asked(spec: JobSpec, facts: ModelFacts) -> float | None:
    """Bits per weight that the model will be run with; None where neither the job nor the files say."""
    arguments = spec.model_args
    for name, format_ in (("load_in_8bit", "int8"), ("load_in_4bit", "nf4")):
        if arguments.get(name) is True:
            return FORMATS[format_].bits_per_weight
    asked = arguments.get("dtype")
    if isinstance(asked, str) and asked.removeprefix("torch.") in BITS_OF:
        return BITS_OF[asked.removeprefix("torch.")]
    return facts.bits_per_weight


def from_store(store: Store, spelling: str) -> ModelFacts:
    """What the store holds about the model that a spelling means."""
    known = _known(store, store.revision())
    found = known.resolver.resolve((spelling,)).model_id
    if found is None or found not in known.models.index:
        return ModelFacts(spelling)
    row = dict(known.models.loc[found])
    params = _number(row["params_total"])
    shape = known.shape(found)
    cache = _cache(shape) if shape is not None else _cache_of_columns(row)
    return ModelFacts(
        spelling,
        model=found,
        params=params,
        params_active=_number(row["params_active"]) or (params if row["architecture"] == "dense" else None),
        bits_per_weight=_bits(row["precision"]) if quantisation_in(spelling) is None else None,
        cache_bytes_per_token=cache,
        vocab=_number(row["vocab_size"]) if shape is None else float(shape.vocab),
        context_tokens=_number(row["context_length"]),
        licence=row["licence"] if isinstance(row["licence"], str) else None,
        basis=f"the size of {row['name']} in the store" if params else "its size is not known",
    )


def from_folder(folder: Path) -> ModelFacts:
    """What the files of a model say, without running any: config.json and the heads of the safetensors files.

    Raises:
        RefusedInput: If config.json is no JSON object.
    """
    config, weights = local_folder.config(folder), local_folder.weights(folder)
    shape = local_folder.shape(config)
    params = weights.params or (None if shape is None else _number(architecture.parameters(shape).total))
    counted = "its files" if weights.params else "its configuration"
    return ModelFacts(
        str(folder),
        params=params,
        params_active=None if shape is None else _number(architecture.parameters(shape).active),
        bits_per_weight=BITS_OF.get(weights.dtype or str(config.get("dtype") or config.get("torch_dtype") or "")),
        weight_bytes=weights.n_bytes,
        cache_bytes_per_token=None if shape is None else _cache(shape),
        vocab=None if shape is None else float(shape.vocab),
        context_tokens=_number(config.get("max_position_embeddings") or config.get("n_positions")),
        has_safetensors=weights.has_safetensors,
        needs_code="auto_map" in config,
        basis=f"parameters counted in {counted}" if params else "its size is not known",
    )


def _folder(name: str) -> ModelFacts | None:
    path = Path(name).expanduser()
    if not path.is_dir():
        return None
    try:
        return from_folder(path)
    except RefusedInput:
        return None


def _over(better: ModelFacts, other: ModelFacts) -> ModelFacts:
    """``better`` with what only ``other`` knows."""
    missing = {
        name: getattr(other, name)
        for name in ModelFacts.__slots__
        if getattr(better, name) is None and getattr(other, name) is not None
    }
    basis = better.basis if better.params else other.basis
    return replace(better, **missing, basis=basis)


class _Known(NamedTuple):
    """One revision of the store: models by id, which spelling means which, shapes."""

    models: pd.DataFrame
    resolver: Resolver
    shapes: pd.DataFrame

    def shape(self, model: str) -> Architecture | None:
        """Its own; the table of shapes has names of its own, which the same resolver understands."""
        names = self.shapes.index.astype(str)
        own = (
            model if model in names else next((n for n in names if self.resolver.resolve((n,)).model_id == model), None)
        )
        return None if own is None else Architecture.of(self.shapes.loc[own])


@lru_cache(maxsize=1)
def _known(store: Store, revision: int) -> _Known:
    """Read once per revision: a form asks at every change of a field."""
    models, shapes = model_sizes(store), reference(store, "model_arch")
    table = pd.DataFrame() if shapes.empty else shapes.drop_duplicates("model_id").set_index("model_id")
    return _Known(models.set_index("id"), Resolver(aliases(store), models), table)


def _cache(shape: Architecture) -> float | None:
    return _number(architecture.kv_bytes_per_token(shape))


def _cache_of_columns(row: Mapping[str, Any]) -> float | None:
    heads = row["n_kv_heads"] if _number(row["n_kv_heads"]) else row["n_heads"]
    values = [_number(one) for one in (row["n_layers"], heads, row["head_dim"])]
    if None in values:
        return None
    return _number(memory.cache_bytes_per_token(*(float(one) for one in values if one is not None)))


def _bits(precision: object) -> float | None:
    return BITS_OF.get(str(precision).lower()) if isinstance(precision, str) else None


def _number(value: Any) -> float | None:
    """A finite number above 0, else None."""
    if value is None or isinstance(value, (str, bool)):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None
