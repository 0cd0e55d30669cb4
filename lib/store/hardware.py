"""Accelerators and machines, read when a page or a command computes with them."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import or_, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live


def hardware(store: Store) -> pd.DataFrame:
    """One row per device, indexed by its id, in the order of names.

    name, memory_gb, bandwidth_gb_s, bf16_tflops_dense, fp16_tflops_dense, fp8_tflops_dense, int8_tops_dense,
    fp4_tflops_dense, tdp_w, link_gb_s_bidirectional, usd_per_hour (float64, NaN where nobody publishes one), price_kind,
    price_source, price_date, spec_source, notes (text, None for unknown), source_digest (of the stored file).
    """
    h, s = tables.hardware.c, tables.sources.c
    columns = [one for one in h if one.name not in ("source_id", "spec_checked")]
    query = (
        select(*columns, s.digest.label("source_digest"))
        .outerjoin_from(tables.hardware, tables.sources, s.id == h.source_id)
        .where(or_(h.source_id.is_(None), is_live()))
        .order_by(h.name)
    )
    with store.reading() as connection:
        result = connection.execute(query)
        found = pd.DataFrame([tuple(row) for row in result], columns=list(result.keys())).set_index("id")
    numbers = [one.name for one in columns if isinstance(one.type, type(h.memory_gb.type))]
    return found.astype(dict.fromkeys(numbers, float))
