"""What do quantised, tuned and distilled versions of one base change, and do tuned small models catch large base ones?"""

import streamlit as st

from lib import formats
from lib.ui import cached, controls, downloads, links, page
from lib.ui import parts_variants as parts
from lib.ui.views import scores, tuned, variants

# Load
title, said = st.container(), st.container()
options = cached.made(variants.bases)
if not options:
    with title:
        page.heading(parts.QUESTION)
    page.nothing_yet("Here stand base models with what was made of them: fewer bits, tuning, distillation.")
    st.stop()

# One base
names = cached.frames().models["name"]
asked = st.query_params.get("base")
if asked and asked not in options and asked in names.index:
    options = {**options, asked: str(names[asked])}
base = controls.choice("base", "Base model", options, default=cached.made(variants.suggested))
if asked and asked not in options:
    page.small_text(formats.markdown(f"“{formats.one_line(asked, 60)}” is not in the store.", 200))
own = cached.made(variants.lineage_view, base=base, printed_in=parts.printed_in())
with title:
    page.heading(own.question)
with said:
    page.takeaway([own.takeaway])
if own.parent[0]:
    links.link("variants", f":blue[Itself made from {formats.markdown(own.parent[1], 60)} →]", {"base": own.parent[0]})
parts.ladder(own)
parts.evidence(own)
downloads.buttons(own.rows, "variants", has_figure=own.drawn.figure is not None)

# All pairs
page.part("Do tuned small models catch large base ones?")
sets = cached.made(scores.benchmark_sets)
size = controls.size()
left, right = st.columns([5, 6], vertical_alignment="bottom")
with left:
    chosen_set = controls.choice("set", "Benchmarks", sets) if sets else ""
with right:
    protocols = cached.made(scores.protocol_options, benchmarks=scores.members(chosen_set)) if sets else {}
    measured = controls.choice("measured", "Measured by", protocols) if protocols else ""
view = cached.made(tuned.tuned_view, chosen_set=chosen_set, protocol=measured, by=size.by, threshold=size.threshold)
parts.tuned(view)
downloads.buttons(view.rows, "tuned-and-base", has_figure=view.figure is not None)
