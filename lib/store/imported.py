"""What files brought: names that wait for a model, and benchmarks that nothing else in the store has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from lib.store import tables
from lib.store.benchmarks import Benchmarks, is_own
from lib.store.bulk import portions
from lib.store.db import Store
from lib.store.in_force import is_live


class Brought(NamedTuple):
    """What of some files nobody knows.

    Args:
        waiting: First spelling of runs without a model, to the number of these runs; most runs first.
        n_waiting_runs: Such runs, all spellings together.
        new_benchmarks: Tasks that neither the catalogue knows nor another file of the store has, in order of name.
    """

    waiting: dict[str, int]
    new_benchmarks: list[str]

    @property
    def n_waiting_runs(self) -> int:
        return sum(self.waiting.values())


class KnownNames(NamedTuple):
    """Names of the catalogue: every spelling to the id or name that it means."""

    models: dict[str, str]
    benchmarks: dict[str, str]


def brought(store: Store, raw_digests: Iterable[str]) -> Brought:
    """What the live sources of these raw files hold that nobody knows."""
    s, r, links = tables.sources.c, tables.runs.c, tables.run_sources.c
    spelled: dict[int, str | None] = {}
    with store.reading() as connection:
        for some in portions(raw_digests):
            query = (
                select(r.id, r.model_id, r.spellings)
                .join(tables.run_sources, links.run_id == r.id)
                .join(tables.sources, s.id == links.source_id)
                .where(s.raw_digest.in_(some), is_live(store.sight))
            )
            for run, model, spellings in connection.execute(query):
                spelled[run] = str(spellings[0]) if model is None and spellings else None
        waiting = Counter(name for name in spelled.values() if name is not None)
        return Brought(dict(waiting.most_common()), _new_benchmarks(connection, spelled))


def known_names(store: Store) -> KnownNames:
    """Models of the catalogue by id, Hub id and name; benchmarks by every name that the catalogue has for them."""
    m, t = tables.models.c, tables.tasks.c
    models: dict[str, str] = {}
    benchmarks: dict[str, str] = {}
    with store.reading() as connection:
        for row in connection.execute(select(m.id, m.hf_id, m.name).where(m.origin != "community").order_by(m.id)):
            models |= {str(name): row.id for name in (row.name, row.hf_id, row.id) if name}
        for task, printed, names in connection.execute(
            select(t.task, t.published_names, t.lm_eval_names).order_by(t.task)
        ):
            printed = () if is_own(task) else printed or ()
            benchmarks |= {str(name): task for name in (*printed, *(names or ()), task) if "<" not in name}
    return KnownNames(models, benchmarks)


def _new_benchmarks(connection: Connection, run_ids: Iterable[int]) -> list[str]:
    results, t, p = tables.results.c, tables.tasks.c, tables.task_patterns.c
    own = set(run_ids)
    tasks: set[str] = set()
    for some in portions(own):
        tasks.update(connection.execute(select(results.task).where(results.run_id.in_(some)).distinct()).scalars())
    rows = [row._asdict() for row in connection.execute(select(t.task, t.published_names, t.lm_eval_names))]
    patterns = [row._asdict() for row in connection.execute(select(p.pattern, p.base_task, p.note))]
    catalogue = Benchmarks(rows, patterns)
    known = catalogue.known
    unknown = {task for task in tasks if not known & {catalogue.place(task).benchmark, catalogue.place(task).part_of}}
    elsewhere: set[str] = set()
    for names in portions(unknown):
        rows_of = select(results.task, results.run_id).where(results.task.in_(names)).distinct()
        elsewhere.update(task for task, run in connection.execute(rows_of) if run not in own)
    return sorted(unknown - elsewhere)
