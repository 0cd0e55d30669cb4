"""The planner's part about serving: what one plan shows. No Streamlit inside."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import rounding, serve_plan
from lib.analysis.serving_estimate import MEASURED, Ask
from lib.analysis.serving_models import Shapes
from lib.analysis.serving_rows import GROUP_OF_PROFILE, GROUPS
from lib.figures import format_rates as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, Span, plain, sentence
from lib.store.frames import Frames
from lib.ui.finished import finished
from lib.ui.traces import Traces
from lib.ui.views import planner_tables
from lib.ui.views.variants import printed_bits

TABLE = {
    "label": "Format", "score:bits": "Bits per weight", "score:weights": "Weights", "score:cache": "Caches", "fit": "On this hardware",
    "score:batch": "At once, at most", "score:context": "Tokens each, at most", "score:rate": "Output tokens per second", "known": "Known from",
    "score:first": "Time to first token", "score:between": "Between tokens", "score:in": "USD per million in", "score:out": "USD per million out",
    "score:all": "Out with its prompts", "score:blend": "Blended 3:1", "score:joules": "Joules per output token",
    "score:carbon": "g CO2e per million out",
}  # fmt: skip


NEAREST = {
    "label": "Format", "score:rate": "Measured tokens per second", "score:estimate": "Estimated as asked", "differs": "Measured with",
    "known": "Source",
}  # fmt: skip


class ServeView(NamedTuple):
    """Everything the part shows; ``evidence``: what fewer bits change in scores, as printed; ``files``: tables behind columns.

    ``nearest``: where a rate is an estimate, the nearest measurement of that model and format on that hardware, if any.
    """

    takeaway: list[Sentence]
    evidence: Sentence
    figure: go.Figure
    legend: Legend
    alt: str
    coverage: str
    notes: tuple[str, ...]
    table: pd.DataFrame
    nearest: pd.DataFrame
    traces: Traces
    files: dict[str, list[str]]
    rows: pd.DataFrame


def serve_view(frames: Frames, *, ask: Ask, grid: str = "") -> ServeView:
    """One plan; ``grid`` says what emissions are counted with.

    Raises:
        RefusedInput: As ``lib.analysis.serve_plan.serve_plan``.
    """
    shapes, hardware = planner_tables.shapes(frames), planner_tables.hardware(frames)
    plan = serve_plan.serve_plan(ask, shapes, hardware, planner_tables.measured(frames))
    name = planner_tables.model_options(frames).get(ask.model, ask.model)
    device = str(hardware.at[ask.hardware, "name"])
    said = serve_plan.takeaway(plan, ask, name, device)
    marks = _marks(plan.rows)
    in_store = ask.model in frames.models.index
    exact = plan.rows.assign(
        device=ask.hardware, grid=grid, **{f"asked_{key}": str(value) for key, value in ask._asdict().items()}
    )
    return ServeView(
        said,
        _evidence(frames, ask.model) if in_store else sentence(""),
        finished(figure.format_rates(marks)),
        figure.legend(marks),
        f"Output rate of {name} by weight format on {device}. {' '.join(plain(one) for one in said)}",
        _coverage(ask, shapes, device) + (f" Emissions: {grid}." if grid else ""),
        plan.notes,
        _table(plan.rows),
        _nearest(plan.rows, shapes.of_model[ask.model] if ask.model in shapes.inherited else ""),
        Traces([ask.model if in_store else ""] * len(plan.rows)),
        _files(plan.rows),
        exact,
    )


def _evidence(frames: Frames, model: str) -> Sentence:
    """Printed scores at 4 bits against 16, or that there are none."""
    found = printed_bits(frames, model)
    own = found[(found["bits"] == 4).to_numpy(bool) & found["delta"].notna().to_numpy(bool)]
    points = own[own["delta"].abs() <= 1]
    if points.empty:
        return sentence("What 4 bits cost this model in scores nobody has printed in a table that is stored here. ")
    low, high = float(points["delta"].min()), float(points["delta"].max())
    return sentence(
        f"What 4 bits cost in scores: {formats.counted(len(points), 'printed score')} of this model at 4 bits, ",
        Span(f"{formats.points(low)} to {formats.points(high)}", "strong"),
        " against 16 bits in the same table. ",
    )


def _marks(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": rows["label"],
            "kind": rows["kind"],
            "rate": rows["output_tokens_per_s"].astype(float),
            "low": rows["output_tokens_per_s_low"].astype(float),
            "high": rows["output_tokens_per_s_high"].astype(float),
            "gb": rows["weight_bytes"].astype(float) / 1e9,
            "usd": rows["usd_output_all_in"].astype(float),
        }
    )


def _coverage(ask: Ask, shapes: Shapes, device: str) -> str:
    group = GROUP_OF_PROFILE[ask.profile]
    return (
        f"{device}; {formats.count(ask.batch)} at once, {formats.count(ask.input_tokens)} tokens in and "
        f"{formats.count(ask.output_tokens)} out, {formats.score(ask.utilisation, 0)} of paid time filled. Bands: {GROUPS[group].words}. "
        f"Shape of {shapes.of_model.get(ask.model, ask.model)}."
    )


def _files(rows: pd.DataFrame) -> dict[str, list[str]]:
    """The table behind each column: shapes, and hardware or, where it is measured, the measurement."""
    of_shapes = dict.fromkeys(("score:bits", "score:weights", "score:cache", "score:batch", "score:context"), [planner_tables.SHAPES_FILE] * len(rows))  # fmt: skip
    rates = [
        planner_tables.MEASURED_FILE if kind == MEASURED else planner_tables.HARDWARE_FILE for kind in rows["kind"]
    ]
    return {**of_shapes, **{column: rates for column in TABLE if column not in of_shapes and column != "label"}}


def _gb(value: object) -> str:
    known = formats.number(value)
    return formats.UNKNOWN if known is None else f"{formats.plain(known / 1e9)} GB"


def _seconds(value: float) -> str:
    known = formats.number(value)
    if known is None:
        return formats.UNKNOWN
    return (
        f"{formats.plain(rounding.rounded(known))} s"
        if known >= 1
        else f"{formats.plain(rounding.rounded(known * 1000))} ms"
    )


def _nearest(rows: pd.DataFrame, other: str) -> pd.DataFrame:
    """One row a format whose rate is estimated and that was measured otherwise; ``other``: the model measured, if it is not the one asked."""
    near = rows[(rows["nearest_source"] != "").to_numpy(bool)]
    columns: list[list[str]] = [
        near["label"].tolist(),
        [rounding.count(one) for one in near["nearest_tokens_per_s"]],
        [rounding.count(one) for one in near["output_tokens_per_s"]],
        ["; ".join(one for one in (other, told) if one) for told in near["nearest_differs"]],
        near["nearest_source"].tolist(),
    ]
    return pd.DataFrame(dict(zip(NEAREST, columns, strict=True)), columns=list(NEAREST))


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a format, for the eye."""
    lines = []
    for row in rows.to_dict("records"):
        values: dict[Any, Any] = row
        fits = bool(values["kind"])

        def told(name: str, word: Any, values: dict[Any, Any] = values) -> str:
            known = word(values[name])
            band = rounding.span(values[f"{name}_low"], values[f"{name}_high"], word)
            return f"{known} ({band})" if band and known != formats.UNKNOWN else str(known)

        lines.append(
            (
                values["label"],
                formats.plain(values["bits"]),
                _gb(values["weight_bytes"]),
                _gb(values["cache_bytes"]) if fits else formats.UNKNOWN,
                f"fits ({formats.plain(values['n_gpus'])} used)" if fits else values["reason"],
                formats.count(values["largest_batch"]) if fits else formats.UNKNOWN,
                formats.count(values["longest_context"]) if fits else formats.UNKNOWN,
                told("output_tokens_per_s", rounding.count) + (" (measured)" if values["kind"] == MEASURED else ""),
                values["source"] if values["kind"] == MEASURED else ("estimate" if fits else formats.UNKNOWN),
                told("first_token_s", _seconds),
                told("between_tokens_s", _seconds),
                told("usd_input", rounding.usd),
                told("usd_output", rounding.usd),
                told("usd_output_all_in", rounding.usd),
                told("usd_blended", rounding.usd),
                told("joules_per_token", rounding.count),
                told("g_co2e_per_mtok", rounding.count),
            )
        )
    return pd.DataFrame(lines, columns=list(TABLE))
