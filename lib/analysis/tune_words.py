"""What a plan of fine-tuning says, in sentences computed from it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lib import formats
from lib.analysis import rounding
from lib.analysis.tune_plan import DOES_NOT_FIT, FITS, TIGHT, TuneAsk
from lib.schema.text import Sentence, Span, sentence

SHORT = {"full": "training every parameter", "lora": "LoRA", "qlora": "QLoRA"}


def takeaway(rows: pd.DataFrame, ask: TuneAsk, name: str, device: str, fewest: int | None) -> list[Sentence]:
    """What fits, how long the best way that fits takes and costs, and how many devices the full way wants.

    Args:
        rows: ``lib.analysis.tune_plan.ways``.
        fewest: Devices that training every parameter wants; None: more than were tried.
    """
    on = f"one {device}" if ask.n_devices == 1 else f"{formats.count(ask.n_devices)} × {device}"
    by_way: Any = rows.set_index("way")
    verdicts = {way: str(by_way.at[way, "verdict"]) for way in SHORT}
    best = next((way for way in SHORT if verdicts[way] == FITS), None) or next((way for way in SHORT if verdicts[way] == TIGHT), None)  # fmt: skip
    told = [_fits(verdicts, by_way, name, on)]
    if best is not None:
        told.append(_costs(by_way.loc[best], ask, best))
    if verdicts["full"] != FITS:
        need = f"{formats.count(fewest)} of these devices" if fewest is not None else "more than 1,024 of these devices"
        told.append(sentence("Training every parameter wants ", Span(need, "large"), ". "))
    return told


def _fits(verdicts: dict[str, str], rows: Any, name: str, on: str) -> Sentence:
    ends = {FITS: "fits", TIGHT: "fits only without room to spare", DOES_NOT_FIT: "does not fit"}
    parts: list[str | Span] = [f"On {on} ({formats.plain(rows['memory'].iloc[0] / 1e9)} GB), tuning {name}: "]
    for place, way in enumerate(reversed(SHORT)):
        needed = formats.plain(rows.at[way, "needed"] / 1e9)
        role = "small" if verdicts[way] == FITS else "large" if verdicts[way] == DOES_NOT_FIT else "strong"
        parts += ["; " if place else "", f"{SHORT[way]} ", Span(ends[verdicts[way]], role), f" ({needed} GB)"]  # type: ignore[arg-type]
    return sentence(*parts, ". ")


def _costs(row: Any, ask: TuneAsk, way: str) -> Sentence:
    time = rounding.hours(row["seconds"] / 3600)
    span = rounding.span(row["seconds_low"] / 3600, row["seconds_high"] / 3600, rounding.hours)
    money = rounding.usd(row["usd"])
    priced = [" and ", Span(money, "strong")] if money != formats.UNKNOWN else [" (no price is known)"]
    return sentence(
        f"{formats.tokens_in_words(ask.tokens).capitalize()} tokens take {SHORT[way]} ",
        Span(time, "strong"),
        f" ({span})" if span else "",
        *priced,
        ". ",
    )
