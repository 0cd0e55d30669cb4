"""Many rows at once, as tuples straight to the driver; the same words on both engines."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

ROWS_PER_QUERY = 1_000
T = TypeVar("T")


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: list[Any], rest: str = "") -> None:
    """Insert tuples in the order of the columns; JSON columns take text. ``rest``: an ON CONFLICT clause."""
    if not rows:
        return
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in columns)
    place = "?" if connection.dialect.name == "sqlite" else "%s"
    places = ", ".join([place] * len(columns))
    connection.exec_driver_sql(f"insert into {quote(table.name)} ({names}) values ({places}) {rest}", rows)


def upsert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: list[Any]) -> None:
    """Insert, or replace every named column of the row that has the same primary key."""
    quote = connection.dialect.identifier_preparer.quote
    keys = [column.name for column in table.primary_key.columns]
    sets = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in columns if name not in keys)
    insert_rows(connection, table, columns, rows, f"on conflict ({', '.join(map(quote, keys))}) do update set {sets}")


def copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: list[Any]) -> None:
    """Insert very many plain rows: COPY on PostgreSQL, one executemany on SQLite."""
    if connection.dialect.name == "sqlite":
        insert_rows(connection, table, columns, rows)
    elif rows:
        quote = connection.dialect.identifier_preparer.quote
        names = ", ".join(quote(name) for name in columns)
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f"copy {quote(table.name)} ({names}) from stdin") as copy,
        ):
            for row in rows:
                copy.write_row(row)


def portions(values: Iterable[T]) -> Iterator[Collection[T]]:
    """The different values, as many at a time as a query may name."""
    ordered = list(dict.fromkeys(values))
    for start in range(0, len(ordered), ROWS_PER_QUERY):
        yield ordered[start : start + ROWS_PER_QUERY]
