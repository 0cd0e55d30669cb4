"""Everything about one run or one source, read when somebody opens it. Pages of many rows use the frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, Select, exists, func, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live, is_seen

FEWEST_DIGITS = 8
_DIGEST = re.compile(rf"[0-9a-f]{{{FEWEST_DIGITS},64}}")


class RunDetails(NamedTuple):
    """One run as stored.

    Args:
        run: The row of ``runs``: every column, unknown values None.
        sources: Rows of ``sources`` that hold it, live ones first, then by id; a run is live while one of them is.
        results: One row per result, every column of ``results`` but the run, by task, prompt, filter and metric.
        samples: One row per per-question log: task, n_rows, n_bytes, digest.
    """

    run: dict[str, Any]
    sources: list[dict[str, Any]]
    results: pd.DataFrame
    samples: pd.DataFrame

    @property
    def is_live(self) -> bool:
        return any(source["withdrawn_at"] is None for source in self.sources)


class SourceDetails(NamedTuple):
    """One source as stored.

    Args:
        source: The row of ``sources``, withdrawn or not; ``raw_name`` is the name of the raw file around it.
        runs: One row per run in it: id, digest, model_id (None: the name waits), spelling, evaluator, n_results.
        n_facts: Values of models that it brought.
    """

    source: dict[str, Any]
    runs: pd.DataFrame
    n_facts: int


def runs_of_raw(store: Store, raw_digests: Sequence[str]) -> list[str]:
    """Digests of the runs that these raw files hold, in the order in which they were stored; all owners'."""
    r, s, links = tables.runs.c, tables.sources.c, tables.run_sources.c
    query = select(r.id, r.digest).join(tables.run_sources, links.run_id == r.id).join(tables.sources)
    with store.reading() as connection:
        rows = connection.execute(query.where(s.raw_digest.in_(raw_digests)).order_by(r.id)).all()
    return list(dict.fromkeys(row.digest for row in rows))


def run_details(store: Store, digest: str) -> RunDetails | None:
    """A run by its digest or the beginning of it (eight digits at least); None if there is none or more than one.

    Sources that the reader may not see are not shown, nor the logs that only they brought.
    """
    if not _DIGEST.fullmatch(digest):
        return None
    r, s, links, kept = tables.runs.c, tables.sources.c, tables.run_sources.c, tables.sample_files.c
    with store.reading() as connection:
        is_held = exists().where(links.run_id == r.id, links.source_id == s.id, is_seen(store.sight))
        found = _mappings(connection, select(tables.runs).where(r.digest.startswith(digest), is_held).limit(2))
        if len(found) != 1:
            return None
        run = found[0]
        held = select(tables.sources).join(tables.run_sources, links.source_id == s.id)
        held = held.where(links.run_id == run["id"], is_seen(store.sight)).order_by(s.withdrawn_at.is_not(None), s.id)
        sources = _mappings(connection, held)
        results = _frame(connection, select(tables.results).where(tables.results.c.run_id == run["id"]))
        samples = _frame(
            connection,
            select(kept.task, kept.n_rows, kept.n_bytes, kept.digest)
            .join(tables.sources, s.id == kept.source_id)
            .where(kept.run_id == run["id"], is_seen(store.sight))
            .order_by(kept.task, s.withdrawn_at.is_not(None), s.id),
        ).drop_duplicates("task", ignore_index=True)
    order = ["task", "prompt", "filter", "metric"]
    return RunDetails(run, sources, results.drop(columns="run_id").sort_values(order, ignore_index=True), samples)


def is_digest(text: str) -> bool:
    """Whether a text can be the beginning of a digest that is long enough to look for."""
    return _DIGEST.fullmatch(text) is not None


def runs_beginning(store: Store, digest: str, most: int = 20) -> list[dict[str, Any]]:
    """Runs whose digest begins so, where they are several: digest, spelling, by digest; none for one or none.

    Runs without a source that the reader may see are not shown.
    """
    if not is_digest(digest):
        return []
    r, s, links = tables.runs.c, tables.sources.c, tables.run_sources.c
    held = exists().where(links.run_id == r.id, links.source_id == s.id, is_seen(store.sight))
    query = select(r.digest, r.spellings).where(r.digest.startswith(digest), held).order_by(r.digest).limit(most)
    with store.reading() as connection:
        found = _mappings(connection, query)
    rows = [{"digest": row["digest"], "spelling": next(iter(row["spellings"]), "")} for row in found]
    return rows if len(rows) > 1 else []


