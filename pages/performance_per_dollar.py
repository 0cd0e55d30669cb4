"""What does quality cost? Scores against prices and other costs, with the frontier and the reader's target."""

import streamlit as st

from lib.analysis.cost_words import QUESTION
from lib.ui import cached, controls, downloads, fields, page
from lib.ui import parts_performance as parts
from lib.ui.views import performance_choice as choice
from lib.ui.views import performance_per_dollar as performance
from lib.ui.views import scores

page.heading(QUESTION)

# Load
sets = cached.made(choice.sets)
if not sets:
    page.nothing_yet("Here stand scores against what they cost.")
    st.stop()

# Filter
said = st.container()
size = controls.size()
places = st.columns([5, 4.4, 3.6, 3.2, 2.8], vertical_alignment="bottom")
with places[0]:
    chosen_set = controls.choice("set", "Benchmark", sets)
with places[1]:
    basis = controls.choice("cost", "Cost", cached.made(choice.bases))
more = parts.more(place := places[4].popover("More"), basis)
with place:
    asked = {"benchmarks": scores.members(chosen_set), "community": more.filters.community}
    protocols = cached.made(scores.protocol_options, **asked)
    protocol = controls.choice("protocol", "Protocol", protocols) if protocols else ""
with places[2]:
    blend = parts.blend(basis, more)
    filters = more.filters._replace(hardware=parts.hardware(basis) or more.filters.hardware)
with place:
    price = parts.own_price(basis, filters.hardware)
    filters = filters._replace(usd_per_hour=price.value)
with places[3]:
    target = parts.target(chosen_set, protocol, more.filters.community)

if price.problem:
    fields.not_yet([price.problem])
    st.stop()

# Figure
view = cached.made(
    performance.performance_view,
    chosen_set=chosen_set,
    protocol=protocol,
    basis=basis,
    blend=blend,
    host=more.host,
    target=target,
    by=size.by,
    threshold=size.threshold,
    filters=filters,
    prices=parts.prices(chosen_set, basis, blend, more.host),
)
with said:
    page.takeaway([view.takeaway])
parts.remark(view, chosen_set, basis)
if view.figure is not None:
    page.figure(view.figure, key="performance-per-dollar", alt=view.alt, traces=view.traces)
    page.legend(view.legend, view.coverage)
    page.explain("performance_per_dollar", method=parts.METHOD)

# Table and download
parts.table(view)
downloads.buttons(view.rows, "performance-per-dollar", has_figure=view.figure is not None)
