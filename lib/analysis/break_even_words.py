"""What a comparison of both bills says: money, where it turns, and whether the quality is shown."""

from __future__ import annotations

from lib import formats
from lib.analysis import rounding
from lib.analysis.break_even_plan import Plan, Workload
from lib.analysis.cheapest import PASS
from lib.analysis.listed_prices import Price
from lib.analysis.one_pair import Quality
from lib.analysis.side_by_side_words import short
from lib.schema.text import Sentence, Span, sentence


def takeaway(
    found: Plan, work: Workload, quality: Quality, price: Price, small: str, large: str, on: str
) -> list[Sentence]:
    """Both bills with the date of the price, where they cross, and the verdict on quality.

    Args:
        small, large: Names.
        on: ``one NVIDIA H100``.
    """
    return [_bills(found, work, price, small, large, on), _turns(found, work), _quality(found, quality, small)]


def price_words(price: Price) -> str:
    """``list price seen on 20 Nov 2026, median of 8 hosts``; with its age where it is old, as the reader's where it is."""
    if price.is_own:
        return "your own price"
    hosts = f", {f'median of {formats.count(price.n_hosts)} hosts' if price.n_hosts > 1 else 'one host'}"
    seen = f"list price seen on {formats.date(price.seen_on)}" if price.seen_on else "list price of unknown date"
    if price.is_current:
        return f"{seen}{hosts}"
    age = f"{formats.count(price.age_days)} days ago" if formats.known(price.age_days) else "nobody knows when"
    return f"{seen}, {age}, so perhaps not current{hosts}"


def _bills(found: Plan, work: Workload, price: Price, small: str, large: str, on: str) -> Sentence:
    bill = found.bill
    api, own = float(bill.api_usd_per_month), float(bill.own_usd_per_month)
    cheaper = "less" if own < api else "more"
    band = rounding.span(found.own_low, found.own_high, rounding.usd)
    return sentence(
        f"{formats.tokens_in_words(work.requests).capitalize()} requests a month cost ",
        Span(rounding.usd(api), "large"),
        f" through the interface of {short(large)} ({price_words(price)}) and ",
        Span(rounding.usd(own), "small"),
        f" with {short(small)} on {formats.counted(bill.replicas, 'replica')} of {on}",
        f" ({band})" if band else "",
        f": {cheaper} by ",
        Span(rounding.usd(abs(own - api)), "strong"),
        ". ",
    )


def _turns(found: Plan, work: Workload) -> Sentence:
    is_own = bool(found.bill.is_own_cheaper)
    if not found.flips:
        per = rounding.usd(found.usd_per_request * 1000)
        if is_own:
            return sentence("It stays the cheaper side at every volume that was looked at. ")
        return sentence(f"At {per} per thousand requests the interface is cheaper at every volume that was looked at. ")
    first = found.flips[0]
    parts: list[str | Span] = [
        "Serving it yourself becomes cheaper at ",
        Span(rounding.count(first), "strong"),
        " requests a month",
    ]
    if len(found.flips) > 1:
        parts.append(
            f"; the cheaper side changes {formats.counted(len(found.flips), 'time')} in all, as each further replica begins"
        )
    return sentence(*parts, ". ")


def _quality(found: Plan, quality: Quality, small: str) -> Sentence:
    if quality.verdict == PASS:
        return sentence(f"{short(small)} ", Span(quality.words, "strong"), ". ")
    return sentence(
        f"{short(small)} ",
        Span(quality.words, "strong"),
        ", so this compares money only. " if quality.verdict else ". ",
    )


def own_interface(found: Plan, work: Workload, price: Price, small: str) -> Sentence:
    """What the small model costs through an interface, where that is less than both bills; nothing otherwise."""
    month = price.usd * (work.input_tokens + work.output_tokens) / 1e6 * work.requests
    if not month < min(float(found.bill.api_usd_per_month), float(found.bill.own_usd_per_month)):
        return sentence("")
    return sentence(
        f"Less than both: {short(small)} through an interface, ",
        Span(rounding.usd(month), "strong"),
        f" a month ({price_words(price)}). ",
    )


def levers(found: Plan, work: Workload) -> list[tuple[str, str]]:
    """What would turn the answer at the reader's volume: (lever, in words)."""
    is_own = bool(found.bill.is_own_cheaper)
    volume = ", ".join(rounding.count(one) for one in found.flips[:4]) or "at no volume that was looked at"
    needed = found.utilisation_needed
    filled = (
        f"at least {formats.score(needed, 0)} of paid time filled"
        if formats.known(needed)
        else "not even with all of the time filled"
    )
    below = found.usd_per_hour_below
    hourly = f"below {formats.usd(below)} a device-hour" if formats.known(below) else "at no price of a device-hour"
    factor = found.price_factor
    api = f"above {formats.ratio(factor)} its price" if formats.known(factor) else "at no price of the interface"
    return [
        ("Volume: the cheaper side changes at (requests a month)", volume),
        ("Utilisation: own hardware is cheaper with", filled),
        ("Price of hardware: own hardware is cheaper", hourly),
        ("Price of the interface: own hardware is cheaper", api),
        ("Now", "own hardware is cheaper" if is_own else "the interface is cheaper"),
    ]
