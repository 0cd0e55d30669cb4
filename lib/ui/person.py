"""Who is logged in, beside every page; and the door, where only members may come in. Nothing of it without a login."""

from __future__ import annotations

import streamlit as st

from lib import formats
from lib.access import Reader
from lib.settings import read_settings
from lib.ui import reader

WHAT_ROLES_DO = {
    "stranger": "reads what is public",
    "viewer": "reads, shares",
    "contributor": "reads, shares, brings results",
    "admin": "may do everything",
}


def draw(somebody: Reader) -> None:
    """The name, the role and the way out; for strangers the way in."""
    if not read_settings().has_login:
        return
    if not somebody.subject:
        st.button("Log in", on_click=st.login, key="log-in", icon=":material/login:")
        return
    st.markdown(f":small[{formats.markdown(somebody.name, 60)}: {somebody.role}, {WHAT_ROLES_DO[somebody.role]}]")
    st.button("Log out", on_click=st.logout, key="log-out", icon=":material/logout:")


def may_enter(somebody: Reader) -> bool:
    """Whether the page may be shown; says why not, and what to do, where it may not."""
    settings = read_settings()
    if not settings.has_login or settings.strangers_read or somebody.role != "stranger":
        return True
    st.title("Who are you?", anchor=False)
    if reader.is_expired():
        st.markdown("Your login has come to its end. Log in again to go on where you were.")
        st.button("Log out, then in again", on_click=st.logout, type="primary", key="log-out-first")
    elif somebody.subject:
        name = formats.markdown(somebody.name, 60)
        st.markdown(f"You are logged in as {name}, and no role here is yours yet. Ask whoever runs this installation.")
    else:
        st.markdown("This installation is for its members. Log in to see it.")
        st.button("Log in", on_click=st.login, type="primary", key="log-in-first", icon=":material/login:")
    return False
