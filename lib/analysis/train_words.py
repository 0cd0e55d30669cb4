"""What a plan of training says, in sentences computed from it."""

from __future__ import annotations

from typing import Any

from lib import formats
from lib.analysis import rounding
from lib.analysis.train_plan import AWARE, OPTIMAL, Ask, Plans
from lib.schema.text import Sentence, Span, sentence
from lib.stats import data_limits


def takeaway(found: Plans, ask: Ask, law: str, device: str) -> list[Sentence]:
    """The compute-optimal plan, the one for its whole life, and whether text lasts; empty without a law."""
    own = found.rows[found.rows["law"] == law].set_index("plan")
    if own.empty:
        return []
    best: Any = own.loc[OPTIMAL]
    told = [_optimal(best, ask, device)]
    if AWARE in own.index:
        told.append(_aware(own.loc[AWARE], best, ask))
    limits = found.limits.set_index("plan")
    last: Any = limits.loc[AWARE if AWARE in limits.index else OPTIMAL]
    if last["epochs"] > 1.005:
        told.append(_repeats(last))
    return told


def _optimal(best: Any, ask: Ask, device: str) -> Sentence:
    given = {
        "budget": f"{rounding.usd(ask.amount)} on {device}",
        "size": f"{formats.parameters_in_words(ask.amount)} parameters",
        "data": f"{formats.tokens_in_words(ask.amount)} tokens",
    }[ask.goal]
    band = rounding.span(best["params_low"], best["params_high"], formats.parameters)
    tokens_band = rounding.span(best["tokens_low"], best["tokens_high"], formats.tokens)
    parts: list[str | Span] = [f"For {given} the compute-optimal plan is "]
    if ask.goal != "size":
        parts += [
            Span(formats.parameters(best["params"]), "strong"),
            " parameters",
            f" ({band})" if band else "",
            " on ",
        ]
    parts += [
        Span(formats.tokens(best["tokens"]), "strong"),
        " tokens",
        f" ({tokens_band})" if tokens_band and ask.goal != "data" else "",
    ]
    cost = formats.known(best["usd"])
    if ask.goal != "budget" and cost:
        parts += [
            ": ",
            Span(rounding.usd(best["usd"]), "strong"),
            f" on {device}",
            f" ({rounding.span(best['usd_low'], best['usd_high'], rounding.usd)})",
        ]
    else:
        parts += [f": {rounding.count(best['device_hours'])} device-hours"]
    return sentence(*parts, ". ")


def _aware(row: Any, best: Any, ask: Ask) -> Sentence:
    if row["saving"] < 0.005:
        return sentence(f"Serving {formats.tokens_in_words(ask.served)} tokens changes next to nothing about that. ")
    band = rounding.span(row["saving_low"], row["saving_high"], lambda x: formats.score(x, 0))
    smaller = formats.parameters(row["params"])
    return sentence(
        f"If it will serve {formats.tokens_in_words(ask.served)} tokens, ",
        Span(smaller, "small"),
        f" parameters on {formats.tokens(row['tokens'])} tokens reach the same loss by the law and save ",
        Span(formats.score(row["saving"], 0), "strong"),
        f" ({band})" if band else "",
        " of training and serving together",
        "; beyond 200 tokens per parameter that is only indicative. " if row["is_indicative"] else ". ",
    )


def _repeats(limit: Any) -> Sentence:
    epochs = float(limit["epochs"])
    if epochs <= data_limits.GOOD_EPOCHS:
        how = "almost as much as new text"
    elif epochs <= data_limits.USELESS_EPOCHS:
        how = "less and less"
    else:
        how = "next to nothing in the last passes"
    return sentence(
        f"The different tokens at hand must be read {formats.times(epochs)}; repeated tokens are then worth {how}: ",
        Span(formats.score(limit["worth"], 0), "strong"),
        " of a new one on average. ",
    )
