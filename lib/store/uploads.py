"""What people brought: each upload with its sources, so that it can be shown, undone, replaced and made public as one.

An upload goes from received to taken, refused or failed; its sources are linked in the transaction that ends it. Undoing
withdraws them, so nothing is lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd
from sqlalchemy import Connection, Select, exists, func, insert, select, update

from lib.access import VISIBILITIES, Visibility
from lib.errors import RefusedInput
from lib.store import audit, tables
from lib.store.access_tables import upload_sources, uploads
from lib.store.bulk import insert_rows, portions
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.prepared import plain_text
from lib.store.withdrawal import set_withdrawn

State = Literal["received", "reading", "taken", "refused", "failed"]
COLUMNS = (
    "id", "owner", "visibility", "wants_public", "name", "made_at", "state", "replaces", "undone_at", "n_files",
    "n_results",
)  # fmt: skip
"""Of the list; what the doctor said is read with ``report``."""


class Upload(NamedTuple):
    """One upload: ``COLUMNS``, and what the doctor said."""

    id: str
    owner: str
    visibility: Visibility
    wants_public: bool
    name: str
    made_at: str
    state: State
    replaces: str | None
    undone_at: str | None
    n_files: int
    n_results: int
    report: dict[str, Any]


def begin(
    store: Store,
    owner: str,
    *,
    name: str,
    visibility: Visibility,
    wants_public: bool = False,
    replaces: str | None = None,
) -> str:
    """Note that something was received; returns the id of the upload.

    Args:
        store: The store.
        owner: Who brings it.
        name: What they call it: the names of the files.
        visibility: Who may see it at once.
        wants_public: Whether it shall be public when an admin agrees.
        replaces: An earlier upload of theirs that this one takes the place of when it is taken.

    Raises:
        RefusedInput: If there is no such visibility, or no such upload of theirs to replace.
    """
    if visibility not in VISIBILITIES:
        raise RefusedInput("not a visibility", expected=", ".join(VISIBILITIES), found=visibility)
    made = secrets.token_hex(6)

    def work(writing: Writing) -> str:
        if replaces is not None and _row(writing.connection, replaces, owner) is None:
            raise RefusedInput("no such upload of yours", found=replaces)
        row = {"id": made, "owner": owner, "visibility": visibility, "wants_public": wants_public, "replaces": replaces}
        row |= {"name": plain_text(name)[:300], "made_at": now(), "state": "received", "report": {}}
        writing.connection.execute(insert(uploads).values(**row))
        return made

    return store.write(work)


def report(store: Store, upload: str, state: State, said: Mapping[str, Any]) -> None:
    """Note how far an upload is and what the doctor says of it."""

    def work(writing: Writing) -> None:
        values = {"state": state, "report": dict(said)}
        writing.connection.execute(update(uploads).where(uploads.c.id == upload).values(**values))

    store.write(work)


def finish(
    store: Store, upload: str, state: State, *, raw_digests: Iterable[str], n_files: int, n_results: int, said: Any
) -> None:
    """End an upload: link what came in with it, and put away the one that it replaces; one transaction.

    Sources of an earlier upload that still holds stay with that one, so undoing this one leaves them. Until here nothing
    new of it was seen; of one that is refused or failed nothing ever is, unless it is sent again.

    Args:
        store: The store.
        upload: Its id.
        state: taken, refused or failed.
        raw_digests: Raw files that it brought.
        n_files, n_results: Taken in now.
        said: The doctor's report, JSON.
    """

    digests = list(raw_digests)

    def work(writing: Writing) -> None:
        connection = writing.connection
        row = connection.execute(select(uploads).where(uploads.c.id == upload)).one()
        values = {"state": state, "n_files": n_files, "n_results": n_results, "report": said}
        connection.execute(update(uploads).where(uploads.c.id == upload).values(**values))
        if state != "taken":
            return
        _let_be_seen(writing, row.owner, digests)
        if row.replaces:
            # First: what both brought passes over to the new one.
            connection.execute(update(uploads).where(uploads.c.id == row.replaces).values(undone_at=now()))
        found = _new_sources(connection, row.owner, digests)
        insert_rows(connection, upload_sources, ("upload", "source_id"), [(upload, source) for source in found])
        if row.replaces:
            set_withdrawn(writing, set(_sources(connection, row.replaces)) - set(found), now())
        whose = {"owner": row.owner, "visibility": row.visibility}
        data = {"upload": upload, "n_results": n_results}
        audit.note(connection, row.owner, "replaced" if row.replaces else "added", row.name, **whose, data=data)

    store.write(work)


def undo(store: Store, upload: str, *, by: str) -> int:
    """Withdraw what an upload brought; returns how many sources. Nothing is deleted: ``redo`` brings it back."""
    return _turn(store, upload, by, now(), "withdrew")


def redo(store: Store, upload: str, *, by: str) -> int:
    """Undo ``undo``."""
    return _turn(store, upload, by, None, "restored")


def show_to(store: Store, upload: str, visibility: Visibility, *, by: str) -> None:
    """Change who may see what an upload brought, all of it at once.

    Raises:
        RefusedInput: If there is no such upload.
    """

    def work(writing: Writing) -> None:
        row = _existing(writing.connection, upload)
        set_visibility(writing, _sources(writing.connection, upload), visibility)
        values = {"visibility": visibility, "wants_public": False}
        writing.connection.execute(update(uploads).where(uploads.c.id == upload).values(**values))
        # Seen by those who see it now or saw it before, whichever are fewer: a name is content too.
        fewer = min(visibility, row.visibility, key=VISIBILITIES.index)
        whose = {"owner": row.owner, "visibility": fewer}
        audit.note(writing.connection, by, f"made {visibility}", row.name, **whose, data={"upload": upload})

    store.write(work)


def set_visibility(writing: Writing, source_ids: Collection[int], visibility: Visibility) -> None:
    """Give sources a visibility; their runs and models are looked at anew by everybody."""
    s, runs, models, links = tables.sources, tables.runs, tables.models, tables.run_sources.c
    stamp = {"store_revision": writing.revision}
    for some in portions(source_ids):
        writing.is_changed = True
        writing.connection.execute(update(s).where(s.c.id.in_(some)).values(visibility=visibility, **stamp))
        held = select(links.run_id).where(links.source_id.in_(some))
        writing.connection.execute(update(runs).where(runs.c.id.in_(held)).values(**stamp))
        writing.connection.execute(update(models).where(models.c.source_id.in_(some)).values(**stamp))


def upload_of(store: Store, upload: str, *, owner: str | None = None) -> Upload | None:
    """One upload; None where there is none, or it is not this owner's."""
    with store.reading() as connection:
        row = _row(connection, upload, owner)
    return None if row is None else Upload(*(getattr(row, name) for name in Upload._fields))


