"""What the subcommands of `cost` calculate with: the tables of the store, or of the shipped data while that is empty."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from lib.analysis.serving_models import Shapes, shapes_of_models
from lib.analysis.serving_rows import read_measurements
from lib.cli_cheapest import model_named
from lib.cli_store import operators_store
from lib.errors import RefusedInput
from lib.settings import Settings
from lib.sources.cost_tables import shipped_table
from lib.sources.similar import similar
from lib.store.db import Store
from lib.store.frames import FrameCache, Frames


class CostTables(NamedTuple):
    """Shapes by model, hardware by id, and usable measured rows."""

    shapes: Shapes
    hardware: pd.DataFrame
    measured: pd.DataFrame


def cost_tables(frames: Frames, settings: Settings) -> CostTables:
    """From the store; a table that it does not hold is read from the shipped file."""
    arch, measured = (
        found if len(found := frames.reference(name)) else shipped_table(settings.shipped_dir, name)
        for name in ("model_arch", "measured_inference")
    )
    hardware = frames.hardware
    if hardware.empty:
        hardware = shipped_table(settings.shipped_dir, "hardware").set_index("id")
    shapes = shapes_of_models(frames.models, frames.aliases, arch)
    return CostTables(shapes, hardware, read_measurements(measured, shapes.table, hardware).rows)


def opened(settings: Settings) -> tuple[Store, Frames]:
    """The store, to be closed, and its frames."""
    store = operators_store(settings)
    return store, FrameCache(store).frames()


def model_with_shape(store: Store, frames: Frames, tables: CostTables, name: str) -> str:
    """The model that a spelling means: as the store knows it, or a name of the table of shapes.

    Raises:
        RefusedInput: Nobody knows it, or its shape is not known; near names are said.
    """
    if name in tables.shapes.table.index:
        return name
    known = {str(one): str(one) for one in (*tables.shapes.table.index, *tables.shapes.of_model)}
    near = similar(name, known)
    try:
        model = model_named(store, frames, name, "MODEL")
    except RefusedInput:
        if len(frames.models):
            raise
        expected = "one of the table of shapes" + (f"; near: {', '.join(near)}" if near else f": {', '.join(list(known)[:12])}, ...")  # fmt: skip
        raise RefusedInput("no such model", place="MODEL", expected=expected, found=name) from None
    if model not in tables.shapes.of_model:
        expected = "a model with known layers and widths" + (f"; near: {', '.join(near)}" if near else "")
        raise RefusedInput("the shape of this model is not known", place="MODEL", expected=expected, found=model)
    return model
