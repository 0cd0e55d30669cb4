"""Withdrawing and restoring sources, all that are named or none: one transaction, and beforehand what it would do."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from lib.errors import RefusedInput
from lib.store import tables
from lib.store.bulk import portions
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.in_force import is_live, is_seen, sight_of


class Effect(NamedTuple):
    """What withdrawing or restoring would change on the pages.

    Args:
        n_sources: Sources that would change their state.
        n_runs: Runs that would leave the pages or come back; one that another live source holds does neither.
        n_results: Results of these runs, every metric.
    """

    n_sources: int
    n_runs: int
    n_results: int


def withdraw(store: Store, source_id: int) -> None:
    """``withdraw_all`` of one source."""
    withdraw_all(store, [source_id])


def restore(store: Store, source_id: int) -> None:
    """``restore_all`` of one source."""
    restore_all(store, [source_id])


def withdraw_all(store: Store, source_ids: Collection[int]) -> int:
    """Take sources out of every view, all or none of them; returns how many were in view before.

    Nothing is deleted, and runs that a source outside the list holds stay in view.

    Raises:
        RefusedInput: If one of them is not there. Nothing is changed.
    """
    return store.write(lambda writing: set_withdrawn(writing, source_ids, now()))


def restore_all(store: Store, source_ids: Collection[int]) -> int:
    """Undo ``withdraw_all``; returns how many were withdrawn before.

    Raises:
        RefusedInput: If one of them is not there. Nothing is changed.
    """
    return store.write(lambda writing: set_withdrawn(writing, source_ids, None))


def effect_of_withdrawing(store: Store, source_ids: Iterable[int]) -> Effect:
    """What ``withdraw_all`` would take out of view."""
    with store.reading() as connection:
        live, _ = _by_state(connection, source_ids)
        leaving = _runs_of(connection, live) - _runs_held_by_others(connection, live)
        return Effect(len(live), len(leaving), _n_results(connection, leaving))


def effect_of_restoring(store: Store, source_ids: Iterable[int]) -> Effect:
    """What ``restore_all`` would bring back."""
    with store.reading() as connection:
        _, withdrawn = _by_state(connection, source_ids)
        coming = _runs_of(connection, withdrawn) - _runs_held_by_others(connection, withdrawn)
        return Effect(len(withdrawn), len(coming), _n_results(connection, coming))


def set_withdrawn(writing: Writing, source_ids: Iterable[int], at: str | None) -> int:
    """Withdraw sources at a time, or restore them (None), within a transaction; returns how many changed their state.

    Raises:
        RefusedInput: If one of them is not there.
    """
    s, runs, models, links = tables.sources, tables.runs, tables.models, tables.run_sources.c
    connection, wanted = writing.connection, list(source_ids)
    states = {key: state for state, keys in enumerate(_by_state(connection, wanted)) for key in keys}
    missing = [key for key in wanted if key not in states]
    if missing:
        raise RefusedInput("there is no such source", found=missing[0])
    # 0: in view, 1: withdrawn; only those that are in the other state than wanted.
    changing = [key for key, state in states.items() if state == (0 if at else 1)]
    stamp = {"store_revision": writing.revision}
    for some in portions(changing):
        connection.execute(update(s).where(s.c.id.in_(some)).values(withdrawn_at=at, **stamp))
        held = select(links.run_id).where(links.source_id.in_(some))
        connection.execute(update(runs).where(runs.c.id.in_(held)).values(**stamp))
        connection.execute(update(models).where(models.c.source_id.in_(some)).values(**stamp))
    writing.is_changed = writing.is_changed or bool(changing)
    return len(changing)


def _by_state(connection: Connection, source_ids: Iterable[int]) -> tuple[list[int], list[int]]:
    """Those in view and those withdrawn, of the sources that are there."""
    s = tables.sources.c
    found: tuple[list[int], list[int]] = ([], [])
    for some in portions(source_ids):
        for key, at in connection.execute(select(s.id, s.withdrawn_at).where(s.id.in_(some)).order_by(s.id)):
            found[at is not None].append(key)
    return found


def _runs_of(connection: Connection, source_ids: list[int]) -> set[int]:
    """Runs of those of the sources that are public: the others show nothing, so nothing of them can leave or come."""
    links = tables.run_sources.c
    found: set[int] = set()
    for some in portions(source_ids):
        held = select(links.run_id).join(tables.sources, tables.sources.c.id == links.source_id)
        found.update(connection.execute(held.where(links.source_id.in_(some), is_seen(sight_of(connection)))).scalars())
    return found


def _runs_held_by_others(connection: Connection, source_ids: list[int]) -> set[int]:
    """Runs of these sources that are in view through another one, which is not in the list."""
    links, s = tables.run_sources.c, tables.sources.c
    own: set[int] = set(source_ids)
    held: set[int] = set()
    for some in portions(_runs_of(connection, source_ids)):
        query = (
            select(links.run_id, links.source_id)
            .join(tables.sources, s.id == links.source_id)
            .where(links.run_id.in_(some), is_live(sight_of(connection)))
        )
        held.update(run for run, source in connection.execute(query) if source not in own)
    return held


def _n_results(connection: Connection, run_ids: Iterable[int]) -> int:
    r = tables.results.c
    counts = (connection.execute(select(func.count()).where(r.run_id.in_(some))) for some in portions(run_ids))
    return sum(one.scalar_one() for one in counts)
