"""Names on price lists that mean no known model: part of the page about data."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from lib import formats
from lib.store.model_prices import unresolved_names
from lib.ui import cached, page
from lib.ui.traces import Traces, texts

LABELS = {
    "slug": "Name, simplified",
    "hosts": "Hosts",
    "names": "Names there",
    "n_prices": "Prices",
    "seen": "Last seen",
}
SHOWN = 6


def show() -> None:
    """How many there are, and the list in a fold."""
    unknown = cached.stored(unresolved_names)
    if unknown.empty:
        return
    page.part("Names on price lists")
    page.say(
        f"{formats.counted(len(unknown), 'name')} on price lists that still show a price mean no model that is known here. "
        "Their prices are kept and count for nobody."
    )
    with st.expander("The names"):
        page.table(
            _table(unknown),
            key="price-names",
            alt="Names on price lists without a model",
            labels=LABELS,
            traces=Traces([""] * len(unknown), {}, {}, texts(unknown["source_digest"].tolist())),
        )


def _table(unknown: pd.DataFrame) -> pd.DataFrame:
    rows = unknown.to_dict("records")
    return pd.DataFrame(
        {
            "slug": [formats.one_line(row["model_slug"]) for row in rows],
            "hosts": [_some(row["providers"]) for row in rows],
            "names": [_some(row["api_names"]) for row in rows],
            "n_prices": [int(row["n_prices"]) for row in rows],
            "seen": [formats.date(row["last_seen"]) for row in rows],
        }
    )


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(formats.one_line(one, 60) for one in names[:SHOWN]) + more
