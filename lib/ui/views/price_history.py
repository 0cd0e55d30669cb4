"""What a model and its quality cost over time: part of the model's page. No Streamlit inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd
import plotly.graph_objects as go

from lib import formats
from lib.analysis import cheapest, cheapest_choice, price_history
from lib.analysis.listed_prices import BLEND
from lib.analysis.side_by_side_words import short
from lib.figures import price_history as figure
from lib.figures.legend import Legend
from lib.schema.text import Sentence, Span, sentence
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.model_prices import listed_prices as listed
from lib.ui.finished import finished
from lib.ui.traces import Traces, texts
from lib.ui.views import cheapest_choice as choice
from lib.ui.views import scores

MARGIN = 0.02
FAVOURITE = "mmlu_pro"
LABELS = {"what": "Line", "from": "From", "name": "Cheapest model", "usd": "USD per million tokens", "host": "Hosts"}
MODEL, QUALITY = "model", "quality"


class HistoryView(NamedTuple):
    """The part's parts; ``figure`` is None where no price was ever listed."""

    said: Sentence
    figure: go.Figure | None
    legend: Legend
    alt: str
    coverage: str
    table: pd.DataFrame
    traces: Traces


class Good(NamedTuple):
    """Models that are shown to be good enough, and over whom that was asked.

    Args:
        models: Ids, the model itself first; only it where nothing can be shown.
        n_tried: Candidates of the correction.
        label: The protocol in words; '' where there is none.
        benchmarks: What they were tried on, in words.
        why: Why nobody can be shown to be; '' where the question could be asked.
    """

    models: tuple[str, ...]
    n_tried: int
    label: str
    benchmarks: str
    why: str


def held(store: Store, *, today: str) -> pd.DataFrame:
    """``price_history.periods`` of every model with a price. Read-only."""
    return price_history.periods(listed(store), today)


def benchmark_options(frames: Frames, *, model: str) -> dict[str, str]:
    """Benchmarks on which the model may be held against others: value to words, those to begin with first."""
    offer = choice.offer(frames, like=model)
    single = {one: words for one, words in offer.options.items() if not one.startswith(cheapest_choice.ABILITY)}
    # One that asks for knowledge and reasoning before one that asks for obedience.
    wanted = (FAVOURITE, *offer.default)
    return {one: single[one] for one in wanted if one in single} | single


def good_enough(frames: Frames, *, model: str, benchmark: str, priced: frozenset[str]) -> Good:
    """Who is shown to be within 2 points of a model on a benchmark, corrected for everyone tried.

    Args:
        priced: Models that were ever listed with a price: the candidates, whatever they cost.
    """
    label = scores.label_of(frames, benchmark)
    stands = choice.stand(frames, model, (benchmark,), "", False)
    if stands.key is None:
        return Good((model,), 0, "", label, f"{label} has no way of measuring with others")
    # Everyone with a price is tried, dear or not: what they cost changes with time, what is shown of them does not.
    cost = pd.Series(1.0, index=sorted(priced - {model}), dtype=float)
    cost.loc[model] = 2.0
    found = cheapest.answer(
        stands.complete,
        model,
        cost,
        chance=cheapest_choice.chance_of(frames.benchmarks, (benchmark,)),
        margin=MARGIN,
    )
    confirmed = found.rows[found.rows["is_confirmed"].to_numpy(bool)]
    why = f"it is not distinguishable from guessing on {label}" if found.at_chance else ""
    return Good((model, *map(str, confirmed["model"])), len(found.rows), stands.label, label, why)