def refusals_of(store: Store, raw_digest: str) -> pd.DataFrame:
    """Members of one raw file that could not be taken: member, name, reason, refused_at, by name."""
    r = tables.refusals.c
    query = select(r.member, r.name, r.reason, r.refused_at)
    query = query.where(r.raw_digest == raw_digest, is_seen(store.sight, tables.refusals))
    with store.reading() as connection:
        return _frame(connection, query.order_by(r.name, r.member))


def sources_beside(store: Store, raw_digest: str, source_id: int) -> pd.DataFrame:
    """Sources of one raw file besides this one that the reader may see: name, digest, importer, n_results, withdrawn_at, by name."""
    s = tables.sources.c
    query = select(s.name, s.digest, s.importer, s.n_results, s.withdrawn_at)
    query = query.where(s.raw_digest == raw_digest, s.id != source_id, is_seen(store.sight))
    with store.reading() as connection:
        return _frame(connection, query.order_by(s.name, s.id))


def source_details(store: Store, digest: str) -> list[SourceDetails]:
    """Sources by the digest of their bytes or the beginning of it (eight digits at least).

    Several when the same bytes lie in several zips; none for what is unknown, not to be seen, or no digest.
    """
    if not _DIGEST.fullmatch(digest):
        return []
    s = tables.sources.c
    held = select(tables.sources).where(s.digest.startswith(digest), is_seen(store.sight)).order_by(s.id)
    with store.reading() as connection:
        return [
            _source(connection, {**row, "raw_name": row["name"].split("!/", 1)[0]})
            for row in _mappings(connection, held)
        ]


def sources_of_run(store: Store, run: str) -> list[dict[str, Any]]:
    """The live sources of a run (digest or its beginning), by id: id, raw_digest, member, name, digest, title, url, licence,
    published_on, imported_at."""
    if not _DIGEST.fullmatch(run):
        return []
    s, links = tables.sources.c, tables.run_sources.c
    query = (
        select(s.id, s.raw_digest, s.member, s.name, s.digest, s.title, s.url, s.licence, s.published_on, s.imported_at)
        .join(tables.run_sources, links.source_id == s.id)
        .join(tables.runs, tables.runs.c.id == links.run_id)
        .where(tables.runs.c.digest.startswith(run), is_live(store.sight))
        .order_by(s.id)
    )
    with store.reading() as connection:
        return _mappings(connection, query)


def source_named(store: Store, name: str) -> dict[str, Any] | None:
    """The newest live source of this name, in the columns of ``sources``; None without one."""
    s = tables.sources.c
    query = select(tables.sources).where(s.name == name, is_live(store.sight))
    with store.reading() as connection:
        found = _mappings(connection, query.order_by(s.id.desc()).limit(1))
    return found[0] if found else None


def _source(connection: Connection, row: dict[str, Any]) -> SourceDetails:
    r, links, facts = tables.runs.c, tables.run_sources.c, tables.model_facts.c
    n_results = select(func.count()).where(tables.results.c.run_id == r.id).correlate(tables.runs).scalar_subquery()
    query = (
        select(r.id, r.digest, r.model_id, r.spellings, r.evaluator, n_results.label("n_results"))
        .join(tables.run_sources, links.run_id == r.id)
        .where(links.source_id == row["id"])
        .order_by(r.id)
    )
    found = [{**run, "spelling": next(iter(run["spellings"]), None)} for run in _mappings(connection, query)]
    runs = pd.DataFrame(found, columns=["id", "digest", "model_id", "spelling", "evaluator", "n_results"])
    n_facts = connection.execute(select(func.count()).where(facts.source_id == row["id"])).scalar_one()
    return SourceDetails(row, runs, n_facts)


def _mappings(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]


def _frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    result = connection.execute(query)
    return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
