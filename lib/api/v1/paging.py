"""Pages of long lists: a cursor says after which row the next page begins, so rows that come or go between two pages
neither repeat nor hide others."""

from __future__ import annotations

import base64
import binascii
import bisect
from collections.abc import Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import orjson
import pandas as pd
from fastapi import Query
from pydantic import BaseModel, Field

from lib.analysis.json_rows import records
from lib.api.v1.problems import Problem

MOST_ROWS, USUAL_ROWS = 500, 100
LONGEST_CURSOR = 2000
Row = TypeVar("Row", bound=BaseModel)

Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Rows of one page.")]
Cursor = Annotated[
    str, Query(max_length=LONGEST_CURSOR, description="`next` of the page before; empty for the first page.")
]


class Page(BaseModel, Generic[Row]):
    """A page of a list."""

    rows: list[Row]
    n_rows: int = Field(description="Rows of the whole list.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")
    digest: str = Field(description="Digest of everything that this reader may see, 64 hexadecimal digits.")


class Cut(NamedTuple):
    """Rows of one page as dictionaries that JSON can hold, the length of the list, and the next cursor."""

    rows: list[dict[str, Any]]
    n_rows: int
    next: str | None


def cut(frame: pd.DataFrame, keys: Sequence[str], cursor: str, limit: int) -> Cut:
    """One page of a frame.

    Args:
        frame: The whole list; its rows are put in the order of the keys.
        keys: Columns of text that together name a row; unknown counts as ''.
        cursor: Of the page before, or ''.
        limit: Rows at most.

    Raises:
        Problem: 422 where the cursor is none of these lists'.
    """
    named = frame[list(keys)].astype(object)
    named = named.where(named.notna(), "").astype(str)
    order = named.sort_values(list(keys), kind="stable").index
    names = list(named.loc[order].itertuples(index=False, name=None))
    first = bisect.bisect_right(names, _read(cursor, len(keys))) if cursor else 0
    rows = records(frame.loc[order[first : first + limit]])
    is_last = first + limit >= len(names)
    return Cut(rows, len(names), None if is_last else _written(names[first + limit - 1]))


def _written(key: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(key))).decode().rstrip("=")


def _read(cursor: str, n: int) -> tuple[str, ...]:
    try:
        key = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != n or not all(isinstance(one, str) for one in key):
        raise Problem(422, "This is no cursor of this list.", places=[("query.cursor", "not `next` of a page before")])
    return tuple(key)
