"""Tables that the planner computes with, read from the store once per revision. Read-only. No Streamlit inside."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from lib.analysis.serving_models import Shapes, shapes_of_models
from lib.analysis.serving_rows import read_measurements
from lib.store.frames import Frames

HARDWARE_FILE, MEASURED_FILE, SHAPES_FILE = "cost/hardware.csv", "cost/measured_inference.csv", "cost/model_arch.csv"


@lru_cache(maxsize=4)
def hardware(frames: Frames) -> pd.DataFrame:
    """The table of hardware, indexed by id; no rows where the store has none."""
    table = frames.reference("hardware")
    return table.set_index("id") if len(table) else pd.DataFrame()


@lru_cache(maxsize=4)
def shapes(frames: Frames) -> Shapes:
    """Layers and widths of catalogue models."""
    return shapes_of_models(frames.models, frames.aliases, frames.reference("model_arch"))


@lru_cache(maxsize=4)
def measured(frames: Frames) -> pd.DataFrame:
    """Measured rates that estimates are held against; no rows where the store lacks one of the tables."""
    table, known = frames.reference("measured_inference"), hardware(frames)
    if table.empty or known.empty or shapes(frames).table.empty:
        return pd.DataFrame()
    return read_measurements(table, shapes(frames).table, known).rows


def model_options(frames: Frames) -> dict[str, str]:
    """Models with a known shape, by name: id to name. A shape that no catalogue model has goes by its own name."""
    known = shapes(frames)
    names = frames.models["name"]
    found = {model: str(names[model]) for model in known.of_model} | {one: one for one in known.unresolved}
    doubles = {name for name in found.values() if list(found.values()).count(name) > 1}
    told = {model: f"{name} ({model})" if name in doubles else name for model, name in found.items()}
    return dict(sorted(told.items(), key=lambda item: (item[1].casefold(), item[0])))
