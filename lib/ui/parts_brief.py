"""The comparison brief, from the page that sets two models head to head."""

from __future__ import annotations

from functools import partial

import streamlit as st

from lib import formats
from lib.analysis.head_to_head_sides import Side
from lib.analysis.side_by_side_words import short
from lib.report.brief import Workload
from lib.ui import cached, downloads, reader, reports
from lib.ui.views.brief import brief_view


def brief(a: Side, b: Side, margin: str) -> None:
    """For somebody who has to decide: each in place of the other, on one page. Only of two models, for members."""
    if not a.model or not b.model or a.model == b.model or a.run_id is not None or b.run_id is not None:
        return
    if not reader.allows("share"):
        return
    frames, store, today = cached.frames(), cached.store(), cached.today()

    def made(used: Side, instead: Side) -> bytes:
        view = brief_view(
            frames, store, a=used.model, b=instead.model, margin=int(margin) / 100, work=Workload(), today=today
        )
        return reports.file([view], reports.provenance(frames)).content

    with st.popover("Decision brief", icon=":material/fact_check:"):
        st.markdown(
            "One page for whoever decides: the answer, verdicts, cost, how both were measured, what is not known."
        )
        for used, instead in ((a, b), (b, a)):
            st.download_button(
                formats.markdown(f"Can {short(used.name)} be replaced by {short(instead.name)}?", 120),
                data=partial(made, used, instead),
                file_name=f"pound-for-pound-{downloads.stem(f'{used.key} by {instead.key}')}.html",
                mime="text/html",
                key=f"brief-{used.key}",
                on_click="ignore",
                icon=":material/download:",
            )
