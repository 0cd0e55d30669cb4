"""`cost serve`: does a model fit on hardware, how fast it answers, and what a million tokens cost."""

from __future__ import annotations

import argparse
import math
from typing import Any

from lib import formats
from lib.analysis import serving_errors, serving_rows
from lib.analysis.planner_fields import CARBON
from lib.analysis.serving_errors import Band
from lib.analysis.serving_estimate import Ask, Estimate, estimate
from lib.cli_cost import CostCommand
from lib.cli_cost_amounts import add_amounts, amount
from lib.cli_cost_tables import cost_tables, model_with_shape, opened
from lib.cli_output import put, put_json, put_table
from lib.errors import RefusedInput
from lib.schema.weight_formats import FORMATS
from lib.settings import Settings
from lib.sources import grids
from lib.sources.grids import Grid
from lib.stats import serving_profiles
from lib.stats.memory import GB

OPTIONS = {
    "model": "MODEL", "hardware": "--hardware", "weight_format": "--format", "batch": "--batch", "n_gpus": "--tp",
    "input_tokens": "--input-tokens", "output_tokens": "--output-tokens", "usd_per_gpu_hour": "--price-per-hour",
    "utilisation": "--utilisation", "profile": "--profile", "bits_per_weight": "--bits-per-weight",
    "kv_bits": "--kv-bits", "pue": "--pue", "zone": "--zone",
}  # fmt: skip
"""Option of each argument that may be refused."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("model", metavar="MODEL", help="id, Hub id or another known name")
    command.add_argument("--hardware", required=True, metavar="H", help="id of the table of hardware, as h100-sxm")
    command.add_argument("--format", default="bf16", metavar="F", help=f"of the weights: {', '.join(FORMATS)}")
    command.add_argument("--bits-per-weight", type=float, default=None, metavar="B", help="where a checkpoint averages otherwise than its format")  # fmt: skip
    command.add_argument("--kv-bits", type=float, default=16, metavar="B", help="of a number in the cache (16)")
    command.add_argument("--batch", type=int, default=None, metavar="N", help="sequences at once (64; 1 for one reader at a time)")  # fmt: skip
    command.add_argument("--tp", type=_devices, default=1, metavar="N", help="devices for one copy (1), or auto: the fewest that hold it")  # fmt: skip
    command.add_argument("--expert-parallel", action="store_true", help="divide experts over the devices, not every matrix")  # fmt: skip
    command.add_argument("--input-tokens", type=int, default=500, metavar="N", help="of each request (500)")
    command.add_argument("--output-tokens", type=int, default=500, metavar="N", help="of each request (500)")
    command.add_argument("--price-per-hour", type=float, default=None, metavar="USD", help="of a device; default: the table's")  # fmt: skip
    command.add_argument("--utilisation", type=float, default=1.0, metavar="U", help="share of paid time that is filled, above 0 to 1 (1)")  # fmt: skip
    command.add_argument("--profile", default=serving_profiles.DEFAULT, metavar="P", help="; ".join(f"{key}: {words}" for key, words in serving_profiles.WORDS.items()))  # fmt: skip
    command.add_argument("--pue", type=float, default=1.2, metavar="X", help="power usage effectiveness (1.2)")
    command.add_argument(
        "--zone", default=None, metavar="ABC", help="country of the grid, three letters (default WOR, the world)"
    )
    add_amounts(command, (CARBON,))


def serve(options: argparse.Namespace, settings: Settings) -> int:
    """`cost serve MODEL --hardware H [--format F --batch B --tp N ...] [--json]`."""
    store, frames = opened(settings)
    try:
        tables = cost_tables(frames, settings)
        model = model_with_shape(store, frames, tables, options.model)
    finally:
        store.close()
    try:
        grid = grids.grid(grids.default() if options.zone is None else options.zone, amount(options, CARBON))
        found = estimate(_ask(options, model, grid), tables.shapes, tables.hardware, tables.measured)
    except RefusedInput as refusal:
        place = OPTIONS.get(refusal.place, refusal.place)
        raise RefusedInput(refusal.reason, place=place, expected=refusal.expected, found=refusal.found) from None
    name = str(frames.models.at[model, "name"]) if model in frames.models.index else model
    if options.json:
        put_json(_as_json(found, name, grid))
    else:
        _put_text(found, name, grid)
    return 0


def _ask(options: argparse.Namespace, model: str, grid: Grid) -> Ask:
    alone = options.profile == serving_profiles.SINGLE
    return Ask(
        model=model,
        hardware=options.hardware,
        weight_format=options.format.lower(),
        batch=options.batch if options.batch is not None else 1 if alone else 64,
        input_tokens=options.input_tokens,
        output_tokens=options.output_tokens,
        n_gpus=options.tp,
        usd_per_gpu_hour=options.price_per_hour,
        utilisation=options.utilisation,
        profile=options.profile,
        is_expert_parallel=options.expert_parallel,
        bits_per_weight=options.bits_per_weight,
        kv_bits=options.kv_bits,
        pue=options.pue,
        kg_co2e_per_kwh=grid.kg_co2e_per_kwh,
    )


def _as_json(found: Estimate, name: str, grid: Grid) -> dict[str, Any]:
    ask, memory = found.ask._asdict(), found.memory
    return {
        "model": {"id": found.ask.model, "name": name, "shape_of": found.shape_of},
        "question": {key: value for key, value in ask.items() if key != "model"},
        "kind": found.kind,
        "band": {
            "level": serving_errors.LEVEL,
            "log_deviation": serving_errors.LOG_DEVIATION[found.group],
            "from": serving_rows.GROUPS[found.group].words,
        },
        "measured": found.measured._asdict() if found.measured else None,
        "nearest_measured": found.nearest._asdict() | {"differs": found.nearest_differs} if found.nearest else None,
        "parameters": {"total": float(found.parameters.total), "active": float(found.parameters.active)},
        "memory": {
            "weights_gb": memory.weights / GB,
            "cache_per_sequence_gb": memory.cache_per_sequence / GB,
            "cache_gb": memory.cache / GB,
            "usable_gb": memory.usable / GB,
            "largest_batch": memory.largest_batch,
            "longest_context_tokens": memory.longest_context,
        },
        "step_ms": {key.removesuffix("_s"): float(value) * 1e3 for key, value in found.step._asdict().items()},
        **{key: _band(getattr(found, key)) for key in ("output_tokens_per_s", "decode_tokens_per_s", "prefill_tokens_per_s", "first_token_s", "between_tokens_s")},
        "usd_per_mtok": {
            "input": _band(found.usd_input),
            "output": _band(found.usd_output),
            "output_all_in": _band(found.usd_output_all_in),
            "blended": _band(found.usd_blended),
        },
        "energy": {
            "gpu_joules_per_output_token": _band(found.joules_per_token),
            "kwh_per_mtok": _band(found.kwh_per_mtok),
            "g_co2e_per_mtok": _band(found.g_co2e_per_mtok),
            "grid": {"zone": grid.zone, "told": grid.words},
        },
        "notes": found.notes,
    }  # fmt: skip


def _put_text(found: Estimate, name: str, grid: Grid) -> None:
    ask, memory = found.ask, found.memory
    put(f"{name}, {FORMATS[ask.weight_format].label}, on {ask.n_gpus} x {ask.hardware}, {ask.batch} at once, {ask.input_tokens:,} tokens in and {ask.output_tokens:,} out")  # fmt: skip
    put(f"weights {memory.weights / GB:,.1f} GB and caches {memory.cache / GB:,.1f} GB of {memory.usable / GB:,.1f} GB usable; at most {memory.largest_batch:,.0f} at once, or {_tokens(memory.longest_context)} each")  # fmt: skip
    if found.measured:
        one = found.measured
        put(f"measured: {one.source}, {one.engine}, {one.date}, {one.batch:,.0f} at once ({one.row_id})")
    else:
        put(f"estimated; the range holds {serving_errors.LEVEL:.0%} of {serving_rows.GROUPS[found.group].words}")
    if near := found.nearest:
        put(f"nearest measured: {near.tokens_per_s:,.0f} tokens per second with {near.batch:,.0f} at once, {near.input_tokens:,.0f} in{' (assumed)' if near.is_input_assumed else ''} and {near.output_tokens:,.0f} out ({near.source}, {near.row_id})")  # fmt: skip
    rows = [
        ("output tokens per second", found.output_tokens_per_s),
        ("time to first token, s", found.first_token_s),
        ("time between tokens, ms", Band(*(value * 1e3 for value in found.between_tokens_s))),
        ("USD per million tokens in", found.usd_input),
        ("USD per million tokens out", found.usd_output),
        ("the same with its prompts", found.usd_output_all_in),
        (f"blended {ask.blend[0]:g}:{ask.blend[1]:g}", found.usd_blended),
        ("joules per output token", found.joules_per_token),
        ("kWh per million tokens", found.kwh_per_mtok),
        ("g CO2e per million tokens", found.g_co2e_per_mtok),
    ]
    put_table(("", "value", "from", "to"), [(words, *(_short(value) for value in band)) for words, band in rows])
    put(f"emissions: {grid.words}")
    for note in found.notes:
        put(f"Note: {note}.")


def _band(band: Band) -> dict[str, float]:
    return band._asdict()


def _tokens(longest: float) -> str:
    return f"{longest:,.0f} tokens" if math.isfinite(longest) else "any number of tokens"


def _short(value: float) -> str:
    return formats.UNKNOWN if value != value else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _devices(text: str) -> int | None:
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number or auto, found {text!r}") from None


COMMAND = CostCommand("serve", "does a model fit, how fast is it, and what do its tokens cost", add_arguments, serve)
