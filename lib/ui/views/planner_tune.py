"""The planner's part about fine-tuning: what one plan shows. No Streamlit inside."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import published_training, rounding, tune_plan, tune_words
from lib.analysis.devices import TrainingDevice
from lib.analysis.tune_plan import WAYS, TuneAsk
from lib.errors import RefusedInput
from lib.figures import tuning_memory as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, plain
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Traces
from lib.ui.views import data_costs, planner_tables

TABLE = {
    "label": "Way", "score:trained": "Parameters trained", "score:weights": "Weights", "score:states": "Gradients, optimiser",
    "score:rest": "Activations, logits", "score:needed": "Needed a device, with spare room", "verdict": "On this device",
    "score:time": "Time (HFU 20% to 70%)", "score:usd": "Cost (HFU 20% to 70%)",
}  # fmt: skip


class TuneView(NamedTuple):
    """Everything the part shows; ``measured`` are runs of this model, without rows where nobody published one."""

    takeaway: list[Sentence]
    figure: go.Figure
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    traces: Traces
    measured: pd.DataFrame
    rows: pd.DataFrame


def options(frames: Frames) -> dict[str, str]:
    """Models whose adapters can be counted, id to name."""
    known = planner_tables.shapes(frames)
    shapes = {model: known.shape(model) for model in planner_tables.model_options(frames)}
    names = planner_tables.model_options(frames)
    return {model: names[model] for model, shape in shapes.items() if shape is not None and tune_plan.can_tune(shape)}


def tune_view(frames: Frames, *, model: str, device: TrainingDevice, ask: TuneAsk) -> TuneView:
    """One plan.

    Raises:
        RefusedInput: An impossible value; place is the quantity.
    """
    known = planner_tables.shapes(frames)
    shape = known.shape(model)
    if shape is None:
        raise RefusedInput("no layers and widths are known of this model", place="of", found=model)
    name = planner_tables.model_options(frames).get(model, model)
    rows = tune_plan.ways(shape, device, ask)
    fewest = tune_plan.fewest_devices(shape, device, ask, "full")
    said = tune_words.takeaway(rows, ask, name, device.name, fewest)
    bars = _bars(rows)
    shape_of = known.of_model.get(model, model)
    table = frames.reference("measured_finetuning")
    own = table[table["model"] == shape_of] if len(table) else table
    every = published_training.tuning_runs(own, frames.reference("model_arch"), planner_tables.hardware(frames))
    exact = rows.assign(
        model=model, device=device.id, **{f"asked_{key}": value for key, value in ask._asdict().items()}
    )
    return TuneView(
        said,
        finished(figure.tuning_memory(bars, memory_gb=device.memory_gb, device=device.name)),
        figure.legend(bars),
        f"Memory of three ways of tuning {name} against {device.name}. {' '.join(plain(one) for one in said)}",
        _coverage(ask, device, shape_of, is_mixture=bool(shape.n_experts)),
        _table(rows),
        Traces([model if model in frames.models.index else ""] * len(rows)),
        data_costs.tuning_table(every),
        exact,
    )


def files(n_rows: int) -> dict[str, list[str]]:
    """The table behind each column of ``TABLE``: shapes, or hardware."""
    of_shapes = ("score:trained", "score:weights", "score:states", "score:rest")
    return {one: [planner_tables.SHAPES_FILE if one in of_shapes else planner_tables.HARDWARE_FILE] * n_rows for one in TABLE if one != "label"}  # fmt: skip


def _bars(rows: pd.DataFrame) -> pd.DataFrame:
    parts = ["weights", "states", "activations", "logits"]
    bars = rows[parts] / 1e9
    return bars.assign(
        label=[WAYS[way] for way in rows["way"]],
        spare=(rows["needed"] - rows["total"]) / 1e9,
        fits=rows["verdict"] == tune_plan.FITS,
    )


def _coverage(ask: TuneAsk, device: TrainingDevice, shape_of: str, *, is_mixture: bool) -> str:
    price = (
        "price unknown" if ask.usd_per_device_hour is None else f"{formats.usd(ask.usd_per_device_hour)} a device-hour"
    )
    mixture = " Experts get no adapters; their weights must all be there." if is_mixture else ""
    return (
        f"Shape of {shape_of}; {formats.count(ask.n_devices)} × {device.name} ({price}); {formats.count(ask.batch)} × "
        f"{formats.count(ask.sequence_tokens)} tokens a device and step; rank {formats.count(ask.rank)} on "
        f"{tune_plan.ADAPTED_WORDS[ask.adapted]}; HFU {formats.score(ask.hfu, 0)}.{mixture}"
    )


def _gb(value: float) -> str:
    return f"{formats.plain(value / 1e9)} GB"


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    given: Any = rows.itertuples()
    lines = [
        (
            WAYS[row.way],
            formats.parameters(row.trained),
            _gb(row.weights),
            _gb(row.states),
            _gb(row.activations + row.logits),
            f"{_gb(row.needed)} of {_gb(row.memory)}",
            row.verdict,
            _with(rounding.hours(row.seconds / 3600), rounding.span(row.seconds_low / 3600, row.seconds_high / 3600, rounding.hours)),
            _with(rounding.usd(row.usd), rounding.span(row.usd_low, row.usd_high, rounding.usd)),
        )
        for row in given
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=list(TABLE))


def _with(value: str, band: str) -> str:
    return f"{value} ({band})" if band else value
