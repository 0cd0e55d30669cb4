"""What a model cost over time, and what its quality cost: steps of dates, from price lists that were kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.analysis.listed_prices import CHEAPEST, MEDIAN, OWN, USUAL, Blend, Host, last_day, usd_per_mtok

STEP_COLUMNS = ("day", "model", "usd", "lowest", "highest", "n_hosts", "host", "source")
_NEVER = dt.date.max.toordinal()


def periods(rows: pd.DataFrame, today: str, blend: Blend = USUAL) -> pd.DataFrame:
    """Each price with the days on which it held, up to today.

    Args:
        rows: ``lib.store.model_prices.listed_prices``.
        today: ISO day; what begins later is left out.

    Returns:
        model, provider, api_name, source_digest, usd (blended, above 0), start and end (ordinals of days; the end is the
        first day on which it no longer held: its last day as listed, or the first of the next price of the same name at
        the same host; of what is still listed the day after today). Prices of lists that rarely drop a name, readers' own
        (they are of today) and free ones are left out.
    """
    kept = rows[~rows["is_stale_risk"].to_numpy(bool) & (rows["origin"] != OWN).to_numpy(bool)]
    found = kept[["model", "provider", "api_name", "source_digest"]].assign(
        usd=usd_per_mtok(kept, blend),
        start=[_ordinal(one, 0) for one in kept["valid_from"]],
        end=[_ordinal(one, _NEVER) for one in kept["valid_to"]],
    )
    found = found.sort_values(["model", "provider", "api_name", "start"], kind="stable", ignore_index=True)
    following = found.groupby(["model", "provider", "api_name"])["start"].shift(-1).fillna(_NEVER).to_numpy(int)
    until = dt.date.fromisoformat(today).toordinal() + 1
    found["end"] = np.minimum(np.minimum(found["end"].to_numpy(int), following), until)
    # A price without a first day was there when the lists were first kept: nobody knows since when.
    is_there = (found["usd"] > 0) & (found["start"] > 0) & (found["start"] < found["end"])
    return found[is_there.to_numpy(bool)].reset_index(drop=True)


def history(held: pd.DataFrame, model: str, today: str, host: Host = MEDIAN) -> pd.DataFrame:
    """What one model cost: a row per day on which its price changed, ``STEP_COLUMNS``.

    ``usd`` is the median over the hosts of each host's cheapest name (or the cheapest host's), NaN from a day on which
    nobody listed it any more; ``host`` the cheapest.

    Args:
        held: ``periods``.
    """
    own = held[(held["model"] == model).to_numpy(bool)]
    steps = [_step(own, day, model, host) for day in _days(own, today)]
    return _changes(pd.DataFrame(steps, columns=list(STEP_COLUMNS)))


def of_quality(held: pd.DataFrame, models: Collection[str], today: str, host: Host = MEDIAN) -> pd.DataFrame:
    """The cheapest of several models at each time: a row per day on which it changed, ``STEP_COLUMNS``.

    Args:
        held: ``periods``.
        models: Those that are shown to be good enough, fixed by their scores alone.
    """
    lines = [history(held, one, today, host) for one in sorted(models)]
    every = pd.concat(lines, ignore_index=True) if lines else pd.DataFrame(columns=list(STEP_COLUMNS))
    steps = []
    for day in sorted(set(every["day"])):
        last = every[(every["day"] <= day).to_numpy(bool)].drop_duplicates("model", keep="last")
        sold = last[last["usd"].notna().to_numpy(bool)].sort_values(["usd", "model"], kind="stable")
        steps.append((day, *sold.iloc[0][list(STEP_COLUMNS[1:])]) if len(sold) else (day, "", np.nan, np.nan, np.nan, 0, "", ""))  # fmt: skip
    return _changes(pd.DataFrame(steps, columns=list(STEP_COLUMNS)))


def _step(own: pd.DataFrame, day: int, model: str, host: Host) -> tuple[object, ...]:
    held = own[((own["start"] <= day) & (day < own["end"])).to_numpy(bool)]
    written = dt.date.fromordinal(day).isoformat()
    if held.empty:
        return written, model, np.nan, np.nan, np.nan, 0, "", ""
    least = held.sort_values(["usd", "provider"], kind="stable").drop_duplicates("provider")
    usd: NDArray[np.float64] = least["usd"].to_numpy(float)
    first = least.iloc[0]
    amount = usd[0] if host == CHEAPEST else np.median(usd)
    return written, model, float(amount), usd[0], usd[-1], len(usd), str(first["provider"]), str(first["source_digest"])


def _days(own: pd.DataFrame, today: str) -> list[int]:
    """Days up to today on which something began or ended."""
    until = dt.date.fromisoformat(today).toordinal()
    return [int(day) for day in sorted({*own["start"].tolist(), *own["end"].tolist()}) if day <= until]


def _changes(steps: pd.DataFrame) -> pd.DataFrame:
    """Without the days on which neither price nor model nor hosts changed."""
    if steps.empty:
        return steps.astype({"usd": float, "lowest": float, "highest": float})
    told = steps[["model", "usd", "lowest", "highest", "host"]].astype(object).fillna("").apply(tuple, axis=1)
    return steps[(told != told.shift()).to_numpy(bool)].reset_index(drop=True)


def _ordinal(day: object, unknown: int) -> int:
    text = "" if day is None or day != day else str(day)
    return dt.date.fromisoformat(last_day(text)[:10]).toordinal() if text else unknown
