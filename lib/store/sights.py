"""Sights that see the same: most readers have nothing of their own, and share what was read for the others."""

from __future__ import annotations

from sqlalchemy import select, union_all

from lib.access import PUBLIC, WORKSPACE, Sight
from lib.store import tables
from lib.store.db import Store

OWNED = (tables.sources, tables.model_facts, tables.model_aliases, tables.prices, tables.refusals)
"""Tables whose rows have an owner and a visibility, and end in frames and pages of many rows."""


def narrowest(store: Store, sight: Sight) -> Sight:
    """The least sight that sees the same rows of ``OWNED`` as this one; one short query.

    Jobs are not asked for: they are read anew for each reader and never kept.
    """
    if sight == PUBLIC:
        return PUBLIC
    wanted = union_all(
        *(
            select(table.c.visibility, table.c.owner)
            .where(table.c.visibility != "public")
            .where((table.c.visibility == "workspace") | (table.c.owner == sight.owner))
            .distinct()
            for table in OWNED
        )
    )
    with store.reading() as connection:
        found = {(row.visibility, row.owner) for row in connection.execute(wanted)}
    if any(owner == sight.owner and (visibility == "private" or not sight.is_member) for visibility, owner in found):
        return sight
    is_member = sight.is_member and any(visibility == "workspace" for visibility, _ in found)
    return WORKSPACE if is_member else PUBLIC
