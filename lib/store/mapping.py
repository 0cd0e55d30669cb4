"""What a reader says: which model a spelling means, and values of a model. Each function is one transaction.

Readers' aliases and facts are rows of origin ``reader``. They win over shipped ones and no import touches them; facts
are laid over the stored values when models are read (``lib.store.frames``), so a shipped value is never lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Text, delete, insert, or_, select, update

from lib.errors import RefusedInput
from lib.store import tables
from lib.store.bulk import portions, upsert_rows
from lib.store.catalogue_rows import refuse_unknown_models
from lib.store.db import Store, Writing
from lib.store.prepared import LARGEST_INT64, OPEN, Holder, checked, key

FACT_FIELDS = tuple(
    column.name
    for column in tables.models.columns
    if column.name not in ("id", "origin", "source_id", "store_revision", "size_status")
)
"""Fields of a model that a reader may set."""


class ReaderAliases:
    """The reader's aliases as of this transaction; letters' case does not matter."""

    def __init__(self, connection: Connection) -> None:
        a = tables.model_aliases.c
        rows = connection.execute(select(a.alias, a.scope, a.model_id).where(a.origin == "reader"))
        self._models = {(row.alias.casefold(), row.scope): row.model_id for row in rows}

    def model_of(self, spellings: Iterable[str], scope: str) -> str | None:
        """The model that the reader means by the first spelling an alias fits; its own scope before everywhere."""
        if not self._models:
            return None
        for spelling in spellings:
            for where in (scope, ""):
                model = self._models.get((spelling.casefold(), where))
                if model is not None:
                    return model
        return None


def set_alias(store: Store, alias: str, scope: str, model_id: str, holder: Holder = OPEN) -> int:
    """Say which model a spelling means; scope '' is everywhere. Returns how many runs changed their model.

    Runs change that wait for a model and are spelled so in any way, that have it as their first spelling, or that this
    alias had given a model before. ``holder`` says who says so, and who may see the alias itself.

    Raises:
        RefusedInput: If there is no such model, or the alias is empty or too long.
    """
    if not alias.strip():
        raise RefusedInput("an alias needs a text")
    key(alias + scope, "the alias")
    a = tables.model_aliases

    def work(writing: Writing) -> int:
        connection = writing.connection
        refuse_unknown_models(connection, {model_id}, "")
        own = (a.c.alias == alias, a.c.scope == scope, a.c.origin == "reader")
        before = connection.execute(select(a.c.model_id).where(*own)).scalar()
        if before == model_id:
            return 0
        writing.is_changed = True
        columns = ("alias", "scope", "origin", "model_id", "kind", *Holder._fields)
        upsert_rows(connection, a, columns, [(alias, scope, "reader", model_id, "reader", *holder)])
        changed = [
            run.id
            for run in _runs_spelled(connection, alias, scope)
            if run.model_id is None
            or run.spellings[0].casefold() == alias.casefold()
            or (before is not None and run.model_id == before)
        ]
        _set_models(writing, dict.fromkeys(changed, model_id))
        return len(changed)

    return store.write(work)


def remove_alias(store: Store, alias: str, scope: str) -> int:
    """Undo ``set_alias``; returns how many runs changed their model.

    Runs that it had given a model get the one that the remaining aliases, ids and Hub ids of the store name, or wait.

    Raises:
        RefusedInput: If the reader has set no such alias.
    """
    a = tables.model_aliases

    def work(writing: Writing) -> int:
        connection = writing.connection
        own = (a.c.alias == alias, a.c.scope == scope, a.c.origin == "reader")
        model_id = connection.execute(select(a.c.model_id).where(*own)).scalar()
        if model_id is None:
            raise RefusedInput("there is no such alias of a reader", found=f"{alias} {scope}".strip())
        writing.is_changed = True
        connection.execute(delete(a).where(*own))
        runs = [run for run in _runs_spelled(connection, alias, scope) if run.model_id == model_id]
        _set_models(writing, {run.id: _named(connection, run.spellings, run.scope) for run in runs})
        return len(runs)

    return store.write(work)


def assign_models(store: Store, models: Mapping[int, str | None]) -> int:
    """Give runs (by id) the model that a resolver found after the catalogue has grown; returns how many changed.

    A reader's alias wins over what is given here.

    Raises:
        RefusedInput: If a model or a run is not there.
    """
    r = tables.runs.c

    def work(writing: Writing) -> int:
        connection = writing.connection
        refuse_unknown_models(connection, {model for model in models.values() if model is not None}, "")
        aliases = ReaderAliases(connection)
        changed: dict[int, str | None] = {}
        n_found = 0
        for some in portions(models):
            for run in connection.execute(select(r.id, r.model_id, r.spellings, r.scope).where(r.id.in_(some))):
                n_found += 1
                wanted = aliases.model_of(run.spellings, run.scope) or models[run.id]
                if wanted != run.model_id:
                    changed[run.id] = wanted
        if n_found < len(models):
            raise RefusedInput("there is no such run")
        writing.is_changed = bool(changed)
        _set_models(writing, changed)
        return len(changed)

    return store.write(work)


def set_fact(
    store: Store,
    model_id: str,
    field: str,
    value: str,
    note: str | None = None,
    holder: Holder = OPEN,
    *,
    source_title: str | None = None,
    source_url: str | None = None,
) -> None:
    """Set one field of a model by hand; the same field again replaces what was set before.

    Args:
        store: The store.
        model_id: Id of the model.
        field: One of ``FACT_FIELDS``.
        value: As text; whole numbers may be written 7000000000, 7_000_000_000 or 7e9.
        note: Where the reader has it from.
        holder: Who says so, and who may see it.
        source_title, source_url: What states it, where that is a page of its own.

    Raises:
        RefusedInput: If the model, field or value will not do.
    """
    value = _fact_value(field, value)
    checked(note, "note")
    checked(source_title, "source_title")
    checked(source_url, "source_url")
    f = tables.model_facts

    def work(writing: Writing) -> None:
        refuse_unknown_models(writing.connection, {model_id}, "")
        own = (f.c.model_id == model_id, f.c.field == field, f.c.origin == "reader")
        said = select(f.c.value, f.c.note, f.c.source_title, f.c.source_url)
        before = writing.connection.execute(said.where(*own)).first()
        if before is not None and tuple(before) == (value, note, source_title, source_url):
            return
        writing.connection.execute(delete(f).where(*own))
        row = {
            "model_id": model_id,
            "field": field,
            "value": value,
            "source_title": source_title,
            "source_url": source_url,
            "note": note,
            "origin": "reader",
            **holder._asdict(),
        }
        writing.connection.execute(insert(f), row)
        _stamp_model(writing, model_id)

    store.write(work)


def remove_fact(store: Store, model_id: str, field: str) -> None:
    """Undo ``set_fact``: what the sources say holds again.

    Raises:
        RefusedInput: If the reader has set no such field.
    """
    f = tables.model_facts

    def work(writing: Writing) -> None:
        own = (f.c.model_id == model_id, f.c.field == field, f.c.origin == "reader")
        if writing.connection.execute(select(f.c.id).where(*own)).first() is None:
            raise RefusedInput("the reader has set no such field", place=model_id, found=field)
        writing.connection.execute(delete(f).where(*own))
        _stamp_model(writing, model_id)

    store.write(work)


def _fact_value(field: str, value: str) -> str:
    if field not in FACT_FIELDS:
        raise RefusedInput("not a field that can be set", expected=", ".join(FACT_FIELDS), found=field)
    value = checked(value.strip(), field)
    if not value:
        raise RefusedInput("a fact needs a value", place=field)
    kind = tables.models.c[field].type
    if isinstance(kind, Integer):
        try:
            number = float(value)
            whole = int(value) if value.replace("_", "").isdigit() else int(number)
        except (ValueError, OverflowError):
            whole, number = 0, 0.5
        if number != whole or not 0 < whole <= LARGEST_INT64:
            raise RefusedInput("not a whole number above 0", place=field, found=value)
        return str(whole)
    if not isinstance(kind, Text) and value not in ("true", "false"):
        raise RefusedInput("not a truth value", place=field, expected="true or false", found=value)
    return value


def _stamp_model(writing: Writing, model_id: str) -> None:
    writing.is_changed = True
    stamp = update(tables.models).where(tables.models.c.id == model_id).values(store_revision=writing.revision)
    writing.connection.execute(stamp)


def _runs_spelled(connection: Connection, alias: str, scope: str) -> list[Any]:
    r = tables.runs.c
    query = select(r.id, r.model_id, r.spellings, r.scope)
    if scope:
        query = query.where(r.scope == scope)
    wanted = alias.casefold()
    return [run for run in connection.execute(query) if any(name.casefold() == wanted for name in run.spellings)]


def _set_models(writing: Writing, models: Mapping[int, str | None]) -> None:
    for model in set(models.values()):
        for some in portions(run for run, wanted in models.items() if wanted == model):
            statement = update(tables.runs).where(tables.runs.c.id.in_(some))
            writing.connection.execute(statement.values(model_id=model, store_revision=writing.revision))


def _named(connection: Connection, spellings: Sequence[str], scope: str) -> str | None:
    """The model that the store itself knows under one of the spellings: reader's alias, id, Hub id, shipped alias."""
    by_reader = ReaderAliases(connection).model_of(spellings, scope)
    if by_reader is not None:
        return by_reader
    m, a = tables.models.c, tables.model_aliases.c
    for spelling in spellings:
        model = connection.execute(select(m.id).where(or_(m.id == spelling, m.hf_id == spelling))).scalars().first()
        if model is not None:
            return model
        named = select(a.model_id).where(a.alias == spelling, a.scope.in_({scope, ""})).order_by(a.scope.desc())
        model = connection.execute(named).scalars().first()
        if model is not None:
            return model
    return None
