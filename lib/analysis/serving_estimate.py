"""One model on one kind of hardware: does it fit, how fast, for how much, with bands; a measured rate wins."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.analysis import serving_errors, serving_rows
from lib.analysis.serving_errors import Band, lognormal, weighted_sum
from lib.analysis.serving_hardware import device as device_of
from lib.analysis.serving_measured import Configuration, MeasuredRate, differences, measured_rate, nearest_rate
from lib.analysis.serving_models import Shapes
from lib.errors import RefusedInput
from lib.schema.weight_formats import FORMATS
from lib.stats import architecture, inference_energy, serving, serving_cost, serving_memory
from lib.stats import serving_profiles as profiles
from lib.stats.architecture import Architecture
from lib.stats.domain import require
from lib.stats.serving import Device, Load

MEASURED, ESTIMATED = "measured", "estimated"
SIZES = (1, 2, 4, 8, 16)
"""Devices that one copy is tried on when the reader leaves their number open."""


class Ask(NamedTuple):
    """What is asked.

    Args:
        model: Catalogue id or ``model_id`` of a shape.
        hardware: Id.
        weight_format: Key of ``weight_formats.FORMATS``.
        batch, input_tokens, output_tokens: Sequences at once, and tokens of each request.
        n_gpus: Devices for one copy; None: the fewest of ``SIZES`` that hold it.
        usd_per_gpu_hour: None: the one of the table of hardware.
        utilisation: Share of paid time spent serving at this load.
        profile: Key of ``serving_profiles.PROFILES``.
        is_expert_parallel: On several devices divide experts instead of every matrix.
        bits_per_weight: None: of the format.
        kg_co2e_per_kwh: Of the grid, life cycle; None: no emissions.
    """

    model: str
    hardware: str
    weight_format: str = "bf16"
    batch: int = 64
    input_tokens: int = 500
    output_tokens: int = 500
    n_gpus: int | None = 1
    usd_per_gpu_hour: float | None = None
    utilisation: float = 1.0
    profile: str = profiles.DEFAULT
    is_expert_parallel: bool = False
    bits_per_weight: float | None = None
    kv_bits: float = 16
    blend: tuple[float, float] = serving_cost.BLEND
    pue: float = inference_energy.PUE
    kg_co2e_per_kwh: float | None = None


class Memory(NamedTuple):
    """Bytes, and what would fit: whole sequences at this length, tokens at this batch."""

    weights: float
    cache_per_sequence: float
    cache: float
    usable: float
    largest_batch: float
    longest_context: float


class Estimate(NamedTuple):
    """Numbers with their bands (80%); NaN for what cannot be known, with a reason in ``notes``.

    Args:
        ask: As asked, with the number of devices and the price filled in (NaN: no price is known).
        shape_of: ``model_id`` of the shape.
        group: Measured rows whose errors make the bands.
        parameters, memory, step: Counts; bytes; seconds of one decode step.
        kind: MEASURED if the rate of output tokens, and what follows from it, is measured; else ESTIMATED.
        measured: The measurement; None without.
        nearest: The nearest measurement of the model on these devices, at another batch or other lengths; None where
            ``measured`` is there, or nothing was measured.
        nearest_differs: What that was measured with instead; '' without one.
        output_tokens_per_s: All sequences together, prompts included; of one reader at a time without prompts.
        decode_tokens_per_s, prefill_tokens_per_s: Writing alone, reading alone; estimates.
        first_token_s: Without a queue. ``between_tokens_s``: one step.
        usd_input, usd_output, usd_output_all_in, usd_blended: USD per million tokens. All-in is per output token with
            its share of the prompts; it follows from a measured rate where there is one.
        joules_per_token, kwh_per_mtok, g_co2e_per_mtok: Per output token, and per million of them.
        notes: Sentences without a full stop.
    """

    ask: Ask
    shape_of: str
    group: str
    parameters: architecture.Parameters
    memory: Memory
    step: serving.Step
    kind: str
    measured: MeasuredRate | None
    nearest: MeasuredRate | None
    nearest_differs: str
    output_tokens_per_s: Band
    decode_tokens_per_s: Band
    prefill_tokens_per_s: Band
    first_token_s: Band
    between_tokens_s: Band
    usd_input: Band
    usd_output: Band
    usd_output_all_in: Band
    usd_blended: Band
    joules_per_token: Band
    kwh_per_mtok: Band
    g_co2e_per_mtok: Band
    notes: tuple[str, ...]


def estimate(ask: Ask, shapes: Shapes, hardware: pd.DataFrame, measured: pd.DataFrame) -> Estimate:
    """The answer to one question.

    Args:
        shapes: ``serving_models.shapes_of_models``.
        hardware: Table ``hardware``, index id.
        measured: ``serving_rows.Measurements.rows``; may be empty.

    Raises:
        RefusedInput: With the argument of ``Ask`` as its place: out of range, unknown, or it does not fit.
    """
    shape, shape_of, device = _known(ask, shapes, hardware)
    _in_range(ask)
    fmt = FORMATS[ask.weight_format]
    bits = fmt.bits_per_weight if ask.bits_per_weight is None else ask.bits_per_weight
    weights = float(architecture.weight_bytes(shape, bits, keeps_embeddings=fmt.keeps_embeddings))
    load = Load(float(ask.batch), bits, 1.0, ask.kv_bits, ask.is_expert_parallel)
    context = float(ask.input_tokens + ask.output_tokens)
    n = _devices(ask, shape, device, load, context, weights)
    load = load._replace(n_gpus=float(n))
    serving_memory.require_fit(shape, device, load, context, weights)
    filled = ask._replace(n_gpus=n, usd_per_gpu_hour=_price(ask, hardware))
    served = serving.serve(shape, device, load, ask.input_tokens, ask.output_tokens, profiles.PROFILES[ask.profile])
    group = serving_rows.GROUP_OF_PROFILE[ask.profile]
    wanted = Configuration(
        shape_of, ask.hardware, ask.weight_format, group, n, float(ask.batch), ask.input_tokens, ask.output_tokens, ask.is_expert_parallel
    )  # fmt: skip
    found = measured_rate(measured, wanted) if len(measured) else None
    near = nearest_rate(measured, wanted) if found is None and len(measured) else None
    return Estimate(
        ask=filled,
        shape_of=shape_of,
        group=group,
        parameters=architecture.parameters(shape),
        memory=_memory(shape, device, load, context, weights),
        step=served.step,
        kind=ESTIMATED if found is None else MEASURED,
        measured=found,
        nearest=near,
        nearest_differs="" if near is None else differences(near, wanted),
        **_rates(served, group, found),
        **_money(served, group, found, filled),
        **_energy(served, group, found, filled, device),
        notes=_notes(filled, shapes, device, served, measured, group, found),
    )


def _known(ask: Ask, shapes: Shapes, hardware: pd.DataFrame) -> tuple[Architecture, str, Device]:
    shape = shapes.shape(ask.model)
    if shape is None:
        raise RefusedInput("no layers and widths are known of this model", place="model", expected="a model whose shape is known", found=ask.model)  # fmt: skip
    if ask.hardware not in hardware.index:
        raise RefusedInput("not in the table of hardware", place="hardware", expected=", ".join(map(str, hardware.index)), found=ask.hardware)  # fmt: skip
    for name, value, known in (
        ("weight_format", ask.weight_format, FORMATS),
        ("profile", ask.profile, profiles.PROFILES),
    ):
        if value not in known:
            raise RefusedInput("not known", place=name, expected=", ".join(known), found=value)
    return shape, shapes.of_model.get(ask.model, ask.model), device_of(hardware, ask.hardware, ask.weight_format)


def _price(ask: Ask, hardware: pd.DataFrame) -> float:
    """USD per device-hour, the reader's or the table's; NaN if there is none."""
    if ask.usd_per_gpu_hour is not None:
        return ask.usd_per_gpu_hour
    return float(hardware.loc[[ask.hardware], "usd_per_hour"].to_numpy(float, na_value=math.nan)[0])


def _in_range(ask: Ask) -> None:
    for name in ("batch", "input_tokens", "output_tokens", "utilisation", "kv_bits", "pue"):
        require(name, float(getattr(ask, name)))
    for name in ("n_gpus", "usd_per_gpu_hour", "bits_per_weight", "kg_co2e_per_kwh"):
        if (value := getattr(ask, name)) is not None:
            require(name, float(value))
    if ask.profile == profiles.SINGLE and ask.batch != 1:
        raise RefusedInput(
            "this way of serving takes one sequence at a time", place="batch", expected="1", found=ask.batch
        )
    if min(ask.blend) < 0 or not 0 < sum(ask.blend) < math.inf:
        raise RefusedInput("weights of input and output", place="blend", expected="two numbers from 0, not both 0", found=ask.blend)  # fmt: skip


def _devices(ask: Ask, shape: Architecture, device: Device, load: Load, context: float, weights: float) -> int:
    if ask.n_gpus is not None:
        return ask.n_gpus
    for n in SIZES:
        if float(serving_memory.largest_batch(shape, device, load._replace(n_gpus=n), context, weights)) >= ask.batch:
            return n
    return SIZES[-1]


def _memory(shape: Architecture, device: Device, load: Load, context: float, weights: float) -> Memory:
    each = float(architecture.kv_bytes(shape, context, load.kv_bits))
    return Memory(
        weights=weights,
        cache_per_sequence=each,
        cache=each * float(np.asarray(load.batch)),
        usable=float(serving_memory.room_for_cache(device, load.n_gpus, 0.0)),
        largest_batch=float(serving_memory.largest_batch(shape, device, load, context, weights)),
        longest_context=float(serving_memory.longest_context(shape, device, load, weights)),
    )


def _rates(served: serving.Served, group: str, found: MeasuredRate | None) -> dict[str, Band]:
    own, prompts = serving_errors.LOG_DEVIATION[group], serving_errors.LOG_DEVIATION[serving_rows.PREFILL]
    rate = lognormal(_output(served, group), own) if found is None else _exact(found.tokens_per_s)
    between = lognormal(float(served.between_tokens_s), own)
    if found is not None and math.isfinite(found.between_tokens_s):
        between = _exact(found.between_tokens_s)
    alone = group == serving_rows.SINGLE
    return {
        "output_tokens_per_s": rate,
        "decode_tokens_per_s": rate if alone else lognormal(float(served.decode_tokens_per_s), own),
        "prefill_tokens_per_s": lognormal(float(served.prefill_tokens_per_s), prompts),
        "first_token_s": lognormal(float(served.first_token_s), prompts),
        "between_tokens_s": between,
    }


def _money(served: serving.Served, group: str, found: MeasuredRate | None, ask: Ask) -> dict[str, Band]:
    own, prompts = serving_errors.LOG_DEVIATION[group], serving_errors.LOG_DEVIATION[serving_rows.PREFILL]

    def usd(tokens_per_s: float) -> float:
        price = math.nan if ask.usd_per_gpu_hour is None else ask.usd_per_gpu_hour
        return float(serving_cost.usd_per_mtok(price, ask.n_gpus or 1, tokens_per_s, ask.utilisation))

    read, written = usd(float(served.prefill_tokens_per_s)), usd(float(served.decode_tokens_per_s))
    rate = _output(served, group) if found is None else found.tokens_per_s
    whole = lognormal(usd(rate), own) if found is None else _exact(usd(rate))
    output = lognormal(written, own)
    if group == serving_rows.SINGLE:
        # Its rate, estimated or measured, is of writing alone: the prompts are added.
        output = whole
        whole = weighted_sum(
            ((ask.input_tokens / ask.output_tokens * read, prompts), (output.value, own if found is None else 0.0))
        )
    share_in, share_out = (weight / sum(ask.blend) for weight in ask.blend)
    spread = 0.0 if output.low == output.high else own
    return {
        "usd_input": lognormal(read, prompts),
        "usd_output": output,
        "usd_output_all_in": whole,
        "usd_blended": weighted_sum(((share_in * read, prompts), (share_out * output.value, spread))),
    }


def _energy(
    served: serving.Served, group: str, found: MeasuredRate | None, ask: Ask, device: Device
) -> dict[str, Band]:
    old = group == serving_rows.SERVING_2024
    fraction = inference_energy.POWER_FRACTION_2024 if old else inference_energy.power_fraction(ask.batch)
    rate = _output(served, group) if found is None else found.tokens_per_s
    intensity = math.nan if ask.kg_co2e_per_kwh is None else ask.kg_co2e_per_kwh
    of = inference_energy.energy(device.tdp_w, ask.n_gpus or 1, rate, fraction, ask.pue, intensity)
    values = [float(one) for one in of]
    if found is not None and math.isfinite(found.joules_per_token):
        known = inference_energy.per_million(found.joules_per_token, ask.pue, intensity)
        bands = [_exact(float(one)) for one in known]
    else:
        bands = [lognormal(one, serving_errors.ENERGY_LOG_DEVIATION.get(group, math.nan)) for one in values]
    return dict(zip(("joules_per_token", "kwh_per_mtok", "g_co2e_per_mtok"), bands, strict=True))


def _notes(
    ask: Ask,
    shapes: Shapes,
    device: Device,
    served: serving.Served,
    measured: pd.DataFrame,
    group: str,
    found: MeasuredRate | None,
) -> tuple[str, ...]:
    notes = []
    if ask.model in shapes.inherited:
        notes.append(f"the shape is that of {shapes.of_model[ask.model]}, from which the model was tuned")
    if not math.isfinite(float(np.asarray(device.matmul_tflops_dense))):
        notes.append("no matrix rate is published of this hardware: the time to read prompts is not known")
    if found is not None and found.is_input_assumed:
        notes.append("the source of the measurement does not say how long prompts were")
    if (
        found is None
        and len(measured)
        and not ((measured["hardware"] == ask.hardware) & (measured["group"] == group)).any()
    ):
        notes.append("nothing was measured on this hardware in this way of serving: the band is that of other hardware")
    if ask.usd_per_gpu_hour is None or math.isnan(ask.usd_per_gpu_hour):
        notes.append("no price is known of this hardware: give one")
    if not math.isfinite(float(np.asarray(device.tdp_w))):
        notes.append("no rated power is published of this hardware: energy is not known")
    return tuple(notes)


def _output(served: serving.Served, group: str) -> float:
    """Rate of output tokens as the rows of the group count it: with prompts, but for one sequence alone."""
    return float(served.decode_tokens_per_s if group == serving_rows.SINGLE else served.output_tokens_per_s)


def _exact(value: float) -> Band:
    return Band(value, value, value)
