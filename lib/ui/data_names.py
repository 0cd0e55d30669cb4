"""Names that wait for a model, and a form that says which model one means: part of the page about data."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from lib import formats
from lib.errors import RefusedInput
from lib.store import mapping, source_lists
from lib.ui import cached, data_price_names, data_stored, page
from lib.ui.data_sources import quoted
from lib.ui.traces import Traces
from lib.ui.views import search
from lib.ui.views.data import LABELS

MOST = 50
HERE, EVERYWHERE = "only there", "everywhere"
SAID = "names-said"


def show() -> None:
    """Names that wait, the form, and the reader's own aliases with a way back."""
    said = st.session_state.pop(SAID, None)
    if said:
        st.success(said, icon=":material/check:")
    waiting = cached.made(data_stored.names_that_wait)
    if waiting.empty:
        st.markdown("Every name in every file is known to mean a model. No name waits.")
    else:
        _table(waiting)
    if data_stored.is_local():
        if len(waiting):
            _form(waiting)
        _own()
    elif len(waiting):
        _why_no_form(str(waiting["spelling"].iloc[0]))
    _how_to_add_a_model()
    data_price_names.show()


def _table(waiting: pd.DataFrame) -> None:
    st.markdown(
        "These names stand in files, and nothing says which model they mean: a folder on somebody's disk, or a nickname. "
        "Their results wait, and are in no ranking."
    )
    rows = pd.DataFrame(
        {
            "spelling": waiting["spelling"].tolist(),
            "scope": [scope or EVERYWHERE for scope in waiting["scope"]],
            "others": [", ".join(map(str, others)) for others in waiting["others"]],
            "n_runs": waiting["n_runs"].tolist(),
            "n_results": waiting["n_results"].tolist(),
        }
    )
    if not rows["others"].any():
        rows = rows.drop(columns="others")
    runs = waiting["runs"].tolist()
    columns = [column for column in rows.columns if column != "others"]
    page.table(
        rows,
        key="waiting-names",
        alt="Names that wait for a model",
        labels=LABELS,
        traces=Traces([""] * len(rows), dict.fromkeys(columns, runs)),
    )


def _form(waiting: pd.DataFrame) -> None:
    """Choose a name, find the model, see what will change, say so."""
    st.subheader("Say which model a name means", anchor=False)
    keys = list(zip(waiting["spelling"].astype(str), waiting["scope"].astype(str), strict=True))
    _reset_when_gone("waiting", range(len(keys)))
    places = st.columns([4, 3, 4], vertical_alignment="bottom")
    with places[0]:
        at = st.selectbox("Name that waits", range(len(keys)), format_func=lambda i: _named(keys[i]), key="waiting")
    spelling, scope = keys[at]
    with places[1]:
        words = st.text_input("Search its model", key="wanted", max_chars=search.LONGEST, placeholder="name or Hub id")
    hits = search.find(cached.made(search.index), words or spelling, MOST)
    labels = {str(row["id"]): f"{row['label']} · {row['id']}" for row in hits.models.to_dict("records")}
    _reset_when_gone("means", labels)
    with places[2]:
        model = _one_of(labels, hits.n[0], words)
    reach = HERE if scope else EVERYWHERE
    if scope:
        reach = st.segmented_control(
            f"Holds in {formats.markdown(scope, 80)}", [HERE, EVERYWHERE], default=HERE, required=True, key="reach"
        )
    where = scope if reach == HERE else ""
    if model is None:
        page.small_text("Choose a model to see what will change.")
        return
    change = source_lists.reach_of_alias(cached.store(), spelling, where, model)
    name = labels[model].split(" · ")[0]
    page.small_text(
        f"{formats.counted(change.n_runs, 'run')} with {formats.counted(change.n_results, 'result')} will count as "
        f"**{formats.markdown(name, 80)}**, and so will every later file with this name"
        f"{f' in {formats.markdown(scope, 80)}' if where else ''}. It can be undone below."
    )
    st.button("Map", key="map", type="primary", on_click=_map, args=(spelling, where, model, name))


def _one_of(labels: dict[str, str], n_found: int, words: str) -> str | None:
    """The model that the reader chose; where none was found, a line instead of a list without entries."""
    if not labels:
        page.small_text(
            "No model has such a name: try another word." if words else "No model has this name: search it."
        )
        return None
    return st.selectbox(
        f"Model ({formats.count(len(labels))} of {formats.count(n_found)} found)",
        list(labels),
        index=None,
        format_func=lambda key: formats.one_line(labels.get(key, key), 90),
        key="means",
        placeholder="choose one",
    )


def _map(spelling: str, scope: str, model: str, name: str) -> None:
    """In a callback, before the page is drawn, so that the page shows the store after it."""
    try:
        n = mapping.set_alias(cached.store(), spelling, scope, model)
    except RefusedInput as refused:
        st.session_state[SAID + "-not"] = str(refused)
        return
    st.session_state[SAID] = (
        f"{formats.markdown(spelling, 80)} means {formats.markdown(name, 80)}: {formats.counted(n, 'run')} changed."
    )


def _own() -> None:
    """What the reader has said so far, each with a way back."""
    refused = st.session_state.pop(SAID + "-not", None)
    if refused:
        st.error(formats.markdown(refused, 300), icon=":material/block:")
    own = cached.made(data_stored.own_aliases)
    if own.empty:
        return
    st.subheader(f"Your own ({formats.count(len(own))})", anchor=False)
    models = cached.frames().models["name"]
    rows = own.to_dict("records")
    for n, row in enumerate(rows[:MOST]):
        model = str(models.get(row["model_id"], row["model_id"]))
        where = f" in {formats.markdown(row['scope'], 80)}" if row["scope"] else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{formats.markdown(row['alias'], 80)}{where} means **{formats.markdown(model, 80)}**")
            st.button(
                "Undo",
                key=f"undo-{n}",
                icon=":material/undo:",
                type="tertiary",
                on_click=_undo,
                args=(row["alias"], row["scope"]),
            )
    if len(rows) > MOST:
        page.small_text(f"{formats.counted(len(rows) - MOST, 'further one')}: `python -m lib alias --remove SPELLING`.")


def _undo(alias: str, scope: str) -> None:
    try:
        n = mapping.remove_alias(cached.store(), alias, scope)
    except RefusedInput as refused:
        st.session_state[SAID + "-not"] = str(refused)
        return
    st.session_state[SAID] = f"Undone: {formats.counted(n, 'run')} changed."


def _why_no_form(spelling: str) -> None:
    if data_stored.is_pinned():
        page.small_text(data_stored.PINNED)
        return
    page.small_text(
        "This installation is open to others, so a name is mapped by who runs it, on the command line, and not here:"
    )
    st.code(f"python -m lib alias {quoted(spelling)} MODEL_ID", language=None, wrap_lines=True)


def _how_to_add_a_model() -> None:
    page.small_text(
        "A name can only mean a model that is known. One that is missing comes in with a results file that calls it by its "
        "id on the Hugging Face Hub (org/name); the file `docs/data-formats.md` says how."
    )


def _named(key: tuple[str, str]) -> str:
    spelling, scope = key
    return formats.one_line(f"{spelling} ({scope})" if scope else spelling, 90)


def _reset_when_gone(key: str, offered: Any) -> None:
    """A choice that is no longer offered is taken back before its control is drawn."""
    if key in st.session_state and st.session_state[key] not in offered:
        del st.session_state[key]
