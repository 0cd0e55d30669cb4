"""Sizes and shapes of all models in a few columns: what an estimate needs of the one that is asked for."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import select

from lib.store import tables
from lib.store.db import Store

COLUMNS = (
    "id", "name", "hf_id", "origin", "architecture", "params_total", "params_active", "size_status", "context_length", "licence", "n_layers",
    "d_model", "n_heads", "n_kv_heads", "head_dim", "vocab_size", "precision",
)  # fmt: skip


def model_sizes(store: Store) -> pd.DataFrame:
    """A row per model, by id: ``COLUMNS``; None or NaN where unknown. What readers say of a size lies over it."""
    m, f = tables.models.c, tables.model_facts.c
    with store.reading() as connection:
        rows = connection.execute(select(*(m[name] for name in COLUMNS)).order_by(m.id)).all()
        own = connection.execute(
            select(f.model_id, f.field, f.value).where(f.origin == "reader", f.field.in_(COLUMNS[5:])).order_by(f.id)
        ).all()
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for model, field, value in own:
        is_number = field not in ("size_status", "licence", "precision")
        frame.loc[frame["id"] == model, field] = pd.to_numeric(value, errors="coerce") if is_number else value
    return frame
