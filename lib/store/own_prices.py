"""What readers pay themselves. Rows of origin ``reader`` without a source: no import touches them, and they can be taken back."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
from sqlalchemy import ColumnElement, and_, delete, insert, select

from lib.errors import RefusedInput
from lib.store import tables
from lib.store.catalogue_rows import refuse_unknown_models
from lib.store.db import Store, Writing
from lib.store.in_force import is_seen
from lib.store.model_prices import READER
from lib.store.prepared import OPEN, Holder, checked, key

OWN = "own price"
"""The host of a price that a reader entered without naming one."""
DEAREST = 10_000.0
"""USD per million tokens; a larger number is a slip of the pen."""
COLUMNS = ("model", "provider", "input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok", "entered_on")


def set_price(
    store: Store,
    model: str,
    usd_in_per_mtok: float,
    usd_out_per_mtok: float,
    *,
    entered_on: str,
    usd_cached_in_per_mtok: float | None = None,
    host: str = OWN,
    holder: Holder = OPEN,
) -> None:
    """Say what a model costs the reader at a host; the same model and host again replaces what was said before.

    Args:
        store: The store.
        model: Id.
        usd_in_per_mtok, usd_out_per_mtok, usd_cached_in_per_mtok: USD per million tokens; cached None where unknown.
        entered_on: ISO day, from which it holds and on which it was last seen.
        host: Who asks it.
        holder: Who says so, and who may see it.

    Raises:
        RefusedInput: If there is no such model, or a price is not one.
    """
    name = key(checked(host.strip(), "the host"), "the host") or OWN
    prices = {
        "input_usd_per_mtok": _price(usd_in_per_mtok, "input"),
        "output_usd_per_mtok": _price(usd_out_per_mtok, "output"),
        "cached_input_usd_per_mtok": None
        if usd_cached_in_per_mtok is None
        else _price(usd_cached_in_per_mtok, "cached input", at_least=0.0),
    }
    day = _day(entered_on)
    p = tables.prices

    def work(writing: Writing) -> None:
        refuse_unknown_models(writing.connection, {model}, "")
        writing.is_changed = True
        writing.connection.execute(delete(p).where(_own(model, name)))
        row = {
            "provider": name,
            "api_name": model,
            "model_slug": model,
            "origin": READER,
            "source": "entered by a reader",
        }
        days = {"valid_from": day, "valid_from_kind": "announced", "last_seen": day, "is_stale_risk": False}
        writing.connection.execute(insert(p), row | prices | days | holder._asdict())

    store.write(work)


def remove_price(store: Store, model: str, host: str = OWN) -> None:
    """Undo ``set_price``.

    Raises:
        RefusedInput: If the reader has said no such price.
    """
    p = tables.prices

    def work(writing: Writing) -> None:
        own = _own(model, host.strip() or OWN)
        if writing.connection.execute(select(p.c.id).where(own)).first() is None:
            raise RefusedInput("no such price was entered", place=model, found=host)
        writing.is_changed = True
        writing.connection.execute(delete(p).where(own))

    store.write(work)


def own_prices(store: Store) -> pd.DataFrame:
    """What readers entered: ``COLUMNS``, by model and host. USD per million tokens, NaN for unknown."""
    p = tables.prices.c
    query = (
        select(
            p.model_slug.label("model"),
            p.provider,
            p.input_usd_per_mtok,
            p.output_usd_per_mtok,
            p.cached_input_usd_per_mtok,
            p.valid_from.label("entered_on"),
        )
        .where(p.origin == READER, is_seen(store.sight, tables.prices))
        .order_by(p.model_slug, p.provider)
    )
    with store.reading() as connection:
        found = pd.DataFrame([tuple(row) for row in connection.execute(query)], columns=list(COLUMNS))
    return found.astype(dict.fromkeys((name for name in COLUMNS if name.endswith("_mtok")), float))


def _own(model: str, host: str) -> ColumnElement[bool]:
    p = tables.prices.c
    return and_(p.origin == READER, p.model_slug == model, p.provider == host)


def _price(value: float, what: str, at_least: float = 1e-6) -> float:
    """A price above 0: a free one is none that others could be held against."""
    if not math.isfinite(value) or not at_least <= value <= DEAREST:
        raise RefusedInput(
            "not a price",
            place=what,
            expected=f"USD per million tokens, above 0 and at most {DEAREST:,.0f}",
            found=str(value),
        )
    return float(value)


def _day(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise RefusedInput("not a day", expected="a date as 2026-11-21", found=text) from error
