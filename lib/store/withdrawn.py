"""What only withdrawn sources hold: scores that no page shows, told apart from scores that were never measured."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import exists, or_, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live_run, is_seen

COLUMNS = ["model", "task", "metric", "run"]


def only_withdrawn(store: Store) -> pd.DataFrame:
    """One row per run, task and metric with a score that no live source holds: model (id), task, metric, run.

    ``run`` is the beginning of the run's digest, as in ``Frames.runs``. Runs whose name waits are left out, and sources that are not public. Costs
    next to nothing while no source is withdrawn.
    """
    s, r, results, links = tables.sources.c, tables.runs.c, tables.results.c, tables.run_sources.c
    is_withdrawn = exists().where(
        links.run_id == r.id, links.source_id == s.id, s.withdrawn_at.is_not(None), is_seen(store.sight)
    )
    query = (
        select(r.model_id, results.task, results.metric, r.digest)
        .join(tables.results, results.run_id == r.id)
        .where(is_withdrawn, ~is_live_run(store.sight), r.model_id.is_not(None), results.score.is_not(None))
        .distinct()
        .order_by(r.model_id, results.task, results.metric, r.digest)
    )
    with store.reading() as connection:
        if connection.execute(select(s.id).where(s.withdrawn_at.is_not(None)).limit(1)).first() is None:
            return pd.DataFrame(columns=COLUMNS, dtype=object)
        rows = [(model, task, metric, run[:12]) for model, task, metric, run in connection.execute(query)]
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def sources_with_model(store: Store, model: str) -> pd.DataFrame:
    """Withdrawn public sources that brought this model or hold a run of it: name, digest, withdrawn_at; the last withdrawn first.

    Args:
        model: Its id; one that was never there has no rows.
    """
    s, r, m, links = tables.sources.c, tables.runs.c, tables.models.c, tables.run_sources.c
    holds = exists().where(links.source_id == s.id, links.run_id == r.id, r.model_id == model)
    brought = exists().where(m.id == model, m.source_id == s.id)
    query = (
        select(s.name, s.digest, s.withdrawn_at)
        .where(s.withdrawn_at.is_not(None), is_seen(store.sight), or_(holds, brought))
        .order_by(s.withdrawn_at.desc(), s.id)
    )
    with store.reading() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()), dtype=object)
