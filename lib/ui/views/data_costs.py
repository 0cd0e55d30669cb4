"""Cost estimates against what was published or measured. No Streamlit inside."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from lib import formats
from lib.analysis import published_training as published
from lib.analysis import rounding
from lib.schema.text import Sentence, Span, sentence
from lib.store.frames import Frames
from lib.ui.views import planner_tables

RUNS_FILE, TUNING_FILE = "cost/training_runs.csv", "cost/measured_finetuning.csv"
RUNS = {
    "run": "Run", "hardware": "Hardware", "score:size": "Parameters", "score:tokens": "Tokens", "score:published": "Device-hours, published",
    "score:hours": "Predicted", "score:error": "Error", "score:band": "Band (MFU 25% to 55%)", "within": "Published lies",
    "score:mfu": "MFU that was reached", "score:energy": "MWh, computed (published)", "score:carbon": "t CO2e, computed (published)", "source": "Published in",
}  # fmt: skip
TUNING = {
    "model": "Model", "hardware": "Hardware", "how": "How", "score:measured": "Measured", "score:seconds": "Predicted", "score:error": "Error",
    "within": "Measured lies", "score:hfu": "HFU that was reached", "score:memory": "GiB a device, measured", "score:gib": "Counted",
    "source": "Measured in",
}  # fmt: skip
INSIDE, OUTSIDE = "in the band", "outside"


class CostsView(NamedTuple):
    """Two tables with a sentence each, for the eye and exact."""

    said: Sentence
    runs: pd.DataFrame
    exact_runs: pd.DataFrame
    said_tuning: Sentence
    tuning: pd.DataFrame
    exact_tuning: pd.DataFrame


def costs_view(frames: Frames) -> CostsView:
    """Everything the part shows."""
    table = planner_tables.hardware(frames)
    runs = published.training_runs(frames.reference("training_runs"), table)
    tuning = published.tuning_runs(frames.reference("measured_finetuning"), frames.reference("model_arch"), table)
    return CostsView(_said(runs), _runs(runs), runs, _said_tuning(tuning), tuning_table(tuning), tuning)


def _said(rows: pd.DataFrame) -> Sentence:
    found = published.agreement(rows)
    if not found.n:
        return sentence("No published training run is in the store.")
    return sentence(
        f"Of {formats.counted(found.n, 'published training run')} the device-hours are predicted with a median error of ",
        Span(formats.score(found.median_error, 0), "strong"),
        " from parameters, tokens and hardware alone; of ",
        Span(formats.count(found.n_within), "strong"),
        " the published hours lie in the band of 25% to 55% utilisation. ",
    )


def _said_tuning(rows: pd.DataFrame) -> Sentence:
    found = published.agreement(rows)
    if not found.n:
        return sentence("No measured fine-tune is in the store.")
    memory = rows["gib_error"].abs().median()
    return sentence(
        f"Of {formats.counted(found.n, 'measured fine-tune')} the time is predicted with a median error of ",
        Span(formats.score(found.median_error, 0), "strong"),
        f"; {formats.count(found.n_within)} lie in the band of 20% to 70% utilisation. Measured peaks of memory are above "
        f"what is counted, by {formats.score(memory, 0)} in the median: a cache of freed blocks is part of them. ",
    )


def _runs(rows: pd.DataFrame) -> pd.DataFrame:
    given: Any = rows.itertuples()
    lines = [
        (
            formats.one_line(row.run, 60),
            row.hardware,
            formats.parameters(row.params),
            formats.tokens(row.tokens),
            formats.count(row.hours_published),
            rounding.count(row.hours),
            _error(row.error),
            rounding.span(row.hours_low, row.hours_high, rounding.count),
            _lies(row.is_within, row.hours_published),
            formats.score(row.mfu_implied, 0),
            _both(row.mwh, row.mwh_published),
            _both(row.tco2e, row.tco2e_published),
            formats.one_line(row.source, 120),
        )
        for row in given
    ]
    return pd.DataFrame(lines, columns=list(RUNS))


def tuning_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Fine-tunes for the eye: columns of ``TUNING``."""
    given: Any = rows.itertuples()
    lines = [
        (
            row.model,
            f"{row.n_devices:.0f} × {row.hardware}",
            f"{row.method}, {row.sharding}, {row.batch:.0f} × {formats.count(row.sequence_tokens)} tokens",
            rounding.hours(row.seconds_measured / 3600),
            rounding.hours(row.seconds / 3600),
            _error(row.error),
            _lies(row.is_within, row.seconds_measured),
            formats.score(row.hfu_implied, 0),
            formats.plain(row.gib_measured),
            formats.plain(row.gib),
            formats.one_line(row.source, 120),
        )
        for row in given
    ]
    return pd.DataFrame(lines, columns=list(TUNING))


def _error(value: float) -> str:
    known = formats.number(value)
    if known is None:
        return formats.UNKNOWN
    return f"{'+' if known >= 0 else formats.MINUS}{abs(100 * known):.0f}%"


def _lies(is_within: bool, value: float) -> str:
    if not formats.known(value):
        return "no time published"
    return INSIDE if is_within else OUTSIDE


def _both(computed: float, told: float) -> str:
    return f"{rounding.count(computed)} ({rounding.count(told)})"
