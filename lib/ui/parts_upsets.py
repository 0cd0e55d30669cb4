"""Parts of the page of upsets: the filters, and a list of comparisons of which each leads to the two head to head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import streamlit as st

from lib import formats
from lib.analysis.upset_filters import Filters, Order
from lib.analysis.upset_words import READ
from lib.analysis.upsets import RATIOS
from lib.report.document import Table
from lib.ui import controls, downloads, links, origin, page, recorded
from lib.ui.views import upsets
from lib.ui.views.upsets import HEAD_TO_HEAD, LABELS, LINK, ListTable, Options, UpsetsView

QUESTION = "Where does small beat large?"
RATIO_OPTIONS = {f"{ratio:g}": f"{ratio:g}×" for ratio in RATIOS}
TUNING_OPTIONS = {
    "": "any",
    "base-base": "both base",
    "tuned-tuned": "both tuned",
    "base-tuned": "base beats tuned",
    "tuned-base": "tuned beats base",
}
ORDERS = {"lead": "largest lead", "ratio": "most times larger", "p": "smallest p"}
METHOD = (
    "**The family.** Every eligible pair of a smaller and a larger model on every benchmark of the set, measured one way; "
    "another ratio, set of benchmarks, protocol or set of models is another family with its own count. Filters only hide "
    "rows: nothing is adjusted anew, because choosing and adjusting again would be a choice by the result.\n\n"
    "**The test.** One-sided: the smaller model is not better. z is the difference over the root of the sum of both "
    "squared standard errors; with fewer than 300 right-or-wrong questions on a side the error is pooled. Where "
    "the answers of both to the same questions are stored, the paired test takes its place: McNemar's one-sided mid-p for "
    "right and wrong, the paired t otherwise, and for a group of tasks the answers to its parts, weighed as its score is. A "
    "pair that answers fewer than 10 questions differently is counted and not listed. Column *Tested* says it row by row; "
    "everything else ignores pairing, because most sources do not give single answers. Standard errors of a board's columns are "
    "those that the makeup of the column allows, mostly upper bounds.\n\n"
    "**Holds** means that the p-value, adjusted after Benjamini and Hochberg (1995) over the whole family, is at most 5%: "
    "of those that hold at most about 5% are false on average. Benjamini and Yekutieli (2001) stands beside it and holds under "
    "any dependence of the tests. A lead that does not hold is *not shown*; that does not make the two alike.\n\n"
    "**At least** is a one-sided lower bound, corrected for the selection (false coverage rate, Benjamini and "
    "Yekutieli 2005); it is above 0 exactly where the lead holds.\n\n"
    "**Not eligible**, and counted below: disputed or unknown sizes, quantised or converted weights, repeats of the same "
    "weights, unfinished states of training, scores without a standard error above 0."
)


def filters(options: Options, places: Mapping[str, Any]) -> tuple[Filters, Order]:
    """What hides rows, and their order.

    Args:
        options: What there is to choose.
        places: Where the controls stand: families, search, more.
    """
    with places["families"]:
        families = controls.several("family", "Families", options.families)
    with places["search"]:
        search = controls.search()
    with places["more"]:
        tuning = controls.choice("tuning", "Base or tuned", TUNING_OPTIONS)
        categories = controls.several("category", "Category of the benchmark", options.categories)
        classes = controls.size_classes()
        years = controls.years(*options.years) if options.years else None
        order = controls.choice("order", "Order of the lists", ORDERS)
    # The whole range is no filter: it would hide the undated.
    years = None if years == options.years else years
    chosen = Filters(tuple(families), years, tuning, tuple(categories), tuple(classes), search)
    return chosen, cast(Order, order)


def lists(view: UpsetsView) -> None:
    """The two lists with their downloads, what stands beside them, and what was left out."""
    page.small_text(f"**Read with care.** {READ}")
    page.part("Holds at 5% false discoveries")
    _list(view.holds, "holds", "No lead of a smaller model holds here.")
    page.part("Leads, not shown")
    _list(view.leads, "leads", "There are no further leads here.", view.unlisted)
    page.left_out(view.left_out)


def _list(of: ListTable, key: str, nothing: str, note: str = "") -> None:
    """One list: the table, the card of a chosen cell with the way to the two head to head, the download."""
    if not of.n:
        page.small_text(f"{nothing} {formats.markdown(note, 300)}".strip())
        return
    told = [f"{formats.count(len(of.table))} of {formats.count(of.n)} rows"] if of.n > len(of.table) else []
    told = [f"{told[0]}; the download has {formats.count(min(of.n, upsets.TAKEN))}"] if told else []
    told += [note] if note else []
    rows = of.table if _has_head_to_head() else of.table.drop(columns=LINK)
    config = page.columns(rows, LABELS)
    if LINK in rows:
        config[LINK] = st.column_config.LinkColumn(LABELS[LINK], display_text="Head to head →", width="small")
    recorded.note(Table(of.table.drop(columns=LINK), LABELS, "Comparisons, one a row"), of.traces)
    st.dataframe(
        rows,
        key=f"upsets-{key}",
        alt=f"Comparisons in which the smaller model's lead {'holds' if key == 'holds' else 'is not shown'}",
        hide_index=True,
        placeholder="–",
        column_config=config,
        on_select=origin.on_choice(f"upsets-{key}", of.traces),
        selection_mode="single-cell",
    )
    chosen = origin.chosen_cell(f"upsets-{key}", of.traces, rows)
    if chosen is not None:
        shown = "" if chosen.column in ("small", "large", LINK) else str(rows[chosen.column].iloc[chosen.row]).strip()
        origin.card(f"upsets-{key}", chosen.trace, LABELS.get(chosen.column, "Times larger"), shown)
        _to_head_to_head(*of.pairs[chosen.row])
    else:
        told.append(origin.HINT)
    if told:
        with recorded.unnoted():
            page.small_text(formats.markdown(". ".join(one.rstrip(".") for one in told) + ".", 500))
    downloads.buttons(of.rows, f"upsets-{key}")


def _has_head_to_head() -> bool:
    return bool(links.title(HEAD_TO_HEAD))


def _to_head_to_head(small: str, large: str) -> None:
    """The way to the page that holds the two against each other, where that page exists."""
    if _has_head_to_head():
        links.link(HEAD_TO_HEAD, ":blue[These two head to head →]", {"a": small, "b": large})
    else:
        links.link("side-by-side", ":blue[These two side by side →]", {"models": [small, large]})


def counted(view: UpsetsView) -> None:
    """Who stands behind the rows that hold, and how many of them may be false."""
    if view.counts:
        page.small_text(formats.markdown(view.counts, 600))