def uploads_of(store: Store, owner: str, *, most: int = 200) -> pd.DataFrame:
    """The uploads of one person, newest first: ``COLUMNS``."""
    return _frame(store, select(*_listed()).where(uploads.c.owner == owner), most)


def uploads_waiting(store: Store, *, most: int = 200) -> pd.DataFrame:
    """Uploads that wait for an admin to make them public, newest first: ``COLUMNS``."""
    u = uploads.c
    waits = (u.wants_public, u.state == "taken", u.undone_at.is_(None), u.visibility != "public")
    return _frame(store, select(*_listed()).where(*waits), most)


def bytes_of(store: Store, owner: str) -> int:
    """Bytes of the raw files that somebody holds; what a quota is held against."""
    s, r = tables.sources.c, tables.raw_files.c
    query = select(func.sum(r.n_bytes)).where(
        exists().where(s.raw_digest == r.digest, s.owner == owner, s.is_shipped.is_(False))
    )
    with store.reading() as connection:
        return int(connection.execute(query).scalar() or 0)


def sources_of(store: Store, upload: str) -> list[int]:
    """Ids of the sources that an upload brought, ascending."""
    with store.reading() as connection:
        return _sources(connection, upload)


def _turn(store: Store, upload: str, by: str, at: str | None, word: str) -> int:
    def work(writing: Writing) -> int:
        row = _existing(writing.connection, upload)
        n = set_withdrawn(writing, _sources(writing.connection, upload), at)
        writing.connection.execute(update(uploads).where(uploads.c.id == upload).values(undone_at=at))
        whose = {"owner": row.owner, "visibility": row.visibility}
        audit.note(writing.connection, by, word, row.name, **whose, data={"upload": upload})
        return n

    return store.write(work)


def _existing(connection: Connection, upload: str) -> Any:
    row = _row(connection, upload, None)
    if row is None:
        raise RefusedInput("no such upload", found=upload)
    return row


def _row(connection: Connection, upload: str, owner: str | None) -> Any:
    query = select(uploads).where(uploads.c.id == upload)
    return connection.execute(query if owner is None else query.where(uploads.c.owner == owner)).first()


def _sources(connection: Connection, upload: str) -> list[int]:
    c = upload_sources.c
    return list(connection.execute(select(c.source_id).where(c.upload == upload).order_by(c.source_id)).scalars())


def _new_sources(connection: Connection, owner: str, raw_digests: Iterable[str]) -> list[int]:
    """Live sources of these raw files that no upload which still holds has brought."""
    s, links = tables.sources.c, upload_sources.c
    is_brought = exists().where(links.source_id == s.id, links.upload == uploads.c.id, uploads.c.undone_at.is_(None))
    found: list[int] = []
    for some in portions(raw_digests):
        own = (s.raw_digest.in_(some), s.owner == owner, s.is_shipped.is_(False), s.withdrawn_at.is_(None))
        found += connection.execute(select(s.id).where(*own, ~is_brought).order_by(s.id)).scalars()
    return found


def _let_be_seen(writing: Writing, owner: str, raw_digests: Iterable[str]) -> None:
    """What was read of these raw files, now or by an upload that never ended, is seen from here on."""
    s, runs, links = tables.sources, tables.runs, tables.run_sources.c
    stamp = {"store_revision": writing.revision}
    for some in portions(raw_digests):
        waiting = (s.c.raw_digest.in_(some), s.c.owner == owner, s.c.pending.is_not(None))
        ids = list(writing.connection.execute(select(s.c.id).where(*waiting)).scalars())
        for few in portions(ids):
            writing.is_changed = True
            writing.connection.execute(update(s).where(s.c.id.in_(few)).values(pending=None, **stamp))
            held = select(links.run_id).where(links.source_id.in_(few))
            writing.connection.execute(update(runs).where(runs.c.id.in_(held)).values(**stamp))


def _listed() -> list[Any]:
    return [uploads.c[name] for name in COLUMNS]


def _frame(store: Store, query: Select[Any], most: int) -> pd.DataFrame:
    with store.reading() as connection:
        rows = connection.execute(query.order_by(uploads.c.made_at.desc(), uploads.c.id).limit(most))
        return pd.DataFrame([tuple(row) for row in rows], columns=list(COLUMNS), dtype=object)
