"""Where does small beat large? Every smaller model against every larger one, with the false discoveries controlled."""

import streamlit as st

from lib.ui import cached, controls, page
from lib.ui import parts_upsets as parts
from lib.ui.views import scores, upsets

page.heading(parts.QUESTION)

# Load
sets = cached.made(scores.benchmark_sets)
if not sets:
    page.nothing_yet("Here stands where a smaller model beats a larger one, beyond what chance would do.")
    st.stop()

# Choose what is tested
said = st.container()
places = st.columns([7, 7, 3, 3.4, 3.4, 3], vertical_alignment="bottom")
more = places[5].popover("More")
with more:
    told = "Known only from a board or own files. Another family of comparisons."
    community = controls.switch("community", "Community models, too", help=told)
with places[0]:
    chosen_set = controls.choice("set", "Benchmarks", sets)
with places[1]:
    protocols = cached.made(scores.protocol_options, benchmarks=scores.members(chosen_set), community=community)
    protocol = controls.choice("protocol", "Protocol", protocols) if protocols else ""
with places[2]:
    ratio = float(controls.choice("ratio", "Larger by", parts.RATIO_OPTIONS))
tested = {"store": cached.store(), "chosen_set": chosen_set, "protocol": protocol}
tested |= {"by": controls.size().by, "community": community}

# Test, once for every revision of the store; then filter
with said, st.spinner("Testing every smaller model against every larger one. This takes some seconds, once."):
    options = cached.made(upsets.filter_options, **tested)
filters, order = parts.filters(options, {"families": places[3], "search": places[4], "more": more})
view = cached.made(upsets.upsets_view, **tested, ratio=ratio, filters=filters, order=order)

# Figure
with said:
    page.takeaway([view.takeaway])
if view.figure is None:
    page.nothing_left("No comparison is left to show. Take a filter away, or choose other benchmarks or another ratio.")
else:
    page.figure(view.figure, key="upsets", alt=view.alt, traces=view.marks)
page.legend(view.legend, view.coverage)
parts.counted(view)
if view.figure is not None:
    page.explain("upsets", method=parts.METHOD)

# Lists and downloads
parts.lists(view)
