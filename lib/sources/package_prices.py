"""List prices from the package genai-prices, where its release is newer than the one the shipped history holds.

The shipped ``api_prices.csv`` holds release 0.2.3, so that release adds nothing: no price twice. A newer one adds the
prices that differ, from the day that the package names for them, else from the day on which it was installed; and for those
that are as before a row of the same first day that says they were still listed then. Reading folds the two
(``lib.analysis.listed_prices``). The package is read as it lies on the disk: nothing is fetched.
"""

from __future__ import annotations

import csv
import datetime as dt
import importlib.metadata
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

PACKAGE = "genai-prices"
SHIPPED_RELEASE = "0.2.3"
"""The release that the shipped history holds."""
LICENCE = "MIT"
URL = "https://github.com/pydantic/genai-prices"
HOSTS = {"aws": "aws-bedrock", "azure": "azure-ai", "moonshotai": "moonshot", "x-ai": "xai", "zhipuai": "zhipu"}
"""Hosts that the shipped history calls otherwise."""
COLUMNS = (
    "provider", "model_id", "model_name", "input_usd_per_mtok", "output_usd_per_mtok", "cached_input_usd_per_mtok",
    "batch_input_usd_per_mtok", "batch_output_usd_per_mtok", "valid_from", "valid_from_kind", "valid_to", "valid_to_kind",
    "last_seen", "source", "stale_risk",
)  # fmt: skip
_PRICES = COLUMNS[3:8]


class Installed(NamedTuple):
    """The package as it is installed: its release, the day on which that was, and its providers."""

    release: str
    seen_on: str
    providers: Sequence[Any]


def installed() -> Installed | None:
    """The package where it is there and newer than the shipped history; None otherwise, and then nothing of it is loaded."""
    try:
        release = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    if _parts(release) <= _parts(SHIPPED_RELEASE):
        return None
    from genai_prices import data  # megabytes of prices, wanted only here

    changed = dt.datetime.fromtimestamp(Path(data.__file__).stat().st_mtime, dt.UTC).date()
    return Installed(release, changed.isoformat(), data.providers)


def newer_rows(found: Installed, shipped: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows in the columns of ``api_prices.csv`` that the shipped history lacks.

    Args:
        found: The package.
        shipped: Rows of the shipped history, as its importer reads them.

    Returns:
        ``COLUMNS``; no rows where the package is not newer. Of prices for long prompts the one below the first threshold, of
        those that hold at some hours only the one without an hour; a name without a price of input and output is left out.
    """
    if _parts(found.release) <= _parts(SHIPPED_RELEASE):
        return []
    known: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in shipped:
        known.setdefault((str(one["provider"]), str(one["api_name"])), []).append(one)
    rows: list[dict[str, Any]] = []
    for provider in found.providers:
        host = HOSTS.get(str(provider.id), str(provider.id))
        for model in provider.models:
            before = known.get((host, str(model.id)), [])
            for start, prices in _periods(model):
                row = _row(host, str(model.id), prices, _batch(model), start, found, before)
                if row is not None:
                    rows.append(row)
    return rows


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as a file that the importer of ``api_prices.csv`` reads."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def file_name(found: Installed) -> str:
    """Name of the file of a release: it says what it is wherever a number leads to it."""
    return f"{PACKAGE}-{found.release}.csv"


def _row(
    host: str,
    name: str,
    prices: Mapping[str, float | None],
    batch: Mapping[str, float | None],
    start: str,
    found: Installed,
    before: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    if prices["input"] is None or prices["output"] is None:
        return None
    values = dict(zip(_PRICES, (*(prices[one] for one in ("input", "output", "cached")), batch["input"], batch["output"]), strict=True))  # fmt: skip
    begun = [row for row in before if str(row["valid_from"] or "") <= (start or found.seen_on)]
    last = max(begun, key=lambda row: str(row["valid_from"] or ""), default=None)
    is_as_before = last is not None and all(last[one] == values[one] for one in _PRICES[:2])
    if is_as_before and last is not None:
        first, kind = last["valid_from"], last["valid_from_kind"]
    else:
        first, kind = (start, "announced") if start else (found.seen_on, "observed")
    slug = str(before[0]["model_slug"]) if before else _slug(name)
    return {
        "provider": host,
        "model_id": name,
        "model_name": slug,
        **{column: "" if value is None else value for column, value in values.items()},
        "valid_from": first or "",
        "valid_from_kind": kind or "",
        "valid_to": "",
        "valid_to_kind": "",
        "last_seen": found.seen_on,
        "source": f"{PACKAGE} {found.release}",
        "stale_risk": 0,
    }


def _periods(model: Any) -> list[tuple[str, dict[str, float | None]]]:
    """(first day or '', prices): of each dated price, without those that hold at some hours only."""
    listed = model.prices if isinstance(model.prices, list) else None
    if listed is None:
        return [("", _amounts(model.prices))]
    found = []
    for one in listed:
        start = getattr(one.constraint, "start_date", None)
        if one.constraint is None or start is not None:
            found.append((start.isoformat() if start is not None else "", _amounts(one.prices)))
    # A price without a day was there before the first that has one: the history knows it already.
    dated = [one for one in found if one[0]]
    return dated or found


def _batch(model: Any) -> dict[str, float | None]:
    """Prices of batches, None where the package names none."""
    for one in model.price_variants or ():
        if one.when == {"processing": "batch"}:
            return _amounts(one.prices)
    return {"input": None, "output": None, "cached": None}


def _amounts(prices: Any) -> dict[str, float | None]:
    names = {"input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok"}
    return {name: _amount(getattr(prices, field, None)) for name, field in names.items()}


def _amount(price: Any) -> float | None:
    """The price below the first threshold, in USD."""
    base = getattr(price, "base", price)
    return float(base) if isinstance(base, Decimal | int | float) else None


def _slug(name: str) -> str:
    """A name without the publisher before it, in small letters: what a spelling of the catalogue may be."""
    return re.sub(r"[\s_:]+", "-", name.rsplit("/", 1)[-1].lower())


def _parts(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", release)[:3])
