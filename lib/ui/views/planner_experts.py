"""The planner's part about mixtures of experts: what one comparison shows. No Streamlit inside."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import experts_plan, rounding
from lib.analysis.serving_estimate import Ask
from lib.figures import weights_read as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, plain
from lib.schema.weight_formats import FORMATS
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Traces
from lib.ui.views import planner_tables

TABLE = {
    "label": "Model", "score:total": "Parameters, all", "score:active": "Per token", "score:weights": "Weights", "score:cache": "Cache per 1,000 tokens",
    "fit": "Devices for one copy", "score:one": "Tokens per second, 1 at once", "score:eight": "8 at once", "score:many": "64 at once", "score:usd": "USD per million out, 64 at once",
}  # fmt: skip


class ExpertsView(NamedTuple):
    """Everything the part shows."""

    takeaway: list[Sentence]
    figure: go.Figure
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    traces: Traces
    rows: pd.DataFrame


def mixtures(frames: Frames) -> tuple[dict[str, str], dict[str, str]]:
    """Mixtures of experts and dense models whose shape is known, id to name."""
    return experts_plan.mixtures(planner_tables.shapes(frames), planner_tables.model_options(frames))


def experts_view(frames: Frames, *, moe: str, dense: str, ask: Ask) -> ExpertsView:
    """One comparison.

    Raises:
        RefusedInput: As ``lib.analysis.experts_plan.experts``.
    """
    hardware = planner_tables.hardware(frames)
    found = experts_plan.experts(
        moe, dense, ask, planner_tables.shapes(frames), hardware, planner_tables.measured(frames)
    )
    options = planner_tables.model_options(frames)
    names = (options.get(moe, moe), options.get(dense, dense))
    device = str(hardware.at[ask.hardware, "name"])
    said = experts_plan.takeaway(found, names, device)
    curve = found.curve.assign(moe=found.curve["moe"] / 1e9, dense=found.curve["dense"] / 1e9)
    drawn = figure.weights_read(curve, _models(found, names))  # fmt: skip
    return ExpertsView(
        said,
        finished(drawn),
        figure.legend(),
        f"Weights read by one step against sequences at once. {' '.join(plain(one) for one in said)}",
        f"{FORMATS[ask.weight_format].label} weights on {device}; {formats.count(ask.input_tokens)} tokens in and "
        f"{formats.count(ask.output_tokens)} out. Rates are estimates with the band that holds 80%.",
        _table(found.rows, names),
        Traces([one if one in frames.models.index else "" for one in (moe, dense)]),
        found.rows.assign(device=ask.hardware, weight_format=ask.weight_format),
    )


def files(n_rows: int) -> dict[str, list[str]]:
    """The table behind each column of ``TABLE``: shapes, or hardware."""
    of_shapes = ("score:total", "score:active", "score:weights", "score:cache")
    return {one: [planner_tables.SHAPES_FILE if one in of_shapes else planner_tables.HARDWARE_FILE] * n_rows for one in TABLE if one != "label"}  # fmt: skip


def _models(found: experts_plan.Experts, names: tuple[str, str]) -> pd.DataFrame:
    total = [found.moe_total / 1e9, float(found.curve["dense"].iloc[0]) / 1e9]
    active = [found.moe_active / 1e9, total[1]]
    return pd.DataFrame({"label": names, "is_moe": [True, False], "total_gb": total, "active_gb": active})


def _table(rows: pd.DataFrame, names: tuple[str, str]) -> pd.DataFrame:
    lines = []
    for name, row in zip(names, rows.to_dict("records"), strict=True):
        rates = []
        for batch in experts_plan.BATCHES:
            value, low, high = (row[f"rate_{batch}{end}"] for end in ("", "_low", "_high"))
            band = rounding.span(low, high, rounding.count)
            rates.append(f"{rounding.count(value)} ({band})" if band else rounding.count(value))
        lines.append(
            (
                name,
                formats.parameters(row["total"]),
                formats.parameters(row["active"]),
                f"{formats.plain(row['weight_bytes'] / 1e9)} GB",
                f"{formats.plain(row['cache_per_token'] / 1e6)} GB",
                row["reason"] or formats.count(row["n_gpus"]),
                *rates,
                rounding.usd(row["usd_64"]),
            )
        )
    return pd.DataFrame(lines, columns=list(TABLE))
