"""Words for the page that sets scores against costs. "Shown to be above" is not "scores above"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lib import formats
from lib.analysis.cost_bases import Basis
from lib.analysis.cost_frontier import ABOVE, BELOW, MAY, SILENT, CostFrontier
from lib.analysis.side_by_side_words import short
from lib.schema.text import Role, Sentence, Span, sentence

ROLES: dict[str, Role] = {"small": "small", "large": "large"}
QUESTION = "What does quality cost?"


def target_words(target: float) -> str:
    """``40%``, ``42.5%``."""
    return f"{100 * target:g}%"


def takeaway(found: CostFrontier, basis: Basis, benchmark: str, *, filtered: bool = False) -> Sentence:
    """The cheapest model shown to be above the target, and beside it the cheapest that merely scores above.

    Args:
        found: With columns name and side in ``rows``.
        basis: What the costs are.
        benchmark: What people call it.
        filtered: The reader's filters took models away.
    """
    goal, least = target_words(found.target), basis.cheapest
    rows = found.rows
    among = " within your limits" if filtered else ""
    if rows.empty:
        return sentence(f"No model{among} has both a score on {benchmark} and a cost on this basis.")
    best, merely = found.headline, found.merely
    tried = formats.counted(len(rows), "model")
    if best is None and (rows["verdict"] == SILENT).all():
        return sentence(
            f"Nothing can be shown of the {formats.counted(len(rows), 'model')}{among} with a score on {benchmark} and a cost: "
            "these scores came without intervals. Another protocol, under More, may have them."
        )
    if best is None:
        parts: list[str | Span] = [f"No model{among} is shown to be above ", Span(goal, "strong"), f" on {benchmark}, of {tried} tried."]  # fmt: skip
        if merely is not None:
            parts += [" ", *_named(merely, basis, is_first=True), f" is the {least} that scores above it, without being shown to."]  # fmt: skip
        return sentence(*parts)
    parts = [
        f"Of {tried}{among}, the {least} ",
        "shown to be above ",
        Span(goal, "strong"),
        f" on {benchmark} is ",
        *_named(best, basis),
        ".",
    ]
    if merely is not None and merely["model"] != best["model"]:
        ratio = float(best["cost"]) / float(merely["cost"])
        parts += [
            " ",
            Span(short(merely["name"]), ROLES.get(str(merely["side"]))),
            f" scores {formats.score(merely['score'])} at {basis.about}",
            Span(basis.written(merely["cost"]), "strong"),
            f", {_part(ratio)}, but is not shown to be above {goal}{_why(merely, found)}.",
        ]
    return sentence(*parts)


def verdict(row: Mapping[Any, Any], target: float) -> str:
    """What is shown of one model against the target, not adjusted."""
    said = str(row["verdict"])
    goal = target_words(target)
    words = {ABOVE: f"shown to be above {goal}", MAY: f"may reach {goal}", BELOW: f"scores below {goal}"}
    return words.get(said, "no interval: nothing shown")


def _named(row: pd.Series, basis: Basis, *, is_first: bool = False) -> list[str | Span]:
    return [
        Span(short(row["name"]), ROLES.get(str(row["side"]), "strong")),
        f" ({basis.about}" if is_first else f" at {basis.about}",
        Span(basis.written(row["cost"]), "strong"),
        f"{basis.unit})" if is_first else basis.unit,
    ]


def _part(ratio: float) -> str:
    """How much less it costs: ``half of that``, ``a sixth of that``, ``10% less``."""
    whole = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 7: "a seventh", 8: "an eighth", 9: "a ninth", 10: "a tenth"}  # fmt: skip
    if ratio < 1.005:
        return "which is what that costs"
    if ratio < 1.75:
        return f"{formats.score(1 - 1 / ratio, 0)} less"
    nearest = round(ratio)
    return f"about {whole[nearest]} of that" if nearest in whole else f"about 1/{formats.plain(ratio)} of that"


def _why(row: pd.Series, found: CostFrontier) -> str:
    """Why a score above the target shows nothing: no interval, too few questions, or the number of models tried."""
    if row["verdict"] == ABOVE:
        return f" once the {formats.count(len(found.rows))} models tried are corrected for"
    if row["verdict"] != MAY:
        return ": it came without an interval"
    n = formats.number(row["n_samples"])
    return f": {formats.count(n)} questions are too few to tell" if n is not None else ""
