"""What an endpoint asks for tokens: a reader's own price, else what lists show now, of the host that is asked or the median."""

from __future__ import annotations

import statistics
from typing import NamedTuple
from urllib.parse import urlsplit

import pandas as pd

from lib.evals.spec import JobSpec
from lib.store.db import Store
from lib.store.model_prices import READER, prices_of

PER = 1_000_000


class TokenPrice(NamedTuple):
    """USD per million tokens read and written; where from in words."""

    usd_in: float
    usd_out: float
    basis: str

    def of(self, tokens_in: float, tokens_out: float) -> float:
        """USD of so many tokens."""
        return (tokens_in * self.usd_in + tokens_out * self.usd_out) / PER


def token_price(store: Store, spec: JobSpec, model: str | None, today: str) -> TokenPrice | None:
    """The price of the model at the endpoint of a job; None where nobody has said one.

    A server on this machine or in a private network asks nothing that a list would show: only a reader's own price holds there.

    Args:
        model: Id in the store.
        today: ISO day.
    """
    if model is None:
        return None
    rows = prices_of(store, model)
    rows = rows[rows["input_usd_per_mtok"].notna() & rows["output_usd_per_mtok"].notna()]
    own = rows[rows["origin"] == READER]
    if len(own):
        return _price(own.iloc[:1], "your own price")
    host = host_of(spec)
    if host and _is_near(host):
        return None
    listed = rows[(rows["origin"] != READER) & ~rows["is_stale_risk"].astype(bool) & _holds(rows, today)]
    if listed.empty:
        return None
    at_host = listed[[bool(host) and _names(str(one), host) for one in listed["provider"]]]
    if len(at_host):
        return _price(at_host, f"listed price of {at_host['provider'].iloc[0]}")
    n_hosts = listed["provider"].nunique()
    return _price(listed, f"median of {n_hosts} {'host' if n_hosts == 1 else 'hosts'} that list the model")


def host_of(spec: JobSpec) -> str:
    """Host of the endpoint, in small letters; '' where the job names none."""
    address = spec.model_args.get("base_url")
    try:
        return (urlsplit(str(address)).hostname or "").casefold() if address else ""
    except ValueError:
        return ""


def _price(rows: pd.DataFrame, basis: str) -> TokenPrice:
    usd_in, usd_out = (rows[f"{name}_usd_per_mtok"].astype(float).tolist() for name in ("input", "output"))
    return TokenPrice(statistics.median(usd_in), statistics.median(usd_out), basis)


def _holds(rows: pd.DataFrame, today: str) -> pd.Series:
    begins, ends = (rows[name].astype(object).where(rows[name].notna(), "") for name in ("valid_from", "valid_to"))
    return (begins.astype(str).str.slice(0, len(today)) <= today) & ((ends == "") | (ends.astype(str) > today))


def _names(provider: str, host: str) -> bool:
    """Whether a list's provider is the host that is asked: ``openai`` and ``api.openai.com``."""
    plain = "".join(char for char in provider.casefold() if char.isalnum())
    return len(plain) > 2 and plain in host.replace("-", "").replace(".", "")


def _is_near(host: str) -> bool:
    return (
        host == "localhost"
        or host.endswith((".local", ".internal"))
        or host.startswith(("127.", "10.", "192.168.", "::1"))
    )
