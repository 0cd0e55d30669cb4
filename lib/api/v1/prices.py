"""List prices: one per model on a day, made from what its hosts ask."""

from __future__ import annotations

import re
from typing import Annotated

import pandas as pd
from fastapi import Query
from pydantic import BaseModel, Field

from lib.analysis import listed_prices
from lib.analysis.listed_prices import Blend, Host, Price
from lib.api.v1.asking import Asking, Reads
from lib.api.v1.paging import Cursor, Limit, Page, cut
from lib.api.v1.problems import Problem
from lib.api.v1.routes import Count, resource
from lib.store.model_prices import listed_prices as listed

router = resource("prices")
LONGEST = 300
MOST_TOKENS = 10_000


class PriceTold(BaseModel):
    """What a model costs, USD per million tokens, blended as asked."""

    model: str
    usd: float | None
    lowest: float | None
    highest: float | None
    n_hosts: Count
    host: str | None = Field(description="The cheapest.")
    valid_from: str | None
    seen_on: str | None = Field(description="The latest day on which one of the prices was still listed.")
    is_current: bool = Field(description="A list showed it within the last 90 days.")
    is_own: bool
    source: str | None = Field(description="Digest of the file of the prices.")


BlendAsked = Annotated[
    str,
    Query(
        pattern=r"^[0-9]{1,5}(\.[0-9]{1,3})?:[0-9]{1,5}(\.[0-9]{1,3})?$",
        description="Tokens in for tokens out, as 3:1.",
    ),
]
Cached = Annotated[float, Query(ge=0, le=1, description="Share of the tokens in that come from the host's cache.")]
InBatches = Annotated[bool, Query(description="Not answered at once, where hosts have a price for it.")]
HostAsked = Annotated[Host, Query(description="Of several hosts the median price, or the cheapest.")]


@router.get("/prices", summary="List prices, blended, as of today")
def prices(
    asking: Reads,
    model: Annotated[str | None, Query(max_length=LONGEST, description="Id of a model.")] = None,
    blend: BlendAsked = "3:1",
    cached: Cached = 0.0,
    batches: InBatches = False,
    host: HostAsked = listed_prices.MEDIAN,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[PriceTold]:
    found = offers(asking, blend_of(blend, cached, batches), host)
    rows = [{**one._asdict(), "is_current": one.is_current} for one in found if model is None or one.model == model]
    page = cut(pd.DataFrame(rows, columns=[*Price._fields, "is_current"]), ("model",), cursor, limit)
    told = [PriceTold.model_validate(row) for row in page.rows]
    return Page[PriceTold](rows=told, n_rows=page.n_rows, next=page.next, digest=asking.frames.digest)


def offers(asking: Asking, blend: Blend, host: Host) -> tuple[Price, ...]:
    """One price per model as of today."""
    rows = asking.answer(("listed",), lambda: listed(asking.store))
    today = asking.today
    return asking.answer(("offers", today, blend, host), lambda: listed_prices.offers(rows, today, blend, host))


def blend_of(text: str, cached: float, batches: bool) -> Blend:
    """A blend as it is asked for.

    Raises:
        Problem: 422 where nothing is read or written, or too much.
    """
    read, written = (float(part) for part in re.split(":", text))
    if not read + written > 0 or max(read, written) > MOST_TOKENS:
        reason = f"the two must not both be 0, and none more than {MOST_TOKENS}"
        raise Problem(422, "This is no blend.", places=[("query.blend", reason)])
    return Blend(read, written, cached, batches)
