"""What is the smallest or cheapest model shown to be within a margin of another?"""

import streamlit as st

from lib.analysis.cheapest_choice import MONEY
from lib.ui import cached, controls, downloads, page
from lib.ui import parts_cheapest as parts
from lib.ui.views import cheapest, cheapest_tables
from lib.ui.views import cheapest_choice as choice

# Load
title, said, remarks = (st.container() for _ in range(3))
by = controls.size().by
known = cached.made(choice.references, community=st.query_params.get("community") == "true", by=by)
if not known.options:
    with title:
        page.heading(parts.QUESTION)
    page.nothing_yet("Here stands the smallest model shown to be within a margin of one that you choose.")
    st.stop()

# Filter
places = st.columns([5, 5.4, 3.6, 3.6, 3.6, 2.8], vertical_alignment="bottom")
with places[0]:
    like = controls.choice("like", "Held against", known.options, default=known.suggested)
offer = cached.made(choice.offer, like=like)
with places[1]:
    chosen = controls.several("bench", "Benchmarks", offer.options, default=offer.default, empty="choose some")
with places[2]:
    margins = choice.margins(st.query_params.get("margin"))
    margin = float(controls.choice("margin", "Within", margins, default=choice.DEFAULT_MARGIN))
with places[3]:
    least = controls.choice("least", "Look for the", choice.LEAST)
with places[4]:
    card = controls.choice("fits", "Fits on", parts.FITS)
more = parts.more(place := places[5].popover("More"), card, least)
benchmarks = cached.made(choice.benchmarks_of, like=like, chosen=tuple(chosen))
asked = {"like": like, "benchmarks": benchmarks, "community": more.limits.community}
with place:
    protocols = cached.made(choice.protocol_options, **asked)
    measured = controls.choice("measured", "Measured by", protocols) if protocols else ""
with remarks:
    parts.remarks(known.options, offer.remark)

# Figure
view = cached.made(
    cheapest.cheapest_view,
    like=like,
    benchmarks=benchmarks,
    measured=measured,
    margin=margin,
    least=least,
    by=by,
    limits=more.limits,
    is_average=more.is_average,
    prices=parts.prices(more.host) if least == MONEY else (),
    host=more.host,
    pairs=cached.made(choice.pairs, store=cached.store(), measured=measured, **asked),
)
with title:
    page.heading(view.question)
with said:
    parts.takeaway(view)
if view.figure is not None:
    page.figure(view.figure, key="cheapest", alt=view.alt, traces=view.marks, column=cheapest_tables.DECIDES)
    page.legend(view.legend, view.coverage)
    page.explain("cheapest", method=parts.METHOD)

# Tables and download
parts.lists(view)
downloads.buttons(view.rows, "cheapest", has_figure=view.figure is not None)
