"""What a model cost over time, and what its quality cost: steps over dates on a logarithmic axis of prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.figures import interval_marks, labels, theme
from lib.figures.legend import Legend, Mark

HEIGHT = 320
QUALITY = "the cheapest shown to be within 2 points of it, itself among them"
LINES = {"model": ("large", "solid", "circle"), "quality": ("good", "solid", "square")}
"""Line to its role, dash and the symbol of its steps."""


def price_history(steps: pd.DataFrame, *, today: str, names: Sequence[str] = ()) -> go.Figure:
    """Each step a day on which a price changed; a line ends where nobody sold it any more.

    Args:
        steps: One row per step. Columns: ``view`` (model: the model itself; quality: the cheapest one that will do),
            ``day`` (a date), ``usd`` (USD per million tokens; NaN: not sold from this day), ``model`` (id), ``name`` (of the model
            that cost so little), ``host`` (the cheapest that asked it), ``n_hosts``.
        today: ISO day, where lines that go on end.
        names: Words for the ends of the lines, in the order model, quality; empty: none.

    Returns:
        The figure. ``customdata`` of each mark is the model's id.
    """
    figure = go.Figure()
    known = steps[(steps["usd"] > 0).to_numpy(bool)]
    prices = interval_marks.log_limits(known["usd"], room=1.5) if len(known) else (0.1, 10.0)
    first = known["day"].min() if len(known) else pd.Timestamp(today)
    start = first - pd.Timedelta(days=30)
    end = pd.Timestamp(today) + (pd.Timestamp(today) - start) * 0.06 + pd.Timedelta(days=30)
    written = []
    for line, (role, dash, symbol) in LINES.items():
        own = steps[(steps["view"] == line).to_numpy(bool)].sort_values("day", kind="stable")
        if own["usd"].notna().any():
            figure.add_traces(_line(own, role, dash, symbol, today))
            written.append((line, role, own[own["usd"].notna().to_numpy(bool)].iloc[-1]))
    figure.update_layout(annotations=_names(written, names, steps, prices, (start, end), pd.Timestamp(today)))
    ticks = {value: formats.plotly(formats.usd(value)) for value in theme.steps(*prices, most=6)}
    y = theme.log_axis("USD per million tokens", ticks, prices)
    x = theme.date_axis(start.date().isoformat(), end.date().isoformat())
    return theme.framed(figure, x=x, y=y, height=HEIGHT)


def legend(steps: pd.DataFrame, *, model: str = "the model itself", quality: str = QUALITY) -> Legend:
    """The lines that are in the figure, with their words.

    Args:
        steps: As for the figure.
        model, quality: What the lines are.
    """
    entries: Legend = []
    for line, words in (("model", model), ("quality", quality)):
        if ((steps["view"] == line) & steps["usd"].notna()).any():
            entries.append((Mark(LINES[line][2], LINES[line][0]), words))
    return entries


def example() -> dict[str, Any]:
    """A tiny figure: a model with two prices, and a cheaper one that will do from the second year on."""
    rows = [
        ("model", "2024-03-01", 9.0, "org/large", "Large 70B", "host a", 1),
        ("model", "2025-02-01", 5.0, "org/large", "Large 70B", "host b", 3),
        ("quality", "2024-03-01", 9.0, "org/large", "Large 70B", "host a", 1),
        ("quality", "2025-06-01", 0.4, "org/small", "Small 14B", "host b", 2),
    ]
    columns = ["view", "day", "usd", "model", "name", "host", "n_hosts"]
    return {
        "steps": pd.DataFrame(rows, columns=columns).astype({"day": "datetime64[ns]"}),
        "today": "2026-01-01",
        "names": ("Large 70B", "what will do"),
    }


def _line(own: pd.DataFrame, role: str, dash: str, symbol: str, today: str) -> list[Any]:
    days, usd = _written(own["day"]), own["usd"].to_numpy(float)
    goes_on = days[-1] < today
    line = go.Scatter(
        x=[*days, today] if goes_on else days,
        y=np.append(usd, usd[-1]) if goes_on else usd,
        mode="lines",
        line={"shape": "hv", "color": theme.colour(role), "width": 2, "dash": dash},
        hoverinfo="skip",
    )
    sold = own[own["usd"].notna().to_numpy(bool)]
    marks = go.Scatter(
        x=_written(sold["day"]),
        y=sold["usd"].to_numpy(float),
        mode="markers",
        marker={
            "symbol": symbol,
            "size": 7,
            "opacity": 1,
            "color": theme.colour(role),
            "line": {"color": theme.colour("background"), "width": 1},
        },
        customdata=sold["model"].to_numpy(object),
        hovertext=[_hover(row) for row in sold.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return [line, marks]


def _written(days: pd.Series) -> list[str]:
    return [str(day.date().isoformat()) for day in days]


def _hover(row: Any) -> str:
    hosts = formats.plotly(row.host, 60) if row.n_hosts == 1 else f"median of {row.n_hosts} hosts"
    price = f"{formats.plotly(formats.usd(row.usd))} per million tokens ({hosts})"
    return f"<b>{formats.plotly(row.name)}</b><br>{price}<br>from {formats.date(row.day)}"


def _names(
    lines: list[tuple[str, str, pd.Series]],
    names: Sequence[str],
    steps: pd.DataFrame,
    prices: tuple[float, float],
    days: tuple[pd.Timestamp, pd.Timestamp],
    today: pd.Timestamp,
) -> list[dict[str, Any]]:
    """A name at the last step of each line."""
    if not names or not lines:
        return []
    low, high = np.log10(prices)
    whole = (days[1] - days[0]).days

    def share(day: Any, usd: float) -> tuple[float, float]:
        return (pd.Timestamp(day) - days[0]).days / whole, (np.log10(usd) - low) / (high - low)

    told = dict(zip(LINES, names, strict=True))
    wanted = [
        labels.Label(*share(row["day"], float(row["usd"])), formats.plotly(told[line], 32), 0, role)
        for line, role, row in lines
    ]
    known = steps[(steps["usd"] > 0).to_numpy(bool)]
    spots = np.array([share(day, usd) for day, usd in zip(known["day"], known["usd"], strict=True)])
    # A name keeps off its own line, too.
    stairs = [_stairs(own, share, today) for _, own in known.groupby("view")]
    placed = labels.place(wanted, spots, stairs, height=HEIGHT - 66, strict=2)
    where = {one.text: row for one, (_, _, row) in zip(wanted, lines, strict=True)}
    at = [
        (where[one.label.text]["day"].date().isoformat(), float(np.log10(where[one.label.text]["usd"])))
        for one in placed
    ]
    return labels.written(placed, at)


def _stairs(own: pd.DataFrame, share: Callable[[Any, float], tuple[float, float]], today: pd.Timestamp) -> np.ndarray:
    """Corners of a line in shares of the axes, up to today."""
    ordered = own.sort_values("day", kind="stable")
    days, usd = [*ordered["day"], today], ordered["usd"].to_numpy(float)
    return np.array([share(day, amount) for i, amount in enumerate(usd) for day in (days[i], days[i + 1])])
