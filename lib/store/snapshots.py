"""Snapshots: states of the store that somebody pinned, each a small database of its own, named by the store's digest.

A snapshot holds the rows that its maker's sight saw (``lib.store.snapshot_rows``), in the store's own tables, so frames,
details and logs read it by the same code. Logs and raw files are not copied: they are named by content and kept as long
as a snapshot names them (``lib.store.raw.sweep``). Who may open one follows from what is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn, TypeVar

from sqlalchemy import RowMapping, insert, select, update

from lib import formats
from lib.access import PUBLIC, WORKSPACE, Sight, Visibility
from lib.errors import RefusedInput
from lib.settings import CODE_VERSION
from lib.store import snapshot_files, tables
from lib.store.access_tables import snapshots as table
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.digest import digest_of
from lib.store.in_force import is_seen
from lib.store.snapshot_rows import copy_rows_seen

SHORTEST = 8
"""Digits of a digest that name a snapshot."""
LONGEST_NAME = 80
T = TypeVar("T")


class Snapshot(NamedTuple):
    """A pinned state.

    Args:
        digest: Of the store as its maker saw it, 64 hexadecimal digits.
        name: Given by whoever shared it; may be ''.
        visibility: Who may open it: private (its owner), workspace or public, the narrowest of what it holds.
        owner: Whoever made it; of a private one, whose rows it holds.
        made_at: UTC, ISO-8601.
        made_by: Subject of whoever made it; '' for nobody known.
        code_version: Of the project that took it.
        revision: Of the store when it was taken.
        n_bytes: Of its file.
        file_digest: SHA-256 of its file.
        tombstones: Sources that were taken out of it since: ``at``, ``reason``, ``name``, ``n_results``.
    """

    digest: str
    name: str
    visibility: Visibility
    owner: str
    made_at: str
    made_by: str
    code_version: str
    revision: int
    n_bytes: int
    file_digest: str
    tombstones: tuple[Mapping[str, Any], ...]

    @property
    def sight(self) -> Sight:
        """What somebody sees who sees what is in it, and no more."""
        return Sight(self.owner, True) if self.visibility == "private" else Sight("", self.visibility == "workspace")

    @property
    def short(self) -> str:
        """As addresses carry it."""
        return self.digest[:12]


class SnapshotStore(Store):
    """A store that shows one snapshot, and that nothing can be written to."""

    def __init__(self, store: Store, snapshot: Snapshot) -> None:
        path = snapshot_files.unpacked(store.settings, snapshot)
        settings = replace(store.settings, database_url=f"sqlite:///{path}")
        super().__init__(settings, snapshot_files.reading_engine(path), snapshot.sight)
        self.snapshot = snapshot

    def seen_by(self, sight: Sight) -> SnapshotStore:
        """Itself: who may open it sees all that is in it, and whoever sees more elsewhere sees no more here."""
        return self

    def digest(self) -> str:
        """The digest that it was taken by, also where sources had to be taken out of it since."""
        return self.snapshot.digest

    def write(self, work: Callable[[Writing], T]) -> NoReturn:
        """Nothing can be written.

        Raises:
            RefusedInput: Always.
        """
        raise RefusedInput("a snapshot cannot be changed", found=self.snapshot.short)


def take(store: Store, name: str = "", *, by: str = "") -> Snapshot:
    """Pin what this store's sight sees now. The same state again is the same snapshot; a name is given to one without.

    Where others see the same, the snapshot is theirs, too: what one owns and everybody sees anyway hides nothing.

    Args:
        by: Subject of whoever takes it.

    Raises:
        RefusedInput: If the name is too long.
    """
    name = checked_name(name)
    store = as_many_see_it(store)
    known = _row(store, store.digest())
    if known is None or not snapshot_files.path_of(store.settings, known).exists():
        known = _make(store, name, by)
    if name and not known.name:
        set_name(store, known.digest, name)
        known = known._replace(name=name)
    return known


def as_many_see_it(store: Store) -> Store:
    """The store with the least sight that sees the same content."""
    digest = store.digest()
    for sight in (PUBLIC, WORKSPACE):
        if sight.is_member <= store.sight.is_member and store.seen_by(sight).digest() == digest:
            return store.seen_by(sight)
    return store


def open_snapshot(store: Store, digest: str) -> SnapshotStore:
    """The snapshot of this digest, or beginning of one, to read.

    Raises:
        RefusedInput: If there is none that this store's sight may open.
        Unavailable: If its file is gone or damaged.
    """
    return SnapshotStore(store, named(store, digest))


def named(store: Store, text: str) -> Snapshot:
    """The one snapshot of this name, digest or beginning of a digest.

    Raises:
        RefusedInput: If there is none that may be seen, or there are several.
    """
    text = text.strip()
    found = [one for one in snapshots(store) if _is_meant(one, text)]
    if not found:
        raise RefusedInput("no such snapshot", expected="a digest or name that `snapshot list` shows", found=text)
    if len(found) > 1:
        raise RefusedInput("several snapshots are called so", expected="more digits of the digest", found=text)
    return found[0]


def snapshots(store: Store) -> list[Snapshot]:
    """Those that this store's sight may open, newest first."""
    with store.reading() as connection:
        query = select(table).where(is_seen(store.sight, table)).order_by(table.c.made_at.desc(), table.c.digest)
        return [_snapshot(row) for row in connection.execute(query).mappings()]


