"""What the interfaces of providers ask for models, and the spellings that mean one; what readers pay themselves."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Select, and_, exists, or_, select

from lib.access import Sight
from lib.store import tables
from lib.store.db import Store
from lib.store.in_force import is_live, is_seen

API_NAME = "API name"
SERVED_VARIANT = "served variant"
READER = "reader"
PRICE_COLUMNS = (
    "provider", "api_name", "input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok",
    "batch_input_usd_per_mtok", "batch_output_usd_per_mtok", "valid_from", "valid_from_kind", "valid_to",
    "valid_to_kind", "last_seen", "listed_by", "is_stale_risk", "origin", "file", "source_digest",
)  # fmt: skip
LISTED_COLUMNS = ("model", *PRICE_COLUMNS)
ALIAS_COLUMNS = ("alias", "scope", "origin", "kind")
UNRESOLVED_COLUMNS = ("model_slug", "providers", "api_names", "n_prices", "last_seen", "file", "source_digest")


def prices_of(store: Store, model: str, *, kind: str = API_NAME) -> pd.DataFrame:
    """List prices of one model, a row per provider, name and period: ``PRICE_COLUMNS``.

    Ordered by provider, name and first day, the latest period first; no rows where nobody sells it under a name that is
    known to mean it (aliases of kind ``API_NAME``), and no reader has said what it costs. A name for a faster or quantised
    way to serve it is of the kind ``SERVED_VARIANT`` and is never mixed with these.
    Prices are USD per million tokens, NaN for unknown. Days are text as written, None for unknown; ``valid_from_kind``
    and ``valid_to_kind`` say how they are known ("on or before", "last seen"). ``listed_by`` names the price lists,
    ``file`` and ``source_digest`` the stored file that the row came from (None for a reader's own: origin "reader").
    """
    p, a = tables.prices.c, tables.model_aliases.c
    named = select(a.alias).where(a.model_id == model, a.kind == kind, _is_shown(store.sight, a.source_id))
    means = or_(p.model_slug.in_(named), p.api_name.in_(named))
    own = and_(p.origin == READER, p.model_slug == model)
    query = _rows(store.sight).where(or_(and_(p.origin != READER, means), own) if kind == API_NAME else means)
    return _typed(_frame(store, query.order_by(p.provider, p.api_name, p.valid_from.desc(), p.id)))


def listed_prices(store: Store) -> pd.DataFrame:
    """List prices of every model at all times: ``LISTED_COLUMNS``, by model, provider, name and first day.

    Which of them are in force on a day ``lib.analysis.listed_prices`` says. A name that is known to mean two models gives
    each of them a row.
    """
    p, a = tables.prices.c, tables.model_aliases.c
    named = and_(p.origin != READER, or_(p.model_slug == a.alias, p.api_name == a.alias))
    of_names = (
        _rows(store.sight, a.model_id.label("model"))
        .join(tables.model_aliases, named)
        .where(a.kind == API_NAME, _is_shown(store.sight, a.source_id))
        .distinct()
    )
    own = _rows(store.sight, p.model_slug.label("model")).where(p.origin == READER)
    found = pd.concat([_frame(store, of_names), _frame(store, own).astype(object)], ignore_index=True)
    order = ["model", "provider", "api_name", "valid_from"]
    return _typed(found.sort_values(order, kind="stable", ignore_index=True, na_position="first"))


def unresolved_names(store: Store) -> pd.DataFrame:
    """Names on price lists that no spelling of any kind makes a model: ``UNRESOLVED_COLUMNS``, most prices first.

    Only names that a list still shows (without a last day). ``providers`` and ``api_names`` are tuples of texts.
    """
    p, a, s = tables.prices.c, tables.model_aliases.c, tables.sources.c
    known = exists().where(or_(a.alias == p.model_slug, a.alias == p.api_name), _is_shown(store.sight, a.source_id))
    query = (
        select(p.model_slug, p.provider, p.api_name, p.last_seen, s.name.label("file"), s.digest.label("source_digest"))
        .join_from(tables.prices, tables.sources, s.id == p.source_id)
        .where(is_live(store.sight), ~known, p.valid_to.is_(None))
        .order_by(p.model_slug, p.provider, p.api_name)
    )
    rows = _frame(store, query)
    found = [
        (
            str(slug),
            tuple(dict.fromkeys(own["provider"])),
            tuple(dict.fromkeys(own["api_name"])),
            len(own),
            own["last_seen"].dropna().max() if own["last_seen"].notna().any() else None,
            own["file"].iloc[0],
            own["source_digest"].iloc[0],
        )
        for slug, own in rows.groupby("model_slug", sort=True)
    ]
    frame = pd.DataFrame(found, columns=list(UNRESOLVED_COLUMNS))
    return frame.sort_values(["n_prices", "model_slug"], ascending=[False, True], kind="stable", ignore_index=True)


def aliases_of(store: Store, model: str) -> pd.DataFrame:
    """Spellings that mean one model: ``ALIAS_COLUMNS``, readers' own first, then by spelling.

    ``scope`` is '' where it holds everywhere, else the zip or board in which alone it does.
    """
    a = tables.model_aliases.c
    query = select(*(a[name] for name in ALIAS_COLUMNS)).where(
        a.model_id == model, _is_shown(store.sight, a.source_id), is_seen(store.sight, tables.model_aliases)
    )
    return _frame(store, query.order_by(a.origin, a.alias, a.scope))


def _is_shown(sight: Sight, source_id: Any) -> Any:
    """A reader's own, or of a live source."""
    s = tables.sources.alias()
    return or_(source_id.is_(None), exists().where(s.c.id == source_id, is_live(sight, s)))


def _rows(sight: Sight, *first: Any) -> Select[Any]:
    """Prices of live sources and of readers, with ``PRICE_COLUMNS`` after the columns given."""
    p, s = tables.prices.c, tables.sources.c
    return (
        select(
            *first,
            *(p[name] for name in PRICE_COLUMNS[:12]),
            p.source.label("listed_by"),
            p.is_stale_risk,
            p.origin,
            s.name.label("file"),
            s.digest.label("source_digest"),
        )
        .outerjoin_from(tables.prices, tables.sources, s.id == p.source_id)
        .where(or_(p.source_id.is_(None), is_live(sight)), is_seen(sight, tables.prices))
    )


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    numbers = [name for name in PRICE_COLUMNS if name.endswith("_mtok")]
    return rows.astype({**dict.fromkeys(numbers, float), "is_stale_risk": bool})


def _frame(store: Store, query: Select[Any]) -> pd.DataFrame:
    with store.reading() as connection:
        result = connection.execute(query)
        return pd.DataFrame([tuple(row) for row in result], columns=list(result.keys()))
