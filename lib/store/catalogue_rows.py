"""Rows of the catalogue's tables: which source holds them, and what replaces what.

A source holds the rows that it wrote last. When it is read again, rows that it no longer has are deleted; models that
something else refers to stay. A catalogue row replaces a community model, never the other way round. What a reader
entered is in rows of origin ``reader``, which nothing here touches and which win when read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Float, Integer, Table, delete, exists, insert, not_, select

from lib.access import OWN_MACHINE
from lib.errors import RefusedInput
from lib.store import tables
from lib.store.bulk import insert_rows, portions, upsert_rows
from lib.store.db import Writing
from lib.store.prepared import LARGEST_INT32, LARGEST_INT64, FileRows, as_json, checked

# Models first: the others refer to them.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        tables.models,
        tables.model_facts,
        tables.rumours,
        tables.model_aliases,
        tables.tasks,
        tables.task_patterns,
        tables.prices,
        tables.hardware,
    )
}
REFERENCE = "reference:"
_DEFAULTS: Mapping[str, Any] = {
    "size_status": "unknown",
    "origin": "shipped",
    "scope": "",
    "is_from_memory": False,
    "is_stale_risk": False,
    "owner": OWN_MACHINE,
    "visibility": "public",
    "published_names": [],
    "lm_eval_names": [],
}
_REFERRING = (tables.model_facts, tables.rumours, tables.model_aliases, tables.runs)


def refuse_unknown_tables(file: FileRows) -> None:
    """Raise KeyError for a table or column that the store does not have: a bug of the importer, not of the file."""
    for name, rows in file.file.parsed.tables.items():
        if name.startswith(REFERENCE):
            continue
        known = TABLES[name].c.keys()
        for row in rows:
            if not row.keys() <= set(known):
                raise KeyError(f"{name} has no column {sorted(row.keys() - set(known))}")


def write_catalogue(writing: Writing, files: Sequence[tuple[int, FileRows]]) -> None:
    """Write the catalogue rows of files that are new or replaced; pairs of source id and file."""
    connection = writing.connection
    reference_owners = set(
        connection.execute(
            select(tables.reference_rows.c.source_id)
            .where(tables.reference_rows.c.source_id.in_([source for source, _ in files]))
            .distinct()
        ).scalars()
    )
    for source_id, file in files:
        if source_id in reference_owners:
            connection.execute(delete(tables.reference_rows).where(tables.reference_rows.c.source_id == source_id))
        for name, rows in file.file.parsed.tables.items():
            if name.startswith(REFERENCE):
                _write_reference(connection, name.removeprefix(REFERENCE), rows, source_id)
    for table in TABLES.values():
        for source_id, file in files:
            rows = file.file.parsed.tables.get(table.name, [])
            _write_table(writing, table, rows, source_id, file.file.name)


def forget_missing_models(connection: Connection, files: Sequence[tuple[int, FileRows]]) -> None:
    """Delete models that their source no longer has and that nothing refers to; after runs and aliases are written."""
    m = tables.models.c
    unused = [not_(exists().where(table.c.model_id == m.id)) for table in _REFERRING]
    for source_id, file in files:
        kept = {row["id"] for row in file.file.parsed.tables.get("models", [])}
        held = connection.execute(select(m.id).where(m.source_id == source_id)).scalars()
        for some in portions(set(held) - kept):
            connection.execute(delete(tables.models).where(m.id.in_(some), *unused))


def write_community(writing: Writing, rows: Sequence[Mapping[str, Any]]) -> None:
    """Models that only a file names: inserted where the id is not known, otherwise left alone."""
    known = known_models(writing.connection, (row["id"] for row in rows))
    new = [
        {"name": row["id"], "size_status": "reported" if row.get("params_total") else "unknown", **row}
        | {"origin": "community", "store_revision": writing.revision}
        for row in {row["id"]: row for row in rows}.values()
        if row["id"] not in known
    ]
    for row in new:
        for column, value in row.items():
            checked(value, f"model {row['id']!r}, {column}")
        columns = {column.name: None for column in tables.models.columns}
        writing.connection.execute(insert(tables.models), [columns | row])
        writing.is_changed = True


def known_models(connection: Connection, ids: Any) -> set[str]:
    """Those of the ids that the store has."""
    found: set[str] = set()
    for some in portions(ids):
        found.update(connection.execute(select(tables.models.c.id).where(tables.models.c.id.in_(some))).scalars())
    return found


def refuse_unknown_models(connection: Connection, ids: Collection[str], file: str) -> None:
    """Raise RefusedInput when a row means a model that the store does not have."""
    missing = set(ids) - known_models(connection, ids)
    if missing:
        raise RefusedInput(
            "rows that mean an unknown model", file=file, expected="an id of the catalogue", found=sorted(missing)[0]
        )


def _write_table(writing: Writing, table: Table, rows: Sequence[Mapping[str, Any]], source_id: int, name: str) -> None:
    connection = writing.connection
    own_keys = [column.name for column in table.primary_key.columns]
    is_numbered = own_keys == ["id"] and table.c.id.autoincrement is True
    if is_numbered:
        connection.execute(delete(table).where(table.c.source_id == source_id))
    elif table is not tables.models:
        _delete_gone(connection, table, own_keys, rows, source_id)
    if not rows:
        return
    if "model_id" in table.c:
        refuse_unknown_models(connection, {row["model_id"] for row in rows}, name)
    if table is tables.models:
        rows = _without_lower(connection, rows)
    columns = [column.name for column in table.columns if not (is_numbered and column.name == "id")]
    given = {"source_id": source_id, "store_revision": writing.revision}
    try:
        values = [tuple(_value(table, column, row, given) for column in columns) for row in rows]
    except RefusedInput as refused:
        raise refused.in_file(name) from None
    (insert_rows if is_numbered else upsert_rows)(connection, table, columns, values)


def _without_lower(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The rows of models, without those that may not replace what is there."""
    rank = {"community": 0, "catalogue": 1, "reader": 2}
    m = tables.models.c
    there: dict[str, str] = {}
    for some in portions(row["id"] for row in rows):
        there.update((row.id, row.origin) for row in connection.execute(select(m.id, m.origin).where(m.id.in_(some))))
    return [row for row in rows if rank[row["origin"]] >= rank[there.get(row["id"], "community")]]


