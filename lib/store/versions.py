"""Which version of the tables a store has; apart from the migrations, so that opening a store need not load them."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

NEWEST = "0003"
"""The newest version in ``lib/store/migrations/versions``; a test holds the two together."""


def stored_version(engine: Engine) -> str | None:
    """Version of the tables in this database; None when it has none of ours."""
    with engine.connect() as connection:
        return version_on(connection)


def version_on(connection: Connection) -> str | None:
    """The same, inside a transaction."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("select version_num from alembic_version")).scalar()
