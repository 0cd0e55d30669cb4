"""One model on one kind of hardware in every format that its engine knows: what fits, how fast, for how much."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lib import formats
from lib.analysis import rounding
from lib.analysis.serving_estimate import MEASURED, Ask, Estimate, estimate
from lib.analysis.serving_hardware import device as device_of
from lib.analysis.serving_measured import MeasuredRate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput
from lib.schema.text import Sentence, Span, sentence
from lib.schema.weight_formats import FORMATS
from lib.stats import architecture, memory
from lib.stats import serving_profiles as profiles

SERVER_FORMATS = ("bf16", "fp8", "int8", "awq-4bit-g128", "nvfp4")
SINGLE_FORMATS = ("bf16", "gguf-q8_0", "gguf-q6_k", "gguf-q5_k_m", "gguf-q4_k_m", "gguf-q3_k_l", "gguf-q2_k")
FOUR_BITS = ("awq-4bit-g128", "gguf-q4_k_m")
"""The format that stands for 4 bits, by engine."""
BANDS = ("output_tokens_per_s", "first_token_s", "between_tokens_s", "usd_input", "usd_output", "usd_output_all_in", "usd_blended", "joules_per_token", "g_co2e_per_mtok")  # fmt: skip
ROW_COLUMNS = (
    "format", "label", "bits", "kind", "reason", "n_gpus", "weight_bytes", "cache_bytes", "usable_bytes", "largest_batch",
    "longest_context", "source", "nearest_tokens_per_s", "nearest_differs", "nearest_source", *(end for band in BANDS for end in (band, f"{band}_low", f"{band}_high")),
)  # fmt: skip


class ServePlan(NamedTuple):
    """``rows``: one per format, ``ROW_COLUMNS``; ``reason`` says why there is no estimate. ``notes``: of any row."""

    rows: pd.DataFrame
    notes: tuple[str, ...]


def formats_of(profile: str) -> tuple[str, ...]:
    """Formats that engines of this kind read."""
    return SINGLE_FORMATS if profile == profiles.SINGLE else SERVER_FORMATS


def serve_plan(ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame) -> ServePlan:
    """The same question in every format; ``ask.weight_format`` is not read.

    Raises:
        RefusedInput: What is wrong whatever the format; place is the argument of ``Ask``.
    """
    rows: list[dict[str, object]] = []
    notes: list[str] = []
    for name in formats_of(ask.profile):
        asked = ask._replace(weight_format=name)
        try:
            found = estimate(asked, shapes, hardware, measured)
        except RefusedInput as refusal:
            if refusal.place not in ("n_gpus", "batch") or "fit" not in refusal.reason:
                raise
            rows.append({**_stored(asked, shapes, hardware), "reason": _why(refusal)})
        else:
            rows.append({**_stored(asked, shapes, hardware), **_row(found)})
            notes += found.notes
    return ServePlan(pd.DataFrame(rows, columns=list(ROW_COLUMNS)), tuple(dict.fromkeys(notes)))


def _stored(ask: Ask, shapes: Shapes, hardware: pd.DataFrame) -> dict[str, object]:
    fmt = FORMATS[ask.weight_format]
    shape = shapes.shape(ask.model)
    weights = np.nan if shape is None else float(architecture.weight_bytes(shape, fmt.bits_per_weight, keeps_embeddings=fmt.keeps_embeddings))  # fmt: skip
    device = device_of(hardware, ask.hardware, ask.weight_format)
    n = ask.n_gpus or 1
    return {
        "format": fmt.key, "label": fmt.label, "bits": fmt.bits_per_weight, "kind": "", "reason": "", "n_gpus": n, "source": "",
        "nearest_tokens_per_s": np.nan, "nearest_differs": "", "nearest_source": "",
        "weight_bytes": weights, "usable_bytes": float(memory.usable(device.memory_gb)) * n,
    }  # fmt: skip


def _row(found: Estimate) -> dict[str, object]:
    row: dict[str, object] = {
        "kind": found.kind,
        "n_gpus": found.ask.n_gpus,
        "weight_bytes": found.memory.weights,
        "cache_bytes": found.memory.cache,
        "usable_bytes": found.memory.usable,
        "largest_batch": found.memory.largest_batch,
        "longest_context": found.memory.longest_context,
        "source": _source(found.measured),
        "nearest_tokens_per_s": found.nearest.tokens_per_s if found.nearest else np.nan,
        "nearest_differs": found.nearest_differs,
        "nearest_source": _source(found.nearest),
    }
    for name in BANDS:
        band = getattr(found, name)
        row |= {name: band.value, f"{name}_low": band.low, f"{name}_high": band.high}
    return row


def _source(found: MeasuredRate | None) -> str:
    """Publisher, engine and day of a measurement; '' without one."""
    return f"{found.source}, {found.engine}, {found.date}" if found else ""


def _why(refusal: RefusedInput) -> str:
    return f"does not fit: {refusal.found}; {refusal.expected}" if refusal.expected else "does not fit"


# Words


def takeaway(plan: ServePlan, ask: Ask, name: str, device: str) -> list[Sentence]:
    """What 16 and 4 bits take, how fast they answer, and for how much; which format is the first that fits."""
    rows = plan.rows.set_index("format")
    four = next((one for one in FOUR_BITS if one in rows.index), None)
    if four is None:
        return []
    n = "one" if (ask.n_gpus or 1) == 1 else formats.count(ask.n_gpus)
    told = [_bits(rows, four, f"{n} {device}", name)]
    if rows.at[four, "kind"]:
        told.append(_speed(rows, four))
    fitting = rows[rows["kind"] != ""]
    if rows.at["bf16", "kind"] == "" and len(fitting):
        told.append(sentence("The most bits that fit: ", Span(str(fitting["label"].iloc[0]), "strong"), ". "))
    if not len(fitting):
        told.append(sentence("No format fits with so many sequences of this length. "))
    return told


def _bits(rows: Any, four: str, on: str, name: str) -> Sentence:
    full, less = (float(rows.at[one, "weight_bytes"]) for one in ("bf16", four))
    ends = {one: "fits" if rows.at[one, "kind"] else "does not fit" for one in ("bf16", four)}
    return sentence(
        f"On {on}, {name} at 16 bits takes ",
        Span(f"{formats.plain(full / 1e9)} GB", "large"),
        f" of weights and {ends['bf16']}; at 4 bits ",
        Span(f"{formats.plain(less / 1e9)} GB", "small"),
        f" ({formats.score(1 - less / full, 0)} less) and {ends[four]}. ",
    )


def _speed(rows: Any, four: str) -> Sentence:
    def rate(one: str) -> str:
        value, low, high = (rows.at[one, f"output_tokens_per_s{end}"] for end in ("", "_low", "_high"))
        if rows.at[one, "kind"] == MEASURED:
            return f"{rounding.count(value)} (measured)"
        band = rounding.span(low, high, rounding.count)
        return f"{rounding.count(value)} ({band})" if band else rounding.count(value)

    parts: list[str | Span] = ["It then writes ", Span(rate(four), "strong"), " tokens per second"]
    if rows.at["bf16", "kind"]:
        parts.append(f", at 16 bits {rate('bf16')}")
    price = rounding.usd(rows.at[four, "usd_output_all_in"])
    if price != formats.UNKNOWN:
        parts += ["; a million of them cost ", Span(price, "strong"), " with their prompts"]
        if rows.at["bf16", "kind"]:
            parts.append(f", at 16 bits {rounding.usd(rows.at['bf16', 'usd_output_all_in'])}")
    return sentence(*parts, ". ")
