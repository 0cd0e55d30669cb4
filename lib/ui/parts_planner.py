"""What the parts of the planner share: hardware with its default price, and what stands beside a result."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from lib import formats
from lib.analysis.devices import TrainingDevice, can_train, training_device
from lib.store.details import source_named
from lib.ui import cached, controls, page
from lib.ui.traces import Traces
from lib.ui.views import planner_tables

PLANNER = "What would training, tuning and serving cost, and when does self-hosting pay?"


def devices() -> pd.DataFrame:
    """The table of hardware; read-only."""
    return cached.made(planner_tables.hardware)


def choose_training_device(key: str, default: str) -> TrainingDevice:
    """A device with a published matrix rate; there must be one."""
    table = devices()
    return training_device(table, controls.choice(key, "Hardware", can_train(table), default=default))


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


def more() -> st.delta_generator.DeltaGenerator:
    """Where the rarer assumptions stand."""
    return st.expander("Every assumption", icon=":material/tune:")