def set_name(store: Store, digest: str, name: str) -> None:
    """Call the snapshot so; '' takes the name away. Who may is for the caller to ask.

    Raises:
        RefusedInput: If the name is too long.
    """
    text = checked_name(name)

    def work(writing: Writing) -> None:
        writing.connection.execute(update(table).where(table.c.digest == digest).values(name=text))

    store.write(work)


def every_snapshot(store: Store) -> list[Snapshot]:
    """All there are, whoever may open them; for the upkeep of their files, never to be shown."""
    with store.reading() as connection:
        return [_snapshot(row) for row in connection.execute(select(table).order_by(table.c.digest)).mappings()]


def files_named(store: Store) -> set[str]:
    """Digests of all raw files and logs that any snapshot names, whoever may open it.

    Raises:
        Unavailable: If the file of a snapshot is gone or damaged.
    """
    named: set[str] = set()
    for one in every_snapshot(store):
        opened = SnapshotStore(store, one)
        try:
            with opened.reading() as connection:
                for column in (tables.raw_files.c.digest, tables.sample_files.c.digest):
                    named.update(connection.execute(select(column)).scalars())
        finally:
            opened.close()
    return named


def checked_name(name: str) -> str:
    """The name on one line.

    Raises:
        RefusedInput: If it is longer than ``LONGEST_NAME``.
    """
    text = formats.one_line(name.strip(), LONGEST_NAME + 1)
    if len(text) > LONGEST_NAME:
        raise RefusedInput("the name is too long", expected=f"at most {LONGEST_NAME} characters", found=name)
    return text


def _make(store: Store, name: str, by: str) -> Snapshot:
    """Copy the rows, pack them, and only then write the row that names the file."""
    sight = store.sight
    visibility: Visibility = "private" if sight.owner else "workspace" if sight.is_member else "public"
    with store.reading() as connection, snapshot_files.building(store.settings) as (path, copy):
        digest = digest_of(connection)
        revision = connection.execute(select(tables.store.c.revision)).scalar_one()
        copy_rows_seen(connection, copy)
        copy.commit()
        n_bytes, packed = snapshot_files.pack(path, store.settings, digest)
    made = Snapshot(
        digest=digest,
        name=name,
        visibility=visibility,
        owner=sight.owner or by,
        made_at=now(),
        made_by=by,
        code_version=CODE_VERSION,
        revision=revision,
        n_bytes=n_bytes,
        file_digest=packed,
        tombstones=(),
    )

    def work(writing: Writing) -> None:
        known = table.c.digest == digest
        row = writing.connection.execute(select(table).where(known)).mappings().first()
        if row is None:
            writing.connection.execute(insert(table).values({**made._asdict(), "tombstones": []}))
        elif not snapshot_files.path_of(store.settings, _snapshot(row)).exists():
            writing.connection.execute(update(table).where(known).values(n_bytes=n_bytes, file_digest=packed))

    store.write(work)
    return _row(store, digest) or made


def _row(store: Store, digest: str) -> Snapshot | None:
    with store.reading() as connection:
        row = connection.execute(select(table).where(table.c.digest == digest)).mappings().first()
    return None if row is None else _snapshot(row)


def _snapshot(row: RowMapping) -> Snapshot:
    return Snapshot(**{**dict(row), "tombstones": tuple(row["tombstones"] or ())})


def _is_meant(one: Snapshot, text: str) -> bool:
    return (len(text) >= SHORTEST and one.digest.startswith(text.lower())) or (bool(text) and one.name == text)
