"""Parts of the page of variants: the ladder with its evidence, and tuned against base models."""

from __future__ import annotations

import streamlit as st

from lib.store.details import source_named
from lib.ui import cached, page
from lib.ui.traces import Traces
from lib.ui.views import variants as views
from lib.ui.views.variants import LineageView, TunedView

QUESTION = "What do smaller and tuned versions of a model change?"
METHOD = (
    "**Pairs.** A tuned model and the model that the catalogue says it was tuned from, both with a score on every benchmark "
    "under one protocol. z test of two standard errors, pairing ignored; a difference is *shown* when it holds at 5% false "
    "discoveries (Benjamini-Hochberg) over all pairs of the figure.\n\n"
    "**Catching up.** Every small model, tuned or base, against every larger base model of at least twice its size: "
    "one-sided, 5% false discoveries over all of these comparisons. A model counts once however many it is above. Selection "
    "makes the gaps shown too large, and tuned models are newer than the base models that they are held against."
)
ABOUT_MEMORY = (
    "Memory is that of the weights alone at 16, 8.5 and 4.89 bits a weight (scales included); the cache comes on top. "
    "Verdicts of a step: Holm's correction over its benchmarks, pairing ignored; not shown is not equal."
)


def ladder(view: LineageView) -> None:
    """The ladder, the evidence behind it, and the commands that would give what is missing."""
    st.subheader("The ladder", anchor=False)
    page.table(view.ladder, key="variants-ladder", alt="The base and what was made of it", labels=views.LADDER, traces=view.ladder_traces)  # fmt: skip
    page.small_text(ABOUT_MEMORY)
    if len(view.steps):
        st.subheader("Tuned steps, benchmark by benchmark", anchor=False)
        page.table(view.steps, key="variants-steps", alt="Differences of each step from the base", labels=views.STEPS, traces=view.steps_traces)  # fmt: skip
    if len(view.bits):
        st.subheader("Fewer bits, as printed", anchor=False)
        source = cached.stored(source_named, name=views.PRINTED_IN)
        n = len(view.bits)
        traces = Traces([view.base] * n, sources=[str(source["digest"])[:12]] * n) if source is not None else None
        alt = "Printed scores at fewer bits against 16"
        page.table(view.bits, key="variants-bits", alt=alt, labels=views.BITS, traces=traces)
        page.small_text("Each row is held against the 16-bit row of the same table; tables do not say every condition.")
    if view.commands:
        with st.expander("No quality evidence: what would measure it"):
            st.code("\n".join(view.commands), language=None, wrap_lines=True)
            page.small_text("Run lm-eval with these on the model and its base alike, then import what it writes.")


def tuned(view: TunedView) -> None:
    """Sentence, figure and table of all pairs."""
    st.markdown(page.markdown(view.takeaway))
    if view.figure is not None:
        page.figure(view.figure, key="tuned-vs-base", alt=view.alt, traces=view.traces, column="score:delta")
        page.legend(view.legend, view.coverage)
        page.explain("tuned_vs_base", method=METHOD)
    if len(view.table):
        page.table(view.table, key="variants-pairs", alt="Tuned models against their bases", labels=views.PAIRS, traces=view.traces)  # fmt: skip
    page.left_out(view.left_out)
