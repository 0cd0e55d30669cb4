"""Parts of the page of variants: the ladder with its evidence, and tuned against base models."""

from __future__ import annotations

import streamlit as st

from lib import formats
from lib.store.details import source_named
from lib.ui import cached, links, page
from lib.ui.views import tuned as tuned_view
from lib.ui.views import variant_ladder as ladder_view
from lib.ui.views import variants as views
from lib.ui.views.evaluate_form import address_of
from lib.ui.views.tuned import TunedView
from lib.ui.views.variants import LineageView

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
    "Memory is that of the weights alone, with the scales of the format; the cache comes on top. A format that is not named "
    "takes at least its nominal bits. The mean is over the benchmarks of the row and stands only where they agree."
)
ABOUT_STEPS = (
    "**A mark** is a benchmark that the step and the base both have: measured under one protocol, or printed in one table. "
    "Better or worse after Holm's correction over the benchmarks of the step, pairing ignored; not shown does not mean that "
    "there is no difference.\n\n"
    "**The mean** is over the benchmarks, metrics of the same questions counted as one; it is drawn unless Cochran's Q shows "
    "at 5% that the benchmarks disagree. Its verdict is after Holm's correction over the rows with an interval.\n\n"
    "**Memory** of named formats: bits per weight as llama.cpp states them for Llama 3.1 8B; other formats and adapters take "
    "at least what is shown."
)


def printed_in() -> str:
    """Digest of the stored table of scores at fewer bits; '' without it."""
    source = cached.stored(source_named, name=views.PRINTED_IN)
    return "" if source is None else str(source["digest"])


def ladder(view: LineageView) -> None:
    """The ladder as a figure and a table."""
    if view.drawn.figure is not None:
        drawn = view.drawn
        page.figure(drawn.figure, key="variant-ladder", alt=drawn.alt, traces=view.ladder_traces, column="memory")
        page.legend(drawn.legend, drawn.coverage)
        page.explain("variant_ladder", method=ABOUT_STEPS)
    page.part("The ladder")
    page.table(
        view.ladder,
        key="variants-ladder",
        alt="The base and what was made of it",
        labels={**ladder_view.LABELS},
        traces=view.ladder_traces,
    )
    page.small_text(ABOUT_MEMORY)


def evidence(view: LineageView) -> None:
    """What the ladder rests on, and the commands that would give what is missing."""
    if len(view.steps):
        page.part("Tuned steps, benchmark by benchmark")
        page.table(
            view.steps,
            key="variants-steps",
            alt="Differences of each step from the base",
            labels=views.STEPS,
            traces=view.steps_traces,
        )
    if len(view.bits):
        page.part("Fewer bits, as printed")
        page.table(
            view.bits,
            key="variants-bits",
            alt="Printed scores at fewer bits against 16",
            labels=views.BITS,
            traces=view.bits_traces,
        )
        page.small_text(
            "Each row is held against the 16-bit row of the same table, or of the same archive of runs; tables do not say "
            "every condition."
        )
    if view.missing:
        with st.expander("No quality evidence: what would measure it"):
            for one in view.missing:
                if one.job is None:
                    continue
                words = f":blue[Measure {formats.markdown(one.words, 80)} here →]"
                links.link("evaluate", words, address_of(one.job))
            page.code("\n".join(one.command for one in view.missing))
            page.small_text("Run lm-eval with these on the model and its base alike, then import what it writes.")


def tuned(view: TunedView) -> None:
    """Sentence, figure and table of all pairs."""
    page.say(page.markdown(view.takeaway))
    if view.figure is not None:
        page.figure(view.figure, key="tuned-vs-base", alt=view.alt, traces=view.traces, column="score:delta")
        page.legend(view.legend, view.coverage)
        page.explain("tuned_vs_base", method=METHOD)
    if len(view.table):
        page.table(
            view.table,
            key="variants-pairs",
            alt="Tuned models against their bases",
            labels=tuned_view.PAIRS,
            traces=view.traces,
        )
    page.left_out(view.left_out)
