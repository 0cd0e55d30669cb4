"""Who reads this page: the operator of a local installation, whoever is logged in, or a stranger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import streamlit as st

from lib import access
from lib.access import OPERATOR, STRANGER, Act, Reader, may, reader_of
from lib.settings import Settings, read_settings
from lib.store.db import Store, open_store
from lib.store.members import role_of

FOR_READER = "reader.given"
"""In the session state of a page that the server draws for somebody who is not there (``lib.ui.headless``): who that is.

Browsers cannot write to the session state but through the controls of a page.
"""


def reader(store: Store | None = None) -> Reader:
    """The reader of this rerun.

    The role is looked up anew each time, and a login counts no longer than its issuer said: Streamlit's own cookie holds
    for thirty days, whatever the token says.

    Args:
        store: Where the list of members is; None: the one of the settings.
    """
    given: Reader | None = st.session_state.get(FOR_READER)
    if given is not None:
        return given
    settings = read_settings()
    if not settings.has_login:
        return STRANGER if settings.allow_public else OPERATOR
    claims = _claims()
    if not claims or float(claims.get("exp") or 0) < time.time():
        return STRANGER
    return _named(claims, settings, store or open_store(settings))


def allows(act: Act) -> bool:
    """Whether this reader may do that."""
    return may(reader(), act)


def may_change(owner: str) -> bool:
    """Whether this reader may change what belongs to ``owner``."""
    return access.may_change(reader(), owner)


def is_expired() -> bool:
    """Whether somebody is logged in whose login has come to its end."""
    claims = _claims()
    return bool(claims) and float(claims.get("exp") or 0) < time.time()


def _claims() -> Mapping[str, Any]:
    """What the identity token says; empty for whoever is not logged in, and outside of a page."""
    user = st.user.to_dict()
    return user if user.get("is_logged_in") else {}


def _named(claims: Mapping[str, Any], settings: Settings, store: Store) -> Reader:
    member = role_of(store, str(claims.get("sub") or ""))
    return reader_of(
        claims,
        member=member,
        roles=settings.roles,
        role_claim=settings.role_claim,
        otherwise=settings.login_role,
    )
