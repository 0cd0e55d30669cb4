"""From when scores are: the day of evaluation where it is known, else what is known of their source."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lib import formats

_KINDS = ("evaluated", "copied from print", "from files published", "from files imported")
_DAY, _MONTH = len("2024-05-01"), len("2024-05")


def in_words(of: Iterable[str], runs: pd.DataFrame) -> str:
    """``scores evaluated 3 May 2024 to 7 Jun 2024, others from files published February 2026``; '' where there is no run.

    Args:
        of: The runs behind the scores: the beginning of a digest, several parted by a blank.
        runs: ``Frames.runs``. A run without a day of evaluation has that of the publication of its source (of a
            transcription that is the day on which the printed scores were copied, not that of the paper); without
            that the day on which it was imported.
    """
    wanted = {run for text in of for run in str(text).split()}
    behind = runs[runs["run"].isin(wanted).to_numpy(bool)]
    published = behind["source_date"].astype(object)
    days = [
        pd.to_datetime(behind["evaluated_on"], errors="coerce").dt.strftime("%Y-%m-%d").astype(object),
        published.where(behind["kind"] == "transcription"),
        published,
        behind["imported_at"].astype(object),
    ]
    told, is_left = [], pd.Series(True, behind.index)
    for kind, day in zip(_KINDS, days, strict=True):
        is_known = is_left & day.notna() & (day != "")
        if is_known.any():
            told.append(f"{kind} {_between(day[is_known].astype(str))}")
        is_left &= ~is_known
    return f"scores {', others '.join(told)}" if told else ""


def _between(days: pd.Series) -> str:
    first, last = (_day(text) for text in (days.min(), days.max()))
    return first if first == last else f"{first} to {last}"


def _day(text: str) -> str:
    if len(text) >= _DAY:
        return formats.date(text[:_DAY])
    return formats.month(f"{text}-01") if len(text) == _MONTH else text
