"""How programs ask and bring, and the reader's own tokens for it: part of the page about data and methods."""

from __future__ import annotations

from typing import Any

import streamlit as st

from lib import formats
from lib.access import SCOPES, Reader, scopes_of
from lib.errors import RefusedInput
from lib.settings import read_settings
from lib.store import tokens
from lib.store.tokens import Made
from lib.ui import cached, page, reader

NAME, WANTED, DAYS, MADE, REFUSED = "token-name", "token-scopes", "token-days", "token-made", "token-refused"
DAYS_OFFERED = {30: "30 days", 90: "90 days", 365: "a year"}
SCOPE_WORDS = {
    "read": "read what I may see",
    "write:results": "bring results",
    "write:jobs": "ask for evaluations",
    "admin": "everything that an admin may",
}
SHOWN = 20
HERE = "http://localhost:8501"
_CODE = """curl '{url}/api/v1/models?words=qwen&max_params=8e9'
curl '{url}/api/v1/comparisons?a=llama-3-8b&b=mistral-7b-v0.1'
P4P_TOKEN=... python -m lib push results/ --server {url} --visibility workspace"""


def show() -> None:
    """What programs can ask for, and the tokens of whoever is known here."""
    page.part("For programs")
    page.say(
        "Everything that these pages show can be asked for by programs, and results can be brought from CI and clusters: "
        "models, benchmarks, runs, results, comparisons, costs, prices, snapshots, reports. Answers hold what you may see."
    )
    page.code(_CODE.format(url=read_settings().url or HERE))
    st.markdown("[What each address takes and gives (OpenAPI)](api/v1/openapi.json)")
    somebody = reader.reader()
    if not somebody.subject or cached.snapshot() is not None:
        return
    page.part("Your tokens")
    page.small_text(
        "A token lets a program do what you may do, and no more than is ticked here. It ends by itself."
        + ("" if read_settings().is_shared else " On this machine none is needed.")
    )
    _made()
    _form(somebody)
    _list(somebody)


def _made() -> None:
    """The new token, until it is put away."""
    refused = st.session_state.pop(REFUSED, None)
    if refused:
        st.warning(formats.markdown(refused))
    made: Made | None = st.session_state.get(MADE)
    if made is None:
        return
    with st.container(border=True):
        st.markdown("Copy it now: nobody can see it again.")
        st.code(made.secret, language=None)
        st.button("I have copied it", key="token-copied", on_click=_forget, icon=":material/check:")


def _form(somebody: Reader) -> None:
    allowed = [one for one in SCOPES if one in scopes_of(somebody.role)]
    with st.form("token-form", border=False):
        st.text_input("What is it for?", key=NAME, max_chars=80, placeholder="CI of our model repository")
        st.multiselect("It may", allowed, default=allowed[:2], format_func=lambda one: SCOPE_WORDS[one], key=WANTED)
        st.segmented_control(
            "It ends after",
            list(DAYS_OFFERED),
            default=90,
            format_func=lambda n: DAYS_OFFERED[n],
            key=DAYS,
            required=True,
        )
        st.form_submit_button("Make a token", icon=":material/key:", key="token-make", on_click=_make)


def _make() -> None:
    somebody, asked = reader.reader(), st.session_state
    try:
        asked[MADE] = tokens.make(
            cached.store(),
            somebody.subject,
            name=asked[NAME],
            scopes=asked[WANTED],
            days=int(asked[DAYS] or 90),
            role=somebody.role,
        )
    except RefusedInput as refusal:
        asked[REFUSED] = refusal.message


def _forget() -> None:
    st.session_state.pop(MADE, None)


def _list(somebody: Reader) -> None:
    """Those that hold, newest first."""
    rows: list[dict[Any, Any]] = tokens.tokens(cached.store(), somebody.subject).to_dict("records")
    held = [row for row in rows if not row["revoked_at"]][:SHOWN]
    for row in held:
        with st.container(horizontal=True, vertical_alignment="center"):
            told = ", ".join(SCOPE_WORDS.get(one, one) for one in row["scopes"].split())
            used = f"last used {formats.date(row['used_on'])}" if row["used_on"] else "never used"
            # Not by ``page``, whose words go into reports.
            st.markdown(
                f"**{formats.markdown(row['name'], 80)}**: {told}; until {formats.date(row['expires_at'][:10])}, {used}"
            )
            st.button("Revoke", key=f"token-revoke-{row['id']}", type="tertiary", on_click=_revoke, args=(row["id"],))


def _revoke(token: str) -> None:
    somebody = reader.reader()
    try:
        tokens.revoke(cached.store(), token, by=somebody.subject, subject=somebody.subject)
    except RefusedInput as refusal:
        st.session_state[REFUSED] = refusal.message
