"""One price per model from what several hosts ask: which prices are in force on a day, how old they are, and their blend."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib import formats
from lib.stats.api_cost import MILLION, workload_cost

CURRENT_DAYS = 90
"""A price that no list has shown for longer is told with its age, and never as current."""
Host = Literal["median", "cheapest"]
MEDIAN: Final = "median"
CHEAPEST: Final = "cheapest"
OWN = "reader"
_PRICED = ("model", "usd", "last_seen", "source_digest", "provider", "valid_from", "origin", "age_days")
_PERIOD = ["model", "provider", "api_name"]


class Blend(NamedTuple):
    """What is read and written, and how: one price is made from several by it, and it is stated with the price.

    Args:
        read, written: Tokens in for so many tokens out; at least 0, not both 0.
        cached: Share of the tokens read that come from the host's cache, 0 to 1.
        is_batch: Not answered at once. A host without a price for batches asks its usual one.
    """

    read: float = 3.0
    written: float = 1.0
    cached: float = 0.0
    is_batch: bool = False

    @property
    def words(self) -> str:
        """``3 tokens in for each token out``, with the cached share and the batch where there are any."""
        told = f"{formats.plain(self.read)} {'token' if self.read == 1 else 'tokens'} in for "
        told += "each token out" if self.written == 1 else f"{formats.plain(self.written)} out"
        told += f", {formats.score(self.cached, 0)} of those in from the cache" if self.cached else ""
        return told + (", in batches" if self.is_batch else "")


USUAL = Blend()
BLEND = "three tokens in for each token out"


class Price(NamedTuple):
    """What a model costs at its hosts.

    Args:
        model: Id.
        usd: USD per million tokens, blended: the median over hosts of each host's cheapest name, or the cheapest host's.
        lowest, highest: Over hosts.
        n_hosts: How many ask a price.
        host: The cheapest.
        valid_from: First day of the price shown, as written ('' unknown); of the cheapest host's where it is a median.
        seen_on: The latest day on which one of the prices was still listed, as written; '' unknown.
        source: Digest of the file of the prices; '' for a reader's own.
        is_own: It is the reader's own, which takes the place of all listed ones.
        age_days: Days since a list last showed it; NaN unknown.
    """

    model: str
    usd: float
    lowest: float
    highest: float
    n_hosts: int
    seen_on: str
    source: str
    host: str = ""
    valid_from: str = ""
    is_own: bool = False
    age_days: float = 0.0

    @property
    def is_current(self) -> bool:
        """Whether a list still showed it within the last ``CURRENT_DAYS`` days."""
        return self.age_days <= CURRENT_DAYS


def offers(rows: pd.DataFrame, today: str, blend: Blend = USUAL, host: Host = MEDIAN) -> tuple[Price, ...]:
    """One price per model on a day, by model: of current prices where there is one, else an old one with its age.

    Args:
        rows: ``lib.store.model_prices.listed_prices``.
        today: ISO day.
    """
    standing = in_force(rows, today)
    is_current = standing["is_current"].to_numpy(bool)
    found = {one.model: one for one in per_model(standing[~is_current], blend, host)}
    found |= {one.model: one for one in per_model(standing[is_current], blend, host)}
    return tuple(found[model] for model in sorted(found))


def in_force(rows: pd.DataFrame, today: str) -> pd.DataFrame:
    """The prices that hold on a day, with ``age_days`` and ``is_current``.

    A price holds from its first day (unknown: always) to the day before its last, or before the next price of the same
    name at the same host. Prices of lists that rarely drop a name (``is_stale_risk``) are none. Two lists that show one
    price count once, with the later sight of it.

    Args:
        rows: ``lib.store.model_prices.listed_prices``, or ``prices_of`` with a column ``model``.
        today: ISO day.

    Returns:
        The rows that hold. ``age_days``: days since a list last showed the price (NaN unknown); ``is_current``: at most
        ``CURRENT_DAYS`` of them.
    """
    starts, ends = (rows[name].astype(object).where(rows[name].notna(), "") for name in ("valid_from", "valid_to"))
    has_begun = starts.map(last_day) <= today
    goes_on = (ends == "") | (ends.map(last_day) > today)
    kept = rows[(has_begun & goes_on & ~rows["is_stale_risk"].astype(bool)).to_numpy(bool)]
    kept = kept.assign(_start=starts.loc[kept.index].map(last_day), _seen=kept["last_seen"].fillna("").astype(str))
    kept = kept.sort_values([*_PERIOD, "_start", "_seen"], kind="stable")
    kept = kept.drop_duplicates(_PERIOD, keep="last")
    age = pd.Series([_days(seen, today) for seen in kept["_seen"]], kept.index, dtype=float)
    # Nobody knows how old it is: not current.
    return kept.drop(columns=["_start", "_seen"]).assign(age_days=age, is_current=(age <= CURRENT_DAYS))


def folded(rows: pd.DataFrame) -> pd.DataFrame:
    """Each price once: of rows of one name, host, first day and price the one that was seen last, in the order given."""
    same = ["provider", "api_name", "valid_from", "input_usd_per_mtok", "output_usd_per_mtok", "origin"]
    latest = rows.sort_values("last_seen", kind="stable", na_position="first").drop_duplicates(same, keep="last")
    return rows.loc[rows.index.isin(latest.index)]


def usd_per_mtok(rows: pd.DataFrame, blend: Blend = USUAL) -> NDArray[np.float64]:
    """Blended price of each row, USD per million tokens; NaN where a price that the blend needs is not known.

    Source:
        ``lib.stats.api_cost.workload_cost`` of a million tokens in the proportions of the blend.
    """
    usd_in, usd_out, cached = (
        rows[name].to_numpy(float)
        for name in ("input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok")
    )
    if blend.is_batch:
        in_batch, out_batch = (rows[f"batch_{name}_usd_per_mtok"].to_numpy(float) for name in ("input", "output"))
        has_both = ~np.isnan(in_batch) & ~np.isnan(out_batch)
        # What a cache saves in a batch no list says: the same share as outside of it.
        cached = np.where(has_both, cached * in_batch / np.where(usd_in > 0, usd_in, np.nan), cached)
        usd_in, usd_out = np.where(has_both, in_batch, usd_in), np.where(has_both, out_batch, usd_out)
    n_in = MILLION * blend.read / (blend.read + blend.written)
    return workload_cost(
        usd_in,
        usd_out,
        input_tokens=n_in,
        output_tokens=MILLION - n_in,
        cached_input_tokens=blend.cached * n_in,
        usd_cached_in_per_mtok=cached,
    )


def per_model(rows: pd.DataFrame, blend: Blend = USUAL, host: Host = MEDIAN) -> tuple[Price, ...]:
    """One price per model, by model.

    Args:
        rows: ``in_force``, current or not, as the caller chose. A price of 0 is a free tier and is left out.
        host: The median over hosts, or the cheapest host.

    Source:
        Definition; the median by default, because the cheapest host is often one that limits.
    """
    paid = rows.assign(usd=usd_per_mtok(rows, blend))
    paid = paid[(paid["usd"] > 0).to_numpy(bool)]
    is_own = paid["origin"] == OWN
    has_own = is_own.groupby(paid["model"]).transform("any").astype(bool)
    kept = paid[(is_own | ~has_own).to_numpy(bool)]
    # Sorted once for all models: sorting the few rows of each alone takes most of the time of a page with prices.
    kept = kept.sort_values(["model", "usd", "provider", "api_name"], kind="stable")
    kept = kept.drop_duplicates(["model", "provider"])
    columns = {name: kept[name].to_numpy(object) for name in _PRICED if name in kept}
    models = columns["model"].tolist()
    ends = [i for i in range(1, len(models) + 1) if i == len(models) or models[i] != models[i - 1]]
    starts = [0, *ends][: len(ends)]
    return tuple(_price({name: c[i:j] for name, c in columns.items()}, host) for i, j in zip(starts, ends, strict=True))


def _price(of: dict[str, NDArray[np.object_]], host: Host) -> Price:
    """The price of one model from its hosts, cheapest first: columns of ``_PRICED``, each host once."""
    usd = of["usd"].astype(float)
    days = [str(day) for day in of["last_seen"] if not pd.isna(day)]
    files = [str(file) for file in of["source_digest"] if not pd.isna(file)]
    ages = of["age_days"].astype(float) if "age_days" in of else np.array([np.nan])
    return Price(
        str(of["model"][0]),
        float(usd[0] if host == CHEAPEST else np.median(usd)),
        float(usd[0]),
        float(usd[-1]),
        len(usd),
        max(days, default=""),
        files[0] if files else "",
        str(of["provider"][0]),
        str(of["valid_from"][0]) if of["valid_from"][0] else "",
        bool(of["origin"][0] == OWN),
        float(np.nanmin(ages)) if not np.isnan(ages).all() else float("nan"),
    )


def last_day(text: str) -> str:
    """A day as text that sorts: a month counts as its last day, a year as 31 December; '' stays before all others."""
    if len(text) == 4:
        return f"{text}-12-31"
    return pd.Period(text, "M").end_time.date().isoformat() if len(text) == 7 else text


def _days(seen: str, today: str) -> float:
    """Days from one day to another, at least 0; NaN where the first is unknown."""
    if not seen:
        return float("nan")
    return float(max((dt.date.fromisoformat(today) - dt.date.fromisoformat(last_day(seen)[:10])).days, 0))
