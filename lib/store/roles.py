"""What somebody may do now who is not here in person: the owner of a token."""

from __future__ import annotations

from lib.access import OPERATOR, OWN_MACHINE, Role
from lib.store import members
from lib.store.db import Store


def role_now(store: Store, subject: str) -> Role:
    """The role of a subject: of this machine, of the list of members, of the settings, else of whoever logs in.

    Groups are not asked: what the provider says of them is known only while somebody is logged in.
    """
    if subject == OWN_MACHINE:
        return OPERATOR.role
    settings = store.settings
    return members.role_of(store, subject) or settings.roles.get(subject, settings.login_role)
