"""Bring the tables to the newest version: all steps in one transaction, one process at a time.

Alembic does the steps. It is given a connection that already holds the writers' lock and commits nothing itself,
so a kill at any moment leaves the old version whole, and of several processes the first migrates and the others wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event, insert, select

from lib.errors import RefusedInput
from lib.store import tables
from lib.store.clock import now
from lib.store.db import begin_writing
from lib.store.versions import NEWEST, version_on

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> None:
    """Make the tables, or bring them from an older version to the newest.

    Raises:
        RefusedInput: If the store is of a version that this code does not know.
    """
    with references_at_rest(engine), begin_writing(engine) as connection:
        version = version_on(connection)
        if version == NEWEST:
            return
        if version is not None and version not in known_versions():
            raise RefusedInput(
                "the store was written by a newer version of Pound for Pound; update this installation, "
                "or point P4P_DATA_DIR or P4P_DATABASE_URL to another store",
                expected=f"version {NEWEST} or older",
                found=version,
            )
        settings = configuration()
        settings.attributes["connection"] = connection
        command.upgrade(settings, NEWEST)
        refuse_loose_ends(connection)
        if connection.execute(select(tables.store.c.id)).first() is None:
            connection.execute(insert(tables.store).values(id=1, revision=0, created_at=now()))


@contextmanager
def references_at_rest(engine: Engine) -> Iterator[None]:
    """On SQLite a table is changed by writing a new one and dropping the old, which would take along the rows of other
    tables that refer to it. Foreign keys can be put to rest only outside of a transaction, so for new connections."""

    def put_to_rest(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")

    if engine.dialect.name != "sqlite":
        yield
        return
    engine.dispose()
    event.listen(engine, "connect", put_to_rest)
    try:
        yield
    finally:
        event.remove(engine, "connect", put_to_rest)
        engine.dispose()


def refuse_loose_ends(connection: Connection) -> None:
    """A bug rather than a broken store, so that nothing is committed."""
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise AssertionError("a step of the migration left rows that refer to nothing")


def configuration() -> Config:
    """Alembic's settings without a file of their own."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings


def known_versions() -> set[str]:
    """Every version that there is a step to."""
    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
