"""`cost tune`: full training, LoRA and QLoRA of a model on chosen hardware, as the planner shows them."""

from __future__ import annotations

import argparse
from typing import Any

from lib import formats
from lib.analysis import planner_fields as fields
from lib.analysis import rounding, tune_plan, tune_words
from lib.analysis.devices import TrainingDevice, training_device
from lib.analysis.tune_plan import ADAPTED, WAYS, TuneAsk
from lib.cli_cost import CostCommand
from lib.cli_cost_amounts import add_amounts, amount, option_of
from lib.cli_cost_tables import cost_tables, model_with_shape, opened
from lib.cli_output import put, put_json, put_table
from lib.errors import RefusedInput
from lib.schema.text import plain
from lib.settings import Settings
from lib.stats.fine_tuning import STATE_BYTES

_ASSUMED = (*fields.TUNE_ASSUMPTIONS, fields.RATE)
_RENAMED = {"on": "--hardware", "of": "MODEL"}


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of the command; amounts are written as on the page: 10M, 50%."""
    command.add_argument("model", metavar="MODEL", help="id, Hub id or another known name")
    command.add_argument("--hardware", default=fields.DEFAULT_HARDWARE_TUNE, metavar="ID", help=f"id of the table of hardware (default {fields.DEFAULT_HARDWARE_TUNE})")  # fmt: skip
    command.add_argument("--adapted", choices=list(ADAPTED), default="all", help="which matrices get adapters")
    command.add_argument("--states", choices=list(STATE_BYTES), default="mixed precision", help="what full training keeps")  # fmt: skip
    add_amounts(command, _ASSUMED)


def run(options: argparse.Namespace, settings: Settings) -> int:
    """`cost tune MODEL [--hardware ID] [assumptions] [--json]`."""
    store, frames = opened(settings)
    try:
        tables = cost_tables(frames, settings)
        model = model_with_shape(store, frames, tables, options.model)
        device = training_device(tables.hardware, options.hardware)
    except RefusedInput as refusal:
        raise option_of(refusal, _RENAMED | {"MODEL": "MODEL"}) from refusal
    finally:
        store.close()
    shape = tables.shapes.shape(model)
    if shape is None or not tune_plan.can_tune(shape):
        raise RefusedInput("adapters cannot be counted for this shape", place="MODEL", expected="a known shape without latent attention", found=options.model)  # fmt: skip
    ask = _ask(options, device)
    rows = tune_plan.ways(shape, device, ask)
    fewest = tune_plan.fewest_devices(shape, device, ask, "full")
    name = str(frames.models["name"].get(model, model)) if len(frames.models) else model
    said = "".join(plain(one) for one in tune_words.takeaway(rows, ask, name, device.name, fewest)).strip()
    if options.json:
        put_json({"asked": {**ask._asdict(), "model": model}, "hardware": device._asdict(), "said": said, "fewest_devices_full": fewest, "ways": rows.to_dict("records")})  # fmt: skip
    else:
        _put_text(rows, said)
    return 0


def _ask(options: argparse.Namespace, device: TrainingDevice) -> TuneAsk:
    typed = {field.name: amount(options, field) or 0.0 for field in fields.TUNE_ASSUMPTIONS}
    price = amount(options, fields.RATE, default=formats.number(device.usd_per_hour))
    return TuneAsk(
        typed["tuned"], typed["devices"], typed["rank"], typed["sequence"], typed["each"], typed["hfu"], price, options.adapted, options.states
    )  # fmt: skip


def _put_text(rows: Any, said: str) -> None:
    put(said)
    lines = [
        (
            WAYS[row.way],
            f"{row.needed / 1e9:.1f} of {row.memory / 1e9:g} GB",
            row.verdict,
            rounding.hours(row.seconds / 3600),
            rounding.usd(row.usd),
        )
        for row in rows.itertuples()
    ]
    put_table(("WAY", "MEMORY A DEVICE", "VERDICT", "TIME", "USD"), lines)


COMMAND = CostCommand("tune", "what fine-tuning takes, and on what it fits", add_arguments, run)
