"""Who added, changed and withdrew what. Written in the transaction of the deed, never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from sqlalchemy import Connection, insert, select

from lib.access import OWN_MACHINE, Sight, Visibility
from lib.store.access_tables import audit
from lib.store.clock import now
from lib.store.db import Store, Writing
from lib.store.in_force import is_seen

HIDDEN = "something private"
COLUMNS = ("at", "who", "what", "of", "owner", "visibility", "data")


def note(
    connection: Connection,
    who: str,
    what: str,
    of: str,
    *,
    owner: str = OWN_MACHINE,
    visibility: Visibility = "public",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write down a deed.

    Args:
        connection: Of the transaction that does it.
        who: Subject of the doer.
        what: The deed: "added", "withdrew", "made public", ...
        of: What it was done to, for a person.
        owner: Whose that is.
        visibility: Who may see that; the entry is seen by the same.
        data: What else is worth keeping; no secret and no content.
    """
    row = {"at": now(), "who": who, "what": what, "of": of, "owner": owner, "visibility": visibility}
    connection.execute(insert(audit).values(**row, data=dict(data or {})))


def noted(store: Store, who: str, what: str, of: str, **more: Any) -> None:
    """``note`` in a transaction of its own, for deeds that have none."""

    def work(writing: Writing) -> None:
        note(writing.connection, who, what, of, **more)

    store.write(work)


def entries(store: Store, *, of_all: bool = False, most: int = 500) -> pd.DataFrame:
    """The latest deeds on what the reader may see, newest first: ``COLUMNS``.

    Args:
        of_all: On what others may see too; for admins, whom the caller tells by ``lib.access.may``. Of what they may not
            see themselves they learn who did what when, and not to what: listed, not read.
    """
    a = audit.c
    query = select(*(a[name] for name in COLUMNS)).order_by(a.id.desc()).limit(most)
    query = query if of_all else query.where(is_seen(store.sight, audit))
    with store.reading() as connection:
        found = pd.DataFrame([tuple(row) for row in connection.execute(query)], columns=list(COLUMNS), dtype=object)
    hidden = [not _is_seen(store.sight, row) for row in found[["owner", "visibility"]].itertuples()]
    found.loc[hidden, "of"] = HIDDEN
    found.loc[hidden, "data"] = None
    return found


def _is_seen(sight: Sight, row: Any) -> bool:
    is_for_members = row.visibility == "workspace" and sight.is_member
    return row.visibility == "public" or is_for_members or bool(sight.owner and row.owner == sight.owner)
