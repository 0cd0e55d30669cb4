"""What the interfaces of providers ask for one model, and the spellings that mean it: read when its page is opened."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Select, exists, or_, select

from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live

API_NAME = "API name"
PRICE_COLUMNS = (
    "provider", "api_name", "input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok",
    "batch_input_usd_per_mtok", "batch_output_usd_per_mtok", "valid_from", "valid_from_kind", "valid_to",
    "valid_to_kind", "last_seen", "listed_by", "is_stale_risk", "file", "source_digest",
)  # fmt: skip
CURRENT_COLUMNS = (
    "model", "provider", "api_name", "input_usd_per_mtok", "output_usd_per_mtok", "valid_from", "last_seen", "listed_by",
    "file", "source_digest",
)  # fmt: skip
ALIAS_COLUMNS = ("alias", "scope", "origin", "kind")


def prices_of(store: Store, model: str) -> pd.DataFrame:
    """List prices of one model, a row per provider, name and period: ``PRICE_COLUMNS``.

    Ordered by provider, name and first day, the latest period first; no rows where nobody sells it under a name that is
    known to mean it (aliases of kind "API name"; a name for a faster or quantised way to serve it is another kind).
    Prices are USD per million tokens, NaN for unknown. Days are text as written, None for unknown; ``valid_from_kind``
    and ``valid_to_kind`` say how they are known ("on or before", "last seen"). ``listed_by`` names the price lists,
    ``file`` and ``source_digest`` the stored file that the row came from (None for a reader's own).
    """
    p, a, s = tables.prices.c, tables.model_aliases.c, tables.sources.c
    named = select(a.alias).where(a.model_id == model, a.kind == API_NAME, _is_shown(a.source_id))
    query = (
        select(
            *(p[name] for name in PRICE_COLUMNS[:12]),
            p.source.label("listed_by"),
            p.is_stale_risk,
            s.name.label("file"),
            s.digest.label("source_digest"),
        )
        .outerjoin_from(tables.prices, tables.sources, s.id == p.source_id)
        .where(or_(p.model_slug.in_(named), p.api_name.in_(named)))
        .where(or_(p.source_id.is_(None), is_live()))
        .order_by(p.provider, p.api_name, p.valid_from.desc(), p.id)
    )
    numbers = [name for name in PRICE_COLUMNS if name.endswith("_mtok")]
    return _frame(store, query).astype(dict.fromkeys(numbers, float))


def current_prices(store: Store) -> pd.DataFrame:
    """List prices in force of every model: ``CURRENT_COLUMNS``, by model, provider and name.

    In force is what a list still shows: no last day is known. Prices that may be out of date, and those without a price of
    input and of output, are left out. A name that is known to mean two models gives each of them a row.
    """
    p, a, s = tables.prices.c, tables.model_aliases.c, tables.sources.c
    named = or_(p.model_slug == a.alias, p.api_name == a.alias)
    query = (
        select(
            a.model_id.label("model"),
            *(p[name] for name in CURRENT_COLUMNS[1:7]),
            p.source.label("listed_by"),
            s.name.label("file"),
            s.digest.label("source_digest"),
        )
        .distinct()
        .select_from(tables.prices.join(tables.model_aliases, named).outerjoin(tables.sources, s.id == p.source_id))
        .where(a.kind == API_NAME, _is_shown(a.source_id), or_(p.source_id.is_(None), is_live()))
        .where(p.valid_to.is_(None), p.is_stale_risk.is_(False))
        .where(p.input_usd_per_mtok.is_not(None), p.output_usd_per_mtok.is_not(None))
        .order_by(a.model_id, p.provider, p.api_name, p.valid_from)
    )
    return _frame(store, query).astype({"input_usd_per_mtok": float, "output_usd_per_mtok": float})


def aliases_of(store: Store, model: str) -> pd.DataFrame:
    """Spellings that mean one model: ``ALIAS_COLUMNS``, readers' own first, then by spelling.

    ``scope`` is '' where it holds everywhere, else the zip or board in which alone it does.
    """
    a = tables.model_aliases.c
    query = select(*(a[name] for name in ALIAS_COLUMNS)).where(a.model_id == model, _is_shown(a.source_id))
    return _frame(store, query.order_by(a.origin, a.alias, a.scope))


def _is_shown(source_id: Any) -> Any:
    """A reader's own, or of a live source."""
    s = tables.sources.alias()
    return or_(source_id.is_(None), exists().where(s.c.id == source_id, is_live(s)))


def _frame(store: Store, query: Select[Any]) -> pd.DataFrame:
    with store.reading() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
