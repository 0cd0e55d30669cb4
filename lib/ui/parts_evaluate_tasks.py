"""Evaluate, what is asked: a menu of tasks that takes any name, and a search over all that lm-eval knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from lib import formats
from lib.evals import own_tasks
from lib.evals.spec import MAX_TASKS
from lib.evals.task_list import task_list
from lib.ui import cached, controls, page
from lib.ui.finished import arrow
from lib.ui.views import evaluate_tasks as views
from lib.ui.views.evaluate_tasks import OwnChoice

KEY = "task"
HITS = "task-hits"
KINDS = {"": "all kinds", "task": "tasks", "group": "groups", "tag": "lists of tasks"}
ALL = {"": "all"}
LONGEST = 200
HEIGHT_PX = 320


def own() -> list[OwnChoice]:
    """The reader's own tasks and those that ship, in use."""
    return [OwnChoice(one.name, one.title, one.n_items) for one in own_tasks.tasks(cached.store())]


def choose(known: Sequence[OwnChoice], default: Sequence[str], others: Mapping[str, str]) -> tuple[str, ...]:
    """The menu: own tasks, what this store has most scores of, and any other name that is typed.

    Args:
        default: What stands there before anything is chosen; not in the address.
        others: Fields that came with the default and stay when the choice is changed: key in the address to text.
    """
    asked = [one[:LONGEST] for one in st.query_params.get_all(KEY) if one][:MAX_TASKS]
    chosen = list(dict.fromkeys(asked)) if st.query_params.get(KEY) is not None else list(default)
    st.session_state[KEY] = chosen
    offered = [*chosen, *default, *(one.name for one in known), *cached.made(views.popular)]
    picked = st.multiselect(
        "Tasks",
        list(dict.fromkeys(offered)),
        format_func=lambda name: views.label(name, known),
        key=KEY,
        accept_new_options=True,
        max_selections=MAX_TASKS,
        select_all=False,
        placeholder="choose, or type any name",
        on_change=_to_address,
        args=(list(default), dict(others)),
    )
    return tuple(str(one).strip()[:LONGEST] for one in picked if str(one).strip())


def search(chosen: Sequence[str], others: Mapping[str, str]) -> None:
    """All names of lm-eval, behind a click; ticked rows are added to the choice."""
    with st.expander(f"Search all {formats.count(len(task_list().entries))} names that lm-eval knows"):
        places = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
        with places[0]:
            words = controls.search("seek", "Words in the name or data set")
        with places[1]:
            kind = controls.choice("names", "Kind", KINDS)
        with places[2]:
            answers = controls.choice("answers", "Answers", ALL | views.ANSWERS)
        with places[3]:
            language = controls.choice("language", "Language", ALL | views.languages())
        hits = views.found(words, kind, answers, language)
        if hits.empty:
            page.nothing_left("lm-eval knows no name with all of these words.")
            return
        state = st.dataframe(
            arrow(hits),
            key=HITS,
            alt="Names that lm-eval knows",
            hide_index=True,
            placeholder="–",
            height=HEIGHT_PX,
            column_config=page.columns(hits, views.LABELS),
            on_select="rerun",
            selection_mode="multi-row",
        )
        ticked = [str(hits["task"].iloc[row]) for row in state["selection"]["rows"] if row < len(hits)]
        new = [one for one in ticked if one not in chosen]
        if new:
            st.button(f"Add {formats.counted(len(new), 'name')}", key="add-tasks", on_click=_add, args=([*chosen, *new], dict(others)))  # fmt: skip
        page.small_text(
            "Tick rows to add them."
            + (f" The first {views.FOUND} are shown; more words narrow them down." if len(hits) == views.FOUND else "")
            + " Sizes and languages are left out where nothing tells them."
        )


def _add(names: list[str], others: dict[str, str]) -> None:
    _keep(others)
    st.query_params[KEY] = names


def _to_address(default: list[str], others: dict[str, str]) -> None:
    chosen = [str(one) for one in st.session_state[KEY]]
    if chosen == default:
        st.query_params.pop(KEY, None)
    else:
        _keep(others)
        st.query_params[KEY] = chosen or ""


def _keep(others: Mapping[str, str]) -> None:
    """The choice is now the reader's own, with the numbers that stood beside it."""
    st.query_params["preset"] = "own"
    for key, text in others.items():
        if text and st.query_params.get(key) is None:
            st.query_params[key] = text
