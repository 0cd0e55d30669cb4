"""`cost train`: compute-optimal and inference-aware plans by every law, as the planner shows them."""

from __future__ import annotations

import argparse
from typing import Any

from lib import formats
from lib.analysis import planner_fields as fields
from lib.analysis import rounding, train_plan, train_words
from lib.analysis.devices import TrainingDevice, training_device
from lib.analysis.train_plan import DEFAULT_LAW, LAWS, Ask, Goal, Plans
from lib.cli_cost import CostCommand
from lib.cli_cost_amounts import add_amounts, amount, hardware_table, option_of, reference_table
from lib.cli_output import put, put_json, put_table
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import Settings
from lib.sources import grids
from lib.sources.grids import Grid
from lib.store.frames import FrameCache

_ASSUMED = (*fields.TRAIN_ASSUMPTIONS, fields.MFU, fields.RATE, fields.WATTS)


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of the command; amounts are written as on the page: 8B, 15T, $5M, 35%."""
    given = command.add_mutually_exclusive_group(required=True)
    for field in fields.GOALS.values():
        given.add_argument(f"--{field.name}", metavar=field.example, help=field.help)
    command.add_argument("--hardware", default=fields.DEFAULT_HARDWARE_TRAIN, metavar="ID", help=f"id of the table of hardware (default {fields.DEFAULT_HARDWARE_TRAIN})")  # fmt: skip
    command.add_argument("--law", choices=list(LAWS), default=DEFAULT_LAW, help="law of the sentence and of the text needed")  # fmt: skip
    command.add_argument("--zone", default=None, metavar="ABC", help="country of the grid, three letters (default WOR, the world)")  # fmt: skip
    add_amounts(command, _ASSUMED)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """`cost train --budget $1M | --size 8B | --data 1T [--hardware ID] [assumptions] [--json]`."""
    store = operators_store(settings)
    try:
        frames = FrameCache(store).frames()
        device = training_device(hardware_table(frames, settings), options.hardware)
        laws, draws = (reference_table(frames, settings, "scaling", one) for one in ("loss_law_parameters", "refit_bootstrap_draws"))  # fmt: skip
    except RefusedInput as refusal:
        raise option_of(refusal, {"on": "--hardware"}) from refusal
    finally:
        store.close()
    try:
        grid = grids.grid(grids.default() if options.zone is None else options.zone, amount(options, fields.CARBON))
    except RefusedInput as refusal:
        raise option_of(refusal) from refusal
    ask = _ask(options, device, grid)
    try:
        found = train_plan.plans(laws, draws, ask, options.law)
    except RefusedInput as refusal:
        raise option_of(refusal) from refusal
    if options.json:
        put_json(_as_json(found, ask, options.law, device, grid))
    else:
        _put_text(found, ask, options.law, device, grid)
    return 0


def _ask(options: argparse.Namespace, device: TrainingDevice, grid: Grid) -> Ask:
    goal: Goal = next(name for name in ("budget", "size", "data") if getattr(options, name) is not None)
    typed = {field.name: amount(options, field) for field in (*_ASSUMED, fields.GOALS[goal])}
    mfu = amount(options, fields.MFU, default=device.mfu)
    return Ask(
        goal,
        typed[goal] or 0.0,
        device.peak_flop_per_s,
        mfu or device.mfu,
        amount(options, fields.RATE, default=formats.number(device.usd_per_hour)),
        amount(options, fields.WATTS, default=formats.number(device.watts)),
        typed["pue"] or 1.0,
        grid.kg_co2e_per_kwh,
        typed["served"] or 0.0,
        typed["ratio"] or 1.0,
        typed["different"],
        typed["beyond"] or 1.0,
    )


def _as_json(found: Plans, ask: Ask, law: str, device: TrainingDevice, grid: Grid) -> dict[str, Any]:
    return {
        "asked": ask._asdict(),
        "hardware": device._asdict(),
        "grid": {"zone": grid.zone, "told": grid.words},
        "law": law,
        "said": "".join(plain(one) for one in train_words.takeaway(found, ask, law, device.name)).strip(),
        "plans": found.rows.to_dict("records"),
        "text": found.limits.to_dict("records"),
    }


def _put_text(found: Plans, ask: Ask, law: str, device: TrainingDevice, grid: Grid) -> None:
    for one in train_words.takeaway(found, ask, law, device.name):
        put(plain(one).strip())
    put(f"{device.name}: {device.price_words or 'no price is listed'}")
    put(f"emissions: {grid.words}")
    header = ("LAW", "PLAN", "PARAMETERS", "TOKENS", "USD", "DEVICE-HOURS", "TCO2E", "SAVED")
    rows: Any = found.rows.itertuples()
    lines = [
        (
            row.label,
            row.plan,
            formats.parameters(row.params),
            formats.tokens(row.tokens),
            rounding.usd(row.usd),
            rounding.count(row.device_hours),
            rounding.count(row.tco2e),
            formats.score(row.saving, 0),
        )
        for row in rows
    ]
    put_table(header, lines)


COMMAND = CostCommand("train", "what training costs, and how large the model should be", add_arguments, run)
