"""Withdrawing and restoring through a page: the buttons, the question beforehand with its effect, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st

from lib import formats
from lib.store import withdrawal
from lib.ui import cached, data_stored

MEANING = (
    "Nothing is deleted: a withdrawn file stays stored, runs that another file holds, too, stay on the pages, and an import "
    "of the same file does not bring it back. It can be restored at any time."
)
ASKED, SAID = "withdrawing-asked", "withdrawing-said"


class _Question(NamedTuple):
    """What a reader is asked to confirm: which sources, whether they come back, and their name in one."""

    ids: tuple[int, ...]
    is_back: bool
    name: str


def buttons(key: str, live: Sequence[int], withdrawn: Sequence[int], *, what: str, name: str) -> None:
    """Withdraw what is in use, restore what is withdrawn; both ask first. Nothing where the reader may not change the store.

    Args:
        key: Names the place on the page; unique on it.
        live, withdrawn: Ids of sources.
        what: All of them in words, for the button: ``this file``.
        name: Of the file that holds them all, for the question.
    """
    if not data_stored.is_local():
        return
    for word, ids, is_back in (("Withdraw", live, False), ("Restore", withdrawn, True)):
        if ids:
            is_all = len(ids) == len(live) + len(withdrawn)
            st.button(
                f"{word} {what if is_all else formats.counted(len(ids), 'file')}",
                key=f"{word.lower()}-{key}",
                icon=":material/undo:" if is_back else ":material/visibility_off:",
                type="tertiary",
                on_click=_ask,
                args=(_Question(tuple(ids), is_back, name),),
            )


def question() -> None:
    """The dialog, while a question is open; at the end of a page that has ``buttons``."""
    asked: _Question | None = st.session_state.get(ASKED)
    if asked is not None and data_stored.is_local():
        st.dialog("Restore?" if asked.is_back else "Withdraw?", on_dismiss=_forget)(_ask_to_confirm)(asked)


def what_was_done() -> None:
    """What the last confirmation changed, told once; at the start of such a page."""
    said = st.session_state.pop(SAID, None)
    if said:
        st.success(said, icon=":material/check:")


def effect_in_words(effect: withdrawal.Effect, *, is_back: bool) -> str:
    """What a confirmation would change, in Markdown."""
    files = f"{formats.counted(effect.n_sources, 'file')} will be {'used again' if is_back else 'withdrawn'}"
    if not effect.n_runs:
        comes = "come back" if is_back else "leave"
        return f"{files}. No run will {comes}; facts, prices and tables that only it holds will."
    moved = f"**{formats.counted(effect.n_runs, 'run')}** with **{formats.counted(effect.n_results, 'result')}**"
    return f"{files}: {moved} will {'come back to' if is_back else 'leave'} the pages."


def _ask_to_confirm(asked: _Question) -> None:
    if ASKED not in st.session_state:  # Answered: the page is shown anew, without the dialog.
        st.rerun()
    foresee = withdrawal.effect_of_restoring if asked.is_back else withdrawal.effect_of_withdrawing
    effect = foresee(cached.store(), asked.ids)
    st.markdown(f"`{formats.one_line(asked.name.replace('`', ''), 140)}`")
    st.markdown(effect_in_words(effect, is_back=asked.is_back))
    if not asked.is_back:
        st.markdown(MEANING)
    with st.container(horizontal=True):
        word = "Restore" if asked.is_back else "Withdraw"
        st.button(word, key="confirm", type="primary", on_click=_change, args=(asked, effect))
        st.button("Keep as it is", key="keep", on_click=_forget)


def _ask(asked: _Question) -> None:
    st.session_state[ASKED] = asked


def _forget() -> None:
    st.session_state.pop(ASKED, None)


def _change(asked: _Question, effect: withdrawal.Effect) -> None:
    """What was confirmed, done once for the click and before anything is shown again."""
    change = withdrawal.restore_all if asked.is_back else withdrawal.withdraw_all
    n = change(cached.store(), asked.ids)
    runs, results = formats.counted(effect.n_runs, "run"), formats.counted(effect.n_results, "result")
    done = f"{formats.counted(n, 'file')} {'restored' if asked.is_back else 'withdrawn'}"
    st.session_state[SAID] = f"{done}: {runs} with {results}." if effect.n_runs else f"{done}."
    _forget()
