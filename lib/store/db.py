"""Opening the store, and the one way to write to it: a short transaction that raises the revision last.

Writers take turns: BEGIN IMMEDIATE on SQLite, an advisory lock on PostgreSQL. A writer therefore knows the revision and
the numbers it will have before it commits, readers are never in its way, and there is nothing to deadlock on.
Whatever takes time (parsing, hashing, building rows, files) is done before.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from lib.access import PUBLIC, Sight
from lib.errors import RefusedInput, Unavailable
from lib.settings import Settings
from lib.store import tables
from lib.store.digest import digest_of
from lib.store.in_force import SIGHT

WAIT_S = 60
ATTEMPTS = 6
WRITERS_LOCK = 0x50345057
"""Key of PostgreSQL's advisory lock that writers and migrations hold."""
LOST_CONNECTION = ("08", "57P", "40001", "40P01")
"""SQLSTATE prefixes after which the same transaction may be tried again: connection gone, server stopping, deadlock."""
DatabaseError = DBAPIError
"""What the drivers raise, for those who may not import SQLAlchemy."""
T = TypeVar("T")


class Writing:
    """A writing transaction.

    Args:
        connection: The open connection; its transaction is committed by ``Store.write``.
        revision: The revision that this transaction will leave; stamp it on what is touched.

    Set ``is_changed`` when something was written: without it the revision stays as it is.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        row = connection.execute(select(tables.store.c.revision, tables.store.c.next_id)).one()
        self.revision: int = row.revision + 1
        self.is_changed = False
        self._stored_next: int = row.next_id
        self._next: int | None = None

    def take_ids(self, count: int) -> range:
        """Numbers for new sources and runs, never given before."""
        if self._next is None:
            highest = (
                self.connection.execute(select(func.max(table.c.id))).scalar() or 0
                for table in (tables.sources, tables.runs)
            )
            self._next = max(self._stored_next, *(number + 1 for number in highest))
        first = self._next
        self._next += count
        return range(first, self._next)

    def finish(self) -> None:
        """Raise the revision, if anything was written; the last statement."""
        if self.is_changed:
            following = self._stored_next if self._next is None else self._next
            self.connection.execute(update(tables.store).values(revision=self.revision, next_id=following))


class Store:
    """The database with the folders beside it, as one reader sees it. Safe for threads.

    Args:
        settings: Those in force.
        engine: Of the database; one per process, shared by what ``seen_by`` gives.
        sight: Whose rows are read; without it a stranger's. Writing is the same for all: who may write is asked before.
    """

    def __init__(self, settings: Settings, engine: Engine, sight: Sight = PUBLIC) -> None:
        self.settings = settings
        self.engine = engine.execution_options(**{SIGHT: sight})
        self.sight = sight
        self._digest = (-1, "")
        self._lock = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def seen_by(self, sight: Sight) -> Store:
        """The same store with the eyes of somebody else; costs nothing to speak of."""
        return self if sight == self.sight else Store(self.settings, self.engine, sight)

    def revision(self) -> int:
        """The counter that every writing transaction raises; one probe."""
        with self.engine.connect() as connection:
            return connection.execute(select(tables.store.c.revision)).scalar_one()

    def digest(self) -> str:
        """64 hexadecimal digits over live sources, aliases and catalogue that are seen; see ``lib.store.digest``."""
        with self.reading() as connection:
            revision = connection.execute(select(tables.store.c.revision)).scalar_one()
            with self._lock:
                known, digest = self._digest
            if known != revision:
                digest = digest_of(connection)
                with self._lock:
                    self._digest = (revision, digest)
        return digest

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection on which every query sees the same state of the store."""
        options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.engine.connect() as opened, opened.execution_options(**options) as connection, connection.begin():
            yield connection

    def write(self, work: Callable[[Writing], T]) -> T:
        """Run ``work`` in one writing transaction and commit it.

        ``work`` may run again from the start when PostgreSQL loses the connection, so it changes nothing outside the
        database. That it may have been committed before does no harm: contents are unique by digest.

        Raises:
            Whatever ``work`` raises; the transaction is then undone.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with begin_writing(self.engine) as connection:
                    writing = Writing(connection)
                    value = work(writing)
                    writing.finish()
                return value
            except DBAPIError as error:
                if self.is_sqlite or attempt == ATTEMPTS or not _may_be_repeated(error):
                    raise
            time.sleep(random.uniform(0.5, 1.0) * 0.1 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Give the connections back; the store can be used again afterwards."""
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store of these settings, made or migrated first where needed. Costs milliseconds when nothing is to do.

    Raises:
        RefusedInput: If a newer version of the project has written the store, or its file is something else.
        Unavailable: If PostgreSQL cannot be reached.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    engine = open_engine(settings.database_url)
    try:
        _bring_up_to_date(engine)
    except OperationalError as error:
        engine.dispose()
        if engine.dialect.name == "sqlite":
            raise
        raise Unavailable(
            "the database does not answer", remedy="Start PostgreSQL, or check P4P_DATABASE_URL"
        ) from error
    except DBAPIError as error:
        engine.dispose()
        if "not a database" not in str(error.orig):
            raise
        raise RefusedInput("the store's file is not an SQLite database", file=settings.database_url) from error
    except RefusedInput:
        engine.dispose()
        raise
    return Store(settings, engine)


def open_engine(url: str) -> Engine:
    """An engine with what was measured to be safe; nothing is read or written yet."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=32)
    engine = create_engine(url, connect_args={"timeout": WAIT_S}, pool_size=8, max_overflow=32)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def begin_writing(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other writer is in; committed at the end, undone by an exception."""
    with engine.connect() as opened, opened.execution_options(write=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": WRITERS_LOCK})
        yield connection


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes too late (not before SELECT, not before DDL), so it is told to keep quiet.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    _turn_to_wal(cursor)
    cursor.close()


def _turn_to_wal(cursor: Any) -> None:
    """Write-ahead mode is kept in the file, but two processes that turn to it at once do not wait for each other."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except cursor.connection.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    # A plain BEGIN that reads and then writes fails at once when another has written in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


def patiently(work: Callable[[], T], *, is_over: Callable[[], bool] = lambda: False) -> T:
    """Do something with the store, again and again while its server is away; for processes that outlive a restart of it.

    Args:
        work: May have happened when the connection was lost, so repeating it must be harmless.
        is_over: Asked before each further try; when true the error is raised.
    """
    wait_s = 0.2
    while True:
        try:
            return work()
        except DBAPIError as error:
            if is_over() or not is_lost(error):
                raise
        time.sleep(random.uniform(0.5, 1.0) * wait_s)
        wait_s = min(2 * wait_s, 5.0)


def is_lost(error: Exception) -> bool:
    """Whether the connection was lost or the server cannot be reached, which passes; nothing that SQLite says is of this kind."""
    if not isinstance(error, DBAPIError):
        return False
    is_refused = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return _may_be_repeated(error) or is_refused


def _may_be_repeated(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or (state is not None and state.startswith(LOST_CONNECTION))


def _bring_up_to_date(engine: Engine) -> None:
    # Imported late: Alembic costs a tenth of a second that a store at its newest version need not pay.
    from lib.store.versions import NEWEST, stored_version

    if stored_version(engine) != NEWEST:
        from lib.store.migrate import migrate

        migrate(engine)
