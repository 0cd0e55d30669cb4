"""Parts of the page of the cheapest model that will do: limits, remarks, and the two lists."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import pandas as pd
import streamlit as st

from lib import formats
from lib.analysis.cheapest_choice import CARDS, MONEY, Limits
from lib.analysis.fits import LICENCE_CLASSES, Bits
from lib.analysis.listed_prices import CHEAPEST, MEDIAN, Host, Price
from lib.ui import cached, controls, page
from lib.ui.traces import Traces
from lib.ui.views import cheapest_choice
from lib.ui.views import side_by_side_choice as side
from lib.ui.views.cheapest import CheapestView

QUESTION = "What is the smallest model that will do?"
METHOD = (
    "**Verdicts.** For each candidate and benchmark the one-sided 95% bounds of the difference decide: *shown to be within "
    "the margin* when the lower one lies above minus the margin, *shown to be below* when the upper one lies under it, "
    "otherwise *too few questions to tell*. Where answers of both to the same questions are stored, Tango's score test "
    "decides; otherwise counts of right answers or standard errors, and pairing is ignored. Over several benchmarks a "
    "candidate passes only if it passes each.\n\n"
    "**Candidates** are all models smaller (or cheaper) than the reference, within the limits, with a score on every "
    "benchmark this way; they are fixed before any verdict. Disputed sizes and quantised variants are none. The sentence at "
    "the top is corrected for their number (Holm), so at most 5% of such sentences name a model that is worse by the margin "
    "or more.\n\n"
    "**The margin** is chosen before the scores are seen; another margin is another question. There is no verdict where the "
    "reference is not distinguishable from guessing.\n\n"
    "**Price** is the list price of a hosted model: three tokens in for each token out, the median over the hosts that list "
    "it now (or the cheapest of them, under *More*). A price that no list has shown for 90 days is not current, and its "
    "model is no candidate. What it costs to run a model oneself is not in it."
)
HOSTS = {MEDIAN: "their median price", CHEAPEST: "the cheapest one's price"}
FITS = {"": "any card", **{str(card): f"{card} GB" for card in CARDS}}


class More(NamedTuple):
    """The rarer choices: the limits, whether the mean over the benchmarks is judged, and whose price counts."""

    limits: Limits
    is_average: bool
    host: Host


def more(place: Any, card: str, least: str) -> More:
    """Limits on who may be named, in a popover; whose price counts only where money does."""
    with place:
        bits = controls.choice("bits", "Precision of the weights", side.BITS)
        context = controls.choice("context", "Tokens at once", side.CONTEXTS, default=side.DEFAULT_CONTEXT)
        licences = controls.several("terms", "Licence", LICENCE_CLASSES)
        shortest = controls.choice("window", "Context of at least", side.SHORTEST)
        community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
        is_average = controls.switch("average", "On average over the benchmarks", help="Instead of on each of them.")
        host = controls.choice("host", "Of several hosts", HOSTS) if least == MONEY else MEDIAN
    limits = Limits(
        int(card) if card else None,
        cast(Bits, int(bits)),
        int(context),
        tuple(licences),
        int(shortest) if shortest else None,
        community,
    )
    return More(limits, is_average, cast(Host, host))


def prices(host: Host) -> tuple[Price, ...]:
    """One list price per model, as of today."""
    return cached.stored(cheapest_choice.prices, today=cached.today(), host=host)


def remarks(known: dict[str, str], remark: str) -> None:
    """What the address names and the store lacks, and what the page left out by itself."""
    asked = st.query_params.get("like")
    if asked and asked not in known:
        told = f"“{formats.one_line(asked, 60)}” is not a model with scores here; this is the page's own choice."
        page.small_text(formats.markdown(told, 300))
    if remark and not st.query_params.get_all("bench"):
        page.small_text(formats.markdown(remark, 300))


def takeaway(view: CheapestView) -> None:
    """What is shown; where nothing can be asked, why."""
    if view.takeaway:
        page.takeaway([view.takeaway])
    else:
        page.nothing_left(view.coverage)


def lists(view: CheapestView) -> None:
    """Those that pass, ranked; the others apart, each with its reason."""
    passing, others = "Candidates shown to be within the margin", "Candidates that are not ranked, with the reason"
    if len(view.passing):
        page.part("Shown to be within the margin")
        _list(view, view.passing, view.passing_traces, "cheapest-passing", passing, can_compare=True)
    if view.family:
        page.small_text(formats.markdown(view.family, 500))
    if len(view.others):
        page.part("Not ranked")
        _list(view, view.others, view.others_traces, "cheapest-others", others)
    page.left_out(view.left_out)


def _list(
    view: CheapestView, rows: pd.DataFrame, traces: Traces, key: str, alt: str, *, can_compare: bool = False
) -> None:
    page.table(rows, key=key, alt=alt, labels=view.labels, traces=traces, can_compare=can_compare)
