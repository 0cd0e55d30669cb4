"""Parts of the Benchmark page: the list of benchmarks, facts, known faults, other protocols, versions and parts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from lib import formats
from lib.report.document import Table
from lib.store.details import source_named
from lib.ui import cached, links, origin, page
from lib.ui.recorded import note
from lib.ui.views import benchmark_index
from lib.ui.views.benchmark import BenchmarkView, Protocols
from lib.ui.views.benchmark_about import NOTES, AboutView, Note, Versions

NAME, PROTOCOL = "benchmark", "measured"
LINKED_PROTOCOLS = 6
NO_FAULT = "No fault is recorded here; that is not a clean bill of health."
METHOD = (
    "**How full it is.** A model reaches the ceiling when its 95% interval does. It cannot be told from the best when "
    "the 95% interval of their difference contains 0: from the two standard errors where both have 300 questions or more "
    "and lie between 5% and 95%, else from the two Wilson intervals (Newcombe 1998, Statistics in Medicine 17:873-890, "
    "method 10). Pairing is ignored, each model is judged by itself, and nothing is adjusted for their number. The best of many is partly the "
    "luckiest of many, so fewer would be told from the truly best. It is not shown to be above guessing when "
    "z = (p − c)/√(c(1 − c)/n) is below 1.645. No score is judged without an interval."
)
VERSION_NOTE = (
    "Two versions are never put into one comparison unless the rule says so; differences are told for models that both "
    "measured, second minus first."
)


def index(looked_for: str = "") -> None:
    """All benchmarks: the best known as links, all in a table whose rows lead to their pages.

    Args:
        looked_for: A name from the address that is no benchmark's; plain text.
    """
    if looked_for:
        page.heading(f"Which benchmark is “{formats.one_line(looked_for, 60)}”?")
        page.say("Nothing in this store is called so. It may be spelled in another way, or not be measured here yet.")
        if found := cached.made(benchmark_index.meant, name=looked_for[:80]):
            _linked("Did you mean", found)
        links.link("search", ":blue[Search models, benchmarks and runs for it →]", {"words": looked_for[:80]})
    else:
        page.heading("Which benchmarks are there?")
    words = (st.text_input("Part of a name", key="name", bind="query-params", max_chars=80) or "").strip()
    view = cached.made(benchmark_index.index_view, words=words)
    if not looked_for:
        page.takeaway([view.takeaway])
    if view.best_known and not words:
        _linked("Most measured", view.best_known)
    if view.table.empty:
        page.nothing_left("No benchmark has all of these words in its name. Try fewer of them.")
        return
    page.small_text("Choose a row to open the page of its benchmark.")
    _opening(
        view.table,
        view.names,
        key="benchmarks",
        alt="Benchmarks with their questions, models and results",
        address=NAME,
        labels={"category": "Measures", "n_protocols": "Protocols"},
    )
    if view.n_hidden:
        page.small_text(
            f"{formats.count(view.n_hidden)} parts of benchmarks and benchmarks without results are found by their names."
        )


def words(about: AboutView) -> None:
    """What it asks, for somebody who has never heard of it, and its line of facts."""
    if about.words is not None:
        told, whole = formats.markdown(about.words.words, 400), formats.markdown(about.words.of, 80)
        of = f"{whole} as a whole: " if whole else ""
        page.say(f"{of}{told} :small[{formats.web_link(about.words.source_url, about.words.source_title, 160)}]")
    page.small_text(about.summary)


def facts(about: AboutView) -> None:
    """What the catalogue says, a line each, and where it says so."""
    page.part("What it measures")
    lines = [f"- **{label}:** {formats.markdown(text, 400)}" for label, text in about.facts]
    page.say("\n".join(lines))
    with st.container(horizontal=True, vertical_alignment="center"):
        if about.whole[0]:
            links.to_benchmark(about.whole[0], f"All about {about.whole[1]} →")
        _file("facts", about.file, "From the catalogue")
    if len(about.parts):
        with st.expander(f"{formats.counted(len(about.parts), 'part')}: subjects, languages or editions"):
            page.small_text("Choose a row to open the page of that part.")
            _opening(
                about.parts,
                about.part_names,
                key="parts",
                alt=f"Parts of {about.label}",
                address=NAME,
                labels={"benchmark": "Part"},
            )


def faults(notes: Sequence[Note]) -> None:
    """Known faults with their sources."""
    page.part("Known faults")
    if not notes:
        page.say(NO_FAULT)
        return
    page.say("\n".join(_fault(note) for note in notes))
    _file("notes", f"catalogue/{NOTES}.csv", "All recorded faults")


def how_full(view: BenchmarkView, link_to: dict[str, str]) -> None:
    """Saturation and empty cells."""
    page.part("How full it is")
    if view.how_full:
        page.say("\n".join(f"- {page.markdown(one)}" for one in view.how_full))
    if view.with_intervals is not None:
        key, words = view.with_intervals
        links.link(
            "benchmark",
            f":blue[{formats.markdown(f'Widest protocol with intervals: {words} →', 160)}]",
            {**link_to, PROTOCOL: key},
        )
    if view.empty_cells is not None:
        page.say(f":small[**Empty cells.** {page.markdown(view.empty_cells)}]")


def why_empty(known: Protocols, *, community: bool) -> str:
    """Why no model is shown, and what to do."""
    if known.n_community and not community:
        models = formats.counted(known.n_community, "community model")
        return f"Only {models} have scores here. Switch on “Community models, too” under “More” to see them."
    return "No finished model has a score here that could be shown: see below what there is."


def other_protocols(known: Protocols, shown: str, link_to: dict[str, str]) -> None:
    """The widest others as links, all of them in a table; nothing of them is in the figure."""
    others = [key for key in known.keys if key != shown]
    if not others:
        return
    page.part(f"{formats.counted(len(others), 'other protocol')}")
    page.say(":small[Scores under different protocols do not compare, so each is shown by itself. The widest:]")
    with st.container(gap="xxsmall"):
        for key in others[:LINKED_PROTOCOLS]:
            links.link("benchmark", f":blue[{formats.markdown(known.options[key], 160)}]", {**link_to, PROTOCOL: key})
    with st.expander(f"All {formats.counted(len(known.keys), 'protocol')}"):
        page.small_text("Choose a row to see its scores.")
        labels = {"what": "Measured", "whom": "By whom", "cautions": "Cautions"}
        _opening(
            known.table, known.keys, key="protocols", alt="Protocols of this benchmark", address=PROTOCOL, labels=labels
        )


def versions(found: Versions, label: str) -> None:
    """Versions of the task in evaluators that write result files, and what compares."""
    page.part("Versions across lm-eval generations")
    if found.table.empty:
        page.say(
            f"No full lm-eval run of {formats.markdown(label)} is in this store; what it has comes from boards and documents."
        )
        return
    labels = {"harness": "Version of the evaluator", "version": "Task version", "measures": "Metrics"}
    page.table(found.table, key="versions", alt=f"Versions of {label}", labels=labels, traces=found.traces)
    if found.pairs.empty:
        return
    common = "No model here was measured under two of them." if not found.n_common else ""
    page.say(f":small[{VERSION_NOTE} {common}]")
    labels = {"first": "First", "second": "Second", "verdict": "By the rule", "reasons": "Why", "median": "Median difference", "largest": "Largest difference"}  # fmt: skip
    shown = found.pairs if found.n_common else found.pairs.drop(columns=["median", "largest"])
    page.table(
        shown, key="version-pairs", alt=f"Versions of {label}, two at a time", labels=labels, traces=found.pair_traces
    )


def _fault(note: Note) -> str:
    where = f" (of {formats.markdown(note.of)} as a whole)" if note.of else ""
    source = formats.web_link(note.source_url, note.source_title)
    dated = f", {formats.markdown(note.source_date)}" if note.source_date else ""
    checked = f"; checked {formats.date(note.checked_on)}" if note.checked_on else ""
    return f"- **{formats.markdown(note.kind)}**{where}: {formats.markdown(note.statement, 500)} :small[:gray[{source}{dated}{checked}]]"


def _linked(words: str, benchmarks: Sequence[tuple[str, str]]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        page.say(f"**{words}**")
        for name, label in benchmarks:
            links.to_benchmark(name, label)


def _file(key: str, name: str | None, words: str) -> None:
    """The stored file behind a section, untouched."""
    row = cached.stored(source_named, name=name) if name else None
    if row is not None:
        origin.raw_button(f"benchmark-{key}", row, f"{words}: {name}")


def _opening(
    rows: pd.DataFrame, values: Sequence[str], *, key: str, alt: str, address: str, labels: dict[str, str]
) -> None:
    """A table whose rows lead on: choosing one writes its value into the address.

    Args:
        values: Of each row, for the parameter ``address``.
    """

    def chosen() -> None:
        picked = st.session_state[key]["selection"]["rows"]
        if picked and picked[0] < len(values):
            if address == NAME:
                st.query_params.clear()
            st.query_params[address] = values[picked[0]]

    note(Table(rows, labels, alt))
    st.dataframe(
        rows,
        key=key,
        alt=alt,
        hide_index=True,
        placeholder="–",
        column_config=page.columns(rows, labels),
        on_select=chosen,
        selection_mode="single-row",
    )
