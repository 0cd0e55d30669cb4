"""`price`: what a model costs you, in place of the listed prices; it survives updates and can be taken back."""

from __future__ import annotations

import argparse

from lib import formats
from lib.analysis.json_rows import records
from lib.cli_cheapest import model_named
from lib.cli_output import put, put_json, put_table
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.store.frames import FrameCache
from lib.store.own_prices import OWN, own_prices, remove_price, set_price


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Options of the command."""
    command.add_argument(
        "model", nargs="?", metavar="MODEL", help="id or any known name; without one: list your prices"
    )
    command.add_argument("--input", type=float, metavar="USD", help="per million tokens read")
    command.add_argument("--output", type=float, metavar="USD", help="per million tokens written")
    command.add_argument("--cached", type=float, metavar="USD", help="per million tokens read from the host's cache")
    command.add_argument("--host", default=OWN, metavar="NAME", help="who asks it")
    command.add_argument("--remove", action="store_true", help="take your price back")


def change_price(options: argparse.Namespace, settings: Settings) -> int:
    """`price [MODEL --input USD --output USD [--cached USD] [--host NAME] | MODEL --remove]`."""
    store = operators_store(settings)
    try:
        if options.model is not None:
            model = model_named(store, FrameCache(store).frames(), options.model, "MODEL")
            if options.remove:
                remove_price(store, model, options.host)
            elif options.input is None or options.output is None:
                raise RefusedInput("no price given", place="--input and --output", expected="USD per million tokens")
            else:
                set_price(
                    store,
                    model,
                    options.input,
                    options.output,
                    entered_on=settings.today,
                    usd_cached_in_per_mtok=options.cached,
                    host=options.host,
                )
        known = own_prices(store)
    finally:
        store.close()
    if options.json:
        put_json({"own_prices": records(known)})
        return 0
    if known.empty:
        put("no price of your own; listed prices count")
        return 0
    put_table(
        ("model", "host", "input", "output", "cached", "entered"),
        [
            (
                row["model"],
                row["provider"],
                *(formats.usd(row[f"{name}_usd_per_mtok"]) for name in ("input", "output", "cached_input")),
                row["entered_on"],
            )
            for row in known.to_dict("records")
        ],
    )
    return 0
