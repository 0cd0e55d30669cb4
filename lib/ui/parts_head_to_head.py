"""Parts of the page that sets two models or runs head to head: who they are, what they share, where they disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import streamlit as st

from lib import formats
from lib.analysis import sample_rows
from lib.analysis.head_to_head_match import Matches
from lib.analysis.head_to_head_sides import Side, side_of
from lib.analysis.sizes import SizeBy
from lib.errors import RefusedInput, Unavailable
from lib.store.db import Store
from lib.store.samples import read_samples
from lib.ui import cached, controls, links, page
from lib.ui.parts_samples import CUT, TITLE, show_answer, show_prompt
from lib.ui.views import head_to_head as views
from lib.ui.views import head_to_head_choice as choice
from lib.ui.views.head_to_head import HeadView
from lib.ui.views.model import near_names

QUESTION = "Is A really better than B?"
PAGE = 10
ROW_PX, TALLEST = 35, 800
METHOD = (
    "**Verdicts**, in this order. Two results that may not be compared, or that came without an error, get none. Paired answers "
    "that differ on fewer than 10 questions: *too few data*. A p-value of at most 5% after Holm's correction over all tasks "
    "shown: *A better* or *B better*. A test that could not have seen 5 points (or your margin, if larger) in four cases of "
    "five: *too few data*. Otherwise *no difference shown*, which never means that there is none.\n\n"
    "**Tests.** Answers of both to the same questions: McNemar's mid-p, with Tango's interval, or the normal one from 300 "
    "questions on. A group of tasks is compared by the answers to its parts, where both runs have the log of every part: as "
    "one set of questions where every question counts the same in its score, otherwise by z of the parts' mean difference. "
    "Without them: counts with fewer than 300 questions by the pooled score test, otherwise the z test of two "
    "standard errors, and Newcombe's interval where the normal one fails.\n\n"
    "**Questions needed** come from the margin that you choose, never from the difference observed: so many questions find a "
    "true difference of that size in four cases of five.\n\n"
    "**Over all tasks**: the mean difference, unless the tasks disagree (Cochran's Q at 5%, or one is shown better on one "
    "task and the other on another): then the answer *depends on the task*, and no mean is given.\n\n"
    "**Run-to-run differences**: 45 models that a board evaluated twice; nine in ten of their differences are smaller than "
    "the one named."
)


class Chosen(NamedTuple):
    """The two sides; None where the address names nothing, or there is no second one."""

    a: Side | None
    b: Side | None


def choose(place_a: Any, place_b: Any, *, community: bool) -> Chosen:
    """The two menus. A run, and a model that the menu does not offer, stays in it when the address names it."""
    offered = cached.made(choice.offered, community=community)
    asked = [str(st.query_params.get(key, ""))[:200] for key in ("a", "b")]
    named = [cached.made(side_of, asked=one) if one else None for one in asked]
    options = dict(offered.options)
    for side in named:
        if side is not None and side.key not in options:
            options = {side.key: side.name, **options}
    sides: list[Side | None] = []
    taken = {side.key for side in named if side is not None}
    for key, label, place, written, found in zip("ab", ("A", "B"), (place_a, place_b), asked, named, strict=True):
        if found is not None and found.key != written:
            # A longer or shorter digest means the same run.
            st.query_params[key] = found.key
        if found is None and written:
            _not_found(written)
        first = next((one for one in (*offered.suggested, *options) if one not in taken), None)
        if found is None and first is None:
            sides.append(None)
            continue
        with place:
            value = controls.choice(key, label, options, default=first)
        taken.add(value)
        sides.append(cached.made(side_of, asked=value))
    return Chosen(*sides)


def _not_found(asked: str) -> None:
    """An address that names neither a model nor one run."""
    near = cached.made(near_names, asked=asked)
    told = f"Neither a model nor a single run is called “{formats.one_line(asked, 80)}”."
    told += f" Spelled nearly like it: {', '.join(name for _, name in near[:3])}." if near else ""
    page.small_text(formats.markdown(told, 400))


def shared(a: Side, b: Side) -> Matches:
    """What both were measured on."""
    return cached.stored(_matches, a=a, b=b)


def _matches(store: Store, *, a: Side, b: Side) -> Matches:
    return choice.matches(cached.frames(), store, a, b)


def task_choice(known: Matches, way: str) -> tuple[str, ...]:
    """Some of the tasks of this way of measuring; none chosen means all."""
    found = known.of.get(way, [])
    labels = choice.task_labels(cached.frames(), found)
    options = {str(one.a["benchmark"]): label for one, label in zip(found, labels, strict=True)}
    return tuple(controls.several("tasks", "Tasks", options))


def view(a: Side, b: Side, way: str, tasks: tuple[str, ...], margin: str) -> HeadView:
    """Everything shown of the two."""
    size = controls.size()
    return cached.stored(
        _view, a=a, b=b, way=way, tasks=tasks, margin=int(margin) / 100, by=size.by, threshold=size.threshold
    )


def _view(store: Store, *, a: Side, b: Side, way: str, tasks: tuple[str, ...], margin: float, by: SizeBy, threshold: float) -> HeadView:  # fmt: skip
    return views.head_view(
        cached.frames(), store, a=a, b=b, way=way, tasks=tasks, margin=margin, by=by, threshold=threshold
    )


def states(shown: HeadView) -> None:
    """Which states of which models are compared."""
    page.small_text(" &ensp; ".join(f"**{letter}** {formats.markdown(told, 200)}" for letter, told in zip("AB", shown.states, strict=True)))  # fmt: skip


def tables(shown: HeadView) -> None:
    """Verdicts task by task, what sets the two apart in how they were measured, and what is left out."""
    height = min(ROW_PX * (len(shown.table) + 1) + 3, TALLEST)
    page.table(
        shown.table, key="head-tasks", alt="Verdicts by task", labels=views.LABELS, traces=shown.traces, height=height
    )
    if shown.family:
        page.small_text(formats.markdown(shown.family, 700))
    if shown.pairing:
        first, _, rest = shown.pairing.partition(".")
        page.say(f":small[**{formats.markdown(first, 300)}.** {formats.markdown(rest.strip(), 400)}]")
    if not shown.questions:
        links.link("own-data", ":blue[Add answers to single questions of your own →]")
    page.part("Were they measured the same way?")
    page.say(page.markdown(shown.fields.told))
    if len(shown.fields.rows):
        with st.expander("Field by field"):
            page.table(shown.fields.rows, key="head-fields", alt="How both were measured", labels=views.FIELD_LABELS)


def disagreements(shown: HeadView, a: Side, b: Side, way: str, tasks: tuple[str, ...], margin: str) -> None:
    """Questions that only one of the two got right; only where single answers of both are stored."""
    if not shown.questions:
        return
    page.part("Where do they disagree?")
    left, right, last = st.columns([4, 4, 2], vertical_alignment="bottom")
    of = {str(one.position): one for one in shown.questions}
    with left:
        position = controls.choice("on", "Task", {key: one.label for key, one in of.items()})
    one = of[position]
    who = {"a": f"Only A right ({formats.count(one.only_a)})", "b": f"Only B right ({formats.count(one.only_b)})"}
    with right:
        which = controls.choice("only", "Show", {key: told for key, told in who.items() if getattr(one, f"only_{key}")})
    store = cached.store()
    found = views.compared(cached.frames(), store, a, b, way, tasks, int(margin) / 100)
    match, together = found[0][int(position)], found[1].pairs[int(position)]
    apart = together.differences
    chosen = np.flatnonzero(apart > 0 if which == "a" else apart < 0)
    n_pages = -(-len(chosen) // PAGE)
    at = 1
    if n_pages > 1:
        with last:
            at = int(controls.choice("at", "Page", {str(n): f"{n} of {n_pages}" for n in range(1, n_pages + 1)}))
    shown_now = chosen[(at - 1) * PAGE : at * PAGE]
    try:
        sides = [
            read_samples(store, *log, list(sample_rows.SHOWN)).take(pa.array(rows[shown_now])).to_pylist()
            for log, rows in zip(match.logs, (together.rows_a, together.rows_b), strict=True)
        ]
    except (RefusedInput, Unavailable) as trouble:
        page.nothing_left(str(trouble))
        return
    for n, (row_a, row_b) in enumerate(zip(*sides, strict=True)):
        _question(n, row_a, row_b, (a, b), (str(match.a["task"]), str(match.b["task"])))


def _question(
    n: int, row_a: Mapping[str, Any], row_b: Mapping[str, Any], sides: tuple[Side, Side], tasks: tuple[str, str]
) -> None:
    """The prompt once, and both answers. Text from files is shown as code."""
    asked = formats.markdown(sample_rows.question(row_a["prompt"], row_a["doc"]), TITLE)
    with st.expander(f"**Question {row_a['sample_id']}** · {asked}", expanded=n == 0):
        show_prompt(dict(row_a), CUT)
        for column, letter, row, side in zip(st.columns(2), "AB", (row_a, row_b), sides, strict=True):
            with column:
                page.say(f"**{letter}: {formats.markdown(side.name, 80)}**")
                show_answer(dict(row), CUT)


def ways_on(a: Side, b: Side) -> None:
    """Where a reader may go from here."""
    with st.container(horizontal=True):
        for side in dict.fromkeys((a, b)):
            if side.run_id is not None:
                links.to_run(side.key, f"Run {side.key[:6]} →")
            elif side.model:
                links.to_model(side.model, f"All about {side.name} →")
        if a.model and b.model and a.model != b.model:
            links.link("side-by-side", ":blue[Side by side, with sizes and memory →]", {"models": [a.model, b.model]})
