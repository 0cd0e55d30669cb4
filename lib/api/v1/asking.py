"""Who asks, what that reader may see and do, and what he is answered from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Annotated, NamedTuple, TypeVar
from urllib.parse import urlsplit

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lib.access import OPERATOR, STRANGER, Act, Reader, may
from lib.api.guard import is_loopback
from lib.api.v1.limits import Buckets, address_of
from lib.api.v1.problems import Problem
from lib.api.v1.readings import Readings
from lib.settings import Settings
from lib.store import tokens
from lib.store.db import Store
from lib.store.frames import Frames
from lib.store.roles import role_now
from lib.store.snapshots import LONGEST_NAME, SnapshotStore

Made = TypeVar("Made")
SAFE = ("GET", "HEAD", "OPTIONS")
OWN_SITE = ("same-origin", "none")
CHALLENGE = {"WWW-Authenticate": "Bearer"}
LONGEST_TOKEN = 200
bearer = HTTPBearer(auto_error=False, description="A personal token: `python -m lib tokens add`, or POST /tokens.")
Pinned = Annotated[
    str, Query(max_length=LONGEST_NAME, description="Name or digest of a snapshot to read; else the store as it is.")
]
Given = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


def readings_of(request: Request) -> Readings:
    """The store as this process reads it."""
    found: Readings = request.app.state.readings
    return found


class Asking(NamedTuple):
    """One request.

    Args:
        readings: The store as the process reads it.
        reader: Who asks.
        frames: Columns of what this reader may see, at one revision.
        pinned: The snapshot that is asked for; None for the store as it is.
    """

    readings: Readings
    reader: Reader
    frames: Frames
    pinned: SnapshotStore | None = None

    @property
    def settings(self) -> Settings:
        return self.readings.settings

    @property
    def store(self) -> Store:
        """The store with the eyes of this reader, or the snapshot."""
        return self.pinned or self.readings.store().seen_by(self.reader.sight)

    def answer(self, key: tuple[Hashable, ...], make: Callable[[], Made]) -> Made:
        """``make()``, done once per revision and kind of reader: who sees the same shares it, and nobody else."""
        where = self.pinned.settings.database_url if self.pinned else self.reader.sight
        return self.readings.answer((where, self.frames.revision, *key), make)

    @property
    def today(self) -> str:
        """The day that prices are looked at from: of a snapshot the day on which it was taken."""
        return self.pinned.snapshot.made_at[:10] if self.pinned else self.settings.today


def who_asks(request: Request, given: Given) -> Reader:
    """Who asks: the owner of the token; without one whoever sits at this machine, or a stranger.

    Raises:
        Problem: 401 for a token that does not hold, or where strangers see nothing; 403 where another website asks; 429
            after too many requests.
    """
    readings = readings_of(request)
    buckets: Buckets = request.app.state.buckets
    address = f"address {address_of(request.client.host if request.client else None)}"
    if "authorization" in request.headers:
        found = _of_token(readings, given.credentials) if given is not None else None
        if found is None:
            buckets.take(address)
            detail = "This token is not known, has expired, or was revoked."
            raise Problem(401, detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        token, reader = found
        buckets.take(f"token {token}")
        request.state.token = token
        return reader
    if not readings.settings.is_shared and _is_at_this_machine(request):
        return OPERATOR
    buckets.take(address)
    if readings.settings.has_login and not readings.settings.strangers_read:
        raise Problem(
            401, "A token is needed: members make theirs under Data and methods, Programs.", headers=CHALLENGE
        )
    return STRANGER


Asks = Annotated[Reader, Depends(who_asks, scope="function")]


def reading(request: Request, reader: Asks, snapshot: Pinned = "") -> Iterator[Asking]:
    """A reader who asks to read: members what they may see, and strangers the public rows."""
    readings = readings_of(request)
    permit_reading(reader)
    with readings.place():
        if snapshot:
            opened, frames = readings.pinned(reader.sight, snapshot)
            yield Asking(readings, reader, frames, opened)
        else:
            yield Asking(readings, reader, readings.frames(reader.sight))


Reads = Annotated[Asking, Depends(reading, scope="function")]


def permit_reading(reader: Reader) -> None:
    """Let a reader read what they may see.

    Raises:
        Problem: 403 for a token that is only for something else.
    """
    if reader.scopes is not None and "read" not in reader.scopes:
        raise Problem(403, "This token lacks the scope read.")


def permit(reader: Reader, act: Act) -> None:
    """Let a reader do something.

    Raises:
        Problem: 401 for a stranger, 403 for somebody whose role or token does not allow it.
    """
    if may(reader, act):
        return
    if reader.role == "stranger":
        raise Problem(401, f"A token is needed to {act}.", headers=CHALLENGE)
    raise Problem(403, f"Your role ({reader.role}) or this token does not allow you to {act}.")


def may_watch(readings: Readings, request: Request) -> bool:
    """Whether somebody may read the counts of this server: whoever sits at it, or came with a token of an admin."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() == "bearer":
        found = _of_token(readings, secret.strip())
        return found is not None and may(found[1], "manage")
    return not readings.settings.is_shared and _is_at_this_machine(request)


def _of_token(readings: Readings, secret: str) -> tuple[str, Reader] | None:
    store = readings.store()
    row = tokens.find(store, secret) if 0 < len(secret) <= LONGEST_TOKEN else None
    if row is None:
        return None
    return row.id, Reader(row.subject, row.subject, role_now(store, row.subject), row.scopes)


def _is_at_this_machine(request: Request) -> bool:
    """Whether a program or page of this machine asks: the name it uses is this machine's, and no website is behind it.

    A website that somebody visits may send requests here, and may give its own name our address.

    Raises:
        Problem: 403 where another website asks to change something.
    """
    host = request.headers.get("host", "")
    if not is_loopback(urlsplit(f"//{host}").hostname):
        return False
    if request.method in SAFE:
        return True
    origin = request.headers.get("origin")
    is_own = origin is None or urlsplit(origin).netloc == host
    if not is_own or request.headers.get("sec-fetch-site", "none") not in OWN_SITE:
        raise Problem(403, "Another website may not change anything here.")
    return True
