"""What the parts of the planner share: hardware with its default price, and what stands beside a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from lib import formats
from lib.analysis import planner_fields as ask_for
from lib.analysis.devices import TrainingDevice, can_train, training_device
from lib.sources import grids
from lib.sources.grids import Grid
from lib.store.details import source_named
from lib.ui import cached, controls, fields, page
from lib.ui.fields import Typed
from lib.ui.traces import Trace, Traces
from lib.ui.views import planner_tables

ZONE_HELP = "Kilograms of CO2e per kWh over the life cycle of power stations and fuel, by country (EcoLogits)."
PLANNER = "What would training, tuning and serving cost, and when does self-hosting pay?"


def devices() -> pd.DataFrame:
    """The table of hardware; read-only."""
    return cached.made(planner_tables.hardware)


def choose_training_device(key: str, default: str) -> TrainingDevice:
    """A device with a published matrix rate; there must be one."""
    table = devices()
    return training_device(table, controls.choice(key, "Hardware", can_train(table), default=default))


@dataclass(frozen=True)
class FileTraces(Traces):
    """Traces of numbers that were computed from stored tables.

    Args:
        files: Column to the source of each row (the beginning of its digest), '' for none.
    """

    files: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def at(self, row: int, column: str) -> Trace | None:
        """The trace of one cell; None for a row that is not there."""
        found = super().at(row, column)
        return found if found is None or column not in self.files else found._replace(source=self.files[column][row])


def traced(rows: Traces, files: Mapping[str, Sequence[str]]) -> FileTraces:
    """The same rows, with the stored table behind each column.

    Args:
        files: Column to the name of the table of each row; a name that is no table is a source already.
    """
    named = {one for column in files.values() for one in column if "/" in one}
    known = {one: cached.stored(source_named, name=one) for one in named}
    digest = {one: "" if source is None else str(source["digest"])[:12] for one, source in known.items()}
    of = {column: [digest.get(one, one) for one in names] for column, names in files.items()}
    sources = list(rows.sources) if len(rows.sources) else [""] * len(rows.models)
    return FileTraces(rows.models, rows.runs, rows.benchmarks, sources, of)


def traces_of(file: str, n_rows: int) -> Traces | None:
    """Every row from one stored table; None where the store lacks it."""
    source = cached.stored(source_named, name=file)
    return None if source is None else Traces([], sources=[str(source["digest"])[:12]] * n_rows)


def text_of(value: float, word: Callable[[float], str]) -> str:
    """A default for a field: the value in words, '' where it is unknown."""
    return word(value) if formats.known(value) else ""


def price_note(device: TrainingDevice) -> None:
    """Where the default price is from, with its date; or that nobody lists one."""
    told = device.price_words or "no price is listed: type what you pay"
    page.small_text(f"{formats.markdown(device.name, 80)}: {formats.markdown(told, 300)}")


def choose_zone() -> str:
    """Grid zone, a list with the number of each; '' where the table of zones is not installed."""
    known = grids.zones()
    told = {zone: f"{name}, {formats.plain(grids.intensity(zone))} kg" for zone, name in known.items()}
    return controls.choice("zone", "Grid zone", told, default=grids.WORLD, help=ZONE_HELP) if told else ""


def own_carbon() -> Typed:
    """The reader's own carbon intensity, if any."""
    return fields.amount(ask_for.CARBON)


def grid_note(zone: str, carbon: Typed) -> Grid:
    """What emissions are counted with, said below the fields; unknown while the reader's number cannot be read."""
    found = grids.grid("" if carbon.problem else zone, carbon.value)
    page.small_text(f"CO2e: {formats.markdown(found.words, 200)}")
    return found


def more() -> st.delta_generator.DeltaGenerator:
    """Where the rarer assumptions stand."""
    return st.expander("Every assumption", icon=":material/tune:")
