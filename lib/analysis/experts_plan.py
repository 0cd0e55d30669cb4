"""A dense model and a mixture of experts side by side: what must be stored, what a step reads, how fast each answers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import rounding
from lib.analysis.serving_estimate import SIZES, Ask, Estimate, estimate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput
from lib.schema.text import Sentence, Span, sentence
from lib.schema.weight_formats import FORMATS
from lib.stats import architecture

BATCHES = (1, 8, 64)
CURVE = tuple(round(2 ** (k / 2)) for k in range(19))
"""Sequences at once, 1 to 512."""
ROW_COLUMNS = ("model", "total", "active", "weight_bytes", "cache_per_token", "n_gpus", *(f"rate_{b}{end}" for b in BATCHES for end in ("", "_low", "_high")), "usd_64", "reason")  # fmt: skip


class Experts(NamedTuple):
    """Two models on one kind of hardware.

    Args:
        rows: The mixture first; ``ROW_COLUMNS``: counts, bytes, the fewest devices that hold one copy with the largest batch
            (NaN: none of ``SIZES``), output tokens per second of all sequences by batch, USD per million output tokens with
            prompts at 64 at once; ``reason`` says why there is no rate.
        curve: batch, moe, dense: bytes of weights that one step reads.
        moe_total, moe_active: Bytes of all weights of the mixture, and of those that work on one token.
    """

    rows: pd.DataFrame
    curve: pd.DataFrame
    moe_total: float
    moe_active: float


def mixtures(shapes: Shapes, models: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Of these models (id to name) the mixtures of experts, and the dense ones."""
    known = {model: shapes.shape(model) for model in models}
    is_moe = {model: bool(shape.n_experts) for model, shape in known.items() if shape is not None}
    return {m: models[m] for m, moe in is_moe.items() if moe}, {m: models[m] for m, moe in is_moe.items() if not moe}


def experts(moe: str, dense: str, ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame) -> Experts:
    """The comparison; ``ask.model``, ``ask.batch`` and ``ask.n_gpus`` are not read.

    Raises:
        RefusedInput: What is wrong whatever the model, or a model without a shape.
    """
    rows = [_row(model, ask, shapes, hardware, measured) for model in (moe, dense)]
    bits = FORMATS[ask.weight_format].bits_per_weight
    batch = np.array(sorted(set(CURVE)), float)
    read = {}
    for side, model in (("moe", moe), ("dense", dense)):
        read[side] = architecture.parameters_touched(_shape(shapes, model), batch) * bits / 8 + 0 * batch
    counts = architecture.parameters(_shape(shapes, moe))
    curve = pd.DataFrame({"batch": batch, **read})
    return Experts(pd.DataFrame(rows, columns=list(ROW_COLUMNS)), curve, float(counts.total) * bits / 8, float(counts.active) * bits / 8)  # fmt: skip


def _shape(shapes: Shapes, model: str) -> architecture.Architecture:
    shape = shapes.shape(model)
    if shape is None:
        raise RefusedInput("no layers and widths are known of this model", place="model", found=model)
    return shape


def _row(model: str, ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame) -> dict[str, object]:
    shape = _shape(shapes, model)
    counts = architecture.parameters(shape)
    fmt = FORMATS[ask.weight_format]
    row: dict[str, object] = {
        "model": model,
        "total": float(counts.total),
        "active": float(counts.active),
        "weight_bytes": float(
            architecture.weight_bytes(shape, fmt.bits_per_weight, keeps_embeddings=fmt.keeps_embeddings)
        ),
        "cache_per_token": float(architecture.kv_bytes_per_token(shape, ask.kv_bits)),
        "n_gpus": np.nan,
        "reason": "",
    }
    try:
        found = {b: _one(model, b, ask, shapes, hardware, measured) for b in BATCHES}
    except RefusedInput as refusal:
        if refusal.place not in ("n_gpus", "batch"):
            raise
        return row | {"reason": f"does not fit on {SIZES[-1]} of these devices"}
    for batch, one in found.items():
        rate = one.output_tokens_per_s
        row |= {f"rate_{batch}": rate.value, f"rate_{batch}_low": rate.low, f"rate_{batch}_high": rate.high}
    last = found[BATCHES[-1]]
    return row | {"n_gpus": last.ask.n_gpus, "usd_64": last.usd_output_all_in.value}


def _one(model: str, batch: int, ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame) -> Estimate:
    """At this batch, on as many devices as the largest batch wants."""
    wide = estimate(ask._replace(model=model, batch=BATCHES[-1], n_gpus=None), shapes, hardware, measured)
    return estimate(ask._replace(model=model, batch=batch, n_gpus=wide.ask.n_gpus), shapes, hardware, measured)


def takeaway(found: Experts, names: tuple[str, str], device: str) -> list[Sentence]:
    """Memory against speed; ``names`` of the mixture and of the dense model."""
    moe, dense = (row for row in found.rows.to_dict("records"))
    first = sentence(
        f"{names[0]} stores ",
        Span(formats.parameters(moe["total"]), "large"),
        " parameters and uses ",
        Span(formats.parameters(moe["active"]), "small"),
        f" for a token; {names[1]} stores and uses {formats.parameters(dense['total'])}. ",
    )
    at_one, at_64 = (float(found.curve.loc[found.curve["batch"] == b, "moe"].iloc[0]) for b in (1.0, 64.0))
    second = sentence(
        "A step for one reader reads ",
        Span(formats.score(at_one / found.moe_total, 0), "small"),
        " of its weights, a step for 64 at once ",
        Span(formats.score(at_64 / found.moe_total, 0), "large"),
        ": few readers get the speed of the active size, many pay for the traffic of nearly all. ",
    )
    return [first, second, *_speeds(moe, dense, names, device)]


def _speeds(moe: Any, dense: Any, names: tuple[str, str], device: str) -> list[Sentence]:  # fmt: skip
    told = []
    for row, name in ((moe, names[0]), (dense, names[1])):
        if row["reason"]:
            told.append(sentence(f"{name} {row['reason']}. "))
            continue
        n = formats.count(row["n_gpus"])
        told.append(
            sentence(
                f"On {n} × {device} {name} writes about {rounding.count(row['rate_1'])} tokens per second for one reader and {rounding.count(row['rate_64'])} for 64. "
            )
        )
    return told
