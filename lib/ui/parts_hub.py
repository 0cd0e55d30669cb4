"""Part of a model's page: what the Hugging Face Hub says of it, shown before anything is written; only for who may write."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from lib import formats
from lib.access import may
from lib.errors import PoundForPoundError, RefusedInput
from lib.sources import hub_filling
from lib.sources.hub_client import Hub, named_in
from lib.store.prepared import Holder
from lib.ui import cached, data_stored, page, reader
from lib.ui.views import hub, model

ASKED, SAID, REFUSED = "hub-asked", "hub-said", "hub-refused"
ROW_PX = 35


class _Asked(NamedTuple):
    """For which model the Hub was asked, and its answer."""

    model: str
    looked: hub.Looked


def fill(chosen: str) -> None:
    """A button that asks the Hub, then its answer with what would change; nothing where the reader may not change facts."""
    if not data_stored.is_local():
        return
    if told := st.session_state.pop(SAID, None):
        st.success(told, icon=":material/check:")
    if refused := st.session_state.pop(REFUSED, None):
        st.error(formats.markdown(refused, 300), icon=":material/block:")
    known = model.hub_name(cached.frames(), model=chosen)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        written = known or st.text_input("Its name on the Hugging Face Hub", key="hub-name", placeholder="org/name")
        if st.button("Fill from the Hub", key="hub-ask", icon=":material/download:", disabled=not written):
            _ask(chosen, written)
        if back := hub_filling.filled_fields(cached.frames().facts(chosen)):
            words = f"Take back what came from the Hub ({formats.count(len(back))})"
            st.button(words, key="hub-back", type="tertiary", on_click=_take_back, args=(chosen, tuple(back)))
    asked: _Asked | None = st.session_state.get(ASKED)
    if asked is not None and asked.model == chosen:
        with st.container(border=True, key="hub-answer"):
            _answer(asked)


def _ask(chosen: str, written: str) -> None:
    """No patience here: a page does not wait where the Hub asks to."""
    st.session_state.pop(ASKED, None)
    try:
        with st.spinner("Asking the Hub"):
            name = named_in(written, "model")[1]
            looked = hub.look(cached.frames(), Hub(patience_s=0.0), model=chosen, name=name)
    except PoundForPoundError as trouble:
        st.warning(formats.markdown(str(trouble), 300), icon=":material/cloud_off:")
        return
    st.session_state[ASKED] = _Asked(chosen, looked)


def _answer(asked: _Asked) -> None:
    looked = asked.looked
    where = formats.web_link(looked.described.stated["hf_id"].url, looked.described.name)
    st.markdown(f"{hub.said(looked.proposals)} {where}")
    rows = hub.table(looked)
    page.table(rows, key="hub-says", alt="What the Hub says beside what is known here", labels=hub.LABELS, height=ROW_PX * (len(rows) + 1) + 3)  # fmt: skip
    for note in looked.notes:
        page.small_text(formats.markdown(note, 300))
    differ = looked.of("differs")
    replaces = bool(differ) and st.checkbox(
        f"Also replace what differs ({formats.count(len(differ))})", key="hub-replace"
    )
    wanted = looked.of("new", "differs") if replaces else looked.of("new")
    with st.container(horizontal=True):
        words = f"Write {formats.counted(len(wanted), 'fact')}" if wanted else "Nothing to write"
        st.button(
            words, key="hub-write", type="primary", disabled=not wanted, on_click=_write, args=(asked, tuple(wanted))
        )
        st.button("Keep as it is", key="hub-close", on_click=_forget)


def _write(asked: _Asked, wanted: tuple[hub_filling.Proposal, ...]) -> None:
    """In a callback, before the page is drawn, so that the page shows the store after it."""
    _forget()
    try:
        revision = asked.looked.described.revision
        done = hub_filling.write(cached.store(), asked.model, wanted, cached.today(), revision, _holder())
    except PoundForPoundError as trouble:
        st.session_state[REFUSED] = str(trouble)
        return
    st.session_state[SAID] = f"{formats.counted(len(done), 'fact')} taken from the Hub. They can be taken back below."


def _take_back(chosen: str, fields: tuple[str, ...]) -> None:
    try:
        hub_filling.take_back(cached.store(), chosen, fields, _holder())
    except PoundForPoundError as trouble:
        st.session_state[REFUSED] = str(trouble)
        return
    st.session_state[SAID] = "What came from the Hub is taken back: what the sources say holds again."


def _holder() -> Holder:
    """Facts of a model are for all to see; who entered them is kept.

    Raises:
        RefusedInput: If the reader may not change facts by now.
    """
    somebody = reader.reader()
    if not may(somebody, "withdraw any"):
        raise RefusedInput("only an admin changes the facts of a model")
    return Holder(somebody.subject)


def _forget() -> None:
    st.session_state.pop(ASKED, None)
