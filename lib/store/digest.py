"""What a reader sees, as a hash: the same for the same content, whatever the engine and the order of import."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from lib.access import Sight
from lib.store import tables
from lib.store.in_force import is_live, is_seen, sight_of

_NOT_CONTENT = ("source_id", "store_revision")


def digest_of(connection: Connection) -> str:
    """64 hexadecimal digits over live sources with importer and version, aliases, models, readers' own facts and prices.

    No numbers of rows and no times are in it. Community models are left out: they follow from the sources.
    """
    s, a, m, f = tables.sources.c, tables.model_aliases.c, tables.models.c, tables.model_facts.c
    sight = sight_of(connection)
    no_or_live = or_(s.id.is_(None), is_live(sight))
    content = [c for c in m if c.name not in _NOT_CONTENT]
    parts = (
        # Once where two people brought the same bytes.
        select(s.raw_digest, s.member, s.importer, s.importer_version).where(is_live(sight)).distinct(),
        select(a.alias, a.scope, a.origin, a.model_id)
        .join_from(tables.model_aliases, tables.sources, s.id == a.source_id, isouter=True)
        .where(no_or_live, is_seen(sight, tables.model_aliases)),
        select(*content)
        .join_from(tables.models, tables.sources, s.id == m.source_id, isouter=True)
        .where(no_or_live, m.origin != "community"),
        select(f.model_id, f.field, f.value, f.note).where(f.origin == "reader", is_seen(sight, tables.model_facts)),
    )
    total = hashlib.sha256()
    for part in parts:
        total.update(_lines(connection.execute(part)).encode())
        total.update(b"\x00")
    own = _lines(connection.execute(_own_prices(sight)))
    # Nothing where there is none: whoever entered no price keeps the digest of before.
    total.update(own.encode())
    return total.hexdigest()


def _own_prices(sight: Sight) -> Select[Any]:
    p = tables.prices.c
    numbers = (p.input_usd_per_mtok, p.output_usd_per_mtok, p.cached_input_usd_per_mtok)
    return select(p.model_slug, p.provider, *numbers, p.valid_from).where(
        p.origin == "reader", is_seen(sight, tables.prices)
    )


def _lines(rows: Iterable[Any]) -> str:
    # Sorted here and not by the database: the two engines order text differently.
    return "\n".join(sorted(json.dumps(list(row), ensure_ascii=True, separators=(",", ":")) for row in rows))