def history_view(frames: Frames, store_rows: pd.DataFrame, good: Good, *, model: str, today: str) -> HistoryView:
    """Two lines: the model, and the cheapest that is shown to be within 2 points of it.

    Args:
        store_rows: ``held``.
        good: ``good_enough``.
    """
    lines = [price_history.history(store_rows, model, today).assign(view=MODEL)]
    if len(good.models) > 1:
        lines.append(price_history.of_quality(store_rows, good.models, today).assign(view=QUALITY))
    steps = pd.concat(lines, ignore_index=True)
    names = frames.models["name"].astype(object).to_dict()
    steps = steps.assign(
        name=[str(names.get(one, one)) if one else "" for one in steps["model"]], day=pd.to_datetime(steps["day"])
    )
    if not steps["usd"].notna().any():
        return HistoryView((), None, [], "", "", pd.DataFrame(), Traces([]))
    name = short(names[model])
    drawn = figure.price_history(steps, today=today, names=(name, "what will do"))
    parts = [f"list prices, {BLEND}, median over hosts, up to {formats.date(today)}"]
    if good.label:
        parts.append(f"{good.benchmarks}: {formats.counted(good.n_tried, 'model')} tried, {len(good.models) - 1} shown, {good.label}")  # fmt: skip
    parts += [good.why] if good.why else []
    return HistoryView(
        _said(steps, good, name),
        finished(drawn),
        figure.legend(steps, model=str(names[model])),
        f"Price of {name} over time, and of the cheapest model shown to be within 2 points of it.",
        " · ".join(parts),
        _table(steps),
        Traces(texts(steps["model"].tolist()), {}, {}, texts(steps["source"].tolist())),
    )


def _said(steps: pd.DataFrame, good: Good, name: str) -> Sentence:
    """First and last price of the model, then of its quality."""
    own = steps[(steps["view"] == MODEL) & steps["usd"].notna()]
    parts: list[str | Span] = []
    if len(own):
        first, last = own.iloc[0], own.iloc[-1]
        gone = steps[(steps["view"] == MODEL)].iloc[-1]
        began, ends = Span(formats.usd(first["usd"]), "strong"), Span(formats.usd(last["usd"]), "strong")
        if pd.isna(gone["usd"]):
            parts += [f"{name} was in the kept price lists from {formats.date(first['day'])}, at ", began, f" per million tokens, to {formats.date(gone['day'])}, at ", ends, "."]  # fmt: skip
        elif len(own) > 1:
            parts += [f"{name} cost ", began, f" per million tokens when it came into the kept price lists, on {formats.date(first['day'])}, and costs ", ends, " now."]  # fmt: skip
        else:
            parts += [f"{name} costs ", ends, f" per million tokens; the kept price lists have it since {formats.date(first['day'])}."]  # fmt: skip
    else:
        parts.append(f"No price of {name} was ever kept.")
    other = steps[(steps["view"] == QUALITY) & steps["usd"].notna()]
    now = str(own.iloc[-1]["name"]) if len(own) else ""
    if len(other) and str(other.iloc[-1]["name"]) not in ("", now):
        last = other.iloc[-1]
        parts += [
            f" The cheapest model shown to be within 2 points of it on {good.benchmarks} costs ",
            Span(formats.usd(last["usd"]), "strong"),
            f": {short(last['name'])}.",
        ]
    elif good.label and len(good.models) == 1 and not good.why:
        parts.append(f" Of {formats.counted(good.n_tried, 'priced model')} tried, none is shown to be within 2 points of it on {good.benchmarks}.")  # fmt: skip
    return sentence(*parts)


def _table(steps: pd.DataFrame) -> pd.DataFrame:
    words = {MODEL: "this model", QUALITY: "within 2 points of it"}
    rows = steps.to_dict("records")
    return pd.DataFrame(
        {
            "what": [words[str(row["view"])] for row in rows],
            "from": [formats.date(row["day"]) for row in rows],
            "name": [row["name"] or formats.UNKNOWN for row in rows],
            "usd": [formats.usd(row["usd"]) if row["usd"] == row["usd"] else "no longer listed" for row in rows],
            "host": [_hosts(row) for row in rows],
        }
    )


def _hosts(row: Mapping[Any, Any]) -> str:
    if not row["n_hosts"]:
        return formats.UNKNOWN
    if row["n_hosts"] == 1:
        return formats.one_line(row["host"], 40)
    return f"{row['n_hosts']} hosts, {formats.usd(row['lowest'])} to {formats.usd(row['highest'])}"
