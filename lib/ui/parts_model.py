"""The parts of a model's page, top to bottom. What they show is made in ``lib.ui.views``."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import formats
from lib.store.details import source_named
from lib.store.model_prices import aliases_of
from lib.store.withdrawn import sources_with_model
from lib.ui import cached, controls, data_stored, downloads, links, page, parts_hub
from lib.ui.views import model, model_beside, model_facts, model_results, model_runs
from lib.ui.views.evaluate_form import address_of_model

CATALOGUE_FILE = "catalogue/models.csv"
WITHDRAWN_SHOWN = 8
TALL = 420
ROW_PX = 35


def height(rows: pd.DataFrame, most: int = 2000) -> int:
    """Pixels that show every row, up to ``most``: a part in the middle of a page should not scroll without need."""
    return min(ROW_PX * (len(rows) + 1) + 3, most)


def not_found(asked: str) -> None:
    """For an address that names no model: what was looked for, and how to find one."""
    if not asked:
        page.nothing_left("The address names no model. Search for one beside the page, or choose one in the list.")
        links.link("models", ":blue[All models →]")
        return
    gone = cached.stored(sources_with_model, model=asked)
    if len(gone):
        _withdrawn(asked, gone)
        return
    page.nothing_left(f"No model has the id “{formats.one_line(asked, 120)}”.")
    near = cached.made(model.near_names, asked=asked[:200])
    if near:
        page.say("Names that are spelled nearly like it:")
        with st.container(gap="xxsmall"):
            for one, name in near:
                links.to_model(one, name if name == one else f"{name} · {one}")
    links.link("search", ":blue[Search for its words →]", {"words": asked[:80]})
    links.link("models", ":blue[All models →]")


def _withdrawn(asked: str, sources: pd.DataFrame) -> None:
    """For a model that only withdrawn files hold: when that was, and where it can be brought back."""
    at = formats.date(sources["withdrawn_at"].max())
    files = "the file that held it" if len(sources) == 1 else f"all {formats.count(len(sources))} files that held it"
    page.nothing_left(
        f"“{formats.one_line(asked, 120)}” was withdrawn on {at}, with {files}. Nothing is deleted, and nothing of it is on a page."
    )
    with st.container(gap="xxsmall"):
        for row in sources.head(WITHDRAWN_SHOWN).to_dict("records"):
            links.to_source(str(row["digest"]), f"{row['name']}, withdrawn on {formats.date(row['withdrawn_at'])} →")
    if data_stored.is_local():
        page.small_text("The page of a file can restore it.")


def facts(chosen: str, head: model.HeadView) -> None:
    """Who it is, its relatives, how it is made, and apart from these what is only rumoured."""
    page.part("Facts")
    row = cached.stored(source_named, name=CATALOGUE_FILE)
    is_community = cached.frames().models["origin"][chosen] == "community"
    digest = str(row["digest"]) if row is not None and not is_community else ""
    view = cached.made(model_facts.facts_view, model=chosen, source=digest)
    page.table(
        view.identity,
        key="model-facts",
        alt="Facts with their sources",
        labels=model_facts.LABELS,
        traces=view.identity_traces,
        height=height(view.identity),
    )
    for told in head.relatives:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            page.small_text(f"{told.words}:")
            for one, name in told.models:
                if one:
                    links.to_model(one, name)
                else:
                    page.say(formats.markdown(name))
            if told.n_more:
                page.small_text(f"and {formats.count(told.n_more)} more")
    if len(view.build):
        with st.expander("How it is made inside"):
            page.table(
                view.build,
                key="model-build",
                alt="Architecture with its sources",
                labels=model_facts.LABELS,
                traces=view.build_traces,
                height=height(view.build),
            )
    if len(view.rumours):
        _rumours(view)
    parts_hub.fill(chosen)


def _rumours(view: model_facts.FactsView) -> None:
    """Each rumour in a line of its own, with who says it; nothing of this is used anywhere."""
    with st.container(border=True, key="rumours"):
        page.say("**Rumours, not facts.** Nobody who knows has confirmed them, and no page counts with them.")
        for one in view.rumours.to_dict("records"):
            source = formats.web_link(one["source_url"], one["source_title"]) if one["source_title"] else ""
            note = f" {formats.markdown(one['note'])}." if one["note"] else ""
            told = f"{formats.markdown(one['field'])}: {formats.markdown(one['value'])}"
            page.say(
                f":small[{told}. Said by {formats.markdown(one['who'])}"
                + (f" ({source})" if source else "")
                + f", not confirmed.{note}]"
            )


def place(head: model.HeadView) -> None:
    """Where it stands against compute-optimal."""
    page.part("Parameters and tokens")
    page.say(page.markdown(head.place))
    if head.figure is not None:
        page.figure(head.figure, key="model-place", alt=head.alt)
        page.legend(head.legend, head.coverage)
    links.link("parameters-and-tokens", ":blue[All models on this plane →]")


def scores(chosen: str) -> None:
    """Every score, each protocol by itself."""
    page.part("Scores")
    said = st.container()
    n_parts = cached.made(model_results.n_parts, model=chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        parts = controls.switch("subtasks", "Parts of benchmarks, too", help="MMLU abstract algebra is a part of MMLU.") if n_parts else False  # fmt: skip
        bench = controls.choice("bench", "Benchmark", cached.made(model_results.benchmark_options, model=chosen, parts=parts))  # fmt: skip
    view = cached.made(model_results.scores_view, model=chosen, bench=bench, parts=parts)
    with said:
        page.say(page.markdown(view.said))
    if len(view.table):
        page.table(
            view.table,
            key="model-scores",
            alt="Scores by benchmark and protocol",
            labels=model_results.LABELS,
            traces=view.traces,
            height=height(view.table, TALL),
        )
    page.left_out(view.left_out, noun="score")
    downloads.buttons(view.rows, f"scores-{chosen}")
    if len(view.table):
        links.link("head-to-head", ":blue[Hold it against another, head to head →]", {"a": chosen})
    if hub := model.hub_name(cached.frames(), model=chosen):
        links.link("evaluate", ":blue[Evaluate this model here →]", address_of_model(hub))


def disagreements(chosen: str) -> None:
    """Two results of one benchmark, field by field; nothing where each benchmark has one result."""
    options = cached.made(model_results.why_options, model=chosen)
    if not options:
        return
    page.part("Where sources disagree")
    why = controls.choice("why", "Benchmark with several results", options)
    known = cached.made(model_results.why_view, model=chosen, why=why, first="", second="")
    left, right = st.columns(2)
    with left:
        first = controls.choice("first", "One result", known.results, default=known.pair[0])
    with right:
        second = controls.choice("second", "Another", known.results, default=known.pair[1])
    view = cached.made(model_results.why_view, model=chosen, why=why, first=first, second=second)
    page.say(page.markdown(view.verdict))
    page.table(
        view.table,
        key="model-why",
        alt="Two results field by field",
        labels=model_results.WHY_LABELS,
        traces=view.traces,
        height=height(view.table),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        links.to_run(view.runs[0], "The first run →")
        links.to_run(view.runs[1], "The second run →")
        page.small_text(f"{formats.counted(view.n_silent, 'further field')} stated by neither.")


def neighbours(chosen: str) -> None:
    """The models next in size, measured the same way."""
    options = cached.made(model_beside.beside_options, model=chosen)
    by = controls.size().by
    if not options or not model_beside.has_size(cached.frames(), model=chosen, by=by):
        return
    page.part("Next in size")
    said = st.container()
    left, right = st.columns([2, 3])
    with left:
        benchmark = controls.choice("beside", "Measured on", options)
    protocols = cached.made(model_beside.beside_protocols, model=chosen, benchmark=benchmark)
    with right:
        protocol = controls.choice("besideby", "Measured by", protocols) if protocols else ""
    view = cached.made(model_beside.neighbours_view, model=chosen, benchmark=benchmark, protocol=protocol, by=by)
    with said:
        page.say(page.markdown(view.said))
    if view.table.empty:
        return
    page.table(
        view.table,
        key="model-neighbours",
        alt="Models next in size under one protocol",
        labels=model_beside.NEIGHBOUR_LABELS,
        traces=view.traces,
        height=height(view.table),
    )
    page.small_text(formats.markdown(view.coverage, 600))
    others = [str(one) for one in view.traces.models if one and one != chosen]
    for other in others[:1]:
        name = formats.markdown(cached.frames().models["name"][other], 60)
        links.link("head-to-head", f":blue[Is it really better than {name}? →]", {"a": chosen, "b": other})


def checkpoints(chosen: str) -> None:
    """Its score on the way through training; nothing for models without states."""
    options = cached.made(model_beside.curve_benchmarks, model=chosen)
    if not options:
        return
    page.part("On its way through training")
    left, right = st.columns(2)
    with left:
        benchmark = controls.choice("curve", "Benchmark of the curve", options)
    with right:
        protocols = cached.made(model_beside.curve_protocols, model=chosen, benchmark=benchmark)
        protocol = controls.choice("curveby", "Protocol of the curve", protocols)
    view = cached.made(model_beside.curve_view, model=chosen, benchmark=benchmark, protocol=protocol)
    if view.figure is not None:
        page.figure(view.figure, key="model-curve", alt=view.alt)
        page.legend(view.legend, view.coverage)
        page.explain("checkpoint_curve")
    with st.expander(f"The {formats.counted(len(view.table), 'state')} as a table"):
        page.table(
            view.table,
            key="model-curve-table",
            alt="Scores by training tokens",
            labels=model_beside.CURVE_LABELS,
            traces=view.traces,
        )
        downloads.buttons(view.rows, f"curve-{chosen}", has_figure=view.figure is not None)


def runs(chosen: str) -> None:
    """All its runs, and the spellings that mean it."""
    view = cached.made(model_runs.runs_view, model=chosen)
    if len(view.table):
        page.part(f"Runs ({formats.count(len(view.table))})")
        page.table(
            view.table,
            key="model-runs",
            alt="Runs with their sources",
            labels=model_runs.LABELS,
            traces=view.traces,
            height=height(view.table, TALL),
        )
    known = cached.stored(aliases_of, model=chosen)
    if len(known):
        with st.expander(f"Known by {formats.counted(len(known), 'spelling')}"):
            page.table(
                model_runs.alias_table(known),
                key="model-aliases",
                alt="Spellings that mean this model",
                labels=model_runs.ALIAS_LABELS,
            )
