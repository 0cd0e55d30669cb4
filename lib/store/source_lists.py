"""Sources with what each holds, and the runs behind names that wait; read once per revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import exists, func, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live_run, is_seen

KINDS = ("raw", "board", "transcription")
TABLES = "tables"
"""Kind of a source without runs: a catalogue, prices, a reference table."""

SOURCE_COLUMNS = (
    "id", "raw_digest", "member", "name", "digest", "n_bytes", "importer", "title", "url", "licence", "published_on",
    "is_shipped", "imported_at", "withdrawn_at", "n_results",
)  # fmt: skip


class Reach(NamedTuple):
    """What a new alias would change: runs that get the model, and their results."""

    n_runs: int
    n_results: int


def source_list(store: Store) -> pd.DataFrame:
    """One row per source that the reader may see, withdrawn ones too: ``SOURCE_COLUMNS``, kind, n_runs, runs; by id.

    ``kind`` is that of its runs (raw, board or transcription; the first where it has several), or ``tables``. ``runs``
    is the beginnings of their digests, parted by a blank. ``n_results`` is what the file holds: a run that lies in several files counts in each.
    """
    s, r, links = tables.sources.c, tables.runs.c, tables.run_sources.c
    query = select(*(s[name] for name in SOURCE_COLUMNS)).where(is_seen(store.sight)).order_by(s.id)
    held = select(links.source_id, r.kind, r.digest).join(tables.runs, r.id == links.run_id).order_by(links.run_id)
    with store.reading() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
        kinds: dict[int, str] = {}
        runs: dict[int, list[str]] = {}
        for source, kind, digest in connection.execute(held):
            kinds[source] = min(kind, kinds.get(source, kind), key=KINDS.index)
            runs.setdefault(source, []).append(digest[:12])
    frame = pd.DataFrame(rows, columns=list(SOURCE_COLUMNS), dtype=object)
    frame["kind"] = [kinds.get(key, TABLES) for key in frame["id"]]
    frame["n_runs"] = [len(runs.get(key, ())) for key in frame["id"]]
    frame["runs"] = [" ".join(runs.get(key, ())) for key in frame["id"]]
    return frame.astype({"id": "int64", "n_results": "int64", "n_bytes": "int64", "n_runs": "int64"})


def raw_names(store: Store) -> dict[str, str]:
    """Name of every raw file that the reader may see something of, by its digest: as those called it whose part is seen."""
    held = (select(t.c.raw_digest, t.c.name).where(is_seen(store.sight, t)) for t in (tables.sources, tables.refusals))
    with store.reading() as connection:
        rows = [tuple(row) for query in held for row in connection.execute(query)]
    return {digest: str(name).split("!/", 1)[0] for digest, name in sorted(rows, reverse=True)}


def waiting_runs(store: Store) -> dict[tuple[str, str], list[str]]:
    """Runs (beginnings of digests) whose name waits for a model, by first spelling and scope; live sources only."""
    r = tables.runs.c
    query = select(r.spellings, r.scope, r.digest).where(r.model_id.is_(None), is_live_run(store.sight)).order_by(r.id)
    found: dict[tuple[str, str], list[str]] = {}
    with store.reading() as connection:
        for spellings, scope, digest in connection.execute(query):
            found.setdefault((spellings[0], scope), []).append(digest[:12])
    return found


def reach_of_alias(store: Store, alias: str, scope: str, model_id: str) -> Reach:
    """What ``mapping.set_alias`` would change, by its rule: runs that wait and are spelled so, or have it as first spelling.

    Counts every such run that the reader may see; a withdrawn source's stay out of view.
    """
    a, r, results = tables.model_aliases.c, tables.runs.c, tables.results.c
    wanted = alias.casefold()
    links, s = tables.run_sources.c, tables.sources.c
    is_held = exists().where(links.run_id == r.id, links.source_id == s.id, is_seen(store.sight))
    query = select(r.id, r.model_id, r.spellings).where(is_held)
    if scope:
        query = query.where(r.scope == scope)
    own = (a.alias == alias, a.scope == scope, a.origin == "reader")
    with store.reading() as connection:
        before = connection.execute(select(a.model_id).where(*own)).scalar()
        if before == model_id:
            return Reach(0, 0)
        changed = [
            run.id
            for run in connection.execute(query)
            if _is_spelled(run.spellings, wanted)
            and (run.model_id is None or run.spellings[0].casefold() == wanted or run.model_id == before)
        ]
        n_results = 0
        for start in range(0, len(changed), 1_000):
            some = changed[start : start + 1_000]
            n_results += connection.execute(select(func.count()).where(results.run_id.in_(some))).scalar_one()
    return Reach(len(changed), n_results)


def _is_spelled(spellings: Sequence[Any], wanted: str) -> bool:
    return any(str(name).casefold() == wanted for name in spellings)
