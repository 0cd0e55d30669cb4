"""Parts of the page that compares a few models: the choice of models, and tables with a column for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import streamlit as st

from lib import formats
from lib.analysis.fits import CARDS, LICENCE_CLASSES, Bits
from lib.report.document import Table
from lib.ui import cached, controls, empty_cells, links, origin, page
from lib.ui.recorded import note, unnoted
from lib.ui.views import side_by_side_choice as choice
from lib.ui.views.side_by_side import SideView
from lib.ui.views.side_by_side_choice import MOST
from lib.ui.views.side_by_side_tables import NO_SCORE, SCORE, WHAT, CellTable
from lib.ui.widths import width

KEY = "models"
QUESTION = "How do a few models compare, side by side?"
METHOD = (
    "**Differences.** From counts with fewer than 300 questions, or a share outside 5% to 95%: Newcombe's interval and "
    "the pooled score test; otherwise the normal interval and test of two standard errors. Pairing of questions is "
    "ignored, because most sources do not give single answers. A difference is *shown* when its p-value is at most 5% "
    "after Holm's correction over all comparisons on the page; the interval beside it is a 95% interval on its own, not "
    "corrected. *Not shown* is not *equal*. Changing the models, benchmarks or the model held against asks a new "
    "question.\n\n"
    "**Memory.** Weights: total parameters at 16, 8.5 or 4.89 bits. Cache for one request: 2 × layers × key-value heads "
    "× head size × 2 bytes × tokens; fewer where layers look back over a window or share a latent vector. A model "
    "fits a card when both take at most 88% of it: a tenth stays free and 2% go to the runtime. 1 GB is 10⁹ bytes. "
    "Further requests at once need a cache each.\n\n"
    "**Licence classes** go by the licence's name alone; read the licence itself before you rely on it."
)


class Preset(NamedTuple):
    """What narrows the models that are offered; the fields are the choices of ``side_by_side_choice.offered``."""

    card: str
    bits: Bits
    context: int
    licences: tuple[str, ...]
    shortest: str
    community: bool


class Chosen(NamedTuple):
    """What a reader, or an address, asked for.

    Args:
        models: Ids, in the order chosen; at most six.
        is_suggested: Nothing was chosen: these are the page's own.
        unknown: Asked for, and not in the store.
        refused: Asked for beyond the six.
    """

    models: tuple[str, ...]
    is_suggested: bool
    unknown: tuple[str, ...]
    refused: tuple[str, ...]


def asked(names: Mapping[str, str], suggested: Sequence[str]) -> Chosen:
    """What the address says, without drawing anything. ``models=`` alone is a choice that was emptied."""
    given = list(dict.fromkeys(st.query_params.get_all(KEY)))
    known = [one for one in given if one in names]
    unknown = tuple(one for one in given if one and one not in names)
    is_suggested = not given or (bool(unknown) and not known)
    models = list(suggested) if is_suggested else known
    return Chosen(tuple(models[:MOST]), is_suggested, unknown, tuple(models[MOST:]))


def choose(options: Mapping[str, str], names: Mapping[str, str], suggested: Sequence[str]) -> Chosen:
    """The menu of models. What is chosen stays in it also when the presets no longer offer it."""
    chosen = asked(names, suggested)
    st.session_state[KEY] = list(chosen.models)
    everything = {**{one: names[one] for one in chosen.models}, **options}
    st.multiselect(
        f"Models, two to {MOST}",
        list(everything),
        format_func=lambda value: formats.one_line(everything.get(value, value), 60),
        key=KEY,
        max_selections=MOST,
        placeholder="Type a name",
        on_change=_to_address,
        args=(list(suggested),),
    )
    return chosen


def presets(place: Any) -> Preset:
    """What narrows the models that are offered, in one place: few readers want it, and on a phone it fills the screen."""
    with place:
        told = "Weights and cache within 88% of the card's memory."
        card = controls.choice("fits", "Fits on", choice.FITS, help=told)
        bits = controls.choice("bits", "Precision of the weights", choice.BITS)
        context = controls.choice("context", "Tokens at once", choice.CONTEXTS, default=choice.DEFAULT_CONTEXT)
        licences = controls.several("terms", "Licence", LICENCE_CLASSES)
        shortest = controls.choice("window", "Context of at least", choice.SHORTEST)
        community = controls.switch("community", "Community models, too", help="Known only from a board or own files.")
    return Preset(card, cast(Bits, int(bits)), int(context), tuple(licences), shortest, community)


def tables(view: SideView, preset: Preset, removed: Mapping[str, int]) -> None:
    """Scores with differences, then facts, each with its traces; and what is not shown."""
    if len(view.scores.rows):
        page.part("Scores and differences")
        cells(view.scores, key="side-scores", alt="Scores with intervals, and differences from one model")
        if view.family:
            page.small_text(formats.markdown(view.family, 400))
        pair = list(dict.fromkeys(view.marks.models))[:2]
        if len(pair) > 1:
            first, second = (formats.markdown(cached.frames().models["name"][one], 60) for one in pair)
            links.link("head-to-head", f":blue[Is {first} really better than {second}? →]", dict(zip("ab", pair, strict=True)))  # fmt: skip
    page.part("Facts")
    cells(view.facts, key="side-facts", alt="Sizes, tokens, licences and memory of the models")
    cards = ", ".join(map(str, CARDS))
    page.small_text(
        f"Memory: weights at {choice.BITS[str(preset.bits)]} and the cache of one request of "
        f"{formats.count(preset.context)} tokens, or as many as the model takes; cards of {cards} GB, of which 88% are "
        "counted. Change precision and tokens under More."
    )
    not_offered = {f"{reason}, not offered above": n for reason, n in removed.items()}
    page.left_out({**view.left_out, **not_offered})


def bases(view: SideView) -> None:
    """Which of the models are base models, and the way to their tuned variants."""
    if not view.bases:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(formats.markdown(view.bases, 400), width="content")
        for model, name in view.tuned:
            links.to_model(model, f"{name} →")


def gaps(view: SideView) -> None:
    """Which model lacks which benchmark."""
    if view.lacking:
        page.small_text(formats.markdown(view.lacking, 500))


def remarks(chosen: Chosen, names: Mapping[str, str], rule: str) -> None:
    """What was asked for and is not shown, in a sentence each."""
    if chosen.unknown:
        told = ", ".join(f"“{formats.one_line(one, 60)}”" for one in chosen.unknown[:MOST])
        page.small_text(formats.markdown(f"Not in the store, so left out: {told}. Search for the name in the list above.", 500))  # fmt: skip
    if chosen.refused:
        told = ", ".join(formats.one_line(names[one], 40) for one in chosen.refused[:MOST])
        page.small_text(formats.markdown(f"At most {MOST} models fit side by side. Refused: {told}.", 400))
    if chosen.is_suggested and rule:
        page.small_text(formats.markdown(rule, 300))


def cells(table: CellTable, *, key: str, alt: str) -> None:
    """A table of text with a column for each model; a chosen cell leads to where it comes from."""
    config = {
        name: st.column_config.TextColumn(
            table.labels[name],
            pinned=name == WHAT,
            alignment="right" if name.startswith(SCORE) else "left",
            width=width(table.rows, name, table.labels[name]),
        )
        for name in table.rows.columns
    }
    note(Table(table.rows, table.labels, alt), table.traces)
    st.dataframe(
        table.rows,
        key=key,
        alt=alt,
        hide_index=True,
        column_config=config,
        on_select=origin.on_choice(key, table.traces),
        selection_mode="single-cell",
        height="content",
    )
    found = origin.chosen_cell(key, table.traces, table.rows)
    if found is None:
        with unnoted():
            page.small_text(origin.HINT)
    else:
        shown = "" if found.column == WHAT else str(table.rows[found.column].iloc[found.row]).strip()
        origin.card(key, found.trace, table.headings[found.row], shown)
    columns = [name for name in table.rows.columns if name.startswith(SCORE)]
    empty = [(name, row) for name in columns for row in range(len(table.rows)) if table.rows[name].iat[row] == NO_SCORE]
    empty_cells.draw(
        empty_cells.of_scores(
            (one.model, one.benchmark) for one in (table.traces.cells[name][row] for name, row in empty)
        )
    )


def _to_address(suggested: list[str]) -> None:
    """Writes the choice into the address; the suggestion is not in it, an emptied choice is there as empty."""
    chosen = st.session_state[KEY]
    if chosen == suggested:
        st.query_params.pop(KEY, None)
    else:
        st.query_params[KEY] = chosen or ""
