"""Amounts as options of the subcommands of `cost`, and the tables they need: of the store, or as shipped."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

import pandas as pd

from lib.analysis.amounts import Amount, read
from lib.analysis.planner_fields import DEFAULTS
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources import reference_tables
from lib.sources.contract import Candidate
from lib.sources.cost_tables import shipped_table
from lib.store.frames import Frames


def add_amounts(command: argparse.ArgumentParser, wanted: Iterable[Amount]) -> None:
    """One option for each amount, named as its field in the planner's address."""
    for field in wanted:
        default = DEFAULTS.get(field.name, "")
        told = f"{field.label}. {field.help}{f' Default {default}.' if default else ''}".replace("%", "%%")
        command.add_argument(f"--{field.name}", metavar="N", help=told)


def amount(options: argparse.Namespace, field: Amount, *, default: float | None = None) -> float | None:
    """What was given, else the default: of the hardware if there is one, else of the planner.

    Raises:
        RefusedInput: Place is the option.
    """
    typed = getattr(options, field.name)
    if typed is None and field.name not in DEFAULTS:
        return default
    try:
        return read(field, DEFAULTS[field.name] if typed is None else typed)
    except RefusedInput as refusal:
        raise option_of(refusal) from refusal


def option_of(refusal: RefusedInput, renamed: Mapping[str, str] | None = None) -> RefusedInput:
    """The same refusal with the option as its place."""
    place = (renamed or {}).get(refusal.place, f"--{refusal.place.replace('_', '-')}")
    return RefusedInput(refusal.reason, place=place, expected=refusal.expected, found=refusal.found or None)


def hardware_table(frames: Frames, settings: Settings) -> pd.DataFrame:
    """The table of hardware by id."""
    found = frames.reference("hardware")
    return (found if len(found) else shipped_table(settings.shipped_dir, "hardware")).set_index("id")


def reference_table(frames: Frames, settings: Settings, folder: str, name: str) -> pd.DataFrame:
    """A reference table of the store, or the shipped one while the store lacks it; no rows where neither is there."""
    found = frames.reference(name)
    file = settings.shipped_dir / folder / f"{name}.csv"
    if len(found) or not file.is_file():
        return found
    return pd.DataFrame(reference_tables.TABLES[name].rows(Candidate(name=file.name, content=file.read_bytes())))
