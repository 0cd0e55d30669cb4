"""What is known about one model: facts, place on the plane of training, every score, neighbours, prices, runs."""

import streamlit as st

from lib.ui import cached, controls, page, parts_model, parts_prices
from lib.ui.views import model

asked = str(st.query_params.get("model", ""))
frames = cached.frames()

if asked not in frames.models.index:
    page.heading("What is known about this model?" if asked else "Which model?")
    if frames.counts["n_models"]:
        parts_model.not_found(asked)
    else:
        page.nothing_yet("Here stands everything that is known about one model.")
    st.stop()

# Head
head = cached.made(model.head_view, model=asked, by=controls.size().by)
page.heading(f"What is known about {head.name}?")
page.takeaway([head.takeaway])

# Parts
parts_model.facts(asked, head)
parts_model.place(head)
parts_model.scores(asked)
parts_model.disagreements(asked)
parts_model.neighbours(asked)
parts_prices.prices(asked)
parts_model.checkpoints(asked)
parts_model.runs(asked)
