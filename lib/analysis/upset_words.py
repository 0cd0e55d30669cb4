"""What is said of a family of upsets, computed from it. A lead that does not hold is "not shown", never more."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from lib import formats
from lib.analysis.upset_answers import IGNORES
from lib.analysis.upset_filters import Filters, Seen, Sides
from lib.analysis.upsets import ALPHA, Family
from lib.schema.text import Sentence, Span, sentence

HOLDS = f"holds at {ALPHA:.0%} false discoveries"
LEADS = "leads, not shown"
READ = (
    "Chosen for being large, the gaps listed are larger than the true ones: read the lower bound. Training data, "
    "tokens and release date differ between the two models. An upset is a statement about these questions and this prompt."
)
"""Stands beside every list."""


def takeaway(of: Family, seen: Seen, filters: Filters) -> Sentence:
    """How many comparisons there were, in how many the smaller model's lead holds, and in how many it only leads."""
    if not of.n_tests:
        why = "No two models of known size" if not of.n_without_error else "No two models with standard errors"
        return sentence(f"{why}, one at least {_times(of.ratio)} as large as the other, were measured this way.")
    parts: list[str | Span] = [
        "Of ",
        Span(formats.counted(of.n_tests, "comparison"), "strong"),
        f" with a model at least {_times(of.ratio)} as large, the smaller one's lead holds at 5% false discoveries in ",
        Span(formats.count(of.n_holds), "small"),
        f" ({_share(of.n_holds, of.n_tests)}). " if of.n_holds else ". ",
        f"In another {formats.count(of.n_leads)} it leads, and that is not shown." if of.n_leads else "",
    ]
    if filters != Filters():
        parts.append(f" The filters leave {formats.count(len(seen.holds))} of those that hold to see.")
    return sentence(*parts)


def pairing(of: Family) -> str:
    """Which comparisons are paired, in a few words."""
    if not of.n_paired:
        return "pairing is ignored"
    told = (
        f"{formats.count(of.n_paired)} of {formats.counted(of.n_wins, 'lead')} tested on answers to the same questions"
    )
    return told if of.n_paired == of.n_wins else f"{told}, the others ignore pairing"


def tested(row: Mapping[Hashable, Any]) -> str:
    """Whether one listed comparison is paired."""
    return "paired" if row["is_paired"] else IGNORES


def unlisted(of: Family) -> str:
    """What the list of leads lacks: those of too few questions, and those of which there would be millions."""
    few = (
        f"{formats.counted(of.n_too_few, 'lead')} on stored answers of which fewer than 10 differ: too few, counted and not listed."
        if of.n_too_few
        else ""
    )
    n = of.n_wins - len(of.z) - of.n_too_few
    weak = f"{formats.counted(n, 'weaker lead')} with a p above 5% before any adjustment are counted, not listed." if n > 0 else ""  # fmt: skip
    return f"{few} {weak}".strip()


def counts(of: Family, about: Sides, n_seen: int) -> str:
    """Who stands behind the rows that hold, how many hold under any dependence, how many are false: plain text."""
    if not of.n_holds:
        return ""
    n = formats.counted(n_seen, "pair on a benchmark", "pairs on a benchmark")
    parts = [
        f"{n[0].upper()}{n[1:]}: {_models('small', *about[:3])} over {_models('large', *about[3:])}",
        f"{formats.count(of.n_holds_any)} of the {formats.count(of.n_holds)} also hold under any dependence of the tests",
        f"at most about {formats.counted(round(of.n_false), 'false one')} to be expected among the {formats.count(of.n_holds)}",
        f"the smaller model scored higher in {_share(of.n_wins, of.n_tests)} of all comparisons",
    ]
    n_paired = int((of.answered[: of.n_holds] >= 0).sum())
    if n_paired:
        parts.append(
            f"{formats.count(n_paired)} of the {formats.count(of.n_holds)} tested on answers to the same questions"
        )
    return " · ".join(parts)


def p_value(p: float) -> str:
    """A p, adjusted or not: ``0.012``, ``< 10⁻⁶``."""
    if not p >= 1e-6:
        return "–" if p != p else "< 10⁻⁶"
    return f"{p:.2f}" if p >= 0.0995 else f"{p:.3f}" if p >= 0.001 else f"{p:.6f}"


def _models(side: str, n: int, n_families: int, n_without: int) -> str:
    named = f" of {formats.counted(n_families, 'base family', 'base families')}" if n_families else ""
    doubt = f" and {formats.count(n_without)} whose family is not stated" if named and n_without else ""
    return f"{formats.counted(n, f'{side} model')}{named}{doubt}"


def _times(ratio: float) -> str:
    return "twice" if ratio == 2 else f"{ratio:g} times"


def _share(n: int, of: int) -> str:
    """A share in percent, with a decimal below one percent."""
    return formats.score(n / of, 0 if n >= 0.1 * of or not n else 1)
