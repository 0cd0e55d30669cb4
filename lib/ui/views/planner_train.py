"""The planner's part about training: what one plan shows. No Streamlit inside."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import rounding, train_plan, train_words
from lib.analysis.train_plan import AWARE, LAWS, OPTIMAL, Ask, Plans
from lib.figures import lifetime_cost as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, plain
from lib.stats import data_limits
from lib.store.frames import Frames
from lib.ui.finished import finished

LAWS_FILE = "scaling/loss_law_parameters.csv"
PLANS = {
    "law": "Law", "plan": "Plan", "score:params": "Parameters", "score:tokens": "Training tokens", "score:ratio": "Tokens per parameter",
    "score:usd": "Training (MFU 25% to 55%)", "score:hours": "Device-hours (MFU 25% to 55%)", "score:energy": "Energy",
    "score:carbon": "CO2e", "score:life": "Training and serving", "score:saving": "Saved over its life",
}  # fmt: skip
LIMITS = {
    "plan": "Plan", "score:tokens": "Training tokens", "score:different": "Different ones", "score:epochs": "Passes over them",
    "score:worth": "Worth of a token, mean", "score:last": "Worth in the last pass", "score:effective": "As good as new tokens",
    "score:stock": "Share of all public text",
}  # fmt: skip
LIMITS["score:effective"] = "Counts like new tokens"
STOCKS = {"stock": "Stock of text", "score:tokens": "Tokens", "score:range": "Interval"}


class TrainView(NamedTuple):
    """Everything the part shows; ``figure`` is None where the store has no law. ``rows`` are exact, for the download."""

    takeaway: list[Sentence]
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    plans: pd.DataFrame
    limits: pd.DataFrame
    stocks: pd.DataFrame
    rows: pd.DataFrame


def train_view(frames: Frames, *, ask: Ask, law: str, device: str, grid: str = "") -> TrainView:
    """One plan; ``grid`` says what emissions are counted with.

    Raises:
        RefusedInput: As ``lib.analysis.train_plan.plans``.
    """
    found = train_plan.plans(frames.reference("loss_law_parameters"), frames.reference("refit_bootstrap_draws"), ask, law)  # fmt: skip
    said = train_words.takeaway(found, ask, law, device)
    rows = found.rows.assign(
        **{f"asked_{key}": value for key, value in ask._asdict().items()}, device=device, grid=grid
    )
    if found.curve.empty:
        return TrainView(said, None, [], "", "", pd.DataFrame(columns=list(PLANS)), pd.DataFrame(columns=list(LIMITS)), _stocks(), rows)  # fmt: skip
    marks = _marks(found, law)
    label = "Cost at this quality (USD)" if found.is_in_usd else "Computing at this quality (FLOP)"
    drawn = figure.lifetime_cost(found.curve, marks, cost_label=label, is_in_usd=found.is_in_usd)
    return TrainView(
        said,
        finished(drawn),
        figure.legend(found.curve, marks),
        f"Cost of model sizes that reach one quality, against parameters. {' '.join(plain(one) for one in said)}",
        _coverage(found, ask, law, device) + (f" Emissions: {grid}." if grid else ""),
        _plans(found),
        _limits(found),
        _stocks(),
        rows,
    )


def _marks(found: Plans, law: str) -> pd.DataFrame:
    own = found.rows[found.rows["law"] == law]
    at = found.curve.set_index("size").reindex(own["params"].to_numpy(float))
    columns = {"plan": "plan", "size": "params", "low": "params_low", "high": "params_high", "tokens": "tokens"}
    marks = pd.DataFrame({name: own[column].to_numpy() for name, column in columns.items()})
    marks = marks.assign(train=at["train"].to_numpy(float), total=at["total"].to_numpy(float))
    return marks[marks["total"].notna()].astype({"low": float, "high": float})


def _coverage(found: Plans, ask: Ask, law: str, device: str) -> str:
    price = "price unknown, so computing is shown" if ask.usd_per_device_hour is None else f"{formats.usd(ask.usd_per_device_hour)} a device-hour"  # fmt: skip
    loss = float(found.rows.loc[found.rows["law"] == law, "loss"].iloc[0])
    return (
        f"Law: {LAWS[law]}; loss {loss:.3f} nats per token of its corpus. {device}, {ask.peak_flop_per_s / 1e12:,.0f} TFLOP/s "
        f"dense at {formats.score(ask.mfu, 0)} utilisation, {price}; {formats.tokens(ask.served)} tokens served."
    )


def _with(value: str, band: str) -> str:
    return f"{value} ({band})" if band else value


def _plans(found: Plans) -> pd.DataFrame:
    """One row a law and plan, for the eye."""
    lines = []
    given: Any = found.rows.itertuples()
    for row in given:
        saving = "–" if row.plan == OPTIMAL else _with(formats.score(row.saving, 0), rounding.span(row.saving_low, row.saving_high, lambda x: formats.score(x, 0)))  # fmt: skip
        ratio = rounding.count(row.tokens_per_parameter)
        lines.append(
            (
                row.label,
                row.plan,
                _with(
                    formats.parameters(row.params), rounding.span(row.params_low, row.params_high, formats.parameters)
                ),
                _with(formats.tokens(row.tokens), rounding.span(row.tokens_low, row.tokens_high, formats.tokens)),
                f"{ratio}, indicative" if row.is_indicative else ratio,
                _with(rounding.usd(row.usd), rounding.span(row.usd_low, row.usd_high, rounding.usd)),
                _with(rounding.count(row.device_hours), rounding.span(row.hours_low, row.hours_high, rounding.count)),
                _unit(row.kwh / 1000, "MWh"),
                _unit(row.tco2e, "t"),
                rounding.usd(row.total_usd) if found.is_in_usd else formats.flop(row.total_flop),
                saving,
            )
        )
    return pd.DataFrame(lines, columns=list(PLANS))


def _unit(value: float, unit: str) -> str:
    told = rounding.count(value)
    return told if told == formats.UNKNOWN else f"{told} {unit}"


def _limits(found: Plans) -> pd.DataFrame:
    given: Any = found.limits.itertuples()
    lines = [
        (
            row.plan,
            formats.tokens(row.tokens),
            formats.tokens(row.different),
            formats.plain(row.epochs),
            formats.score(row.worth, 0),
            formats.score(row.last, 0),
            formats.tokens(row.effective),
            f"{_percent(row.stock_share)} ({_percent(row.stock_low)} to {_percent(row.stock_high)})",
        )
        for row in given
    ]
    return pd.DataFrame(lines, columns=list(LIMITS))


def _percent(value: float) -> str:
    return f"{formats.plain(100 * value)}%"


def _stocks() -> pd.DataFrame:
    """How much public text there is, from the docstring's source."""
    lines = [
        (one.name, formats.tokens(one.tokens), f"{formats.tokens(one.low)} to {formats.tokens(one.high)}")
        for one in data_limits.STOCKS
    ]
    return pd.DataFrame(lines, columns=list(STOCKS))


__all__ = ["AWARE", "LAWS_FILE", "LIMITS", "OPTIMAL", "PLANS", "STOCKS", "TrainView", "train_view"]
