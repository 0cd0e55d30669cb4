"""Personal tokens of the HTTP interface: shown once, kept as a hash, each with scopes and an end.

A token is ``p4p_`` and 256 random bits, so a plain SHA-256 of it can neither be guessed nor turned back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

import pandas as pd
from sqlalchemy import insert, select, update

from lib.access import SCOPES, Role, Scope, scopes_of
from lib.errors import RefusedInput
from lib.store import audit
from lib.store.access_tables import tokens as table
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.prepared import checked, key

PREFIX = "p4p_"
MOST_DAYS = 366
COLUMNS = ("id", "name", "scopes", "made_at", "expires_at", "revoked_at", "used_on")


class Made(NamedTuple):
    """A new token.

    Args:
        id: By which it is listed and revoked.
        secret: The token itself; nobody can see it again.
    """

    id: str
    secret: str
    expires_at: str


class Found(NamedTuple):
    """Whose a token is and what it may."""

    id: str
    subject: str
    scopes: frozenset[Scope]


def make(store: Store, subject: str, *, name: str, scopes: Iterable[str], days: int, role: Role) -> Made:
    """A token for somebody.

    Args:
        store: The store.
        subject: Whose it is.
        name: What it is for, in their words.
        scopes: Of ``lib.access.SCOPES``.
        days: How long it holds, at most ``MOST_DAYS``.
        role: Theirs now; what it does not allow cannot be in the scopes.

    Raises:
        RefusedInput: If name, scopes or days will not do.
    """
    wanted = frozenset(scopes)
    allowed = scopes_of(role)
    if not wanted or not wanted <= allowed:
        expected = ", ".join(scope for scope in SCOPES if scope in allowed) or "none for this role"
        raise RefusedInput("not scopes that this token can have", expected=expected, found=" ".join(sorted(wanted)))
    if not 1 <= days <= MOST_DAYS:
        raise RefusedInput("a token needs an end", expected=f"1 to {MOST_DAYS} days", found=days)
    name = key(checked(name.strip(), "the name"), "the name")
    if not name:
        raise RefusedInput("a token needs a name", expected="what it is for")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Made(secrets.token_hex(6), secret, _in_days(days))

    def work(writing: Writing) -> Made:
        row = {"id": made.id, "hash": _hash(secret), "subject": subject, "name": name, "made_at": now()}
        row |= {"scopes": " ".join(sorted(wanted)), "expires_at": made.expires_at}
        writing.connection.execute(insert(table).values(**row))
        data = {"scopes": sorted(wanted)}
        audit.note(writing.connection, subject, "made a token", name, owner=subject, visibility="private", data=data)
        return made

    return store.write(work)


def find(store: Store, secret: str) -> Found | None:
    """Whose token this is; None where it is unknown, has expired or was revoked. The day of its use is noted."""
    if not secret.startswith(PREFIX):
        return None
    t = table.c
    query = select(t.id, t.subject, t.scopes, t.used_on).where(
        t.hash == _hash(secret), t.revoked_at.is_(None), t.expires_at > now()
    )
    with store.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    today = now()[:10]
    if row.used_on != today:
        store.write(lambda writing: _used(writing, row.id, today))
    return Found(row.id, row.subject, cast("frozenset[Scope]", frozenset(row.scopes.split())))


def revoke(store: Store, token: str, *, by: str, subject: str | None = None) -> None:
    """End a token at once.

    Args:
        store: The store.
        token: Its id.
        by: Who does it.
        subject: Only if it is theirs; None: anybody's.

    Raises:
        RefusedInput: If there is no such token that still holds.
    """
    t = table.c
    own = (t.id == token, t.revoked_at.is_(None), *(() if subject is None else (t.subject == subject,)))

    def work(writing: Writing) -> None:
        row = writing.connection.execute(select(t.subject, t.name).where(*own)).first()
        if row is None:
            raise RefusedInput("no such token", found=token)
        writing.connection.execute(update(table).where(*own).values(revoked_at=now()))
        audit.note(writing.connection, by, "revoked a token", row.name, owner=row.subject, visibility="private")

    store.write(work)


def tokens(store: Store, subject: str) -> pd.DataFrame:
    """The tokens of somebody, newest first: ``COLUMNS``; never the secret or its hash."""
    query = select(*(table.c[name] for name in COLUMNS)).where(table.c.subject == subject)
    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(table.c.made_at.desc(), table.c.id))]
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)


def _used(writing: Writing, token: str, day: str) -> None:
    writing.connection.execute(update(table).where(table.c.id == token).values(used_on=day))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds").replace("+00:00", "Z")