def _delete_gone(
    connection: Connection, table: Table, keys: list[str], rows: Sequence[Mapping[str, Any]], source_id: int
) -> None:
    columns = [table.c[name] for name in keys]
    kept = {tuple(_value(table, name, row, {}) for name in keys) for row in rows}
    for row in connection.execute(select(*columns).where(table.c.source_id == source_id)).all():
        if tuple(row) not in kept:
            matches = [column == value for column, value in zip(columns, row, strict=True)]
            connection.execute(delete(table).where(*matches))


def _write_reference(connection: Connection, name: str, rows: Sequence[Mapping[str, Any]], source_id: int) -> None:
    """A reference table is of one source as a whole: the one read last."""
    connection.execute(delete(tables.reference_rows).where(tables.reference_rows.c.name == name))
    values = [(name, i, as_json(row, f"row {i}"), source_id) for i, row in enumerate(rows)]
    insert_rows(connection, tables.reference_rows, ("name", "row", "data", "source_id"), values)


def _value(table: Table, column: str, row: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    if column in given:
        return given[column]
    value = row.get(column)
    described = table.c[column]
    if value is None and not described.nullable and column in _DEFAULTS:
        value = _DEFAULTS[column]
    place = f"{table.name}.{column}"
    if isinstance(described.type, JSON):
        return as_json(value, place)
    if isinstance(described.type, Float) and value is not None:
        value = float(value)
    is_small = type(described.type) is Integer
    return checked(value, place, LARGEST_INT32 if is_small else LARGEST_INT64)
