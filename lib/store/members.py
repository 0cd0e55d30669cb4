"""The list of members: people by subject, with the role that an admin gave them."""

from __future__ import annotations

from typing import cast

import pandas as pd
from sqlalchemy import delete, select

from lib.access import ROLES, Role
from lib.errors import RefusedInput
from lib.store import audit
from lib.store.access_tables import members as table
from lib.store.bulk import upsert_rows
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.prepared import checked, key

COLUMNS = ("subject", "name", "role", "added_at", "added_by")


def role_of(store: Store, subject: str) -> Role | None:
    """The role on the list; None for whoever is not on it."""
    with store.reading() as connection:
        return cast("Role | None", connection.execute(select(table.c.role).where(table.c.subject == subject)).scalar())


def members(store: Store) -> pd.DataFrame:
    """Everybody on the list: ``COLUMNS``, by subject. For admins; the caller asks ``lib.access.may``."""
    query = select(*(table.c[name] for name in COLUMNS)).order_by(table.c.subject)
    with store.reading() as connection:
        return pd.DataFrame([tuple(row) for row in connection.execute(query)], columns=list(COLUMNS), dtype=object)


def set_member(store: Store, subject: str, role: Role, *, name: str = "", by: str) -> None:
    """Put somebody on the list, or change their role.

    Raises:
        RefusedInput: If the subject is empty or too long, or there is no such role.
    """
    subject = key(subject.strip(), "the subject")
    if not subject:
        raise RefusedInput("a member needs a subject", expected="what the login's issuer calls them")
    if role not in ROLES:
        raise RefusedInput("not a role", expected=", ".join(ROLES), found=role)
    checked(name, "the name")

    def work(writing: Writing) -> None:
        writing.is_changed = True
        upsert_rows(writing.connection, table, COLUMNS, [(subject, name, role, now(), by)])
        audit.note(writing.connection, by, f"made {role}", subject, owner=subject, visibility="private")

    store.write(work)


def remove_member(store: Store, subject: str, *, by: str) -> None:
    """Take somebody off the list; what they brought stays theirs.

    Raises:
        RefusedInput: If they are not on it.
    """

    def work(writing: Writing) -> None:
        if not writing.connection.execute(delete(table).where(table.c.subject == subject)).rowcount:
            raise RefusedInput("not on the list of members", found=subject)
        writing.is_changed = True
        audit.note(writing.connection, by, "took off the list", subject, owner=subject, visibility="private")

    store.write(work)
